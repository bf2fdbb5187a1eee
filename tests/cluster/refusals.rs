//! Requests that are refused, and start nothing.

use serde_json::{Value, json};

use crate::support::{Api, env, in_peace, nonce, sh};

/// What is wrong, the body, the field that the answer names.
fn wrong_bodies(prompt: &str) -> Vec<(&'static str, Value, &'static str)> {
    let repo = env("AIDEATOR_DEMO_REPO");
    let missing = repo.replace("parse-duration", "no-such-repository");
    assert_ne!(missing, repo);
    let body = |url: &str, more: Value| {
        let mut body = json!({"github_url": url, "prompt": prompt});
        let Value::Object(more) = more else {
            return body;
        };
        body.as_object_mut().unwrap().extend(more);
        body
    };
    vec![
        (
            "no such repository",
            body(&missing, json!({})),
            "github_url",
        ),
        (
            "no such ref",
            body(&repo, json!({"ref": "no-such-branch"})),
            "ref",
        ),
        (
            "an option as a ref",
            body(&repo, json!({"ref": "--upload-pack=id"})),
            "ref",
        ),
        (
            "a host not allowed",
            body("https://example.com/a/b", json!({})),
            "github_url",
        ),
        (
            "the cluster's API",
            body("https://kubernetes.default.svc/api", json!({})),
            "github_url",
        ),
        (
            "a file",
            body("file:///etc/passwd", json!({})),
            "github_url",
        ),
        (
            "an option as a URL",
            body("--upload-pack=id", json!({})),
            "github_url",
        ),
        (
            "a password in the URL",
            body(&repo.replace("://", "://a:b@"), json!({})),
            "github_url",
        ),
        (
            "no variation",
            body(&repo, json!({"variations": 0})),
            "variations",
        ),
        (
            "six variations",
            body(&repo, json!({"variations": 6})),
            "variations",
        ),
        (
            "half a variation",
            body(&repo, json!({"variations": 1.5})),
            "variations",
        ),
        (
            "a short prompt",
            json!({"github_url": repo, "prompt": "  short  "}),
            "prompt",
        ),
        (
            "a long prompt",
            json!({"github_url": repo, "prompt": format!("{prompt}{}", "x".repeat(16_000))}),
            "prompt",
        ),
        (
            "NUL",
            json!({"github_url": repo, "prompt": format!("{prompt}\0")}),
            "prompt",
        ),
        ("no prompt", json!({"github_url": repo}), "prompt"),
        ("no repository", json!({"prompt": prompt}), "github_url"),
        (
            "an unknown field",
            body(&repo, json!({"variation": 3})),
            "variation",
        ),
    ]
}

#[tokio::test]
async fn a_wrong_request_is_refused_with_the_field_at_fault_and_starts_nothing() {
    let _peace = in_peace().await;
    let (api, mark) = (Api::stranger().await, nonce());
    let prompt = format!("A request that must be refused: {mark}");
    for (what, body, field) in wrong_bodies(&prompt) {
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
