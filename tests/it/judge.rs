//! A run's judge: a Job like any other, whose word is advice.

use serde_json::{Value, json};

use crate::support::{Run, TestApp, kinds, output_of};

const PATCHES: [&str; 2] = [
    "diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-two\n+2\n",
    "diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-two\n+zwei\n",
];

impl Run {
    async fn ask_for_judge(&self, body: &Value) -> crate::support::Reply {
        self.user.post(&self.path("/judge"), body).await
    }

    async fn judgement(&self) -> Value {
        let reply = self.user.get(&self.path("/judgement")).await;
        reply.expect(200).json()
    }

    fn judge(&self) -> String {
        format!("agent-{}-judge", self.id)
    }

    /// All of the judge's stream, when it has ended.
    async fn judge_events(&self) -> Vec<crate::support::Event> {
        let path = self.path("/stream?variation=255");
        self.user.stream(&path, None).await.rest().await
    }
}

/// The judge runs, says who ranks where, and ends.
async fn says(test: &TestApp, job: &str, ranks: [u32; 3]) {
    test.cluster.has_job(job).await;
    test.cluster.run_pod(job);
    let mut lines = vec![json!({"type": "usage", "input_tokens": 1_000_000, "output_tokens": 0})];
    for (id, rank) in ranks.iter().enumerate() {
        // The second fails its check, the third has changed nothing.
        lines.push(
            json!({"type": "judgement", "variation_id": id, "rank": rank, "pairs": 1,
            "score": 1.0, "reasons": ["it is short"], "risks": [],
            "gates": [{"gate": "patch", "ok": id < 2}, {"gate": "check", "ok": id < 1}]}),
        );
    }
    lines.push(
        json!({"type": "verdict", "verdict": "preferred", "preferred": [0], "flip_rate": 0.0,
        "pairs": 1, "model": "gpt-4.1", "message": "#1 is preferred."}),
    );
    for (i, line) in lines.iter_mut().enumerate() {
        line["v"] = json!(1);
        line["seq"] = json!(i + 1);
        line["ts"] = json!("");
        test.cluster.print(job, line.to_string().as_bytes());
    }
    test.cluster.complete_pod(job);
}

#[tokio::test]
async fn a_judge_gets_the_results_and_its_word_is_kept_apart() {
    let test = TestApp::spawn().await;
    let run = test.printed(PATCHES).await;
    let whole = run.events().await;
    let none = run.user.get(&run.path("/judgement")).await;
    none.expect_problem(404, "no_judgement");
    let asked = run.ask_for_judge(&json!({"model": "gpt-4.1"})).await;
    let asked = asked.expect(202).json();
    assert_eq!(
        (&asked["judge"]["status"], &asked["verdict"]),
        (&json!("queued"), &json!(null))
    );
    let again = run.ask_for_judge(&json!({})).await;
    again.expect_problem(409, "not_ended");

    test.cluster.has_job(&run.judge()).await;
    let manifest = test.cluster.manifests().pop().unwrap();
    let secret = serde_yaml::Deserializer::from_str(&manifest)
        .next()
        .unwrap();
    let secret: Value = serde::Deserialize::deserialize(secret).unwrap();
    assert_eq!(secret["metadata"]["name"], run.judge());
    let config = {
        use base64::Engine as _;
        let text = secret["data"]["config-255.json"].as_str().unwrap();
        let bytes = base64::engine::general_purpose::STANDARD.decode(text);
        serde_json::from_slice::<Value>(&bytes.unwrap()).unwrap()
    };
    assert_eq!(
        (&config["engine"], &config["model"]),
        (&json!("judge"), &json!("gpt-4.1"))
    );
    let given = config["judge"]["candidates"].as_array().unwrap();
    let patches: Vec<&Value> = given.iter().map(|candidate| &candidate["patch"]).collect();
    assert_eq!(patches, [PATCHES[0], PATCHES[1], ""]);
    assert_eq!(given[0]["tree"], "4b825dc");
    let check = &given[1]["checks"][0];
    assert_eq!(
        (&check["command"], &check["exit_code"]),
        (&json!("make test"), &json!(1))
    );

    says(&test, &run.judge(), [1, 2, 3]).await;
    let events = run.judge_events().await;
    assert_eq!(kinds(&events).last(), Some(&"agent_complete"));
    assert!(output_of(&events, 255).contains("\"verdict\""));
    let said = run.judgement().await;
    assert_eq!(
        (&said["verdict"], &said["preferred"]),
        (&json!("preferred"), &json!([0]))
    );
    assert_eq!(
        (&said["stale"], &said["ranking"][1]["gates"][1]["ok"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(said["judge"]["cost_usd"], 2.0);
    let shown = run.show().await;
    assert_eq!(shown["judgement"], said);
    assert_eq!(
        shown["variations"][0]["cost_usd"],
        json!(null),
        "its cost is its own"
    );
    assert_eq!(
        shown["winning_variation_id"],
        json!(null),
        "a person decides"
    );

    // The run's own stream is what it was.
    assert_eq!(run.events().await, whole);
    let end = run
        .user
        .with_header("last-event-id", &whole.last().unwrap().id);
    end.get(&run.path("/stream")).await.expect(204);
    let log = run
        .user
        .get(&run.path("/variations/255/logs?format=text"))
        .await;
    assert!(log.expect(200).body.contains("[verdict] #1 is preferred."));
    let retry = run.path("/variations/255/retry");
    run.user
        .post(&retry, &json!({}))
        .await
        .expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_judge_goes_on_under_the_next_server_and_may_be_asked_again() {
    let test = TestApp::spawn().await;
    let run = test.printed(PATCHES).await;
    run.ask_for_judge(&json!({})).await.expect(202);
    test.cluster.has_job(&run.judge()).await;
    let test = test.stop().await.start().await;
    let run = run.at(&test);
    says(&test, &run.judge(), [1, 2, 3]).await;
    run.judge_events().await;

    let retry = run.path("/variations/2/retry");
    run.user.post(&retry, &json!({})).await.expect(202);
    assert_eq!(run.judgement().await["stale"], true);
    let early = run.ask_for_judge(&json!({})).await;
    early.expect_problem(409, "not_ended");
    let job = format!("{}-r1", run.jobs[2]);
    test.cluster.has_job(&job).await;
    test.cluster.run_pod(&job);
    test.cluster.complete_pod(&job);
    run.events().await;
    run.ask_for_judge(&json!({})).await.expect(202);
    // It breaks the rule that gates come first.
    says(&test, &format!("{}-r1", run.judge()), [2, 1, 3]).await;
    // That another judge was asked undoes the run's end for nobody.
    let whole = tokio::time::timeout(std::time::Duration::from_secs(10), run.events()).await;
    assert_eq!(kinds(&whole.unwrap()).last(), Some(&"run_complete"));
    let events = run.judge_events().await;
    let ends = kinds(&events)
        .into_iter()
        .filter(|kind| *kind == "agent_complete");
    assert_eq!(ends.count(), 2, "both are in the judge's stream");
    let said = run.judgement().await;
    assert_eq!(
        (&said["stale"], &said["verdict"]),
        (&json!(false), &json!(null))
    );
    assert_eq!(said["judge"]["reason"], "JudgementUnusable");
}

#[tokio::test]
async fn runs_are_judged_unasked_where_the_operator_wants_it() {
    let test = TestApp::spawn_with(|config| {
        config.agents.judge_runs = true;
        config.agents.judge_model = Some("o3".to_owned());
    })
    .await;
    let run = test.printed(PATCHES).await;
    says(&test, &run.judge(), [1, 2, 2]).await;
    run.judge_events().await;
    let said = run.judgement().await;
    assert_eq!(said["judge"]["model"], "o3");
    assert_eq!(said["verdict"], "preferred");
}

#[tokio::test]
async fn what_cannot_be_judged_is_refused() {
    let test = TestApp::spawn_with(|config| {
        config.agents.models = vec!["local".parse().unwrap()];
    })
    .await;
    let (run, job) = test.running().await;
    let early = run.ask_for_judge(&json!({})).await;
    early.expect_problem(409, "not_ended");
    test.cluster.complete_pod(&job);
    run.events().await;
    let alone = run.ask_for_judge(&json!({})).await;
    alone.expect_problem(409, "nothing_to_compare");
    let model = run.ask_for_judge(&json!({"model": "other"})).await;
    model.expect_problem(422, "validation_failed");
    let judge = run.user.get(&run.path("/variations/255/logs")).await;
    judge.expect_problem(404, "not_found");
}
