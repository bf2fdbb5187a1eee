//! Another program in the image as the engine: what it prints is text, what it changes is the change.
//!
//! It gets the task as a file, whose path is `$1`, and no provider key.

use std::{fs, time::Duration};

use anyhow::{Context as _, Result};
use tokio::time::Instant;

use super::Ended;
use crate::{
    input::Input,
    limits::Budget,
    output::Output,
    shell::{End, Shell},
};

pub(crate) struct Command {
    line: String,
    task: String,
    shell: Shell,
    until: Instant,
    output: Output,
}

impl Command {
    pub(super) fn new(
        command: &str,
        input: &Input,
        shell: &Shell,
        budget: &Budget,
        output: &Output,
    ) -> Result<Self> {
        let file = input.scratch.join("task.txt");
        let task = match &input.config.instructions {
            Some(instructions) => format!("{}\n\n{instructions}\n", input.prompt),
            None => input.prompt.clone(),
        };
        fs::write(&file, task).with_context(|| format!("{} cannot be written", file.display()))?;
        Ok(Self {
            line: command.to_owned(),
            task: file.to_string_lossy().into_owned(),
            shell: shell.clone(),
            until: budget.work_until(),
            output: output.clone(),
        })
    }

    pub(super) async fn work(&self) -> Ended {
        let limit = self.until.saturating_duration_since(Instant::now());
        match self.follow(limit).await {
            Ok((End::Exit(0), _)) => Ended::Done {
                summary: format!("`{}` has ended.", self.line),
            },
            Ok((End::TimedOut, _)) => Ended::stopped("limit_time", "The time is over."),
            Ok((end, took)) => Ended::stopped(
                "command_failed",
                format!("`{}`: {}.", self.line, end.describe(took)),
            ),
            Err(error) => Ended::stopped(
                "command_failed",
                format!("`{}` cannot be run: {error}.", self.line),
            ),
        }
    }

    async fn follow(&self, limit: Duration) -> std::io::Result<(End, Duration)> {
        let mut running = self.shell.start(&self.line, &[&self.task], limit)?;
        // The start of a character whose rest has not come yet.
        let mut bytes = Vec::new();
        while let Some(more) = running.output().await? {
            bytes.extend_from_slice(&more);
            let whole = match std::str::from_utf8(&bytes) {
                Err(error) if error.error_len().is_none() => error.valid_up_to(),
                _ => bytes.len(),
            };
            let rest = bytes.split_off(whole);
            self.output.text(String::from_utf8_lossy(&bytes)).await;
            bytes = rest;
        }
        self.output.text(String::from_utf8_lossy(&bytes)).await;
        running.end().await
    }
}
