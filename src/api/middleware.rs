//! What happens to every request around its handler, outermost first: an id, one log line, a caught panic,
//! security headers; then, under `/api`, who is asking and how often.

mod guard;
mod rate_limit;
mod request_log;

use std::any::Any;

use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

pub(super) use self::guard::{Guard, guard};
pub(super) use self::rate_limit::{add_headers as add_limit_headers, client_network};
pub(super) use self::request_log::request_log;
use super::error::ApiError;

/// Turns a handler's panic into a problem. Its message went to the log by the panic hook and stays there.
pub(super) fn panic_response(_: Box<dyn Any + Send + 'static>) -> Response {
    ApiError::internal(anyhow::anyhow!("the handler panicked")).into_response()
}

/// Headers that every response has.
pub(super) async fn security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    response
}
