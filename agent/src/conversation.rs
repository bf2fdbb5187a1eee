//! The messages so far, as the provider gets them, and what is dropped of them when they grow too
//! long for the model.

use serde_json::{Value, json};

use crate::{model::Reply, tools::Said};

/// Bytes of a token, roughly.
const TOKEN_BYTES: usize = 4;

/// Bytes of the latest tool results that are never dropped.
const KEPT_BYTES: usize = 40_000 * TOKEN_BYTES;

/// The same when the provider has said that it is still too long.
const KEPT_HARD_BYTES: usize = 8_000 * TOKEN_BYTES;

/// A result at most this long is not worth dropping.
const SMALL_BYTES: usize = 400;

/// A conversation.
pub(crate) struct Conversation {
    messages: Vec<Value>,
    window: u64,
    /// What each call was, for what is said in place of its result.
    calls: Vec<(String, String)>,
    /// Tokens of the last request, as the provider counted.
    tokens: u64,
    /// Bytes added since.
    added: usize,
}

impl Conversation {
    /// `window` is what the model reads at most, in tokens.
    pub(crate) fn new(system: &str, task: &str, window: u64) -> Self {
        Self {
            window,
            messages: vec![
                json!({"role": "system", "content": system}),
                json!({"role": "user", "content": task}),
            ],
            calls: Vec::new(),
            tokens: 0,
            added: system.len() + task.len(),
        }
    }

    pub(crate) fn messages(&self) -> &[Value] {
        &self.messages
    }

    /// Tokens that the next request will have, roughly.
    pub(crate) fn estimate(&self) -> u64 {
        self.tokens + (self.added / TOKEN_BYTES) as u64
    }

    /// Adds what we say to the model.
    pub(crate) fn user(&mut self, content: &str) {
        self.added += content.len();
        self.messages
            .push(json!({"role": "user", "content": content}));
    }

    /// Adds the model's answer.
    pub(crate) fn assistant(&mut self, reply: &Reply) {
        match reply.tokens {
            Some(tokens) => {
                self.tokens = tokens.input + tokens.output;
                self.added = 0;
            }
            None => self.added += reply.text.len(),
        }
        let mut message = json!({"role": "assistant", "content": reply.text});
        if !reply.calls.is_empty() {
            message["tool_calls"] = reply
                .calls
                .iter()
                .map(|call| {
                    // Some providers refuse a conversation with broken JSON in it.
                    let valid = serde_json::from_str::<serde::de::IgnoredAny>(&call.arguments);
                    let arguments = valid.map_or("{}", |_| call.arguments.as_str());
                    json!({"id": call.id, "type": "function",
                        "function": {"name": call.name, "arguments": arguments}})
                })
                .collect();
            // Some models want their own thoughts back with their calls; others ignore them.
            if !reply.reasoning.is_empty() {
                message["reasoning_content"] = reply.reasoning.clone().into();
            }
        }
        for call in &reply.calls {
            let arguments = call.arguments.chars().take(80).collect::<String>();
            let what = format!("{} {arguments}", call.name);
            self.calls.push((call.id.clone(), what));
        }
        self.messages.push(message);
    }

    /// Adds a tool's result.
    pub(crate) fn tool(&mut self, id: &str, said: &Said) {
        self.added += said.text.len();
        // There is no field for failure: the text must say it.
        let content = if said.ok {
            said.text.clone()
        } else {
            format!("Error: {}", said.text)
        };
        self.messages
            .push(json!({"role": "tool", "tool_call_id": id, "content": content}));
    }

    /// Drops old tool results when the next request would fill 70 % of the window; how many.
    pub(crate) fn mask(&mut self, todo: &[String]) -> usize {
        if self.estimate() < self.window / 10 * 7 {
            return 0;
        }
        let third = usize::try_from(self.window / 3).unwrap_or(usize::MAX);
        self.drop_results(KEPT_BYTES.min(third.saturating_mul(TOKEN_BYTES)), todo)
    }

    /// Drops more, because the provider has refused; how many.
    pub(crate) fn mask_hard(&mut self, todo: &[String]) -> usize {
        self.drop_results(KEPT_HARD_BYTES, todo)
    }

    fn drop_results(&mut self, keep: usize, todo: &[String]) -> usize {
        let mut kept = 0;
        let mut dropped = 0;
        for message in self.messages.iter_mut().rev() {
            if message["role"] != "tool" {
                continue;
            }
            let size = message["content"].as_str().map_or(0, str::len);
            kept += size;
            if kept <= keep || size <= SMALL_BYTES {
                continue;
            }
            let id = message["tool_call_id"].as_str().unwrap_or_default();
            let what = self.calls.iter().rev().find(|(known, _)| known == id);
            let what = what.map_or("result", |(_, what)| what.as_str());
            message["content"] = format!("[dropped to save room: {what}]").into();
            self.added = self.added.saturating_sub(size);
            self.tokens = self.tokens.saturating_sub((size / TOKEN_BYTES) as u64);
            dropped += 1;
        }
        if dropped > 0 && !todo.is_empty() {
            self.user(&format!("Your plan so far:\n{}", todo.join("\n")));
        }
        dropped
    }
}
