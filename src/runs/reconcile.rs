//! Rows against the cluster: all of them when the server starts, and each Job that appears later.
//!
//! What runs is adopted, what was half-made is made, what ended meanwhile is settled, and a Job of
//! ours that no row knows is deleted.

use std::collections::{BTreeMap, HashSet};

use anyhow::Context as _;
use tracing::{info, warn};

use super::supervise::status_event;
use super::watch::{Kind, list};
use super::{Runs, launch};
use crate::clock;
use crate::kubectl::{Cascade, KubectlError};
use crate::model::{Cause, Run, Timings, Variation, VariationKey, VariationUpdate};
use crate::templates::secret_name;

/// Hides the unfinished ends of logs until their supervisors are there.
pub(super) async fn prepare(runs: &Runs) -> anyhow::Result<()> {
    runs.db.end_interrupted_commands(clock::now_ms()).await?;
    for run in runs.db.unfinished_runs().await? {
        for variation in run.current().filter(|v| v.settled.is_none()) {
            runs.store.prepare(variation.key)?;
        }
    }
    Ok(())
}

/// Lists the cluster once, then starts a supervisor for each unfinished variation.
pub(super) async fn reconcile(runs: &Runs) -> anyhow::Result<()> {
    // Before the list: a Job that is made while the list is on its way is not missing.
    let unfinished = runs.db.unfinished_runs().await?;
    let jobs = observe(runs)
        .await
        .context("failed to list the cluster's Jobs and pods")?;
    delete_orphans(runs, &jobs).await?;
    if !unfinished.is_empty() {
        info!(runs = unfinished.len(), "adopting unfinished runs");
    }
    for run in &unfinished {
        adopt(runs, run, &jobs).await?;
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

async fn adopt(runs: &Runs, run: &Run, jobs: &[VariationKey]) -> anyhow::Result<()> {
    let (mut unmade, mut unnoted) = (Vec::new(), Vec::new());
    // What was begun since this server started is taken care of.
    let open = |key| !runs.is_supervised(key);
    // And what waits for its turn has no Job yet.
    let begun = |v: &&Variation| v.settled.is_none() && v.turn.is_some();
    for variation in run.current().filter(begun).filter(|v| open(v.key)) {
        let key = variation.key;
        if variation.timings.applied_ms.is_some() {
            // A Job that was made and is not there any more was deleted while we were away.
            runs.cluster.expect(&key.job_name());
        } else if jobs.contains(&key) {
            unnoted.push(key);
        } else {
            unmade.push(key);
        }
        runs.supervise(key, variation.cancel_requested);
    }
    // Read again: a cancel that came meanwhile, before the supervisors were there, reached only the row.
    let again = runs.db.run(run.id).await?;
    for variation in again.iter().flat_map(Run::current) {
        if variation.cancel_requested {
            runs.pass_cancel(variation.key.run, Some(variation.key.index));
        }
    }
    let (runs, run) = (runs.clone(), run.clone());
    runs.clone().background("launch", async move {
        for keys in by_secret(unnoted).into_values() {
            launch::made(&runs, &run, &keys).await;
        }
        for keys in by_secret(unmade).into_values() {
            launch::launch_or_refuse(&runs, &run, &keys).await;
        }
        Ok(())
    });
    Ok(())
}

fn by_secret(keys: Vec<VariationKey>) -> BTreeMap<String, Vec<VariationKey>> {
    let mut groups = BTreeMap::new();
    for key in keys {
        let group: &mut Vec<_> = groups.entry(secret_name(key)).or_default();
        group.push(key);
    }
    groups
}

/// Says of all unfinished variations that nothing is known of them now.
pub(super) async fn tell_trouble(runs: &Runs, cause: &Cause) -> anyhow::Result<()> {
    for run in runs.db.unfinished_runs().await? {
        let begun = |v: &&Variation| v.settled.is_none() && v.turn.is_some();
        let unfinished = run.current().filter(begun);
        for variation in unfinished.filter(|v| !runs.is_supervised(v.key)) {
            let key = variation.key;
            let update = VariationUpdate {
                key,
                status: variation.status,
                cause: Some(cause.clone()),
                pod: None,
                timings: Timings::default(),
                settled: None,
            };
            let offset = runs.store.committed(key)?;
            let event = status_event(key, variation.status, Some(cause), offset);
            runs.update(&update, &[event]).await?;
        }
    }
    Ok(())
}

/// Deletes Jobs with our labels that somebody else makes, for ever: a row comes before its Job, so a
/// Job without a row is nobody's.
pub(super) async fn sweep(runs: Runs) -> anyhow::Result<()> {
    let mut known = HashSet::new();
    loop {
        runs.cluster.arrival().await;
        let jobs = runs.cluster.attempts();
        known.retain(|key| jobs.contains(key));
        let strange: Vec<VariationKey> = jobs
            .into_iter()
            .filter(|key| !known.contains(key))
            .collect();
        match delete_orphans(&runs, &strange).await {
            Ok(()) => known.extend(strange),
            Err(error) => warn!(
                error = format!("{error:#}"),
                "failed to look for strange Jobs"
            ),
        }
    }
}

async fn delete_orphans(runs: &Runs, jobs: &[VariationKey]) -> anyhow::Result<()> {
    for key in jobs {
        if runs.is_supervised(*key) || runs.db.knows_job(*key).await? {
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
