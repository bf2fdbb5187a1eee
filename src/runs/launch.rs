//! Making a run's Jobs: rendered, checked, and given to one `kubectl apply`.

use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};
use tracing::{info, warn};

use super::Runs;
use super::follow::patiently;
use super::judge::with_candidates;
use crate::clock;
use crate::kubectl::{Cascade, KubectlError};
use crate::model::{Cause, JUDGE, Run, VariationKey, VariationStatus};
use crate::templates::secret_name;

/// How long the cluster may be away before a run that waits for it fails.
const PATIENCE: Duration = Duration::from_mins(10);

/// Makes the Jobs of those attempts that have none; they share a Secret. Applying twice changes nothing, so this is
/// also what a server does that finds a half-made run. An error means that there are no Jobs.
pub(super) async fn launch(runs: &Runs, run: &Run, keys: &[VariationKey]) -> anyhow::Result<()> {
    let judged;
    let run = if keys.iter().any(|key| key.index == JUDGE) {
        judged = with_candidates(runs, run.clone()).await?;
        &judged
    } else {
        run
    };
    let rendered = runs
        .templates
        .run(&runs.agents, run, keys)
        .context("failed to render the Jobs")?;
    let apply = || runs.kubectl.apply(run.id, &rendered.manifest);
    let objects = match patiently(apply, PATIENCE).await {
        Ok(objects) => objects,
        Err(error) => {
            warn!(run.id = %run.id, %error, "the cluster refused a run");
            // What was made of it must not go on without the rest.
            remove(runs, run, keys, &rendered.secret_name).await;
            runs.refuse(keys, &refusal(&error));
            return Ok(());
        }
    };
    info!(run.id = %run.id, jobs = keys.len(), "applied");
    for job in objects.into_iter().filter(|object| object["kind"] == "Job") {
        match serde_json::from_value(job) {
            Ok(job) => runs.cluster.applied(job),
            Err(error) => warn!(%error, "the cluster sent a Job of another shape"),
        }
    }
    made(runs, run, keys, &rendered.secret_name).await;
    // An apply that took several tries may have made a Job again whose variation was cancelled and
    // settled between two of them. One that has just ended by itself stays to be looked at.
    let stored = runs.db.run(run.id).await?;
    for variation in stored.iter().flat_map(Run::current) {
        if keys.contains(&variation.key) && variation.status == VariationStatus::Cancelled {
            delete(runs, run, "job", &variation.job_name).await;
        }
    }
    Ok(())
}

/// Notes that the cluster has these Jobs, and makes the run's Jobs the owners of their Secret.
pub(super) async fn made(runs: &Runs, run: &Run, keys: &[VariationKey], secret: &str) {
    let applied_ms = clock::now_ms();
    if let Err(error) = own_secret(runs, run, secret).await {
        warn!(run.id = %run.id, error = format!("{error:#}"), "a run's Secret stays after its Jobs");
    }
    // Last: a server that dies before this does both again.
    if let Err(error) = runs.db.mark_applied(keys, applied_ms).await {
        warn!(run.id = %run.id, %error, "failed to note that Jobs were made; the next start does");
    }
}

/// Deletes whatever an apply that failed half-way has made.
async fn remove(runs: &Runs, run: &Run, keys: &[VariationKey], secret: &str) {
    for key in keys {
        delete(runs, run, "job", &key.job_name()).await;
    }
    delete(runs, run, "secret", secret).await;
}

async fn delete(runs: &Runs, run: &Run, kind: &str, name: &str) {
    let delete = runs
        .kubectl
        .delete(Some(run.id), kind, name, Cascade::Background);
    if let Err(error) = delete.await {
        warn!(kind, name, %error, "failed to delete what nobody needs");
    }
}

/// Makes the Jobs the owners of their Secret, so that it goes when the last of them goes.
async fn own_secret(runs: &Runs, run: &Run, secret: &str) -> anyhow::Result<()> {
    let owner = |(key, uid): (VariationKey, String)| {
        let name = key.job_name();
        json!({"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": uid})
    };
    let owners: Vec<Value> = runs
        .cluster
        .jobs_of(run.id)
        .into_iter()
        .filter(|(key, _)| secret_name(*key) == secret)
        .map(owner)
        .collect();
    let patch = json!({"metadata": {"ownerReferences": owners}});
    let call = || runs.kubectl.patch(run.id, "secret", secret, &patch);
    match patiently(call, PATIENCE).await {
        // All Jobs were cancelled and deleted meanwhile, and their Secret with them.
        Err(error) if error.is_not_found() => Ok(()),
        result => result.context("failed to give a run's Secret its owners"),
    }
}

fn refusal(error: &KubectlError) -> Cause {
    let cause = Cause::new("ApplyFailed", error.to_string());
    let text = error.to_string();
    if text.contains("(Forbidden)") {
        cause.hint("The server's service account lacks a right; `kubectl auth can-i --list` shows which it has.")
    } else if error.is_transient() {
        cause.hint("The API server could not be reached for ten minutes. Start the run again.")
    } else {
        cause.hint("`GET /api/v1/runs/{id}/commands` shows the command to repeat by hand.")
    }
}
