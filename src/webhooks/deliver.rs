//! The task that makes the attempts: several at a time, few for one user, one for one webhook.

use std::collections::HashMap;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use serde_json::{Value, json};
use tracing::{info, warn};

use super::Webhooks;
use super::send::{Answer, Letter};
use super::sign::sign;
use crate::clock::rfc3339;
use crate::db::DbError;
use crate::db::webhooks::Message;
use crate::model::{Attempt, Then, WebhookEvent};
use crate::telemetry::metrics;

/// Attempts at a time.
const MOST: usize = 32;
/// Of one user: whose receivers hang holds up nobody else.
const MOST_OF_USER: usize = 3;
/// Pause after the database failed: at first, and at most.
const RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_mins(5);

/// Makes attempts when they are due, for ever.
pub(super) async fn deliver(webhooks: Webhooks) {
    let mut under_way = FuturesUnordered::new();
    // Which webhooks, and whose.
    let mut busy: HashMap<String, String> = HashMap::new();
    loop {
        let due = match next(&webhooks, &busy).await {
            Ok(due) => due,
            Err(error) => {
                warn!(%error, "failed to look for deliveries to webhooks; trying again");
                tokio::time::sleep(RETRY).await;
                continue;
            }
        };
        for (webhook, user, delivery) in due.now {
            busy.insert(webhook.clone(), user);
            let webhooks = webhooks.clone();
            under_way.push(async move {
                attempt(&webhooks, &delivery).await;
                webhook
            });
        }
        let later = async {
            match due.later {
                Some(at) => webhooks.0.clock.reaches(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = webhooks.0.db.delivery_added() => {}
            Some(webhook) = under_way.next() => {
                busy.remove(&webhook);
            }
            () = later => {}
        }
    }
}

struct NextUp {
    /// Webhook, user and delivery of what can be sent.
    now: Vec<(String, String, String)>,
    /// When it is worth looking again, if nothing else happens.
    later: Option<i64>,
}

async fn next(webhooks: &Webhooks, busy: &HashMap<String, String>) -> Result<NextUp, DbError> {
    let now_ms = webhooks.0.clock.now_ms();
    let mut next = NextUp {
        now: Vec::new(),
        later: None,
    };
    let mut of_user: HashMap<String, usize> = HashMap::new();
    for user in busy.values() {
        *of_user.entry(user.clone()).or_default() += 1;
    }
    for due in webhooks.0.db.next_deliveries().await? {
        if busy.contains_key(&due.webhook) {
            continue;
        }
        if due.due_ms > now_ms {
            next.later = Some(due.due_ms);
            // What follows is due later still.
            break;
        }
        let of_user = of_user.entry(due.user.clone()).or_default();
        if *of_user < MOST_OF_USER && busy.len() + next.now.len() < MOST {
            *of_user += 1;
            next.now.push((due.webhook, due.user, due.delivery));
        }
    }
    Ok(next)
}

/// Makes one attempt, and one only, however long the database fails: receivers are not to hear of that.
async fn attempt(webhooks: &Webhooks, delivery: &str) {
    let db = &webhooks.0.db;
    let Some(message) = insist(delivery, || db.message(delivery)).await else {
        return;
    };
    let attempt = send(webhooks, &message).await;
    let now_ms = webhooks.0.clock.now_ms();
    insist(delivery, || db.note_attempt(&message, &attempt, now_ms)).await;
    let outcome = match attempt.then {
        Then::Done => "delivered",
        Then::Again(_) => "failed",
        Then::GiveUp | Then::Disable => "given_up",
    };
    metrics::webhook_attempted(outcome);
    info!(
        webhook = message.webhook.id,
        delivery,
        attempt = message.delivery.attempts + 1,
        http.status = attempt.http_status,
        error = attempt.error,
        outcome,
        "sent to a webhook"
    );
}

/// Tries until the database does it, with longer and longer pauses.
async fn insist<T, F>(delivery: &str, mut task: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, DbError>>,
{
    let mut pause = RETRY;
    loop {
        match task().await {
            Ok(done) => return done,
            Err(error) => {
                warn!(delivery, %error, "failed to read or note a delivery to a webhook; trying again");
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_RETRY);
    }
}

async fn send(webhooks: &Webhooks, message: &Message) -> Attempt {
    let webhook = &message.webhook;
    let failed = |error: &str, then| Attempt {
        http_status: None,
        error: Some(error.to_owned()),
        then,
    };
    let seconds = webhooks.0.clock.now_ms().div_euclid(1000);
    let body = body(webhooks, message).to_string();
    let id = &message.delivery.id;
    let secret = webhooks.0.credentials.open_signing(webhook);
    let signature = secret.and_then(|secret| sign(&secret, id, seconds, &body));
    let Some(signature) = signature else {
        let error = "its signing secret was stored under another SECRET_KEY of this server and cannot be read any more: delete the webhook and make it anew";
        return failed(error, Then::Disable);
    };
    let answer = match webhooks.check_url(&webhook.url) {
        Ok(_) => {
            let letter = Letter {
                url: &webhook.url,
                id,
                seconds,
                signature,
                body,
            };
            webhooks.0.sender.send(letter).await
        }
        // The operator has changed what is allowed. Literal addresses are resolved by nobody.
        Err(why) => Answer::refused(why),
    };
    let once = message.delivery.event == WebhookEvent::Ping;
    let now_ms = webhooks.0.clock.now_ms();
    answer.judged(message.delivery.attempts, once, jitter(), now_ms)
}

/// What the receiver gets; the same in each attempt.
fn body(webhooks: &Webhooks, message: &Message) -> Value {
    let mut data = message.data.clone();
    if let Some(run) = message.data.get("run_id").and_then(Value::as_str) {
        let path = format!("/api/v1/runs/{run}");
        let base = webhooks.0.public_url.as_ref();
        let url = base.map(|base| format!("{}{path}", base.as_str().trim_end_matches('/')));
        data["path"] = json!(path);
        data["url"] = json!(url);
    }
    json!({
        "type": message.delivery.event.as_str(),
        "timestamp": rfc3339(message.delivery.created_ms),
        "data": data,
    })
}

/// From 0 to 1; 0 where the system has no randomness to give, which costs evenness only.
fn jitter() -> f64 {
    let mut byte = [0];
    let _ = getrandom::fill(&mut byte);
    f64::from(byte[0]) / 255.0
}
