//! More than the cluster may hold, asked for by three users: who starts when, and what the others are told.

use std::collections::HashMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::{Follower, OwnServer, in_peace};

const PLACES: usize = 4;
const RUNS: usize = 5;
const VARIATIONS: usize = 5;

/// The namespace itself admits no more pods: a fifth would be an event of the Job controller's.
const QUOTA: &str = "kubectl create quota places --hard=pods=4";

/// When something began or ended, in the API's own words (RFC 3339 in UTC sorts as text).
fn time(variation: &Value, name: &str) -> String {
    let time = variation["timings"][name].as_str();
    time.unwrap_or_else(|| panic!("{name}: {variation}"))
        .to_owned()
}

/// Three users, five runs each, five variations each, on four places; the server is killed in the middle.
#[tokio::test]
#[expect(clippy::print_stdout, reason = "the order is to be looked at, too")]
async fn three_users_share_four_places_and_nothing_starves() {
    let _peace = in_peace().await;
    let settings = [("MAX_RUNNING_VARIATIONS", "4")];
    let Some(mut own) = OwnServer::spawn(&settings).await else {
        return;
    };
    own.sh(QUOTA).await;
    let mut users = vec![own.api.clone()];
    users.push(own.api.new_account().await);
    users.push(own.api.new_account().await);
    let mut runs = Vec::new();
    // One after the other: the first has asked for all of its work before the others come.
    for (user, api) in users.iter().enumerate() {
        for _ in 0..RUNS {
            let body = json!({"github_url": own.repo(), "prompt": "sleep 1; echo done", "variations": VARIATIONS});
            let accepted = api.post("/runs", &body).await.expect(202).json();
            runs.push((user, accepted["run_id"].as_str().unwrap().to_owned()));
        }
    }

    // The last run asked for waits, and says for what and how many are before it.
    let (_, last) = runs.last().unwrap();
    let mut told = HashMap::new();
    let mut follower = Follower::new(&users[2], last);
    follower
        .until(10, "the last run's places in the queue", |event| {
            if event.data["reason"] == "WaitingForTurn" {
                told.insert(event.variation(), event.data["position"].as_u64().unwrap());
            }
            told.len() == VARIATIONS
        })
        .await;
    assert!(told.values().all(|position| *position > 20), "{told:?}");
    let mut follower = Follower::new(&users[1], &runs[RUNS].1);
    follower
        .until(120, "an end in the second user's first run", |event| {
            event.name == "agent_complete"
        })
        .await;
    own.kill();
    own.start();
    own.ready().await;

    let (mut starts, mut ends) = (Vec::new(), Vec::new());
    for (user, run) in &runs {
        let mut follower = Follower::new(&users[*user], run);
        follower.read_to_end().await;
        let shown = users[*user].run(run).await;
        for variation in shown["variations"].as_array().unwrap() {
            assert_eq!(variation["status"], "succeeded", "{variation}");
            starts.push((time(variation, "applied_at"), *user));
            ends.push(time(variation, "ended_at"));
        }
    }
    starts.sort();
    ends.sort();
    let order: Vec<usize> = starts.iter().map(|(_, user)| *user).collect();
    assert_eq!(order.len(), 3 * RUNS * VARIATIONS);
    let letters = order.iter().fold(String::new(), |mut text, user| {
        let _ = write!(text, "{}", ["a", "b", "c"][*user]);
        text
    });
    println!("order of starts, 3 users × 5 runs × 5 variations, 4 places:\n{letters}");

    // While all three wait for something (25 starts are each one's own), each gets a part of any eight starts. (Turns alternate strictly, which
    // tests/it holds; Jobs that get theirs in the same moment are applied side by side.)
    for window in order[PLACES..60].windows(2 * PLACES) {
        for user in 0..users.len() {
            assert!(window.contains(&user), "{window:?} in {letters}");
        }
    }
    // Never more at work than places: before the n-th starts, all but three of those before it have ended.
    for (at, (start, _)) in starts.iter().enumerate().skip(PLACES) {
        assert!(&ends[at - PLACES] <= start, "start {at} of {letters}");
    }
    let refused = "kubectl get events --field-selector reason=FailedCreate -o name";
    assert_eq!(own.sh(refused).await, "", "the namespace's quota was hit");
}
