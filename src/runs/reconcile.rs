//! Rows against the cluster, when the server starts.
//!
//! What runs is adopted, what was half-made is made, what ended meanwhile is settled, and a Job of
//! ours that no row knows is deleted.

use anyhow::Context as _;
use tracing::{info, warn};

use super::watch::{Kind, list};
use super::{Runs, launch};
use crate::clock;
use crate::kubectl::{Cascade, KubectlError};
use crate::model::{Run, VariationKey};

/// Lists the cluster once, then starts a supervisor for each unfinished variation.
pub(super) async fn reconcile(runs: &Runs) -> anyhow::Result<()> {
    runs.db.end_interrupted_commands(clock::now_ms()).await?;
    let jobs = observe(runs)
        .await
        .context("failed to list the cluster's Jobs and pods")?;
    delete_orphans(runs, &jobs).await?;
    let unfinished = runs.db.unfinished_runs().await?;
    if !unfinished.is_empty() {
        info!(runs = unfinished.len(), "adopting unfinished runs");
    }
    for run in unfinished {
        adopt(runs, &run);
    }
    Ok(())
}

/// Fills the views from two lists; the attempts that have a Job.
async fn observe(runs: &Runs) -> Result<Vec<VariationKey>, KubectlError> {
    let mark = runs.cluster.mark();
    let (pods, jobs) = tokio::join!(
        list(
            &runs.kubectl,
            &runs.cluster,
            &runs.selector,
            Kind::Pods,
            mark
        ),
        list(
            &runs.kubectl,
            &runs.cluster,
            &runs.selector,
            Kind::Jobs,
            mark
        ),
    );
    pods?;
    jobs?;
    Ok(runs.cluster.attempts())
}

fn adopt(runs: &Runs, run: &Run) {
    let open = run.variations.iter().filter(|v| v.settled.is_none());
    let mut unmade = Vec::new();
    for variation in open {
        let key = variation.key;
        if variation.timings.applied_ms.is_some() {
            // A Job that was made and is not there any more was deleted while we were away.
            runs.cluster.expect(&key.job_name());
        } else {
            unmade.push(key);
        }
        runs.supervise(key, variation.cancel_requested);
    }
    if unmade.is_empty() {
        return;
    }
    let (runs, run) = (runs.clone(), run.clone());
    runs.clone().background("launch", async move {
        launch::launch(&runs, &run, &unmade).await
    });
}

async fn delete_orphans(runs: &Runs, jobs: &[VariationKey]) -> anyhow::Result<()> {
    for key in jobs {
        if runs.db.knows_job(*key).await? {
            continue;
        }
        let name = key.job_name();
        warn!(job = name, "deleting a Job of ours that no run knows");
        if let Err(error) = runs
            .kubectl
            .delete(None, "job", &name, Cascade::Background)
            .await
        {
            warn!(job = name, %error, "failed to delete it; the next start tries again");
        }
    }
    Ok(())
}
