//! The API: its shapes, its key, its errors.

use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::world::{ask, body_of, demo, post, request, user};

#[tokio::test(start_paused = true)]
async fn the_same_request_gets_the_same_bytes() {
    let (one, other) = (demo(None), demo(None));
    let body = request(0.5, &[user("Fix tests/test_limits.py")]).to_string();
    let first = body_of(post(&one, body.clone()).await).await;
    ask(&one, &request(0.9, &[user("something else")])).await;
    assert_eq!(body_of(post(&one, body.clone()).await).await, first);
    assert_eq!(body_of(post(&other, body).await).await, first);
}

#[tokio::test(start_paused = true)]
async fn a_stream_and_an_object_say_the_same() {
    let demo = demo(None);
    let mut body = request(0.3, &[user("Fix tests/test_limits.py")]);
    let streamed = ask(&demo, &body).await;
    assert!(streamed.pieces > 10 && streamed.done, "{streamed:?}");

    body["stream"] = false.into();
    let object: Value =
        serde_json::from_slice(&body_of(post(&demo, body.to_string()).await).await).unwrap();
    let choice = &object["choices"][0];
    assert_eq!(choice["message"]["content"], streamed.text);
    assert_eq!(choice["finish_reason"], "tool_calls");
    let function = &choice["message"]["tool_calls"][0]["function"];
    assert_eq!(function["name"], streamed.calls[0].0);
    assert_eq!(function["arguments"], streamed.calls[0].1);
    assert_eq!(Some(&object["usage"]), streamed.usage.as_ref());
}

#[tokio::test(start_paused = true)]
async fn usage_is_streamed_only_when_asked_for() {
    let mut body = request(0.3, &[user("Hello there")]);
    body.as_object_mut().unwrap().remove("stream_options");
    assert_eq!(ask(&demo(None), &body).await.usage, None);
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_is_not_offered_is_not_called() {
    let mut body = request(0.3, &[user("Fix tests/test_limits.py")]);
    body["tools"] = json!([]);
    let answer = ask(&demo(None), &body).await;
    assert!(
        answer.calls.is_empty() && answer.text.contains("no such tool"),
        "{answer:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn content_may_come_in_parts() {
    let parts = json!({"role": "user", "content": [{"type": "text", "text": "[[scripted: say lines=1 bytes=10]]"}]});
    assert_eq!(
        ask(&demo(None), &request(0.3, &[parts])).await.text,
        "00000001 a\n"
    );
}

#[tokio::test]
async fn only_the_configured_key_is_accepted() {
    let demo = demo(Some("sk-scripted"));
    for (key, status) in [
        ("Bearer sk-scripted", 200),
        ("Bearer sk-other", 401),
        ("sk-scripted", 401),
        ("", 401),
    ] {
        let get = Request::get("/v1/models")
            .header("authorization", key)
            .body(axum::body::Body::empty())
            .unwrap();
        assert_eq!(
            demo.clone().oneshot(get).await.unwrap().status(),
            status,
            "{key}"
        );
    }
    let refused = post(&demo, request(0.3, &[user("Hello")]).to_string()).await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_request_that_cannot_be_answered_is_refused_with_a_reason() {
    let mut cold = request(0.3, &[user("Hello")]);
    cold["temperature"] = 2.5.into();
    for (body, reason) in [
        ("{".to_owned(), "not a chat completion request"),
        (
            json!({"messages": [user("Hello")]}).to_string(),
            "missing field `model`",
        ),
        (request(0.3, &[]).to_string(), "`messages` is empty"),
        (cold.to_string(), "`temperature`"),
    ] {
        let response = post(&demo(None), body).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        let error: Value = serde_json::from_slice(&body_of(response).await).unwrap();
        assert!(
            error["error"]["message"].as_str().unwrap().contains(reason),
            "{error}"
        );
    }
    let get = Request::get("/v1/responses")
        .body(axum::body::Body::empty())
        .unwrap();
    assert_eq!(
        demo(None).oneshot(get).await.unwrap().status(),
        StatusCode::NOT_FOUND
    );
}
