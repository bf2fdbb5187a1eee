//! Another program in the image as the engine: what it prints is text, what it changes is the change,
//! its exit code is the outcome.
//!
//! It gets the task as a file, whose path is `$1`, and a model through the key [`broker`](crate::broker):
//! never the provider's key. Its variables are those that the well-known programs look for; recipes
//! for some of them are in `agent/engines`.

use std::{fs, time::Duration};

use aideator_agent::protocol::Step;
use anyhow::{Context as _, Result};
use tokio::{
    sync::mpsc::UnboundedReceiver,
    time::{Instant, sleep_until},
};

use super::Ended;
use crate::{
    broker::{Broker, Event},
    checks::Failed,
    context,
    input::Input,
    limits::Budget,
    model::{ModelError, upstream_name},
    output::Output,
    shell::{End, Running, Shell},
};

/// How long it may neither print nor ask the model, where the configuration says nothing.
const SILENCE: Duration = Duration::from_mins(10);

/// Failures of the provider in a row before we end it: those that trying again cannot help, and all.
/// Some programs try for minutes what was refused for good.
const FINAL_FAILURES: u32 = 3;
const FAILURES: u32 = 20;

pub(crate) struct Command {
    line: String,
    task: String,
    variables: Vec<(&'static str, String)>,
    shell: Shell,
    until: Instant,
    silence: Duration,
    broker: Broker,
    events: UnboundedReceiver<Event>,
    output: Output,
    failures: Failures,
    /// Models it asked for that are not the run's.
    other_models: Vec<String>,
}

/// What the provider failed with since it last answered.
#[derive(Default)]
struct Failures {
    last: Option<ModelError>,
    all: u32,
    finals: u32,
}

impl Command {
    pub(super) async fn new(
        command: &str,
        input: &Input,
        shell: &Shell,
        budget: &Budget,
        before: &[Failed],
        output: &Output,
    ) -> Result<Self> {
        let file = input.scratch.join("task.txt");
        fs::write(&file, context::brief(&input.prompt, &input.config, before))
            .with_context(|| format!("{} cannot be written", file.display()))?;
        let model = upstream_name(&input.model);
        let (broker, events) = Broker::open(&input.provider, model)
            .await
            .context("The key broker cannot listen")?;
        let task = file.to_string_lossy().into_owned();
        let silence = input.config.limits.max_silence_seconds;
        Ok(Self {
            line: command.to_owned(),
            variables: variables(&broker, model, &task),
            task,
            shell: shell.clone(),
            until: budget.work_until(),
            silence: silence.map_or(SILENCE, Duration::from_secs),
            broker,
            events,
            output: output.clone(),
            failures: Failures::default(),
            other_models: Vec::new(),
        })
    }

    pub(super) async fn work(&mut self, budget: &mut Budget) -> Ended {
        let limit = self.until.saturating_duration_since(Instant::now());
        let running = self
            .shell
            .start(&self.line, &[&self.task], &self.variables, limit);
        let ended = match running {
            Ok(running) => self.follow(running, budget).await,
            Err(error) => Ended::stopped(
                "command_failed",
                format!("`{}` cannot be run: {error}.", self.line),
            ),
        };
        // Calls that were cut by the end cost, too.
        while let Ok(event) = self.events.try_recv() {
            if let Event::Spent { tokens, estimate } = event {
                budget.charge(tokens, estimate, &self.output).await;
            }
        }
        ended
    }

    /// Prints what it prints and serves what it asks, until it ends or has to.
    async fn follow(&mut self, mut running: Running, budget: &mut Budget) -> Ended {
        let mut text = Utf8::default();
        let Self { broker, events, .. } = self;
        let (broker, events) = (&*broker, events);
        let mut state = State {
            output: &self.output,
            failures: &mut self.failures,
            other_models: &mut self.other_models,
            budget,
        };
        let serve = broker.serve();
        tokio::pin!(serve);
        let mut silent_until = Instant::now() + self.silence;
        loop {
            tokio::select! {
                printed = running.output() => match printed {
                    Ok(Some(bytes)) => {
                        silent_until = Instant::now() + self.silence;
                        state.output.text(text.push(&bytes)).await;
                    }
                    Ok(None) => break,
                    Err(error) => {
                        let message = format!("`{}` cannot be followed: {error}.", self.line);
                        return Ended::stopped("command_failed", message);
                    }
                },
                Some(event) = events.recv() => {
                    silent_until = Instant::now() + self.silence;
                    if let Some(ended) = state.heed(event).await {
                        return ended;
                    }
                }
                error = &mut serve => {
                    let message = format!("The key broker failed: {:?}.", error.err());
                    return Ended::stopped("command_failed", message);
                }
                () = sleep_until(silent_until) => {
                    let message = format!(
                        "`{}` has neither printed nor asked the model for {} s.",
                        self.line,
                        self.silence.as_secs()
                    );
                    return Ended::stopped("limit_silence", message);
                }
            }
        }
        state.output.text(text.rest()).await;
        let end = running.end().await;
        // What was asked last may have been answered after the last look.
        while let Ok(event) = events.try_recv() {
            if let Some(ended) = state.heed(event).await {
                return ended;
            }
        }
        match end {
            Ok((end, took)) => state.ended(&self.line, end, took).await,
            Err(error) => {
                let message = format!("`{}` cannot be followed: {error}.", self.line);
                Ended::stopped("command_failed", message)
            }
        }
    }
}

/// What changes while the program runs.
struct State<'a> {
    output: &'a Output,
    failures: &'a mut Failures,
    other_models: &'a mut Vec<String>,
    budget: &'a mut Budget,
}

impl State<'_> {
    async fn heed(&mut self, event: Event) -> Option<Ended> {
        match event {
            Event::Asked => None,
            Event::OtherModel(asked) => {
                if !self.other_models.contains(&asked) && self.other_models.len() < 10 {
                    let message = format!(
                        "The engine asks for the model {asked:?}; the run's model answers."
                    );
                    self.output.status(Step::Llm, message).await;
                    self.other_models.push(asked);
                }
                None
            }
            Event::Answered => {
                *self.failures = Failures::default();
                None
            }
            Event::Spent { tokens, estimate } => {
                self.budget.charge(tokens, estimate, self.output).await;
                let spent = self.budget.spent()?;
                let summary = format!("The run's budget is spent ({}).", spent.reason());
                Some(Ended::stopped(spent.reason(), summary))
            }
            Event::Failed(error) => self.failed(error).await,
        }
    }

    async fn failed(&mut self, error: ModelError) -> Option<Ended> {
        let failures = &mut *self.failures;
        failures.all += 1;
        failures.finals += u32::from(!error.is_retryable());
        // Some try the same ten times a second.
        let said = failures.last.as_ref().map(ToString::to_string);
        if said.as_ref() != Some(&error.to_string()) {
            self.output.status(Step::Llm, error.to_string()).await;
        }
        let ends = failures.finals >= FINAL_FAILURES || failures.all >= FAILURES;
        failures.last = Some(error.clone());
        if ends {
            return Some(self.model_error(&error).await);
        }
        None
    }

    async fn model_error(&self, error: &ModelError) -> Ended {
        let text = error.to_string();
        let (code, retryable) = (error.code(), error.is_retryable());
        self.output.error(code, &text, retryable).await;
        Ended::stopped("model_error", text)
    }

    async fn ended(&self, line: &str, end: End, took: Duration) -> Ended {
        match (end, &self.failures.last) {
            (End::TimedOut, _) => Ended::stopped("limit_time", "The run's time is over."),
            // Some exit with 0 when the model has failed them.
            (_, Some(error)) => self.model_error(error).await,
            (End::Exit(0), None) => Ended::Done {
                summary: format!("`{line}` has ended."),
            },
            (end, None) => Ended::stopped(
                "command_failed",
                format!("`{line}`: {}.", end.describe(took)),
            ),
        }
    }
}

/// Where the well-known programs look for a model and its key.
fn variables(broker: &Broker, model: &str, task: &str) -> Vec<(&'static str, String)> {
    let (root, token) = (broker.root(), broker.token());
    let v1 = format!("{root}/v1");
    let token = || token.to_owned();
    vec![
        ("AIDEATOR_TASK", task.to_owned()),
        ("MODEL", model.to_owned()),
        ("OPENAI_BASE_URL", v1.clone()),
        ("OPENAI_API_BASE", v1),
        ("OPENAI_API_KEY", token()),
        ("ANTHROPIC_BASE_URL", root.clone()),
        ("ANTHROPIC_AUTH_TOKEN", token()),
        ("GOOGLE_GEMINI_BASE_URL", root),
        ("GEMINI_API_KEY", token()),
    ]
}

/// Bytes that come in pieces, as text.
#[derive(Default)]
struct Utf8 {
    /// The start of a character whose rest has not come yet.
    start: Vec<u8>,
}

impl Utf8 {
    fn push(&mut self, bytes: &[u8]) -> String {
        self.start.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.start) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => self.start.len(),
        };
        let rest = self.start.split_off(whole);
        String::from_utf8_lossy(&std::mem::replace(&mut self.start, rest)).into_owned()
    }

    fn rest(self) -> String {
        String::from_utf8_lossy(&self.start).into_owned()
    }
}
