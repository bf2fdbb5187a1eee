//! The checks: commands of the user's whose exit codes judge the change.

use std::time::Duration;

use aideator_agent::protocol::{Body, Step};
use tokio::time::Instant;

use crate::{
    harden,
    output::Output,
    shell::{End, Shell},
};

/// Longest time of one check.
const LIMIT: Duration = Duration::from_mins(5);

/// What of a check's output is shown, bytes of its end.
const TAIL: usize = 3000;

/// A check that has failed, for the model.
pub(crate) struct Failed {
    pub(crate) command: String,
    pub(crate) how: String,
}

/// Runs all checks in order, prints each, and gives those that failed.
pub(crate) async fn run(
    checks: &[String],
    shell: &Shell,
    until: Instant,
    output: &Output,
) -> Vec<Failed> {
    let mut failed = Vec::new();
    for command in checks {
        output
            .status(Step::Check, format!("Running `{command}`"))
            .await;
        let limit = LIMIT.min(until.saturating_duration_since(Instant::now()));
        let (end, took, tail) = match shell.run(command, limit).await {
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
        output
            .print(Body::Check {
                command: command.clone(),
                exit_code: match end {
                    Some(End::Exit(code)) => Some(code),
                    _ => None,
                },
                seconds: (took.as_secs_f64() * 1000.0).round() / 1000.0,
                output_tail: tail,
            })
            .await;
    }
    failed
}
