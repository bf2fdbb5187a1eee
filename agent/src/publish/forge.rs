//! Pull requests through the REST APIs of git hosts, as their public descriptions have them:
//! - GitHub: <https://docs.github.com/en/rest/pulls/pulls#create-a-pull-request>
//! - GitLab: <https://docs.gitlab.com/api/merge_requests/#create-mr>
//! - Gitea, Forgejo: <https://docs.gitea.com/api/next/#tag/repository/operation/repoCreatePullRequest>

use std::time::Duration;

use aideator_agent::config::{Forge, PullRequest};
use reqwest::{Client, RequestBuilder, Url, redirect::Policy};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_mins(1);
/// Bytes of an address that is believed to be one, and fits a line.
const LONGEST_URL: usize = 2048;
/// Characters of a host's own words that are told.
const SAID: usize = 500;

/// Opens a pull request for a branch that was pushed; its address, or why there is none.
pub(super) async fn open(
    request: &PullRequest,
    branch: &str,
    repository: &str,
    token: &str,
) -> Result<String, String> {
    // The token is for one host: no redirect is followed.
    let client = Client::builder()
        .timeout(LIMIT)
        .redirect(Policy::none())
        .user_agent(concat!("aideator-agent/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| error.to_string())?;
    let call = call(&client, request, branch, repository, token)?;
    let response = call
        .header("accept", "application/json")
        .send()
        .await
        .map_err(|error| error.without_url().to_string())?;
    let status = response.status();
    let body = response.bytes().await;
    let body = body.map_err(|error| error.without_url().to_string())?;
    let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
    let field = match request.forge {
        Forge::Gitlab => "web_url",
        Forge::Github | Forge::Gitea => "html_url",
    };
    match answer[field].as_str() {
        Some(url) if status.is_success() && url.len() <= LONGEST_URL => Ok(url.to_owned()),
        _ => {
            let said: String = String::from_utf8_lossy(&body).chars().take(SAID).collect();
            Err(format!("the host answered {status}: {said}"))
        }
    }
}

fn call(
    client: &Client,
    request: &PullRequest,
    branch: &str,
    repository: &str,
    token: &str,
) -> Result<RequestBuilder, String> {
    let url = Url::parse(repository).map_err(|error| error.to_string())?;
    let path = url.path().trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let (title, text, base) = (&request.title, &request.body, &request.base);
    let pull = json!({"title": title, "body": text, "head": branch, "base": base});
    Ok(match request.forge {
        Forge::Github => {
            // GitHub Enterprise has its API below the host itself.
            let api = match url.host_str() {
                Some("github.com") => "https://api.github.com".to_owned(),
                _ => format!("{}/api/v3", url.origin().ascii_serialization()),
            };
            client
                .post(format!("{api}/repos/{path}/pulls"))
                .bearer_auth(token)
                .header("x-github-api-version", "2022-11-28")
                .header("content-type", "application/json")
                .body(pull.to_string())
        }
        Forge::Gitea => {
            let mut api = url.clone();
            api.set_path(&format!("/api/v1/repos/{path}/pulls"));
            client
                .post(api)
                .header("authorization", format!("token {token}"))
                .header("content-type", "application/json")
                .body(pull.to_string())
        }
        Forge::Gitlab => {
            let project = path.replace('/', "%2F");
            let merge = json!({"title": title, "description": text, "source_branch": branch,
                "target_branch": base});
            let origin = url.origin().ascii_serialization();
            client
                .post(format!("{origin}/api/v4/projects/{project}/merge_requests"))
                .header("private-token", token)
                .header("content-type", "application/json")
                .body(merge.to_string())
        }
    })
}
