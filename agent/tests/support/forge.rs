//! A stand-in of the REST APIs of GitHub, GitLab and Gitea, for tests: one call of each, made from
//! their public descriptions (`src/publish/forge.rs` names them). It says what the real ones would to
//! a request that they would take, and refuses any other.

use serde_json::{Value, json};

use crate::git_host::{Request, TOKEN};

/// A CGI program's reply.
pub(crate) fn answer(request: &Request) -> Vec<u8> {
    let reply = |status: &str, body: Value| {
        format!("Status: {status}\r\nContent-Type: application/json\r\n\r\n{body}").into_bytes()
    };
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let ours = request.method == "POST" && request.header("content-type") == "application/json";
    let pull = ours && body["head"] == "feature/x" && body["base"] == "main";
    let merge = ours && body["source_branch"] == "feature/x" && body["target_branch"] == "main";
    let (fits, who, field) = match request.target.as_str() {
        "/api/v3/repos/me/app/pulls" => (
            pull && request.header("x-github-api-version") == "2022-11-28",
            request.header("authorization") == format!("Bearer {TOKEN}"),
            "html_url",
        ),
        "/api/v1/repos/me/app/pulls" => (
            pull,
            request.header("authorization") == format!("token {TOKEN}"),
            "html_url",
        ),
        "/api/v4/projects/me%2Fapp/merge_requests" => {
            (merge, request.header("private-token") == TOKEN, "web_url")
        }
        _ => return reply("404 Not Found", json!({"message": "Not Found"})),
    };
    if !who {
        return reply("401 Unauthorized", json!({"message": "Bad credentials"}));
    }
    if !fits || body["title"] == "refused" {
        let message = json!({"message": format!("Validation Failed, said to {TOKEN}")});
        return reply("422 Unprocessable Entity", message);
    }
    reply(
        "201 Created",
        json!({field: "https://forge.example/me/app/7", "id": 1}),
    )
}
