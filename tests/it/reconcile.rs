//! A server that was stopped or died, and the one that takes up what it left.

use std::time::Duration;

use serde_json::json;

use crate::support::{Call, TestApp, output_of};

#[tokio::test]
async fn a_run_goes_on_under_the_next_server() {
    let test = TestApp::spawn().await;
    let (run, job) = test.running().await;
    let mut log = test.cluster.print(&job, b"before");
    run.event(|event| event.kind == "agent_output").await;
    run.applied().await;
    let stopped = test.stop().await;
    log.extend(stopped.cluster.print(&job, b"nobody listens"));

    let test = stopped.start().await;
    let run = run.at(&test);
    let commands = run.user.get(&run.path("/commands")).await.json()["commands"].clone();
    let of_old = |command: &serde_json::Value| {
        command["argv"][1] == "logs" && command["duration_ms"].is_i64()
    };
    assert!(
        commands.as_array().unwrap().iter().any(of_old),
        "{commands:#}"
    );
    log.extend(test.cluster.print(&job, b"after"));
    test.cluster.complete_pod(&job);

    let events = run.events().await;
    assert_eq!(run.stored(0).await.as_bytes(), log);
    assert_eq!(output_of(&events, 0), "before\nnobody listens\nafter\n");
    assert_eq!(run.show().await["status"], "completed");
    assert_eq!(run.verify(0).await["verdict"], "identical");
    assert_eq!(
        test.cluster.manifests().len(),
        1,
        "nothing is applied twice"
    );
}

/// The server died between the rows and the Jobs.
#[tokio::test]
async fn a_run_that_was_never_applied_is_applied_by_the_next_server() {
    let test = TestApp::spawn().await;
    let user = test.user("a@example.com").await;
    test.cluster.set_away(true);
    let run = test.start_run(&user, 2).await;
    test.cluster.called(1, |call| call.verb() == "apply").await;
    let stopped = test.stop().await;
    stopped.cluster.set_away(false);
    assert_eq!(stopped.cluster.manifests().len(), 0);
    let test = stopped.start().await;
    for job in &run.jobs {
        test.cluster.has_job(job).await;
        test.cluster.run_pod(job);
        test.cluster.complete_pod(job);
    }
    let events = run.at(&test).events().await;
    assert_eq!(events.last().unwrap().data["status"], "completed");
}

/// All at once, so that one start is enough: each is a thing that happened while nobody looked.
#[tokio::test]
async fn what_happened_while_nobody_looked_is_found_out() {
    let test = TestApp::spawn().await;
    let user = test.user("a@example.com").await;
    let run = test.start_run(&user, 4).await;
    for job in &run.jobs {
        test.cluster.has_job(job).await;
        test.cluster.run_pod(job);
        test.cluster.print(job, b"one");
    }
    for index in 0..4 {
        run.event(|event| event.kind == "agent_output" && event.data["variation_id"] == index)
            .await;
    }
    run.applied().await;
    test.cluster.set_away(true);
    user.post(&run.path("/variations/3/cancel"), &json!({}))
        .await
        .expect(202);
    let stopped = test.stop().await;
    let in_vain = stopped.cluster.calls().len();
    let [ended, deleted, running, cancelled] = &run.jobs[..] else {
        panic!("four Jobs");
    };
    stopped.cluster.set_away(false);
    stopped.cluster.print(ended, b"two");
    stopped.cluster.complete_pod(ended);
    stopped.cluster.remove_job(deleted);
    let labels = |instance: &str| {
        json!({"app.kubernetes.io/managed-by": "aideator", "app.kubernetes.io/instance": instance,
            "aideator.dev/run-id": "run-00000000000070008000000000000000",
            "aideator.dev/variation-id": "0", "aideator.dev/attempt": "0"})
    };
    let orphan = "agent-run-00000000000070008000000000000000-0";
    stopped
        .cluster
        .put_job(json!({"metadata": {"name": orphan, "uid": "o", "labels": labels("aideator")}}));

    let test = stopped.start().await;
    let run = run.at(&test);
    let delete = test.cluster.called(1, |call| call.verb() == "delete").await;
    assert!(delete.has(orphan), "{}", delete.line());
    let is_patch = |call: &Call| call.verb() == "patch" && call.has("pod");
    let before = test.cluster.calls()[..in_vain]
        .iter()
        .filter(|call| is_patch(call))
        .count();
    let patch = test.cluster.called(before + 1, is_patch);
    assert!(patch.await.line().contains(cancelled));
    test.cluster
        .end_pod(cancelled, 143, "Error", "DeadlineExceeded");
    test.cluster.complete_pod(running);

    let events = run.events().await;
    let found: Vec<_> = events
        .iter()
        .filter(|event| event.kind == "agent_complete")
        .collect();
    let status = |index: u64| {
        let mut of = found
            .iter()
            .filter(|event| event.data["variation_id"] == index);
        let status = of.next().unwrap().data["status"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(of.next().is_none(), "told once");
        status
    };
    assert_eq!(
        [0, 1, 2, 3].map(status),
        ["succeeded", "lost", "succeeded", "cancelled"]
    );
    assert_eq!(output_of(&events, 0), "one\ntwo\n");
    assert_eq!(output_of(&events, 1), "one\n");
    assert_eq!(run.variation(1).await["reason"], "JobDeleted");
}

#[tokio::test]
async fn settled_jobs_are_deleted_when_operators_have_had_their_time() {
    let test = TestApp::spawn_with(|config| config.agents.job_ttl_seconds = 0).await;
    let (run, job) = test.running().await;
    test.cluster.print(&job, b"done");
    test.cluster.complete_pod(&job);
    run.events().await;
    let delete = test.cluster.called(1, |call| call.verb() == "delete").await;
    assert!(
        delete.has(&job) && delete.has("--cascade=background"),
        "{}",
        delete.line()
    );
    assert_eq!(run.verify(0).await["verdict"], "pod_gone");
    // Whoever looks at the run is told that kubectl finds nothing any more.
    let told = async {
        loop {
            let shown = run.show().await;
            if shown["variations"][0]["timings"]["job_deleted_at"].is_string() {
                return shown;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let shown = tokio::time::timeout(Duration::from_secs(10), told)
        .await
        .expect("the deletion is written down");
    assert_eq!(shown["status"], "completed");
}

#[tokio::test]
async fn a_job_with_our_labels_that_no_run_knows_is_deleted_when_it_appears() {
    let test = TestApp::spawn().await;
    let (run, _) = test.running().await;
    run.applied().await;
    let strange = "agent-run-00000000000070008000000000000000-0";
    test.cluster
        .put_job(json!({"metadata": {"name": strange, "uid": "o", "labels": {
        "app.kubernetes.io/managed-by": "aideator", "app.kubernetes.io/instance": "aideator",
        "aideator.dev/run-id": "run-00000000000070008000000000000000",
        "aideator.dev/variation-id": "0", "aideator.dev/attempt": "0"}}}));
    let delete = test.cluster.called(1, |call| call.verb() == "delete").await;
    assert!(delete.has(strange), "{}", delete.line());
    assert_eq!(run.show().await["status"], "running");
}
