//! Why it does not run, and how it ended: in Kubernetes' words, with what to do.

use std::cell::Cell;

use serde_json::json;

use crate::support::{Event, TestApp, kinds, output_of};

#[tokio::test]
async fn what_keeps_a_pod_from_starting_is_told() {
    let test = TestApp::spawn().await;
    let user = test.user("a@example.com").await;
    let run = test.start_run(&user, 3).await;
    let [image, node, quota] = &run.jobs[..] else {
        panic!("three Jobs");
    };
    test.cluster.has_job(quota).await;

    test.cluster
        .hold_pod(image, "ImagePullBackOff", "Back-off pulling image \"x\"");
    let told = run.told("starting", "ImagePullBackOff").await;
    assert_eq!(told["message"], "Back-off pulling image \"x\"");
    assert!(told["hint"].as_str().unwrap().contains("AGENT_IMAGE"));

    let condition = json!({"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
        "message": "0/1 nodes are available: 1 Insufficient cpu."});
    test.cluster.pod(
        node,
        &json!({"phase": "Pending", "conditions": [condition]}),
    );
    let told = run.told("queued", "Unschedulable").await;
    assert_eq!(
        told["message"],
        "0/1 nodes are available: 1 Insufficient cpu."
    );
    assert!(told["hint"].as_str().unwrap().contains("starts by itself"));

    test.cluster
        .warn("Job", "agent-of-somebody-else", "FailedCreate", "not ours");
    test.cluster.warn(
        "Job",
        quota,
        "FailedCreate",
        "pods \"p\" is forbidden: exceeded quota: small",
    );
    let told = run.told("queued", "FailedCreate").await;
    assert_eq!(told["variation_id"], 2);
    assert!(told["hint"].as_str().unwrap().contains("ResourceQuota"));
    assert_eq!(run.show().await["status"], "pending");

    // All that passes by itself: the reason goes with it.
    for job in &run.jobs {
        test.cluster.run_pod(job);
        test.cluster.complete_pod(job);
    }
    let events = run.events().await;
    assert_eq!(events.last().unwrap().data["status"], "completed");
    let variation = run.variation(2).await;
    assert_eq!(
        (&variation["reason"], &variation["hint"]),
        (&json!(null), &json!(null))
    );
}

/// The kubelet removes the containers of a pod that it evicts: their logs do not come back.
#[tokio::test]
async fn an_eviction_is_told_soon_although_its_log_is_gone() {
    let test = TestApp::spawn().await;
    let (run, job) = test.running().await;
    let line = test.cluster.print(&job, b"so far");
    run.event(|event| event.kind == "agent_output").await;
    test.cluster.end_pod(&job, 137, "Error", "Evicted");
    test.cluster.rewrite(
        &job,
        b"unable to retrieve container logs for containerd://4f1d",
    );
    let events = run.events().await;
    let variation = run.variation(0).await;
    assert_eq!(variation["status"], "failed");
    assert_eq!(variation["reason"], "Evicted");
    assert_eq!(run.stored(0).await.as_bytes(), line);
    assert!(kinds(&events).contains(&"log_gap"), "{events:?}");
}

#[tokio::test]
async fn how_a_container_ended_is_told() {
    let test = TestApp::spawn().await;
    let user = test.user("a@example.com").await;
    let run = test.start_run(&user, 5).await;
    for job in &run.jobs {
        test.cluster.has_job(job).await;
    }
    for job in &run.jobs[..4] {
        test.cluster.run_pod(job);
        test.cluster.print(job, b"so far");
    }
    let jobs = &run.jobs;
    run.event(|event| event.kind == "agent_output" && event.data["variation_id"] == 3)
        .await;
    test.cluster.end_pod(&jobs[0], 137, "OOMKilled", "");
    test.cluster
        .end_pod(&jobs[1], 143, "Error", "DeadlineExceeded");
    test.cluster.end_pod(&jobs[2], 3, "Error", "");
    test.cluster.remove_pods(&jobs[3]);
    test.cluster.remove_job(&jobs[4]);

    let events = run.events().await;
    assert_eq!(events.last().unwrap().data["status"], "failed");
    for (i, status, reason, code) in [
        (0, "failed", "OOMKilled", json!(137)),
        (1, "failed", "DeadlineExceeded", json!(143)),
        (2, "failed", "Error", json!(3)),
        (3, "lost", "PodDeleted", json!(null)),
        (4, "lost", "JobDeleted", json!(null)),
    ] {
        let variation = run.variation(i).await;
        let found = (
            &variation["status"],
            &variation["reason"],
            &variation["exit_code"],
        );
        assert_eq!(found, (&json!(status), &json!(reason), &code));
        assert!(
            variation["message"].is_string() || variation["hint"].is_string(),
            "{variation}"
        );
        let error = events
            .iter()
            .find(|event| event.kind == "agent_error" && event.data["variation_id"] == i);
        assert_eq!(error.unwrap().data["reason"], reason);
        let expected = if i < 4 { "so far\n" } else { "" };
        assert_eq!(
            output_of(&events, i as u64),
            expected,
            "what was captured is kept"
        );
    }
    // Whether that was all of it nobody can know where the pod is gone.
    let doubts = events.iter().filter(|event| event.kind == "log_gap");
    let mut doubts: Vec<_> = doubts
        .map(|gap| (&gap.data["variation_id"], &gap.data["certain"]))
        .collect();
    doubts.sort_by_key(|(index, _)| index.as_u64());
    assert_eq!(
        doubts,
        [(&json!(3), &json!(false)), (&json!(4), &json!(false))]
    );
    let reply = user.get(&run.path("/variations/3/patch")).await;
    let problem = reply.expect_problem(404, "no_patch").json();
    assert!(problem["detail"].as_str().unwrap().contains("PodDeleted"));
}

/// Deadlines of the Job, not of the pod: it fails with its pods deleted.
#[tokio::test]
async fn a_job_that_failed_without_a_pod_is_told() {
    let test = TestApp::spawn().await;
    let user = test.user("a@example.com").await;
    let run = test.start_run(&user, 1).await;
    test.cluster.has_job(&run.jobs[0]).await;
    test.cluster.fail_job(
        &run.jobs[0],
        "DeadlineExceeded",
        "Job was active longer than specified deadline",
    );
    run.events().await;
    let variation = run.variation(0).await;
    assert_eq!(
        (&variation["status"], &variation["reason"]),
        (&json!("failed"), &json!("DeadlineExceeded"))
    );
}

#[tokio::test]
async fn a_cluster_that_is_away_is_told_of_and_that_it_is_back() {
    let test = TestApp::spawn().await;
    let (run, job) = test.running().await;
    run.applied().await;
    test.cluster.print(&job, b"one");
    run.event(|event| event.kind == "agent_output").await;
    test.cluster.set_away(true);
    let told = run.told("running", "ClusterUnreachable").await;
    assert!(told["message"].as_str().unwrap().contains("refused"));
    assert!(told["hint"].as_str().unwrap().contains("readyz"));

    // One that is started meanwhile waits, and says for what.
    let late = test.start_run(&run.user, 1).await;
    late.told("queued", "ClusterUnreachable").await;

    // What nobody is there to see is told of by the next server, too.
    let stopped = test.stop().await;
    let test = stopped.start().await;
    let (run, late) = (run.at(&test), late.at(&test));
    assert_eq!(run.variation(0).await["reason"], "ClusterUnreachable");

    test.cluster.set_away(false);
    test.cluster.has_job(&late.jobs[0]).await;
    for job in [&job, &late.jobs[0]] {
        test.cluster.run_pod(job);
    }
    let states = |events: &[Event]| -> Vec<(String, String)> {
        let told = events.iter().filter(|event| event.kind == "agent_status");
        let word = |event: &Event, name: &str| event.data[name].as_str().unwrap_or("").to_owned();
        let mut states: Vec<_> = told
            .map(|event| (word(event, "status"), word(event, "reason")))
            .collect();
        states.dedup();
        states
    };
    // Not before it is told that all is well again: the end would be told in its place.
    let away = Cell::new(false);
    run.event(|event| {
        let unreachable = event.data["reason"] == "ClusterUnreachable";
        away.set(away.get() || unreachable);
        away.get() && !unreachable && event.data["status"] == "running"
    })
    .await;
    test.cluster.complete_pod(&job);
    let events = run.events().await;
    let expected = ["queued", "running", "running", "running", "succeeded"];
    let found = states(&events);
    let words: Vec<&str> = found.iter().map(|(status, _)| status.as_str()).collect();
    assert_eq!(words, expected, "{found:?}");
    assert_eq!(found[2].1, "ClusterUnreachable");
    assert_eq!(found[3].1, "", "it is told that all is well again");
}
