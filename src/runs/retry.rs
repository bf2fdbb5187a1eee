//! A variation once more: a new attempt with the same inputs, beside what is kept of the last.

use anyhow::Context as _;
use serde_json::json;

use super::Runs;
use super::supervise::{event, status_event};
use crate::clock;
use crate::model::{EventKind, VariationKey, VariationStatus};

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
            // Told after all of the earlier attempt's log; the new one's begins then.
            let end = runs
                .store
                .committed(earlier)
                .context("failed to look at a log")?;
            let data = json!({
                "variation_id": key.index,
                "attempt": key.attempt,
                "job_name": key.job_name(),
            });
            let events = [
                event(EventKind::AgentRetry, key, data, end),
                status_event(key, VariationStatus::Queued, None, 0),
            ];
            let now = clock::now_ms();
            let Some(seq) = runs.db.insert_attempt(earlier, &events, now).await? else {
                return Ok(false);
            };
            runs.store.bell(key.run).event_stored(seq);
            let stored = runs.db.run(key.run).await?;
            runs.begin(stored.context("a run vanished")?, vec![key]);
            anyhow::Ok(true)
        };
        self.lifecycle.spawn("retry", retry).await?
    }
}
