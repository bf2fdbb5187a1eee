//! What a run may be asked for: its fields and their limits.

use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;

use super::BaseRequest;
use super::spread::spread;

use crate::api::credentials::{check_token, check_username};
use crate::api::error::{ApiError, ApiResult, FieldError};
use crate::config::{Agents, Secret};
use crate::credentials::{ANY_USERNAME, GitAccess};
use crate::model::NewVariation;

const PROMPT: std::ops::RangeInclusive<usize> = 10..=16_000;
const MOST_CHECKS: usize = 10;
const LONGEST_TEXT: usize = 16_000;
const LONGEST_WORD: usize = 200;
const LONGEST_COMMAND: usize = 2000;

/// A run to be made. Nothing but the first two is required.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateRunRequest {
    /// An https URL on an allowed host. Required, except with `base`.
    #[serde(alias = "repo_url", default, skip_serializing_if = "String::is_empty")]
    #[schema(example = "https://github.com/octocat/Hello-World")]
    pub github_url: String,
    /// 10 to 16000 characters.
    #[schema(
        min_length = 10,
        max_length = 16000,
        example = "Add a README that says what this repository is for"
    )]
    pub prompt: String,
    /// Branch, tag or commit; the default branch unless given.
    #[schema(example = "main")]
    pub r#ref: Option<String>,
    /// 1 to 5, 3 unless given.
    #[schema(minimum = 1, maximum = 5, example = 3)]
    pub variations: Option<u8>,
    pub agent_config: Option<AgentConfig>,
    /// Settings of each variation; sets their number. Without them, variations differ by temperature
    /// and approach, and by model where the server offers several.
    #[schema(min_items = 1, max_items = 5)]
    pub variants: Option<Vec<Variant>>,
    /// Shell commands that are run after the work, as evidence.
    #[serde(default)]
    #[schema(max_items = 10, example = json!(["cargo test"]))]
    pub checks: Vec<String>,
    /// Run them at the base commit, too, before the work: did they fail there?
    #[serde(default)]
    pub checks_before: bool,
    pub limits: Option<RunLimits>,
    /// Opens a private repository, for this run only: the server forgets it when the run has ended.
    /// Credentials for all of your runs are stored at `/api/v1/credentials`.
    // Never written. `skip_serializing` says the same, but the OpenAPI file would not have the field then.
    #[serde(skip_serializing_if = "always", serialize_with = "nothing")]
    pub git_credential: Option<GitCredential>,
    /// Start from the result of an earlier run, on its repository and commit: `github_url` and `ref`
    /// are left out then. Patches are against that commit, too, so each of them is whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<BaseRequest>,
}

fn always<T>(_: &T) -> bool {
    true
}

fn nothing<T, S: Serializer>(_: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_none()
}

/// Access to the repository of a run.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GitCredential {
    /// `x-access-token` unless given, which suits tokens of GitHub, GitLab and Gitea.
    pub username: Option<String>,
    /// It is encrypted and never shown.
    #[schema(value_type = String, write_only)]
    pub token: Secret,
}

impl GitCredential {
    /// For repositories of this host.
    pub(crate) fn for_host(self, host: String) -> GitAccess {
        GitAccess {
            host,
            username: self.username.unwrap_or_else(|| ANY_USERNAME.to_owned()),
            token: self.token,
        }
    }

    pub(in crate::api) fn check(&self, path: &str) -> Vec<FieldError> {
        let mut errors = check_token(&format!("{path}.token"), &self.token);
        let username = self.username.as_deref();
        errors.extend(check_username(&format!("{path}.username"), username));
        errors
    }
}

/// Settings of all variations.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentConfig {
    #[schema(min_length = 1, max_length = 200, example = "openai/gpt-4o-mini")]
    pub model: Option<String>,
    /// 0 to 2; the same for all variations, instead of a spread.
    #[schema(minimum = 0, maximum = 2, example = 0.7)]
    pub temperature: Option<f64>,
    /// Of one answer of the model.
    #[schema(minimum = 1, example = 4096)]
    pub max_tokens: Option<u32>,
    #[schema(min_length = 1, max_length = 16000)]
    pub system_prompt: Option<String>,
    #[serde(default)]
    #[schema(max_items = 4)]
    pub stop_sequences: Vec<String>,
}

/// Settings of one variation, over those of all.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// One of `GET /api/v1/models`.
    #[schema(min_length = 1, max_length = 200, example = "openai/gpt-4o-mini")]
    pub model: Option<String>,
    #[schema(minimum = 0, maximum = 2, example = 0.3)]
    pub temperature: Option<f64>,
    /// What this variation is asked to do differently.
    #[schema(
        min_length = 1,
        max_length = 16000,
        example = "Make the smallest change that does the whole task."
    )]
    pub instructions: Option<String>,
    /// `builtin` unless given.
    pub engine: Option<EngineName>,
    /// The shell command that does the work, for the engine `command`.
    #[schema(min_length = 1, max_length = 2000)]
    pub command: Option<String>,
    /// One of the images in `GET /api/v1/models`; the server's own unless given.
    pub image: Option<String>,
}

/// Who does the work in an agent's container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EngineName {
    /// The agent's own loop of model calls and tools.
    Builtin,
    /// Another program in the image.
    Command,
    /// Nobody: results are compared. Only of a run's judge.
    Judge,
    /// Nobody: a result is pushed. Only of a run's publication.
    Publish,
}

/// Where each variation stops by itself, and where the server stops all of them.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunLimits {
    /// At least 10, and at most what the server allows.
    #[schema(minimum = 10, example = 900)]
    pub timeout_seconds: Option<u64>,
    #[schema(minimum = 1, example = 200_000)]
    pub max_total_tokens: Option<u64>,
    #[schema(exclusive_minimum = 0, example = 1.5)]
    pub max_cost_usd: Option<f64>,
    #[schema(minimum = 1, example = 50)]
    pub max_steps: Option<u32>,
    /// US dollars for all variations together, in all attempts: when they have spent it, what runs is
    /// cancelled (`budget_exceeded`) and its work kept. A cost that is not known is not counted.
    pub max_run_cost_usd: Option<f64>,
}

/// Collects what is wrong, so that all of it is told at once.
struct Problems(Vec<FieldError>);

impl Problems {
    fn unless(&mut self, fine: bool, path: &str, message: impl Into<String>) {
        if !fine {
            self.0.push(FieldError::body(path, message));
        }
    }

    fn text(&mut self, text: Option<&String>, longest: usize, path: &str) {
        let fine = text.is_none_or(|text| {
            (1..=longest).contains(&text.chars().count()) && !text.contains('\0')
        });
        self.unless(
            fine,
            path,
            format!("must have 1 to {longest} characters, none of them NUL"),
        );
    }

    fn model(&mut self, model: Option<&String>, agents: &Agents, path: &str) {
        self.text(model, LONGEST_WORD, path);
        let allowed = model.is_none_or(|model| agents.allows_model(model));
        let offered = agents.offered_models();
        let ids: Vec<&str> = offered.iter().map(|model| model.id.as_str()).collect();
        self.unless(allowed, path, format!("must be one of: {}", ids.join(", ")));
    }

    fn temperature(&mut self, temperature: Option<f64>, path: &str) {
        let fine = temperature.is_none_or(|t| (0.0..=2.0).contains(&t));
        self.unless(fine, path, "must be 0 to 2");
    }
}

/// Whether a request may name this model.
pub(crate) fn check_model(model: Option<&String>, agents: &Agents, path: &str) -> ApiResult<()> {
    let mut problems = Problems(Vec::new());
    problems.model(model, agents, path);
    if problems.0.is_empty() {
        Ok(())
    } else {
        Err(ApiError::unprocessable(problems.0))
    }
}

impl Variant {
    fn check(&self, agents: &Agents, path: &str, problems: &mut Problems) {
        let at = |field: &str| format!("{path}.{field}");
        problems.model(self.model.as_ref(), agents, &at("model"));
        let instructions = self.instructions.as_ref();
        problems.text(instructions, LONGEST_TEXT, &at("instructions"));
        problems.temperature(self.temperature, &at("temperature"));
        problems.text(self.command.as_ref(), LONGEST_COMMAND, &at("command"));
        problems.unless(
            !matches!(self.engine, Some(EngineName::Judge | EngineName::Publish)),
            &at("engine"),
            "must be builtin or command; a run is judged and published after its end",
        );
        let by_command = self.engine == Some(EngineName::Command);
        problems.unless(
            by_command == self.command.is_some(),
            &at("command"),
            "goes with the engine `command`, and that engine with it",
        );
        let mut images = agents.offered_images();
        let allowed = self
            .image
            .as_deref()
            .is_none_or(|image| images.any(|offered| offered == image));
        let images: Vec<&str> = agents.offered_images().collect();
        problems.unless(
            allowed,
            &at("image"),
            format!(
                "must be one of: {}; the server's operator allows others with AGENT_IMAGES",
                images.join(", ")
            ),
        );
    }
}

impl CreateRunRequest {
    /// Checks everything but the repository, and gives each variation its settings.
    pub fn check(&self, agents: &Agents) -> ApiResult<Vec<NewVariation>> {
        let mut problems = Problems(Vec::new());
        let length = self.prompt.trim().chars().count();
        problems.unless(
            PROMPT.contains(&length),
            "prompt",
            format!("must have 10 to 16000 characters, this one has {length}"),
        );
        problems.unless(
            !self.prompt.contains('\0'),
            "prompt",
            "must not contain NUL",
        );
        let most = agents.max_variations;
        if let Some(variants) = &self.variants {
            let fine = (1..=usize::from(most)).contains(&variants.len());
            problems.unless(fine, "variants", format!("must be 1 to {most}"));
            let agree = self
                .variations
                .is_none_or(|n| usize::from(n) == variants.len());
            problems.unless(
                agree,
                "variations",
                "must be the number of variants, or be left out",
            );
        }
        let fine = self.variations.is_none_or(|n| (1..=most).contains(&n));
        problems.unless(fine, "variations", format!("must be 1 to {most}"));
        self.check_config(agents, &mut problems);
        for (i, variant) in self.variants.iter().flatten().enumerate() {
            variant.check(agents, &format!("variants.{i}"), &mut problems);
        }
        self.check_limits(agents, &mut problems);
        let has_base = self.base.is_some();
        let has_url = !self.github_url.trim().is_empty();
        let message = if has_base {
            "is the base's own: leave it out"
        } else {
            "is required, unless there is a `base`"
        };
        problems.unless(has_url != has_base, "github_url", message);
        problems.unless(
            !(has_base && self.r#ref.is_some()),
            "ref",
            "is the base's own: leave it out",
        );
        if let Some(credential) = &self.git_credential {
            problems.0.extend(credential.check("git_credential"));
        }
        if problems.0.is_empty() {
            Ok(spread(self, agents))
        } else {
            Err(ApiError::unprocessable(problems.0))
        }
    }

    fn check_config(&self, agents: &Agents, problems: &mut Problems) {
        if let Some(config) = &self.agent_config {
            problems.model(config.model.as_ref(), agents, "agent_config.model");
            problems.text(
                config.system_prompt.as_ref(),
                LONGEST_TEXT,
                "agent_config.system_prompt",
            );
            problems.temperature(config.temperature, "agent_config.temperature");
            problems.unless(
                config.max_tokens != Some(0),
                "agent_config.max_tokens",
                "must be at least 1",
            );
            let stops = &config.stop_sequences;
            let fine =
                stops.len() <= 4 && stops.iter().all(|s| (1..=LONGEST_WORD).contains(&s.len()));
            problems.unless(
                fine,
                "agent_config.stop_sequences",
                "at most 4, each of 1 to 200 bytes",
            );
        }
        problems.unless(self.checks.len() <= MOST_CHECKS, "checks", "at most 10");
        for (i, check) in self.checks.iter().enumerate() {
            problems.text(Some(check), LONGEST_COMMAND, &format!("checks.{i}"));
        }
    }

    fn check_limits(&self, agents: &Agents, problems: &mut Problems) {
        let Some(limits) = &self.limits else {
            return;
        };
        let most = agents.timeout_seconds;
        let fine = limits
            .timeout_seconds
            .is_none_or(|seconds| (10..=most).contains(&seconds));
        problems.unless(
            fine,
            "limits.timeout_seconds",
            format!("must be 10 to {most}"),
        );
        problems.unless(
            limits.max_total_tokens != Some(0),
            "limits.max_total_tokens",
            "must be at least 1",
        );
        problems.unless(
            limits.max_steps != Some(0),
            "limits.max_steps",
            "must be at least 1",
        );
        for (name, cost) in [
            ("max_cost_usd", limits.max_cost_usd),
            ("max_run_cost_usd", limits.max_run_cost_usd),
        ] {
            let fine = cost.is_none_or(|cost| cost > 0.0 && cost.is_finite());
            problems.unless(fine, &format!("limits.{name}"), "must be more than 0");
        }
    }
}
