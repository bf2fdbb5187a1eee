//! AIdeator's server: one prompt, one repository, N coding agents in Kubernetes Jobs, their logs live.
//!
//! The modules, from the outside in; arrows between them point downward only:
//!
//! - [`api`]: HTTP in and out, one table of routes; [`web`]: the page's files.
//! - [`app`], [`lifecycle`], [`telemetry`], [`config`]: what everything shares, starting and stopping.
//! - [`auth`]: who is asking.
//! - [`db`]: the only user of sqlx; [`clock`]: the only source of time.

pub mod api;
pub mod app;
pub mod auth;
pub mod clock;
pub mod config;
pub mod db;
pub mod lifecycle;
pub mod telemetry;
pub mod web;
// lead's modules

use std::net::SocketAddr;

use anyhow::Context as _;
use tokio::net::TcpListener;

use crate::app::AppState;

/// Serves the API and the page until the lifecycle's soft token is cancelled, then finishes open requests.
///
/// The binary and the tests both run the server through this function.
pub async fn serve(app: AppState, listener: TcpListener) -> anyhow::Result<()> {
    let lifecycle = app.lifecycle.clone();
    let service = api::router(app).into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service)
        .with_graceful_shutdown(lifecycle.soft().clone().cancelled_owned());
    tokio::select! {
        result = serving => result.context("the HTTP server failed"),
        () = lifecycle.hard().cancelled() => Ok(()),
    }
}
