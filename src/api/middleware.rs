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
pub(super) use self::rate_limit::{add_headers as add_limit_headers, client_address, network};
pub(super) use self::request_log::{RequestId, request_log};
use super::error::ApiError;

/// Turns a handler's panic into a problem. Its message went to the log by the panic hook and stays there.
pub(super) fn panic_response(_: Box<dyn Any + Send + 'static>) -> Response {
    ApiError::internal(anyhow::anyhow!("the handler panicked")).into_response()
}

/// Nothing that the API answers is a document: should a browser show it as one, it can do nothing.
const API_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// Swagger UI brings its own scripts, and styles and icons inline.
const DOCS_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'",
);

/// Headers that every response has. Pages bring a Content-Security-Policy of their own (see [`crate::web`]).
pub(super) async fn security_headers(request: Request, next: Next) -> Response {
    let docs = request.uri().path().starts_with("/docs");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let policy = if docs { DOCS_POLICY } else { API_POLICY };
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(policy);
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

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::http::StatusCode;
    use axum::middleware::from_fn;
    use axum::routing::get;
    use tower::ServiceExt as _;
    use tower_http::catch_panic::CatchPanicLayer;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_a_problem_with_a_request_id() {
        let router = Router::new()
            .route(
                "/",
                get(async || -> StatusCode { panic!("expected in this test") }),
            )
            .layer(CatchPanicLayer::custom(panic_response))
            .layer(from_fn(request_log));
        let response = router.oneshot(Request::new(Body::empty())).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "application/problem+json"
        );
        assert!(response.headers().contains_key("x-request-id"));
    }
}
