//! The way of a run: clone, work, checks, patch, end.
//!
//! Invariant: every end but a failed clone yields a patch, of whatever was changed until then.

use std::{fs, path::Path, time::Duration};

use aideator_agent::{
    config,
    patch::parts,
    protocol::{Body, Outcome, Step},
};
use memchr::memmem;
use tokio::time::{sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    checks::{Checks, Failed, Of},
    clone::{self, Failure},
    disk,
    engine::{Ended, Engine},
    git::{Checkout, CheckoutError, Snapshot, SnapshotError},
    harden,
    input::{Input, Repository},
    limits::Budget,
    output::{Output, is_secret},
    shell::Shell,
};

/// What making the patch may take after the run was cancelled: the pod has 30 s until it is killed.
const CANCELLED_PATCH: Duration = Duration::from_secs(18);

/// What the working tree may grow to, MiB, where the configuration says nothing: less than a workspace
/// has, whose end would be that of the pod and the patch.
const WORKSPACE_MIB: u64 = 1792;

/// How a run ended.
struct End {
    outcome: Outcome,
    summary: String,
    reason: Option<&'static str>,
}

/// Runs, prints all of it, and says how it ended.
pub(crate) async fn run(input: Input, output: &Output, cancel: &CancellationToken) -> Outcome {
    let end = match prepare(&input, output, cancel).await {
        Ok(mut run) => run.run().await,
        Err(end) => end,
    };
    output.finished(end.outcome, &end.summary, end.reason).await;
    end.outcome
}

/// A run whose repository is there.
struct Run<'a> {
    input: &'a Input,
    output: &'a Output,
    cancel: &'a CancellationToken,
    checkout: Checkout,
    shell: Shell,
    budget: Budget,
    engine: Engine,
}

async fn prepare<'a>(
    input: &'a Input,
    output: &'a Output,
    cancel: &'a CancellationToken,
) -> Result<Run<'a>, End> {
    let config = &input.config;
    let repository = match Repository::read() {
        Ok(repository) => repository,
        Err(error) => {
            let text = format!("{error:#}");
            output.error("bad_input", &text, false).await;
            return Err(failed("bad_input", text));
        }
    };
    let budget = Budget::new(config, &input.model);
    let checkout = check_out(input, &repository, output, cancel).await?;
    let engine_name = match config.engine {
        config::Engine::Builtin => "builtin",
        config::Engine::Command => "command",
        config::Engine::Judge => "judge",
        config::Engine::Publish => "publish",
    };
    output
        .print(Body::Started {
            model: input.model.clone(),
            engine: engine_name.to_owned(),
            base_sha: checkout.base.clone(),
        })
        .await;
    if budget.cost_is_unwatched() {
        let message = "max_cost_usd is set, but the model's price is unknown: the cost is not limited, tokens are.";
        output.status(Step::Context, message).await;
    }
    let setup = async {
        let before = check_base(input, &checkout, &budget, output).await?;
        let shell = Shell::new(&checkout.directory, &input.scratch)?;
        let engine = Engine::new(input, &checkout, &shell, &budget, &before, output).await?;
        anyhow::Ok((shell, engine))
    };
    let setup = tokio::select! {
        () = cancel.cancelled() => return Err(cancelled()),
        setup = setup => setup,
    };
    match setup {
        Ok((shell, engine)) => Ok(Run {
            input,
            output,
            cancel,
            checkout,
            shell,
            budget,
            engine,
        }),
        Err(error) => {
            let text = format!("{error:#}");
            output.error("setup_failed", &text, false).await;
            Err(failed("setup_failed", text))
        }
    }
}

/// How the checks end without the change, if that is asked for; those that failed.
async fn check_base(
    input: &Input,
    checkout: &Checkout,
    budget: &Budget,
    output: &Output,
) -> anyhow::Result<Vec<Failed>> {
    let config = &input.config;
    if !config.checks_before || config.checks.is_empty() {
        return Ok(Vec::new());
    }
    let copy = checkout.copy_of_base().await?;
    let shell = Shell::new(&copy, &input.scratch)?;
    let checks = Checks::new(config, output);
    let failed = checks.run(Of::Base, &shell, budget.work_until()).await;
    harden::end_leftovers();
    // A check may have made what cannot be removed; it only takes room.
    if let Err(error) = fs::remove_dir_all(copy) {
        let message = format!("The copy of the base commit cannot be removed: {error}.");
        output.status(Step::Check, message).await;
    }
    Ok(failed)
}

async fn check_out(
    input: &Input,
    repository: &Repository,
    output: &Output,
    cancel: &CancellationToken,
) -> Result<Checkout, End> {
    let message = format!("Cloning {}", repository.url);
    output.status(Step::Clone, message).await;
    let checkout = tokio::select! {
        () = cancel.cancelled() => return Err(cancelled()),
        checkout = take_checkout(&input.workspace, repository) => checkout,
    };
    match checkout {
        Ok(checkout) => start_from(input, checkout, output).await,
        Err(Failure { message, retryable }) => {
            output.error("clone_failed", &message, retryable).await;
            Err(failed("clone_failed", message))
        }
    }
}

/// The checkout with the earlier change that the work starts from, if there is one.
async fn start_from(input: &Input, checkout: Checkout, output: &Output) -> Result<Checkout, End> {
    let Some(start) = &input.config.start else {
        return Ok(checkout);
    };
    let message = "Applying the result of the earlier run that this one starts from";
    output.status(Step::Clone, message).await;
    let started = match start.bytes() {
        Ok(patch) => checkout
            .start_from(&patch)
            .await
            .map_err(|it| it.to_string()),
        Err(error) => Err(error),
    };
    match started {
        Ok(()) => Ok(checkout),
        Err(error) => {
            let message = format!("The earlier result cannot be applied: {error}");
            output.error("start_failed", &message, false).await;
            Err(failed("start_failed", message))
        }
    }
}

/// What a container before this one has cloned, or a clone of our own.
async fn take_checkout(workspace: &Path, repository: &Repository) -> Result<Checkout, Failure> {
    match clone::handed_over(workspace).map_err(CheckoutError::from)? {
        Some(cloned) => Ok(Checkout::adopt(workspace, cloned?).map_err(CheckoutError::from)?),
        None => Ok(Checkout::new(workspace, repository).await?),
    }
}

/// What a round of work has left, if the engine is asked back.
struct Before {
    tree: Option<String>,
    summary: String,
    checked: bool,
}

impl Run<'_> {
    /// Works, and has the engine look again once if nothing changed or a check fails.
    async fn run(&mut self) -> End {
        let mut before: Option<Before> = None;
        loop {
            let mut ended = self.work().await;
            harden::end_leftovers();
            let snapshot = self.snapshot().await;
            if self.cancel.is_cancelled() {
                return self.end(cancelled(), snapshot).await;
            }
            let tree = snapshot.as_ref().ok().and_then(|s| s.summary.tree.clone());
            let unchanged = matches!(&snapshot, Ok(snapshot) if snapshot.patch.is_empty());
            let mut checked = false;
            if let Some(before) = &before {
                let same = tree == before.tree;
                ended = ended.after(&before.summary, same);
                checked = same && before.checked;
            }
            let may_ask = before.is_none() && self.budget.spent().is_none();
            let mut message = (may_ask && unchanged).then(|| NOTHING_CHANGED.to_owned());
            if message.is_none() && !checked {
                let Some(failures) = self.check().await else {
                    return self.end(cancelled(), snapshot).await;
                };
                checked = true;
                message = (may_ask && !failures.is_empty()).then(|| check_failures(&failures));
            }
            if let (Ended::Done { summary }, Some(message)) = (&ended, message)
                && self.engine.ask_back(&message)
            {
                let summary = summary.clone();
                before = Some(Before {
                    tree,
                    summary,
                    checked,
                });
                continue;
            }
            if unchanged {
                ended = self.engine.unchanged(ended);
            }
            return self.end(ended.into(), snapshot).await;
        }
    }

    async fn work(&mut self) -> Ended {
        let until = self.budget.work_until();
        let limits = &self.input.config.limits;
        let mib = limits.max_workspace_mib.unwrap_or(WORKSPACE_MIB);
        let outgrows = disk::outgrows(self.checkout.directory.clone(), mib << 20);
        let ended = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return Ended::stopped("cancelled", "Cancelled."),
            () = sleep_until(until) => Ended::stopped("limit_time", "The run's time is over."),
            () = self.output.full() => too_much_output(),
            () = outgrows => Ended::stopped(
                "limit_workspace",
                format!("The working tree has grown over {mib} MiB; limits.max_workspace_mib sets how much it may."),
            ),
            ended = self.engine.work(&mut self.budget) => ended,
        };
        // The last of it may still be waiting to be printed.
        match ended {
            Ended::Done { .. } if self.output.is_full().await => too_much_output(),
            ended => ended,
        }
    }

    /// The failed checks; `None` when the run was cancelled meanwhile.
    async fn check(&self) -> Option<Vec<Failed>> {
        let checks = Checks::new(&self.input.config, self.output);
        let until = self.budget.until();
        let failures = tokio::select! {
            () = self.cancel.cancelled() => None,
            failures = checks.run(Of::Change, &self.shell, until) => Some(failures),
        };
        harden::end_leftovers();
        failures
    }

    async fn snapshot(&self) -> Result<Snapshot, SnapshotError> {
        self.output.status(Step::Diff, "Making the patch").await;
        let make = Snapshot::new(&self.checkout);
        tokio::pin!(make);
        tokio::select! {
            snapshot = &mut make => return snapshot,
            () = self.cancel.cancelled() => {}
        }
        timeout(CANCELLED_PATCH, make)
            .await
            .unwrap_or(Err(SnapshotError::Time))
    }

    /// Prints the patch; a run without one that should have it has failed.
    async fn end(&self, end: End, snapshot: Result<Snapshot, SnapshotError>) -> End {
        match snapshot {
            Ok(snapshot) => {
                for note in snapshot.notes {
                    self.output.status(Step::Diff, note).await;
                }
                let key = &self.input.provider.api_key;
                if is_secret(key) && memmem::find(&snapshot.patch, key.as_bytes()).is_some() {
                    let text = "The change holds the provider's key, so it is not shown.";
                    self.output.error("patch_holds_key", text, false).await;
                    return failed("patch_holds_key", text.to_owned());
                }
                for part in parts(&snapshot.patch, &snapshot.summary) {
                    self.output.print(Body::Patch(part)).await;
                }
                match end.outcome {
                    Outcome::Succeeded if snapshot.incomplete => {
                        let text = "The patch is not complete: new files are too large for it. They are probably generated: add them to .gitignore, or ask for less.";
                        self.output.error("limit_patch", text, false).await;
                        failed("limit_patch", format!("{text}\n\n{}", end.summary))
                    }
                    _ => end,
                }
            }
            Err(error) => {
                let text = error.to_string();
                self.output.error("patch_failed", &text, false).await;
                match end.outcome {
                    Outcome::Succeeded => failed("patch_failed", text),
                    Outcome::Failed | Outcome::Cancelled => end,
                }
            }
        }
    }
}

fn too_much_output() -> Ended {
    Ended::stopped(
        "limit_output",
        "More was printed than a run may print; limits.max_output_mib sets how much that is.",
    )
}

const NOTHING_CHANGED: &str = "You have ended, but no file has changed. If the task needs a change, make it now with the tools. If it needs none, answer once more and say why.";

fn check_failures(failures: &[Failed]) -> String {
    let failures: Vec<String> = failures
        .iter()
        .map(|failed| format!("$ {}\n{}", failed.command, failed.how))
        .collect();
    format!(
        "You have ended, but these checks fail:\n\n{}\n\nIf your change is the reason, repair it. If it is not, say so.",
        failures.join("\n\n")
    )
}

impl From<Ended> for End {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Done { summary } => Self {
                outcome: Outcome::Succeeded,
                summary,
                reason: None,
            },
            Ended::Stopped { reason, summary } => failed(reason, summary),
        }
    }
}

fn failed(reason: &'static str, summary: String) -> End {
    End {
        outcome: Outcome::Failed,
        summary,
        reason: Some(reason),
    }
}

fn cancelled() -> End {
    End {
        outcome: Outcome::Cancelled,
        summary: "Cancelled from outside.".to_owned(),
        reason: Some("cancelled"),
    }
}
