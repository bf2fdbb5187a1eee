//! The messages so far, as the provider gets them, and what is left out of them when they grow
//! too long for the model.

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

/// The prompt and the task: never dropped.
const BEGINNING: usize = 2;

/// What stands before the list of what was done, and how long that is at most.
const DONE: &str =
    "[Earlier messages are left out to save room. What you called in them, in order:]\n";
const DONE_LINES: usize = 100;

/// What was left out of a conversation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Shortened {
    /// Results of tools.
    pub(crate) results: usize,
    /// Whole messages.
    pub(crate) messages: usize,
}

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

    /// Drops old tool results when the next request would fill 70 % of the window; and, when that is
    /// not enough, replaces the oldest messages by a list of what was done.
    pub(crate) fn keep_within(&mut self, todo: &[String]) -> Shortened {
        if self.estimate() < self.window / 10 * 7 {
            return Shortened::default();
        }
        let third = self.bytes_of_window(3);
        let results = self.drop_results(KEPT_BYTES.min(third), todo);
        let messages = if self.estimate() < self.window / 10 * 8 {
            0
        } else {
            self.condense(third)
        };
        Shortened { results, messages }
    }

    /// Drops more, because the provider has refused.
    pub(crate) fn shorten_hard(&mut self, todo: &[String]) -> Shortened {
        let results = self.drop_results(KEPT_HARD_BYTES.min(self.bytes_of_window(4)), todo);
        let messages = if results > 0 {
            0
        } else {
            self.condense(self.bytes_of_window(6))
        };
        Shortened { results, messages }
    }

    /// A part of the window, in bytes.
    fn bytes_of_window(&self, part: u64) -> usize {
        usize::try_from(self.window / part)
            .unwrap_or(usize::MAX)
            .saturating_mul(TOKEN_BYTES)
    }

    /// Keeps the beginning (prompt and task) and the latest messages within `keep` bytes; a list of
    /// calls stands for those between. How many those were.
    fn condense(&mut self, keep: usize) -> usize {
        let size = |message: &Value| message.to_string().len();
        let mut kept = 0;
        let mut from = self.messages.len();
        for (at, message) in self.messages.iter().enumerate().skip(BEGINNING).rev() {
            kept += size(message);
            // A result cannot be without its call.
            if message["role"] != "tool" && (kept <= keep || from == self.messages.len()) {
                from = at;
            }
            if kept > keep {
                break;
            }
        }
        let dropped: Vec<Value> = self.messages.drain(BEGINNING..from).collect();
        if dropped.is_empty() {
            return 0;
        }
        let mut done: Vec<String> = Vec::new();
        for message in &dropped {
            // The list of the time before, if there was one.
            if let Some(text) = message["content"].as_str()
                && message["role"] == "user"
            {
                let lines = text.strip_prefix(DONE).unwrap_or_default().lines();
                done.extend(lines.map(str::to_owned));
            }
            for call in message["tool_calls"].as_array().into_iter().flatten() {
                let name = call["function"]["name"].as_str().unwrap_or_default();
                let arguments = call["function"]["arguments"].as_str().unwrap_or_default();
                let arguments: String = arguments.chars().take(160).collect();
                done.push(format!("- {name} {arguments}").replace('\n', " "));
            }
        }
        let first = done.len().saturating_sub(DONE_LINES);
        let text = format!("{DONE}{}", done[first..].join("\n"));
        let before: usize = dropped.iter().map(size).sum();
        self.messages
            .insert(BEGINNING, json!({"role": "user", "content": text}));
        self.added += text.len();
        self.forget(before);
        dropped.len()
    }

    /// Takes bytes out of the estimate: what is old is among the tokens that were counted, if any were.
    fn forget(&mut self, bytes: usize) {
        let tokens = (bytes / TOKEN_BYTES) as u64;
        let counted = tokens.min(self.tokens);
        self.tokens -= counted;
        let rest = usize::try_from(tokens - counted).unwrap_or(usize::MAX);
        self.added = self.added.saturating_sub(rest.saturating_mul(TOKEN_BYTES));
    }

    fn drop_results(&mut self, keep: usize, todo: &[String]) -> usize {
        let mut kept = 0;
        let (mut dropped, mut forgotten) = (0, 0);
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
            forgotten += size;
            dropped += 1;
        }
        self.forget(forgotten);
        if dropped > 0 && !todo.is_empty() {
            self.user(&format!("Your plan so far:\n{}", todo.join("\n")));
        }
        dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Call;

    /// A conversation in which a file was read so often.
    fn long(reads: usize, window: u64, text: &str) -> Conversation {
        let mut conversation = Conversation::new("system", "task", window);
        for number in 0..reads {
            let call = Call {
                id: format!("c{number}"),
                name: "read".to_owned(),
                arguments: format!("{{\"path\": \"f{number}\"}}"),
            };
            conversation.assistant(&Reply {
                text: text.to_owned(),
                calls: vec![call],
                ..Reply::default()
            });
            conversation.tool(&format!("c{number}"), &Said::failure("x".repeat(4000)));
        }
        conversation
    }

    #[test]
    fn old_results_go_first_and_are_named() {
        let mut conversation = long(40, 32_000, "");
        assert_eq!(conversation.messages().len(), 82);
        let todo = ["[ ] test".to_owned()];
        let shortened = conversation.keep_within(&todo);
        assert!(
            shortened.results > 20 && shortened.messages == 0,
            "{shortened:?}"
        );
        assert!(conversation.estimate() < 32_000 * 7 / 10);
        let messages = conversation.messages();
        assert_eq!(
            messages[3]["content"],
            "[dropped to save room: read {\"path\": \"f0\"}]"
        );
        assert!(
            messages[81]["content"].as_str().unwrap().contains("xxx"),
            "the latest stays"
        );
        assert!(
            messages[82]["content"]
                .as_str()
                .unwrap()
                .contains("[ ] test")
        );
        assert_eq!(conversation.keep_within(&todo), Shortened::default());
    }

    #[test]
    fn words_that_fill_the_window_become_a_list_of_what_was_done() {
        let mut conversation = long(30, 8_000, &"w".repeat(3000));
        let shortened = conversation.keep_within(&[]);
        assert!(shortened.messages > 10, "{shortened:?}");
        assert!(
            conversation.estimate() < 8_000 * 7 / 10,
            "{}",
            conversation.estimate()
        );
        let messages = conversation.messages();
        assert_eq!(messages[1]["content"], "task");
        let list = messages[2]["content"].as_str().unwrap();
        assert!(
            list.starts_with(DONE) && list.contains("- read {\"path\": \"f0\"}"),
            "{list}"
        );
        assert_eq!(
            messages[3]["role"], "assistant",
            "no result without its call"
        );
        // Again, and what the list said is still said.
        for _ in 0..3 {
            conversation.shorten_hard(&[]);
        }
        let list = conversation.messages()[2]["content"].as_str().unwrap();
        assert!(
            list.contains("f0") && list.matches(DONE).count() == 1,
            "{list}"
        );
    }
}
