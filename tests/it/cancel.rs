//! Cancelling: the evidence is kept, and `cancelled` means that the pods are gone.

use serde_json::json;

use crate::support::{Call, Cluster, TestApp, output_of};

fn position(cluster: &Cluster, start: &str) -> Option<usize> {
    cluster
        .calls()
        .iter()
        .position(|call| call.line().starts_with(start))
}

#[tokio::test]
async fn a_running_agent_says_its_last_words_first() {
    let test = TestApp::spawn().await;
    let (run, job) = test.running().await;
    test.cluster.let_deleted_jobs_linger();
    test.cluster.print(&job, b"working");
    run.user.delete(&run.path("")).await.expect(202);
    let patch = test
        .cluster
        .called(1, |call| call.has("pod") && call.verb() == "patch")
        .await;
    assert!(
        patch.has(r#"{"spec":{"activeDeadlineSeconds":1}}"#),
        "{}",
        patch.line()
    );
    test.cluster.print(&job, b"stopping: here is what I have");
    test.cluster.end_pod(&job, 143, "Error", "DeadlineExceeded");

    test.cluster.called(1, |call| call.verb() == "delete").await;
    let variation = run.variation(0).await;
    assert_eq!(
        (&variation["status"], &variation["cancel_requested"]),
        (&json!("running"), &json!(true))
    );
    test.cluster.remove_job(&job);

    let events = run.events().await;
    assert_eq!(events.last().unwrap().data["status"], "cancelled");
    assert_eq!(
        output_of(&events, 0),
        "working\nstopping: here is what I have\n"
    );
    let variation = run.variation(0).await;
    assert_eq!(
        (&variation["status"], &variation["exit_code"]),
        (&json!("cancelled"), &json!(143))
    );
    // The last read of the log, then the deletion.
    let read = position(&test.cluster, "logs --timestamps").unwrap();
    assert!(read < position(&test.cluster, "delete job").unwrap());
    // Once more changes nothing.
    run.user.delete(&run.path("")).await.expect(202);
    assert_eq!(run.show().await["status"], "cancelled");
}

#[tokio::test]
async fn what_has_not_started_is_deleted() {
    let test = TestApp::spawn().await;
    let user = test.user("a@example.com").await;
    let run = test.start_run(&user, 2).await;
    test.cluster.has_job(&run.jobs[1]).await;
    test.cluster
        .hold_pod(&run.jobs[1], "ImagePullBackOff", "no such image");
    run.told("starting", "ImagePullBackOff").await;
    // One of them alone; the other goes on.
    user.post(&run.path("/variations/1/cancel"), &json!({}))
        .await
        .expect(202);
    run.told("cancelled", "Cancelled").await;
    assert!(!test.cluster.has("jobs", &run.jobs[1]));
    assert!(test.cluster.has("jobs", &run.jobs[0]));
    user.delete(&run.path("")).await.expect(202);
    let events = run.events().await;
    assert_eq!(events.last().unwrap().data["status"], "cancelled");
    assert!(!test.cluster.has("jobs", &run.jobs[0]));
    // Pods first, so that "cancelled" can wait for them.
    let gently = |call: &Call| call.verb() == "delete" && call.has("--cascade=foreground");
    for job in &run.jobs {
        let calls = test.cluster.calls();
        assert!(calls.iter().any(|call| gently(call) && call.has(job)));
    }
}

/// The Jobs are being made at that moment: they come, and go.
#[tokio::test]
async fn a_cancel_that_overtakes_the_apply_is_obeyed() {
    let test = TestApp::spawn().await;
    let user = test.user("a@example.com").await;
    test.cluster.set_away(true);
    let run = test.start_run(&user, 2).await;
    test.cluster.called(1, |call| call.verb() == "apply").await;
    user.delete(&run.path("")).await.expect(202);
    test.cluster.set_away(false);
    let events = run.events().await;
    assert_eq!(events.last().unwrap().data["status"], "cancelled");
    for job in &run.jobs {
        assert!(!test.cluster.has("jobs", job));
    }
}

#[tokio::test]
async fn an_agent_that_was_faster_than_its_cancel_has_succeeded() {
    let test = TestApp::spawn().await;
    let (run, job) = test.running().await;
    test.cluster.print(&job, b"done");
    // The API server takes the patch of a pod that has just ended.
    test.cluster.complete_pod(&job);
    run.user.delete(&run.path("")).await.expect(202);
    let events = run.events().await;
    assert_eq!(events.last().unwrap().data["status"], "completed");
    assert_eq!(run.variation(0).await["status"], "succeeded");
    assert!(
        test.cluster.has("jobs", &job),
        "its Job stays for operators to look at"
    );
}

/// The server dies between the cancel and the end of the container that it asked for.
#[tokio::test]
async fn a_cancel_is_remembered_by_the_next_server() {
    let test = TestApp::spawn().await;
    let (run, job) = test.running().await;
    run.applied().await;
    run.user.delete(&run.path("")).await.expect(202);
    test.cluster
        .called(1, |call| call.has("pod") && call.verb() == "patch")
        .await;
    let stopped = test.stop().await;
    stopped
        .cluster
        .end_pod(&job, 143, "Error", "DeadlineExceeded");

    let test = stopped.start().await;
    let run = run.at(&test);
    let events = run.events().await;
    assert_eq!(events.last().unwrap().data["status"], "cancelled");
    assert_eq!(run.variation(0).await["status"], "cancelled");
    assert!(!test.cluster.has("jobs", &job));
}
