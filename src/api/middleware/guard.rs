//! Authenticates a request once, and counts it against its caller's budget.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use super::rate_limit::{self, RateLimit};
use crate::api::error::ApiResult;
use crate::app::AppState;
use crate::auth::{Authentication, authenticate};

/// What the middleware needs.
#[derive(Clone)]
pub(in crate::api) struct Guard {
    app: AppState,
    limit: Arc<RateLimit>,
}

impl Guard {
    pub(in crate::api) fn new(app: AppState) -> Self {
        let limit = Arc::new(RateLimit::new(app.config.auth.rate_limit_per_minute));
        Self { app, limit }
    }
}

/// Leaves an [`Authentication`] in the request's extensions, which `CurrentUser` is extracted from.
pub(in crate::api) async fn guard(
    State(guard): State<Guard>,
    mut request: Request,
    next: Next,
) -> ApiResult<Response> {
    let path = request.uri().path();
    // The kubelet's probes must never be refused, and the page's files are static.
    if !path.starts_with("/api/") || path.starts_with("/api/v1/health") {
        return Ok(next.run(request).await);
    }
    let who = authenticate(&guard.app, request.method(), request.headers()).await?;
    let credential = match &who {
        Authentication::User(user) => Some(user.credential.clone()),
        _ => None,
    };
    let trust = guard.app.config.http.trust_forwarded_for;
    let network = rate_limit::client_network(request.headers(), request.extensions(), trust);
    let verdict = guard.limit.check(credential.as_ref(), network)?;
    request.extensions_mut().insert(who);
    let mut response = next.run(request).await;
    rate_limit::add_headers(response.headers_mut(), verdict);
    Ok(response)
}
