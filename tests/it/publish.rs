//! The picked result as a branch: a Job like any other, with the git credential and without the model's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::{Call, Run, TOKEN, TestApp, kinds};

const PATCHES: [&str; 2] = [
    "diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-two\n+2\n",
    "diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-two\n+zwei\n",
];

impl Run {
    fn publisher(&self) -> String {
        format!("agent-{}-publish", self.id)
    }

    async fn pick(&self, index: u8) {
        let pick = json!({"winning_variation_id": index});
        let picked = self.user.post(&self.path("/select"), &pick).await;
        picked.expect(200);
    }

    async fn publish(&self, body: &Value) -> crate::support::Reply {
        self.user.post(&self.path("/publish"), body).await
    }

    async fn publication(&self) -> Value {
        self.show().await["publication"].clone()
    }
}

/// The objects that were applied last, by kind.
fn applied(test: &TestApp) -> Vec<Value> {
    let manifest = test.cluster.manifests().pop().unwrap();
    serde_yaml::Deserializer::from_str(&manifest)
        .map(|document| serde::Deserialize::deserialize(document).unwrap())
        .collect()
}

fn plain(secret: &Value, key: &str) -> String {
    let text = secret["data"][key].as_str().unwrap();
    String::from_utf8(STANDARD.decode(text).unwrap()).unwrap()
}

fn request() -> Value {
    json!({"branch": "feature/x", "git_credential": {"username": "me", "token": TOKEN}})
}

/// The publisher runs, says that it has pushed, and ends.
async fn pushes(test: &TestApp, job: &str) {
    test.cluster.has_job(job).await;
    test.cluster.run_pod(job);
    for (seq, url) in [(1, json!(null)), (2, json!("https://forge.example/7"))] {
        let line = json!({"v": 1, "seq": seq, "ts": "", "type": "published", "branch": "feature/x",
            "commit": "c0ffee", "url": url});
        test.cluster.print(job, line.to_string().as_bytes());
    }
    test.cluster.complete_pod(job);
}

/// The patch and the task, the credential, and no key of a provider.
fn shows_what_a_publisher_gets(test: &TestApp) {
    let [input, keys, job] = applied(test).try_into().unwrap();
    let config: Value = serde_json::from_str(&plain(&input, "config-254.json")).unwrap();
    let task = &config["publish"];
    let patch = STANDARD.decode(task["patch"].as_str().unwrap()).unwrap();
    assert_eq!(String::from_utf8(patch).unwrap(), PATCHES[1]);
    assert_eq!(
        (
            &config["engine"],
            &task["branch"],
            &task["tree"],
            &task["author_email"]
        ),
        (
            &json!("publish"),
            &json!("feature/x"),
            &json!("4b825dc"),
            &json!("a@example.com")
        )
    );
    let message = task["message"].as_str().unwrap();
    assert!(
        message.starts_with("Say hello in the README\n\n"),
        "{message}"
    );
    assert!(plain(&keys, "git-credential").ends_with(&format!("username=me\npassword={TOKEN}\n")));
    let pod = &job["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    assert!(
        container["volumeMounts"]
            .to_string()
            .contains("/run/aideator-git")
    );
    assert_eq!(pod["initContainers"], json!(null));
    assert!(!container["env"].to_string().contains("OPENAI_API_KEY"));
}

#[tokio::test]
async fn a_picked_result_is_pushed_by_a_job_that_alone_has_the_credential() {
    let test = TestApp::spawn().await;
    let run = test.printed(PATCHES).await;
    let whole = run.events().await;
    let early = run.publish(&request()).await;
    early.expect_problem(409, "not_picked");
    run.pick(1).await;
    let closed = run.publish(&json!({"branch": "feature/x"})).await;
    closed.expect_problem(409, "credential_gone");

    run.publish(&request()).await.expect(202);
    let again = run.publish(&request()).await;
    again.expect_problem(409, "not_ended");
    test.cluster.has_job(&run.publisher()).await;
    shows_what_a_publisher_gets(&test);

    pushes(&test, &run.publisher()).await;
    let path = run.path("/stream?variation=254");
    let events = run.user.stream(&path, None).await.rest().await;
    assert_eq!(kinds(&events).last(), Some(&"agent_complete"));
    let shown = run.publication().await;
    assert_eq!(
        (
            &shown["publisher"]["status"],
            &shown["commit"],
            &shown["url"],
            &shown["variation_id"]
        ),
        (
            &json!("succeeded"),
            &json!("c0ffee"),
            &json!("https://forge.example/7"),
            &json!(1)
        )
    );
    assert_eq!(
        run.events().await,
        whole,
        "the run's own stream is what it was"
    );
    let log = run.path("/variations/254/logs?format=text");
    let log = run.user.get(&log).await.expect(200).body;
    assert!(
        log.contains("[published] feature/x at c0ffee https://forge.example/7"),
        "{log}"
    );

    // The credential was for this once.
    let gone = format!("delete secret {}-keys ", run.publisher());
    test.cluster
        .called(1, |call| call.line().starts_with(&gone))
        .await;
    let closed = run.publish(&json!({"branch": "feature/x"})).await;
    closed.expect_problem(409, "credential_gone");
    let calls: Vec<String> = test.cluster.calls().iter().map(Call::line).collect();
    for text in [
        calls.concat(),
        String::from_utf8_lossy(&test.files()).into_owned(),
    ] {
        assert!(
            !text.contains(TOKEN) && !text.contains("bWU6Z2hwLWNhbmFyeS"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_publication_goes_on_under_the_next_server_and_may_be_asked_again() {
    let test = TestApp::spawn().await;
    let run = test.printed(PATCHES).await;
    run.pick(0).await;
    run.publish(&request()).await.expect(202);
    test.cluster.has_job(&run.publisher()).await;
    let mut stopped = test.stop().await;
    let host = stopped.repo.split('/').nth(2).unwrap();
    stopped.config.agents.forges = format!("{host}=gitea").parse().unwrap();
    let test = stopped.start().await;
    let run = run.at(&test);
    test.cluster.run_pod(&run.publisher());
    test.cluster.end_pod(&run.publisher(), 1, "Error", "");
    let path = run.path("/stream?variation=254");
    run.user.stream(&path, None).await.rest().await;
    assert_eq!(run.publication().await["publisher"]["status"], "failed");

    let mut request = request();
    request["message"] = json!("Say 2\n\nIt was two.\n");
    request["pull_request"] = json!({"base": "main"});
    run.publish(&request).await.expect(202);
    let job = format!("{}-r1", run.publisher());
    test.cluster.has_job(&job).await;
    let input = applied(&test).swap_remove(0);
    let config: Value = serde_json::from_str(&plain(&input, "config-254.json")).unwrap();
    assert_eq!(
        config["publish"]["pull_request"],
        json!({"forge": "gitea", "title": "Say 2", "body": "It was two.", "base": "main"})
    );
    pushes(&test, &job).await;
    run.user.stream(&path, None).await.rest().await;
    assert_eq!(run.publication().await["commit"], "c0ffee");
}

#[tokio::test]
async fn what_cannot_be_published_is_refused() {
    let test = TestApp::spawn().await;
    let run = test.printed(PATCHES).await;
    run.pick(0).await;
    for (field, value) in [
        ("branch", json!("")),
        ("branch", json!("-f")),
        ("branch", json!("a..b")),
        ("branch", json!("a b")),
        ("branch", json!("x:refs/heads/main")),
        ("branch", json!("a/.b")),
        ("branch", json!("a.lock")),
        ("message", json!("")),
        ("author", json!({"name": "A <b>", "email": "a@example.com"})),
        ("git_credential", json!({"token": "two words"})),
        ("pull_request", json!({"title": "two\nlines"})),
        // The host of the repository is no forge that the server knows.
        ("pull_request", json!({})),
    ] {
        let mut wrong = request();
        wrong[field] = value;
        let problem = run.publish(&wrong).await;
        let problem = problem.expect_problem(422, "validation_failed").json();
        assert_eq!(problem["errors"][0]["loc"][1], field, "{problem}");
    }
    assert_eq!(run.publication().await, json!(null));
    let none = run.user.get(&run.path("/variations/254/logs")).await;
    none.expect_problem(404, "not_found");
}
