//! Private repositories and keys of users' own: what goes in comes out in one place only.

use aideator::config::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::{Call, Client, Reply, Run, TOKEN, TestApp};

const PROVIDER_KEY: &str = "sk-canary-4f1c";

impl TestApp {
    /// A repository that only `me` with [`TOKEN`] can read.
    fn private_repo(&self) -> String {
        self.repo.replace("hello.git", "private.git")
    }

    fn git_host(&self) -> String {
        self.repo.replace("/hello.git", "")
    }

    fn git_credential(&self) -> Value {
        json!({"kind": "git", "host": self.git_host(), "username": "me", "token": TOKEN})
    }

    /// A user's run on the private repository, accepted, with one Job.
    async fn private_run(&self, user: &Client, more: Value) -> Run {
        let mut request = self.run_request(1);
        request["github_url"] = self.private_repo().into();
        let more = more.as_object().cloned().unwrap_or_default();
        request.as_object_mut().unwrap().extend(more);
        let accepted = user.post("/api/v1/runs", &request).await.expect(202).json();
        let job = &accepted["variations"][0]["job_name"];
        let run = Run {
            user: user.clone(),
            id: accepted["run_id"].as_str().unwrap().to_owned(),
            jobs: vec![job.as_str().unwrap().to_owned()],
        };
        self.cluster.has_job(&run.jobs[0]).await;
        run
    }

    /// The objects that were applied last, by kind and name.
    fn applied(&self, kind: &str, name: &str) -> Value {
        let manifest = self.cluster.manifests().pop().unwrap();
        let mut all = serde_yaml::Deserializer::from_str(&manifest)
            .map(|document| <Value as serde::Deserialize>::deserialize(document).unwrap());
        let object = all.find(|it| it["kind"] == kind && it["metadata"]["name"] == name);
        object.unwrap_or_else(|| panic!("no {kind} {name} in {manifest}"))
    }
}

impl Run {
    fn keys(&self) -> String {
        format!("agent-{}-keys", self.id)
    }
}

fn plain(secret: &Value, key: &str) -> String {
    let text = secret["data"][key].as_str().unwrap();
    String::from_utf8(STANDARD.decode(text).unwrap()).unwrap()
}

async fn store(user: &Client, credential: &Value) -> Reply {
    user.post("/api/v1/credentials", credential).await
}

#[tokio::test]
async fn a_stored_credential_opens_a_private_repository_and_shows_in_one_secret_only() {
    let test = TestApp::spawn().await;
    let user = test.user("a@example.com").await;
    let check = format!("/api/v1/repos/check?url={}", test.private_repo());
    let closed = user
        .get(&check)
        .await
        .expect_problem(422, "validation_failed");
    assert!(closed.body.contains("store one for its host"), "{closed:?}");

    store(&user, &test.git_credential()).await.expect(201);
    let provider = json!({"kind": "provider", "token": PROVIDER_KEY});
    let stored = store(&user, &provider).await.expect(201).json();
    assert_eq!(
        (&stored["kind"], &stored["host"], &stored["last_used_at"]),
        (&json!("provider"), &json!(null), &json!(null))
    );
    assert_eq!(user.get(&check).await.expect(200).json()["private"], true);
    let public = format!("/api/v1/repos/check?url={}", test.repo);
    let public = user.get(&public).await.expect(200).json();
    assert_eq!(public["private"], false, "nobody needs a token there");

    let run = test.private_run(&user, json!({})).await;
    let uses = json!({"git_credential": true, "provider_key": true});
    assert_eq!(run.show().await["uses"], uses);
    let secret = test.applied("Secret", &run.keys());
    let host = test.git_host().replace("http://", "");
    assert_eq!(
        plain(&secret, "git-credential"),
        format!("protocol=http\nhost={host}\nusername=me\npassword={TOKEN}\n")
    );
    assert_eq!(plain(&secret, "provider-key"), PROVIDER_KEY);
    let pod = &test.applied("Job", &run.jobs[0])["spec"]["template"]["spec"];
    let mounts = |container: &Value| container["volumeMounts"].to_string().contains("\"git\"");
    assert!(mounts(&pod["initContainers"][0]) && !mounts(&pod["containers"][0]));
    let env = pod["containers"][0]["env"].as_array().unwrap();
    let key = env
        .iter()
        .find(|it| it["name"] == "OPENAI_API_KEY")
        .unwrap();
    assert_eq!(
        key["valueFrom"]["secretKeyRef"],
        json!({"name": run.keys(), "key": "provider-key"})
    );

    // With its run it ends, before the Job that stays to be looked at.
    test.cluster.run_pod(&run.jobs[0]);
    test.cluster.complete_pod(&run.jobs[0]);
    let told = run.events().await;
    let gone = format!("delete secret {} ", run.keys());
    test.cluster
        .called(1, |call| call.line().starts_with(&gone))
        .await;

    let mut shown: Vec<String> = test.cluster.calls().iter().map(Call::line).collect();
    for event in told {
        shown.push(event.data.to_string());
    }
    for path in ["", "/commands", "/script", "/stream", "/bundle"] {
        shown.push(user.get(&run.path(path)).await.expect(200).body);
    }
    shown.push(user.get("/api/v1/credentials").await.expect(200).body);
    shown.push(String::from_utf8_lossy(&test.files()).into_owned());
    for text in shown {
        for canary in [TOKEN, PROVIDER_KEY] {
            assert!(!text.contains(canary), "{canary} in {text}");
            // Bare, and with a user name before it.
            let encoded = STANDARD.encode(canary);
            assert!(!text.contains(encoded.trim_end_matches('=')), "{text}");
        }
        assert!(!text.contains("bWU6Z2hwLWNhbmFyeS"), "{text}");
        assert!(!text.contains(secret["data"]["git-credential"].as_str().unwrap()));
    }
}

#[tokio::test]
async fn a_credential_of_one_run_goes_with_its_end() {
    let test = TestApp::spawn().await;
    let user = test.user("a@example.com").await;
    let given = |token: &str| json!({"git_credential": {"username": "me", "token": token}});
    let mut request = test.run_request(1);
    request["github_url"] = test.private_repo().into();
    request["git_credential"] = given("wrong")["git_credential"].clone();
    let wrong = user.post("/api/v1/runs", &request).await;
    let wrong = wrong.expect_problem(422, "validation_failed").body;
    assert!(wrong.contains("does not give it to me"), "{wrong}");

    let run = test.private_run(&user, given(TOKEN)).await;
    let list = user.get("/api/v1/credentials").await.expect(200).json();
    assert_eq!(list, json!([]), "it is for this run only");
    test.cluster.run_pod(&run.jobs[0]);
    test.cluster.end_pod(&run.jobs[0], 1, "Error", "");
    run.events().await;

    let retry = run.path("/variations/0/retry");
    let gone = user.post(&retry, &json!({})).await;
    gone.expect_problem(409, "credential_gone");
    store(&user, &test.git_credential()).await.expect(201);
    user.post(&retry, &json!({})).await.expect(202);
    let job = format!("{}-r1", run.jobs[0]);
    test.cluster.has_job(&job).await;
    let secret = test.applied("Secret", &format!("{job}-keys"));
    assert!(plain(&secret, "git-credential").contains(TOKEN));
}

#[tokio::test]
async fn another_secret_key_is_told_and_not_guessed_at() {
    let test = TestApp::spawn().await;
    let user = test.user("a@example.com").await;
    store(&user, &test.git_credential()).await.expect(201);
    let run = test.private_run(&user, json!({})).await;
    let mut stopped = test.stop().await;
    stopped.config.auth.secret_key = Secret::new("another-secret-key-of-32-characters");
    let test = stopped.start().await;
    // Sessions ended with the key, too.
    let account = json!({"email": "a@example.com", "password": "TestPass123"});
    let login = test.anonymous().post("/api/v1/auth/login", &account).await;
    let token = login.expect(200).json()["access_token"].clone();
    let bearer = format!("Bearer {}", token.as_str().unwrap());
    let user = test.anonymous().with_header("authorization", &bearer);
    let list = user.get("/api/v1/credentials").await.expect(200).json();
    assert_eq!(list[0]["readable"], false);
    let mut request = test.run_request(1);
    request["github_url"] = test.private_repo().into();
    let refused = user.post("/api/v1/runs", &request).await;
    refused.expect_problem(409, "credential_unreadable");

    // Stored again, it takes the other one's place.
    store(&user, &test.git_credential()).await.expect(201);
    let list = user.get("/api/v1/credentials").await.expect(200).json();
    assert_eq!(
        (list.as_array().unwrap().len(), &list[0]["readable"]),
        (1, &json!(true))
    );
    user.post("/api/v1/runs", &request).await.expect(202);
    drop(run);
}

#[tokio::test]
async fn credentials_are_their_owners_and_for_allowed_hosts() {
    let test = TestApp::spawn().await;
    let user = test.user("a@example.com").await;
    let stored = store(&user, &test.git_credential())
        .await
        .expect(201)
        .json();
    let path = format!("/api/v1/credentials/{}", stored["id"].as_str().unwrap());
    let other = test.user("b@example.com").await;
    let list = other.get("/api/v1/credentials").await.expect(200).json();
    assert_eq!(list, json!([]));
    other.delete(&path).await.expect_problem(404, "not_found");
    let mut request = test.run_request(1);
    request["github_url"] = test.private_repo().into();
    let refused = other.post("/api/v1/runs", &request).await;
    refused.expect_problem(422, "validation_failed");

    let key = user
        .post("/api/v1/auth/api-keys", &json!({"name": "k"}))
        .await;
    let key = key.expect(201).json()["api_key"].clone();
    let program = test
        .anonymous()
        .with_header("x-api-key", key.as_str().unwrap());
    let refused = program.get("/api/v1/credentials").await;
    refused.expect_problem(403, "forbidden");
    let refused = store(&program, &test.git_credential()).await;
    refused.expect_problem(403, "forbidden");

    for (field, value) in [
        ("host", json!("evil.example")),
        ("host", json!("github.com/octocat")),
        ("host", json!(null)),
        ("username", json!("a:b")),
        ("token", json!("")),
        ("token", json!("two words")),
        ("token", json!("line\nend")),
    ] {
        let mut wrong = test.git_credential();
        wrong[field] = value;
        let problem = store(&user, &wrong).await;
        let problem = problem.expect_problem(422, "validation_failed").json();
        assert_eq!(problem["errors"][0]["loc"][1], field, "{problem}");
        assert!(!problem.to_string().contains("two words"));
    }
    user.delete(&path).await.expect(204);
    let gone = user.post("/api/v1/runs", &request).await;
    gone.expect_problem(422, "validation_failed");
}
