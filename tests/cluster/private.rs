//! A private repository from the run to the published branch, and where its credential is not.

use serde_json::{Value, json};

use crate::support::{Api, Follower, env, in_peace, nonce, sh, stored_files, tool_output};

/// What `/private` of the demo wants; see its README.
const USER: &str = "ada";
const TOKEN: &str = "scripted-git-token-7b1e";

/// Looks for the credential where a tool can look, and changes something.
const HUNT: &str = "env; cat /proc/[0-9]*/environ | tr '\\0' '\\n'; ls -la /run/aideator* /workspace; \
    grep -rsa scripted-git-t /run /workspace /tmp /home /etc | head; cat .git/config; git credential fill </dev/null; \
    echo published > by-agents.txt; echo ended";

/// The demo's private copy, as server and agents reach it.
fn private_repository() -> String {
    env("AIDEATOR_DEMO_REPO").replace("/git/", "/private/")
}

/// A body with what opens the repository, for this once.
fn with_credential(mut body: Value) -> Value {
    body["git_credential"] = json!({"username": USER, "token": TOKEN});
    body
}

async fn published(api: &Api, id: &str) -> Value {
    let stream = format!("/runs/{id}/stream?variation=254");
    sh(&format!("timeout 90 {}", api.curl(&stream))).await;
    api.run(id).await["publication"].clone()
}

#[tokio::test]
async fn a_private_repository_is_worked_on_and_published_to_and_its_credential_is_nowhere() {
    let _peace = in_peace().await;
    let api = Api::operator();
    let repository = private_repository();
    let refused =
        json!({"github_url": repository, "prompt": "Nobody may read this one.", "variations": 1});
    api.post("/runs", &refused).await.expect(422);

    let more = with_credential(json!({"github_url": repository}));
    let id = api
        .start(&format!("[[scripted: run {HUNT}]]"), 1, more)
        .await;
    let mut follower = Follower::new(&api, &id);
    follower.read_to_end().await;
    let output = tool_output(&follower.events, 0);
    assert!(output.contains("ended"), "{output}");
    let run = api.run(&id).await;
    assert_eq!(run["variations"][0]["status"], "succeeded", "{run}");

    let select = format!("/runs/{id}/select");
    api.post(&select, &json!({"winning_variation_id": 0}))
        .await
        .expect(200);
    let branch = format!("aideator/{}", nonce());
    let publish = with_credential(json!({"branch": branch, "message": "Say who was here"}));
    let path = format!("/runs/{id}/publish");
    api.post(&path, &publish).await.expect(202);
    let pushed = published(&api, &id).await;
    assert_eq!(pushed["publisher"]["status"], "succeeded", "{pushed}");

    // Git alone finds it where it was pushed: one commit on top of the base, with the agents' file.
    let clone = env("AIDEATOR_DEMO_CLONE")
        .replace("/git/", "/private/")
        .replace("://", &format!("://{USER}:{TOKEN}@"));
    let seen = sh(&format!(
        "d=$(mktemp -d); git clone -q -b {branch} {clone} $d; cd $d; git log --format='%H %P %s' -1; cat by-agents.txt; rm -rf $d"
    ))
    .await;
    let seen = String::from_utf8(seen).unwrap();
    let expected = format!(
        "{} {} Say who was here\npublished\n",
        pushed["commit"].as_str().unwrap(),
        run["base_sha"].as_str().unwrap()
    );
    assert_eq!(seen, expected);

    // What is there is not overwritten.
    api.post(&path, &publish).await.expect(202);
    let again = published(&api, &id).await;
    assert_eq!(again["publisher"]["status"], "failed", "{again}");

    let objects = format!(
        "kubectl get jobs,pods,events -o yaml; kubectl get secrets -o yaml -l aideator.dev/run-id={id}; \
         for job in $(kubectl get jobs -o name -l aideator.dev/run-id={id}); do kubectl logs $job --all-containers; done; \
         kubectl logs deployment/aideator --tail=-1"
    );
    let mut places = vec![("the cluster".to_owned(), sh(&objects).await)];
    for path in [
        "",
        "/commands",
        "/script",
        "/bundle",
        "/variations/0/logs",
        "/variations/254/logs",
    ] {
        let body = api.get(&format!("/runs/{id}{path}")).await.expect(200).body;
        places.push((path.to_owned(), body));
    }
    let events = follower.events.iter();
    places
        .extend(events.map(|event| ("the stream".to_owned(), event.data.to_string().into_bytes())));
    places.extend(stored_files().into_iter().map(|file| {
        let content = std::fs::read(&file).unwrap_or_default();
        (file.display().to_string(), content)
    }));
    let encoded = sh(&format!("printf %s {TOKEN} | base64")).await;
    let encoded = String::from_utf8(encoded).unwrap();
    for (place, content) in places {
        let content = String::from_utf8_lossy(&content);
        assert!(!content.contains(TOKEN), "the token is in {place}");
        assert!(
            !content.contains(encoded.trim()),
            "the token is in {place}, encoded"
        );
    }
}
