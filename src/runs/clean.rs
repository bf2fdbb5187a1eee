//! Deleting settled Jobs: not before their logs are complete, and not before operators could look.

use std::time::Duration;

use tokio::time::sleep;
use tracing::warn;

use super::Runs;
use crate::clock;
use crate::kubectl::Cascade;

/// Pause after a deletion that failed.
const RETRY: Duration = Duration::from_secs(30);

/// Deletes each settled Job when its time has come, for ever.
pub(super) async fn clean(runs: Runs) -> anyhow::Result<()> {
    loop {
        let next = clean_due(&runs).await.unwrap_or_else(|error| {
            warn!(
                error = format!("{error:#}"),
                "failed to look for settled Jobs; trying again"
            );
            Some(RETRY)
        });
        tokio::select! {
            () = runs.settled.notified() => {}
            () = sleep(next.unwrap_or(Duration::MAX)), if next.is_some() => {}
        }
    }
}

/// Deletes what is due; the time until the next is.
async fn clean_due(runs: &Runs) -> anyhow::Result<Option<Duration>> {
    let keep_ms =
        i64::try_from(runs.agents.job_ttl_seconds.saturating_mul(1000)).unwrap_or(i64::MAX);
    let mut retry = None;
    for (key, settled_ms) in runs.db.jobs_to_delete().await? {
        let left = settled_ms.saturating_add(keep_ms) - clock::now_ms();
        if let Ok(left @ 1..) = u64::try_from(left) {
            return Ok(retry.or(Some(Duration::from_millis(left))));
        }
        let name = key.job_name();
        match runs
            .kubectl
            .delete(Some(key.run), "job", &name, Cascade::Background)
            .await
        {
            Ok(()) => {
                runs.db.mark_job_deleted(key, clock::now_ms()).await?;
                runs.cleaned.notify_one();
            }
            Err(error) => {
                warn!(job = name, %error, "failed to delete a settled Job; trying again");
                retry = Some(RETRY);
            }
        }
    }
    Ok(retry)
}
