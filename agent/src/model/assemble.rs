//! Chunks put together to a reply.

use serde_json::Value;

use super::{
    error::{ErrorKind, ModelError},
    wire::{CallPart, Chunk},
};
use crate::limits::Tokens;

/// Longest id or name of a call that is taken over, characters.
const NAME_CHARS: usize = 128;

/// Longest answer, bytes: far more than any model gives, far less than the container's memory.
const ANSWER_BYTES: usize = 32 * 1024 * 1024;

/// Most calls in one answer.
const CALLS: usize = 128;

/// A whole answer.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Reply {
    pub(crate) text: String,
    /// Sent back with calls: some models want their own thoughts.
    pub(crate) reasoning: String,
    pub(crate) calls: Vec<Call>,
    pub(crate) finish: Finish,
    /// `None` where the provider did not tell.
    pub(crate) tokens: Option<Tokens>,
}

/// What ended an answer.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finish {
    /// The model was done, or calls tools.
    #[default]
    Stop,
    /// `max_tokens`: the answer is cut.
    Length,
}

/// A tool call as the model wrote it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Should be JSON.
    pub(crate) arguments: String,
}

/// Something to show at once.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Delta {
    Text(String),
    Reasoning(String),
}

/// An answer that is coming in.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    reply: Reply,
    /// The provider's index of each call.
    indexes: Vec<u64>,
    finish: Option<String>,
}

impl Assembly {
    /// Takes a chunk; gives what is to be shown of it.
    pub(super) fn push(&mut self, chunk: Chunk) -> Result<Vec<Delta>, ModelError> {
        if let Some(error) = &chunk.error {
            return Err(ModelError::in_stream(error));
        }
        // Last one wins: some recompute it, some send it with every chunk, some with the choice.
        let usage = chunk.usage.tokens();
        let usage = usage.or(chunk
            .choices
            .first()
            .and_then(|choice| choice.usage.tokens()));
        self.reply.tokens = usage.or(self.reply.tokens);
        let mut shown = Vec::new();
        for choice in chunk.choices.into_iter().take(1) {
            let delta = choice.delta;
            let reasoning = delta.reasoning_content.or(delta.reasoning);
            if let Some(text) = reasoning.filter(|text| !text.is_empty()) {
                self.reply.reasoning.push_str(&text);
                shown.push(Delta::Reasoning(text));
            }
            for text in [delta.content, delta.refusal].into_iter().flatten() {
                if !text.is_empty() {
                    self.reply.text.push_str(&text);
                    shown.push(Delta::Text(text));
                }
            }
            for part in delta.tool_calls {
                self.call(part)?;
            }
            let reply = &self.reply;
            let arguments: usize = reply.calls.iter().map(|call| call.arguments.len()).sum();
            if reply.text.len() + reply.reasoning.len() + arguments > ANSWER_BYTES {
                let message = format!(
                    "The model's answer is longer than {} MiB.",
                    ANSWER_BYTES >> 20
                );
                return Err(ModelError::new(ErrorKind::TooLong, message));
            }
            if let Some(finish) = choice.finish_reason.filter(|reason| !reason.is_empty()) {
                self.finish = Some(finish);
            }
        }
        Ok(shown)
    }

    /// Adds to the call that the part belongs to, or starts another.
    fn call(&mut self, part: CallPart) -> Result<(), ModelError> {
        let id = part.id.filter(|id| !id.is_empty());
        let name = part.function.name.filter(|name| !name.is_empty());
        let at = self.find(part.index, id.as_deref(), name.as_deref());
        let at = match at {
            Some(at) => at,
            None if self.reply.calls.len() == CALLS => {
                let message = format!("The model asks for more than {CALLS} tools at once.");
                return Err(ModelError::new(ErrorKind::Garbage, message));
            }
            None => {
                let number = self.reply.calls.len();
                self.indexes.push(part.index.unwrap_or(number as u64));
                self.reply.calls.push(Call::default());
                number
            }
        };
        let call = &mut self.reply.calls[at];
        if let Some(id) = id {
            call.id = shorten(&id);
        }
        if let Some(name) = name {
            call.name = shorten(&name);
        }
        match part.function.arguments {
            Some(Value::String(text)) => call.arguments.push_str(&text),
            None | Some(Value::Null) => {}
            Some(whole) => call.arguments = whole.to_string(),
        }
        Ok(())
    }

    /// The call with this index (without one: the latest), unless the part starts a new call there:
    /// by another id, or by a name where there is one.
    fn find(&self, index: Option<u64>, id: Option<&str>, name: Option<&str>) -> Option<usize> {
        let calls = &self.reply.calls;
        let at = match index {
            Some(index) => self.indexes.iter().rposition(|known| *known == index),
            None => calls.len().checked_sub(1),
        }?;
        let known = &calls[at];
        let starts = match id {
            Some(id) => !known.id.is_empty() && known.id != id,
            None => name.is_some() && !known.name.is_empty(),
        };
        (!starts).then_some(at)
    }

    /// The whole answer; `done` says whether the stream had its own end.
    pub(super) fn finish(self, done: bool) -> Result<Reply, ModelError> {
        let mut reply = self.reply;
        let finish = self.finish.as_deref();
        if finish.is_none() && !done {
            let message = "The model's answer was cut off.".to_owned();
            return Err(ModelError::new(ErrorKind::Connection, message));
        }
        if finish == Some("content_filter") {
            let message =
                "The provider's content filter stopped the answer; change the prompt.".to_owned();
            return Err(ModelError::new(ErrorKind::ContentFilter, message));
        }
        let cut = matches!(finish, Some("length" | "max_tokens"));
        if cut {
            reply.finish = Finish::Length;
        }
        for (number, call) in reply.calls.iter_mut().enumerate() {
            if call.id.is_empty() {
                call.id = format!("call_{number}_{}", jiff::Timestamp::now().as_nanosecond());
            }
            if call.arguments.trim().is_empty() {
                "{}".clone_into(&mut call.arguments);
            }
        }
        Ok(reply)
    }
}

fn shorten(name: &str) -> String {
    name.chars().take(NAME_CHARS).collect()
}
