//! Runs that wait for their turn: fair between users, told where they are, over restarts.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::support::{Call, Run, TestApp, kinds};

impl TestApp {
    /// A server with room for so many variations, and for so many of one user.
    async fn with_places(all: u32, per_user: Option<u32>) -> Self {
        Self::spawn_with(|config| {
            config.limits.places.all = Some(all);
            config.limits.places.per_user = per_user;
        })
        .await
    }

    /// Waits until so many Jobs were made; their names in that order.
    async fn made(&self, count: usize) -> Vec<String> {
        loop {
            let manifests = self.cluster.manifests();
            let lines = manifests.iter().flat_map(|text| text.lines());
            let jobs = lines.filter_map(|line| line.strip_prefix("  name: \"")?.strip_suffix('"'));
            // A Secret's name ends with the run's; an apply may be repeated by the next server.
            let mut made: Vec<String> = Vec::new();
            for job in jobs.filter(|name| name.matches('-').count() == 3) {
                if !made.iter().any(|known| known == job) {
                    made.push(job.to_owned());
                }
            }
            if made.len() >= count {
                return made;
            }
            let applies = manifests.len() + 1;
            self.cluster
                .called(applies, |call| call.verb() == "apply")
                .await;
        }
    }
}

/// Three users, five runs each, five variations each; four places. In the middle the server is started
/// again. The order of starts is printed: `cargo test --test it turns_go_round -- --nocapture`.
#[tokio::test]
#[expect(clippy::print_stdout, reason = "the order is to be looked at, too")]
async fn turns_go_round_between_users_and_nothing_starves() {
    let mut test = TestApp::with_places(4, None).await;
    let (mut runs, mut user_of) = (Vec::new(), HashMap::new());
    for name in ["a", "b", "c"] {
        let user = test.user(&format!("{name}@example.com")).await;
        for _ in 0..5 {
            let run = test.start_run(&user, 5).await;
            user_of.extend(run.jobs.iter().map(|job| (job.clone(), name)));
            runs.push(run);
        }
    }
    let (mut order, mut at_work) = (String::new(), [0; 3].to_vec());
    let index = |name: &str| usize::from(name.as_bytes()[0] - b'a');
    for ended in 0..75 {
        let made = test.made((ended + 4).min(75)).await;
        assert_eq!(
            made.len(),
            (ended + 4).min(75),
            "no more than four at a time"
        );
        for job in &made[order.len()..] {
            let user = user_of[job];
            order.push_str(user);
            at_work[index(user)] += 1;
        }
        // While all of them have something to do, nobody has two more at work than another.
        if order.len() > 9 && order.len() < 70 {
            let (most, least) = (at_work.iter().max(), at_work.iter().min());
            assert!(
                most.unwrap() - least.unwrap() <= 1,
                "{at_work:?} in {order}"
            );
        }
        test.cluster
            .fail_job(&made[ended], "BackoffLimitExceeded", "no");
        at_work[index(user_of[&made[ended]])] -= 1;
        if ended == 30 {
            test = test.stop().await.start().await;
        }
    }
    println!("order of starts, 3 users × 5 runs × 5 variations, 4 places:\n{order}");
    // Each user's own start in the order in which they were asked for.
    let made = test.made(75).await;
    for (at, name) in ["a", "b", "c"].into_iter().enumerate() {
        let mine = made.iter().filter(|job| user_of[*job] == name);
        let asked = runs[at * 5..at * 5 + 5].iter().flat_map(|run| &run.jobs);
        assert!(mine.eq(asked), "{name}");
    }
    for run in &runs {
        let events = run.at(&test).events().await;
        assert_eq!(events.last().unwrap().data["status"], "failed");
    }
}

fn positions(run: &Value) -> Vec<Option<u64>> {
    let variations = run["variations"].as_array().unwrap().iter();
    variations.map(|v| v["position"].as_u64()).collect()
}

#[tokio::test]
async fn what_waits_says_where_it_is_and_can_be_cancelled() {
    let test = TestApp::with_places(2, None).await;
    let user = test.user("a@example.com").await;
    let run = test.start_run(&user, 4).await;
    let told = run.told("queued", "WaitingForTurn").await;
    assert_eq!(
        (&told["variation_id"], &told["position"]),
        (&json!(2), &json!(1))
    );
    let message = told["message"].as_str().unwrap();
    assert!(
        message.contains("at most 2 variations run on this server"),
        "{message}"
    );
    assert!(message.contains("number 1 in the queue"), "{message}");
    run.event(|event| event.data["variation_id"] == 3 && event.data["position"] == 2)
        .await;
    assert_eq!(positions(&run.show().await), [None, None, Some(1), Some(2)]);
    test.made(2).await;

    user.post(&run.path("/variations/2/cancel"), &json!({}))
        .await
        .expect(202);
    run.told("cancelled", "Cancelled").await;
    // The next one moved up, which it was told.
    run.event(|event| event.data["variation_id"] == 3 && event.data["position"] == 1)
        .await;
    test.cluster
        .fail_job(&run.jobs[0], "BackoffLimitExceeded", "no");
    let made = test.made(3).await;
    assert_eq!(made[2], run.jobs[3]);
    // Then it waits for nothing any more.
    run.event(|event| {
        event.data["variation_id"] == 3
            && event.kind == "agent_status"
            && event.data["reason"].is_null()
    })
    .await;
    assert_eq!(positions(&run.show().await), [None; 4]);
    for job in [&run.jobs[1], &run.jobs[3]] {
        test.cluster.fail_job(job, "BackoffLimitExceeded", "no");
    }
    let events = run.events().await;
    let complete = kinds(&events)
        .into_iter()
        .filter(|kind| *kind == "agent_complete");
    assert_eq!(complete.count(), 4);
    // Nothing was done to the cluster for the one that never started.
    let of_it = |call: &Call| call.args.iter().any(|arg| arg.contains(&run.jobs[2]));
    assert!(!test.cluster.calls().iter().any(of_it));
}

#[tokio::test]
async fn a_full_share_waits_while_others_start_and_a_script_has_all_of_a_run() {
    let test = TestApp::with_places(9, Some(2)).await;
    let (a, b) = (
        test.user("a@example.com").await,
        test.user("b@example.com").await,
    );
    let run = test.start_run(&a, 3).await;
    let told = run.told("queued", "WaitingForTurn").await;
    let message = told["message"].as_str().unwrap();
    assert!(
        message.contains("at most 2 variations of one user"),
        "{message}"
    );
    let other = test.start_run(&b, 1).await;
    test.cluster.has_job(&other.jobs[0]).await;
    let script = a.get(&run.path("/script")).await.expect(200).body;
    for job in &run.jobs {
        assert_eq!(script.matches(&format!("\n  name: \"{job}\"\n")).count(), 1);
    }
    // A second part that the cluster refuses takes nothing from the first.
    test.cluster.answer_once(
        "apply",
        crate::support::Answer::fails("Error from server: no"),
    );
    test.cluster
        .fail_job(&run.jobs[0], "BackoffLimitExceeded", "no");
    run.told("failed", "ApplyFailed").await;
    let secret = format!("agent-{}", run.id);
    let removed = |call: &Call| call.verb() == "delete" && call.args.contains(&secret);
    assert!(!test.cluster.calls().iter().any(removed));
    test.cluster.run_pod(&run.jobs[1]);
    test.cluster.complete_pod(&run.jobs[1]);
    assert_eq!(
        run.events().await.last().unwrap().data["status"],
        "completed"
    );
}

#[tokio::test]
async fn limits_of_an_account_say_which_and_when_to_come_back() {
    let test = TestApp::spawn_with(|config| {
        config.limits.runs_per_day = Some(1);
        config.limits.streams = Some(1);
    })
    .await;
    let user = test.user("a@example.com").await;
    let run: Run = test.start_run(&user, 1).await;
    let again = user.post("/api/v1/runs", &test.run_request(1)).await;
    let again = again.expect_problem(429, "too_many_runs");
    let wait: u64 = again.header("retry-after").parse().unwrap();
    assert!((1..=86400).contains(&wait), "{wait}");
    assert_eq!(again.header("x-ratelimit-limit"), "1");
    assert_eq!(again.header("x-ratelimit-remaining"), "0");

    let open = user.stream(&run.path("/stream"), None).await;
    let second = user.get(&run.path("/stream")).await;
    second
        .expect_problem(429, "too_many_streams")
        .header("retry-after");
    // Somebody else is not held up, and neither is who closes one.
    let other = test.user("b@example.com").await;
    let others = test.start_run(&other, 1).await;
    drop(other.stream(&others.path("/stream"), None).await);
    drop(open);
    // No event tells that the server has noticed; a test that hangs here is ended by its patience.
    let closed = async {
        while user.status(&run.path("/stream")).await != 200 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), closed)
        .await
        .expect("a stream that was closed does not count");
}
