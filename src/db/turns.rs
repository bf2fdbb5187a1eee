//! Which attempts wait for their turn, and which have had it.

use std::collections::{BTreeMap, HashMap};

use sqlx::{FromRow, Sqlite, Transaction};

use super::runs::attempt_key;
use super::{Db, DbError, events};
use crate::model::{
    Cause, Full, NewEvent, Places, QueueState, RunId, Share, Turns, VariationKey, VariationStatus,
    Waiting, turns,
};

/// The place in the queue of an attempt that waits on.
#[derive(Debug)]
pub struct Place {
    pub key: VariationKey,
    /// From 1.
    pub position: u32,
    /// The position that was told last.
    pub told: Option<u32>,
    pub full: Full,
}

/// An attempt that waits no more.
#[derive(Debug)]
pub struct Waited {
    pub key: VariationKey,
    /// Milliseconds since the Unix epoch.
    pub since_ms: i64,
}

/// What became of those that wait.
#[derive(Debug, Default)]
pub struct Given {
    /// They start now.
    pub now: Vec<Waited>,
    pub later: Vec<Place>,
}

/// What is told of an attempt that waits.
#[derive(Debug)]
pub struct Notice {
    pub key: VariationKey,
    pub position: u32,
    pub cause: Cause,
    pub event: NewEvent,
}

#[derive(FromRow)]
struct WaitingRow {
    run_id: String,
    idx: i64,
    attempt: i64,
    user_id: String,
    last_turn: i64,
    position: Option<u32>,
    queued_ms: Option<i64>,
}

impl Db {
    /// Gives the free places to those that wait. Only one may do so at a time.
    pub async fn give_turns(&self, places: Places, now_ms: i64) -> Result<Given, DbError> {
        let mut tx = self.write().begin().await?;
        let rows: Vec<WaitingRow> = sqlx::query_as(
            "SELECT v.run_id, v.idx, v.attempt, r.user_id, u.last_turn, v.position, v.queued_ms
             FROM variations v
             JOIN runs r ON r.id = v.run_id JOIN users u ON u.id = r.user_id
             WHERE v.settled_ms IS NULL AND v.turn IS NULL AND v.cancel_requested = 0 ORDER BY v.rowid",
        )
        .fetch_all(&mut *tx)
        .await?;
        if rows.is_empty() {
            return Ok(Given::default());
        }
        let mut shares = running(&mut tx).await?;
        if rows.iter().any(|row| row.queued_ms.is_none()) {
            sqlx::query(
                "UPDATE variations SET queued_ms = ?
                 WHERE settled_ms IS NULL AND turn IS NULL AND queued_ms IS NULL",
            )
            .bind(now_ms)
            .execute(&mut *tx)
            .await?;
        }
        let (mut known, mut waiting) = (HashMap::new(), Vec::new());
        for row in rows {
            let key = attempt_key(&row.run_id, row.idx, row.attempt)?;
            known.insert(key, (row.position, row.queued_ms.unwrap_or(now_ms)));
            shares.entry(row.user_id.clone()).or_default().last_turn = row.last_turn;
            waiting.push(Waiting {
                key,
                user: row.user_id,
            });
        }
        let Turns { now, later } = turns(waiting, &shares, places);
        let (mut turn,): (i64,) = sqlx::query_as("SELECT COALESCE(MAX(last_turn), 0) FROM users")
            .fetch_one(&mut *tx)
            .await?;
        for next in &now {
            turn += 1;
            give(&mut tx, next, turn).await?;
        }
        tx.commit().await?;
        let place = |(position, (it, full)): (u32, (Waiting, Full))| Place {
            key: it.key,
            position,
            told: known.get(&it.key).and_then(|(told, _)| *told),
            full,
        };
        let waited = |it: Waiting| Waited {
            since_ms: known.get(&it.key).map_or(now_ms, |(_, since)| *since),
            key: it.key,
        };
        Ok(Given {
            now: now.into_iter().map(waited).collect(),
            later: (1..).zip(later).map(place).collect(),
        })
    }

    /// Stores why attempts wait, with the events that tell it; each run's last event.
    pub async fn tell_waiting(&self, notices: &[Notice]) -> Result<Vec<(RunId, i64)>, DbError> {
        let mut tx = self.write().begin().await?;
        let mut told = Vec::new();
        for Notice {
            key,
            position,
            cause,
            event,
        } in notices
        {
            let done = sqlx::query(
                "UPDATE variations SET reason = ?, message = ?, hint = ?, position = ?
                 WHERE run_id = ? AND idx = ? AND attempt = ? AND turn IS NULL AND settled_ms IS NULL",
            )
            .bind(&cause.reason)
            .bind(&cause.message)
            .bind(&cause.hint)
            .bind(position)
            .bind(key.run.to_string())
            .bind(i64::from(key.index))
            .bind(i64::from(key.attempt))
            .execute(&mut *tx)
            .await?;
            if done.rows_affected() > 0 {
                let seq = events::append(&mut tx, key.run, std::slice::from_ref(event)).await?;
                told.push((key.run, seq));
            }
        }
        tx.commit().await?;
        Ok(told)
    }

    /// The attempts that somebody cancelled before their turn. They will not get one.
    pub async fn cancelled_before_turn(&self, now_ms: i64) -> Result<Vec<Waited>, DbError> {
        let rows: Vec<(String, i64, i64, i64)> = sqlx::query_as(
            "SELECT run_id, idx, attempt, COALESCE(queued_ms, ?) FROM variations
             WHERE settled_ms IS NULL AND turn IS NULL AND cancel_requested = 1 ORDER BY rowid",
        )
        .bind(now_ms)
        .fetch_all(self.read())
        .await?;
        rows.into_iter()
            .map(|(run, idx, attempt, since_ms)| {
                let key = attempt_key(&run, idx, attempt)?;
                Ok(Waited { key, since_ms })
            })
            .collect()
    }

    /// Who waits and who is at work now.
    pub async fn queue(&self) -> Result<QueueState, DbError> {
        let (waiting, oldest_ms, taken): (i64, Option<i64>, i64) = sqlx::query_as(
            "SELECT COUNT(*) - COUNT(turn), MIN(CASE WHEN turn IS NULL THEN queued_ms END), COUNT(turn)
             FROM variations WHERE settled_ms IS NULL",
        )
        .fetch_one(self.read())
        .await?;
        let held_up = sqlx::query_as(
            "SELECT reason, COUNT(*) FROM variations
             WHERE settled_ms IS NULL AND status IN (?, ?) AND reason IS NOT NULL GROUP BY reason",
        )
        .bind(VariationStatus::Queued.as_str())
        .bind(VariationStatus::Starting.as_str())
        .fetch_all(self.read())
        .await?;
        Ok(QueueState {
            waiting,
            oldest_ms,
            taken,
            held_up,
        })
    }
}

/// How much everybody has at work.
async fn running(tx: &mut Transaction<'_, Sqlite>) -> Result<BTreeMap<String, Share>, DbError> {
    let rows: Vec<(String, u32)> = sqlx::query_as(
        "SELECT r.user_id, COUNT(*) FROM variations v JOIN runs r ON r.id = v.run_id
         WHERE v.settled_ms IS NULL AND v.turn IS NOT NULL GROUP BY r.user_id",
    )
    .fetch_all(&mut **tx)
    .await?;
    let share = |(user, running)| {
        let share = Share {
            running,
            last_turn: 0,
        };
        (user, share)
    };
    Ok(rows.into_iter().map(share).collect())
}

async fn give(tx: &mut Transaction<'_, Sqlite>, next: &Waiting, turn: i64) -> Result<(), DbError> {
    let key = next.key;
    sqlx::query("UPDATE variations SET turn = ?, position = NULL WHERE run_id = ? AND idx = ? AND attempt = ?")
        .bind(turn)
        .bind(key.run.to_string())
        .bind(i64::from(key.index))
        .bind(i64::from(key.attempt))
        .execute(&mut **tx)
        .await?;
    sqlx::query("UPDATE users SET last_turn = ? WHERE id = ?")
        .bind(turn)
        .bind(&next.user)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
