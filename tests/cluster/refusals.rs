//! Requests that are refused, and start nothing.

use serde_json::{Value, json};

use crate::support::{Api, env, in_peace, nonce, sh};

/// What is wrong, the body, and the field that the answer names.
type Wrong = (&'static str, Value, &'static str);

fn wrong_repositories(prompt: &str) -> Vec<Wrong> {
    let repo = env("AIDEATOR_DEMO_REPO");
    let missing = repo.replace("parse-duration", "no-such-repository");
    assert_ne!(missing, repo);
    let with_password = repo.replace("://", "://a:b@");
    let urls = [
        ("no such repository", missing.as_str()),
        ("a host not allowed", "https://example.com/a/b"),
        (
            "the cluster's own API",
            "https://kubernetes.default.svc/api",
        ),
        ("a file", "file:///etc/passwd"),
        ("an option as a URL", "--upload-pack=id"),
        ("a password in the URL", &with_password),
    ];
    let refs = [
        ("no such ref", "no-such-branch"),
        ("no such commit", "0123456789012345678901234567890123456789"),
        ("an option as a ref", "--upload-pack=id"),
        ("a range as a ref", "main..v0-api"),
    ];
    let urls = urls.map(|(what, url)| {
        (
            what,
            json!({"github_url": url, "prompt": prompt}),
            "github_url",
        )
    });
    let refs = refs.map(|(what, name)| {
        (
            what,
            json!({"github_url": repo, "prompt": prompt, "ref": name}),
            "ref",
        )
    });
    urls.into_iter().chain(refs).collect()
}

fn wrong_fields(prompt: &str) -> Vec<Wrong> {
    let repo = env("AIDEATOR_DEMO_REPO");
    let count = |n: Value| json!({"github_url": repo, "prompt": prompt, "variations": n});
    let says = |prompt: &str| json!({"github_url": repo, "prompt": prompt});
    let long = format!("{prompt}{}", "x".repeat(16_000));
    vec![
        ("no variation", count(json!(0)), "variations"),
        ("six variations", count(json!(6)), "variations"),
        ("half a variation", count(json!(1.5)), "variations"),
        ("a short prompt", says("  short  "), "prompt"),
        ("a long prompt", says(&long), "prompt"),
        ("NUL", says(&format!("{prompt}\0")), "prompt"),
        ("no prompt", json!({"github_url": repo}), "prompt"),
        ("no repository", json!({"prompt": prompt}), "github_url"),
        (
            "an unknown field",
            json!({"github_url": repo, "prompt": prompt, "variation": 3}),
            "variation",
        ),
    ]
}

#[tokio::test]
async fn a_wrong_request_is_refused_with_the_field_at_fault_and_starts_nothing() {
    let _peace = in_peace().await;
    let (api, mark) = (Api::stranger().await, nonce());
    let prompt = format!("A request that must be refused: {mark}");
    let wrong = wrong_repositories(&prompt).into_iter();
    for (what, body, field) in wrong.chain(wrong_fields(&prompt)) {
        let reply = api.post("/runs", &body).await;
        assert_eq!(reply.status, 422, "{what}");
        let problem = reply.json();
        assert_eq!(problem["code"], "validation_failed", "{what}: {problem}");
        // A missing field is a problem of the object that lacks it, named in the message.
        let named = problem["errors"].as_array().unwrap().iter().any(|error| {
            error["loc"] == json!(["body", field])
                || error["loc"] == json!(["body"]) && error["msg"].as_str().unwrap().contains(field)
        });
        assert!(named, "{what}: {problem}");
    }
    for broken in [
        format!("{{\"prompt\": \"{prompt}\""),
        prompt.clone(),
        String::new(),
    ] {
        let problem = api.post_text("/runs", broken).await.expect(400).json();
        assert_eq!(problem["code"], "bad_request", "{problem}");
    }
    let good = json!({"github_url": env("AIDEATOR_DEMO_REPO"), "prompt": prompt});
    let wrong_keys = [
        "aid_sk_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG",
        "x",
        "a.b.c",
    ];
    let keys = wrong_keys.iter().map(|key| Some((*key).to_owned()));
    for key in keys.chain([None]) {
        let problem = Api::with_key(key)
            .post("/runs", &good)
            .await
            .expect(401)
            .json();
        assert_eq!(problem["code"], "unauthorized", "{problem}");
    }

    assert_eq!(api.get("/runs").await.expect(200).json()["total"], 0);
    // Every run's prompt is in its Secret: none of these is.
    let prompts = "kubectl get secrets -l app.kubernetes.io/name=aideator-agent \
        -o jsonpath='{range .items[*]}{.data.prompt\\.txt}{\"\\n\"}{end}' | while read -r prompt; do base64 -d <<<$prompt; echo; done";
    let prompts = String::from_utf8(sh(prompts).await).unwrap();
    assert!(!prompts.contains(&mark));
}

#[tokio::test]
async fn a_run_of_somebody_else_is_not_there() {
    let _peace = in_peace().await;
    let (owner, other) = (Api::operator(), Api::stranger().await);
    let id = owner.start("[[scripted: say lines=3]]", 1, json!({})).await;
    let select = json!({"winning_variation_id": 0});
    let run = format!("/runs/{id}");
    let answers = [
        other.get(&run).await,
        other.get(&format!("{run}/stream")).await,
        other.get(&format!("{run}/commands")).await,
        other.get(&format!("{run}/variations/0/logs")).await,
        other.get(&format!("{run}/variations/0/patch")).await,
        other.get(&format!("{run}/variations/0/verify")).await,
        other.post(&format!("{run}/select"), &select).await,
        other.post(&format!("{run}/cancel"), &Value::Null).await,
        other
            .post(&format!("{run}/variations/0/cancel"), &Value::Null)
            .await,
        other.delete(&run).await,
    ];
    for answer in answers {
        let problem = answer.expect(404).json();
        assert_eq!(problem["code"], "not_found");
        assert_eq!(problem["detail"], format!("there is no run `{id}`"));
    }
    assert_eq!(other.get("/runs").await.expect(200).json()["total"], 0);
    assert_eq!(
        owner.run(&id).await["variations"][0]["cancel_requested"],
        false
    );
}
