//! Runs that start from the result of an earlier one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::{Client, SHA, TestApp};

const ONE: &str =
    "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1,3 +1,3 @@\n-one\n+ONE\n two\n three\n";
const BOTH: &str =
    "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1,3 +1,3 @@\n-one\n-two\n+ONE\n+TWO\n three\n";

/// The settings of a variation as its Secret has them.
fn settings(manifest: &str, index: usize) -> Value {
    let name = format!("\"config-{index}.json\": \"");
    let (_, rest) = manifest.split_once(&name).unwrap();
    let (base64, _) = rest.split_once('"').unwrap();
    serde_json::from_slice(&STANDARD.decode(base64).unwrap()).unwrap()
}

#[tokio::test]
async fn round_two_starts_from_the_result_of_round_one() {
    let test = TestApp::spawn().await;
    let first = test.printed([BOTH, ONE]).await;
    let asked = json!({"base": {"run_id": first.id, "variation_id": 1},
        "prompt": "And now the second line", "variations": 3});
    let made = first
        .user
        .post("/api/v1/runs", &asked)
        .await
        .expect(202)
        .json();
    let second = test.run_of(&first.user, &made);
    second.applied().await;
    let manifest = test.cluster.manifests().pop().unwrap();
    for index in 0..3 {
        assert_eq!(settings(&manifest, index)["start"], json!({"patch": ONE}));
    }
    let shown = second.show().await;
    assert_eq!(
        (&shown["base_sha"], &shown["github_url"]),
        (&json!(SHA), &json!(test.repo))
    );
    let base = json!({"run_id": first.id, "variation_id": 1, "attempt": 0});
    assert_eq!((&shown["base"], &shown["follow_ups"]), (&base, &json!([])));
    let follow_ups = json!([{"run_id": second.id, "variation_id": 1}]);
    assert_eq!(first.show().await["follow_ups"], follow_ups);

    // Its patches are whole; what came since is what lies between.
    test.print_results(&second, [BOTH, ONE]);
    second.events().await;
    let patch = async |rest: &str| {
        let path = second.path(&format!("/variations/{rest}"));
        second.user.get(&path).await
    };
    assert_eq!(patch("0/patch").await.expect(200).body, BOTH);
    let since = patch("0/patch?since_base=true").await.expect(200).body;
    let changed: Vec<&str> = since
        .lines()
        .filter(|line| line.ends_with("wo") || line.ends_with("WO"))
        .collect();
    assert_eq!(changed, ["-two", "+TWO"], "{since}");
    assert!(!since.contains("-one"), "{since}");
    assert_eq!(patch("1/patch?since_base=true").await.expect(200).body, "");
    let none = first.path("/variations/0/patch?since_base=true");
    first.user.get(&none).await.expect_problem(404, "not_found");

    let script = second
        .user
        .get(&second.path("/script"))
        .await
        .expect(200)
        .body;
    assert_eq!(settings(&script, 0)["start"]["patch"], ONE);
}

#[tokio::test]
async fn a_retry_says_that_what_its_run_started_from_is_gone() {
    let test = TestApp::spawn().await;
    let first = test.printed([BOTH, ONE]).await;
    let asked = json!({"base": {"run_id": first.id, "variation_id": 1},
        "prompt": "And now the second line", "variations": 3});
    let made = first.user.post("/api/v1/runs", &asked).await.expect(202);
    let second = test.run_of(&first.user, &made.json());
    second.applied().await;
    test.print_results(&second, [BOTH, ONE]);
    second.events().await;
    let script = second.user.get(&second.path("/script")).await;
    script.expect(200);

    // As old runs are forgotten.
    let id = first.id.parse().unwrap();
    let (store, db) = (&test.app.store, &test.app.db);
    for attempt in db.run(id).await.unwrap().unwrap().variations {
        db.mark_job_deleted(attempt.key, 0).await.unwrap();
    }
    let forgetting = db.begin_forgetting(id).await.unwrap().unwrap();
    store.remove(id).unwrap();
    forgetting.done().await.unwrap();
    let retry = second.path("/variations/2/retry");
    second.user.post(&retry, &json!({})).await.expect(202);
    let told = second.told("failed", "BaseMissing").await;
    assert_eq!(told["variation_id"], 2);
    assert!(
        told["hint"].as_str().unwrap().contains("KEEP_RUNS_DAYS"),
        "{told}"
    );
    assert!(
        !test
            .cluster
            .calls()
            .iter()
            .any(|call| call.line().contains("-2-r1"))
    );

    // What it has left can be had, and what cannot be had any more says so.
    let patch = async |rest: &str| second.user.get(&second.path(rest)).await;
    assert_eq!(patch("/variations/0/patch").await.expect(200).body, BOTH);
    let since = patch("/variations/0/patch?since_base=true").await;
    since.expect_problem(404, "not_found");
    let script = patch("/script").await;
    script.expect_problem(404, "base_missing");
    let bundle = patch("/bundle").await.expect(200);
    assert!(bundle.body.contains("is not stored any more"));
}

/// An ended run of one variation whose patch is 300 KB; its id.
async fn with_big_patch(test: &TestApp, user: &Client) -> String {
    let run = test.start_run(user, 1).await;
    run.applied().await;
    let job = &run.jobs[0];
    test.cluster.run_pod(job);
    let patch = format!("{ONE}{}", "# comment\n".repeat(30_000));
    let parts: Vec<&[u8]> = patch.as_bytes().chunks(7000).collect();
    for (i, part) in (1..).zip(&parts) {
        let last = i == parts.len();
        let mut line = json!({"v": 1, "seq": i, "ts": "", "type": "patch", "part": i, "last": last,
            "data": std::str::from_utf8(part).unwrap()});
        if last {
            line["sha256"] = format!("{:x}", Sha256::digest(&patch)).into();
            line["files"] = 1.into();
        }
        test.cluster.print(job, line.to_string().as_bytes());
    }
    test.cluster.complete_pod(job);
    run.events().await;
    run.id
}

#[tokio::test]
async fn what_cannot_be_started_from_is_refused() {
    let test = TestApp::spawn().await;
    let first = test.printed([ONE, ONE]).await;
    let big = with_big_patch(&test, &first.user).await;
    let base = |variation: u8| json!({"run_id": first.id, "variation_id": variation});
    let ask = async |more: Value| {
        let mut body = json!({"prompt": "And now the second line", "variations": 3});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        first.user.post("/api/v1/runs", &body).await
    };
    for (asked, field, says) in [
        (json!({}), "github_url", "is required"),
        (
            json!({"base": base(0), "github_url": test.repo}),
            "github_url",
            "leave it out",
        ),
        (
            json!({"base": base(0), "ref": "main"}),
            "ref",
            "leave it out",
        ),
        (
            json!({"base": base(2)}),
            "base.variation_id",
            "left no patch",
        ),
        (
            json!({"base": base(7)}),
            "base.variation_id",
            "no variation",
        ),
        (
            json!({"base": {"run_id": "run-1", "variation_id": 0}}),
            "base.run_id",
            "no run",
        ),
    ] {
        let problem = ask(asked)
            .await
            .expect_problem(422, "validation_failed")
            .json();
        let error = &problem["errors"][0];
        let loc: Vec<&str> = error["loc"].as_array().unwrap()[1..]
            .iter()
            .map(|it| it.as_str().unwrap())
            .collect();
        assert_eq!(loc.join("."), field, "{problem}");
        assert!(error["msg"].as_str().unwrap().contains(says), "{problem}");
    }
    let base_of_big = json!({"run_id": big, "variation_id": 0});
    let reply = ask(json!({"base": base_of_big})).await;
    let detail = reply.expect_problem(422, "validation_failed").body;
    assert!(detail.contains("ask for fewer variations"), "{detail}");
    ask(json!({"base": base_of_big, "variations": 1}))
        .await
        .expect(202);
    let other = test.user("b@example.com").await;
    let body = json!({"prompt": "And now the second line", "base": base(0)});
    let reply = other.post("/api/v1/runs", &body).await;
    reply.expect_problem(422, "validation_failed");
}
