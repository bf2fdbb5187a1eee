//! Authenticates a request once, and counts it against its caller's budget.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::Uri;
use axum::http::uri::PathAndQuery;
use axum::middleware::Next;
use axum::response::Response;

use super::rate_limit::{self, RateLimit};
use crate::api::error::ApiResult;
use crate::app::AppState;
use crate::auth::{Authentication, authenticate, by_share};

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
    // A share link is meant for what it is opened with, whatever else the browser sends along.
    let who = match take_share(&mut request) {
        Some(token) => {
            let (reads, path) = (request.method().is_safe(), request.uri().path());
            by_share(&guard.app, &token, reads, path).await?
        }
        None => authenticate(&guard.app, request.method(), request.headers()).await?,
    };
    let credential = match &who {
        Authentication::User(user) => Some(user.credential.clone()),
        _ => None,
    };
    let trust = guard.app.config.http.trust_forwarded_for;
    let address = rate_limit::client_address(request.headers(), request.extensions(), trust);
    let verdict = guard
        .limit
        .check(credential.as_ref(), rate_limit::network(address))?;
    request.extensions_mut().insert(who);
    let mut response = next.run(request).await;
    rate_limit::add_headers(response.headers_mut(), verdict);
    Ok(response)
}

/// Takes the share token out of a request, so that nothing behind sees it: the header `X-Share-Token`,
/// or `share` in the query, for links.
fn take_share(request: &mut Request) -> Option<String> {
    let header = request.headers_mut().remove("x-share-token");
    let query = split_share(request.uri()).map(|(token, uri)| {
        *request.uri_mut() = uri;
        token
    });
    let header = header.map(|value| value.to_str().unwrap_or_default().to_owned());
    header.or(query)
}

/// The share token in a query, and the address without it.
fn split_share(uri: &Uri) -> Option<(String, Uri)> {
    let pairs = || uri.query().unwrap_or_default().split('&');
    let token = pairs().find_map(|pair| pair.strip_prefix("share="))?;
    let others: Vec<&str> = pairs().filter(|it| !it.starts_with("share=")).collect();
    let rest = if others.is_empty() {
        uri.path().to_owned()
    } else {
        format!("{}?{}", uri.path(), others.join("&"))
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(rest).ok()?);
    Some((token.to_owned(), Uri::from_parts(parts).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_token_is_taken_out_of_a_query() {
        for (uri, expected) in [
            ("/a?share=x", Some(("x", "/a"))),
            ("/a?b=1&share=x&c=2", Some(("x", "/a?b=1&c=2"))),
            ("/a?share=x&share=y", Some(("x", "/a"))),
            ("/a?shared=x", None),
            ("/a", None),
        ] {
            let split = split_share(&uri.parse().unwrap());
            let split = split.map(|(token, uri)| (token, uri.to_string()));
            let expected = expected.map(|(token, uri)| (token.to_owned(), uri.to_owned()));
            assert_eq!(split, expected, "{uri}");
        }
    }
}
