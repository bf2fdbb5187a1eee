//! A run as the API shows it: what people are told of it. Other fields, and words of later versions,
//! are let pass.

use serde::Deserialize;

use super::api::Api;
use super::exit::{Exit, Failure, Outcome};
use super::narrate::PatchSize;
use crate::model::{CheckResult, Usage};

/// A run.
#[derive(Debug, Deserialize)]
pub(super) struct Run {
    #[serde(rename = "run_id")]
    pub(super) id: String,
    pub(super) status: String,
    pub(super) github_url: String,
    pub(super) r#ref: Option<String>,
    pub(super) base_sha: String,
    pub(super) prompt: String,
    pub(super) created_at: String,
    #[serde(default)]
    pub(super) base: Option<Base>,
    #[serde(default)]
    pub(super) follow_ups: Option<Vec<Base>>,
    pub(super) winning_variation_id: Option<u8>,
    pub(super) variations: Vec<Variation>,
}

/// A variation from which a run starts; in `follow_ups` the run that starts, and from which.
#[derive(Debug, Deserialize)]
pub(super) struct Base {
    pub(super) run_id: String,
    #[serde(rename = "variation_id")]
    pub(super) index: u8,
}

/// A variation in its last attempt.
#[derive(Debug, Deserialize)]
pub(super) struct Variation {
    /// From 0; people see it from 1.
    #[serde(rename = "variation_id")]
    pub(super) index: u8,
    pub(super) status: String,
    pub(super) reason: Option<String>,
    pub(super) message: Option<String>,
    pub(super) hint: Option<String>,
    pub(super) model: Option<String>,
    /// Absent until its log is complete.
    pub(super) lines: Option<u64>,
    pub(super) usage: Option<Usage>,
    pub(super) cost_usd: Option<f64>,
    #[serde(default)]
    pub(super) checks: Vec<CheckResult>,
    pub(super) patch: Option<PatchSize>,
    pub(super) summary: Option<String>,
}

/// A page of runs.
#[derive(Debug, Deserialize)]
pub(super) struct RunList {
    pub(super) items: Vec<Run>,
    pub(super) total: u64,
    pub(super) page: u32,
    pub(super) pages: u64,
}

impl Run {
    /// The run of that id; `latest` is the newest.
    pub(super) async fn find(api: &Api, id: &str) -> Outcome<Self> {
        if id != "latest" {
            return api.get(&format!("/runs/{}", path_segment(id)?)).await;
        }
        let list: RunList = api.get("/runs?per_page=1").await?;
        let newest = list.items.into_iter().next();
        newest.ok_or_else(|| Failure::not_found("there is no run yet: `aideator run` starts one"))
    }

    /// The variation that people call `number`, from 1.
    pub(super) fn variation(&self, number: u8) -> Outcome<&Variation> {
        let found = usize::from(number)
            .checked_sub(1)
            .and_then(|index| self.variations.get(index));
        found.ok_or_else(|| {
            let message = format!(
                "there is no variation {number}: {} has 1 to {}",
                self.id,
                self.variations.len()
            );
            Failure::not_found(message)
        })
    }

    /// An address below the run's.
    pub(super) fn path(&self, rest: &str) -> String {
        format!("/runs/{}{rest}", self.id)
    }

    /// Whether nothing more will happen.
    pub(super) fn has_ended(&self) -> bool {
        matches!(self.status.as_str(), "completed" | "failed" | "cancelled")
    }
}

impl Variation {
    /// Itself, if its log is complete.
    pub(super) fn settled(&self) -> Outcome<&Self> {
        if self.lines.is_some() {
            return Ok(self);
        }
        let (number, status) = (self.number(), &self.status);
        let message = format!("variation {number} is still {status}: wait for its end");
        Err(Failure::new(Exit::Refused, message))
    }

    /// Itself, if there is anything to pick.
    pub(super) fn with_result(&self) -> Outcome<&Self> {
        self.settled()?;
        if self.status == "succeeded" || self.patch.is_some() {
            return Ok(self);
        }
        let (number, status) = (self.number(), &self.status);
        let reason = self.reason.as_deref();
        let reason = reason.map_or(String::new(), |reason| format!(" ({reason})"));
        let message = format!("variation {number} is {status}{reason} and left no patch");
        Err(Failure::not_found(message))
    }

    /// As people count.
    pub(super) fn number(&self) -> u32 {
        u32::from(self.index) + 1
    }

    /// Checks that passed, of all: `2/3`.
    pub(super) fn checks_passed(&self) -> Option<String> {
        let passed = self.checks.iter().filter(|it| it.exit_code == Some(0));
        let all = self.checks.len();
        (all > 0).then(|| format!("{}/{all}", passed.count()))
    }
}

/// An id becomes part of an address only if it cannot be more than that.
fn path_segment(id: &str) -> Outcome<&str> {
    let fine = !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if fine {
        return Ok(id);
    }
    let message = format!(
        "`{id}` is no run: an id looks like run-0198a7c41e5b7d2084c1f0a9b6d3e755, and `latest` is the newest"
    );
    Err(Failure::usage(message))
}
