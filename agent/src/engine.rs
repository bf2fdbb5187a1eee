//! Who does the work: our own loop ([`builtin`]) or another program ([`command`]).
//!
//! An engine changes files and prints what it does. It does not decide what the run's result is: that
//! is made of the files when it has ended, however it ended.

mod builtin;
mod command;

use aideator_agent::{config, protocol::Step};
use anyhow::{Context as _, Result};

use crate::{
    checks::Failed,
    context,
    conversation::Conversation,
    git::Checkout,
    input::Input,
    limits::Budget,
    model::{Model, Patience},
    output::Output,
    shell::Shell,
    tools::Toolbox,
    workspace::Workspace,
};

/// How an engine's work ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// By itself.
    Done {
        /// What it says about it.
        summary: String,
    },
    /// Before it was done.
    Stopped {
        /// The word for `finished.reason`.
        reason: &'static str,
        /// For people.
        summary: String,
    },
}

impl Ended {
    pub(crate) fn stopped(reason: &'static str, summary: impl Into<String>) -> Self {
        let summary = summary.into();
        Self::Stopped { reason, summary }
    }

    /// The end of a second round: where the files stayed as they were, what was said of them does too.
    pub(crate) fn after(self, first: &str, same: bool) -> Self {
        match self {
            Self::Done { summary } if same => Self::Done {
                summary: format!("{first}\n\n{summary}"),
            },
            other => other,
        }
    }
}

/// An engine about to work.
pub(crate) enum Engine {
    Builtin(Box<builtin::Builtin>),
    Command(Box<command::Command>),
}

impl Engine {
    pub(crate) async fn new(
        input: &Input,
        checkout: &Checkout,
        shell: &Shell,
        budget: &Budget,
        before: &[Failed],
        output: &Output,
    ) -> Result<Self> {
        let config = &input.config;
        if config.engine == config::Engine::Command {
            let command = config.command.as_deref().context(
                "The engine is \"command\", but the configuration has no \"command\" to run.",
            )?;
            let engine =
                command::Command::new(command, input, shell, budget, before, output).await?;
            return Ok(Self::Command(Box::new(engine)));
        }
        let workspace = Workspace::open(&checkout.directory)?;
        let task = context::task(&input.prompt, config, before, &workspace, budget.window());
        output.status(Step::Context, task.note).await;
        let outputs = input.scratch.join("out");
        Ok(Self::Builtin(Box::new(builtin::Builtin::new(
            Model::new(
                &input.model,
                config,
                &input.provider,
                Patience::default(),
                output.clone(),
            )?,
            Conversation::new(&context::system(config), &task.text, budget.window()),
            Toolbox::new(workspace, shell.clone(), outputs, budget.work_until()),
            output.clone(),
        ))))
    }

    /// Works until it is done or has to stop.
    pub(crate) async fn work(&mut self, budget: &mut Budget) -> Ended {
        match self {
            Self::Builtin(builtin) => builtin.work(budget).await,
            Self::Command(command) => command.work(budget).await,
        }
    }

    /// The same end, when no file has changed: another program that exits with 0 and has done nothing
    /// has failed, as some do whose model did. Ours was asked back and has said why.
    pub(crate) fn unchanged(&self, ended: Ended) -> Ended {
        match (self, ended) {
            (Self::Command(_), Ended::Done { summary }) => Ended::stopped(
                "nothing_changed",
                format!("{summary} It has exited with 0, and no file has changed."),
            ),
            (_, ended) => ended,
        }
    }

    /// Asks an engine that is done to look again; `false` if it cannot be asked.
    pub(crate) fn ask_back(&mut self, message: &str) -> bool {
        match self {
            Self::Builtin(builtin) => {
                builtin.ask_back(message);
                true
            }
            Self::Command(_) => false,
        }
    }
}
