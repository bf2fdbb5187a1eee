//! A variation once more: a new attempt with the same inputs, beside what is kept of the last.

use anyhow::Context as _;
use serde_json::json;

use super::Runs;
use super::supervise::{event, status_event};
use crate::clock;
use crate::model::{EventKind, NewEvent, RunId, VariationKey, VariationStatus};

impl Runs {
    /// Begins the attempt after `earlier`, which must have ended; says whether it did, and was the last.
    /// A task of its own: a client that goes away in between must not leave an attempt that nobody starts.
    pub async fn retry(&self, earlier: VariationKey) -> anyhow::Result<bool> {
        let runs = self.clone();
        let retry = async move {
            let (key, events) = next_attempt(&runs, earlier.run, earlier.index, Some(earlier))?;
            let now = clock::now_ms();
            let Some(seq) = runs.db.insert_attempt(earlier, &events, now).await? else {
                return Ok(false);
            };
            runs.waits(key.run, seq);
            anyhow::Ok(true)
        };
        self.lifecycle.spawn("retry", retry).await?
    }

    /// An attempt was stored with events, the last of this number: it waits for its turn.
    pub(super) fn waits(&self, run: RunId, seq: i64) {
        self.store.bell(run).event_stored(seq);
        self.queue.notify_one();
    }
}

/// The attempt with this index that comes after the last one, or is the first, and the events that
/// tell that it is queued.
pub(super) fn next_attempt(
    runs: &Runs,
    run: RunId,
    index: u8,
    last: Option<VariationKey>,
) -> anyhow::Result<(VariationKey, Vec<NewEvent>)> {
    let attempt = last.map_or(0, |last| last.attempt + 1);
    let key = VariationKey {
        run,
        index,
        attempt,
    };
    let seam = last.map(|last| retry_event(runs, last, key)).transpose()?;
    let queued = status_event(key, VariationStatus::Queued, None, 0);
    Ok((key, seam.into_iter().chain([queued]).collect()))
}

/// The seam between two attempts: told after all of the earlier one's log.
fn retry_event(runs: &Runs, earlier: VariationKey, key: VariationKey) -> anyhow::Result<NewEvent> {
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
