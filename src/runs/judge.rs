//! The judge: gives what the variations made to an agent that compares it, in a Job like any other.

use aideator_agent::config::{
    Candidate as Given, CandidateCheck, Config, Engine, Judge as Task, Limits,
};
use anyhow::Context as _;

use super::Runs;
use super::retry::next_attempt;
use crate::model::{Candidate, JUDGE, NewJudge, Run, Variation};

/// Bytes of the settings that a judge gets: a Secret holds 1 MiB, the prompt included.
const MOST_BYTES: usize = 900 * 1024;
/// Bytes of all patches together that a judge gets; less where they would not fit.
const PATCH_BYTES: usize = 512 * 1024;
/// Characters of a check's output.
const TAIL: usize = 2000;

/// What became of the wish for a judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judging {
    Begun,
    /// Fewer than two variations have made a change.
    NothingToCompare,
    /// The run, or its last judge, has not ended.
    NotEnded,
}

impl Runs {
    /// Has an ended run judged by a model. A task of its own, as for a retry.
    pub async fn judge(&self, run: Run, model: String) -> anyhow::Result<Judging> {
        let runs = self.clone();
        let judge = async move { begin(&runs, run, model).await };
        self.lifecycle.spawn("judge", judge).await?
    }

    /// Has a run judged that has just ended, where the operator wants it so.
    pub(super) async fn judge_if_wanted(&self, run: Run) -> anyhow::Result<()> {
        let ended = run.finished_ms.is_some() && run.judge.is_none();
        if self.agents.judge_runs && ended {
            let model = self.agents.judge_model().to_owned();
            begin(self, run, model).await?;
        }
        Ok(())
    }
}

async fn begin(runs: &Runs, run: Run, model: String) -> anyhow::Result<Judging> {
    if run.finished_ms.is_none() {
        return Ok(Judging::NotEnded);
    }
    let made = run.variations.iter().filter(|variation| changed(variation));
    if made.count() < 2 {
        return Ok(Judging::NothingToCompare);
    }
    let candidates: Vec<Candidate> = run.variations.iter().map(|v| v.key.into()).collect();
    let new = NewJudge {
        image: runs.agents.image.clone(),
        config: Config {
            prices: runs.agents.own_price(&model),
            model: Some(model),
            engine: Engine::Judge,
            limits: Limits {
                timeout_seconds: Some(runs.agents.timeout_seconds),
                ..Limits::default()
            },
            ..Config::default()
        },
        candidates,
    };
    let last = run.judge.as_ref().map(|judge| judge.attempt.key);
    let (key, events) = next_attempt(runs, run.id, JUDGE, last)?;
    let Some(seq) = runs.db.insert_judge(key, &new, &events).await? else {
        return Ok(Judging::NotEnded);
    };
    runs.waits(run.id, seq);
    Ok(Judging::Begun)
}

fn changed(variation: &Variation) -> bool {
    let settled = variation.settled.as_ref();
    settled.is_some_and(|settled| settled.patch.is_some())
}

/// The run with all that its judge is to compare, which is stored once only: as patches.
pub(super) async fn with_candidates(runs: &Runs, mut run: Run) -> anyhow::Result<Run> {
    let prompt = run.prompt.len();
    let Some(judge) = &mut run.judge else {
        return Ok(run);
    };
    let mut candidates = Vec::new();
    for candidate in &judge.candidates {
        let all = run.variations.iter().chain(&run.earlier);
        let fits = |it: &&Variation| Candidate::from(it.key) == *candidate;
        let variation = all.clone().find(fits).context("a candidate vanished")?;
        let (store, key) = (runs.store.clone(), variation.key);
        let patch = tokio::task::spawn_blocking(move || store.read_patch(key)).await?;
        let patch = patch.context("failed to read a patch")?;
        candidates.push((variation, patch.unwrap_or_default()));
    }
    let mut room = PATCH_BYTES / candidates.len().max(1);
    loop {
        let given = candidates
            .iter()
            .map(|(variation, patch)| given(variation, patch, room));
        judge.attempt.config.judge = Some(Task {
            candidates: given.collect(),
        });
        let bytes = serde_json::to_vec_pretty(&judge.attempt.config)?.len() + prompt;
        if bytes <= MOST_BYTES || room == 0 {
            return Ok(run);
        }
        // Unusual characters are longer in JSON.
        room /= 2;
    }
}

fn given(variation: &Variation, patch: &[u8], room: usize) -> Given {
    let settled = variation.settled.as_ref();
    let checks = settled.map(|settled| settled.checks.as_slice());
    let check = |check: &crate::model::CheckResult| {
        let skip = check.output_tail.chars().count().saturating_sub(TAIL);
        CandidateCheck {
            command: check.command.clone(),
            exit_code: check.exit_code,
            output_tail: check.output_tail.chars().skip(skip).collect(),
            base_exit_code: check.base_exit_code,
        }
    };
    let cut = patch.len() > room;
    Given {
        variation_id: variation.key.index.into(),
        patch: String::from_utf8_lossy(&patch[..patch.len().min(room)]).into_owned(),
        patch_bytes: cut.then_some(patch.len() as u64),
        tree: settled.and_then(|settled| settled.patch.as_ref()?.tree.clone()),
        applies: None,
        checks: checks.unwrap_or_default().iter().map(check).collect(),
    }
}
