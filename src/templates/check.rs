//! Reads rendered manifests back and compares them with what was meant.

use serde_json::{Value, json};

use super::TemplateError;
use super::render::JobContext;
use super::secret::SecretContext;

/// Fails unless `yaml` is exactly the Secret that `meant` describes.
pub(super) fn secret(yaml: &str, meant: &SecretContext) -> Result<(), TemplateError> {
    let data: serde_json::Map<String, Value> = meant
        .files
        .iter()
        .map(|file| (file.name.clone(), json!(file.base64)))
        .collect();
    compare(
        yaml,
        &[
            ("/kind", json!("Secret")),
            ("/metadata/name", json!(meant.name)),
            (
                "/metadata/labels",
                json!({
                    "app.kubernetes.io/name": "aideator-agent",
                    "app.kubernetes.io/managed-by": "aideator",
                    "app.kubernetes.io/instance": meant.instance,
                    "aideator.dev/run-id": meant.run_id,
                }),
            ),
            ("/data", Value::Object(data)),
            ("/immutable", meant.immutable.then_some(true).into()),
        ],
    )
}

/// Fails unless `yaml` is one Job with exactly the names, labels, image, limits and environment of
/// `meant`, and the security settings that every agent must have.
pub(super) fn job(yaml: &str, meant: &JobContext) -> Result<(), TemplateError> {
    let mut env: Vec<Value> = meant
        .env
        .iter()
        .map(|var| json!({"name": var.name, "value": var.value}))
        .collect();
    if let Some(secret) = &meant.provider_secret {
        let key = json!({"secretKeyRef": {"name": secret, "key": meant.provider_key}});
        env.push(json!({"name": "OPENAI_API_KEY", "valueFrom": key}));
    }
    let labels = json!({
        "app.kubernetes.io/name": "aideator-agent",
        "app.kubernetes.io/managed-by": "aideator",
        "app.kubernetes.io/instance": meant.instance,
        "aideator.dev/run-id": meant.run_id,
        "aideator.dev/variation-id": meant.variation_id,
        "aideator.dev/attempt": meant.attempt,
    });
    let mut job_labels = labels.clone();
    if let Some(queue) = &meant.queue {
        job_labels["kueue.x-k8s.io/queue-name"] = json!(queue);
        compare(yaml, &[("/spec/suspend", json!(true))])?;
    }
    for (field, value) in &meant.placement {
        let path = format!("/spec/template/spec/{field}");
        compare(yaml, &[(&path, value.clone())])?;
    }
    let container = "/spec/template/spec/containers/0";
    let at = |path: &str| format!("{container}{path}");
    // The credential is in the container that clones, and in this one only where it publishes.
    let git = json!({"name": "git", "mountPath": "/run/aideator-git", "readOnly": true});
    let mut mounts = vec![json!({"name": "input", "mountPath": "/run/aideator", "readOnly": true})];
    mounts.extend(meant.publishes.then_some(git));
    mounts.push(json!({"name": "workspace", "mountPath": "/workspace"}));
    mounts.push(json!({"name": "tmp", "mountPath": "/tmp"}));
    let resources = json!({
        "requests": {"cpu": meant.cpu_request, "memory": meant.memory_request},
        "limits": {"cpu": meant.cpu_limit, "memory": meant.memory_limit},
    });
    let security = json!({
        "allowPrivilegeEscalation": false,
        "readOnlyRootFilesystem": true,
        "capabilities": {"drop": ["ALL"]},
    });
    compare(
        yaml,
        &[
            ("/kind", json!("Job")),
            ("/metadata/name", json!(meant.name)),
            ("/metadata/labels", job_labels),
            ("/spec/template/metadata/labels", labels),
            (
                "/spec/activeDeadlineSeconds",
                json!(meant.job_deadline_seconds),
            ),
            (
                "/spec/template/spec/activeDeadlineSeconds",
                json!(meant.pod_deadline_seconds),
            ),
            (
                "/spec/template/spec/automountServiceAccountToken",
                json!(false),
            ),
            (&at("/image"), json!(meant.image)),
            (&at("/env"), Value::Array(env)),
            (&at("/resources"), resources.clone()),
            (&at("/securityContext"), security.clone()),
            (
                "/spec/template/spec/volumes/0/secret/secretName",
                json!(meant.secret_name),
            ),
            (&at("/volumeMounts"), Value::Array(mounts)),
            ("/spec/template/spec/containers/1", Value::Null),
            (
                "/spec/template/spec/initContainers",
                clone_container(meant, &resources, &security),
            ),
        ],
    )
}

/// The containers that come before the agent's.
fn clone_container(meant: &JobContext, resources: &Value, security: &Value) -> Value {
    let Some(image) = &meant.clone_image else {
        return Value::Null;
    };
    json!([{
        "name": "clone",
        "image": image,
        "imagePullPolicy": meant.image_pull_policy,
        "args": ["clone"],
        "securityContext": security,
        "env": [
            {"name": "REPO_URL", "value": meant.repo_url},
            {"name": "BASE_SHA", "value": meant.base_sha},
        ],
        "resources": resources,
        "volumeMounts": [
            {"name": "git", "mountPath": "/run/aideator-git", "readOnly": true},
            {"name": "workspace", "mountPath": "/workspace"},
            {"name": "tmp", "mountPath": "/tmp"},
        ],
    }])
}

/// `null` stands for what must not be there.
fn compare(yaml: &str, meant: &[(&str, Value)]) -> Result<(), TemplateError> {
    // A second document would be an object that nobody meant.
    let mut documents = serde_yaml::Deserializer::from_str(yaml);
    let first = documents
        .next()
        .ok_or_else(|| differs("the only document"))?;
    let found: Value = serde::Deserialize::deserialize(first)?;
    if documents.next().is_some() {
        return Err(differs("the end of the only document"));
    }
    for (place, value) in meant {
        if found.pointer(place).unwrap_or(&Value::Null) != value {
            return Err(differs(place));
        }
    }
    Ok(())
}

fn differs(place: &str) -> TemplateError {
    TemplateError::Differs {
        place: place.to_owned(),
    }
}
