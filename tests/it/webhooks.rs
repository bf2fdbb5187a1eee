//! Webhooks: what receivers get, what becomes of those that do not answer, and where nothing is sent.

mod receiver;

use std::time::Duration;

use aideator::config::{Networks, Secret};
use serde_json::{Value, json};
use standardwebhooks::Webhook;

use self::receiver::{PATIENCE, Receiver};
use crate::support::{Client, Run, TestApp};

const HOUR_MS: i64 = 3_600_000;

/// A server that may send to this machine.
async fn open() -> TestApp {
    TestApp::spawn_with(|config| config.webhook_networks = loopback()).await
}

fn loopback() -> Networks {
    "127.0.0.0/8".parse().unwrap()
}

/// A new webhook's id and secret.
async fn create(user: &Client, url: &str) -> (String, String) {
    let made = user.post("/api/v1/webhooks", &json!({"url": url})).await;
    let made = made.expect(201).json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&made["webhook"]["id"]), text(&made["secret"]))
}

/// The newest delivery of a webhook, as soon as it fits: no event tells it.
async fn delivery(user: &Client, hook: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let path = format!("/api/v1/webhooks/{hook}/deliveries");
    let found = async {
        loop {
            let newest = user.get(&path).await.expect(200).json()["items"][0].clone();
            if fits(&newest) {
                return newest;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let found = tokio::time::timeout(PATIENCE, found).await;
    found.expect("the delivery comes so far")
}

async fn webhook(user: &Client) -> Value {
    user.get("/api/v1/webhooks").await.expect(200).json()[0].clone()
}

impl TestApp {
    /// A run of the user's that has succeeded.
    async fn ended_run(&self, user: &Client) -> Run {
        let run = self.start_run(user, 1).await;
        self.cluster.has_job(&run.jobs[0]).await;
        self.cluster.run_pod(&run.jobs[0]);
        self.cluster.complete_pod(&run.jobs[0]);
        run.events().await;
        run
    }
}

#[tokio::test]
async fn the_end_of_a_run_is_told_signed_and_the_secret_is_nowhere() {
    let test = TestApp::spawn_with(|config| {
        config.webhook_networks = loopback();
        config.http.public_url = Some("https://aideator.example.org".parse().unwrap());
    })
    .await;
    let mut receiver = Receiver::start().await;
    let user = test.user("a@example.com").await;
    let (hook, secret) = create(&user, &receiver.url).await;
    let stranger = test.user("b@example.com").await;
    create(&stranger, &receiver.url).await;

    let run = test.ended_run(&user).await;
    let (headers, body) = receiver.next().await;
    let verifier = Webhook::new(&secret).unwrap();
    verifier.verify(&body, &headers).unwrap();
    let changed = [&body[..], b" "].concat();
    assert!(verifier.verify(&changed, &headers).is_err());
    let other = Webhook::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    assert!(other.verify(&body, &headers).is_err());

    let told: Value = serde_json::from_slice(&body).unwrap();
    let shown = run.show().await;
    assert_eq!(told["type"], "run.completed");
    assert_eq!(told["timestamp"], shown["finished_at"]);
    let path = run.path("");
    let expected = json!({
        "run_id": run.id, "status": "completed", "repo": test.repo, "ref": null,
        "base_sha": shown["base_sha"],
        "variations": [{"variation_id": 0, "attempt": 0, "status": "succeeded", "reason": null, "exit_code": 0}],
        "path": path, "url": format!("https://aideator.example.org{path}"),
    });
    assert_eq!(told["data"], expected, "no prompt, no log, no secret");

    let last = delivery(&user, &hook, |it| it["status"] == "delivered").await;
    assert_eq!(last["id"], headers["webhook-id"].to_str().unwrap());
    assert_eq!(
        (&last["attempts"], &last["http_status"]),
        (&json!(1), &json!(200))
    );
    assert_eq!(webhook(&user).await["last_delivery"], last);
    let theirs = webhook(&stranger).await;
    assert_eq!(theirs["last_delivery"], json!(null), "it is not their run");
    let path = format!("/api/v1/webhooks/{hook}");
    stranger
        .get(&format!("{path}/deliveries"))
        .await
        .expect(404);
    stranger
        .post(&format!("{path}/test"), &json!({}))
        .await
        .expect(404);
    stranger
        .post(&format!("{path}/enable"), &json!({}))
        .await
        .expect(404);
    stranger.delete(&path).await.expect(404);

    let files = test.files();
    let raw = secret.strip_prefix("whsec_").unwrap();
    assert!(memchr::memmem::find(&files, raw.as_bytes()).is_none());
    let listed = user.get("/api/v1/webhooks").await.expect(200).body;
    assert!(!listed.contains(raw), "{listed}");
    user.delete(&path).await.expect(204);
    assert_eq!(webhook(&user).await, json!(null));
}

#[tokio::test]
async fn the_end_is_told_again_after_a_retry() {
    let test = open().await;
    let mut receiver = Receiver::start().await;
    let user = test.user("a@example.com").await;
    let (hook, _) = create(&user, &receiver.url).await;
    let run = test.start_run(&user, 1).await;
    test.cluster.has_job(&run.jobs[0]).await;
    test.cluster.run_pod(&run.jobs[0]);
    test.cluster.end_pod(&run.jobs[0], 137, "OOMKilled", "");
    run.events().await;
    let told = |body: &[u8]| serde_json::from_slice::<Value>(body).unwrap()["data"].clone();
    let (first, body) = receiver.next().await;
    let failed = json!([{"variation_id": 0, "attempt": 0, "status": "failed", "reason": "OOMKilled", "exit_code": 137}]);
    let data = told(&body);
    assert_eq!(
        (&data["status"], &data["variations"]),
        (&json!("failed"), &failed)
    );
    assert_eq!(
        data["url"],
        json!(null),
        "the server knows no address of its own"
    );

    let retry = run.path("/variations/0/retry");
    user.post(&retry, &json!({})).await.expect(202);
    let job = format!("{}-r1", run.jobs[0]);
    test.cluster.has_job(&job).await;
    test.cluster.run_pod(&job);
    test.cluster.complete_pod(&job);
    let (second, body) = receiver.next().await;
    let data = told(&body);
    assert_eq!(
        (&data["status"], &data["variations"][0]["attempt"]),
        (&json!("completed"), &json!(1))
    );
    assert_ne!(second["webhook-id"], first["webhook-id"], "another event");
    delivery(&user, &hook, |it| it["status"] == "delivered").await;
}

#[tokio::test]
async fn what_failed_is_sent_again_when_it_is_time_also_by_the_next_server() {
    let test = open().await;
    let mut receiver = Receiver::start().await;
    let user = test.user("a@example.com").await;
    let (hook, secret) = create(&user, &receiver.url).await;
    receiver.answer(&[500]);
    test.ended_run(&user).await;
    let (first, body) = receiver.next().await;
    let waiting = delivery(&user, &hook, |it| it["attempts"] == 1).await;
    assert_eq!(waiting["status"], "waiting");
    assert_eq!(waiting["http_status"], 500);
    let time =
        |field: &str| -> jiff::Timestamp { waiting[field].as_str().unwrap().parse().unwrap() };
    let pause = time("next_attempt_at") - time("attempted_at");
    let pause = pause.total(jiff::Unit::Second).unwrap();
    assert!((5.0..=5.5).contains(&pause), "{pause}");

    let test = test.stop().await.start().await;
    let user = user.at(&test);
    assert!(receiver.got_nothing(), "not before its time");
    test.clock.advance_ms(6_000);
    let (second, again) = receiver.next().await;
    assert_eq!(second["webhook-id"], first["webhook-id"]);
    assert_ne!(second["webhook-timestamp"], first["webhook-timestamp"]);
    assert_eq!(body, again);
    Webhook::new(&secret)
        .unwrap()
        .verify(&again, &second)
        .unwrap();
    delivery(&user, &hook, |it| {
        it["status"] == "delivered" && it["attempts"] == 2
    })
    .await;
}

#[tokio::test]
async fn what_a_server_leaves_under_way_comes_from_the_next_one() {
    let test = open().await;
    let mut receiver = Receiver::start().await;
    let user = test.user("a@example.com").await;
    let (hook, _) = create(&user, &receiver.url).await;
    receiver.answer(&[0]);
    test.ended_run(&user).await;
    let (first, _) = receiver.next().await;
    let test = test.stop().await.start().await;
    let (second, _) = receiver.next().await;
    assert_eq!(second["webhook-id"], first["webhook-id"]);
    delivery(&user.at(&test), &hook, |it| it["status"] == "delivered").await;
}

#[tokio::test]
async fn redirects_are_not_followed_and_gone_is_the_end() {
    let test = open().await;
    let mut receiver = Receiver::start().await;
    let user = test.user("a@example.com").await;
    let (hook, _) = create(&user, &receiver.url).await;
    let ping = format!("/api/v1/webhooks/{hook}/test");
    receiver.answer(&[307, 410]);
    let sent = user.post(&ping, &json!({})).await.expect(202).json();
    assert_eq!(
        (&sent["event"], &sent["status"]),
        (&json!("ping"), &json!("waiting"))
    );
    let (_, body) = receiver.next().await;
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&body["type"], &body["data"]), (&json!("ping"), &json!({})));
    let failed = delivery(&user, &hook, |it| it["status"] == "failed").await;
    assert_eq!(
        (&failed["attempts"], &failed["http_status"]),
        (&json!(1), &json!(307))
    );
    assert!(
        failed["error"].as_str().unwrap().contains("redirects"),
        "{failed}"
    );
    assert_eq!(webhook(&user).await["disabled_at"], json!(null));

    test.ended_run(&user).await;
    receiver.next().await;
    delivery(&user, &hook, |it| it["http_status"] == 410).await;
    let disabled = webhook(&user).await;
    assert!(
        disabled["disabled_reason"]
            .as_str()
            .unwrap()
            .contains("410"),
        "{disabled}"
    );
    let refused = user.post(&ping, &json!({})).await;
    refused.expect_problem(409, "webhook_disabled");
    test.ended_run(&user).await;
    let newest = delivery(&user, &hook, |_| true).await;
    assert_eq!(newest["http_status"], 410, "nothing new");

    let enable = format!("/api/v1/webhooks/{hook}/enable");
    user.post(&enable, &json!({})).await.expect(204);
    user.post(&ping, &json!({})).await.expect(202);
    delivery(&user, &hook, |it| it["status"] == "delivered").await;
    receiver.next().await;
    assert!(receiver.got_nothing(), "each was asked once");
}

#[tokio::test]
async fn whoever_never_answers_well_is_given_up() {
    let test = TestApp::spawn_with(|config| {
        config.webhook_networks = loopback();
        config.auth.session_hours = 1000;
    })
    .await;
    let receiver = Receiver::start().await;
    let user = test.user("a@example.com").await;
    let (hook, _) = create(&user, &receiver.url).await;
    receiver.answer(&[500; 30]);
    for _ in 0..3 {
        test.ended_run(&user).await;
    }
    for attempt in 1..=10 {
        let path = format!("/api/v1/webhooks/{hook}/deliveries");
        let all = async {
            loop {
                let list = user.get(&path).await.expect(200).json()["items"].clone();
                let list = list.as_array().unwrap().clone();
                if list.len() == 3 && list.iter().all(|it| it["attempts"] == attempt) {
                    return list;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let list = tokio::time::timeout(PATIENCE, all).await.unwrap();
        let status = if attempt < 10 { "waiting" } else { "failed" };
        assert!(list.iter().all(|it| it["status"] == status), "{list:?}");
        test.clock.advance_ms(27 * HOUR_MS);
    }
    let disabled = webhook(&user).await;
    let why = disabled["disabled_reason"].as_str().unwrap();
    assert!(why.contains("the last 3 deliveries failed"), "{disabled}");
}

#[tokio::test]
async fn nothing_is_sent_to_private_addresses_whatever_a_name_resolves_to() {
    let test = TestApp::spawn().await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let user = test.user("a@example.com").await;
    for url in [
        format!("https://127.0.0.1:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
        format!("https://2130706433:{port}/"),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "https://10.0.0.1/".to_owned(),
        format!("http://localhost:{port}/"),
        "https://me:secret@hooks.example.org/".to_owned(),
    ] {
        let refused = user.post("/api/v1/webhooks", &json!({"url": url})).await;
        let refused = refused.expect_problem(422, "validation_failed");
        assert_eq!(refused.json()["errors"][0]["loc"], json!(["body", "url"]));
    }
    // A name says nothing until it is resolved.
    let (hook, _) = create(&user, &format!("https://localhost:{port}/")).await;
    let ping = format!("/api/v1/webhooks/{hook}/test");
    user.post(&ping, &json!({})).await.expect(202);
    let failed = delivery(&user, &hook, |it| it["status"] == "failed").await;
    let why = failed["error"].as_str().unwrap();
    assert!(why.contains("private addresses"), "{why}");
    let connected = listener.accept().map(|_| ()).unwrap_err();
    assert_eq!(connected.kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn literal_addresses_are_judged_anew_when_the_operator_changes_his_mind() {
    let test = open().await;
    let mut receiver = Receiver::start().await;
    let user = test.user("a@example.com").await;
    let (hook, _) = create(&user, &receiver.url).await;
    let mut stopped = test.stop().await;
    stopped.config.webhook_networks = Networks::default();
    let test = stopped.start().await;
    let user = user.at(&test);
    let ping = format!("/api/v1/webhooks/{hook}/test");
    user.post(&ping, &json!({})).await.expect(202);
    let failed = delivery(&user, &hook, |it| it["status"] == "failed").await;
    assert_eq!(failed["http_status"], json!(null));
    assert!(receiver.got_nothing());
}

#[tokio::test]
async fn a_disabled_account_and_another_secret_key_are_told_nothing() {
    let test = open().await;
    let mut receiver = Receiver::start().await;
    let admin = test.user("admin@example.com").await;
    let user = test.user("a@example.com").await;
    let (hook, _) = create(&user, &receiver.url).await;
    let me = user.get("/api/v1/auth/me").await.expect(200).json();
    receiver.answer(&[500]);
    test.ended_run(&user).await;
    receiver.next().await;
    delivery(&user, &hook, |it| it["attempts"] == 1).await;
    let disable = format!("/api/v1/admin/users/{}/disable", me["id"].as_str().unwrap());
    admin.post(&disable, &json!({})).await.expect(204);
    let page = aideator::db::Page {
        offset: 0,
        limit: 9,
    };
    let (ended, _) = test.app.db.deliveries(&hook, page).await.unwrap();
    assert_eq!(ended[0].due_ms, None);
    assert_eq!(ended[0].error.as_deref(), Some("the account was disabled"));

    let (hook, _) = create(&admin, &receiver.url).await;
    let mut stopped = test.stop().await;
    stopped.config.auth.secret_key = Secret::new("another-secret-key-of-32-characters");
    let test = stopped.start().await;
    test.app.db.insert_ping(&hook, 0).await.unwrap();
    let failed = async {
        loop {
            let (all, _) = test.app.db.deliveries(&hook, page).await.unwrap();
            if all[0].due_ms.is_none() {
                return all[0].clone();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let failed = tokio::time::timeout(PATIENCE, failed).await.unwrap();
    assert!(failed.error.unwrap().contains("another SECRET_KEY"));
    assert!(receiver.got_nothing());
}
