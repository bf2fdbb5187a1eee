//! Stopping a run, or one of its variations, in mid-flight.

use serde_json::{Value, json};

use crate::support::{Api, Event, Follower, check_streamed, in_peace, sh};

async fn pods(run: &str, variation: u64) -> usize {
    let labels = format!("aideator.dev/run-id={run},aideator.dev/variation-id={variation}");
    let names = sh(&format!("kubectl get pods -l {labels} -o name")).await;
    String::from_utf8(names).unwrap().lines().count()
}

fn cancelled(event: &Event, variation: u64) -> bool {
    event.is("agent_status", variation) && event.data["status"] == "cancelled"
}

#[tokio::test]
async fn a_cancelled_variation_is_gone_with_its_log_kept_and_the_other_goes_on() {
    let _peace = in_peace().await;
    let api = Api::operator();
    let id = api.start("[[scripted: slow]]", 2, json!({})).await;
    let mut follower = Follower::new(&api, &id);
    follower.until_lines(2, 10).await;

    let cancel = format!("/runs/{id}/variations/0/cancel");
    let shown = api.post(&cancel, &Value::Null).await.expect(202).json();
    assert_eq!(shown["variations"][0]["cancel_requested"], true, "{shown}");
    follower
        .until(60, "one cancelled", |event| cancelled(event, 0))
        .await;
    assert_eq!(pods(&id, 0).await, 0, "cancelled, and a pod is there");
    assert_eq!(pods(&id, 1).await, 1);
    assert_eq!(api.run(&id).await["variations"][1]["status"], "running");

    api.delete(&format!("/runs/{id}")).await.expect(202);
    follower
        .until(60, "the other cancelled", |event| cancelled(event, 1))
        .await;
    assert_eq!(pods(&id, 1).await, 0, "cancelled, and a pod is there");
    follower.read_to_end().await;

    // The log outlives the pods, and its last lines are those that the agent printed when it was told to stop.
    check_streamed(&api, &id, &follower.events).await;
    let shown = api.run(&id).await;
    assert_eq!(shown["status"], "cancelled", "{shown}");
    for variation in shown["variations"].as_array().unwrap() {
        assert_eq!(variation["status"], "cancelled", "{variation}");
        assert_eq!(variation["reason"], "Cancelled", "{variation}");
        assert_eq!(variation["complete"], true, "{variation}");
        let path = format!("/runs/{id}/variations/{}/verify", variation["variation_id"]);
        let verified = api.get(&path).await.expect(200).json();
        assert_eq!(verified["verdict"], "pod_gone", "{verified}");
    }
    let left = sh(&format!(
        "kubectl get jobs,pods,secrets -l aideator.dev/run-id={id} -o name"
    ))
    .await;
    assert_eq!(String::from_utf8(left).unwrap(), "");
    // Once more is not an error, and changes nothing.
    api.delete(&format!("/runs/{id}")).await.expect(202);
    assert_eq!(api.run(&id).await["status"], "cancelled");
}

#[tokio::test]
async fn a_run_cancelled_at_once_leaves_nothing_behind() {
    let _peace = in_peace().await;
    let api = Api::operator();
    let id = api.start("[[scripted: slow]]", 2, json!({})).await;
    api.delete(&format!("/runs/{id}")).await.expect(202);
    let mut follower = Follower::new(&api, &id);
    follower.read_to_end().await;
    assert_eq!(api.run(&id).await["status"], "cancelled");
    let left = format!("kubectl get jobs,pods -l aideator.dev/run-id={id} -o name");
    assert_eq!(String::from_utf8(sh(&left).await).unwrap(), "");
}
