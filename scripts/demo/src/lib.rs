//! A world to try AIdeator in without a key and without a network: an OpenAI-compatible *scripted* model and a
//! git server with small sample repositories. It stands outside the product; nothing of it is linked into it.
//!
//! - [`config`]: the environment variables.
//! - [`samples`]: the sample repositories, made at start with the same commits every time.
//! - [`git`]: serves them over smart HTTP through git's own `http-backend`.
//! - [`model`]: `/v1`: what the scripted model answers. It depends on the request alone, so runs repeat.

pub mod config;
pub mod git;
pub mod model;
pub mod samples;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::git::Area;
use crate::model::{Scenarios, Speed};

/// Largest request body: a long conversation, or a fetch that names many commits.
const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;

/// What the handlers share.
#[derive(Debug)]
pub struct App {
    /// Directory that [`samples::create_all`] has filled.
    pub repositories: PathBuf,
    /// The key that callers must send; without one, any key or none will do.
    pub api_key: Option<String>,
    /// How fast the model speaks.
    pub speed: Speed,
    /// What it says.
    pub scenarios: Scenarios,
}

/// Every route.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/v1/models", get(model::list_models))
        .route("/v1/chat/completions", post(model::create_completion))
        .route("/v1/{*path}", axum::routing::any(model::unknown_route))
        .nest("/git", git::routes(Area::Public))
        .nest("/private", git::routes(Area::Private))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(Arc::new(app))
}

/// Says to a person with a browser what this is.
async fn index() -> String {
    let names = samples::SAMPLES
        .iter()
        .map(|sample| format!("  git clone http://HOST/git/{}.git\n", sample.name));
    format!(
        "AIdeator's demo: a scripted model and sample repositories.\n\nModel (OpenAI-compatible): /v1\n{}",
        names.collect::<String>()
    )
}
