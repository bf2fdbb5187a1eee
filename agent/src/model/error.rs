//! What went wrong with a model call, and whether trying again can help.

use std::{error::Error as _, fmt, time::Duration};

use async_openai::error::OpenAIError;
use serde_json::Value;

use super::service::HttpFailure;

/// How much of what a provider says is passed on, characters.
const SAID_CHARS: usize = 600;

/// A failed model call. Its text is a sentence for people.
#[derive(Debug, Clone)]
pub(crate) struct ModelError {
    pub(crate) kind: ErrorKind,
    message: String,
    /// What the provider asked us to wait.
    pub(crate) retry_after: Option<Duration>,
}

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    /// 401, 403.
    Unauthorized,
    /// 404.
    NotFound,
    /// 402, or 429 that waiting does not end.
    Quota,
    /// 429.
    RateLimit,
    /// More messages than the model reads.
    ContextLength,
    /// The model cannot call tools.
    NoTools,
    /// 400, 422: the request as it is.
    Refused,
    /// The answer was stopped for what it says.
    ContentFilter,
    /// 408, 409, 425, 5xx.
    Unavailable,
    /// No connection, or one that broke.
    Connection,
    /// Silence.
    Timeout,
    /// An answer without end.
    TooLong,
    /// Not the protocol.
    Garbage,
}

impl ModelError {
    pub(super) fn new(kind: ErrorKind, message: String) -> Self {
        Self {
            kind,
            message,
            retry_after: None,
        }
    }

    /// Whether the same request may succeed later.
    pub(crate) fn is_retryable(&self) -> bool {
        match self.kind {
            ErrorKind::RateLimit
            | ErrorKind::Unavailable
            | ErrorKind::Connection
            | ErrorKind::Timeout
            | ErrorKind::Garbage => true,
            ErrorKind::Unauthorized
            | ErrorKind::NotFound
            | ErrorKind::Quota
            | ErrorKind::ContextLength
            | ErrorKind::NoTools
            | ErrorKind::Refused
            | ErrorKind::ContentFilter
            | ErrorKind::TooLong => false,
        }
    }

    /// The word for `error.code`.
    pub(crate) fn code(&self) -> &'static str {
        match self.kind {
            ErrorKind::Unauthorized => "model_unauthorized",
            ErrorKind::NotFound => "model_not_found",
            ErrorKind::Quota => "model_quota",
            ErrorKind::RateLimit => "model_rate_limit",
            ErrorKind::ContextLength => "model_context_length",
            ErrorKind::NoTools => "model_no_tools",
            ErrorKind::Refused => "model_refused",
            ErrorKind::ContentFilter => "model_content_filter",
            ErrorKind::Unavailable => "model_unavailable",
            ErrorKind::Connection => "model_connection",
            ErrorKind::Timeout => "model_timeout",
            ErrorKind::TooLong => "model_answer_too_long",
            ErrorKind::Garbage => "model_garbage",
        }
    }

    /// A failure that the provider reports in its stream.
    pub(super) fn in_stream(error: &Value) -> Self {
        // `code` is a string, a number, or the string of a number.
        let code = match &error["code"] {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        let status = code
            .and_then(|code| u16::try_from(code).ok())
            .unwrap_or(500);
        Self::from_status(status, &error.to_string(), None)
    }

    /// A failure that is a response.
    pub(crate) fn from_failure(failure: &HttpFailure) -> Self {
        Self::from_status(failure.status, &failure.body, failure.retry_after)
    }

    fn from_status(status: u16, body: &str, retry_after: Option<Duration>) -> Self {
        let said = said(body);
        let lower = body.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        let (kind, hint) = match status {
            400 | 404 | 422
                if has(&[
                    "support tool",
                    "support function",
                    "tool use",
                    "tool-call-parser",
                ]) =>
            {
                (ErrorKind::NoTools, "The model cannot call tools.")
            }
            401 | 403 => (
                ErrorKind::Unauthorized,
                "The provider refuses the key: check OPENAI_API_KEY in the secret openai-secret and OPENAI_BASE_URL.",
            ),
            404 => (
                ErrorKind::NotFound,
                "The provider does not know the model or the address: check the model's name and OPENAI_BASE_URL.",
            ),
            402 => (
                ErrorKind::Quota,
                "The provider's account has no credit left.",
            ),
            429 if has(&["insufficient_quota", "billing"]) => (
                ErrorKind::Quota,
                "The provider's account has no credit left.",
            ),
            429 => (
                ErrorKind::RateLimit,
                "The provider limits the rate of requests.",
            ),
            400 | 413 | 422
                if has(&[
                    "context_length",
                    "context length",
                    "maximum context",
                    "too many tokens",
                    "prompt is too long",
                ]) =>
            {
                (
                    ErrorKind::ContextLength,
                    "The conversation is longer than the model reads.",
                )
            }
            400 if has(&["content_filter", "content management policy"]) => (
                ErrorKind::ContentFilter,
                "The provider's content filter refuses the request; change the prompt.",
            ),
            408 | 409 | 425 | 500.. => (ErrorKind::Unavailable, "The provider failed."),
            _ => (ErrorKind::Refused, "The provider refuses the request."),
        };
        Self {
            kind,
            message: format!("{hint} It says: {status} {said}"),
            retry_after: retry_after.or_else(|| wait_in_text(&lower).filter(|_| status == 429)),
        }
    }
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ModelError {}

impl From<reqwest::Error> for ModelError {
    fn from(error: reqwest::Error) -> Self {
        // The causes say more than the error; the address goes, it may hold a password.
        let error = error.without_url();
        let mut message = format!("The provider cannot be reached: {error}");
        let mut cause = error.source();
        while let Some(this) = cause {
            message = format!("{message}: {this}");
            cause = this.source();
        }
        Self::new(
            ErrorKind::Connection,
            format!("{message}. Check OPENAI_BASE_URL and the network."),
        )
    }
}

impl From<OpenAIError> for ModelError {
    fn from(error: OpenAIError) -> Self {
        match error {
            OpenAIError::Boxed(error) => match error.downcast::<HttpFailure>() {
                Ok(failure) => Self::from_failure(&failure),
                Err(error) => Self::new(ErrorKind::Connection, error.to_string()),
            },
            OpenAIError::Reqwest(error) => Self::from(error),
            OpenAIError::StreamError(error) => {
                let message = format!("The model's answer was cut off: {error}.");
                Self::new(ErrorKind::Connection, message)
            }
            OpenAIError::JSONDeserialize(error, content) => Self::new(
                ErrorKind::Garbage,
                format!(
                    "The provider sends what is not a chat completion ({error}): {}",
                    said(&content)
                ),
            ),
            other => Self::new(ErrorKind::Garbage, other.to_string()),
        }
    }
}

/// The provider's own words, shortened: the message of a JSON error, else the body.
fn said(body: &str) -> String {
    let message = serde_json::from_str::<Value>(body).ok().and_then(|json| {
        let error = json.get("error").unwrap_or(&json);
        let message = error.get("message").unwrap_or(error);
        message.as_str().map(str::to_owned)
    });
    let text = message.unwrap_or_else(|| body.to_owned());
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(SAID_CHARS) {
        Some((at, _)) => format!("{}…", &words[..at]),
        None => words,
    }
}

/// "Please try again in 1.5s", from those who say it only there. `text` is lower case.
fn wait_in_text(text: &str) -> Option<Duration> {
    let (_, after) = text.split_once("try again in ")?;
    let number: String = after
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    let unit = after[number.len()..].trim_start();
    let value: f64 = number.parse().ok()?;
    let seconds = if unit.starts_with("ms") {
        value / 1000.0
    } else if unit.starts_with('s') {
        value
    } else {
        return None;
    };
    Duration::try_from_secs_f64(seconds).ok()
}
