//! Objects as the API server gives them, and what is said of them.

use serde_json::{Value, json};

use super::*;

fn view(job: Value, pods: &[Value]) -> JobView {
    JobView {
        job: serde_json::from_value(job).unwrap(),
        seen: true,
        pods: pods
            .iter()
            .map(|pod| serde_json::from_value(pod.clone()).unwrap())
            .collect(),
        ..JobView::default()
    }
}

fn pod(phase: &str, state: &Value) -> Value {
    json!({"metadata": {"name": "p", "uid": "1"},
           "status": {"phase": phase, "containerStatuses": [{"name": "agent", "state": state}]}})
}

fn reason(phase: &Phase) -> Option<String> {
    match phase {
        Phase::Waiting { cause, .. } => cause.as_ref().map(|c| c.reason.clone()),
        Phase::Ended(end) => end.cause.as_ref().map(|c| c.reason.clone()),
        Phase::Gone(cause) => Some(cause.reason.clone()),
        Phase::Running => None,
    }
}

#[test]
fn a_pod_without_a_node_waits_and_says_for_what() {
    let pod = json!({"status": {"phase": "Pending", "conditions": [{"type": "PodScheduled",
        "status": "False", "reason": "Unschedulable", "message": "0/1 nodes: Insufficient cpu"}]}});
    let Phase::Waiting { status, cause } = explain(&view(json!({}), &[pod])) else {
        panic!("waits");
    };
    let cause = cause.unwrap();
    assert_eq!(status, VariationStatus::Queued);
    assert_eq!(cause.reason, "Unschedulable");
    assert_eq!(cause.message.unwrap(), "0/1 nodes: Insufficient cpu");
    assert!(cause.hint.unwrap().contains("starts by itself"));
}

#[test]
fn a_job_without_a_pod_tells_the_controllers_warning() {
    let mut view = view(json!({}), &[]);
    assert_eq!(explain(&view), waiting(VariationStatus::Queued, None));
    view.warning = serde_json::from_value(json!({"type": "Warning", "reason": "FailedCreate",
        "involvedObject": {"kind": "Job", "name": "j"},
        "message": "pods \"x\" is forbidden: exceeded quota: small"}))
    .unwrap();
    let phase = explain(&view);
    assert_eq!(reason(&phase).as_deref(), Some("FailedCreate"));
    let made = pod(
        "Pending",
        &json!({"waiting": {"reason": "ContainerCreating"}}),
    );
    view.pods.push(serde_json::from_value(made).unwrap());
    assert_eq!(reason(&explain(&view)), None, "the pod was made since");
}

#[test]
fn a_suspended_job_says_so() {
    let condition = json!({"type": "Suspended", "status": "True", "reason": "JobSuspended",
        "message": "Job suspended"});
    let view = view(json!({"status": {"conditions": [condition]}}), &[]);
    assert_eq!(reason(&explain(&view)).as_deref(), Some("JobSuspended"));
}

#[test]
fn the_cluster_that_does_not_answer_is_told_in_kubectls_words() {
    for (stderr, expected) in [
        (
            "E1 memcache.go: noise\nThe connection to the server 10.0.0.1:6443 was refused - did you specify",
            "ClusterUnreachable",
        ),
        (
            "Error from server (Forbidden): pods is forbidden: User \"x\" cannot list",
            "Forbidden",
        ),
    ] {
        let cause = trouble(&KubectlError::Exit {
            verb: "get".to_owned(),
            code: Some(1),
            stderr: stderr.to_owned(),
        });
        assert_eq!(cause.reason, expected);
        assert!(stderr.ends_with(cause.message.as_deref().unwrap()));
        assert!(cause.hint.is_some());
    }
}

#[test]
fn containers_that_do_not_start_name_their_reason() {
    for (word, expected) in [
        ("ContainerCreating", None),
        ("ImagePullBackOff", Some("ImagePullBackOff")),
        (
            "CreateContainerConfigError",
            Some("CreateContainerConfigError"),
        ),
    ] {
        let pod = pod(
            "Pending",
            &json!({"waiting": {"reason": word, "message": "secret not found"}}),
        );
        assert_eq!(
            reason(&explain(&view(json!({}), &[pod]))).as_deref(),
            expected
        );
    }
}

#[test]
fn the_container_that_clones_is_looked_at_too() {
    let with = |phase: &str, cloner: &Value| {
        let mut pod = pod(phase, &json!({"waiting": {"reason": "PodInitializing"}}));
        pod["status"]["initContainerStatuses"] = json!([{"name": "clone", "state": cloner}]);
        explain(&view(json!({}), &[pod]))
    };
    let pull = json!({"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}});
    assert_eq!(
        reason(&with("Pending", &pull)).as_deref(),
        Some("ImagePullBackOff")
    );
    assert_eq!(reason(&with("Pending", &json!({"running": {}}))), None);
    let killed = json!({"terminated": {"exitCode": 137, "reason": "OOMKilled"}});
    let Phase::Ended(end) = with("Failed", &killed) else {
        panic!("it has ended");
    };
    assert_eq!(end.cause.unwrap().reason, "OOMKilled");
    assert_eq!(end.exit_code, None, "the agent never ran");
}

#[test]
fn ends_are_told_apart() {
    let exit = |code: i32, word: &str| json!({"terminated": {"exitCode": code, "reason": word}});
    let mut deadline = pod("Failed", &exit(143, "Error"));
    deadline["status"]["reason"] = json!("DeadlineExceeded");
    let mut deleted = pod("Failed", &exit(143, "Error"));
    deleted["metadata"]["deletionTimestamp"] = json!("2026-11-22T21:47:03Z");
    let evicted =
        json!({"status": {"phase": "Failed", "reason": "Evicted", "message": "low on disk"}});
    for (pod, expected) in [
        (pod("Succeeded", &exit(0, "Completed")), None),
        (pod("Failed", &exit(1, "Error")), Some("Error")),
        (pod("Failed", &exit(137, "OOMKilled")), Some("OOMKilled")),
        (deadline, Some("DeadlineExceeded")),
        (deleted, Some("PodDeleted")),
        (evicted, Some("Evicted")),
    ] {
        let phase = explain(&view(json!({}), &[pod]));
        assert!(matches!(phase, Phase::Ended(_)));
        assert_eq!(reason(&phase).as_deref(), expected);
    }
}

#[test]
fn what_vanished_is_not_running() {
    let mut running = view(json!({}), &[pod("Running", &json!({"running": {}}))]);
    assert_eq!(explain(&running), Phase::Running);
    running.pods[0].gone = true;
    assert_eq!(reason(&explain(&running)).as_deref(), Some("PodDeleted"));
    let never = view(Value::Null, &[]);
    assert_eq!(reason(&explain(&never)).as_deref(), Some("JobDeleted"));
}
