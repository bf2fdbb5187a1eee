//! Answers in OpenAI's wire format: server-sent events, or one object.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::stream::{self, StreamExt};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, sleep_until};

use super::reply::{Delta, End, Reply, Usage};

/// Answers carry a fixed time, so that the same request gets the same bytes.
const CREATED: u64 = 1_735_689_600;

/// Time for the last bytes to leave before the connection is cut.
const BEFORE_CUT: Duration = Duration::from_millis(50);

const GARBAGE: &str = "<html><body>502 Bad Gateway (scripted)</body></html>";

type Frame = Result<Bytes, io::Error>;

fn event(value: &Value) -> Bytes {
    format!("data: {value}\n\n").into()
}

/// What every chunk of one answer shares.
struct Envelope {
    id: String,
    model: String,
    include_usage: bool,
}

impl Envelope {
    fn chunk(&self, choices: &Value, usage: &Value) -> Value {
        let mut chunk = json!({
            "id": self.id, "object": "chat.completion.chunk", "created": CREATED, "model": self.model,
            "system_fingerprint": "scripted", "choices": choices,
        });
        if self.include_usage {
            chunk["usage"] = usage.clone();
        }
        chunk
    }

    fn delta(&self, delta: &Value, finish_reason: Option<&str>) -> Bytes {
        let choices =
            json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason}]);
        event(&self.chunk(&choices, &Value::Null))
    }

    /// What follows the last piece.
    fn ending(&self, end: End, usage: Usage) -> Vec<Frame> {
        let finish_reason = match end {
            End::Stop => "stop",
            End::ToolCalls => "tool_calls",
            End::Cut => return vec![Err(io::Error::other("cut (scripted)"))],
            End::Garbage => return vec![Ok(format!("data: {GARBAGE}\n\n").into())],
        };
        let mut frames = vec![Ok(self.delta(&json!({}), Some(finish_reason)))];
        if self.include_usage {
            frames.push(Ok(event(&self.chunk(&json!([]), &usage_json(usage)))));
        }
        frames.push(Ok("data: [DONE]\n\n".into()));
        frames
    }
}

fn usage_json(usage: Usage) -> Value {
    json!({
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    })
}

fn delta_json(delta: Delta) -> Value {
    match delta {
        Delta::Text(text) => json!({"content": text}),
        Delta::Call { index, id, name } => json!({"tool_calls": [
            {"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": ""}},
        ]}),
        Delta::Arguments { index, fragment } => {
            json!({"tool_calls": [{"index": index, "function": {"arguments": fragment}}]})
        }
    }
}

/// The answer as server-sent events, each piece when it is due.
pub(crate) fn stream(id: String, model: String, include_usage: bool, reply: Reply) -> Response {
    let Reply { beats, end, usage } = reply;
    let envelope = Arc::new(Envelope {
        id,
        model,
        include_usage,
    });
    let opening = envelope.delta(
        &json!({"role": "assistant", "content": "", "refusal": null}),
        None,
    );
    let start = Instant::now();

    let speaker = Arc::clone(&envelope);
    let spoken = stream::unfold((beats, speaker), move |(mut beats, speaker)| async move {
        let beat = beats.next()?;
        wait_until(start + beat.due).await;
        Some((
            Ok(speaker.delta(&delta_json(beat.delta), None)),
            (beats, speaker),
        ))
    });
    let ending = stream::once(async move {
        if end == End::Cut {
            sleep(BEFORE_CUT).await;
        }
        stream::iter(envelope.ending(end, usage))
    });
    let frames = stream::once(async { Frame::Ok(opening) })
        .chain(spoken)
        .chain(ending.flatten());
    (
        [
            (header::CONTENT_TYPE, "text/event-stream"),
            (header::CACHE_CONTROL, "no-cache"),
        ],
        Body::from_stream(frames),
    )
        .into_response()
}

/// What is already due goes out at once: at thousands of lines a second a timer would be the brake.
async fn wait_until(due: Instant) {
    if due > Instant::now() {
        sleep_until(due).await;
    }
}

/// The answer as one object, when all of it is spoken.
pub(crate) async fn object(id: String, model: String, reply: Reply) -> Response {
    let start = Instant::now();
    let mut content = String::new();
    let mut calls: Vec<Value> = Vec::new();
    let mut arguments: Vec<String> = Vec::new();
    for beat in reply.beats {
        wait_until(start + beat.due).await;
        match beat.delta {
            Delta::Text(text) => content.push_str(&text),
            Delta::Call { id, name, .. } => {
                calls.push(json!({"id": id, "type": "function", "function": {"name": name}}));
                arguments.push(String::new());
            }
            Delta::Arguments { index, fragment } => arguments[index].push_str(&fragment),
        }
    }
    for (call, arguments) in calls.iter_mut().zip(arguments) {
        call["function"]["arguments"] = arguments.into();
    }
    let finish_reason = match reply.end {
        End::Stop => "stop",
        End::ToolCalls => "tool_calls",
        End::Garbage => return GARBAGE.into_response(),
        End::Cut => {
            let cut = stream::iter([
                Frame::Ok("{\"id\":".into()),
                Err(io::Error::other("cut (scripted)")),
            ]);
            return Body::from_stream(cut).into_response();
        }
    };
    let mut message = json!({"role": "assistant", "content": content, "refusal": null});
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    Json(json!({
        "id": id, "object": "chat.completion", "created": CREATED, "model": model, "system_fingerprint": "scripted",
        "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": finish_reason}],
        "usage": usage_json(reply.usage),
    }))
    .into_response()
}
