//! Forgetting old runs: by their age, and by the room that their logs take. Never one that is
//! unfinished, or whose Job is still there to be looked at. Beside them, what else in the database grows old.

use std::time::Duration;

use anyhow::Context as _;
use tokio::time::interval;
use tracing::{info, warn};

use super::Runs;
use crate::clock;
use crate::db::DbError;
use crate::db::audit::MOST_ENTRIES;
use crate::db::commands::MOST_OF_RUN;
use crate::model::RunId;

/// How often it is looked: ages are in days, and a disk that fills faster refuses new runs.
const PAUSE: Duration = Duration::from_mins(10);
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Forgets what is due, for ever.
pub(super) async fn forget(runs: Runs) -> anyhow::Result<()> {
    let mut pause = interval(PAUSE);
    loop {
        tokio::select! {
            _ = pause.tick() => forget_entries(&runs).await,
            // What was cleaned up may be forgotten now.
            () = runs.cleaned.notified() => {}
        }
        if let Err(error) = forget_due(&runs).await {
            warn!(
                error = format!("{error:#}"),
                "failed to delete old runs; trying again"
            );
        }
    }
}

/// What else is due.
async fn forget_entries(runs: &Runs) {
    let week = clock::now_ms() - 7 * DAY_MS;
    if let Err(error) = runs.db.forget_shared_commands(week).await {
        warn!(%error, "failed to delete old kubectl calls; trying again");
    }
    if let Err(error) = forget_commands(runs).await {
        warn!(%error, "failed to delete kubectl calls of a run that has very many; trying again");
    }
    if let Err(error) = forget_audit(runs).await {
        warn!(%error, "failed to delete old entries of the audit log; trying again");
    }
}

async fn forget_commands(runs: &Runs) -> Result<(), DbError> {
    let calls = runs.db.forget_middle_commands(MOST_OF_RUN).await?;
    if calls > 0 {
        info!(calls, "deleted kubectl calls of runs that have very many");
    }
    Ok(())
}

async fn forget_audit(runs: &Runs) -> Result<(), DbError> {
    let oldest = match runs.keep.audit_days {
        0 => i64::MIN,
        days => clock::now_ms().saturating_sub(DAY_MS * i64::from(days)),
    };
    let entries = runs.db.forget_audit(oldest, MOST_ENTRIES).await?;
    if entries > 0 {
        info!(entries, "deleted old entries of the audit log");
    }
    Ok(())
}

async fn forget_due(runs: &Runs) -> anyhow::Result<()> {
    let finished = runs.db.forgettable_runs().await?;
    let sizes = match runs.keep.bytes {
        0 => vec![0; finished.len()],
        _ => sizes(runs, finished.iter().map(|(id, _)| *id).collect()).await?,
    };
    let mut total: u64 = sizes.iter().sum();
    let oldest = clock::now_ms().saturating_sub(DAY_MS * i64::from(runs.keep.days));
    for ((id, finished_ms), size) in finished.into_iter().zip(sizes) {
        let too_old = runs.keep.days > 0 && finished_ms < oldest;
        let too_much = total > runs.keep.bytes;
        if too_old || too_much {
            let Some(forgetting) = runs.db.begin_forgetting(id).await? else {
                continue;
            };
            // Files first: what is left half-way is still in the table, and due.
            runs.store.remove(id).context("failed to delete a log")?;
            forgetting.done().await?;
            total -= size;
            info!(run.id = %id, too_old, bytes = size, "deleted an old run");
        }
    }
    Ok(())
}

async fn sizes(runs: &Runs, ids: Vec<RunId>) -> anyhow::Result<Vec<u64>> {
    let store = runs.store.clone();
    let sizes = move || {
        ids.into_iter()
            .map(|id| store.size(id))
            .collect::<Result<_, _>>()
    };
    tokio::task::spawn_blocking(sizes)
        .await?
        .context("failed to read the sizes of logs")
}
