//! The checks: commands of the user's whose exit codes judge the change.

use std::time::Duration;

use aideator_agent::{
    config::Config,
    protocol::{Body, Step},
};
use tokio::time::Instant;

use crate::{
    harden,
    output::Output,
    shell::{End, Shell},
};

/// Longest time of one check, where the configuration says nothing.
const LIMIT: Duration = Duration::from_mins(5);

/// What of a check's output is shown, bytes of its end.
const TAIL: usize = 3000;

/// The checks of a run.
pub(crate) struct Checks<'a> {
    commands: &'a [String],
    limit: Duration,
    output: &'a Output,
}

/// What a check judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// The base commit.
    Base,
    /// The change.
    Change,
}

/// A check that has failed, for the model.
pub(crate) struct Failed {
    pub(crate) command: String,
    pub(crate) how: String,
}

impl<'a> Checks<'a> {
    pub(crate) fn new(config: &'a Config, output: &'a Output) -> Self {
        let limit = config.limits.check_timeout_seconds;
        Self {
            commands: &config.checks,
            limit: limit.map_or(LIMIT, Duration::from_secs),
            output,
        }
    }

    /// Runs all in order, prints each, and gives those that failed.
    pub(crate) async fn run(&self, of: Of, shell: &Shell, until: Instant) -> Vec<Failed> {
        let mut failed = Vec::new();
        for command in self.commands {
            let at = match of {
                Of::Base => " at the base commit",
                Of::Change => "",
            };
            let message = format!("Running `{command}`{at}");
            self.output.status(Step::Check, message).await;
            let left = until.saturating_duration_since(Instant::now());
            let (end, took, tail) = match shell.run(command, self.limit.min(left)).await {
                Ok(ran) => (Some(ran.end), ran.took, ran.output.last(TAIL)),
                Err(error) => (None, Duration::ZERO, format!("It cannot be run: {error}.")),
            };
            harden::reap_orphans();
            let how = end.map_or(String::new(), |end| end.describe(took));
            if end != Some(End::Exit(0)) {
                failed.push(Failed {
                    command: command.clone(),
                    how: format!("{how}\n{tail}"),
                });
            }
            self.output.print(line(of, command, end, took, tail)).await;
        }
        failed
    }
}

fn line(of: Of, command: &str, end: Option<End>, took: Duration, output_tail: String) -> Body {
    let command = command.to_owned();
    let exit_code = match end {
        Some(End::Exit(code)) => Some(code),
        _ => None,
    };
    let seconds = (took.as_secs_f64() * 1000.0).round() / 1000.0;
    match of {
        Of::Base => Body::BaseCheck {
            command,
            exit_code,
            seconds,
            output_tail,
        },
        Of::Change => Body::Check {
            command,
            exit_code,
            seconds,
            output_tail,
        },
    }
}
