//! From a run to YAML.

use std::fmt::Write as _;

use handlebars::{Context, Handlebars, Helper, HelperResult, Output, RenderContext, RenderError};
use serde::Serialize;
use serde_json::{Map, Value};

use super::secret::{
    PROVIDER_KEY, SecretContext, config_key, keys_context, keys_secret_name, redact,
    secret_context, secret_name,
};
use super::{TemplateError, check};
use crate::config::Agents;
use crate::credentials::RunKeys;
use crate::kubectl::Manifest;
use crate::model::{PUBLISHER, Run, VariationKey, job_name};

const JOB: &str = include_str!("../../templates/job.yaml.hbs");
const SECRET: &str = include_str!("../../templates/secret.yaml.hbs");

/// Seconds between the pod's deadline and the Job's: the grace period and a margin.
const JOB_DEADLINE_MARGIN: u64 = 90;
/// Seconds between the agent's own limit and the pod's deadline: time to print the patch.
const POD_DEADLINE_MARGIN: u64 = 60;
/// Seconds for a clone that comes before the agent, and so before its own limit begins.
const CLONE_DEADLINE: u64 = 600;

/// All templates, read and checked once.
#[derive(Debug, Clone)]
pub struct Templates(Handlebars<'static>);

/// The manifest of (some variations of) a run.
#[derive(Debug, Clone)]
pub struct RunManifest {
    /// For `kubectl apply`.
    pub manifest: Manifest,
    /// The Secrets that these Jobs mount.
    pub secrets: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct JobContext {
    pub(super) name: String,
    pub(super) instance: String,
    pub(super) run_id: String,
    pub(super) variation_id: String,
    pub(super) attempt: String,
    pub(super) repo_url: String,
    pub(super) base_sha: String,
    pub(super) job_deadline_seconds: u64,
    pub(super) pod_deadline_seconds: u64,
    pub(super) image: String,
    pub(super) image_pull_policy: String,
    pub(super) env: Vec<EnvVar>,
    /// Where the key for the model's provider is; not given to who asks no model.
    pub(super) provider_secret: Option<String>,
    pub(super) provider_key: String,
    /// The container itself has the git credential: nothing of a model runs in it.
    pub(super) publishes: bool,
    pub(super) git_volume: bool,
    /// Given where the repository is cloned with a credential, by a container of its own.
    pub(super) clone_image: Option<String>,
    pub(super) keys_secret_name: String,
    pub(super) cpu_request: String,
    pub(super) cpu_limit: String,
    pub(super) memory_request: String,
    pub(super) memory_limit: String,
    pub(super) placement: Map<String, Value>,
    pub(super) queue: Option<String>,
    pub(super) secret_name: String,
    pub(super) config_key: String,
}

#[derive(Serialize)]
pub(super) struct EnvVar {
    pub(super) name: &'static str,
    pub(super) value: String,
}

impl Templates {
    /// Reads all templates.
    pub fn new() -> Result<Self, TemplateError> {
        let mut registry = Handlebars::new();
        registry.set_strict_mode(true);
        registry.register_escape_fn(handlebars::no_escape);
        registry.register_helper("json", Box::new(json_helper));
        for (name, text) in [("job", JOB), ("secret", SECRET)] {
            registry
                .register_template_string(name, text)
                .map_err(|source| TemplateError::Syntax {
                    name,
                    source: Box::new(source),
                })?;
        }
        Ok(Self(registry))
    }

    /// The manifest of a run: a Secret, one more where the run has `keys`, and the Jobs of these
    /// attempts, which must share them ([`secret_name`]).
    pub fn run(
        &self,
        agents: &Agents,
        run: &Run,
        variations: &[VariationKey],
        keys: &RunKeys,
    ) -> Result<RunManifest, TemplateError> {
        let input = secret_context(agents, run, variations)?;
        let keys_secret = keys_context(&input, keys);
        let (mut yaml, mut redacted, mut secrets) = (String::new(), String::new(), Vec::new());
        for secret in [Some(input), keys_secret].into_iter().flatten() {
            let text = self.render("secret", &secret)?;
            check::secret(&text, &secret)?;
            let hidden = SecretContext {
                files: secret.files.iter().map(redact).collect(),
                ..secret
            };
            if !secrets.is_empty() {
                yaml.push_str("---\n");
                redacted.push_str("---\n");
            }
            yaml.push_str(&text);
            redacted.push_str(&self.render("secret", &hidden)?);
            secrets.push(hidden.name);
        }
        for key in variations {
            let job = job_context(agents, run, *key, keys);
            let text = self.render("job", &job)?;
            check::job(&text, &job)?;
            for all in [&mut yaml, &mut redacted] {
                all.push_str("---\n");
                all.push_str(&text);
            }
        }
        Ok(RunManifest {
            manifest: Manifest { yaml, redacted },
            secrets,
        })
    }

    fn render(&self, name: &str, context: &impl Serialize) -> Result<String, TemplateError> {
        Ok(self.0.render(name, context).map_err(Box::new)?)
    }
}

fn job_context(agents: &Agents, run: &Run, key: VariationKey, keys: &RunKeys) -> JobContext {
    let variation = run
        .current()
        .find(|variation| variation.key.index == key.index);
    let config = variation.map(|variation| &variation.config);
    let image = variation.and_then(|variation| variation.image.as_ref());
    let timeout = config
        .and_then(|config| config.limits.timeout_seconds)
        .unwrap_or(agents.timeout_seconds);
    let model = config
        .and_then(|config| config.model.clone())
        .unwrap_or_else(|| agents.default_model.clone());
    let publishes = key.index == PUBLISHER;
    // Not the variation's image, which may be anybody's.
    let clone_image = keys.git.as_ref().map(|_| agents.image.clone());
    let clone_image = clone_image.filter(|_| !publishes);
    let clone_seconds = clone_image.as_ref().map_or(0, |_| CLONE_DEADLINE);
    let pod_deadline_seconds = clone_seconds + timeout + POD_DEADLINE_MARGIN;
    let keys_secret_name = keys_secret_name(key);
    let (provider_secret, provider_key) = match &keys.provider {
        Some(_) => (keys_secret_name.clone(), PROVIDER_KEY),
        None => (agents.openai_secret_name.clone(), "api-key"),
    };
    let mut env = vec![
        ("RUN_ID", run.id.to_string()),
        ("VARIATION_ID", key.index.to_string()),
        ("REPO_URL", run.repo_url.clone()),
        ("BASE_SHA", run.base_sha.clone()),
        ("MODEL", model),
        ("LOG_LEVEL", "info".to_owned()),
    ];
    if let Some(url) = &agents.openai_base_url {
        // Without the trailing slash that a parsed URL may have: clients append `/chat/completions`.
        env.push((
            "OPENAI_BASE_URL",
            url.as_str().trim_end_matches('/').to_owned(),
        ));
    }
    JobContext {
        name: job_name(run.id, key.index, key.attempt),
        instance: agents.instance.clone(),
        run_id: run.id.to_string(),
        variation_id: key.index.to_string(),
        attempt: key.attempt.to_string(),
        repo_url: run.repo_url.clone(),
        base_sha: run.base_sha.clone(),
        job_deadline_seconds: pod_deadline_seconds + JOB_DEADLINE_MARGIN,
        pod_deadline_seconds,
        image: image.unwrap_or(&agents.image).clone(),
        image_pull_policy: agents.image_pull_policy.as_str().to_owned(),
        env: env
            .into_iter()
            .map(|(name, value)| EnvVar { name, value })
            .collect(),
        provider_secret: Some(provider_secret).filter(|_| !publishes),
        provider_key: provider_key.to_owned(),
        git_volume: publishes || clone_image.is_some(),
        publishes,
        clone_image,
        keys_secret_name,
        cpu_request: agents.cpu_request.clone(),
        cpu_limit: agents.cpu_limit.clone(),
        memory_request: agents.memory_request.clone(),
        memory_limit: agents.memory_limit.clone(),
        placement: agents.placement.0.clone(),
        queue: agents.kueue_queue.clone(),
        secret_name: secret_name(key),
        config_key: config_key(key.index),
    }
}

/// `{{json value}}`: the value as JSON that YAML reads alike; a string is double-quoted.
fn json_helper(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let value = helper.param(0).ok_or_else(|| {
        RenderError::from(handlebars::RenderErrorReason::Other(
            "the json helper takes one value".to_owned(),
        ))
    })?;
    out.write(&quote(value.value()))?;
    Ok(())
}

/// JSON, with those characters escaped too that JSON allows and YAML does not
/// (YAML 1.2.2, production `c-printable`).
fn quote(value: &Value) -> String {
    let json = value.to_string();
    let mut quoted = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '\u{7f}'..='\u{9f}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}' => {
                // Writing to a String cannot fail.
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            other => quoted.push(other),
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_reads_back_every_character() {
        let hostile = "\" \\ ' {{x}} ${y} $(id)\n---\n\u{1}\u{7f}\u{85}\u{9f}\u{2028}\u{feff}\u{ffff}😀\t: - # &a *a !t |\r\n";
        let all: String = (1..=0x10_ffff).filter_map(char::from_u32).collect();
        for text in [hostile, all.as_str()] {
            let read: String = serde_yaml::from_str(&quote(&text.into())).unwrap();
            assert!(read == text);
        }
    }
}
