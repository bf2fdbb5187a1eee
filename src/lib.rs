//! AIdeator's server: one prompt, one repository, N coding agents in Kubernetes Jobs, their logs live.
//!
//! The modules, from the outside in; arrows between them point downward only:
//!
//! - [`api`]: HTTP in and out, one table of routes; [`web`]: the page's files.
//! - [`app`], [`lifecycle`], [`telemetry`], [`config`]: what everything shares, starting and stopping.
//! - [`cli`]: subcommands that are more than a line.
//! - [`client`]: commands for people and scripts; knows the server by its API only.
//! - [`auth`]: who is asking.
//! - [`archive`]: a tar file that is written as it is read.
//! - [`credentials`]: tokens that users entrust to us, encrypted.
//! - [`webhooks`]: tells users by HTTP that their runs have ended.
//! - [`compare`]: what lies between two variations' trees.
//! - [`db`]: the only user of sqlx; [`clock`]: the only source of time.

pub mod api;
pub mod app;
pub mod archive;
pub mod auth;
pub mod cli;
pub mod client;
pub mod clock;
pub mod compare;
pub mod config;
pub mod credentials;
pub mod db;
pub mod etag;
pub mod kubectl;
pub mod lifecycle;
pub mod logs;
pub mod model;
pub mod repo;
pub mod runs;
pub mod stream;
pub mod telemetry;
pub mod templates;
pub mod web;
pub mod webhooks;

use std::net::SocketAddr;

use anyhow::Context as _;
use axum::serve::ListenerExt as _;
use socket2::SockRef;
use tokio::net::TcpListener;

use crate::app::AppState;

/// Serves the metrics until the lifecycle's soft token is cancelled.
pub async fn serve_metrics(app: AppState, listener: TcpListener) -> anyhow::Result<()> {
    let soft = app.lifecycle.soft().clone();
    let upkeep = async {
        loop {
            tokio::time::sleep(telemetry::metrics::UPKEEP).await;
            telemetry::metrics::upkeep();
        }
    };
    let serving = axum::serve(listener, api::metrics::router(app));
    tokio::select! {
        result = serving => result.context("the metrics' server failed"),
        () = upkeep => Ok(()),
        () = soft.cancelled() => Ok(()),
    }
}

/// Serves the API and the page until the lifecycle's soft token is cancelled, then finishes open requests.
///
/// The binary and the tests both run the server through this function.
pub async fn serve(app: AppState, listener: TcpListener) -> anyhow::Result<()> {
    let lifecycle = app.lifecycle.clone();
    let stall = app.config.http.client_stall;
    let listener = listener.tap_io(move |stream| {
        // Log lines are small: waiting to fill a packet would delay them.
        let prepared = stream.set_nodelay(true).and_then(|()| {
            // A client that does not read any more is the kernel's affair, and costs us nothing.
            SockRef::from(&*stream).set_tcp_user_timeout(stall)
        });
        if let Err(error) = prepared {
            tracing::debug!(error = %error, "a connection ended before it began");
        }
    });
    let service = api::router(app).into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service)
        .with_graceful_shutdown(lifecycle.soft().clone().cancelled_owned());
    tokio::select! {
        result = serving => result.context("the HTTP server failed"),
        () = lifecycle.hard().cancelled() => Ok(()),
    }
}
