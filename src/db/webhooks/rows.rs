//! Rows of webhooks and deliveries.

use sqlx::FromRow;

use crate::db::DbError;
use crate::model::{Delivery, Webhook};

#[derive(FromRow)]
pub(super) struct WebhookRow {
    pub(super) id: String,
    user_id: String,
    url: String,
    description: Option<String>,
    key_id: String,
    sealed: Vec<u8>,
    created_ms: i64,
    disabled_ms: Option<i64>,
    disabled_reason: Option<String>,
}

impl From<WebhookRow> for Webhook {
    fn from(row: WebhookRow) -> Self {
        let reason = row.disabled_reason.unwrap_or_default();
        Self {
            id: row.id,
            user: row.user_id,
            url: row.url,
            description: row.description,
            key_id: row.key_id,
            sealed: row.sealed,
            created_ms: row.created_ms,
            disabled: row.disabled_ms.map(|at| (at, reason)),
        }
    }
}

#[derive(Clone, FromRow)]
pub(super) struct DeliveryRow {
    id: String,
    pub(super) webhook_id: String,
    event: String,
    created_ms: i64,
    due_ms: Option<i64>,
    attempts: i64,
    attempted_ms: Option<i64>,
    http_status: Option<i64>,
    error: Option<String>,
    delivered: bool,
}

impl DeliveryRow {
    /// What every query begins with: all but the data.
    pub(super) const SELECT: &str =
        "SELECT id, webhook_id, event, created_ms, due_ms, attempts, attempted_ms,
        http_status, error, delivered FROM webhook_deliveries";
}

impl TryFrom<DeliveryRow> for Delivery {
    type Error = DbError;

    fn try_from(row: DeliveryRow) -> Result<Self, DbError> {
        let broken = |what: &str| DbError::inconsistent("webhook_deliveries", &row.id, what);
        let status = row.http_status.map(u16::try_from).transpose();
        Ok(Self {
            event: row.event.parse().map_err(|()| broken("unknown event"))?,
            attempts: u32::try_from(row.attempts).map_err(|_| broken("attempts"))?,
            http_status: status.map_err(|_| broken("http_status"))?,
            id: row.id,
            created_ms: row.created_ms,
            due_ms: row.due_ms,
            attempted_ms: row.attempted_ms,
            error: row.error,
            delivered: row.delivered,
        })
    }
}
