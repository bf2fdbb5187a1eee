//! Reads rendered manifests back and compares them with what was meant.

use serde_json::{Value, json};

use super::TemplateError;
use super::render::{JobContext, SecretContext};

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
    env.push(
        json!({"name": "OPENAI_API_KEY", "valueFrom": {"secretKeyRef":
        {"name": meant.openai_secret_name, "key": "api-key"}}}),
    );
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
        compare(
            yaml,
            &[(&format!("/spec/template/spec/{field}"), value.clone())],
        )?;
    }
    let container = "/spec/template/spec/containers/0";
    let at = |path: &str| format!("{container}{path}");
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
            (
                &at("/resources"),
                json!({
                    "requests": {"cpu": meant.cpu_request, "memory": meant.memory_request},
                    "limits": {"cpu": meant.cpu_limit, "memory": meant.memory_limit},
                }),
            ),
            (
                &at("/securityContext"),
                json!({
                    "allowPrivilegeEscalation": false,
                    "readOnlyRootFilesystem": true,
                    "capabilities": {"drop": ["ALL"]},
                }),
            ),
            (
                "/spec/template/spec/volumes/0/secret/secretName",
                json!(meant.secret_name),
            ),
        ],
    )
}

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
        if found.pointer(place) != Some(value) {
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
