//! One log line for each request, by its route and never by its body, query or credentials.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::api::error::ErrorCause;
use crate::telemetry::metrics;

const REQUEST_ID: &str = "x-request-id";

/// The kubelet asks every few seconds: not worth a line while all is well.
const HEALTH: &str = "/api/v1/health";

/// The request's id, for whoever wants to tell it.
#[derive(Clone, Debug)]
pub(in crate::api) struct RequestId(pub(in crate::api) String);

/// Gives the request an id, runs it, logs it, and sends the id back.
///
/// A client's own id is kept when it is short and plain, so that it can be followed through several programs.
pub(in crate::api) async fn request_log(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(&request);
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned());
    let text = id.to_str().unwrap_or_default().to_owned();
    let span = tracing::info_span!("request", request.id = text);
    request.extensions_mut().insert(RequestId(text));

    let mut response = next.run(request).instrument(span.clone()).await;

    let line = Line {
        method,
        route: route.as_deref().unwrap_or("(page)"),
        status: response.status(),
        microseconds: started.elapsed().as_micros(),
    };
    metrics::answered(
        line.method.as_str(),
        line.route,
        line.status.as_u16(),
        started.elapsed(),
    );
    span.in_scope(|| line.log(response.extensions().get::<ErrorCause>()));
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

fn request_id(request: &Request) -> HeaderValue {
    let plain = |value: &&HeaderValue| {
        let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
        (1..=64).contains(&value.len()) && value.as_bytes().iter().all(allowed)
    };
    request
        .headers()
        .get(REQUEST_ID)
        .filter(plain)
        .cloned()
        .unwrap_or_else(|| {
            let id = Uuid::now_v7().simple().to_string();
            HeaderValue::from_str(&id).expect("hexadecimal digits are a header value")
        })
}

struct Line<'a> {
    method: Method,
    route: &'a str,
    status: StatusCode,
    microseconds: u128,
}

impl Line<'_> {
    /// The level follows the status: 5xx is ours to fix, 4xx may be worth a look.
    fn log(&self, cause: Option<&ErrorCause>) {
        macro_rules! line {
            ($level:expr, $($field:tt)*) => {
                tracing::event!(
                    $level,
                    http.method = %self.method,
                    http.route = self.route,
                    http.status = self.status.as_u16(),
                    duration_us = self.microseconds,
                    $($field)*
                )
            };
        }
        let cause = cause.map(|cause| format!("{:#}", cause.0));
        if self.status.is_server_error() {
            line!(tracing::Level::ERROR, error = cause, "request failed");
        } else if self.status.is_client_error() {
            line!(tracing::Level::WARN, error = cause, "request refused");
        } else if self.route.starts_with(HEALTH) {
            line!(tracing::Level::DEBUG, "request");
        } else {
            line!(tracing::Level::INFO, "request");
        }
    }
}
