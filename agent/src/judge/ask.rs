//! One question to the model: which of two changes, without any sign of who made them.

use std::fmt::Write as _;

use aideator_agent::config::Candidate;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    limits::{Budget, TOKEN_BYTES},
    model::{Model, Reply},
    output::Output,
};

const SYSTEM: &str = include_str!("../../prompts/judge.md");

/// How often the model may answer with something else than a verdict.
const TRIES: u32 = 2;

/// Share of the model's window that one change may fill, percent.
const CHANGE_PERCENT: u64 = 30;

/// What of a check's output is shown, bytes of its end.
const TAIL: usize = 1500;

/// Most reasons of an answer, and most characters of one.
const REASONS: usize = 6;
const REASON_CHARS: usize = 400;

/// What the model thinks of a pair.
pub(super) struct Opinion {
    /// Whether the first one wins; `None` for a tie.
    pub(super) winner: Option<bool>,
    pub(super) reasons: Vec<String>,
    pub(super) risks: Vec<String>,
}

/// Asks one model.
pub(super) struct Asker<'a> {
    model: Model,
    task: &'a str,
    change_bytes: usize,
    output: Output,
}

impl<'a> Asker<'a> {
    /// `window` is the model's, in tokens.
    pub(super) fn new(model: Model, task: &'a str, window: u64, output: Output) -> Self {
        let bytes = window * TOKEN_BYTES / 100 * CHANGE_PERCENT;
        Self {
            model,
            task,
            change_bytes: usize::try_from(bytes).unwrap_or(usize::MAX),
            output,
        }
    }

    /// The model's opinion; an error is a reason's word and a sentence.
    pub(super) async fn ask(
        &mut self,
        a: &Candidate,
        b: &Candidate,
        budget: &mut Budget,
    ) -> Result<Opinion, (&'static str, String)> {
        let question = self.question(a, b);
        let mut messages = vec![
            json!({"role": "system", "content": SYSTEM}),
            json!({"role": "user", "content": question}),
        ];
        for _ in 0..TRIES {
            let reply = match self.model.reply(&messages, &Value::Null).await {
                Ok(reply) => reply,
                Err(error) => {
                    let (code, text) = (error.code(), error.to_string());
                    self.output.error(code, &text, error.is_retryable()).await;
                    return Err(("model_error", text));
                }
            };
            let estimate = (question.len() + reply.text.len()) as u64 / TOKEN_BYTES;
            budget.charge(reply.tokens, estimate, &self.output).await;
            if let Some(opinion) = read(&reply, a.variation_id, b.variation_id) {
                return Ok(opinion);
            }
            messages.push(json!({"role": "assistant", "content": reply.text}));
            let again = "That is not a verdict. Answer with the JSON object alone: {\"winner\": \"A\", \"B\" or \"tie\", \"reasons\": [], \"risks\": []}";
            messages.push(json!({"role": "user", "content": again}));
        }
        let message = format!(
            "The model gave no verdict that can be read, {TRIES} times; use a model that follows its instructions."
        );
        Err(("bad_answer", message))
    }

    fn question(&self, a: &Candidate, b: &Candidate) -> String {
        // A change cannot end its own block: it would have to hold its own hash.
        let mut hash = Sha256::new();
        hash.update(&a.patch);
        hash.update(&b.patch);
        let mark: String = hash.finalize()[..8]
            .iter()
            .fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        let mut text = format!("# Task\n\n{}\n", self.task);
        for (label, candidate) in [("A", a), ("B", b)] {
            // Writing to a String cannot fail.
            let _ = write!(text, "\n# CHANGE_{label}\n");
            for check in &candidate.checks {
                let code = check
                    .exit_code
                    .map_or("killed".to_owned(), |code| code.to_string());
                let tail = end(&check.output_tail, TAIL);
                let _ = write!(
                    text,
                    "\nCheck `{}`: exit code {code}\n<output {mark}>\n{tail}\n</output {mark}>\n",
                    check.command
                );
            }
            let shown = start(&candidate.patch, self.change_bytes);
            let whole = candidate
                .patch_bytes
                .unwrap_or(candidate.patch.len() as u64);
            let rest = whole.saturating_sub(shown.len() as u64);
            let _ = write!(text, "\n<diff {mark}>\n{shown}\n</diff {mark}>\n");
            if shown.trim().is_empty() {
                text.push_str("Nothing was changed.\n");
            } else if rest > 0 {
                let _ = writeln!(text, "[{rest} bytes more of CHANGE_{label} are not shown]");
            }
        }
        text.push_str("\nWhich change? One JSON object.\n");
        text
    }
}

/// What the model was asked for.
#[derive(Deserialize)]
struct Verdict {
    winner: String,
    #[serde(default)]
    reasons: Value,
    #[serde(default)]
    risks: Value,
}

fn read(reply: &Reply, a: u32, b: u32) -> Option<Opinion> {
    // Some wrap it in words or a fence.
    let json = &reply.text[reply.text.find('{')?..=reply.text.rfind('}')?];
    let verdict: Verdict = serde_json::from_str(json).ok()?;
    let winner = match verdict.winner.trim().to_uppercase().as_str() {
        "A" | "CHANGE_A" => Some(true),
        "B" | "CHANGE_B" => Some(false),
        "TIE" => None,
        _ => return None,
    };
    let words = |value: &Value| {
        let texts = match value {
            Value::String(text) => vec![text.as_str()],
            Value::Array(values) => values.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let named = texts.into_iter().take(REASONS).map(|text| {
            let text = text
                .replace("CHANGE_A", &format!("#{}", a + 1))
                .replace("CHANGE_B", &format!("#{}", b + 1));
            let words = text.split(|c: char| c.is_control()).collect::<Vec<_>>();
            words.join(" ").chars().take(REASON_CHARS).collect()
        });
        named.collect()
    };
    Some(Opinion {
        winner,
        reasons: words(&verdict.reasons),
        risks: words(&verdict.risks),
    })
}

/// The first `bytes` of a text, at most.
fn start(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// The last `bytes` of a text, at most.
fn end(text: &str, bytes: usize) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(bytes))..]
}
