//! The demo in this process, and a client of its model.
//!
//! Requests go to the router without a socket, so tests run with paused time: a scripted minute takes none, and the
//! clock tells how long an answer would have taken.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use aideator_demo::model::Scenarios;
use aideator_demo::{App, router, samples};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt;

/// The repositories, made once for all tests: nobody changes those at `/git`.
pub(crate) fn repositories() -> &'static Path {
    static DIRECTORY: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let (_, root) = DIRECTORY.get_or_init(|| {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().to_owned();
        // A runtime of its own, because the caller's may have its time paused.
        let create = move || {
            Runtime::new()
                .unwrap()
                .block_on(samples::create_all(&path))
                .unwrap();
        };
        let root = directory.path().to_owned();
        std::thread::spawn(create).join().unwrap();
        (directory, root)
    });
    root
}

/// The demo's router; with a key, only that one is accepted.
pub(crate) fn demo(api_key: Option<&str>) -> Router {
    router(App {
        repositories: repositories().to_owned(),
        api_key: api_key.map(str::to_owned),
        speed: "1".parse().unwrap(),
        scenarios: Scenarios::load().unwrap(),
    })
}

/// One answer of the model, put together from its stream.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Answer {
    pub(crate) text: String,
    /// Name and arguments of each.
    pub(crate) calls: Vec<(String, String)>,
    /// The assistant message, to be sent back.
    pub(crate) message: Value,
    pub(crate) finish_reason: Option<String>,
    pub(crate) usage: Option<Value>,
    /// How many pieces the text and the arguments came in.
    pub(crate) pieces: usize,
    pub(crate) done: bool,
}

/// Sends a body as it is.
pub(crate) async fn post(demo: &Router, body: impl Into<Body>) -> Response {
    let request = Request::post("/v1/chat/completions").header("authorization", "Bearer any");
    demo.clone()
        .oneshot(request.body(body.into()).unwrap())
        .await
        .unwrap()
}

pub(crate) async fn body_of(response: Response) -> Vec<u8> {
    to_bytes(response.into_body(), usize::MAX)
        .await
        .unwrap()
        .to_vec()
}

/// A streaming request with the agent's tools.
pub(crate) fn request(temperature: f64, messages: &[Value]) -> Value {
    let tools: Vec<_> = ["list", "read", "search", "edit", "write", "run"]
        .map(|name| json!({"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}))
        .to_vec();
    json!({
        "model": "gpt-4o-mini", "temperature": temperature, "messages": messages, "tools": tools,
        "stream": true, "stream_options": {"include_usage": true},
    })
}

pub(crate) fn user(text: &str) -> Value {
    json!({"role": "user", "content": text})
}

/// Sends a streaming request and reads the whole answer.
pub(crate) async fn ask(demo: &Router, request: &Value) -> Answer {
    let response = post(demo, request.to_string()).await;
    let status = response.status();
    let body = String::from_utf8(body_of(response).await).unwrap();
    assert_eq!(status, StatusCode::OK, "{body}");
    read_stream(&body)
}

fn read_stream(body: &str) -> Answer {
    let mut answer = Answer::default();
    for event in body.split_terminator("\n\n") {
        let data = event.strip_prefix("data: ").unwrap();
        assert!(!answer.done, "an event after [DONE]: {data}");
        if data == "[DONE]" {
            answer.done = true;
            continue;
        }
        let chunk: Value = serde_json::from_str(data).unwrap();
        if chunk["usage"].is_object() {
            answer.usage = Some(chunk["usage"].clone());
        }
        let Some(choice) = chunk["choices"].get(0) else {
            continue;
        };
        if let Some(text) = choice["delta"]["content"].as_str() {
            answer.text.push_str(text);
            answer.pieces += 1;
        }
        for call in choice["delta"]["tool_calls"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let index = usize::try_from(call["index"].as_u64().unwrap()).unwrap();
            if let Some(name) = call["function"]["name"].as_str() {
                assert_eq!(index, answer.calls.len());
                answer.calls.push((name.to_owned(), String::new()));
            }
            answer.calls[index]
                .1
                .push_str(call["function"]["arguments"].as_str().unwrap());
            answer.pieces += 1;
        }
        answer.finish_reason = choice["finish_reason"]
            .as_str()
            .map(str::to_owned)
            .or(answer.finish_reason);
    }
    answer.message = message(&answer);
    answer
}

fn message(answer: &Answer) -> Value {
    let calls: Vec<_> = answer
        .calls
        .iter()
        .enumerate()
        .map(|(index, (name, arguments))| {
            json!({"id": format!("call-{index}"), "type": "function", "function": {"name": name, "arguments": arguments}})
        })
        .collect();
    json!({"role": "assistant", "content": answer.text, "tool_calls": calls})
}
