//! Share links: one run, to be read, until they end.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Run, TestApp};

impl Run {
    /// A new share of it, and the token.
    async fn share(&self) -> (Value, String) {
        let reply = self.user.post(&self.path("/shares"), &json!({})).await;
        let reply = reply.expect(201).json();
        let token = reply["share_token"].as_str().unwrap().to_owned();
        (reply, token)
    }
}

#[tokio::test]
async fn a_share_reads_its_run_and_nothing_else() {
    let test = TestApp::spawn().await;
    let run = test.printed(["--- a\n", "--- b\n"]).await;
    let other = test.start_run(&run.user, 1).await;
    let (made, token) = run.share().await;
    assert_eq!(
        made["page_url"],
        format!("/stream?run={}&share={token}", run.id)
    );
    let guest = test.anonymous().with_header("x-share-token", &token);
    for rest in [
        "",
        "/stream",
        "/variations/0/logs",
        "/variations/0/patch",
        "/bundle",
        "/commands",
        "/script",
    ] {
        guest.get(&run.path(rest)).await.expect(200);
        guest
            .get(&other.path(rest))
            .await
            .expect_problem(403, "out_of_share");
    }
    // As in a link; the cookie of whoever opens it changes nothing.
    let visitor = test.user("b@example.com").await;
    let stream = visitor
        .get(&run.path(&format!("/stream?variation=0&share={token}")))
        .await
        .expect(200);
    assert!(stream.body.contains("event: agent_complete") && !stream.body.contains(&token));
    visitor.get(&run.path("")).await.expect(404);

    for (method, path) in [
        (Method::GET, "/api/v1/runs".to_owned()),
        (Method::GET, "/api/v1/models".to_owned()),
        (Method::GET, "/api/v1/auth/me".to_owned()),
        (Method::GET, "/api/v1/auth/api-keys".to_owned()),
        (Method::DELETE, run.path("")),
        (Method::POST, run.path("/variations/0/retry")),
        (Method::POST, run.path("/shares")),
        (Method::DELETE, run.path("/select")),
    ] {
        let reply = guest.send(method, &path, Some("{}".to_owned())).await;
        reply.expect_problem(403, "out_of_share");
    }
    guest
        .get(&run.path("/shares"))
        .await
        .expect_problem(403, "missing_scope");
}

#[tokio::test]
async fn a_share_ends_when_it_is_revoked_and_when_its_time_is_over() {
    let test = TestApp::spawn().await;
    let (run, _) = test.running().await;
    let (made, token) = run.share().await;
    let (_, second) = run.share().await;
    let guest = test.anonymous().with_header("x-share-token", &token);
    let mut open = guest.stream(&run.path("/stream"), None).await;
    open.next().await.unwrap();
    let listed = run.user.get(&run.path("/shares")).await.expect(200);
    assert_eq!(listed.json()[1]["id"], made["share"]["id"]);
    assert_eq!(
        listed.json()[1]["last_used_at"],
        made["share"]["created_at"]
    );
    assert!(!listed.body.contains(&token));

    // Somebody else cannot make, see or revoke them.
    let share = run.path(&format!(
        "/shares/{}",
        made["share"]["id"].as_str().unwrap()
    ));
    let stranger = test.user("b@example.com").await;
    stranger
        .post(&run.path("/shares"), &json!({}))
        .await
        .expect(404);
    stranger.get(&run.path("/shares")).await.expect(404);
    stranger.delete(&share).await.expect(404);
    run.user.delete(&share).await.expect(204);
    open.rest().await;
    guest
        .get(&run.path(""))
        .await
        .expect_problem(401, "unauthorized");
    run.user.delete(&share).await.expect(404);

    let guest = test.anonymous().with_header("x-share-token", &second);
    guest.get(&run.path("")).await.expect(200);
    test.clock.advance_ms(7 * 24 * 3600 * 1000);
    guest
        .get(&run.path(""))
        .await
        .expect_problem(401, "unauthorized");
}

#[tokio::test]
async fn an_open_stream_ends_at_the_moment_its_share_does() {
    let test = TestApp::spawn().await;
    let (run, _) = test.running().await;
    let (_, token) = run.share().await;
    test.clock.advance_ms(7 * 24 * 3600 * 1000 - 500);
    let guest = test.anonymous().with_header("x-share-token", &token);
    // The clock stands still from here: nothing but the stream itself can end it.
    let mut open = guest.stream(&run.path("/stream"), None).await;
    open.rest().await;
    guest.get(&run.path("")).await.expect(200);
}

#[tokio::test]
async fn guests_take_no_streams_from_whose_run_it_is() {
    let test = TestApp::spawn_with(|config| {
        config.limits.streams = Some(1);
        config.limits.streams_of_share = Some(2);
    })
    .await;
    let (run, _) = test.running().await;
    let mut open = Vec::new();
    for _ in 0..2 {
        let (_, token) = run.share().await;
        let guest = test.anonymous().with_header("x-share-token", &token);
        for _ in 0..2 {
            open.push(guest.stream(&run.path("/stream"), None).await);
        }
        let refused = guest.get(&run.path("/stream")).await;
        let refused = refused.expect_problem(429, "too_many_share_streams");
        assert!(
            refused.body.contains("MAX_STREAMS_PER_SHARE"),
            "{refused:?}"
        );
        assert_eq!(
            (
                refused.header("retry-after"),
                refused.header("x-ratelimit-limit")
            ),
            ("5", "2")
        );
    }
    run.user.stream(&run.path("/stream"), None).await;
}

#[tokio::test]
async fn a_share_names_no_other_run() {
    let test = TestApp::spawn().await;
    let first = test.printed(["--- a\n", "--- b\n"]).await;
    let follow = async |before: &Run| {
        let asked = json!({"base": {"run_id": before.id, "variation_id": 0},
            "prompt": "And now the second line", "variations": 3});
        let made = first.user.post("/api/v1/runs", &asked).await.expect(202);
        test.run_of(&first.user, &made.json())
    };
    let second = follow(&first).await;
    second.applied().await;
    test.print_results(&second, ["--- c\n", "--- d\n"]);
    second.events().await;
    let third = follow(&second).await;
    let (_, token) = second.share().await;
    let guest = test.anonymous().with_header("x-share-token", &token);
    let seen = guest.get(&second.path("")).await.expect(200).json();
    assert_eq!(
        (&seen["base"], &seen["follow_ups"]),
        (&Value::Null, &json!([]))
    );
    for rest in [
        "",
        "/stream",
        "/bundle",
        "/commands",
        "/script",
        "/variations/0/logs",
        "/variations/0/patch?since_base=true",
    ] {
        let body = guest.get(&second.path(rest)).await.body;
        for other in [&first, &third] {
            assert!(!body.contains(&other.id), "{rest}: {body}");
        }
    }
    let whole = second.user.get(&second.path("/bundle")).await.expect(200);
    assert!(whole.body.contains(&first.id) && whole.body.contains("request.json"));
}

#[tokio::test]
async fn the_database_has_no_token() {
    let test = TestApp::spawn().await;
    let (run, _) = test.running().await;
    let (_, token) = run.share().await;
    let dir = test.app.config.storage.database.parent().unwrap();
    let mut files = 0;
    for file in std::fs::read_dir(dir)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.is_file())
    {
        files += 1;
        let found = memchr::memmem::find(&std::fs::read(&file).unwrap(), token.as_bytes());
        assert_eq!(found, None, "{}", file.display());
    }
    assert!(files >= 2, "the database and its log");
}
