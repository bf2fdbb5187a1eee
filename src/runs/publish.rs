//! Publishing: the picked result as a branch of its repository, pushed by a Job like any other. The
//! server runs no git, and the credential goes to that Job only.

use aideator_agent::config::{Config, Engine, Limits, Publish};
use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Runs;
use super::retry::next_attempt;
use crate::model::{Credential, NewVariation, PUBLISHER, Run, VariationKey};

/// Bytes of the largest patch that is published: a Secret holds 1 MiB, and base64 takes a third more.
pub const LARGEST_PATCH: u64 = 640 * 1024;
/// Wall time of a publication.
const SECONDS: u64 = 900;

impl Runs {
    /// Has a result pushed; says whether it was begun: false while the last publication has not ended.
    /// A task of its own, as for a retry.
    pub async fn publish(
        &self,
        run: Run,
        task: Publish,
        credential: Option<Credential>,
    ) -> anyhow::Result<bool> {
        let runs = self.clone();
        let publish = async move { begin(&runs, run, task, credential).await };
        self.lifecycle.spawn("publish", publish).await?
    }
}

async fn begin(
    runs: &Runs,
    run: Run,
    task: Publish,
    credential: Option<Credential>,
) -> anyhow::Result<bool> {
    let new = NewVariation {
        image: runs.agents.image.clone(),
        config: Config {
            engine: Engine::Publish,
            limits: Limits {
                timeout_seconds: Some(SECONDS),
                ..Limits::default()
            },
            publish: Some(task),
            ..Config::default()
        },
    };
    let last = run.publication.as_ref().map(|last| last.key);
    let (key, events) = next_attempt(runs, run.id, PUBLISHER, last)?;
    let inserted = runs
        .db
        .insert_publication(key, &new, credential.as_ref(), &events);
    let Some(seq) = inserted.await? else {
        return Ok(false);
    };
    runs.waits(run.id, seq);
    Ok(true)
}

/// The run with the patch that is to be published, which is stored once only: as the variation's.
pub(super) async fn with_patch(runs: &Runs, mut run: Run) -> anyhow::Result<Run> {
    let task = run.publication.as_mut();
    let Some(task) = task.and_then(|it| it.config.publish.as_mut()) else {
        return Ok(run);
    };
    let key = VariationKey {
        run: run.id,
        index: task.variation_id,
        attempt: task.attempt,
    };
    let store = runs.store.clone();
    let patch = tokio::task::spawn_blocking(move || store.read_patch(key)).await?;
    let patch = patch.context("failed to read a patch")?;
    task.patch = STANDARD.encode(patch.context("the picked variation's patch vanished")?);
    Ok(run)
}
