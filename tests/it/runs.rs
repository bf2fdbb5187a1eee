//! Runs from their making to their list, and every command that they cost.

use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, Call, Client, Run, TestApp, kinds};

const RUNS: &str = "/api/v1/runs";

/// Replaces what differs from run to run.
fn plain(text: &str, test: &TestApp, run: &Run) -> String {
    text.replace(&run.id, "RUN").replace(&test.repo, "REPO")
}

async fn ended(test: &TestApp, user: &Client) -> Run {
    let run = test.start_run(user, 1).await;
    let job = &run.jobs[0];
    run.applied().await;
    test.cluster.run_pod(job);
    test.cluster.opened(job, 2).await; // Read, and now followed.
    test.cluster.print(job, b"hello");
    run.event(|event| event.kind == "agent_output").await;
    test.cluster.complete_pod(job);
    run.events().await;
    run
}

/// The glass box: these commands and this manifest are all that is ever done to a cluster.
#[tokio::test]
async fn a_run_is_these_commands() {
    let test = TestApp::spawn().await;
    let user = test.user("a@example.com").await;
    let run = ended(&test, &user).await;
    // Once more after the end: all entries of the journal are written when the server has stopped.
    let test = test.stop().await.start().await;
    let run = run.at(&test);

    let mut calls: Vec<String> = test.cluster.calls().iter().map(Call::line).collect();
    // A follow may end before the watch tells that the container did; then there is another.
    calls.retain(|line| !(line.starts_with("logs -f") && line.contains("--since-time")));
    calls.sort();
    calls.dedup();
    insta::assert_snapshot!("calls", plain(&calls.join("\n"), &test, &run));
    let manifest = &test.cluster.manifests()[0];
    insta::assert_snapshot!("manifest", plain(manifest, &test, &run));

    let told = run.user.get(&run.path("/commands")).await;
    let told = told.expect(200).json();
    let told = told["commands"].as_array().unwrap().clone();
    let (told, shared): (Vec<_>, Vec<_>) = told
        .into_iter()
        .partition(|command| command["scope"] == "run");
    for kind in ["jobs", "pods", "events"] {
        let watch = json!(["kubectl", "get", kind, "-w"]);
        let has = |command: &serde_json::Value| {
            command["argv"].as_array().unwrap()[..4] == watch.as_array().unwrap()[..]
        };
        assert!(shared.iter().any(has), "{kind}: {shared:#?}");
    }
    for command in &told {
        let words = command["argv"].as_array().unwrap().iter();
        let line: Vec<&str> = words.map(|word| word.as_str().unwrap()).collect();
        assert_eq!(line[0], "kubectl");
        let done = test
            .cluster
            .calls()
            .iter()
            .any(|call| call.line() == line[1..].join(" "));
        assert!(done, "{line:?}");
        assert_eq!(
            (&command["exit_code"], &command["stderr"]),
            (&json!(0), &json!(""))
        );
    }
    let of_run = calls.iter().filter(|line| line.contains(&run.id));
    assert!(
        told.len() > of_run.count(),
        "every call for the run, and the apply, which names none"
    );
    let shown = told[0]["stdin"].as_str().unwrap();
    insta::assert_snapshot!(
        "shown_secret",
        plain(shown.split("---").next().unwrap(), &test, &run)
    );
    assert_eq!(
        shown.split_once("---").unwrap().1,
        manifest.split_once("---").unwrap().1
    );
}

#[tokio::test]
async fn a_cluster_that_is_away_is_waited_for() {
    let test = TestApp::spawn().await;
    let user = test.user("a@example.com").await;
    test.cluster.set_away(true);
    let run = test.start_run(&user, 2).await;
    test.cluster.called(2, |call| call.verb() == "apply").await;
    assert_eq!(run.show().await["status"], "pending");
    test.cluster.set_away(false);
    for job in &run.jobs {
        test.cluster.has_job(job).await;
        test.cluster.run_pod(job);
        test.cluster.complete_pod(job);
    }
    let events = run.events().await;
    assert_eq!(events.last().unwrap().data["status"], "completed");
    assert_eq!(test.cluster.manifests().len(), 1);
}

/// An agent may end before the calls after its apply have: nothing is taken from it.
#[tokio::test]
async fn a_quick_agent_keeps_its_job() {
    let test = TestApp::spawn().await;
    let user = test.user("a@example.com").await;
    for _ in 0..2 {
        test.cluster.answer_once(
            "patch",
            Answer::fails("error: http2: client connection lost"),
        );
    }
    let run = test.start_run(&user, 1).await;
    let job = &run.jobs[0];
    test.cluster.has_job(job).await;
    test.cluster.run_pod(job);
    test.cluster.complete_pod(job);
    run.events().await;
    let patch = test.cluster.called(3, |call| call.verb() == "patch").await;
    assert!(
        patch.line().contains("\"kind\":\"Job\""),
        "{}",
        patch.line()
    );
    run.applied().await;
    assert_eq!(run.variation(0).await["status"], "succeeded");
    let stopped = test.stop().await;
    assert!(
        stopped.cluster.has("jobs", job),
        "its Job stays for operators to look at"
    );
}

#[tokio::test]
async fn a_refused_run_ends_and_says_what_to_do() {
    let test = TestApp::spawn().await;
    let user = test.user("a@example.com").await;
    let refusal =
        "Error from server (Forbidden): jobs.batch is forbidden: User \"x\" cannot patch resource";
    test.cluster.answer_once("apply", Answer::fails(refusal));
    let run = test.start_run(&user, 2).await;
    let events = run.events().await;
    assert_eq!(events.last().unwrap().data["status"], "failed");
    assert_eq!(
        kinds(&events)
            .iter()
            .filter(|kind| **kind == "agent_complete")
            .count(),
        2
    );
    let variation = run.variation(1).await;
    assert_eq!(
        (&variation["status"], &variation["reason"]),
        (&json!("failed"), &json!("ApplyFailed"))
    );
    assert!(
        variation["message"]
            .as_str()
            .unwrap()
            .contains("cannot patch resource")
    );
    assert!(
        variation["hint"]
            .as_str()
            .unwrap()
            .contains("kubectl auth can-i --list")
    );
    let applies = test
        .cluster
        .calls()
        .iter()
        .filter(|call| call.verb() == "apply")
        .count();
    assert_eq!(applies, 1, "what was refused is not tried again");
}

#[tokio::test]
async fn what_cannot_run_is_refused_before_anything_starts() {
    let test = TestApp::spawn().await;
    let user = test.user("a@example.com").await;
    let host = test.repo.trim_end_matches("/hello.git");
    for (field, value) in [
        ("github_url", json!(format!("{host}/nothing.git"))),
        (
            "github_url",
            json!("https://example.org/octocat/Hello-World"),
        ),
        ("github_url", json!("file:///etc/passwd")),
        ("ref", json!("no-such-branch")),
        ("ref", json!("--upload-pack=x")),
        ("variations", json!(0)),
        ("variations", json!(6)),
        ("prompt", json!("  too short  ")),
        ("prompt", json!("x".repeat(16_001))),
        ("prompt", json!("a NUL \0 in a prompt")),
        ("nonsense", json!(1)),
        ("variants", json!([])),
        ("agent_config", json!({"temperature": 2.1})),
        ("limits", json!({"timeout_seconds": 1})),
    ] {
        let mut request = test.run_request(2);
        request[field] = value.clone();
        let reply = user.post(RUNS, &request).await;
        let problem = reply.expect_problem(422, "validation_failed").json();
        let place = problem["errors"][0]["loc"].to_string();
        assert!(
            place.contains(field) || field == "nonsense",
            "{field} {value}: {problem}"
        );
    }
    for missing in ["github_url", "prompt"] {
        let mut request = test.run_request(2);
        request.as_object_mut().unwrap().remove(missing);
        user.post(RUNS, &request)
            .await
            .expect_problem(422, "validation_failed");
    }
    user.send(Method::POST, RUNS, Some("{".to_owned()))
        .await
        .expect_problem(400, "bad_request");
    test.anonymous()
        .post(RUNS, &test.run_request(1))
        .await
        .expect(401);
    assert_eq!(user.get(RUNS).await.expect(200).json()["total"], 0);
    assert!(test.cluster.calls().iter().all(|call| call.verb() == "get"));
}

/// Whatever characters: the agent gets the prompt, and the cluster gets no other object.
#[tokio::test]
async fn a_hostile_prompt_stays_a_prompt() {
    let test = TestApp::spawn().await;
    let user = test.user("a@example.com").await;
    let hostile = "\" \\ ' {{x}} {{{y}}} ${y} $(id) `id`\n---\nkind: Pod\n\u{1}\u{7f}\u{85}\u{2028}\u{feff}😀 %s \r\n...\n";
    let prompt = hostile.repeat(16_000 / hostile.chars().count());
    let mut request = test.run_request(2);
    request["prompt"] = json!(prompt);
    request["checks"] = json!(["echo '---' \"{{x}}\" $(id)"]);
    let reply = user.post(RUNS, &request).await.expect(202).json();
    test.cluster
        .has_job(reply["variations"][1]["job_name"].as_str().unwrap())
        .await;
    let manifest = test.cluster.manifests().remove(0);
    let documents: Vec<serde_json::Value> = serde_yaml::Deserializer::from_str(&manifest)
        .map(|document| serde::Deserialize::deserialize(document).unwrap())
        .collect();
    let kinds: Vec<&str> = documents
        .iter()
        .map(|d| d["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["Secret", "Job", "Job"]);
    let file = |name: &str| {
        use base64::Engine as _;
        let text = documents[0]["data"][name].as_str().unwrap();
        base64::engine::general_purpose::STANDARD
            .decode(text)
            .unwrap()
    };
    assert_eq!(
        String::from_utf8(file("prompt.txt")).unwrap(),
        prompt.trim()
    );
    let config: serde_json::Value = serde_json::from_slice(&file("config-1.json")).unwrap();
    assert_eq!(config["checks"], request["checks"]);
}

#[tokio::test]
async fn the_same_key_makes_the_same_run() {
    let test = TestApp::spawn().await;
    let user = test.user("a@example.com").await;
    let keyed = user.with_header("idempotency-key", "once");
    let request = test.run_request(1);
    let (one, two) = tokio::join!(keyed.post(RUNS, &request), keyed.post(RUNS, &request));
    let (one, two) = (one.expect(202).json(), two.expect(202).json());
    assert_eq!(one, two);
    assert_eq!(keyed.post(RUNS, &request).await.expect(202).json(), one);
    let mut changed = request.clone();
    changed["prompt"] = json!("Say goodbye in the README");
    let other = keyed.post(RUNS, &changed).await;
    other.expect_problem(422, "idempotency_mismatch");
    // Another user's key is another key.
    let other = test
        .user("b@example.com")
        .await
        .with_header("idempotency-key", "once");
    assert_ne!(other.post(RUNS, &request).await.expect(202).json(), one);
    assert_eq!(user.get(RUNS).await.json()["total"], 1);
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say() {
    let test = TestApp::spawn().await;
    let user = test.user("a@example.com").await;
    let run = test.start_run(&user, 1).await;
    let key = async |scope: &str| {
        let request = json!({"name": scope, "scopes": [scope]});
        let reply = user
            .post("/api/v1/auth/api-keys", &request)
            .await
            .expect(201)
            .json();
        test.anonymous()
            .with_header("x-api-key", reply["api_key"].as_str().unwrap())
    };
    let reader = key("runs:read").await;
    reader.get(&run.path("")).await.expect(200);
    reader.get(&run.path("/commands")).await.expect(200);
    reader.post(RUNS, &test.run_request(1)).await.expect(403);
    reader.delete(&run.path("")).await.expect(403);
    let maker = key("runs:create").await;
    maker.post(RUNS, &test.run_request(1)).await.expect(202);
    maker.get(RUNS).await.expect(403);
    maker.get(&run.path("/stream")).await.expect(403);
    // Nobody gives others what they have not.
    maker
        .post(&run.path("/shares"), &json!({}))
        .await
        .expect(403);
    let ender = key("runs:cancel").await;
    ender.get(&run.path("")).await.expect(403);
    let cancelled = ender.post(&run.path("/cancel"), &json!({})).await;
    assert_eq!(cancelled.expect(204).body, "");
    assert_eq!(
        run.events().await.last().unwrap().data["status"],
        "cancelled"
    );
}
