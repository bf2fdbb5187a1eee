//! The clone by itself, in a container that comes before the agent's.
//!
//! A credential of a git host must not be where a model's commands run: they are the same user, so
//! they could read any file that the agent can read. So where a repository needs one, the pod has
//! an init container of this program (`aideator-agent clone`), with the credential mounted there and
//! nowhere else. It leaves the checkout in the workspace, and beside it what became of it; the
//! agent's container takes it from there ([`handed_over`]). A clone that fails exits with 0, too: the
//! agent tells it, in its own log, as it tells one of its own.

use std::{fs, io, io::Write as _, path::Path, process::ExitCode};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::{
    git::{Checkout, CheckoutError},
    input::{self, Repository},
};

/// The report, in the workspace.
const REPORT: &str = ".clone.json";

/// What became of a clone: the commit that is checked out, or why there is none.
pub(crate) type Cloned = Result<String, Failure>;

/// Why there is no clone.
#[derive(Serialize, Deserialize)]
pub(crate) struct Failure {
    pub(crate) message: String,
    /// Whether trying again may help.
    pub(crate) retryable: bool,
}

impl From<CheckoutError> for Failure {
    fn from(error: CheckoutError) -> Self {
        Self {
            message: error.to_string(),
            retryable: error.is_retryable(),
        }
    }
}

/// Clones, and says for people and for the agent how it went.
pub(crate) async fn run(cancel: &CancellationToken) -> Result<ExitCode> {
    let workspace = input::workspace()?;
    let repository = Repository::read()?;
    let mut stdout = io::stdout();
    writeln!(stdout, "Cloning {}", repository.url)?;
    let checkout = tokio::select! {
        () = cancel.cancelled() => {
            writeln!(stdout, "Cancelled from outside.")?;
            return Ok(ExitCode::FAILURE);
        }
        checkout = Checkout::new(&workspace, &repository) => checkout,
    };
    let cloned: Cloned = checkout
        .map(|checkout| checkout.base)
        .map_err(Failure::from);
    match &cloned {
        Ok(base) => writeln!(stdout, "At {base}")?,
        Err(failure) => writeln!(stdout, "{}", failure.message)?,
    }
    fs::write(workspace.join(REPORT), serde_json::to_vec(&cloned)?)
        .context("The workspace cannot be written")?;
    Ok(ExitCode::SUCCESS)
}

/// What another container of this pod has cloned; `None` where there was none.
pub(crate) fn handed_over(workspace: &Path) -> io::Result<Option<Cloned>> {
    match fs::read(workspace.join(REPORT)) {
        Ok(report) => Ok(Some(serde_json::from_slice(&report)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
