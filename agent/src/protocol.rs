//! The lines an agent prints: one JSON object a line, flat, at most [`MAX_LINE_BYTES`] long.
//!
//! `{"v":1,"seq":7,"ts":"2026-01-02T03:04:05.678Z","type":"text","delta":"…"}`
//!
//! `seq` counts from 1 without a hole and `finished` is the last line, so that a reader can prove
//! that it has them all. Values too long for one line are split: `text` and `reasoning` into several
//! deltas; `tool_call.arguments` and `tool_result.output` into lines of the same `id` of which all
//! but the last say `more: true`; a patch into parts ([`crate::patch`]).
//!
//! Reading is tolerant: a line that is not ours is `None`, a type or shape of a later version is
//! [`Body::Unknown`] and still counts for `seq`.

mod judge;

use serde::{Deserialize, Serialize};

pub use self::judge::{Comparison, Gate, Judgement, Verdict, VerdictKind};

/// The version of the protocol that this crate writes and understands.
pub const VERSION: u8 = 1;

/// Upper bound of a line with its newline, bytes.
pub const MAX_LINE_BYTES: usize = 8 * 1024;

/// One line.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Version of the protocol, [`VERSION`].
    pub v: u8,
    /// Number of the line, from 1.
    pub seq: u64,
    /// When it was written: RFC 3339, UTC, milliseconds.
    pub ts: String,
    /// What it says.
    pub body: Body,
}

/// The fields every line has.
#[derive(Serialize, Deserialize)]
struct Head {
    v: u8,
    seq: u64,
    ts: String,
}

impl Line {
    /// Reads a line, with or without its newline; `None` when it is not one of ours.
    pub fn parse(line: &[u8]) -> Option<Self> {
        // Cheap and first: most foreign lines are plain text.
        if line.first() != Some(&b'{') {
            return None;
        }
        let Head { v, seq, ts } = serde_json::from_slice(line).ok()?;
        if v != VERSION || seq == 0 {
            return None;
        }
        let body = serde_json::from_slice(line).unwrap_or(Body::Unknown);
        Some(Self { v, seq, ts, body })
    }

    /// The line as it is printed, without its newline.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let head = Head {
            v: self.v,
            seq: self.seq,
            ts: self.ts.clone(),
        };
        let mut json = serde_json::to_string(&head)?;
        let body = serde_json::to_string(&self.body)?;
        // Two flat objects become one: `{a}` and `{b}` are `{a,b}`. Both have at least one field.
        json.pop();
        json.push(',');
        json.push_str(&body[1..]);
        Ok(json)
    }
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Body {
    /// First line after the clone.
    Started {
        /// Model name as it was asked for.
        model: String,
        /// `builtin`, `command` or `judge`.
        engine: String,
        /// Commit that the work starts from.
        base_sha: String,
    },
    /// A step of the run begins, or something to know about it.
    Status {
        /// Which part of the run speaks.
        step: Step,
        /// For people.
        message: String,
    },
    /// Model output.
    Text {
        /// What came since the last one.
        delta: String,
    },
    /// Model output that is thought, not answer.
    Reasoning {
        /// What came since the last one.
        delta: String,
    },
    /// The model calls a tool.
    ToolCall {
        /// Joins call and result.
        id: String,
        /// Name of the tool.
        name: String,
        /// JSON text, as the model wrote it.
        arguments: String,
        /// Another line of this `id` continues `arguments`.
        #[serde(default, skip_serializing_if = "is_false")]
        more: bool,
    },
    /// What the tool said.
    ToolResult {
        /// Joins call and result.
        id: String,
        /// Whether the tool did what it was asked.
        ok: bool,
        /// What the model sees.
        output: String,
        /// Whether the model sees less than there was.
        truncated: bool,
        /// Another line of this `id` continues `output`.
        #[serde(default, skip_serializing_if = "is_false")]
        more: bool,
    },
    /// Tokens so far, all model calls together.
    Usage {
        /// Tokens read by the model.
        input_tokens: u64,
        /// Tokens written by the model.
        output_tokens: u64,
        /// Input tokens that came from the provider's cache.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cached_tokens: Option<u64>,
        /// US dollars; absent when the price is unknown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cost_usd: Option<f64>,
    },
    /// A check has run.
    Check {
        /// The shell command.
        command: String,
        /// Its exit code; `null` when it was killed, by a signal or by its time limit.
        exit_code: Option<i32>,
        /// How long it took.
        seconds: f64,
        /// The end of what it printed.
        output_tail: String,
    },
    /// A check has run at the base commit, before the work: the fields of `check`.
    BaseCheck {
        /// The shell command.
        command: String,
        /// Its exit code; `null` when it was killed, by a signal or by its time limit.
        exit_code: Option<i32>,
        /// How long it took.
        seconds: f64,
        /// The end of what it printed.
        output_tail: String,
    },
    /// A judge has asked the model about two results.
    Comparison(Comparison),
    /// What a judge says of one result.
    Judgement(Judgement),
    /// What a judge says of all results.
    Verdict(Verdict),
    /// A result was pushed. Said again with the pull request's address when there is one.
    Published {
        /// The new branch.
        branch: String,
        /// The commit it names.
        commit: String,
        /// Of the pull request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
    },
    /// A piece of the change, see [`crate::patch`].
    Patch(PatchPart),
    /// Last line.
    Finished {
        /// How it went.
        outcome: Outcome,
        /// For people.
        summary: String,
        /// Why not, as one word: `model_error`, `limit_tokens`, `clone_failed`, ….
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Something failed.
    Error {
        /// One word, for programs.
        code: String,
        /// For people: what happened and what to do.
        message: String,
        /// Whether the same run may succeed later.
        retryable: bool,
    },
    /// A type or shape that this version does not know.
    #[serde(other)]
    Unknown,
}

/// A piece of the change. The last part also says what the whole is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PatchPart {
    /// Number of the part, from 1.
    pub part: u32,
    /// Whether this is the last part.
    pub last: bool,
    /// The bytes, as UTF-8 text or as `encoding` says.
    pub data: String,
    /// `base64` when the patch is not UTF-8; then for all parts, each decoded by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// SHA-256 of the whole decoded patch, lower hex. Last part only, as all below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Git's id of the tree that the patch leads to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree: Option<String>,
    /// Files changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<u64>,
    /// Lines added, in text files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub additions: Option<u64>,
    /// Lines deleted, in text files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletions: Option<u64>,
}

/// The parts of a run that report their progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Fetching the repository.
    Clone,
    /// Gathering what the model is told first.
    Context,
    /// Calling the model.
    Llm,
    /// Running a tool.
    Tool,
    /// Running the checks.
    Check,
    /// Making the patch.
    Diff,
    /// Pushing a result.
    Publish,
    /// A step of a later version.
    #[serde(other)]
    Other,
}

/// How a run ended. The agent's exit code is 0 exactly when it is `Succeeded`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The work came to its own end. A failed check does not change that: it is evidence about the
    /// change, not about the run.
    Succeeded,
    /// Something stopped the work; what was changed until then is still in the patch.
    Failed,
    /// Someone outside asked it to stop; what was changed until then is still in the patch.
    Cancelled,
}

/// Cuts text into pieces of at most `room` bytes each *as a JSON string*, at character boundaries.
///
/// `room` must be at least 6, the length of an escaped control character.
pub fn split(text: &str, room: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut used = 0;
        let end = rest
            .char_indices()
            .find(|(_, character)| {
                used += json_len(*character);
                used > room
            })
            .map_or(rest.len(), |(at, _)| at);
        let (piece, tail) = rest.split_at(end);
        rest = tail;
        Some(piece)
    })
}

/// Bytes of a character inside a JSON string as `serde_json` writes it.
fn json_len(character: char) -> usize {
    match character {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        control if control < ' ' => 6,
        other => other.len_utf8(),
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if passes a reference"
)]
fn is_false(value: &bool) -> bool {
    !*value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(body: Body) -> Line {
        Line {
            v: VERSION,
            seq: 7,
            ts: "2026-01-02T03:04:05.678Z".into(),
            body,
        }
    }

    #[test]
    fn a_line_is_one_flat_object_and_reads_back() {
        let text = line(Body::Text {
            delta: "a\n\"b\" \u{0}".into(),
        });
        let json = text.to_json().unwrap();
        assert_eq!(
            json,
            r#"{"v":1,"seq":7,"ts":"2026-01-02T03:04:05.678Z","type":"text","delta":"a\n\"b\" \u0000"}"#
        );
        assert_eq!(Line::parse(json.as_bytes()), Some(text));
        let part = line(Body::Patch(PatchPart {
            part: 1,
            last: true,
            data: "diff".into(),
            files: Some(1),
            ..PatchPart::default()
        }));
        let json = part.to_json().unwrap();
        assert!(json.ends_with(r#""type":"patch","part":1,"last":true,"data":"diff","files":1}"#));
        assert_eq!(Line::parse(json.as_bytes()), Some(part));
    }

    #[test]
    fn a_foreign_line_is_none_and_a_later_version_s_is_unknown() {
        for foreign in [
            "",
            "thread 'main' panicked",
            "{",
            "{}",
            "[1]",
            r#"{"v":2,"seq":1,"ts":"","type":"text","delta":""}"#,
            r#"{"v":1,"seq":0,"ts":"","type":"text","delta":""}"#,
            r#"{"v":1,"seq":-1,"ts":"","type":"text","delta":""}"#,
            r#"{"v":1,"seq":1,"seq":2,"ts":"","type":"text","delta":""}"#,
        ] {
            assert_eq!(Line::parse(foreign.as_bytes()), None, "{foreign}");
        }
        for later in [
            r#"{"v":1,"seq":1,"ts":"","type":"hologram"}"#,
            r#"{"v":1,"seq":1,"ts":"","type":"text","delta":5}"#,
            r#"{"v":1,"seq":1,"ts":""}"#,
        ] {
            let read = Line::parse(later.as_bytes()).unwrap();
            assert_eq!(read.body, Body::Unknown, "{later}");
        }
    }
}
