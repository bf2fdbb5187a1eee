//! Rows as they are stored, and what they mean.

use serde::de::DeserializeOwned;
use sqlx::FromRow;

use crate::db::DbError;
use crate::model::{
    Cause, JUDGE, Judge, Judgement, PUBLISHER, Run, RunId, Selection, Settled, Timings, Uses,
    Variation, VariationKey, is_variation,
};

#[derive(FromRow)]
pub(super) struct RunRow {
    pub(super) id: String,
    user_id: String,
    repo_url: String,
    git_ref: Option<String>,
    base_sha: String,
    prompt: String,
    max_run_cost_usd: Option<f64>,
    status: String,
    created_ms: i64,
    finished_ms: Option<i64>,
    selected_index: Option<i64>,
    selected_note: Option<String>,
    selected_ms: Option<i64>,
    uses_git_credential: bool,
    uses_provider_key: bool,
    base_run_id: Option<String>,
    base_index: Option<i64>,
    base_attempt: Option<i64>,
}

impl RunRow {
    pub(super) const SELECT: &'static str = "SELECT id, user_id, repo_url, git_ref, base_sha, prompt, max_run_cost_usd, status, \
         created_ms, finished_ms, selected_index, selected_note, selected_ms, uses_git_credential, \
         uses_provider_key, base_run_id, base_index, base_attempt FROM runs";

    /// The run with all attempts at its variations, in the order of index and attempt.
    pub(super) fn into_run(
        self,
        rows: Vec<VariationRow>,
        judgement: Option<JudgementRow>,
    ) -> Result<Run, DbError> {
        let broken = |message: String| DbError::inconsistent("runs", &self.id, message);
        let id: RunId = self
            .id
            .parse()
            .map_err(|_| broken("malformed id".to_owned()))?;
        let selection = match (self.selected_index, self.selected_ms) {
            (Some(index), Some(at_ms)) => Some(Selection {
                index: u8::try_from(index).map_err(|error| broken(error.to_string()))?,
                note: self.selected_note.clone(),
                at_ms,
            }),
            _ => None,
        };
        let base = match (&self.base_run_id, self.base_index, self.base_attempt) {
            (Some(run), Some(index), Some(attempt)) => Some(key(run, index, attempt)?),
            _ => None,
        };
        let (mut variations, mut earlier): (Vec<Variation>, Vec<Variation>) = Default::default();
        for row in rows {
            let attempt = row.into_variation()?;
            match variations.last_mut() {
                Some(last) if last.key.index == attempt.key.index => {
                    earlier.push(std::mem::replace(last, attempt));
                }
                _ => variations.push(attempt),
            }
        }
        let judge = match variations.pop_if(|last| last.key.index == JUDGE) {
            Some(attempt) => judgement.map(|row| row.into_judge(attempt)).transpose()?,
            None => None,
        };
        let publication = variations.pop_if(|last| last.key.index == PUBLISHER);
        earlier.retain(|attempt| is_variation(attempt.key.index));
        Ok(Run {
            id,
            status: self
                .status
                .parse()
                .map_err(|error: crate::model::UnknownStatus| broken(error.to_string()))?,
            variations,
            earlier,
            judge,
            publication,
            selection,
            user: self.user_id,
            repo_url: self.repo_url,
            git_ref: self.git_ref,
            base_sha: self.base_sha,
            prompt: self.prompt,
            max_run_cost_usd: self.max_run_cost_usd,
            base,
            created_ms: self.created_ms,
            finished_ms: self.finished_ms,
            uses: Uses {
                git: self.uses_git_credential,
                provider: self.uses_provider_key,
            },
        })
    }
}

#[derive(FromRow)]
pub(super) struct JudgementRow {
    run_id: String,
    candidates: String,
    judgement: Option<String>,
}

impl JudgementRow {
    fn into_judge(self, mut attempt: Variation) -> Result<Judge, DbError> {
        let broken = |error: serde_json::Error| {
            DbError::inconsistent("judgements", &self.run_id, error.to_string())
        };
        let candidates = serde_json::from_str(&self.candidates).map_err(broken)?;
        let judgement = self.judgement.as_deref().map(serde_json::from_str);
        let judgement: Option<Judgement> = judgement.transpose().map_err(broken)?;
        if let Some(settled) = &mut attempt.settled {
            settled.judgement.clone_from(&judgement);
        }
        Ok(Judge {
            attempt,
            candidates,
            judgement,
        })
    }
}

#[derive(FromRow)]
pub(super) struct VariationRow {
    run_id: String,
    idx: i64,
    attempt: i64,
    status: String,
    reason: Option<String>,
    message: Option<String>,
    hint: Option<String>,
    image: Option<String>,
    config: String,
    cancel_requested: bool,
    turn: Option<i64>,
    position: Option<u32>,
    spent_usd: Option<f64>,
    pod: Option<String>,
    applied_ms: Option<i64>,
    scheduled_ms: Option<i64>,
    started_ms: Option<i64>,
    pulled_ms: Option<i64>,
    first_line_ms: Option<i64>,
    first_sent_ms: Option<i64>,
    ended_ms: Option<i64>,
    settled_ms: Option<i64>,
    job_deleted_ms: Option<i64>,
    exit_code: Option<i32>,
    lines: Option<i64>,
    bytes: Option<i64>,
    sha256: Option<String>,
    complete: Option<bool>,
    model: Option<String>,
    summary: Option<String>,
    usage: Option<String>,
    checks: Option<String>,
    patch: Option<String>,
    published: Option<String>,
}

/// The run that a column names.
pub(super) fn run_id(id: &str) -> Result<RunId, DbError> {
    id.parse()
        .map_err(|_| DbError::inconsistent("runs", id, "malformed id"))
}

/// The key that three columns name.
pub(in crate::db) fn key(run: &str, idx: i64, attempt: i64) -> Result<VariationKey, DbError> {
    let broken =
        |message: &str| DbError::inconsistent("variations", format!("{run}/{idx}"), message);
    Ok(VariationKey {
        run: run.parse().map_err(|_| broken("malformed run id"))?,
        index: u8::try_from(idx).map_err(|_| broken("idx out of range"))?,
        attempt: u32::try_from(attempt).map_err(|_| broken("attempt out of range"))?,
    })
}

impl VariationRow {
    fn json<T: DeserializeOwned>(
        &self,
        column: &str,
        text: Option<&String>,
    ) -> Result<Option<T>, DbError> {
        text.map(|text| serde_json::from_str(text))
            .transpose()
            .map_err(|error| self.broken(&format!("{column}: {error}")))
    }

    fn broken(&self, message: &str) -> DbError {
        DbError::inconsistent(
            "variations",
            format!("{}/{}", self.run_id, self.idx),
            message,
        )
    }

    fn settled(&self) -> Result<Option<Settled>, DbError> {
        if self.settled_ms.is_none() {
            return Ok(None);
        }
        let count = |value: Option<i64>| u64::try_from(value.unwrap_or(0)).unwrap_or(0);
        Ok(Some(Settled {
            exit_code: self.exit_code,
            lines: count(self.lines),
            bytes: count(self.bytes),
            sha256: self.sha256.clone().unwrap_or_default(),
            complete: self.complete,
            model: self.model.clone(),
            summary: self.summary.clone(),
            usage: self.json("usage", self.usage.as_ref())?,
            checks: self
                .json("checks", self.checks.as_ref())?
                .unwrap_or_default(),
            patch: self.json("patch", self.patch.as_ref())?,
            judgement: None,
            published: self.json("published", self.published.as_ref())?,
        }))
    }

    fn into_variation(self) -> Result<Variation, DbError> {
        let key = key(&self.run_id, self.idx, self.attempt)?;
        Ok(Variation {
            key,
            job_name: key.job_name(),
            status: self
                .status
                .parse()
                .map_err(|error: crate::model::UnknownStatus| self.broken(&error.to_string()))?,
            config: self
                .json("config", Some(&self.config))?
                .ok_or_else(|| self.broken("no config"))?,
            settled: self.settled()?,
            image: self.image,
            cause: self.reason.map(|reason| Cause {
                reason,
                message: self.message,
                hint: self.hint,
            }),
            cancel_requested: self.cancel_requested,
            turn: self.turn,
            spent_usd: self.spent_usd,
            position: self
                .position
                .filter(|_| self.turn.is_none() && self.settled_ms.is_none()),
            pod: self.pod,
            timings: Timings {
                applied_ms: self.applied_ms,
                scheduled_ms: self.scheduled_ms,
                started_ms: self.started_ms,
                pulled_ms: self.pulled_ms,
                first_line_ms: self.first_line_ms,
                first_sent_ms: self.first_sent_ms,
                ended_ms: self.ended_ms,
                settled_ms: self.settled_ms,
                job_deleted_ms: self.job_deleted_ms,
            },
        })
    }
}
