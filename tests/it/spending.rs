//! Ceilings of what may be spent: what reaches one is stopped, with its work kept.

use std::time::Duration;

use serde_json::json;

use crate::support::{Call, Run, TestApp, output_of};

impl TestApp {
    /// A run of so many variations that may spend `usd` together. Its model's price is not known.
    async fn with_ceiling(&self, user: &crate::support::Client, count: usize, usd: f64) -> Run {
        let mut request = self.run_request(count);
        request["agent_config"] = json!({"model": "nobody/knows"});
        request["limits"] = json!({"max_run_cost_usd": usd});
        let reply = user.post("/api/v1/runs", &request).await.expect(202).json();
        let id = reply["run_id"].as_str().unwrap().to_owned();
        let jobs = (0..count).map(|i| format!("agent-{id}-{i}")).collect();
        Run {
            user: user.clone(),
            id,
            jobs,
        }
    }

    /// The agent says what it has spent until now.
    fn spends(&self, job: &str, tokens: u64, usd: Option<f64>) {
        let mut line = json!({"v": 1, "seq": 1, "ts": "", "type": "usage", "input_tokens": tokens,
            "output_tokens": 0});
        if let Some(usd) = usd {
            line["cost_usd"] = json!(usd);
        }
        self.cluster.print(job, line.to_string().as_bytes());
    }

    /// Waits until the pod of this Job was asked to end, and ends it.
    async fn stopped(&self, job: &str) {
        let of_pod = format!("{job}-");
        let fits = move |call: &Call| {
            call.verb() == "patch" && call.args.iter().any(|arg| arg.starts_with(&of_pod))
        };
        self.cluster.called(1, fits).await;
        self.cluster.print(job, b"here is what I have");
        self.cluster.end_pod(job, 143, "Error", "DeadlineExceeded");
    }
}

/// Waits until the run has spent so much.
async fn spent(run: &Run, usd: f64) {
    // No event tells it, so it is asked for; a test that hangs here is ended by its patience.
    let spent = async {
        while run.show().await["spent_usd"].as_f64() < Some(usd) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waiting = tokio::time::timeout(Duration::from_secs(10), spent);
    waiting.await.expect("what was spent is accounted for");
}

async fn running(test: &TestApp, job: &str) {
    test.cluster.has_job(job).await;
    test.cluster.run_pod(job);
}

#[tokio::test]
async fn what_a_run_may_spend_ends_all_of_it_and_keeps_the_work() {
    let test = TestApp::spawn_with(|config| config.limits.places.all = Some(2)).await;
    let user = test.user("a@example.com").await;
    let run = test.with_ceiling(&user, 3, 1.0).await;
    for job in &run.jobs[..2] {
        running(&test, job).await;
    }
    // What is not known is not 0, and reaches nothing.
    test.spends(&run.jobs[0], 1_000_000_000, None);
    test.spends(&run.jobs[0], 1_000_000_001, Some(0.6));
    spent(&run, 0.6).await;
    assert_eq!(run.show().await["spent_usd"], 0.6);
    // Another server counts none of it twice.
    let test = test.stop().await.start().await;
    let run = run.at(&test);
    test.spends(&run.jobs[1], 5, Some(0.3));
    spent(&run, 0.85).await;
    assert_eq!(run.show().await["status"], "running");
    assert_eq!(run.variation(1).await["cost_usd"], 0.3);
    test.spends(&run.jobs[1], 9, Some(0.41));
    for job in &run.jobs[..2] {
        test.stopped(job).await;
    }
    let events = run.events().await;
    assert_eq!(events.last().unwrap().data["status"], "cancelled");
    assert!(output_of(&events, 1).ends_with("here is what I have\n"));
    for index in 0..3 {
        let variation = run.variation(index).await;
        assert_eq!(variation["status"], "cancelled");
        assert_eq!(variation["reason"], "budget_exceeded");
        let message = variation["message"].as_str().unwrap();
        assert!(
            message.contains("$1.0100 together, and may spend $1 "),
            "{message}"
        );
    }
    // The third had no turn, and nothing was done for it.
    assert!(!test.cluster.has("jobs", &run.jobs[2]));
    let again = user
        .at(&test)
        .post(&run.path("/variations/0/retry"), &json!({}))
        .await;
    again.expect_problem(409, "budget_exceeded");
}

#[tokio::test]
async fn what_a_user_may_spend_a_day_ends_what_runs_and_refuses_what_would_come() {
    let test = TestApp::spawn_with(|config| config.limits.cost_per_day_usd = Some(1.0)).await;
    let user = test.user("a@example.com").await;
    let (first, second) = (
        test.with_ceiling(&user, 1, 50.0).await,
        test.with_ceiling(&user, 1, 50.0).await,
    );
    let other = test.user("b@example.com").await;
    let others = test.with_ceiling(&other, 1, 50.0).await;
    for run in [&first, &second, &others] {
        running(&test, &run.jobs[0]).await;
    }
    test.spends(&others.jobs[0], 1, Some(0.9));
    test.spends(&first.jobs[0], 1, Some(0.5));
    test.spends(&second.jobs[0], 1, Some(0.5));
    for run in [&first, &second] {
        test.stopped(&run.jobs[0]).await;
        run.told("cancelled", "budget_exceeded").await;
    }
    let refused = user.post("/api/v1/runs", &test.run_request(1)).await;
    let refused = refused.expect_problem(429, "budget_exceeded");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=86400).contains(&wait), "{wait}");
    test.cluster.complete_pod(&others.jobs[0]);
    assert_eq!(
        others.events().await.last().unwrap().data["status"],
        "completed"
    );
    test.start_run(&other, 1).await;
}

#[tokio::test]
async fn a_count_of_tokens_that_nobody_can_use_holds_nothing_up() {
    let test = TestApp::spawn().await;
    let user = test.user("a@example.com").await;
    let run = test.with_ceiling(&user, 3, 50.0).await;
    for job in &run.jobs {
        running(&test, job).await;
        test.spends(job, u64::MAX, None);
        test.cluster.complete_pod(job);
    }
    let events = run.events().await;
    assert_eq!(events.last().unwrap().data["status"], "completed");
}
