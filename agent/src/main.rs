//! The agent: PID 1 of its container, one run, then it exits.
//!
//! `aideator-agent clone` only clones, in a container that comes before the agent's ([`clone`](mod@clone)), and
//! `aideator-agent credential` is what git asks there for a credential.
//!
//! Code map, in the order of a run: [`input`] is read, [`git`] clones, [`context`] begins the
//! [`conversation`], an [`engine`] works with [`model`] and [`tools`] (files through [`workspace`],
//! commands through [`shell`]) within its [`limits`] (costs by [`prices`](aideator_agent::prices)), [`checks`] judge, [`git`]
//! makes the patch, and [`output`] has printed all of it; [`run`] holds this together. An engine that
//! is another program has the model through the [`broker`]. A [`judge`] compares what others made, and [`publish`] pushes it.

mod broker;
mod checks;
mod clone;
mod context;
mod conversation;
mod disk;
mod engine;
mod git;
mod harden;
mod input;
mod judge;
mod limits;
mod model;
mod output;
mod publish;
mod run;
mod shell;
mod signal;
mod tools;
mod workspace;

use std::{
    io::{Read as _, Write as _},
    process::ExitCode,
};

use aideator_agent::{config::Engine, protocol::Outcome};
use anyhow::{Context as _, Result, bail};
use tokio_util::sync::CancellationToken;

use crate::{
    input::Input,
    output::{Output, TOTAL_MIB},
    signal::Termination,
};

fn main() -> Result<ExitCode> {
    // First of all: from here on nobody in the container can read our memory or environment.
    harden::harden_self().context("The agent cannot protect the provider key")?;
    // Before there are threads.
    let termination = Termination::block().context("Signals cannot be received")?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match arguments.as_slice() {
        [] => runtime.block_on(supervise(termination)),
        ["clone"] => {
            let cancel = CancellationToken::new();
            termination.cancel(cancel.clone())?;
            runtime.block_on(clone::run(&cancel))
        }
        ["credential", file, operation] => give_credential(file, operation),
        _ => bail!(
            "The agent takes no arguments, or `clone`; what it works on is in its environment."
        ),
    }
}

/// Git asks on standard input.
fn give_credential(file: &str, operation: &str) -> Result<ExitCode> {
    let credential = std::fs::read_to_string(file)
        .with_context(|| format!("The credential in {file} cannot be read"))?;
    let mut question = String::new();
    std::io::stdin().read_to_string(&mut question)?;
    let answer = git::answer(&credential, operation, &question);
    std::io::stdout().write_all(answer.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// Runs, and says how it ended also when the agent itself fails.
async fn supervise(termination: Termination) -> Result<ExitCode> {
    let input = Input::read();
    let key = input.as_ref().map_or("", |input| &input.secret);
    let total = input
        .as_ref()
        .ok()
        .and_then(|input| input.config.limits.max_output_mib);
    let (output, writer) = Output::start(tokio::io::stdout(), key, total.unwrap_or(TOTAL_MIB));
    let cancel = CancellationToken::new();
    termination.cancel(cancel.clone())?;
    let outcome = match input {
        Ok(input) => {
            let run = {
                let (output, cancel) = (output.clone(), cancel.clone());
                tokio::spawn(async move {
                    match input.config.engine {
                        Engine::Judge => judge::run(input, &output, &cancel).await,
                        Engine::Publish => publish::run(input, &output, &cancel).await,
                        Engine::Builtin | Engine::Command => {
                            run::run(input, &output, &cancel).await
                        }
                    }
                })
            };
            match run.await {
                Ok(outcome) => outcome,
                Err(error) => fail(&output, "panic", &format!("The agent failed: {error}.")).await,
            }
        }
        Err(error) => fail(&output, "bad_input", &format!("{error:#}")).await,
    };
    drop(output);
    writer.await?.context("stdout is broken")?;
    Ok(if outcome == Outcome::Succeeded {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn fail(output: &Output, code: &'static str, message: &str) -> Outcome {
    output.error(code, message, false).await;
    let outcome = Outcome::Failed;
    output.finished(outcome, message, Some(code)).await;
    outcome
}
