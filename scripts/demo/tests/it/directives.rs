//! Every directive does what the README says.

use std::time::Duration;

use axum::body::to_bytes;
use axum::http::StatusCode;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::world::{Answer, ask, body_of, demo, post, request, user};

async fn say(directive: &str) -> Answer {
    ask(
        &demo(None),
        &request(
            0.7,
            &[user(&format!(
                "Please.\n[[scripted: {directive}]]\nThank you."
            ))],
        ),
    )
    .await
}

#[tokio::test(start_paused = true)]
async fn slow_speaks_for_ninety_seconds() {
    let start = Instant::now();
    let answer = say("slow").await;
    assert_eq!(start.elapsed().as_secs(), 90);
    assert_eq!(answer.text.lines().count(), 90);
}

#[tokio::test(start_paused = true)]
async fn say_speaks_lines_at_a_rate() {
    let start = Instant::now();
    let answer = say("say lines=2000 bytes=64 rate=4000").await;
    let elapsed = start.elapsed();
    assert!(
        (Duration::from_millis(495)..Duration::from_millis(510)).contains(&elapsed),
        "{elapsed:?}"
    );
    let lines: Vec<_> = answer.text.split_terminator('\n').collect();
    assert_eq!(lines.len(), 2000);
    assert!(
        (1..)
            .zip(&lines)
            .all(|(number, line)| line.starts_with(&format!("{number:08} ")) && line.len() == 64)
    );
    assert_eq!(answer.finish_reason.as_deref(), Some("stop"));
}

#[tokio::test(start_paused = true)]
async fn run_calls_the_tool_once() {
    let messages = [user("[[scripted: run echo \"[[ ]]\" > x]]")];
    let answer = ask(&demo(None), &request(0.7, &messages)).await;
    assert_eq!(answer.calls.len(), 1);
    assert_eq!(answer.calls[0].0, "run");
    let arguments: Value = serde_json::from_str(&answer.calls[0].1).unwrap();
    assert_eq!(arguments, json!({"command": "echo \"[[ ]]\" > x"}));

    let [task] = messages;
    let result = json!({"role": "tool", "tool_call_id": "call-0", "content": ""});
    let last = ask(&demo(None), &request(0.7, &[task, answer.message, result])).await;
    assert!(
        last.calls.is_empty() && last.finish_reason.as_deref() == Some("stop"),
        "{last:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn spend_reports_the_tokens_and_goes_on() {
    let answer = say("spend tokens=123457").await;
    assert_eq!(answer.usage.unwrap()["total_tokens"], 123_457);
    assert_eq!(answer.finish_reason.as_deref(), Some("tool_calls"));
}

#[tokio::test(start_paused = true)]
async fn errors_have_their_status() {
    for (directive, status, retry_after) in [
        ("401", 401, None),
        ("404", 404, None),
        ("429", 429, Some("1")),
        ("500", 500, None),
        ("418", 400, None),
    ] {
        let task = user(&format!("[[scripted: error={directive}]]"));
        let response = post(&demo(None), request(0.7, &[task]).to_string()).await;
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(
            response
                .headers()
                .get("retry-after")
                .map(|value| value.to_str().unwrap()),
            retry_after
        );
        let error: Value = serde_json::from_slice(&body_of(response).await).unwrap();
        assert!(
            error["error"]["message"]
                .as_str()
                .unwrap()
                .contains("scripted"),
            "{error}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn cut_ends_in_mid_answer() {
    let response = post(
        &demo(None),
        request(0.7, &[user("[[scripted: error=cut]]")]).to_string(),
    )
    .await;
    assert_eq!(response.status(), StatusCode::OK);
    to_bytes(response.into_body(), usize::MAX)
        .await
        .unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn garbage_is_not_json() {
    let response = post(
        &demo(None),
        request(0.7, &[user("[[scripted: error=garbage]]")]).to_string(),
    )
    .await;
    assert_eq!(response.status(), StatusCode::OK);
    let body = String::from_utf8(body_of(response).await).unwrap();
    let last = body.trim_end().rsplit("data: ").next().unwrap();
    serde_json::from_str::<Value>(last).unwrap_err();
    assert!(!body.contains("[DONE]"));
}

#[tokio::test(start_paused = true)]
async fn run_finds_the_shell_of_other_agents() {
    let call = async |parameters: Value, name: &str| {
        let mut request = request(0.7, &[user("[[scripted: run id -u]]")]);
        request["tools"] =
            json!([{"type": "function", "function": {"name": name, "parameters": parameters}}]);
        let mut answer = ask(&demo(None), &request).await;
        assert_eq!(answer.calls[0].0, name);
        serde_json::from_str::<Value>(&answer.calls.remove(0).1).unwrap()
    };
    let bash = json!({"properties": {"command": {"type": "string"}, "description": {"type": "string"}}, "required": ["command", "description"]});
    assert_eq!(
        call(bash, "bash").await,
        json!({"command": "id -u", "description": "as the directive says"})
    );
    let list = json!({"properties": {"command": {"type": "array"}}});
    assert_eq!(
        call(list, "shell").await,
        json!({"command": ["sh", "-c", "id -u"]})
    );
    let cmd = json!({"properties": {"cmd": {"type": "string"}}, "required": ["cmd"]});
    assert_eq!(call(cmd, "exec_command").await, json!({"cmd": "id -u"}));
}

#[tokio::test(start_paused = true)]
async fn answer_says_the_words_and_a_judge_likes_the_smaller_change() {
    assert_eq!(say("answer one\\ntwo").await.text, "one\ntwo");
    let change =
        |label: &str, diff: &str| format!("# CHANGE_{label}\n<diff 1>\n{diff}\n</diff 1>\n");
    for (a, b, winner) in [("x", "x\ny", "A"), ("x\ny", "x", "B"), ("x", "y", "tie")] {
        let system = json!({"role": "system", "content": "You compare two changes to it."});
        let task = format!(
            "[[scripted: error=401]]\n{}{}",
            change("A", a),
            change("B", b)
        );
        let answer = ask(&demo(None), &request(1.0, &[system, user(&task)])).await;
        let verdict: Value = serde_json::from_str(&answer.text).unwrap();
        assert_eq!(verdict["winner"], winner);
    }
}
