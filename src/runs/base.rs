//! A run that starts from the result of an earlier one.
//!
//! The earlier patch is not stored twice: the run names the attempt, and the patch is put into the
//! agents' settings when their Secret is made. All patches are against the same commit, the earlier
//! run's, so that each of them is whole by itself.

use aideator_agent::config::Start;
use anyhow::Context as _;

use super::Runs;
use crate::model::{Run, VariationKey};

/// What the settings of all variations may hold of it, so that their Secret stays below 1 MiB.
const MOST_BYTES: usize = 640 * 1024;

/// What a run can start from.
#[derive(Debug)]
pub enum BasePatch {
    Fits,
    /// It has none, or it was forgotten.
    Missing,
    /// It has so many bytes as the agents get it; each may get `most`.
    TooBig {
        bytes: usize,
        most: usize,
    },
}

impl Runs {
    /// Whether so many variations can start from the result of this attempt.
    pub async fn check_base(
        &self,
        base: VariationKey,
        variations: usize,
    ) -> anyhow::Result<BasePatch> {
        let Some(start) = self.start_of(base).await? else {
            return Ok(BasePatch::Missing);
        };
        let bytes = serde_json::to_vec(&start)?.len();
        let most = MOST_BYTES / variations.max(1);
        Ok(if bytes > most {
            BasePatch::TooBig { bytes, most }
        } else {
            BasePatch::Fits
        })
    }

    async fn start_of(&self, base: VariationKey) -> anyhow::Result<Option<Start>> {
        let store = self.store.clone();
        let patch = tokio::task::spawn_blocking(move || store.read_patch(base)).await?;
        let patch = patch.context("failed to read a patch")?;
        Ok(patch.map(|patch| Start::new(&patch)))
    }

    /// The run with what its agents start from; `None` where that was forgotten.
    pub(super) async fn with_start(&self, mut run: Run) -> anyhow::Result<Option<Run>> {
        let Some(base) = run.base else {
            return Ok(Some(run));
        };
        let Some(start) = self.start_of(base).await? else {
            return Ok(None);
        };
        for variation in &mut run.variations {
            variation.config.start = Some(start.clone());
        }
        Ok(Some(run))
    }
}
