//! Webhooks, and what their owners see of the deliveries.

mod queue;
mod rows;

use sqlx::AssertSqlSafe;

pub(super) use self::queue::run_completed;
pub use self::queue::{Due, Message};
use self::rows::{DeliveryRow, WebhookRow};
use super::{Db, DbError, Page, audit};
use crate::auth::audit::Entry;
use crate::model::{Delivery, Webhook};

impl Db {
    /// Stores a webhook, unless its owner has `most` already; false then.
    pub async fn insert_webhook(
        &self,
        webhook: &Webhook,
        most: u32,
        entry: &Entry,
    ) -> Result<bool, DbError> {
        let mut transaction = self.write().begin().await?;
        let done = sqlx::query(
            "INSERT INTO webhooks (id, user_id, url, description, key_id, sealed, created_ms)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE (SELECT COUNT(*) FROM webhooks WHERE user_id = ?2) < ?8",
        )
        .bind(&webhook.id)
        .bind(&webhook.user)
        .bind(&webhook.url)
        .bind(&webhook.description)
        .bind(&webhook.key_id)
        .bind(&webhook.sealed)
        .bind(webhook.created_ms)
        .bind(most)
        .execute(&mut *transaction)
        .await?;
        let stored = done.rows_affected() == 1;
        audit::commit(transaction, stored.then_some(entry)).await?;
        Ok(stored)
    }

    /// A user's webhooks, newest first, each with its last delivery.
    pub async fn webhooks(&self, user: &str) -> Result<Vec<(Webhook, Option<Delivery>)>, DbError> {
        let rows: Vec<WebhookRow> =
            sqlx::query_as("SELECT * FROM webhooks WHERE user_id = ? ORDER BY id DESC")
                .bind(user)
                .fetch_all(self.read())
                .await?;
        let last: Vec<DeliveryRow> = sqlx::query_as(AssertSqlSafe(format!(
            "{} WHERE id IN (SELECT MAX(d.id) FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id
                WHERE w.user_id = ? GROUP BY w.id)",
            DeliveryRow::SELECT
        )))
        .bind(user)
        .fetch_all(self.read())
        .await?;
        let with_last = rows.into_iter().map(|row| {
            let last = last.iter().find(|it| it.webhook_id == row.id).cloned();
            Ok((row.into(), last.map(Delivery::try_from).transpose()?))
        });
        with_last.collect()
    }

    /// A webhook of this user.
    pub async fn webhook(&self, user: &str, id: &str) -> Result<Option<Webhook>, DbError> {
        let row: Option<WebhookRow> =
            sqlx::query_as("SELECT * FROM webhooks WHERE id = ? AND user_id = ?")
                .bind(id)
                .bind(user)
                .fetch_optional(self.read())
                .await?;
        Ok(row.map(Webhook::from))
    }

    /// Deletes a webhook of this user with its deliveries; false when there is none.
    pub async fn delete_webhook(
        &self,
        user: &str,
        id: &str,
        entry: &Entry,
    ) -> Result<bool, DbError> {
        let mut transaction = self.write().begin().await?;
        let done = sqlx::query("DELETE FROM webhooks WHERE id = ? AND user_id = ?")
            .bind(id)
            .bind(user)
            .execute(&mut *transaction)
            .await?;
        let deleted = done.rows_affected() == 1;
        audit::commit(transaction, deleted.then_some(entry)).await?;
        Ok(deleted)
    }

    /// Uses a disabled webhook of this user again; false when there is none of this id.
    pub async fn enable_webhook(&self, user: &str, id: &str) -> Result<bool, DbError> {
        let done = sqlx::query(
            "UPDATE webhooks SET disabled_ms = NULL, disabled_reason = NULL, failed_in_row = 0
             WHERE id = ? AND user_id = ?",
        )
        .bind(id)
        .bind(user)
        .execute(self.write())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// A page of a webhook's deliveries, newest first, and how many there are.
    pub async fn deliveries(
        &self,
        webhook: &str,
        page: Page,
    ) -> Result<(Vec<Delivery>, i64), DbError> {
        let (total,): (i64,) =
            sqlx::query_as("SELECT COUNT(*) FROM webhook_deliveries WHERE webhook_id = ?")
                .bind(webhook)
                .fetch_one(self.read())
                .await?;
        let rows: Vec<DeliveryRow> = sqlx::query_as(AssertSqlSafe(format!(
            "{} WHERE webhook_id = ? ORDER BY id DESC LIMIT ? OFFSET ?",
            DeliveryRow::SELECT
        )))
        .bind(webhook)
        .bind(page.limit)
        .bind(page.offset)
        .fetch_all(self.read())
        .await?;
        let all = rows.into_iter().map(Delivery::try_from);
        Ok((all.collect::<Result<_, _>>()?, total))
    }
}
