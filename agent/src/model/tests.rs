//! The model against a provider that does what providers do.

use serde_json::{Value, json};

use super::{
    provider::{Provider, Response, events, usage},
    *,
};
use crate::limits::Tokens;
use aideator_agent::protocol::{Body, Line};

/// What a call gave, what people saw of it, and what the provider was asked.
struct Called {
    reply: Result<Reply, ModelError>,
    lines: Vec<Body>,
    requests: Vec<Value>,
    took: Duration,
}

impl Called {
    /// The kind of the error.
    fn kind(&self) -> ErrorKind {
        self.reply.as_ref().unwrap_err().kind
    }

    fn text(&self) -> String {
        let text = |body: &Body| match body {
            Body::Text { delta } => Some(delta.clone()),
            _ => None,
        };
        self.lines.iter().filter_map(text).collect()
    }
}

fn patience() -> Patience {
    Patience {
        tries: 5,
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_millis(10),
        longest_asked: Duration::from_millis(300),
        // A busy machine is no silent provider.
        first_chunk: Duration::from_secs(20),
        next_chunk: Duration::from_secs(20),
    }
}

/// For a provider that is silent on purpose.
fn impatience() -> Patience {
    Patience {
        first_chunk: Duration::from_millis(400),
        next_chunk: Duration::from_millis(200),
        ..patience()
    }
}

async fn call(responses: Vec<Response>) -> Called {
    call_with(responses, &Config::default(), patience()).await
}

async fn call_with(responses: Vec<Response>, config: &Config, patience: Patience) -> Called {
    let server = Provider::start(responses);
    let provider = crate::input::Provider {
        base_url: server.base_url.clone(),
        api_key: "sk-test".to_owned(),
    };
    let (read, write) = tokio::io::duplex(1 << 20);
    let (output, writer) = Output::start(write, "", 32);
    let mut model = Model::new("openai/m", config, &provider, patience, output).unwrap();
    let started = tokio::time::Instant::now();
    let messages = [json!({"role": "user", "content": "go", REASONING: "hm"})];
    let reply = model.reply(&messages, &json!([])).await;
    let took = started.elapsed();
    for head in server.heads() {
        assert!(head.contains("authorization: Bearer sk-test\r\n"), "{head}");
    }
    drop(model);
    writer.await.unwrap().unwrap();
    let mut printed = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut { read }, &mut printed)
        .await
        .unwrap();
    Called {
        reply,
        lines: printed
            .split(|byte| *byte == b'\n')
            .filter_map(|line| Some(Line::parse(line)?.body))
            .collect(),
        requests: server.requests(),
        took,
    }
}

fn delta(delta: &Value) -> Value {
    json!({"choices": [{"index": 0, "delta": delta}]})
}

fn finish(reason: &str) -> Value {
    json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

fn tool(part: &Value) -> Value {
    delta(&json!({"tool_calls": [part]}))
}

#[tokio::test]
async fn case_4_a_cut_answer_is_never_an_answer_and_its_text_is_shown_once() {
    let whole = events(&[
        delta(&json!({"content": "Grüße, "})),
        delta(&json!({"content": "Welt"})),
    ]);
    let mid_character = 1 + whole
        .windows(2)
        .position(|pair| pair == "ü".as_bytes())
        .unwrap();
    let calls = events(&[tool(&json!({"index": 0, "id": "a",
        "function": {"name": "write", "arguments": "{\"path\": \"x"}}))]);
    let called = call(vec![
        Response::raw("200 OK\r\nContent-Length: 100", b""),
        Response::cut(&whole[..mid_character]),
        Response::cut(&calls),
        Response::cut(&whole),
        Response::text("Grüße, Welt!"),
    ])
    .await;
    assert_eq!(called.reply.as_ref().unwrap().text, "Grüße, Welt!");
    assert_eq!(called.reply.as_ref().unwrap().calls, []);
    assert_eq!(called.text(), "Grüße, Welt!", "shown once, over all tries");
    assert_eq!(called.requests.len(), 5);

    let other = call(vec![Response::cut(&whole), Response::text("Hallo")]).await;
    assert_eq!(
        other.text(),
        "Grüße, WeltHallo",
        "after a line that says so"
    );
    assert!(other.lines.iter().any(
        |body| matches!(body, Body::Status { message, .. } if message.contains("starts its answer over"))
    ));
}

#[tokio::test]
async fn an_end_is_a_finish_reason_or_done() {
    let text = delta(&json!({"content": "ok"}));
    for response in [
        Response::cut(&events(&[text.clone(), finish("stop")])),
        Response::cut(&events(&[text.clone(), finish("end_turn")])),
        Response::cut(
            &[
                events(&[text.clone(), finish("")]).as_slice(),
                b"data:[DONE]",
            ]
            .concat(),
        ),
        Response::raw(
            "200 OK\r\nContent-Type: application/json",
            b"{\"choices\":\n [{\"message\": {\"content\": \"ok\"}, \"finish_reason\": \"stop\"}]}",
        ),
    ] {
        let called = call(vec![response]).await;
        assert_eq!(called.reply.unwrap().text, "ok");
    }
    // Words of the model are not the stream's end.
    let forged = delta(&json!({"content": "\ndata: [DONE]\n"}));
    let called = call(vec![Response::cut(&events(&[forged])); 5]).await;
    assert_eq!(called.kind(), ErrorKind::Connection);
}

#[tokio::test]
async fn case_5_calls_come_in_every_shape() {
    let named = |index: Option<u64>, id: Option<&str>, name: Option<&str>, arguments: Value| json!({"index": index, "id": id, "function": {"name": name, "arguments": arguments}});
    let (a, b) = (json!("{\"n\":"), json!("1}"));
    let shapes: Vec<Vec<Value>> = vec![
        // As OpenAI does: index always, id and name once.
        vec![
            tool(&named(Some(0), Some("x"), Some("read"), a.clone())),
            tool(&named(Some(0), None, None, b.clone())),
            tool(&named(Some(1), Some("y"), Some("list"), json!("{}"))),
        ],
        // Index always 0, whole calls told apart by their ids.
        vec![
            tool(&named(Some(0), Some("x"), Some("read"), json!("{\"n\":1}"))),
            tool(&named(Some(0), Some("y"), Some("list"), json!("{}"))),
        ],
        // No index, no ids: a name starts a call; arguments are an object.
        vec![
            tool(&named(None, None, Some("read"), json!({"n": 1}))),
            tool(&named(None, None, Some("list"), json!({}))),
        ],
        // The same index twice in one chunk; the id again with each part; empty names.
        vec![delta(&json!({"tool_calls": [
            named(Some(0), Some("x"), Some("read"), a),
            named(Some(0), Some("x"), Some(""), b),
            named(Some(1), Some("y"), Some("list"), Value::Null),
        ]}))],
    ];
    for shape in shapes {
        let chunks = [shape.clone(), vec![finish("stop")]].concat();
        let calls = call(vec![Response::stream(&chunks)])
            .await
            .reply
            .unwrap()
            .calls;
        let parsed: Vec<(String, Value)> = calls
            .iter()
            .map(|call| {
                (
                    call.name.clone(),
                    serde_json::from_str(&call.arguments).unwrap(),
                )
            })
            .collect();
        let expected = [("read", json!({"n": 1})), ("list", json!({}))];
        assert_eq!(
            parsed,
            expected.map(|(name, a)| (name.to_owned(), a)),
            "{shape:?}"
        );
        assert!(calls.iter().all(|call| !call.id.is_empty()));
        assert_ne!(calls[0].id, calls[1].id);
    }
}

#[tokio::test]
async fn case_6_usage_is_read_wherever_it_is() {
    let text = |usage: Value| json!({"choices": [{"index": 0, "delta": {"content": "x"}}], "usage": usage});
    let counted = json!({"prompt_tokens": 7, "completion_tokens": 2,
        "prompt_tokens_details": {"cached_tokens": 5}});
    let tokens = |input, output, cached| {
        Some(Tokens {
            input,
            output,
            cached,
        })
    };
    for (chunks, expected) in [
        (
            vec![text(Value::Null), finish("stop"), usage(7, 2)],
            tokens(7, 2, None),
        ),
        (vec![text(json!({})), finish("stop")], None),
        (
            vec![text(counted.clone()), finish("stop")],
            tokens(7, 2, Some(5)),
        ),
        // Running totals: the last one counts, an empty one after it does not.
        (
            vec![text(counted), finish("stop"), usage(9, 3), text(json!({}))],
            tokens(9, 3, None),
        ),
    ] {
        let reply = call(vec![Response::stream(&chunks)]).await.reply.unwrap();
        assert_eq!(reply.tokens, expected, "{chunks:?}");
    }
}

#[tokio::test]
async fn case_8_failures_are_tried_again_only_where_that_can_help() {
    let quota = r#"{"error": {"message": "no credit", "code": "insufficient_quota"}}"#;
    let in_band = json!({"error": {"message": "busy", "code": "429"}});
    let long = r#"{"error": {"message": "maximum context length is 8192 tokens"}}"#;
    for (response, kind, calls) in [
        (Response::status(401, "", "{}"), ErrorKind::Unauthorized, 1),
        (
            Response::status(403, "", "<html>"),
            ErrorKind::Unauthorized,
            1,
        ),
        (Response::status(404, "", "{}"), ErrorKind::NotFound, 1),
        (Response::status(400, "", long), ErrorKind::ContextLength, 1),
        (
            Response::status(400, "", "m does not support tools"),
            ErrorKind::NoTools,
            1,
        ),
        (Response::status(400, "", "bad"), ErrorKind::Refused, 1),
        (
            Response::status(302, "Location: http://other", ""),
            ErrorKind::Refused,
            1,
        ),
        (Response::status(429, "", quota), ErrorKind::Quota, 1),
        (
            Response::stream(&[finish("content_filter")]),
            ErrorKind::ContentFilter,
            1,
        ),
        (
            Response::status(429, "", "slow down"),
            ErrorKind::RateLimit,
            5,
        ),
        (
            Response::status(500, "", "<html>oops</html>"),
            ErrorKind::Unavailable,
            5,
        ),
        (Response::stream(&[in_band]), ErrorKind::RateLimit, 5),
        (Response::cut(b"data: {not json\n\n"), ErrorKind::Garbage, 5),
        (
            Response::cut(b"<html>welcome</html>"),
            ErrorKind::Connection,
            5,
        ),
        (Response::hang(b": keep\n\n"), ErrorKind::Timeout, 5),
    ] {
        let patience = match kind {
            ErrorKind::Timeout => impatience(),
            _ => patience(),
        };
        let called = call_with(vec![response; 6], &Config::default(), patience).await;
        assert_eq!(called.kind(), kind);
        assert_eq!(called.requests.len(), calls, "{kind:?}");
    }
    let unreachable = crate::input::Provider {
        base_url: "http://127.0.0.1:1/v1".to_owned(),
        api_key: "sk-test".to_owned(),
    };
    let (output, _writer) = Output::start(tokio::io::sink(), "", 32);
    let mut model = Model::new("m", &Config::default(), &unreachable, patience(), output).unwrap();
    let error = model.reply(&[], &json!([])).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Connection);
    assert!(error.to_string().contains("OPENAI_BASE_URL"), "{error}");
}

#[tokio::test]
async fn case_8_a_wait_that_is_asked_for_is_waited_up_to_a_limit() {
    let date = jiff::Timestamp::now() + Duration::from_hours(1);
    let date = jiff::fmt::rfc2822::DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&date)
        .unwrap();
    for (headers, body, least) in [
        ("Retry-After: 0.1".to_owned(), "", 100),
        ("Retry-After-Ms: 120".to_owned(), "", 120),
        ("llm_provider-retry-after: 0.1".to_owned(), "", 100),
        (String::new(), "Please try again in 110ms.", 110),
        ("Retry-After: 9999".to_owned(), "", 300),
        (format!("Retry-After: {date}"), "", 300),
    ] {
        let called = call(vec![
            Response::status(429, &headers, body),
            Response::text("ok"),
        ])
        .await;
        assert_eq!(called.reply.unwrap().text, "ok");
        assert!(
            called.took >= Duration::from_millis(least),
            "{headers}{body}"
        );
        assert!(called.took < Duration::from_secs(5), "{headers}{body}");
    }
}

#[tokio::test]
async fn what_a_provider_refuses_by_name_is_left_out() {
    let config = Config {
        temperature: Some(0.7),
        ..Config::default()
    };
    let refuse = |what: &str| {
        let body = json!({"error": {"message": what, "code": null}}).to_string();
        Response::status(400, "", &body)
    };
    let responses = vec![
        refuse("'max_tokens' is not supported: use 'max_completion_tokens' instead."),
        refuse("'temperature' does not support 0.7"),
        refuse("unknown field stream_options"),
        refuse("messages: unknown field reasoning_content"),
        Response::text("ok"),
    ];
    let called = call_with(responses, &config, patience()).await;
    assert_eq!(called.reply.unwrap().text, "ok");
    let first = &called.requests[0];
    assert_eq!(first["model"], "m", "without LiteLLM's prefix");
    assert_eq!(first["max_tokens"], 8192);
    let last = &called.requests[4];
    assert!(first["messages"][0].get(REASONING).is_some());
    assert!(last["messages"][0].get(REASONING).is_none());
    assert_eq!(last["max_completion_tokens"], 8192);
    for gone in ["max_tokens", "temperature", "stream_options"] {
        assert!(last.get(gone).is_none(), "{gone}");
    }
}

#[test]
fn an_answer_without_end_is_ended() {
    let piece = json!({"index": 0, "function": {"arguments": "x".repeat(1 << 20)}});
    let mut assembly = Assembly::default();
    let error = (0..40).find_map(|_| {
        let chunk = serde_json::from_value(tool(&piece)).unwrap();
        assembly.push(chunk).err()
    });
    assert_eq!(error.unwrap().kind, ErrorKind::TooLong);
}
