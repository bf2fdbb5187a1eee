//! The server, by its HTTP API.

use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::exit::{Exit, Failure, Outcome};
use crate::config::Secret;

const CONNECT: Duration = Duration::from_secs(10);
/// For anything but a stream, and for the next bytes of anything.
const ANSWER: Duration = Duration::from_secs(90);

/// A server, and what we sign in with.
pub(super) struct Api {
    http: reqwest::Client,
    url: Url,
    key: Option<Secret>,
}

/// What the server says about a refusal.
#[derive(Deserialize)]
struct Problem {
    detail: String,
}

impl Api {
    pub(super) fn new(url: Url, key: Option<Secret>) -> Outcome<Self> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("aideator/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            // Also of an answer without an end: the server is never silent for so long.
            .read_timeout(ANSWER)
            // A key goes to the server that it is for, and nowhere else.
            .redirect(Policy::none())
            .build();
        let http = http.map_err(|error| Failure::new(Exit::Local, reason(&error)))?;
        Ok(Self { http, url, key })
    }

    /// The server's address as people write it.
    pub(super) fn url(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// The address of a path, e.g. `/runs`.
    pub(super) fn address(&self, path: &str) -> String {
        format!("{}/api/v1{path}", self.url())
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Outcome<T> {
        parse(&self.bytes(Method::GET, path, None).await?)
    }

    pub(super) async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Outcome<T> {
        parse(&self.bytes(Method::POST, path, Some(body)).await?)
    }

    /// The body of an answer as it is.
    pub(super) async fn bytes(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Outcome<Vec<u8>> {
        let request = self.request(method, path).timeout(ANSWER);
        let request = match body {
            Some(body) => request
                .header(CONTENT_TYPE, "application/json")
                .body(body.to_string()),
            None => request,
        };
        let response = self.answer(request).await?;
        let body = response.bytes().await;
        Ok(body.map_err(|error| self.unreachable(&error))?.to_vec())
    }

    /// The answer to a request for a body that may never end; `None` where there is nothing (more).
    pub(super) async fn open(&self, path: &str, after: Option<&str>) -> Outcome<Option<Response>> {
        let mut request = self.request(Method::GET, path).header(ACCEPT, "*/*");
        if let Some(id) = after {
            request = request.header("last-event-id", id);
        }
        let response = self.answer(request).await?;
        Ok(Some(response).filter(|response| response.status() != StatusCode::NO_CONTENT))
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, self.address(path));
        match &self.key {
            Some(key) => request.bearer_auth(key.expose()),
            None => request,
        }
    }

    async fn answer(&self, request: RequestBuilder) -> Outcome<Response> {
        let response = request.send().await;
        let response = response.map_err(|error| self.unreachable(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(self.refusal(response).await)
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let message = format!(
            "the server at {} does not answer: {}; is the address right (AIDEATOR_URL), and does it run?",
            self.url(),
            reason(error)
        );
        Failure::new(Exit::Unreachable, message)
    }

    async fn refusal(&self, response: Response) -> Failure {
        let status = response.status();
        let header = |name| response.headers().get(name)?.to_str().ok();
        let wait = header(RETRY_AFTER).map(|wait| format!(" (try again in {wait} s)"));
        if status.is_redirection() {
            let to = header(LOCATION).unwrap_or("another address");
            let message = format!("{} redirects to {to}: use that address", self.url());
            return Failure::new(Exit::Unreachable, message);
        }
        let body = response.bytes().await.unwrap_or_default();
        let Ok(Problem { detail }) = serde_json::from_slice(&body) else {
            let message = format!(
                "{} answers {status}, and not as AIdeator does: is the address right?",
                self.url()
            );
            return Failure::new(Exit::Unreachable, message);
        };
        let exit = exit_of(status);
        if exit == Exit::NotSignedIn {
            let url = self.url();
            let message = format!(
                "{url} does not accept the key of AIDEATOR_API_KEY or of the last login ({detail}): \
                 sign in with `aideator login {url}`"
            );
            return Failure::new(exit, message);
        }
        let failure = Failure::new(exit, detail + &wait.unwrap_or_default());
        if status == StatusCode::TOO_MANY_REQUESTS {
            return failure.passing();
        }
        failure
    }
}

fn exit_of(status: StatusCode) -> Exit {
    match status.as_u16() {
        401 => Exit::NotSignedIn,
        404 => Exit::NotFound,
        403 | 409 | 429 | 507 => Exit::Refused,
        500.. => Exit::Unreachable,
        _ => Exit::Usage,
    }
}

pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Outcome<T> {
    serde_json::from_slice(body).map_err(|error| not_understood(&error))
}

/// What is of interest in an answer.
pub(super) fn read<T: DeserializeOwned>(answer: &Value) -> Outcome<T> {
    T::deserialize(answer).map_err(|error| not_understood(&error))
}

fn not_understood(error: &serde_json::Error) -> Failure {
    let ours = env!("CARGO_PKG_VERSION");
    let message = format!(
        "the server's answer is not understood ({error}): is it of another version than this client ({ours})?"
    );
    Failure::new(Exit::Unreachable, message)
}

/// The innermost cause: the others say only that a request failed.
pub(super) fn reason(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(cause) = error.source() {
        error = cause;
    }
    error.to_string()
}
