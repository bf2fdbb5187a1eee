//! A run's state events, numbered from 1 in the order in which streams tell them.

use std::collections::HashMap;

use sqlx::{FromRow, Sqlite, Transaction};

use super::{Db, DbError};
use crate::model::{Event, EventKind, NewEvent, RunId};

#[derive(FromRow)]
struct EventRow {
    seq: i64,
    kind: String,
    idx: Option<i64>,
    log_offset: i64,
    data: String,
}

impl EventRow {
    fn into_event(self, run: RunId) -> Result<Event, DbError> {
        let broken =
            |message: &str| DbError::inconsistent("events", format!("{run}/{}", self.seq), message);
        Ok(Event {
            seq: self.seq,
            kind: EventKind::parse(&self.kind).ok_or_else(|| broken("unknown kind"))?,
            index: self
                .idx
                .map(u8::try_from)
                .transpose()
                .map_err(|_| broken("idx out of range"))?,
            log_offset: u64::try_from(self.log_offset).map_err(|_| broken("negative offset"))?,
            data: self.data,
        })
    }
}

/// Appends events inside a transaction; the number of the last one.
pub(super) async fn append(
    tx: &mut Transaction<'_, Sqlite>,
    run: RunId,
    events: &[NewEvent],
) -> Result<i64, DbError> {
    let (mut seq,): (i64,) =
        sqlx::query_as("SELECT COALESCE(MAX(seq), 0) FROM events WHERE run_id = ?")
            .bind(run.to_string())
            .fetch_one(&mut **tx)
            .await?;
    for event in events {
        seq += 1;
        sqlx::query("INSERT INTO events (run_id, seq, kind, idx, log_offset, data) VALUES (?, ?, ?, ?, ?, ?)")
            .bind(run.to_string())
            .bind(seq)
            .bind(event.kind.as_str())
            .bind(event.index.map(i64::from))
            .bind(i64::try_from(event.log_offset).unwrap_or(i64::MAX))
            .bind(event.data.to_string())
            .execute(&mut **tx)
            .await?;
    }
    Ok(seq)
}

impl Db {
    /// Stores events that change no state; the number of the last one.
    pub async fn append_events(&self, run: RunId, events: &[NewEvent]) -> Result<i64, DbError> {
        let mut tx = self.write().begin().await?;
        let seq = append(&mut tx, run, events).await?;
        tx.commit().await?;
        Ok(seq)
    }

    /// Which attempt at each variation the first `seq` events have come to; 0 where none is named.
    pub async fn attempts_at(&self, run: RunId, seq: i64) -> Result<HashMap<u8, u32>, DbError> {
        let rows: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT idx, COUNT(*) FROM events WHERE run_id = ? AND seq <= ? AND kind = ? GROUP BY idx",
        )
        .bind(run.to_string())
        .bind(seq)
        .bind(EventKind::AgentRetry.as_str())
        .fetch_all(self.read())
        .await?;
        let broken = |_| DbError::inconsistent("events", run.to_string(), "number out of range");
        rows.into_iter()
            .map(|(idx, count)| {
                let index = u8::try_from(idx).map_err(broken)?;
                Ok((index, u32::try_from(count).map_err(broken)?))
            })
            .collect()
    }

    /// The events after number `seq`.
    pub async fn events_after(&self, run: RunId, seq: i64) -> Result<Vec<Event>, DbError> {
        let rows: Vec<EventRow> = sqlx::query_as(
            "SELECT seq, kind, idx, log_offset, data FROM events WHERE run_id = ? AND seq > ? ORDER BY seq",
        )
        .bind(run.to_string())
        .bind(seq)
        .fetch_all(self.read())
        .await?;
        rows.into_iter().map(|row| row.into_event(run)).collect()
    }
}
