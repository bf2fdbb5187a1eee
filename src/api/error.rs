//! The one shape of every error: `application/problem+json` (RFC 9457).
//!
//! Which error type goes where: `anyhow` outside of requests, a module's own narrow error inside it, and
//! [`ApiError`] in handlers. Its `detail` is for the client and says what to do; its cause is for the log, which
//! the request-log middleware writes once, together with the request.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::middleware::add_limit_headers;
use crate::auth::{MissingScope, NotAdmin, Verdict};
use crate::credentials::CredentialError;
use crate::db::DbError;

/// What handlers return.
pub type ApiResult<T> = Result<T, ApiError>;

/// An error as the client gets it.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    retry_after: Option<Duration>,
    limit: Option<Verdict>,
    cause: Option<anyhow::Error>,
}

/// What is wrong with one part of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Where: `body`, `query` or `path`, then field names and indices.
    pub loc: Vec<String>,
    /// What, and what would be right.
    pub msg: String,
}

impl FieldError {
    /// A problem with a field of the body, e.g. `variants.0.model`.
    pub fn body(path: &str, msg: impl Into<String>) -> Self {
        Self::at("body", path, msg)
    }

    /// A problem with a part of the request; `path` holds names and indices with dots between them.
    pub fn at(part: &str, path: &str, msg: impl Into<String>) -> Self {
        let steps = path.split('.').filter(|step| !step.is_empty());
        Self {
            loc: std::iter::once(part)
                .chain(steps)
                .map(str::to_owned)
                .collect(),
            msg: msg.into(),
        }
    }
}

/// The body of every error response.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// `urn:aideator:error:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The HTTP status in words.
    pub title: String,
    pub status: u16,
    /// A sentence that says what to do.
    pub detail: String,
    /// For programs; does not change.
    pub code: String,
    /// Every field that is wrong, for status 422.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<FieldError>,
}

/// The cause of an error response, for the request log.
#[derive(Clone, Debug)]
pub(super) struct ErrorCause(pub(super) Arc<anyhow::Error>);

impl ApiError {
    /// Any status with a code for programs and a sentence for people.
    pub fn new(
        status: StatusCode,
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
            limit: None,
            cause: None,
        }
    }

    /// 400: the request cannot be read.
    pub fn bad_request(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", detail)
    }

    /// 422: the request can be read, but fields of it are wrong.
    pub fn unprocessable(errors: Vec<FieldError>) -> Self {
        let list: Vec<_> = errors
            .iter()
            .map(|error| format!("{}: {}", error.loc[1..].join("."), error.msg))
            .collect();
        let detail = format!("the request is not valid: {}", list.join("; "));
        Self {
            errors,
            ..Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "validation_failed",
                detail,
            )
        }
    }

    /// 401: nobody, or nobody known, is asking.
    pub fn unauthorized(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
    }

    /// 403: known, but not allowed.
    pub fn forbidden(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// 404: there is no such thing, or it is somebody else's.
    pub fn not_found(kind: &str, id: impl std::fmt::Display) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("there is no {kind} `{id}`"),
        )
    }

    /// 409: not in the state that things are in.
    pub fn conflict(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// 429: later.
    pub fn too_many(detail: impl Into<Cow<'static, str>>, retry_after: Duration) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", detail)
        }
    }

    /// 429: a limit of an account's, which is so many, is reached.
    pub fn limited(
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
        limit: u32,
        retry_after: Duration,
    ) -> Self {
        let verdict = Verdict {
            limit,
            remaining: 0,
            retry_after: Some(retry_after),
        };
        Self {
            retry_after: Some(retry_after),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, code, detail).with_limit(verdict)
        }
    }

    /// 503: something that the server needs is not there.
    pub fn unavailable(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
    }

    /// 500: our fault; the cause goes to the log only.
    pub fn internal(cause: anyhow::Error) -> Self {
        let detail = "an internal error occurred; the server's log has the cause under this response's X-Request-ID";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", detail).with_cause(cause)
    }

    /// Adds what the log should say about it.
    #[must_use]
    pub fn with_cause(self, cause: anyhow::Error) -> Self {
        Self {
            cause: Some(cause),
            ..self
        }
    }

    /// The same with another code.
    #[must_use]
    pub fn with_code(self, code: &'static str) -> Self {
        Self { code, ..self }
    }

    /// Shows the budget that was used up.
    #[must_use]
    pub(super) fn with_limit(self, verdict: Verdict) -> Self {
        Self {
            limit: Some(verdict),
            ..self
        }
    }

    /// The status that the client gets.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The code that the client gets.
    pub fn code(&self) -> &'static str {
        self.code
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)?;
        for error in &self.errors {
            write!(f, "\n  {}: {}", error.loc[1..].join("."), error.msg)?;
        }
        Ok(())
    }
}

impl From<anyhow::Error> for ApiError {
    fn from(cause: anyhow::Error) -> Self {
        Self::internal(cause)
    }
}

impl From<CredentialError> for ApiError {
    fn from(error: CredentialError) -> Self {
        match error {
            CredentialError::Db(error) => error.into(),
            CredentialError::Gone(_) => Self::conflict("credential_gone", error.to_string()),
            CredentialError::OtherKey(_) | CredentialError::Damaged(_) => {
                Self::conflict("credential_unreadable", error.to_string())
            }
        }
    }
}

impl From<DbError> for ApiError {
    fn from(cause: DbError) -> Self {
        Self::internal(cause.into())
    }
}

impl From<MissingScope> for ApiError {
    fn from(missing: MissingScope) -> Self {
        Self::new(StatusCode::FORBIDDEN, "missing_scope", missing.to_string())
    }
}

impl From<NotAdmin> for ApiError {
    fn from(refusal: NotAdmin) -> Self {
        Self::forbidden(refusal.to_string())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let problem = Problem {
            kind: format!("urn:aideator:error:{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.into_owned(),
            code: self.code.to_owned(),
            errors: self.errors,
        };
        let mut response = (self.status, axum::Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(wait) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
        }
        if let Some(verdict) = self.limit {
            add_limit_headers(headers, verdict);
        }
        if let Some(cause) = self.cause {
            response
                .extensions_mut()
                .insert(ErrorCause(Arc::new(cause)));
        }
        response
    }
}

/// `Retry-After` counts whole seconds; rounding down would invite a retry that fails.
pub(super) fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}
