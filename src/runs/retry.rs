//! A variation once more: a new attempt with the same inputs, beside what is kept of the last.

use anyhow::Context as _;
use serde_json::json;

use super::Runs;
use super::supervise::{event, status_event};
use crate::clock;
use crate::model::{EventKind, NewEvent, VariationKey, VariationStatus};

impl Runs {
    /// Begins the attempt after `earlier`, which must have ended; says whether it did, and was the last.
    /// A task of its own: a client that goes away in between must not leave an attempt that nobody starts.
    pub async fn retry(&self, earlier: VariationKey) -> anyhow::Result<bool> {
        let runs = self.clone();
        let retry = async move {
            let key = VariationKey {
                attempt: earlier.attempt + 1,
                ..earlier
            };
            let events = [
                retry_event(&runs, earlier, key)?,
                status_event(key, VariationStatus::Queued, None, 0),
            ];
            let now = clock::now_ms();
            let Some(seq) = runs.db.insert_attempt(earlier, &events, now).await? else {
                return Ok(false);
            };
            runs.store.bell(key.run).event_stored(seq);
            runs.queue.notify_one();
            anyhow::Ok(true)
        };
        self.lifecycle.spawn("retry", retry).await?
    }
}

/// The seam between two attempts: told after all of the earlier one's log.
pub(super) fn retry_event(
    runs: &Runs,
    earlier: VariationKey,
    key: VariationKey,
) -> anyhow::Result<NewEvent> {
    let end = runs
        .store
        .committed(earlier)
        .context("failed to look at a log")?;
    let data = json!({
        "variation_id": key.index,
        "attempt": key.attempt,
        "job_name": key.job_name(),
    });
    Ok(event(EventKind::AgentRetry, key, data, end))
}
