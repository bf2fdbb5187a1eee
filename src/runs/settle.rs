//! The end of a variation: its log sealed and read through, its result written, its end told.

use anyhow::Context as _;
use serde_json::json;
use tracing::warn;

use super::Runs;
use super::digest::{Digest, digest};
use super::follow::Followed;
use super::launch::take_keys_back;
use super::meter::account;
use super::supervise::{event, gap_event, status_event};
use crate::logs::Gap;
use crate::model::{Cause, EventKind, NewEvent, VariationStatus, VariationUpdate, is_variation};
use crate::telemetry::metrics;

/// How a variation ended, as the cluster tells it.
#[derive(Debug, Clone)]
pub(super) struct Ending {
    /// Absent when no container's end was seen.
    pub(super) exit_code: Option<i32>,
    /// Absent when it succeeded.
    pub(super) cause: Option<Cause>,
    /// Milliseconds since the Unix epoch.
    pub(super) ended_ms: Option<i64>,
    /// It vanished.
    pub(super) lost: bool,
}

impl Ending {
    /// Its Job could not be made.
    pub(super) fn never_ran(cause: Cause) -> Self {
        Self {
            exit_code: None,
            cause: Some(cause),
            ended_ms: None,
            lost: false,
        }
    }

    /// Its Job or pod vanished.
    pub(super) fn lost(cause: Cause) -> Self {
        Self {
            lost: true,
            ..Self::never_ran(cause)
        }
    }

    pub(super) fn succeeded(&self) -> bool {
        self.exit_code == Some(0)
    }

    pub(super) fn status(&self, cancelled: bool) -> VariationStatus {
        match (self.succeeded(), cancelled, self.lost) {
            (true, _, _) => VariationStatus::Succeeded,
            (_, true, _) => VariationStatus::Cancelled,
            (_, _, true) => VariationStatus::Lost,
            _ => VariationStatus::Failed,
        }
    }
}

/// Writes and tells a variation's end. `update` has everything but the result.
pub(super) async fn settle(
    runs: &Runs,
    mut update: VariationUpdate,
    ending: Ending,
    followed: Followed,
    cancelled: bool,
) -> anyhow::Result<()> {
    let key = update.key;
    let confirmed = followed.confirmed;
    let len = followed.writer.seal().context("failed to seal a log")?;
    let store = runs.store.clone();
    let mut found = tokio::task::spawn_blocking(move || digest(&store, key, len))
        .await
        .context("reading a log through died")?
        .context("failed to read a log through")?;
    if let Some(patch) = &found.patch {
        runs.store
            .write_patch(key, &patch.bytes)
            .context("failed to store a patch")?;
    }
    if let Some(usage) = found.settled.usage {
        // What came last may not have been accounted for.
        account(runs, key, usage).await?;
    }
    if cancelled {
        let wish = || Cause::new("Cancelled", "cancelled by request");
        update.cause = Some(runs.db.cancel_cause(key).await?.unwrap_or_else(wish));
    } else if let (Some(cause), Some((code, message))) = (&mut update.cause, &found.error)
        && cause.reason == "Error"
    {
        // Kubernetes only knows the exit code; the agent said what it was.
        cause.message = Some(format!("{code}: {message}"));
    }
    found.settled.exit_code = ending.exit_code;
    if found
        .settled
        .judgement
        .take_if(|said| !said.heeds_gates())
        .is_some()
    {
        let message = "it ranks a result above one that fails fewer gates, so it is not shown";
        update.cause = Some(Cause::new("JudgementUnusable", message));
    }
    let mut events: Vec<NewEvent> = missing(&ending, confirmed, &found)
        .map(|gap| gap_event(key, &gap, len))
        .into_iter()
        .collect();
    events.extend(closing(&update, &ending, &found, len));
    update.settled = Some(found.settled);
    runs.update(&update, &events).await?;
    runs.settled.notify_one();
    runs.queue.notify_one();
    let reason = update.cause.as_ref().map(|cause| cause.reason.as_str());
    metrics::settled(update.status, reason);
    let Some(run) = runs.db.run(key.run).await? else {
        return Ok(());
    };
    if let Some(attempt) = run.current().find(|it| it.key == key) {
        metrics::used(attempt);
        // A retry's steps do not begin with its run.
        if is_variation(key.index) && key.attempt == 0 {
            metrics::stages(run.created_ms, &attempt.timings);
        }
        if let Some(finished_ms) = run.ended_by(attempt) {
            metrics::run_ended(&run, finished_ms);
        }
        runs.trace(&run, attempt);
    }
    take_keys_back(runs, &run, key).await;
    // Boxed: a launch, which few ends lead to, would make every supervisor's task large.
    if let Err(error) = Box::pin(runs.judge_if_wanted(run)).await {
        warn!(run.id = %key.run, error = format!("{error:#}"), "a run cannot be judged");
    }
    Ok(())
}

/// What may be missing from the log.
fn missing(ending: &Ending, confirmed: bool, found: &Digest) -> Option<Gap> {
    if found.hole.is_some() {
        return found.hole.clone();
    }
    let ran = ending.exit_code.is_some() || ending.lost || found.settled.lines > 0;
    if !ran || confirmed || found.settled.complete == Some(true) {
        return None;
    }
    Some(Gap {
        after: None,
        certain: false,
        reason: "the pod was gone before its log could be read to its end".to_owned(),
    })
}

/// The last events of a variation, told after all of its log.
fn closing(update: &VariationUpdate, ending: &Ending, found: &Digest, len: u64) -> Vec<NewEvent> {
    let key = update.key;
    let mut events = Vec::new();
    let mut error = |reason: &str, text: String| {
        let data = json!({
            "variation_id": key.index,
            "error": text,
            "reason": reason,
            "exit_code": ending.exit_code,
        });
        events.push(event(EventKind::AgentError, key, data, len));
    };
    if let Some(message) = &found.patch_error {
        error(
            "PatchUnusable",
            format!("the patch in the log cannot be used: {message}"),
        );
    }
    if let Some(cause) = &update.cause
        && matches!(
            update.status,
            VariationStatus::Failed | VariationStatus::Lost
        )
    {
        error(&cause.reason, cause.message.clone().unwrap_or_default());
    }
    events.push(status_event(key, update.status, update.cause.as_ref(), len));
    let settled = &found.settled;
    let patch = settled.patch.as_ref().map(|patch| {
        json!({"files": patch.files, "additions": patch.additions, "deletions": patch.deletions})
    });
    let data = json!({
        "variation_id": key.index,
        "status": update.status,
        "exit_code": settled.exit_code,
        "lines": settled.lines,
        "bytes": settled.bytes,
        "sha256": settled.sha256,
        "complete": settled.complete,
        "patch": patch,
        "usage": settled.usage,
    });
    events.push(event(EventKind::AgentComplete, key, data, len));
    events
}
