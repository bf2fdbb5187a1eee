//! Making a run's Jobs: rendered, checked, and given to one `kubectl apply`.

use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};
use tracing::{info, warn};

use super::Runs;
use super::follow::patiently;
use crate::clock;
use crate::kubectl::{Cascade, KubectlError};
use crate::model::{Cause, Run, VariationKey};

/// How long the cluster may be away before a run that waits for it fails.
const PATIENCE: Duration = Duration::from_secs(600);

/// Makes the Jobs of those variations that have none. Applying twice changes nothing, so this is
/// also what a server does that finds a half-made run.
pub(super) async fn launch(runs: &Runs, run: &Run, keys: &[VariationKey]) -> anyhow::Result<()> {
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
    let applied_ms = clock::now_ms();
    info!(run.id = %run.id, jobs = keys.len(), "applied");
    if let Err(error) = own_secret(runs, run, &rendered.secret_name, &objects).await {
        warn!(run.id = %run.id, error = format!("{error:#}"), "a run's Secret stays after its Jobs");
    }
    // Last: a server that dies before this applies again, and the Secret gets its owners.
    Ok(runs.db.mark_applied(keys, applied_ms).await?)
}

/// Deletes whatever an apply that failed half-way has made.
async fn remove(runs: &Runs, run: &Run, keys: &[VariationKey], secret: &str) {
    let jobs = keys.iter().map(|key| ("job", key.job_name()));
    for (kind, name) in jobs.chain([("secret", secret.to_owned())]) {
        let delete = runs
            .kubectl
            .delete(Some(run.id), kind, &name, Cascade::Background);
        if let Err(error) = delete.await {
            warn!(kind, name, %error, "failed to delete what a refused run has left");
        }
    }
}

/// Makes the Jobs the owners of their Secret, so that it goes when the last of them goes.
async fn own_secret(runs: &Runs, run: &Run, secret: &str, objects: &[Value]) -> anyhow::Result<()> {
    let owners: Vec<Value> = objects
        .iter()
        .filter(|object| object["kind"] == "Job")
        .map(|job| {
            json!({
                "apiVersion": "batch/v1",
                "kind": "Job",
                "name": job["metadata"]["name"],
                "uid": job["metadata"]["uid"],
            })
        })
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
