//! Runs and variations as the rest of the program sees them.

use aideator_agent::config::{Config as VariationConfig, Prices};
use aideator_agent::protocol::Body;

use super::{
    Candidate, Cause, Credential, Judge, Judgement, Published, RunId, RunStatus, Uses,
    VariationKey, VariationStatus, cost_usd, is_variation, list_price,
};

/// What a caller asked for, checked and complete.
#[derive(Debug, Clone)]
pub struct NewRun {
    pub id: RunId,
    /// The owner's id (`user_…`).
    pub user: String,
    pub repo_url: String,
    /// The ref as asked for; `None` means the default branch.
    pub git_ref: Option<String>,
    /// The commit that all variations work on: 40 or 64 hex digits.
    pub base_sha: String,
    pub prompt: String,
    /// What all variations together may spend, US dollars.
    pub max_run_cost_usd: Option<f64>,
    pub idempotency: Option<Idempotency>,
    pub variations: Vec<NewVariation>,
    /// The attempt whose result it starts from; of a run on the same commit.
    pub base: Option<VariationKey>,
    pub uses: Uses,
    /// One that is for this run only.
    pub git_credential: Option<Credential>,
}

/// By what a request that is sent twice makes one run.
#[derive(Debug, Clone)]
pub struct Idempotency {
    pub key: String,
    /// SHA-256 of the request, lower-case hex: the key makes no other.
    pub request_hash: String,
}

/// One variation of a [`NewRun`]; its index is its place.
#[derive(Debug, Clone)]
pub struct NewVariation {
    /// What its container is made from.
    pub image: String,
    pub config: VariationConfig,
}

/// A judge of an ended run.
#[derive(Debug, Clone)]
pub struct NewJudge {
    pub image: String,
    /// Without the candidates' patches, which are added when its Job is made.
    pub config: VariationConfig,
    pub candidates: Vec<Candidate>,
}

/// A run as stored. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone)]
pub struct Run {
    pub id: RunId,
    pub user: String,
    pub repo_url: String,
    pub git_ref: Option<String>,
    pub base_sha: String,
    pub prompt: String,
    /// The attempt whose result it starts from; of a run on the same commit.
    pub base: Option<VariationKey>,
    pub status: RunStatus,
    /// What all variations together may spend, US dollars.
    pub max_run_cost_usd: Option<f64>,
    pub created_ms: i64,
    pub finished_ms: Option<i64>,
    pub selection: Option<Selection>,
    /// Each in its current attempt; the index is the place.
    pub variations: Vec<Variation>,
    /// Attempts that were tried again, by variation and attempt.
    pub earlier: Vec<Variation>,
    /// The last one that was asked for.
    pub judge: Option<Judge>,
    /// The last one that was asked for.
    pub publication: Option<Variation>,
    pub uses: Uses,
}

impl Run {
    /// A new run at its beginning, all variations queued.
    pub fn new(new: NewRun, created_ms: i64) -> Self {
        let variation = |(index, variation): (usize, NewVariation)| {
            let key = VariationKey {
                run: new.id,
                index: u8::try_from(index).unwrap_or(u8::MAX),
                attempt: 0,
            };
            Variation {
                key,
                job_name: key.job_name(),
                status: VariationStatus::Queued,
                cause: None,
                image: Some(variation.image),
                config: variation.config,
                cancel_requested: false,
                turn: None,
                position: None,
                spent_usd: None,
                pod: None,
                timings: Timings::default(),
                settled: None,
            }
        };
        Self {
            id: new.id,
            user: new.user,
            repo_url: new.repo_url,
            git_ref: new.git_ref,
            base_sha: new.base_sha,
            prompt: new.prompt,
            max_run_cost_usd: new.max_run_cost_usd,
            base: new.base,
            status: RunStatus::Pending,
            created_ms,
            finished_ms: None,
            selection: None,
            variations: new
                .variations
                .into_iter()
                .enumerate()
                .map(variation)
                .collect(),
            earlier: Vec::new(),
            judge: None,
            publication: None,
            uses: new.uses,
        }
    }

    /// When the run ended, where the end of this attempt was what ended it.
    pub fn ended_by(&self, attempt: &Variation) -> Option<i64> {
        let mine =
            is_variation(attempt.key.index) && attempt.timings.settled_ms == self.finished_ms;
        self.finished_ms.filter(|_| mine)
    }

    /// What its variations have cost in all attempts, as far as it is known, US dollars.
    pub fn spent_usd(&self) -> Option<f64> {
        let all = self.variations.iter().chain(&self.earlier);
        let known = all.filter_map(|it| it.spent_usd);
        known.reduce(|sum, usd| sum + usd)
    }

    /// What may have a Job that is at work: the last attempt at each variation, at judging and at
    /// publishing.
    pub fn current(&self) -> impl Iterator<Item = &Variation> {
        let judge = self.judge.as_ref().map(|judge| &judge.attempt);
        let others = self.publication.iter().chain(judge);
        self.variations.iter().chain(others)
    }
}

/// The variation that a person picked.
#[derive(Debug, Clone)]
pub struct Selection {
    pub index: u8,
    pub note: Option<String>,
    pub at_ms: i64,
}

/// One attempt at a variation.
#[derive(Debug, Clone)]
pub struct Variation {
    pub key: VariationKey,
    pub job_name: String,
    pub status: VariationStatus,
    pub cause: Option<Cause>,
    /// Absent for variations that are older than the choice of images.
    pub image: Option<String>,
    pub config: VariationConfig,
    pub cancel_requested: bool,
    /// Its number in the order of starts; `None` while it waits for its turn.
    pub turn: Option<i64>,
    /// Its place in the queue while it waits, as it was last told.
    pub position: Option<u32>,
    /// What it has cost so far, US dollars; `None` where that is not known.
    pub spent_usd: Option<f64>,
    pub pod: Option<String>,
    pub timings: Timings,
    /// Present when it has ended and its log is complete.
    pub settled: Option<Settled>,
}

impl Variation {
    /// The price of its model: the operator's when it was made, else the list price.
    pub fn price(&self) -> Option<Prices> {
        let listed = || list_price(self.config.model.as_deref()?);
        self.config.prices.or_else(listed)
    }

    /// What it cost in US dollars: what the agent counted, else its tokens at the price of its model;
    /// `None` where that is not known. While it runs, what it has told so far.
    pub fn cost_usd(&self) -> Option<f64> {
        let usage = self.settled.as_ref().and_then(|settled| settled.usage);
        usage.map_or(self.spent_usd, |usage| self.cost_of(usage))
    }

    /// What so many tokens cost, in the same way.
    pub fn cost_of(&self, usage: Usage) -> Option<f64> {
        let priced = |prices| cost_usd(prices, usage.input_tokens, usage.output_tokens);
        usage.cost_usd.or_else(|| self.price().map(priced))
    }
}

/// What has become of a variation.
#[derive(Debug, Clone)]
pub struct VariationUpdate {
    pub key: VariationKey,
    pub status: VariationStatus,
    pub cause: Option<Cause>,
    pub pod: Option<String>,
    pub timings: Timings,
    /// Given with a terminal status.
    pub settled: Option<Settled>,
}

/// When the steps of a variation happened, each in milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, Default)]
pub struct Timings {
    /// `kubectl apply` said that the Job exists.
    pub applied_ms: Option<i64>,
    /// The pod got its node.
    pub scheduled_ms: Option<i64>,
    /// The node had the image.
    pub pulled_ms: Option<i64>,
    /// The container started.
    pub started_ms: Option<i64>,
    /// The first log line reached our store.
    pub first_line_ms: Option<i64>,
    /// The first log line went to a client; absent where nobody followed it live.
    pub first_sent_ms: Option<i64>,
    /// The container ended.
    pub ended_ms: Option<i64>,
    /// The log was found complete and the result written.
    pub settled_ms: Option<i64>,
    /// We deleted its Job; from then on kubectl finds nothing.
    pub job_deleted_ms: Option<i64>,
}

/// What is known of a variation once its log is complete.
#[derive(Debug, Clone, Default)]
pub struct Settled {
    pub exit_code: Option<i32>,
    /// Lines of the log, an unterminated last one included.
    pub lines: u64,
    /// Bytes of the log as `kubectl logs` prints it (without timestamps).
    pub bytes: u64,
    /// Lower-case hex SHA-256 of those bytes.
    pub sha256: String,
    /// Whether the agent's line numbers run from 1 to the last without a hole; `None` where the
    /// log has none to tell by.
    pub complete: Option<bool>,
    pub model: Option<String>,
    pub summary: Option<String>,
    pub usage: Option<Usage>,
    pub checks: Vec<CheckResult>,
    pub patch: Option<PatchStats>,
    /// Of a judge only.
    pub judgement: Option<Judgement>,
    /// Of who publishes only.
    pub published: Option<Published>,
}

/// Tokens that the model's provider reported, summed over all calls.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
pub struct Usage {
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub cached_tokens: u64,
    /// US dollars; absent where the price of a call was not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
}

impl Usage {
    /// What a line of the agent's says of it; `None` for lines that say something else.
    pub fn told(body: &Body) -> Option<Self> {
        match *body {
            Body::Usage {
                input_tokens,
                output_tokens,
                cached_tokens,
                cost_usd,
            } => Some(Self {
                input_tokens,
                output_tokens,
                cached_tokens: cached_tokens.unwrap_or(0),
                cost_usd,
            }),
            _ => None,
        }
    }
}

/// One check that the agent ran after its work.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct CheckResult {
    pub command: String,
    /// Absent when it was killed, by a signal or by its time limit.
    pub exit_code: Option<i32>,
    pub seconds: f64,
    /// The end of its output.
    pub output_tail: String,
    /// Its exit code at the base commit, before the work, where it was asked for and known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_exit_code: Option<i32>,
}

/// The size of a patch.
#[derive(
    Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
pub struct PatchStats {
    pub files: u64,
    pub additions: u64,
    pub deletions: u64,
    pub bytes: u64,
    pub sha256: String,
    /// Git's id of the tree that it leads to, as the agent says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree: Option<String>,
}
