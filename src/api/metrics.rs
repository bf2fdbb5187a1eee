//! `GET /metrics`, on a port of its own: it needs no credential, so it is not for the world.

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use super::error::{ApiError, ApiResult};
use crate::app::AppState;
use crate::clock;
use crate::telemetry::metrics;

/// Prometheus' text format (<https://prometheus.io/docs/instrumenting/exposition_formats/>).
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The one route of the metrics' port.
pub fn router(app: AppState) -> Router {
    Router::new().route("/metrics", get(show)).with_state(app)
}

async fn show(State(app): State<AppState>) -> ApiResult<impl IntoResponse> {
    let variations = app.db.count_variations().await.map_err(ApiError::from)?;
    let runs = app.db.count_runs().await.map_err(ApiError::from)?;
    let queue = app.db.queue().await.map_err(ApiError::from)?;
    metrics::holdings(&runs, &variations, app.store.free().ok());
    metrics::queue(&queue, app.config.limits.places.all, clock::now_ms());
    Ok(([(header::CONTENT_TYPE, TEXT)], metrics::text()))
}
