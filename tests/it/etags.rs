//! What a client has already is not sent again, and what is new is.

use reqwest::Method;
use serde_json::json;

use crate::support::{Reply, TestApp};

const ONE: &str = "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1 +1 @@\n-one\n+ONE\n";
const TWO: &str = "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1 +1 @@\n-one\n+TWO\n";

/// Checks that it is 304 without a body, of this version.
#[track_caller]
fn is_unchanged(reply: Reply, tag: &str) {
    let reply = reply.expect(304);
    assert_eq!((reply.header("etag"), &*reply.body), (tag, ""));
    assert!(reply.header("cache-control").contains("no-cache"));
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let test = TestApp::spawn().await;
    let run = test.printed([ONE, TWO]).await;
    let paths = [
        "/api/v1/openapi.json".to_owned(),
        "/api/v1/runs".to_owned(),
        run.path(""),
        run.path("/bundle"),
        run.path("/variations/0/patch"),
        run.path("/variations/1/patch?from=0"),
        run.path("/variations/0/logs"),
        run.path("/variations/0/logs?format=timestamps"),
        run.path("/variations/0/logs?format=text"),
        run.path("/variations/0/logs?format=json"),
    ];
    let with = |tag: &str| run.user.with_header("if-none-match", tag);
    for path in &paths {
        let whole = run.user.get(path).await.expect(200);
        let tag = whole.header("etag");
        assert_eq!(whole.header("cache-control"), "private, no-cache", "{path}");
        is_unchanged(with(tag).get(path).await, tag);
        is_unchanged(
            with(&format!("\"x\", W/{}", tag.trim_start_matches("W/")))
                .get(path)
                .await,
            tag,
        );
        is_unchanged(with("*").send(Method::HEAD, path, None).await, tag);
        let again = with("\"x\"").get(path).await.expect(200);
        assert_eq!(
            (again.header("etag"), &again.body),
            (tag, &whole.body),
            "{path}"
        );
        // Who may not read it is told nothing of its version.
        let nobody = test.anonymous().with_header("if-none-match", tag);
        if !path.ends_with("openapi.json") {
            nobody.get(path).await.expect_problem(401, "unauthorized");
        }
    }

    // A pick changes what speaks of it, and no patch.
    let mut tags = Vec::new();
    for path in &paths {
        let reply = run.user.get(path).await;
        tags.push(reply.header("etag").to_owned());
    }
    let pick = json!({"winning_variation_id": 1});
    run.user.post(&run.path("/select"), &pick).await.expect(200);
    for (path, tag) in paths.iter().zip(&tags) {
        let changed = ["/runs", &*run.id, "/bundle"]
            .iter()
            .any(|it| path.ends_with(it));
        let status = with(tag).get(path).await.status;
        assert_eq!(status.as_u16(), if changed { 200 } else { 304 }, "{path}");
    }
}

#[tokio::test]
async fn what_goes_on_changes_its_version() {
    let test = TestApp::spawn().await;
    let (run, job) = test.running().await;
    run.told("running", "").await;
    let log = run.path("/variations/0/logs?format=timestamps");
    test.cluster.print(&job, b"one");
    run.event(|event| event.kind == "agent_output").await;
    let one = run.user.get(&log).await.expect(200);
    let shown = run.user.get(&run.path("")).await.expect(200);
    test.cluster.print(&job, b"two");
    run.event(|event| event.data["content"] == "two").await;
    let known = run.user.with_header("if-none-match", one.header("etag"));
    let two = known.get(&log).await.expect(200);
    assert!(two.body.starts_with(&one.body) && two.body.len() > one.body.len());

    // A part is given to who has the rest of the same version, the whole to who has another.
    let part = |had: &str| {
        let from = format!("bytes={}-", one.body.len());
        run.user
            .with_header("range", &from)
            .with_header("if-range", had)
    };
    let rest = part(two.header("etag")).get(&log).await.expect(206);
    assert_eq!(one.body.clone() + &rest.body, two.body);
    assert_eq!(rest.header("etag"), two.header("etag"));
    let whole = part(one.header("etag")).get(&log).await.expect(200);
    assert_eq!(whole.body, two.body);

    test.cluster.complete_pod(&job);
    run.events().await;
    let known = run.user.with_header("if-none-match", shown.header("etag"));
    let ended = known.get(&run.path("")).await.expect(200).json();
    assert_eq!(ended["status"], "completed");
}
