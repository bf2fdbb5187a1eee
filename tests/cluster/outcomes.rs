//! Runs that end in other ways than well, and one that says a lot.

use serde_json::json;

use crate::support::{Api, Follower, check_streamed, check_verified, in_peace};

#[tokio::test]
async fn an_error_of_the_model_fails_the_run_with_its_words() {
    let _peace = in_peace().await;
    let api = Api::operator();
    let id = api.start("[[scripted: error=401]]", 1, json!({})).await;
    let mut follower = Follower::new(&api, &id);
    follower.read_to_end().await;
    check_streamed(&api, &id, &follower.events).await;
    check_verified(&api, &id, 1).await;

    let shown = api.run(&id).await;
    assert_eq!(shown["status"], "failed");
    let variation = &shown["variations"][0];
    assert_eq!(variation["status"], "failed");
    assert_ne!(variation["exit_code"], 0);
    assert_eq!(variation["reason"], "Error");
    let message = variation["message"].as_str().unwrap();
    assert!(
        message.contains("401") || message.contains("key"),
        "{message}"
    );
    let told = follower
        .events
        .iter()
        .find(|event| event.is("agent_error", 0));
    let told = &told.unwrap().data;
    assert_eq!(told["error"], message);
    assert_eq!(told["exit_code"], variation["exit_code"]);

    let pick = json!({"winning_variation_id": 0});
    let refused = api.post(&format!("/runs/{id}/select"), &pick).await;
    assert_eq!(refused.expect(409).json()["code"], "no_result");
    let patch = api.get(&format!("/runs/{id}/variations/0/patch")).await;
    assert_eq!(patch.expect(404).json()["code"], "no_patch");
}

#[tokio::test]
async fn a_flood_arrives_whole_at_clients_that_hang_up_or_stall() {
    let _peace = in_peace().await;
    let api = Api::operator();
    let prompt = "[[scripted: say lines=20000 bytes=100 rate=0]]";
    let id = api.start(prompt, 2, json!({})).await;
    let mut stalled = Follower::new(&api, &id);
    stalled.until_lines(2, 1).await;

    let mut fickle = Follower::new(&api, &id);
    for _ in 0..20 {
        let enough = fickle.events.len() + 50;
        let mut seen = fickle.events.len();
        fickle
            .until(60, "50 more events", |_| {
                seen += 1;
                seen == enough
            })
            .await;
        fickle.hang_up();
    }
    fickle.read_to_end().await;
    assert!(fickle.connections > 20);
    stalled.read_to_end().await;
    for follower in [fickle, stalled] {
        check_streamed(&api, &id, &follower.events).await;
    }
    check_verified(&api, &id, 2).await;
    for variation in api.run(&id).await["variations"].as_array().unwrap() {
        assert!(
            variation["bytes"].as_u64().unwrap() > 2_000_000,
            "{variation}"
        );
        assert_eq!(variation["complete"], true, "{variation}");
    }
}
