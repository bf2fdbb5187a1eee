//! Runs as the API shows them. Times are RFC 3339, UTC.

use aideator_agent::config::{Engine, Limits};
use serde::Serialize;
use utoipa::ToSchema;

use super::create::{BaseView, EngineName, FollowUpView};
use super::judge::JudgementView;
use super::publish::PublicationView;
use crate::api::models::PriceView;
use crate::clock::rfc3339;
use crate::model::{
    CheckResult, PatchStats, Run, RunStatus, Timings, Usage, Variation, VariationStatus,
};

/// A run with its variations.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunView {
    #[schema(example = "run-0198a7c41e5b7d2084c1f0a9b6d3e755")]
    pub run_id: String,
    /// Where its Jobs are: for `kubectl -n`.
    pub namespace: String,
    pub status: RunStatus,
    pub github_url: String,
    /// As asked for; null means the default branch.
    pub r#ref: Option<String>,
    /// The commit that all variations started from.
    pub base_sha: String,
    pub prompt: String,
    /// The variation whose result it started from, on the same commit.
    pub base: Option<BaseView>,
    /// Runs that start from a result of this one; only where one run is asked for.
    pub follow_ups: Option<Vec<FollowUpView>>,
    /// The shell commands that judge each variation.
    pub checks: Vec<String>,
    /// Whether they were run at the base commit, too.
    pub checks_before: bool,
    pub limits: LimitsView,
    /// US dollars that its variations have spent until now, in all attempts; null where nothing of it is
    /// known. What is not known is not in it, and cannot reach `max_run_cost_usd`.
    pub spent_usd: Option<f64>,
    /// Its agents use what you have stored, or what was sent with the run.
    pub uses: UsesView,
    pub created_at: String,
    pub finished_at: Option<String>,
    pub winning_variation_id: Option<u8>,
    pub selection: Option<SelectionView>,
    pub variations: Vec<VariationView>,
    /// Attempts at variations that were tried again, by variation and attempt.
    pub earlier_attempts: Vec<VariationView>,
    /// A model's advice, where somebody asked for it.
    pub judgement: Option<JudgementView>,
    /// The last attempt to push what was picked.
    pub publication: Option<PublicationView>,
}

/// Which credentials of yours a run uses.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsesView {
    /// For its repository. The container that clones has it, no agent does.
    pub git_credential: bool,
    /// For the model's provider, instead of the operator's key.
    pub provider_key: bool,
}

/// Where each variation stops by itself; null is the agent's own limit.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct LimitsView {
    pub timeout_seconds: Option<u64>,
    pub max_total_tokens: Option<u64>,
    pub max_cost_usd: Option<f64>,
    pub max_steps: Option<u32>,
    /// Of all variations together; null is no limit.
    pub max_run_cost_usd: Option<f64>,
}

impl From<&Limits> for LimitsView {
    fn from(limits: &Limits) -> Self {
        Self {
            timeout_seconds: limits.timeout_seconds,
            max_total_tokens: limits.max_total_tokens,
            max_cost_usd: limits.max_cost_usd,
            max_steps: limits.max_steps,
            max_run_cost_usd: None,
        }
    }
}

/// The variation that was picked.
#[derive(Debug, Serialize, ToSchema)]
pub struct SelectionView {
    pub variation_id: u8,
    pub note: Option<String>,
    pub selected_at: String,
}

/// One attempt at a variation.
#[derive(Debug, Serialize, ToSchema)]
pub struct VariationView {
    pub variation_id: u8,
    /// 0 for the first, then one more for each retry.
    pub attempt: u32,
    pub job_name: String,
    pub pod: Option<String>,
    pub status: VariationStatus,
    /// In Kubernetes' own words.
    pub reason: Option<String>,
    pub message: Option<String>,
    /// What happens next by itself, or what a person can do.
    pub hint: Option<String>,
    /// Its place in the queue while it waits for its turn, as it was last told: exact from 9 down.
    pub position: Option<u32>,
    /// What it was given, as are the fields down to `price`.
    pub model: Option<String>,
    pub temperature: Option<f64>,
    pub max_tokens: Option<u32>,
    pub system_prompt: Option<String>,
    /// What it was asked to do differently.
    pub instructions: Option<String>,
    pub engine: EngineName,
    /// Of the engine `command`.
    pub command: Option<String>,
    pub image: Option<String>,
    /// Of its model; null where it is not known.
    pub price: Option<PriceView>,
    /// Somebody asked it to stop.
    pub cancel_requested: bool,
    pub started_at: Option<String>,
    pub ended_at: Option<String>,
    pub timings: TimingsView,
    pub exit_code: Option<i32>,
    /// Of the log as `kubectl logs` prints it, once it is complete; as are `bytes` and `sha256`.
    pub lines: Option<u64>,
    pub bytes: Option<u64>,
    pub sha256: Option<String>,
    /// Whether the agent's line numbers prove the log complete; null where they cannot.
    pub complete: Option<bool>,
    pub summary: Option<String>,
    pub usage: Option<Usage>,
    /// US dollars: what the agent counted, else its tokens at `price`; null where that is not known.
    pub cost_usd: Option<f64>,
    pub checks: Vec<CheckResult>,
    pub patch: Option<PatchStats>,
}

/// When each step of a variation happened, from the run's `created_at` on. Those that Kubernetes
/// tells (scheduled, pulled, started, ended) are in whole seconds, so they may seem to come before a
/// step of ours in the same second.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "they are the names in the API")]
pub struct TimingsView {
    pub applied_at: Option<String>,
    pub scheduled_at: Option<String>,
    /// The node had the image.
    pub pulled_at: Option<String>,
    pub started_at: Option<String>,
    /// The first log line was stored.
    pub first_line_at: Option<String>,
    /// It went to the first client; null where nobody followed it live.
    pub first_sent_at: Option<String>,
    pub ended_at: Option<String>,
    pub settled_at: Option<String>,
    /// Its Job was deleted: from then on kubectl finds nothing, and the stored log is all there is.
    pub job_deleted_at: Option<String>,
}

impl From<Timings> for TimingsView {
    fn from(timings: Timings) -> Self {
        Self {
            applied_at: timings.applied_ms.map(rfc3339),
            scheduled_at: timings.scheduled_ms.map(rfc3339),
            pulled_at: timings.pulled_ms.map(rfc3339),
            started_at: timings.started_ms.map(rfc3339),
            first_line_at: timings.first_line_ms.map(rfc3339),
            first_sent_at: timings.first_sent_ms.map(rfc3339),
            ended_at: timings.ended_ms.map(rfc3339),
            settled_at: timings.settled_ms.map(rfc3339),
            job_deleted_at: timings.job_deleted_ms.map(rfc3339),
        }
    }
}

impl RunView {
    /// A run whose Jobs are in `namespace`.
    pub fn new(mut run: Run, namespace: &str) -> Self {
        let judgement = JudgementView::take(&mut run);
        // These are the same for all of them.
        let spent_usd = run.spent_usd();
        let given = run.variations.first().map(|variation| &variation.config);
        Self {
            run_id: run.id.to_string(),
            namespace: namespace.to_owned(),
            status: run.status,
            github_url: run.repo_url,
            r#ref: run.git_ref,
            base_sha: run.base_sha,
            prompt: run.prompt,
            base: run.base.map(BaseView::from),
            follow_ups: None,
            checks: given
                .map(|config| config.checks.clone())
                .unwrap_or_default(),
            checks_before: given.is_some_and(|config| config.checks_before),
            limits: LimitsView {
                max_run_cost_usd: run.max_run_cost_usd,
                ..given
                    .map(|config| LimitsView::from(&config.limits))
                    .unwrap_or_default()
            },
            spent_usd,
            uses: UsesView {
                git_credential: run.uses.git,
                provider_key: run.uses.provider,
            },
            created_at: rfc3339(run.created_ms),
            finished_at: run.finished_ms.map(rfc3339),
            winning_variation_id: run.selection.as_ref().map(|selection| selection.index),
            selection: run.selection.map(|selection| SelectionView {
                variation_id: selection.index,
                note: selection.note,
                selected_at: rfc3339(selection.at_ms),
            }),
            variations: run
                .variations
                .into_iter()
                .map(VariationView::from)
                .collect(),
            judgement,
            publication: run.publication.and_then(PublicationView::new),
            earlier_attempts: run.earlier.into_iter().map(VariationView::from).collect(),
        }
    }
}

impl From<Variation> for VariationView {
    fn from(variation: Variation) -> Self {
        let (price, cost_usd) = (variation.price(), variation.cost_usd());
        let (cause, settled) = (variation.cause, variation.settled);
        let (reason, message, hint) = cause.map_or((None, None, None), |cause| {
            (Some(cause.reason), cause.message, cause.hint)
        });
        let log = settled.as_ref();
        Self {
            variation_id: variation.key.index,
            attempt: variation.key.attempt,
            job_name: variation.job_name,
            pod: variation.pod,
            status: variation.status,
            reason,
            message,
            hint,
            position: variation.position,
            model: variation.config.model,
            temperature: variation.config.temperature,
            max_tokens: variation.config.max_tokens,
            system_prompt: variation.config.system_prompt,
            instructions: variation.config.instructions,
            engine: match variation.config.engine {
                Engine::Builtin => EngineName::Builtin,
                Engine::Command => EngineName::Command,
                Engine::Judge => EngineName::Judge,
                Engine::Publish => EngineName::Publish,
            },
            command: variation.config.command,
            image: variation.image,
            price: price.map(PriceView::from),
            cancel_requested: variation.cancel_requested,
            started_at: variation.timings.started_ms.map(rfc3339),
            ended_at: variation.timings.ended_ms.map(rfc3339),
            timings: variation.timings.into(),
            exit_code: log.and_then(|settled| settled.exit_code),
            lines: log.map(|settled| settled.lines),
            bytes: log.map(|settled| settled.bytes),
            sha256: log.map(|settled| settled.sha256.clone()),
            complete: log.and_then(|settled| settled.complete),
            summary: log.and_then(|settled| settled.summary.clone()),
            usage: log.and_then(|settled| settled.usage),
            cost_usd,
            patch: log.and_then(|settled| settled.patch.clone()),
            checks: settled.map(|settled| settled.checks).unwrap_or_default(),
        }
    }
}
