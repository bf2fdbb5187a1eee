//! The queue: who waits for a place, who gets the next one, and what those who wait are told.
//!
//! It is in the database: a row without a turn waits, and one with a turn that has not settled has a
//! place. So a server that dies forgets nothing, and this task holds nothing. It wakes when something
//! is asked for, cancelled or settled.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use tracing::warn;

use super::follow::Followed;
use super::settle::{Ending, settle};
use super::supervise::status_event;
use super::{Runs, launch};
use crate::clock;
use crate::db::turns::{Notice, Place, Waited};
use crate::model::{
    Cause, Full, Places, RunId, Timings, VariationKey, VariationStatus, VariationUpdate,
};
use crate::telemetry::metrics;
use crate::templates::secret_name;

/// Pause after the database failed.
const RETRY: Duration = Duration::from_secs(1);

/// Gives turns, for ever.
pub(super) async fn turns(runs: Runs) -> anyhow::Result<()> {
    loop {
        match take_turns(&runs).await {
            Ok(()) => runs.queue.notified().await,
            Err(error) => {
                warn!(
                    error = format!("{error:#}"),
                    "failed to look at the queue; trying again"
                );
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

async fn take_turns(runs: &Runs) -> anyhow::Result<()> {
    let now_ms = clock::now_ms();
    let given = runs.db.give_turns(runs.limits.places, now_ms).await?;
    let mut batches: BTreeMap<(RunId, String), Vec<VariationKey>> = BTreeMap::new();
    for Waited { key, since_ms } in given.now {
        metrics::waited("turn", now_ms - since_ms);
        runs.supervise(key, false);
        let batch = batches.entry((key.run, secret_name(key))).or_default();
        batch.push(key);
    }
    for ((run, _), keys) in batches {
        runs.background("launch", start(runs.clone(), run, keys));
    }
    for Waited { key, since_ms } in runs.db.cancelled_before_turn(now_ms).await? {
        end_unstarted(runs, key).await?;
        metrics::waited("cancelled", now_ms - since_ms);
    }
    tell(runs, &given.later).await
}

/// Makes the Jobs of attempts of one run that have supervisors already.
async fn start(runs: Runs, run: RunId, keys: Vec<VariationKey>) -> anyhow::Result<()> {
    // Those that have had their turn must not be left because the database was busy.
    let stored = loop {
        match runs.db.run(run).await {
            Ok(stored) => break stored,
            Err(error) => {
                warn!(run.id = %run, %error, "failed to read a run; trying again");
                tokio::time::sleep(RETRY).await;
            }
        }
    };
    let Some(stored) = stored else { return Ok(()) };
    // A cancel that came after the turn and before the supervisor reached only the row.
    for variation in stored.current().filter(|v| keys.contains(&v.key)) {
        if variation.cancel_requested {
            runs.pass_cancel(run, Some(variation.key.index));
        }
    }
    launch::launch_or_refuse(&runs, &stored, &keys).await;
    Ok(())
}

/// Somebody cancelled it before it had its turn: there is no Job, and there will be none.
async fn end_unstarted(runs: &Runs, key: VariationKey) -> anyhow::Result<()> {
    let followed = Followed {
        writer: runs.store.writer(key)?,
        first_line_ms: None,
        confirmed: false,
    };
    let ending = Ending::never_ran(Cause::new("Cancelled", ""));
    let update = VariationUpdate {
        key,
        status: VariationStatus::Cancelled,
        cause: ending.cause.clone(),
        pod: None,
        timings: Timings::default(),
        settled: None,
    };
    runs.db.mark_job_deleted(key, clock::now_ms()).await?;
    settle(runs, update, ending, followed, true).await
}

/// Tells those whose place has changed enough to be worth it.
async fn tell(runs: &Runs, later: &[Place]) -> anyhow::Result<()> {
    let changed = |place: &&Place| place.told.map(first_digit) != Some(first_digit(place.position));
    let notices: Vec<Notice> = later
        .iter()
        .filter(changed)
        .map(|place| notice(place, runs.limits.places))
        .collect();
    if notices.is_empty() {
        return Ok(());
    }
    for (run, seq) in runs.db.tell_waiting(&notices).await? {
        runs.store.bell(run).event_stored(seq);
    }
    Ok(())
}

/// A position as it is told: exact up to 9, then its first digit and zeros, so that what waits behind
/// a thousand others is told some thirty times and not a thousand.
fn first_digit(position: u32) -> u32 {
    let power = 10_u32.pow(position.checked_ilog10().unwrap_or(0));
    position / power * power
}

fn notice(place: &Place, places: Places) -> Notice {
    let most = |most: Option<u32>| most.unwrap_or_default();
    let full = match place.full {
        Full::Server => format!(
            "at most {} variations run on this server at a time",
            most(places.all)
        ),
        Full::User => format!(
            "at most {} variations of one user run at a time",
            most(places.per_user)
        ),
    };
    let about = first_digit(place.position);
    let number = if about < 10 {
        format!("number {about}")
    } else {
        format!("number {about} or a little more")
    };
    let cause = Cause::new(
        "WaitingForTurn",
        format!("{full}; this one is {number} in the queue"),
    )
    .hint("It starts by itself. Places go round between users; within a user, first come, first served.");
    let mut event = status_event(place.key, VariationStatus::Queued, Some(&cause), 0);
    event.data["position"] = json!(place.position);
    Notice {
        key: place.key,
        position: place.position,
        cause,
        event,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_told_by_their_first_digit() {
        let told = [0, 1, 9, 10, 19, 42, 100, 999, u32::MAX].map(first_digit);
        assert_eq!(told, [0, 1, 9, 10, 10, 40, 100, 900, 4_000_000_000]);
        let changes = (1..=1000).map(first_digit);
        let changes: std::collections::BTreeSet<u32> = changes.collect();
        assert_eq!(changes.len(), 28);
    }
}
