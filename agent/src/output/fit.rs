//! Lines that fit: long values are split into several lines, or shortened where that loses nothing that
//! a result needs.

use aideator_agent::protocol::{Body, Comparison, Gate, Judgement, MAX_LINE_BYTES, Verdict, split};

/// Room for one free value in a line, in JSON.
pub(super) const VALUE_ROOM: usize = MAX_LINE_BYTES - 1024;

/// Room where a line has several values from outside, in JSON.
const SHORT_ROOM: usize = 3 * 1024;

/// Room for names and ids, in JSON.
const NAME_ROOM: usize = 256;

/// Cuts a body into bodies that each fit a line.
pub(super) fn fit(body: Body) -> Vec<Body> {
    match body {
        Body::ToolCall { .. } | Body::ToolResult { .. } => fit_tool(body),
        Body::Started {
            model,
            engine,
            base_sha,
        } => vec![Body::Started {
            model: head(&model, NAME_ROOM),
            engine,
            base_sha,
        }],
        Body::Status { step, message } => vec![Body::Status {
            step,
            message: head(&message, VALUE_ROOM),
        }],
        Body::Check {
            command,
            exit_code,
            seconds,
            output_tail,
        } => vec![Body::Check {
            command: head(&command, SHORT_ROOM),
            exit_code,
            seconds,
            output_tail: tail(&output_tail, SHORT_ROOM),
        }],
        Body::BaseCheck {
            command,
            exit_code,
            seconds,
            output_tail,
        } => vec![Body::BaseCheck {
            command: head(&command, SHORT_ROOM),
            exit_code,
            seconds,
            output_tail: tail(&output_tail, SHORT_ROOM),
        }],
        Body::Verdict(verdict) => vec![Body::Verdict(Verdict {
            model: head(&verdict.model, NAME_ROOM),
            message: head(&verdict.message, SHORT_ROOM),
            ..verdict
        })],
        Body::Comparison(comparison) => vec![Body::Comparison(Comparison {
            reasons: heads(&comparison.reasons, SHORT_ROOM),
            risks: heads(&comparison.risks, SHORT_ROOM),
            ..comparison
        })],
        Body::Judgement(judgement) => vec![Body::Judgement(fit_judgement(judgement))],
        Body::Error {
            code,
            message,
            retryable,
        } => vec![Body::Error {
            code,
            message: head(&message, VALUE_ROOM),
            retryable,
        }],
        Body::Finished {
            outcome,
            summary,
            reason,
        } => vec![Body::Finished {
            outcome,
            summary: head(&summary, VALUE_ROOM),
            reason,
        }],
        // Bounded by their makers: numbers, names, and patch parts that are cut to fit.
        other @ (Body::Text { .. }
        | Body::Reasoning { .. }
        | Body::Usage { .. }
        | Body::Patch(_)
        | Body::Published { .. }
        | Body::Unknown) => vec![other],
    }
}

/// Calls and results go on in further lines.
fn fit_tool(body: Body) -> Vec<Body> {
    match body {
        Body::ToolCall {
            id,
            name,
            arguments,
            ..
        } => pieces(&arguments)
            .map(|(arguments, more)| Body::ToolCall {
                id: head(&id, NAME_ROOM),
                name: head(&name, NAME_ROOM),
                arguments,
                more,
            })
            .collect(),
        Body::ToolResult {
            id,
            ok,
            output,
            truncated,
            ..
        } => pieces(&output)
            .map(|(output, more)| Body::ToolResult {
                id: head(&id, NAME_ROOM),
                ok,
                output,
                truncated,
                more,
            })
            .collect(),
        other => vec![other],
    }
}

/// Most gates in a line.
const GATES: usize = 24;

/// Gates, reasons and risks share the line. They hold no control characters: their makers see to it.
fn fit_judgement(judgement: Judgement) -> Judgement {
    let room = SHORT_ROOM / 2;
    let mut left = room;
    let gates = judgement.gates.into_iter().map(|gate| {
        let size = gate.detail.as_ref().map_or(0, |detail| 2 * detail.len());
        left = left.saturating_sub(size);
        Gate {
            detail: gate.detail.filter(|_| left > 0),
            ..gate
        }
    });
    Judgement {
        gates: gates.take(GATES).collect(),
        reasons: heads(&judgement.reasons, room),
        risks: heads(&judgement.risks, room),
        ..judgement
    }
}

/// As many of the values as fit together.
fn heads(values: &[String], room: usize) -> Vec<String> {
    let mut left = room;
    let mut fitting = Vec::new();
    for value in values {
        let Some(rest) = left.checked_sub(2 * value.len() + 4) else {
            break;
        };
        left = rest;
        fitting.push(value.clone());
    }
    fitting
}

/// The pieces of a value, each with whether another follows; one empty piece for an empty value.
fn pieces(value: &str) -> impl Iterator<Item = (String, bool)> {
    let mut pieces = split(value, VALUE_ROOM).peekable();
    let mut first = true;
    std::iter::from_fn(move || {
        let piece = pieces.next();
        if piece.is_none() && !first {
            return None;
        }
        first = false;
        Some((
            piece.unwrap_or_default().to_owned(),
            pieces.peek().is_some(),
        ))
    })
}

/// The beginning that fits, marked when it is not all.
fn head(value: &str, room: usize) -> String {
    match split(value, room - '…'.len_utf8()).next() {
        Some(piece) if piece.len() < value.len() => format!("{piece}…"),
        _ => value.to_owned(),
    }
}

/// The end that fits, marked when it is not all.
fn tail(value: &str, room: usize) -> String {
    let reversed: String = value.chars().rev().collect();
    head(&reversed, room).chars().rev().collect()
}
