//! A git host as the server sees it: the list of a repository's refs over HTTP.

#![expect(
    clippy::disallowed_methods,
    reason = "what is outside of the server is not its task"
)]

use axum::Router;
use axum::http::header::AUTHORIZATION as AUTH;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use tokio::net::TcpListener;

/// The commit of every branch there.
pub(crate) const SHA: &str = "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d";

/// The header that opens `private.git`: `me` and [`TOKEN`].
const AUTHORIZATION: &str = "Basic bWU6Z2hwLWNhbmFyeS03N2Fh";
/// What nothing may show.
pub(crate) const TOKEN: &str = "ghp-canary-77aa";

/// Where the repository `hello.git` is, which refuses whoever shows a credential without need; beside it
/// is `private.git`, and nothing else.
pub(crate) async fn start_git_host() -> String {
    start_git_host_at(SHA).await
}

/// The same, with this commit as its only one.
pub(crate) async fn start_git_host_at(sha: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hello.git", listener.local_addr().unwrap());
    let (public, private) = (refs(sha), refs(sha));
    let router = Router::new()
        .route(
            "/hello.git/info/refs",
            axum::routing::get(async move |headers: HeaderMap| match headers.get(AUTH) {
                None => public.clone().into_response(),
                Some(_) => StatusCode::BAD_REQUEST.into_response(),
            }),
        )
        .route(
            "/private.git/info/refs",
            axum::routing::get(async move |headers: HeaderMap| match headers.get(AUTH) {
                Some(value) if value == AUTHORIZATION => private.clone().into_response(),
                _ => StatusCode::UNAUTHORIZED.into_response(),
            }),
        );
    let router = router.fallback(StatusCode::NOT_FOUND);
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

fn refs(sha: &str) -> impl IntoResponse + Clone + use<> {
    let line = |text: String| format!("{:04x}{text}", text.len() + 4);
    let answer = [
        line("# service=git-upload-pack\n".to_owned()),
        "0000".to_owned(),
        line(format!(
            "{sha} HEAD\0symref=HEAD:refs/heads/main agent=git/2\n"
        )),
        line(format!("{sha} refs/heads/main\n")),
        "0000".to_owned(),
    ];
    let kind = "application/x-git-upload-pack-advertisement";
    ([(header::CONTENT_TYPE, kind)], answer.concat())
}
