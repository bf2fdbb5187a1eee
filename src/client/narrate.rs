//! A run's events as lines for people: what is said and done, not every token.

use std::collections::BTreeMap;
use std::fmt;

use aideator_agent::protocol::{Body, Line, Outcome};
use serde::Deserialize;

use super::follow::Event;
use super::printable::{one_line, printable};

/// Model output is shown line by line; one without a newline is shown in pieces of this size.
const LONGEST_LINE: usize = 4000;
const LONGEST_VALUE: usize = 140;

/// A line for people, safe for a terminal.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// Whose; none for the whole run's. Counted from 0.
    pub(super) variation: Option<u8>,
    pub(super) text: String,
}

/// The fields that events have, one or the other.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Data {
    pub(super) variation_id: Option<u8>,
    pub(super) status: Option<String>,
    content: Option<String>,
    partial: bool,
    reason: Option<String>,
    message: Option<String>,
    hint: Option<String>,
    error: Option<String>,
    exit_code: Option<i32>,
    lines: u64,
    bytes: u64,
    patch: Option<PatchSize>,
    attempt: u32,
}

/// How much a patch changes.
#[derive(Debug, Deserialize)]
pub(super) struct PatchSize {
    files: u64,
    additions: u64,
    deletions: u64,
}

impl fmt::Display for PatchSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.files == 1 { "" } else { "s" };
        let Self {
            files,
            additions,
            deletions,
        } = self;
        write!(f, "patch of {files} file{plural} +{additions} -{deletions}")
    }
}

/// Turns events into lines.
#[derive(Debug, Default)]
pub(super) struct Narrator {
    /// Model output that has no newline yet, by variation.
    open: BTreeMap<u8, String>,
    /// The rest of a line that is too long to be shown whole is on its way.
    skipping: BTreeMap<u8, bool>,
}

impl Narrator {
    /// What an event has to say to people, if anything.
    pub(super) fn tell(&mut self, event: &Event, data: &Data) -> Vec<Said> {
        let mut out = Vec::new();
        let Some(index) = data.variation_id else {
            if event.kind == "run_complete" {
                let status = data.status.as_deref().unwrap_or("?");
                say(&mut out, None, &format!("run {status}"));
            }
            return out;
        };
        if event.kind == "agent_output" {
            self.output(&mut out, index, data);
            return out;
        }
        let text = match event.kind.as_str() {
            // agent_complete says the same, and more.
            "agent_status" if matches!(data.status.as_deref(), Some("succeeded" | "failed")) => {
                return out;
            }
            "agent_status" => status(data),
            "agent_error" => format!("[error] {}", data.error.as_deref().unwrap_or("?")),
            "agent_complete" => complete(data),
            "agent_retry" => format!("[retry] attempt {} begins", data.attempt + 1),
            "log_gap" => format!(
                "[log gap] lines are missing: {}",
                data.reason.as_deref().unwrap_or("?")
            ),
            _ => return out,
        };
        self.flush(&mut out, index);
        say(&mut out, Some(index), &one_line(&text));
        out
    }

    fn output(&mut self, out: &mut Vec<Said>, index: u8, data: &Data) {
        let continues = self.skipping.insert(index, data.partial);
        if continues == Some(true) {
            return;
        }
        let content = data.content.as_deref();
        match content.and_then(|line| Line::parse(line.as_bytes())) {
            Some(Line {
                body: Body::Text { delta },
                ..
            }) => self.add(out, index, &delta),
            Some(line) => {
                if let Some(text) = describe(&line.body) {
                    self.flush(out, index);
                    say(out, Some(index), &one_line(&text));
                }
            }
            None => {
                self.flush(out, index);
                let text = shorten(content.unwrap_or("(bytes that are not text)"), LONGEST_LINE);
                say(out, Some(index), &one_line(&text));
            }
        }
    }

    fn add(&mut self, out: &mut Vec<Said>, index: u8, delta: &str) {
        let open = self.open.entry(index).or_default();
        open.push_str(delta);
        if let Some(end) = open.rfind('\n') {
            let rest = open.split_off(end + 1);
            let whole = std::mem::replace(open, rest);
            for line in whole.lines().filter(|line| !line.trim().is_empty()) {
                say(out, Some(index), line);
            }
        }
        if open.len() > LONGEST_LINE {
            self.flush(out, index);
        }
    }

    /// What comes next is no continuation.
    fn flush(&mut self, out: &mut Vec<Said>, index: u8) {
        if let Some(open) = self.open.remove(&index)
            && !open.trim().is_empty()
        {
            say(out, Some(index), &open);
        }
    }
}

fn say(out: &mut Vec<Said>, variation: Option<u8>, text: &str) {
    let text = printable(text).into_owned();
    out.push(Said { variation, text });
}

fn status(data: &Data) -> String {
    let status = data.status.as_deref().unwrap_or("?");
    let more = [&data.reason, &data.message, &data.hint];
    let more: Vec<&str> = more.into_iter().flatten().map(String::as_str).collect();
    format!("[{status}] {}", more.join(" - "))
        .trim_end()
        .to_owned()
}

fn complete(data: &Data) -> String {
    let exit = data.exit_code.map_or("no exit code".to_owned(), |code| {
        format!("exit code {code}")
    });
    let patch = data
        .patch
        .as_ref()
        .map_or("no patch".to_owned(), PatchSize::to_string);
    format!(
        "[{}] {exit}, {} log lines, {} bytes, {patch}",
        data.status.as_deref().unwrap_or("?"),
        data.lines,
        data.bytes
    )
}

/// The agent's own line, where it is worth one.
fn describe(body: &Body) -> Option<String> {
    let ran = |what: &str, command: &str, code: Option<i32>| match code {
        Some(0) => format!("{what} `{command}`: passed"),
        Some(code) => format!("{what} `{command}`: FAILED (exit code {code})"),
        None => format!("{what} `{command}`: FAILED (killed)"),
    };
    Some(match body {
        Body::Started {
            model, base_sha, ..
        } => format!(
            "starts with {model} at {}",
            base_sha.get(..12).unwrap_or(base_sha)
        ),
        Body::Status { message, .. } => message.clone(),
        Body::ToolCall {
            name,
            arguments,
            more: false,
            ..
        } => format!("-> {name} {}", shorten(arguments, LONGEST_VALUE)),
        Body::ToolResult {
            ok,
            output,
            more: false,
            ..
        } => {
            let last = output.lines().rfind(|line| !line.trim().is_empty());
            let ok = if *ok { "ok" } else { "FAILED" };
            format!("   {ok}: {}", shorten(last.unwrap_or(""), LONGEST_VALUE))
        }
        Body::Check {
            command, exit_code, ..
        } => ran("check", command, *exit_code),
        Body::BaseCheck {
            command, exit_code, ..
        } => ran("before the work, check", command, *exit_code),
        Body::Finished {
            outcome, summary, ..
        } => {
            let outcome = match outcome {
                Outcome::Succeeded => "succeeded",
                Outcome::Failed => "failed",
                Outcome::Cancelled => "cancelled",
            };
            format!("finished, {outcome}: {}", shorten(summary, 300))
        }
        Body::Error { code, message, .. } => format!("ERROR {code}: {message}"),
        _ => return None,
    })
}

/// At most so many characters; what is left out is marked.
pub(super) fn shorten(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn texts(narrator: &mut Narrator, data: &Value) -> Vec<String> {
        let event = Event {
            id: "e1.0".into(),
            kind: "agent_output".into(),
            data: serde_json::value::to_raw_value(data).unwrap(),
        };
        let data = serde_json::from_value(data.clone()).unwrap();
        let said = narrator.tell(&event, &data).into_iter();
        said.map(|said| said.text).collect()
    }

    #[test]
    fn text_is_told_by_the_line_and_before_what_follows() {
        let mut narrator = Narrator::default();
        let mut output = |body: Value| {
            let mut line = json!({"v": 1, "seq": 1, "ts": ""});
            let fields = body.as_object().unwrap().clone();
            line.as_object_mut().unwrap().extend(fields);
            let data = json!({"variation_id": 0, "content": line.to_string()});
            texts(&mut narrator, &data)
        };
        let none: [&str; 0] = [];
        assert_eq!(output(json!({"type": "text", "delta": "one "})), none);
        let more = json!({"type": "text", "delta": "line\n\n\u{1b}[1mtwo"});
        assert_eq!(output(more), ["one line"]);
        let call = json!({"type": "tool_call", "id": "1", "name": "run", "arguments": "{}"});
        assert_eq!(output(call), ["two", "-> run {}"]);
        let odd = json!({"type": "hologram"});
        assert_eq!(output(odd), none, "a later version's line is left out");
    }

    #[test]
    fn a_line_in_parts_is_told_once() {
        let mut narrator = Narrator::default();
        let mut part = |content: &str, partial: bool| {
            let data = json!({"variation_id": 0, "content": content, "partial": partial});
            texts(&mut narrator, &data)
        };
        let first = part(&"x".repeat(70_000), true);
        assert_eq!((first.len(), first[0].ends_with("x …")), (1, true));
        assert!(part("more", true).is_empty() && part("end", false).is_empty());
        let next = part("next\rline\u{202e}", false);
        assert_eq!(next, ["next\u{fffd}line\u{fffd}"]);
    }
}
