//! What a provider can do wrong: how the run ends, what a person reads, how often the model is asked.
//! The table of `docs/providers.md`.

use std::thread;

use aideator_agent::protocol::{Body, Outcome};
use serde_json::{Value, json};

use crate::{
    container::{Container, KEY},
    provider::{Response, events},
};

struct Fault {
    name: &'static str,
    /// Every answer but the last row's.
    answers: Vec<Response>,
    outcome: Outcome,
    reason: Option<&'static str>,
    code: Option<&'static str>,
    /// Part of an `error` or `status` line.
    says: &'static str,
    calls: usize,
}

fn says(content: &str, finish: &str) -> Vec<Value> {
    vec![
        json!({"choices": [{"index": 0, "delta": {"content": content}}]}),
        json!({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}),
    ]
}

/// Those that end a run with the provider's failure.
fn failures() -> Vec<Fault> {
    let error = |message: &str| format!("{{\"error\": {{\"message\": \"{message} {KEY}\"}}}}");
    let fails = |name, answer: Response, code, says, calls| Fault {
        name,
        answers: vec![answer; 9],
        outcome: Outcome::Failed,
        reason: Some("model_error"),
        code: Some(code),
        says,
        calls,
    };
    let cut = events(&says("Half a wor", "stop")[..1]);
    vec![
        fails(
            "401",
            Response::status(401, "", &error("no")),
            "model_unauthorized",
            "The provider refuses the key: check OPENAI_API_KEY",
            1,
        ),
        fails(
            "404",
            Response::status(404, "", &error("no model")),
            "model_not_found",
            "check the model's name and OPENAI_BASE_URL. It says: 404 no model [secret]",
            1,
        ),
        fails(
            "quota",
            Response::status(429, "", "{\"code\": \"insufficient_quota\"}"),
            "model_quota",
            "no credit left",
            1,
        ),
        fails(
            "500",
            Response::status(500, "Retry-After-Ms: 1", "<html>oops</html>"),
            "model_unavailable",
            "The provider failed. It says: 500 <html>oops</html>",
            5,
        ),
        fails(
            "cut",
            Response::cut(&cut),
            "model_connection",
            "The model's answer was cut off",
            5,
        ),
        fails(
            "garbage",
            Response::cut(b"data: {\"choi\n\n"),
            "model_garbage",
            "The provider sends what is not a chat completion",
            5,
        ),
        fails(
            "filter",
            Response::stream(&says("", "content_filter")),
            "model_content_filter",
            "content filter stopped the answer",
            1,
        ),
    ]
}

/// Those that a run gets over, or that end it otherwise.
fn others() -> Vec<Fault> {
    vec![
        Fault {
            name: "429 with Retry-After",
            answers: vec![
                Response::status(429, "Retry-After: 1", "{}"),
                Response::text("done"),
                Response::text("done"),
            ],
            outcome: Outcome::Succeeded,
            reason: None,
            code: None,
            says: "Trying again in 1.0 s (try 2 of 5)",
            calls: 3,
        },
        Fault {
            name: "unknown finish reason",
            answers: vec![Response::stream(&says("done", "tired")); 2],
            outcome: Outcome::Succeeded,
            reason: None,
            code: None,
            says: "Asking the model",
            calls: 2,
        },
        Fault {
            name: "timeout of the run while the provider is silent",
            answers: vec![Response::hang(b": wait\n\n")],
            outcome: Outcome::Failed,
            reason: Some("limit_time"),
            code: None,
            says: "Asking the model",
            calls: 1,
        },
    ]
}

#[test]
fn what_a_provider_does_wrong_is_told_and_costs_no_more_than_it_has_to() {
    // Waits are real, so all of them wait together.
    let runs: Vec<_> = failures()
        .into_iter()
        .chain(others())
        .map(|fault| thread::spawn(move || check(&fault)))
        .collect();
    for run in runs {
        run.join().unwrap();
    }
}

fn check(fault: &Fault) {
    let limits = if fault.reason == Some("limit_time") {
        json!({"timeout_seconds": 12})
    } else {
        Value::Null
    };
    let container = Container::new(&json!({"v": 1, "limits": limits}), fault.answers.clone());
    let ran = container.run();
    let name = fault.name;
    assert_eq!(
        ran.finished(),
        (fault.outcome, fault.reason),
        "{name}: {}",
        ran.raw
    );
    // One that has changed nothing is asked once more.
    assert_eq!(container.provider.requests().len(), fault.calls, "{name}");
    let code = ran.lines.iter().find_map(|body| match body {
        Body::Error { code, .. } => Some(code.as_str()),
        _ => None,
    });
    assert_eq!(code, fault.code, "{name}");
    assert!(ran.raw.contains(fault.says), "{name}: {}", ran.raw);
    let text = ran.raw.matches("Half a wor").count();
    assert!(text <= 1, "{name}: shown {text} times");
}

/// Test case 9: key with newline, base with `/`.
#[test]
fn case_9_a_key_with_a_newline_and_a_base_with_a_slash_are_understood() {
    let container = Container::new(&json!({"v": 1}), vec![Response::text("done"); 2]);
    // The container gives both like that.
    assert!(container.run().success);
    for head in container.provider.heads() {
        assert!(
            head.contains(&format!("authorization: Bearer {KEY}\r\n")),
            "{head}"
        );
        assert!(head.starts_with("POST /v1/chat/completions "), "{head}");
    }
}
