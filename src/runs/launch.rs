//! Making a run's Jobs: rendered, checked, and given to one `kubectl apply`.

use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};
use tracing::{error, info, warn};

use super::Runs;
use super::follow::patiently;
use super::judge::with_candidates;
use super::publish::with_patch;
use crate::clock;
use crate::credentials::{CredentialError, RunKeys};
use crate::kubectl::{Cascade, KubectlError};
use crate::model::{Cause, JUDGE, PUBLISHER, Run, VariationKey, VariationStatus};
use crate::templates::{keys_secret_name, secret_name};

/// How long the cluster may be away before a run that waits for it fails.
const PATIENCE: Duration = Duration::from_mins(10);

/// Makes the Jobs of those attempts that have none; they share a Secret. Applying twice changes nothing, so this is
/// also what a server does that finds a half-made run. An error means that there are no Jobs.
async fn launch(runs: &Runs, run: &Run, keys: &[VariationKey]) -> anyhow::Result<()> {
    let filled;
    let run = match keys.first().map(|key| key.index) {
        Some(JUDGE) => {
            filled = with_candidates(runs, run.clone()).await?;
            &filled
        }
        Some(PUBLISHER) => {
            filled = with_patch(runs, run.clone()).await?;
            &filled
        }
        _ => run,
    };
    let Some(run) = &runs.with_start(run.clone()).await? else {
        let cause = Cause::new(
            "BaseMissing",
            "the result that this run starts from is not stored any more",
        );
        runs.refuse(
            keys,
            &cause.hint("It went with its run (KEEP_RUNS_DAYS). Start anew from a commit."),
        );
        return Ok(());
    };
    let run_keys = match keys_of(runs, run, keys).await {
        Ok(run_keys) => run_keys,
        Err(CredentialError::Db(error)) => return Err(error.into()),
        Err(error) => {
            runs.refuse(keys, &Cause::new("CredentialMissing", error.to_string()));
            return Ok(());
        }
    };
    let rendered = runs
        .templates
        .run(&runs.agents, run, keys, &run_keys)
        .context("failed to render the Jobs")?;
    let apply = || runs.kubectl.apply(run.id, &rendered.manifest);
    let objects = match patiently(apply, PATIENCE).await {
        Ok(objects) => objects,
        Err(error) => {
            warn!(run.id = %run.id, %error, "the cluster refused a run");
            // Nobody would look after what was made of these.
            remove(runs, run, keys, &rendered.secrets).await;
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
    made(runs, run, keys).await;
    // An apply that took several tries may have made a Job again whose variation was cancelled and
    // settled between two of them. One that has just ended by itself stays to be looked at.
    match runs.db.run(run.id).await {
        Ok(stored) => {
            for variation in stored.iter().flat_map(Run::current) {
                if keys.contains(&variation.key) && variation.status == VariationStatus::Cancelled {
                    delete(runs, run, "job", &variation.job_name).await;
                }
            }
        }
        // No reason to give up Jobs that there are; one too many goes with the others of the run.
        Err(error) => {
            warn!(run.id = %run.id, %error, "failed to look for Jobs that nobody wants any more");
        }
    }
    Ok(())
}

/// The same, where an error ends the attempts.
pub(super) async fn launch_or_refuse(runs: &Runs, run: &Run, keys: &[VariationKey]) {
    if let Err(error) = Box::pin(launch(runs, run, keys)).await {
        error!(run.id = %run.id, error = format!("{error:#}"), "a run cannot be launched");
        let message = "the manifests could not be made; the server's log says why";
        runs.refuse(keys, &Cause::new("LaunchFailed", message));
    }
}

/// What these attempts, which share Secrets, may use in the name of the run's owner.
async fn keys_of(
    runs: &Runs,
    run: &Run,
    keys: &[VariationKey],
) -> Result<RunKeys, CredentialError> {
    let needed = keys.first().map(|key| run.uses_of(*key));
    let needed = needed.unwrap_or_default();
    runs.credentials.of_run(run, needed).await
}

/// Notes that the cluster has these Jobs, which share Secrets, and makes the Jobs their owners.
pub(super) async fn made(runs: &Runs, run: &Run, keys: &[VariationKey]) {
    let applied_ms = clock::now_ms();
    if let Some(key) = keys.first() {
        let more = run.uses_of(*key).any().then(|| keys_secret_name(*key));
        for secret in std::iter::once(secret_name(*key)).chain(more) {
            if let Err(error) = own_secret(runs, run, *key, &secret).await {
                warn!(run.id = %run.id, error = format!("{error:#}"), "a run's Secret stays after its Jobs");
            }
        }
    }
    // Last: a server that dies before this does both again.
    if let Err(error) = runs.db.mark_applied(keys, applied_ms).await {
        warn!(run.id = %run.id, %error, "failed to note that Jobs were made; the next start does");
    }
}

/// Deletes whatever an apply that failed half-way has made.
async fn remove(runs: &Runs, run: &Run, keys: &[VariationKey], secrets: &[String]) {
    for key in keys {
        delete(runs, run, "job", &key.job_name()).await;
    }
    // Others of the run that were made before may not have mounted theirs yet.
    let shared = keys.first().map(|key| secret_name(*key));
    let needed = |(key, _): &(VariationKey, String)| {
        !keys.contains(key) && Some(secret_name(*key)) == shared
    };
    if runs.cluster.jobs_of(run.id).iter().any(needed) {
        return;
    }
    for secret in secrets {
        delete(runs, run, "secret", secret).await;
    }
}

async fn delete(runs: &Runs, run: &Run, kind: &str, name: &str) {
    let delete = runs
        .kubectl
        .delete(Some(run.id), kind, name, Cascade::Background);
    if let Err(error) = delete.await {
        warn!(kind, name, %error, "failed to delete what nobody needs");
    }
}

/// Deletes what a run's agents could use in its owner's name as soon as the last of those that share
/// it has ended: before their Jobs, which stay to be looked at and would take it along.
pub(super) async fn take_keys_back(runs: &Runs, run: &Run, key: VariationKey) {
    let secret = keys_secret_name(key);
    let all = run.current().chain(&run.earlier);
    let mut sharing = all.filter(|it| keys_secret_name(it.key) == secret);
    if run.uses_of(key).any() && sharing.all(|it| it.settled.is_some()) {
        delete(runs, run, "secret", &secret).await;
    }
}

/// Makes the Jobs the owners of a Secret that they share with `key`, so that it goes when the last of
/// them goes.
async fn own_secret(runs: &Runs, run: &Run, key: VariationKey, secret: &str) -> anyhow::Result<()> {
    let owner = |(key, uid): (VariationKey, String)| {
        let name = key.job_name();
        json!({"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": uid})
    };
    let owners: Vec<Value> = runs
        .cluster
        .jobs_of(run.id)
        .into_iter()
        .filter(|(other, _)| secret_name(*other) == secret_name(key))
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
