//! What is to be delivered: written in the transaction that it tells of, tried until it has ended.

use serde::Serialize;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Sqlite, Transaction};

use super::rows::{DeliveryRow, WebhookRow};
use crate::db::{Db, DbError};
use crate::model::{Attempt, Delivery, PUBLISHER, RunId, Then, Webhook, WebhookEvent};

/// Deliveries of one webhook that wait; what comes beyond them is not sent, and says so.
const MOST_WAITING: i64 = 500;
/// Ended deliveries of one webhook that are kept.
const KEPT: i64 = 100;
/// A webhook is disabled when so many deliveries in a row were given up.
const MOST_FAILED: i64 = 3;

/// The next delivery of a webhook.
#[derive(Debug, sqlx::FromRow)]
pub struct Due {
    pub delivery: String,
    pub webhook: String,
    pub user: String,
    /// 0: at once.
    pub due_ms: i64,
}

/// All that is needed to make an attempt.
#[derive(Debug)]
pub struct Message {
    pub webhook: Webhook,
    pub delivery: Delivery,
    /// What it tells.
    pub data: Value,
}

impl Db {
    /// Waits until there may be something new to deliver.
    pub async fn delivery_added(&self) {
        self.deliveries.notified().await;
    }

    pub(in crate::db) fn ring_for_deliveries(&self) {
        self.deliveries.notify_one();
    }

    /// The next delivery of each webhook that has any, the most urgent first.
    pub async fn next_deliveries(&self) -> Result<Vec<Due>, DbError> {
        // With MIN, SQLite takes the other columns from the row that has it.
        let due = sqlx::query_as(
            "SELECT d.id AS delivery, d.webhook_id AS webhook, w.user_id AS user, MIN(d.due_ms) AS due_ms
             FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id
             WHERE d.due_ms IS NOT NULL GROUP BY d.webhook_id ORDER BY 4",
        )
        .fetch_all(self.read())
        .await?;
        Ok(due)
    }

    /// What is to be sent; `None` where it has ended or is gone.
    pub async fn message(&self, delivery: &str) -> Result<Option<Message>, DbError> {
        let row: Option<DeliveryRow> = sqlx::query_as(AssertSqlSafe(format!(
            "{} WHERE id = ? AND due_ms IS NOT NULL",
            DeliveryRow::SELECT
        )))
        .bind(delivery)
        .fetch_optional(self.read())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let webhook: Option<WebhookRow> = sqlx::query_as("SELECT * FROM webhooks WHERE id = ?")
            .bind(&row.webhook_id)
            .fetch_optional(self.read())
            .await?;
        let data: Option<(String,)> =
            sqlx::query_as("SELECT data FROM webhook_deliveries WHERE id = ?")
                .bind(delivery)
                .fetch_optional(self.read())
                .await?;
        let (Some(webhook), Some((data,))) = (webhook, data) else {
            return Ok(None);
        };
        let broken = |error: serde_json::Error| {
            DbError::inconsistent("webhook_deliveries", delivery, error.to_string())
        };
        Ok(Some(Message {
            webhook: webhook.into(),
            delivery: row.try_into()?,
            data: serde_json::from_str(&data).map_err(broken)?,
        }))
    }

    /// Stores a ping to be sent, unless one waits already; the one that waits.
    pub async fn insert_ping(&self, webhook: &str, now_ms: i64) -> Result<Delivery, DbError> {
        let mut tx = self.write().begin().await?;
        let waiting: Option<(String,)> = sqlx::query_as(
            "SELECT id FROM webhook_deliveries WHERE webhook_id = ? AND event = ? AND due_ms IS NOT NULL",
        )
        .bind(webhook)
        .bind(WebhookEvent::Ping.as_str())
        .fetch_optional(&mut *tx)
        .await?;
        let id = match waiting {
            Some((id,)) => id,
            None => insert(&mut tx, webhook, WebhookEvent::Ping, &json!({}), now_ms).await?,
        };
        let row: DeliveryRow = sqlx::query_as(AssertSqlSafe(format!(
            "{} WHERE id = ?",
            DeliveryRow::SELECT
        )))
        .bind(id)
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        self.ring_for_deliveries();
        row.try_into()
    }

    /// Notes what came of an attempt, and what that means for its webhook.
    pub async fn note_attempt(
        &self,
        message: &Message,
        attempt: &Attempt,
        now_ms: i64,
    ) -> Result<(), DbError> {
        let mut tx = self.write().begin().await?;
        let due_ms = match attempt.then {
            Then::Again(due_ms) => Some(due_ms),
            Then::Done | Then::GiveUp | Then::Disable => None,
        };
        // What was ended meanwhile stays so: its account or webhook was disabled.
        sqlx::query(
            "UPDATE webhook_deliveries SET attempts = attempts + 1, attempted_ms = ?, http_status = ?, error = ?,
                delivered = ?, due_ms = CASE WHEN due_ms IS NULL THEN NULL ELSE ? END WHERE id = ?",
        )
        .bind(now_ms)
        .bind(attempt.http_status)
        .bind(&attempt.error)
        .bind(attempt.then == Then::Done)
        .bind(due_ms)
        .bind(&message.delivery.id)
        .execute(&mut *tx)
        .await?;
        let webhook = &message.webhook.id;
        match attempt.then {
            Then::Done => {
                sqlx::query("UPDATE webhooks SET failed_in_row = 0 WHERE id = ?")
                    .bind(webhook)
                    .execute(&mut *tx)
                    .await?;
            }
            // A ping only asks whether it works.
            Then::GiveUp if message.delivery.event != WebhookEvent::Ping => {
                let failed: Option<(i64,)> = sqlx::query_as(
                    "UPDATE webhooks SET failed_in_row = failed_in_row + 1 WHERE id = ? RETURNING failed_in_row",
                )
                .bind(webhook)
                .fetch_optional(&mut *tx)
                .await?;
                if failed.is_some_and(|(failed,)| failed >= MOST_FAILED) {
                    let why =
                        format!("the last {MOST_FAILED} deliveries failed in all their attempts");
                    disable(&mut tx, webhook, &why, now_ms).await?;
                }
            }
            Then::Disable => {
                let why = attempt.error.as_deref().unwrap_or_default();
                disable(&mut tx, webhook, why, now_ms).await?;
            }
            Then::GiveUp | Then::Again(_) => {}
        }
        tx.commit().await?;
        Ok(())
    }
}

/// How a variation of an ended run stands.
#[derive(sqlx::FromRow, Serialize)]
struct Told {
    variation_id: i64,
    attempt: i64,
    status: String,
    reason: Option<String>,
    exit_code: Option<i64>,
}

/// A run has ended: its owner's webhooks are to be told, with what is so in this transaction.
pub(in crate::db) async fn run_completed(
    tx: &mut Transaction<'_, Sqlite>,
    run: RunId,
    now_ms: i64,
) -> Result<(), DbError> {
    let id = run.to_string();
    let webhooks: Vec<(String,)> = sqlx::query_as(
        "SELECT w.id FROM webhooks w JOIN users u ON u.id = w.user_id JOIN runs r ON r.user_id = u.id
         WHERE r.id = ? AND w.disabled_ms IS NULL AND u.disabled_at IS NULL ORDER BY w.id",
    )
    .bind(&id)
    .fetch_all(&mut **tx)
    .await?;
    if webhooks.is_empty() {
        return Ok(());
    }
    let (status, repo, git_ref, commit): (String, String, Option<String>, String) =
        sqlx::query_as("SELECT status, repo_url, git_ref, base_sha FROM runs WHERE id = ?")
            .bind(&id)
            .fetch_one(&mut **tx)
            .await?;
    let variations: Vec<Told> = sqlx::query_as(
        "SELECT idx AS variation_id, attempt, status, reason, exit_code FROM current_variations
         WHERE run_id = ? AND idx < ? ORDER BY idx",
    )
    .bind(&id)
    .bind(i64::from(PUBLISHER))
    .fetch_all(&mut **tx)
    .await?;
    let data = json!({
        "run_id": id,
        "status": status,
        "repo": repo,
        "ref": git_ref,
        "base_sha": commit,
        "variations": variations,
    });
    for (webhook,) in webhooks {
        insert(tx, &webhook, WebhookEvent::RunCompleted, &data, now_ms).await?;
    }
    Ok(())
}

/// A new delivery, and its id; those that ended long ago are forgotten.
async fn insert(
    tx: &mut Transaction<'_, Sqlite>,
    webhook: &str,
    event: WebhookEvent,
    data: &Value,
    now_ms: i64,
) -> Result<String, DbError> {
    sqlx::query(
        "DELETE FROM webhook_deliveries WHERE webhook_id = ?1 AND due_ms IS NULL AND id NOT IN
            (SELECT id FROM webhook_deliveries WHERE webhook_id = ?1 AND due_ms IS NULL ORDER BY id DESC LIMIT ?2)",
    )
    .bind(webhook)
    .bind(KEPT - 1)
    .execute(&mut **tx)
    .await?;
    let (waiting,): (i64,) = sqlx::query_as(
        "SELECT COUNT(*) FROM webhook_deliveries WHERE webhook_id = ? AND due_ms IS NOT NULL",
    )
    .bind(webhook)
    .fetch_one(&mut **tx)
    .await?;
    let full = waiting >= MOST_WAITING;
    let id = Delivery::new_id();
    sqlx::query(
        "INSERT INTO webhook_deliveries (id, webhook_id, event, data, created_ms, due_ms, error)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&id)
    .bind(webhook)
    .bind(event.as_str())
    .bind(data.to_string())
    .bind(now_ms)
    .bind((!full).then_some(0))
    .bind(full.then(|| format!("not sent: {MOST_WAITING} deliveries are waiting already")))
    .execute(&mut **tx)
    .await?;
    Ok(id)
}

/// Sends nothing to a webhook any more, neither what waits.
async fn disable(
    tx: &mut Transaction<'_, Sqlite>,
    webhook: &str,
    why: &str,
    now_ms: i64,
) -> Result<(), DbError> {
    sqlx::query(
        "UPDATE webhooks SET disabled_ms = ?, disabled_reason = ? WHERE id = ? AND disabled_ms IS NULL",
    )
    .bind(now_ms)
    .bind(why)
    .bind(webhook)
    .execute(&mut **tx)
    .await?;
    sqlx::query(
        "UPDATE webhook_deliveries SET due_ms = NULL, error = 'the webhook was disabled'
         WHERE webhook_id = ? AND due_ms IS NOT NULL",
    )
    .bind(webhook)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
