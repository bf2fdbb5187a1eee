//! Changes of runs and variations. A change and the events that tell it are one transaction.

use aideator_agent::config::Config as VariationConfig;
use serde::Serialize;
use serde_json::json;
use sqlx::{Sqlite, Transaction};

use super::rows::run_id;
use crate::auth::audit::Entry;
use crate::clock;
use crate::db::{Db, DbError, audit, credentials, events, usage, webhooks};
use crate::model::{
    Cause, EventKind, Idempotency, JUDGE, NewEvent, NewRun, PUBLISHER, RunId, RunStatus, Settled,
    VariationKey, VariationStatus, VariationUpdate,
};

/// What became of a new run.
#[derive(Debug)]
pub enum Inserted {
    New,
    /// The user made this run before, with the same idempotency key.
    Earlier(RunId),
    /// The user has started as many runs today as one may.
    DayIsFull,
}

impl Db {
    /// Stores a run and its variations, all queued, unless its user has started `most_a_day` today.
    pub async fn insert_run(
        &self,
        run: &NewRun,
        now_ms: i64,
        most_a_day: Option<u32>,
    ) -> Result<Inserted, DbError> {
        let mut tx = self.write().begin().await?;
        let idempotency = run.idempotency.as_ref();
        if let Some(Idempotency { key, .. }) = idempotency
            && let Some((id, _)) = earlier(&mut tx, &run.user, key).await?
        {
            return Ok(Inserted::Earlier(id));
        }
        if !usage::count_run(&mut tx, &run.user, now_ms, most_a_day).await? {
            return Ok(Inserted::DayIsFull);
        }
        sqlx::query(
            "INSERT INTO runs (id, user_id, repo_url, git_ref, base_sha, prompt, status, created_ms,
                idempotency_key, request_hash, uses_git_credential, uses_provider_key, max_run_cost_usd,
                base_run_id, base_index, base_attempt)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(run.id.to_string())
        .bind(&run.user)
        .bind(&run.repo_url)
        .bind(&run.git_ref)
        .bind(&run.base_sha)
        .bind(&run.prompt)
        .bind(RunStatus::Pending.as_str())
        .bind(now_ms)
        .bind(idempotency.map(|it| &it.key))
        .bind(idempotency.map(|it| &it.request_hash))
        .bind(run.uses.git)
        .bind(run.uses.provider)
        .bind(run.max_run_cost_usd)
        .bind(run.base.map(|base| base.run.to_string()))
        .bind(run.base.map(|base| i64::from(base.index)))
        .bind(run.base.map(|base| i64::from(base.attempt)))
        .execute(&mut *tx)
        .await?;
        for (index, variation) in (0..).zip(&run.variations) {
            let key = VariationKey {
                run: run.id,
                index,
                attempt: 0,
            };
            insert_queued(&mut tx, key, &variation.image, &variation.config).await?;
        }
        if let Some(credential) = &run.git_credential {
            credentials::insert(&mut tx, credential).await?;
        }
        tx.commit().await?;
        Ok(Inserted::New)
    }

    /// The run that a user made with this idempotency key, and the hash of the request, where known.
    pub async fn run_by_idempotency_key(
        &self,
        user: &str,
        key: &str,
    ) -> Result<Option<(RunId, Option<String>)>, DbError> {
        let mut tx = self.read().begin().await?;
        earlier(&mut tx, user, key).await
    }

    /// Stores what has become of a variation, with the events that tell it. Where that ends the run,
    /// the run is ended in the same moment. Gives the number of the run's last event; `None` when
    /// the variation had ended before, which nothing changes.
    pub async fn update_variation(
        &self,
        update: &VariationUpdate,
        events: &[NewEvent],
        now_ms: i64,
    ) -> Result<Option<i64>, DbError> {
        let mut tx = self.write().begin().await?;
        if !write_variation(&mut tx, update, now_ms).await? {
            return Ok(None);
        }
        if let Some(settled) = &update.settled {
            write_settled(&mut tx, update.key, settled).await?;
        }
        let mut seq = events::append(&mut tx, update.key.run, events).await?;
        let end = refresh_run(&mut tx, update.key.run, now_ms).await?;
        let ends = end.is_some();
        if let Some(end) = end {
            seq = events::append(&mut tx, update.key.run, &[end]).await?;
            webhooks::run_completed(&mut tx, update.key.run, now_ms).await?;
        }
        tx.commit().await?;
        if ends {
            self.ring_for_deliveries();
        }
        Ok(Some(seq))
    }

    /// Stores a new, queued attempt at a variation, with the events that tell it. The run goes on.
    /// `None` where the attempt `earlier` is not the last one or has not ended.
    pub async fn insert_attempt(
        &self,
        earlier: VariationKey,
        events: &[NewEvent],
        now_ms: i64,
    ) -> Result<Option<i64>, DbError> {
        let mut tx = self.write().begin().await?;
        let done = sqlx::query(
            "INSERT INTO variations (run_id, idx, attempt, status, image, config)
             SELECT run_id, idx, attempt + 1, ?, image, config FROM current_variations
             WHERE run_id = ? AND idx = ? AND attempt = ? AND settled_ms IS NOT NULL",
        )
        .bind(VariationStatus::Queued.as_str())
        .bind(earlier.run.to_string())
        .bind(i64::from(earlier.index))
        .bind(i64::from(earlier.attempt))
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(None);
        }
        sqlx::query("UPDATE runs SET finished_ms = NULL WHERE id = ?")
            .bind(earlier.run.to_string())
            .execute(&mut *tx)
            .await?;
        refresh_run(&mut tx, earlier.run, now_ms).await?;
        let seq = events::append(&mut tx, earlier.run, events).await?;
        tx.commit().await?;
        Ok(Some(seq))
    }

    /// Notes that the cluster has these Jobs.
    pub async fn mark_applied(&self, keys: &[VariationKey], now_ms: i64) -> Result<(), DbError> {
        let mut tx = self.write().begin().await?;
        for key in keys {
            sqlx::query("UPDATE variations SET applied_ms = COALESCE(applied_ms, ?) WHERE run_id = ? AND idx = ? AND attempt = ?")
                .bind(now_ms)
                .bind(key.run.to_string())
                .bind(i64::from(key.index))
                .bind(i64::from(key.attempt))
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Notes that somebody wants a run, or one variation of it, to stop; where that is not its user, why, and
    /// what the audit log tells of it. What was asked to stop before keeps its reason.
    pub async fn request_cancel(
        &self,
        run: RunId,
        index: Option<u8>,
        by_other: Option<(Cause, Entry)>,
    ) -> Result<(), DbError> {
        let (cause, entry) = by_other.unzip();
        let mut transaction = self.write().begin().await?;
        let asked = sqlx::query(
            "UPDATE variations SET cancel_requested = 1, cancel_reason = ?3, cancel_message = ?4
             WHERE run_id = ?1 AND (?2 IS NULL OR idx = ?2) AND settled_ms IS NULL AND cancel_requested = 0",
        )
        .bind(run.to_string())
        .bind(index.map(i64::from))
        .bind(cause.as_ref().map(|cause| &cause.reason))
        .bind(cause.as_ref().map(|cause| &cause.message))
        .execute(&mut *transaction)
        .await?;
        let entry = entry.filter(|_| asked.rows_affected() > 0);
        audit::commit(transaction, &entry).await
    }

    /// Picks a variation, or takes the pick back.
    pub async fn select(
        &self,
        run: RunId,
        index: Option<u8>,
        note: Option<&str>,
        now_ms: i64,
    ) -> Result<(), DbError> {
        sqlx::query(
            "UPDATE runs SET selected_index = ?, selected_note = ?, selected_ms = ? WHERE id = ?",
        )
        .bind(index.map(i64::from))
        .bind(note)
        .bind(index.map(|_| now_ms))
        .bind(run.to_string())
        .execute(self.write())
        .await?;
        Ok(())
    }

    /// Notes that we have deleted a settled variation's Job.
    pub async fn mark_job_deleted(&self, key: VariationKey, now_ms: i64) -> Result<(), DbError> {
        sqlx::query(
            "UPDATE variations SET job_deleted_ms = ? WHERE run_id = ? AND idx = ? AND attempt = ?",
        )
        .bind(now_ms)
        .bind(key.run.to_string())
        .bind(i64::from(key.index))
        .bind(i64::from(key.attempt))
        .execute(self.write())
        .await?;
        Ok(())
    }
}

async fn earlier(
    tx: &mut Transaction<'_, Sqlite>,
    user: &str,
    key: &str,
) -> Result<Option<(RunId, Option<String>)>, DbError> {
    let row: Option<(String, Option<String>)> = sqlx::query_as(
        "SELECT id, request_hash FROM runs WHERE user_id = ? AND idempotency_key = ?",
    )
    .bind(user)
    .bind(key)
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|(id, hash)| Ok((run_id(&id)?, hash))).transpose()
}

/// The row of an attempt that waits for its Job.
pub(super) async fn insert_queued(
    tx: &mut Transaction<'_, Sqlite>,
    key: VariationKey,
    image: &str,
    config: &VariationConfig,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO variations (run_id, idx, attempt, status, image, config) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(key.run.to_string())
    .bind(i64::from(key.index))
    .bind(i64::from(key.attempt))
    .bind(VariationStatus::Queued.as_str())
    .bind(image)
    .bind(text(config)?)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Says whether there was an unfinished row to change.
async fn write_variation(
    tx: &mut Transaction<'_, Sqlite>,
    update: &VariationUpdate,
    now_ms: i64,
) -> Result<bool, DbError> {
    let cause = update.cause.as_ref();
    let timings = &update.timings;
    let done = sqlx::query(
        "UPDATE variations SET status = ?, reason = ?, message = ?, hint = ?, pod = COALESCE(?, pod),
            scheduled_ms = COALESCE(scheduled_ms, ?), started_ms = COALESCE(started_ms, ?),
            pulled_ms = COALESCE(pulled_ms, ?), first_line_ms = COALESCE(first_line_ms, ?),
            first_sent_ms = COALESCE(first_sent_ms, ?), ended_ms = COALESCE(ended_ms, ?), settled_ms = ?
         WHERE run_id = ? AND idx = ? AND attempt = ? AND settled_ms IS NULL",
    )
    .bind(update.status.as_str())
    .bind(cause.map(|cause| &cause.reason))
    .bind(cause.and_then(|cause| cause.message.as_ref()))
    .bind(cause.and_then(|cause| cause.hint.as_ref()))
    .bind(&update.pod)
    .bind(timings.scheduled_ms)
    .bind(timings.started_ms)
    .bind(timings.pulled_ms)
    .bind(timings.first_line_ms)
    .bind(timings.first_sent_ms)
    .bind(timings.ended_ms)
    .bind(update.settled.as_ref().map(|_| now_ms))
    .bind(update.key.run.to_string())
    .bind(i64::from(update.key.index))
    .bind(i64::from(update.key.attempt))
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() > 0)
}

async fn write_settled(
    tx: &mut Transaction<'_, Sqlite>,
    key: VariationKey,
    settled: &Settled,
) -> Result<(), DbError> {
    sqlx::query(
        "UPDATE variations SET exit_code = ?, lines = ?, bytes = ?, sha256 = ?, complete = ?, model = ?,
            summary = ?, usage = ?, checks = ?, patch = ?, published = ?
         WHERE run_id = ? AND idx = ? AND attempt = ?",
    )
    .bind(settled.exit_code)
    .bind(i64::try_from(settled.lines).unwrap_or(i64::MAX))
    .bind(i64::try_from(settled.bytes).unwrap_or(i64::MAX))
    .bind(&settled.sha256)
    .bind(settled.complete)
    .bind(&settled.model)
    .bind(&settled.summary)
    .bind(settled.usage.as_ref().map(text).transpose()?)
    .bind(text(&settled.checks)?)
    .bind(settled.patch.as_ref().map(text).transpose()?)
    .bind(settled.published.as_ref().map(text).transpose()?)
    .bind(key.run.to_string())
    .bind(i64::from(key.index))
    .bind(i64::from(key.attempt))
    .execute(&mut **tx)
    .await?;
    if key.index == JUDGE {
        sqlx::query("UPDATE judgements SET judgement = ? WHERE run_id = ? AND attempt = ?")
            .bind(settled.judgement.as_ref().map(text).transpose()?)
            .bind(key.run.to_string())
            .bind(i64::from(key.attempt))
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

/// Brings the run's status up to date with its variations'; the event that ends it, if this did.
async fn refresh_run(
    tx: &mut Transaction<'_, Sqlite>,
    run: RunId,
    now_ms: i64,
) -> Result<Option<NewEvent>, DbError> {
    let rows: Vec<(String, Option<i64>)> = sqlx::query_as(
        "SELECT status, settled_ms FROM current_variations WHERE run_id = ? AND idx < ?",
    )
    .bind(run.to_string())
    .bind(i64::from(PUBLISHER))
    .fetch_all(&mut **tx)
    .await?;
    let statuses = rows
        .iter()
        .map(|(word, _)| word.parse())
        .collect::<Result<Vec<VariationStatus>, _>>()
        .map_err(|error| DbError::inconsistent("variations", run.to_string(), error.to_string()))?;
    let status = RunStatus::of(&statuses);
    let finished = status.is_terminal() && rows.iter().all(|(_, settled)| settled.is_some());
    let changed = sqlx::query(
        "UPDATE runs SET status = ?, finished_ms = ? WHERE id = ? AND finished_ms IS NULL",
    )
    .bind(status.as_str())
    .bind(finished.then_some(now_ms))
    .bind(run.to_string())
    .execute(&mut **tx)
    .await?;
    // A judge's or a publisher's change is none of its run's.
    let ends = finished && changed.rows_affected() > 0;
    credentials::delete_of_run(tx, run).await?;
    Ok(ends.then(|| NewEvent {
        kind: EventKind::RunComplete,
        index: None,
        log_offset: 0,
        data: json!({"run_id": run, "status": status, "timestamp": clock::rfc3339(now_ms)}),
    }))
}

pub(super) fn text(value: &impl Serialize) -> Result<String, DbError> {
    serde_json::to_string(value)
        .map_err(|error| DbError::inconsistent("variations", "new", error.to_string()))
}
