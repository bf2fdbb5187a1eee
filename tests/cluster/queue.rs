//! Agents in a queue of Kueue's. Kueue itself is not here: the test does to the Jobs what it would do, against the real
//! API server and Job controller.

use serde_json::Value;

use crate::support::{Event, Follower, OwnServer, in_peace};

fn held(event: &Event) -> bool {
    event.name == "agent_status" && event.data["reason"] == "JobSuspended"
}

#[tokio::test]
async fn a_queued_agent_says_so_starts_when_it_is_let_and_can_be_cancelled_before() {
    let _peace = in_peace().await;
    let settings = [("AGENT_KUEUE_QUEUE", "team-a")];
    let Some(own) = OwnServer::spawn(&settings).await else {
        return;
    };
    let run = own.run("echo let in", 2).await;
    let mut follower = Follower::new(&own.api, &run);
    let mut waiting = 0;
    follower
        .until(30, "both say that they are held", |event| {
            waiting += usize::from(held(event));
            waiting == 2
        })
        .await;
    let event = follower.events.iter().find(|event| held(event)).unwrap();
    assert_eq!(event.data["status"], "queued", "{event:?}");
    assert_ne!(event.data["hint"], Value::Null, "{event:?}");
    let queued = "kubectl get jobs -l kueue.x-k8s.io/queue-name=team-a -o jsonpath='{.items[*].spec.suspend}'";
    assert_eq!(own.sh(queued).await, "true true");
    assert_eq!(own.sh("kubectl get pods -o name").await, "");

    let cancel = format!("/runs/{run}/variations/1/cancel");
    own.api.post(&cancel, &Value::Null).await.expect(202);
    let admit = format!(
        "kubectl patch job agent-{run}-0 --type=merge -p '{{\"spec\":{{\"suspend\":false}}}}'"
    );
    own.sh(&admit).await;
    follower.read_to_end().await;
    assert_eq!(own.variation(&run, 0).await["status"], "succeeded");
    assert_eq!(own.variation(&run, 1).await["status"], "cancelled");
    let log = own.check_whole(&run, 0).await;
    assert!(String::from_utf8(log).unwrap().ends_with("let in\n"));
    let left = format!("kubectl get job agent-{run}-1 --ignore-not-found -o name");
    assert_eq!(own.sh(&left).await, "");
}
