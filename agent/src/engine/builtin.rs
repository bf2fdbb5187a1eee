//! The agent's own loop: ask the model, do what it calls for, until it answers without a call.

use aideator_agent::protocol::{Body, Step};
use serde_json::{Value, json};

use super::Ended;
use crate::{
    conversation::{Conversation, Shortened},
    limits::{Budget, TOKEN_BYTES},
    model::{Call, ErrorKind, Finish, Model, ModelError, Reply},
    output::Output,
    tools::{Said, Tool, Toolbox},
};

/// How a model without tools is told to work.
const FENCED: &str = include_str!("../../prompts/fenced.md");

/// Answers in a row whose calls could not be understood, or that were cut, before we give up.
const MALFORMED: u32 = 3;
const CUT: u32 = 2;

/// The same calls with the same results in a row: when the model is told, and when it is ended.
const REPEATED_NUDGE: u32 = 3;
const REPEATED_STOP: u32 = 6;

pub(crate) struct Builtin {
    model: Model,
    conversation: Conversation,
    toolbox: Toolbox,
    output: Output,
    /// Whether the model has no tools and writes commands in fences.
    fenced: bool,
    /// Whether the model was told that a budget is nearly spent.
    warned: bool,
    malformed: u32,
    cut: u32,
    repeated: Repeated,
}

impl Builtin {
    pub(super) fn new(
        model: Model,
        conversation: Conversation,
        toolbox: Toolbox,
        output: Output,
    ) -> Self {
        Self {
            model,
            conversation,
            toolbox,
            output,
            fenced: false,
            warned: false,
            malformed: 0,
            cut: 0,
            repeated: Repeated::default(),
        }
    }

    pub(super) fn ask_back(&mut self, message: &str) {
        self.conversation.user(message);
    }

    pub(super) async fn work(&mut self, budget: &mut Budget) -> Ended {
        loop {
            if let Some(spent) = budget.spent() {
                let summary = format!("The run's budget is spent ({}).", spent.reason());
                return Ended::stopped(spent.reason(), summary);
            }
            let reply = match self.reply().await {
                Ok(reply) => reply,
                Err(error) => {
                    let (code, text) = (error.code(), error.to_string());
                    self.output.error(code, &text, error.is_retryable()).await;
                    return Ended::stopped("model_error", text);
                }
            };
            self.count(budget, &reply).await;
            self.conversation.assistant(&reply);
            let command = fenced_command(&reply.text).filter(|_| self.fenced);
            let ended = match (reply.finish, command) {
                (Finish::Length, _) => self.cut_off(&reply).await,
                (Finish::Stop, Some(command)) => self.run_fenced(command).await,
                (Finish::Stop, None) if reply.calls.is_empty() => {
                    return Ended::Done {
                        summary: reply.text,
                    };
                }
                (Finish::Stop, None) => self.call_all(&reply.calls).await,
            };
            if let Some(ended) = ended {
                return ended;
            }
            if !self.warned && budget.nearly_spent() {
                self.warned = true;
                self.conversation.user(
                    "Your time or budget is nearly spent. Finish now: leave the files in their best state and answer without calling a tool.",
                );
            }
        }
    }

    /// The next answer; a conversation that has grown too long is shortened.
    async fn reply(&mut self) -> Result<Reply, ModelError> {
        let shortened = self.conversation.keep_within(self.toolbox.todo());
        self.say(shortened).await;
        self.output.status(Step::Llm, "Asking the model").await;
        match self.ask().await {
            Err(error) if error.kind == ErrorKind::ContextLength => {
                let shortened = self.conversation.shorten_hard(self.toolbox.todo());
                if shortened == Shortened::default() {
                    return Err(error);
                }
                self.say(shortened).await;
                self.ask().await
            }
            Err(error) if error.kind == ErrorKind::NoTools && !self.fenced => {
                self.fenced = true;
                let message = format!("{error} It is asked for commands in its text instead.");
                self.output.status(Step::Llm, message).await;
                self.conversation.user(FENCED);
                self.ask().await
            }
            other => other,
        }
    }

    async fn ask(&mut self) -> Result<Reply, ModelError> {
        let schemas = if self.fenced {
            Value::Null
        } else {
            self.toolbox.schemas()
        };
        let messages = self.conversation.messages();
        self.model.reply(messages, &schemas).await
    }

    async fn say(&self, shortened: Shortened) {
        for (count, what) in [
            (
                shortened.results,
                "the results of {} earlier tool calls are dropped from it.",
            ),
            (
                shortened.messages,
                "its {} oldest messages are replaced by a list of what was done.",
            ),
        ] {
            if count > 0 {
                let what = what.replace("{}", &count.to_string());
                let message = format!("The conversation grows long for the model: {what}");
                self.output.status(Step::Context, message).await;
            }
        }
    }

    /// Runs the command of a model without tools, as its call of `run`.
    async fn run_fenced(&mut self, command: String) -> Option<Ended> {
        self.cut = 0;
        let call = Call {
            id: format!("fenced_{}", self.conversation.messages().len()),
            name: "run".to_owned(),
            arguments: json!({"command": command}).to_string(),
        };
        self.print_call(&call).await;
        let said = match self.toolbox.parse(&call.name, &call.arguments) {
            Ok(tool) => self.toolbox.call(tool).await,
            Err(said) => said,
        };
        self.print_result(&call, &said).await;
        self.conversation.user(&format!("Output:\n{}", said.text));
        self.count_repeated(&[call], &[said])
    }

    async fn count(&self, budget: &mut Budget, reply: &Reply) {
        let said = reply.text.len() + reply.calls.iter().map(|c| c.arguments.len()).sum::<usize>();
        let estimate = self.conversation.estimate() + said as u64 / TOKEN_BYTES;
        budget.charge(reply.tokens, estimate, &self.output).await;
    }

    /// An answer that was cut: none of its calls is run, the last may be half of what was meant.
    async fn cut_off(&mut self, reply: &Reply) -> Option<Ended> {
        let message = "The answer was cut at the most tokens one answer may have. Nothing of it was done. Go on in smaller parts: one call at a time, long files in several edits.";
        for call in &reply.calls {
            let said = Said::failure(message);
            self.print_call(call).await;
            self.print_result(call, &said).await;
            self.conversation.tool(&call.id, &said);
        }
        if reply.calls.is_empty() {
            self.conversation.user(message);
        }
        self.cut += 1;
        (self.cut >= CUT).then(|| {
            Ended::stopped(
                "length",
                "The model's answers are cut at max_tokens; allow more tokens for an answer.",
            )
        })
    }

    /// Does all calls of an answer, in order.
    async fn call_all(&mut self, calls: &[Call]) -> Option<Ended> {
        self.cut = 0;
        let mut understood = false;
        let mut results = Vec::new();
        let mut parsed = Vec::new();
        for call in calls {
            let tool = self.toolbox.parse(&call.name, &call.arguments);
            understood |= tool.is_ok();
            parsed.push((call, tool));
        }
        while !parsed.is_empty() {
            // What only reads goes together; whatever changes something goes alone and in its order.
            let reads = parsed
                .iter()
                .take_while(|(_, tool)| tool.as_ref().map_or(true, Tool::only_reads))
                .count();
            let rest = parsed.split_off(reads.max(1));
            let (group, tools): (Vec<_>, Vec<_>) = parsed.into_iter().unzip();
            parsed = rest;
            for call in &group {
                self.print_call(call).await;
            }
            for (call, said) in group
                .into_iter()
                .zip(self.toolbox.call_together(tools).await)
            {
                self.print_result(call, &said).await;
                self.conversation.tool(&call.id, &said);
                results.push(said);
            }
        }
        self.malformed = if understood { 0 } else { self.malformed + 1 };
        if self.malformed >= MALFORMED {
            return Some(Ended::stopped(
                "malformed_calls",
                format!(
                    "The model's tool calls could not be understood {MALFORMED} times in a row; try a model that is made for tools."
                ),
            ));
        }
        self.count_repeated(calls, &results)
    }

    fn count_repeated(&mut self, calls: &[Call], results: &[Said]) -> Option<Ended> {
        match self.repeated.count(calls, results) {
            REPEATED_STOP.. => Some(Ended::stopped(
                "stuck",
                "The model repeats the same calls with the same results.",
            )),
            REPEATED_NUDGE => {
                self.conversation.user(
                    "You have made the same calls with the same results three times. Do something else, or end and say what stops you.",
                );
                None
            }
            _ => None,
        }
    }

    async fn print_call(&self, call: &Call) {
        self.output
            .print(Body::ToolCall {
                id: call.id.clone(),
                name: call.name.clone(),
                arguments: call.arguments.clone(),
                more: false,
            })
            .await;
    }

    async fn print_result(&self, call: &Call, said: &Said) {
        self.output
            .print(Body::ToolResult {
                id: call.id.clone(),
                ok: said.ok,
                output: said.text.clone(),
                truncated: said.truncated,
                more: false,
            })
            .await;
    }
}

/// The first fenced block of an answer that is a shell command.
fn fenced_command(text: &str) -> Option<String> {
    let mut lines = text.lines();
    lines.find(|line| matches!(line.trim(), "```sh" | "```bash" | "```shell" | "```console"))?;
    let command: Vec<&str> = lines.take_while(|line| line.trim() != "```").collect();
    let command = command.join("\n");
    Some(command).filter(|command| !command.trim().is_empty())
}

/// How often in a row the same was called with the same result.
#[derive(Default)]
struct Repeated {
    last: Vec<(String, String, Said)>,
    times: u32,
}

impl Repeated {
    fn count(&mut self, calls: &[Call], results: &[Said]) -> u32 {
        let this: Vec<_> = calls
            .iter()
            .zip(results)
            .map(|(call, said)| {
                let mut said = said.clone();
                // A command's result ends with how long it took.
                said.text
                    .truncate(said.text.rfind(" after ").unwrap_or(said.text.len()));
                (call.name.clone(), call.arguments.clone(), said)
            })
            .collect();
        self.times = if this == self.last { self.times + 1 } else { 1 };
        self.last = this;
        self.times
    }
}
