//! Webhooks: addresses that users want told of what happens, and what is sent there.

use std::str::FromStr;

use serde::Serialize;
use uuid::Uuid;

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub enum WebhookEvent {
    /// A run has ended; again after each retry of a variation.
    #[serde(rename = "run.completed")]
    RunCompleted,
    /// Somebody tries the webhook.
    #[serde(rename = "ping")]
    Ping,
}

impl WebhookEvent {
    /// As the API, the database and receivers spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RunCompleted => "run.completed",
            Self::Ping => "ping",
        }
    }
}

impl FromStr for WebhookEvent {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let all = [Self::RunCompleted, Self::Ping];
        all.into_iter().find(|it| it.as_str() == text).ok_or(())
    }
}

/// A webhook as it is stored; its secret can be had from it with the server's key only. Times are
/// milliseconds since the Unix epoch.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// `hook_` and a UUIDv7 in 32 hex digits.
    pub id: String,
    /// The owner's id.
    pub user: String,
    pub url: String,
    pub description: Option<String>,
    /// Names the server's key.
    pub key_id: String,
    /// The encrypted secret.
    pub sealed: Vec<u8>,
    pub created_ms: i64,
    /// Since when nothing is sent there, and why.
    pub disabled: Option<(i64, String)>,
}

impl Webhook {
    /// An id that nothing has.
    pub fn new_id() -> String {
        format!("hook_{}", Uuid::now_v7().simple())
    }
}

/// One event for one webhook, in however many attempts.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// `msg_` and a UUIDv7 in 32 hex digits; the same for all attempts.
    pub id: String,
    pub event: WebhookEvent,
    pub created_ms: i64,
    /// When it is tried next, 0 for at once; `None` when it has ended.
    pub due_ms: Option<i64>,
    pub attempts: u32,
    /// Of the last attempt, as are `http_status` and `error`.
    pub attempted_ms: Option<i64>,
    pub http_status: Option<u16>,
    pub error: Option<String>,
    /// It has ended well.
    pub delivered: bool,
}

impl Delivery {
    /// An id that nothing has.
    pub fn new_id() -> String {
        format!("msg_{}", Uuid::now_v7().simple())
    }
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub http_status: Option<u16>,
    /// For the webhook's owner; absent after success.
    pub error: Option<String>,
    pub then: Then,
}

/// What follows an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Nothing: it was delivered.
    Done,
    /// Another attempt, not before this time (ms).
    Again(i64),
    /// Nothing: there were enough attempts.
    GiveUp,
    /// The webhook is no more to be used.
    Disable,
}
