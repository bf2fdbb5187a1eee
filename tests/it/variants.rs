//! What each variation is given, and what it costs.

use serde_json::{Value, json};

use crate::support::{Client, Run, TestApp};

const RUNS: &str = "/api/v1/runs";

/// A run of this request, and what the cluster got for it.
async fn made(test: &TestApp, user: &Client, request: &Value) -> (Run, Vec<Value>) {
    let accepted = user.post(RUNS, request).await.expect(202).json();
    let variations = accepted["variations"].as_array().unwrap().iter();
    let jobs: Vec<String> = variations
        .map(|v| v["job_name"].as_str().unwrap().to_owned())
        .collect();
    test.cluster.has_job(jobs.last().unwrap()).await;
    let manifests = test.cluster.manifests();
    let manifest = serde_yaml::Deserializer::from_str(manifests.last().unwrap());
    let objects = manifest.map(|object| serde::Deserialize::deserialize(object).unwrap());
    let run = Run {
        user: user.clone(),
        id: accepted["run_id"].as_str().unwrap().to_owned(),
        jobs,
    };
    (run, objects.collect())
}

/// The settings that the agent of a variation reads.
fn config(objects: &[Value], index: usize) -> Value {
    use base64::Engine as _;
    let text = objects[0]["data"][format!("config-{index}.json")]
        .as_str()
        .unwrap();
    let bytes = base64::engine::general_purpose::STANDARD.decode(text);
    serde_json::from_slice(&bytes.unwrap()).unwrap()
}

fn image(job: &Value) -> &Value {
    &job["spec"]["template"]["spec"]["containers"][0]["image"]
}

#[tokio::test]
async fn each_variant_has_settings_of_its_own_and_they_are_shown() {
    let test = TestApp::spawn_with(|config| {
        config.agents.images = vec!["codex:1".to_owned()];
    })
    .await;
    let user = test.user("a@example.com").await;
    let mut request = test.run_request(2);
    request["agent_config"] = json!({"model": "gpt-4.1", "max_tokens": 100});
    request["checks"] = json!(["make test"]);
    request["checks_before"] = json!(true);
    request["limits"] = json!({"max_cost_usd": 1.5});
    request["variants"] = json!([
        {"model": "no-such-price", "temperature": 0.0, "instructions": "Use tabs."},
        {"engine": "command", "command": "codex exec - < \"$1\"", "image": "codex:1"},
    ]);
    let (run, objects) = made(&test, &user, &request).await;
    let shown = run.show().await;
    assert_eq!(shown["checks"], json!(["make test"]));
    assert_eq!(shown["checks_before"], true);
    assert_eq!(
        shown["limits"],
        json!({"timeout_seconds": 900, "max_total_tokens": null, "max_cost_usd": 1.5, "max_steps": null,
            "max_run_cost_usd": null})
    );
    let given = |index: usize| {
        let variation = &shown["variations"][index];
        let fields = [
            "model",
            "temperature",
            "instructions",
            "engine",
            "command",
            "image",
            "price",
            "max_tokens",
        ];
        let values = fields.map(|field| variation[field].clone());
        (Value::from(values.to_vec()), config(&objects, index))
    };
    let (first, config) = given(0);
    assert_eq!(
        first,
        json!([
            "no-such-price",
            0.0,
            "Use tabs.",
            "builtin",
            null,
            "aideator-agent:dev",
            null,
            100
        ])
    );
    assert_eq!(image(&objects[1]), "aideator-agent:dev");
    assert_eq!(config["instructions"], "Use tabs.");
    assert_eq!(config["checks_before"], true);
    assert_eq!(config["prices"], json!(null), "unknown is not 0");
    let (second, config) = given(1);
    let price = json!({"input": 2.0, "output": 8.0});
    assert_eq!(
        second,
        json!([
            "gpt-4.1",
            0.7,
            null,
            "command",
            "codex exec - < \"$1\"",
            "codex:1",
            price,
            100
        ])
    );
    assert_eq!(image(&objects[2]), "codex:1");
    assert_eq!(
        (&config["engine"], &config["command"], &config["prices"]),
        (&json!("command"), &second[4], &json!(null)),
        "the agent has the list prices itself"
    );
}

#[tokio::test]
async fn without_variants_they_differ_in_temperature_approach_and_model() {
    let test = TestApp::spawn_with(|config| {
        config.agents.default_model = "b".to_owned();
        config.agents.models = ["a|A", "b|B|1/2", "c"].map(|m| m.parse().unwrap()).into();
    })
    .await;
    let user = test.user("a@example.com").await;
    let list = |run: &Value, field: &str| -> Vec<Value> {
        let variations = run["variations"].as_array().unwrap();
        variations.iter().map(|v| v[field].clone()).collect()
    };
    let (run, _) = made(&test, &user, &test.run_request(5)).await;
    let run = run.show().await;
    assert_eq!(list(&run, "model"), ["b", "a", "c", "b", "a"]);
    assert_eq!(list(&run, "temperature"), [0.3, 0.7, 0.9, 0.5, 0.1]);
    let mut approaches = list(&run, "instructions");
    assert!(
        approaches
            .iter()
            .all(|text| text.as_str().unwrap().starts_with("Approach: "))
    );
    approaches.sort_by_key(Value::to_string);
    approaches.dedup();
    assert_eq!(approaches.len(), 5);

    let mut request = test.run_request(2);
    request["agent_config"] = json!({"model": "c", "temperature": 1.0});
    let (run, _) = made(&test, &user, &request).await;
    let run = run.show().await;
    assert_eq!(list(&run, "model"), ["c", "c"]);
    assert_eq!(list(&run, "temperature"), [1.0, 1.0]);

    let (run, _) = made(&test, &user, &test.run_request(1)).await;
    let alone = run.variation(0).await;
    assert_eq!(
        alone["instructions"],
        json!(null),
        "alone it differs from nobody"
    );
}

#[tokio::test]
async fn what_can_be_picked_is_listed_and_the_rest_is_refused() {
    let test = TestApp::spawn_with(|config| {
        config.agents.images = vec!["codex:1".to_owned()];
        config.agents.models = ["gpt-4.1|GPT 4.1|1/2", "local"]
            .map(|m| m.parse().unwrap())
            .into();
    })
    .await;
    let user = test.user("a@example.com").await;
    let models = user.get("/api/v1/models").await.expect(200).json();
    assert_eq!(
        models,
        json!({
            "models": [
                {"id": "openai/gpt-4o-mini", "label": "openai/gpt-4o-mini",
                 "price": {"input": 0.15, "output": 0.6}},
                {"id": "gpt-4.1", "label": "GPT 4.1", "price": {"input": 1.0, "output": 2.0}},
                {"id": "local", "label": "local", "price": null},
            ],
            "any_model": false,
            "engines": ["builtin", "command"],
            "images": ["aideator-agent:dev", "codex:1"],
        })
    );
    test.anonymous().get("/api/v1/models").await.expect(401);
    for (variant, place, says) in [
        (
            json!({"model": "gpt-5"}),
            "model",
            "openai/gpt-4o-mini, gpt-4.1, local",
        ),
        (json!({"temperature": 3}), "temperature", "0 to 2"),
        (json!({"instructions": ""}), "instructions", "1 to 16000"),
        (json!({"engine": "shell"}), "engine", "command"),
        (json!({"engine": "command"}), "command", "engine `command`"),
        (json!({"command": "true"}), "command", "engine `command`"),
        (
            json!({"image": "evil:latest"}),
            "image",
            "aideator-agent:dev, codex:1",
        ),
        (json!({"colour": "red"}), "colour", "unknown field"),
    ] {
        let mut request = test.run_request(2);
        request["variants"] = json!([{}, variant]);
        let reply = user.post(RUNS, &request).await;
        let problem = reply.expect_problem(422, "validation_failed").json();
        let error = &problem["errors"][0];
        assert_eq!(
            error["loc"],
            json!(["body", "variants", "1", place]),
            "{problem}"
        );
        assert!(error["msg"].as_str().unwrap().contains(says), "{problem}");
    }
    let mut request = test.run_request(1);
    request["agent_config"] = json!({"model": "gpt-5"});
    let reply = user.post(RUNS, &request).await;
    reply.expect_problem(422, "validation_failed");
    assert_eq!(user.get(RUNS).await.json()["total"], 0);
}

#[tokio::test]
async fn a_variation_costs_what_its_tokens_do_or_nobody_knows() {
    let test = TestApp::spawn().await;
    let user = test.user("a@example.com").await;
    let mut request = test.run_request(3);
    request["variants"] = json!([{"model": "gpt-4.1"}, {"model": "nobodys"}, {"model": "gpt-4.1"}]);
    let (run, _) = made(&test, &user, &request).await;
    run.applied().await;
    let usage = |cost: &str| {
        format!(
            r#"{{"v":1,"seq":1,"ts":"","type":"usage","input_tokens":500000,"output_tokens":250000{cost}}}"#
        )
    };
    let costs = ["", "", r#","cost_usd":0.5"#];
    for (job, cost) in run.jobs.iter().zip(costs) {
        test.cluster.run_pod(job);
        test.cluster.print(job, usage(cost).as_bytes());
        test.cluster.complete_pod(job);
    }
    run.events().await;
    let run = run.show().await;
    let costs: Vec<&Value> = (0..3).map(|i| &run["variations"][i]["cost_usd"]).collect();
    assert_eq!(costs, [&json!(3.0), &json!(null), &json!(0.5)]);
}

#[tokio::test]
async fn agents_run_where_the_operator_says_and_wait_in_his_queue() {
    let place = json!({"runtimeClassName": "gvisor", "nodeSelector": {"pool\"": "a: b\u{85}"},
        "tolerations": [{"key": "x", "tolerationSeconds": 5}], "imagePullSecrets": [{"name": "r"}]});
    let given = place.clone();
    let test = TestApp::spawn_with(move |config| {
        config.agents.placement = given.to_string().parse().unwrap();
        config.agents.kueue_queue = Some("team-a".to_owned());
    })
    .await;
    let user = test.user("a@example.com").await;
    let (_, objects) = made(&test, &user, &test.run_request(1)).await;
    let job = &objects[1];
    for (field, value) in place.as_object().unwrap() {
        assert_eq!(job["spec"]["template"]["spec"][field], *value);
    }
    assert_eq!(job["spec"]["suspend"], true);
    let queue = "kueue.x-k8s.io/queue-name";
    assert_eq!(job["metadata"]["labels"][queue], "team-a");
    // Else Kueue's integration with pods would count it twice.
    let pod = &job["spec"]["template"]["metadata"]["labels"];
    assert_eq!(pod.get(queue), None);
}
