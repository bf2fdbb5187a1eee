//! A variation that is tried again.

use serde_json::{Value, json};

use crate::support::{Call, Run, TestApp, kinds, output_of};

/// A run of two whose first variation failed after it said `one`.
async fn half_failed(test: &TestApp) -> Run {
    let user = test.user("a@example.com").await;
    let run = test.start_run(&user, 2).await;
    run.applied().await;
    for (job, line) in run.jobs.iter().zip(["one", "other"]) {
        test.cluster.run_pod(job);
        test.cluster.print(job, line.as_bytes());
    }
    test.cluster.end_pod(&run.jobs[0], 1, "Error", "");
    test.cluster.complete_pod(&run.jobs[1]);
    run
}

async fn retry(run: &Run, index: usize) -> Value {
    let path = run.path(&format!("/variations/{index}/retry"));
    run.user.post(&path, &json!({})).await.expect(202).json()
}

#[tokio::test]
async fn a_retry_is_a_new_attempt_and_the_old_one_stays() {
    let test = TestApp::spawn().await;
    let run = half_failed(&test).await;
    let before = run.events().await;
    assert_eq!(kinds(&before).last(), Some(&"run_complete"));

    let shown = retry(&run, 0).await;
    let job = format!("{}-r1", run.jobs[0]);
    assert_eq!(
        (&shown["status"], &shown["finished_at"]),
        (&json!("running"), &json!(null))
    );
    let fields = |variation: &Value| {
        ["attempt", "job_name", "status", "lines"].map(|field| variation[field].clone())
    };
    let new = [json!(1), json!(job), json!("queued"), json!(null)];
    assert_eq!(fields(&shown["variations"][0]), new);
    let old = [json!(0), json!(run.jobs[0]), json!("failed"), json!(1)];
    assert_eq!(fields(&shown["earlier_attempts"][0]), old);
    assert_eq!(
        shown["variations"][0]["model"],
        shown["earlier_attempts"][0]["model"]
    );

    test.cluster.has_job(&job).await;
    let manifest = test.cluster.manifests().pop().unwrap();
    assert!(
        manifest.contains(&format!("secretName: \"{job}\"")),
        "{manifest}"
    );
    assert!(manifest.contains("config-0.json") && !manifest.contains("config-1.json"));
    let owns = |call: &Call| call.line().starts_with(&format!("patch secret {job} "));
    let owners = test.cluster.called(1, owns).await.line();
    assert!(owners.contains(&format!("\"name\":\"{job}\"")), "{owners}");
    assert!(
        !owners.contains(&format!("\"name\":\"{}\"", run.jobs[0])),
        "{owners}"
    );

    test.cluster.run_pod(&job);
    test.cluster.print(&job, b"two");
    test.cluster.complete_pod(&job);
    // A client that had seen the end gets what follows; one that starts now gets all, and one end.
    let id = &before.last().unwrap().id;
    let mut rest = run.user.stream(&run.path("/stream"), Some(id)).await;
    let rest = rest.rest().await;
    let told = ["agent_retry", "agent_status"];
    assert_eq!(kinds(&rest)[..2], told);
    assert_eq!(rest[0].data["attempt"], 1);
    assert_eq!(output_of(&rest, 0), "two\n");
    let all = run.events().await;
    let count = |kind: &str| all.iter().filter(|event| event.kind == kind).count();
    assert_eq!((count("run_complete"), count("agent_complete")), (1, 3));
    assert_eq!(output_of(&all, 0), "one\ntwo\n");
    let place = |fits: &dyn Fn(&Value) -> bool| all.iter().position(|e| fits(&e.data)).unwrap();
    let order = [
        place(&|data| data["content"] == "one"),
        place(&|data| data["status"] == "failed"),
        place(&|data| data["attempt"] == 1),
        place(&|data| data["content"] == "two"),
    ];
    assert!(order.is_sorted(), "{order:?}");
    let mut only = run
        .user
        .stream(&run.path("/stream?variation=0"), None)
        .await;
    assert_eq!(output_of(&only.rest().await, 0), "one\ntwo\n");

    each_attempt_is_to_be_had(&run).await;
    assert_eq!(run.show().await["status"], "completed");
    let stopped = test.stop().await;
    assert!(
        stopped.cluster.has("jobs", &run.jobs[0]),
        "it stays to be looked at"
    );
}

async fn each_attempt_is_to_be_had(run: &Run) {
    let get = async |rest: &str| run.user.get(&run.path(rest)).await;
    assert_eq!(get("/variations/0/logs").await.expect(200).body, "two\n");
    let old = get("/variations/0/logs?attempt=0").await.expect(200);
    assert_eq!(old.body, "one\n");
    let verified = get("/variations/0/verify?attempt=0")
        .await
        .expect(200)
        .json();
    assert_eq!(verified["verdict"], "identical");
    for rest in ["logs", "patch", "verify"] {
        let reply = get(&format!("/variations/0/{rest}?attempt=2")).await;
        reply.expect_problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_retry_goes_on_under_the_next_server() {
    let test = TestApp::spawn().await;
    let run = half_failed(&test).await;
    run.events().await;
    test.cluster.set_away(true);
    retry(&run, 0).await;
    retry(&run, 1).await;
    let stopped = test.stop().await;
    stopped.cluster.set_away(false);
    let test = stopped.start().await;
    let run = run.at(&test);
    let jobs = [0, 1].map(|index| format!("{}-r1", run.jobs[index]));
    for job in &jobs {
        test.cluster.has_job(job).await;
        test.cluster.run_pod(job);
        test.cluster.print(job, b"two");
    }
    let seen = run.event(|event| event.data["content"] == "two").await;
    let test = test.stop().await.start().await;
    let run = run.at(&test);
    for job in &jobs {
        test.cluster.print(job, b"three");
        test.cluster.complete_pod(job);
    }
    let whole = run.events().await;
    let mut rest = run.user.stream(&run.path("/stream"), Some(&seen.id)).await;
    let rest = rest.rest().await;
    let seen = seen.data["variation_id"].as_u64().unwrap();
    assert_eq!(output_of(&rest, seen), "three\n");
    for (index, first) in ["one", "other"].iter().enumerate() {
        let output = output_of(&whole, index as u64);
        assert_eq!(output, format!("{first}\ntwo\nthree\n"));
    }
    assert_eq!(run.show().await["status"], "completed");
}

#[tokio::test]
async fn what_cannot_be_tried_again_is_refused() {
    let test = TestApp::spawn().await;
    let (run, job) = test.running().await;
    let path = run.path("/variations/0/retry");
    let post = async |path: &str| run.user.post(path, &json!({})).await;
    post(&path).await.expect_problem(409, "not_ended");
    test.cluster.complete_pod(&job);
    run.events().await;
    let pick = json!({"winning_variation_id": 0});
    run.user.post(&run.path("/select"), &pick).await.expect(200);
    post(&path).await.expect_problem(409, "selected");
    run.user.delete(&run.path("/select")).await.expect(200);
    let nobody = run.path("/variations/1/retry");
    post(&nobody).await.expect_problem(404, "not_found");
    let other = test.user("b@example.com").await;
    let reply = other.post(&path, &json!({})).await;
    reply.expect_problem(404, "not_found");
    let key = json!({"name": "reader", "scopes": ["runs:read"]});
    let key = run
        .user
        .post("/api/v1/auth/api-keys", &key)
        .await
        .expect(201)
        .json();
    let reader = test
        .anonymous()
        .with_header("x-api-key", key["api_key"].as_str().unwrap());
    reader.post(&path, &json!({})).await.expect(403);
    let (one, two) = tokio::join!(post(&path), post(&path));
    let mut codes = [one.status.as_u16(), two.status.as_u16()];
    codes.sort_unstable();
    assert_eq!(codes, [202, 409], "two at once are one");
}
