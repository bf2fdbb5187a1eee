//! Liveness and readiness.

use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::extract::Json;
use crate::app::AppState;
use crate::config::Environment;

/// The process answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthResponse {
    pub status: Health,
    pub version: &'static str,
    pub environment: Environment,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    Healthy,
    Unhealthy,
}

/// What the server needs, one by one.
#[derive(Debug, Serialize, ToSchema)]
pub struct DetailedHealthResponse {
    pub status: Health,
    pub version: &'static str,
    pub environment: Environment,
    pub checks: Vec<Check>,
}

/// One thing that the server needs.
#[derive(Debug, Serialize, ToSchema)]
pub struct Check {
    pub name: &'static str,
    pub status: Health,
    /// What was found, or what to do.
    pub message: String,
}

impl Check {
    /// A check that passed.
    pub fn healthy(name: &'static str, message: impl Into<String>) -> Self {
        Self {
            name,
            status: Health::Healthy,
            message: message.into(),
        }
    }

    /// A check that failed; `message` says what to do. Health is public: it must not hold secrets or paths.
    pub fn unhealthy(name: &'static str, message: impl Into<String>) -> Self {
        Self {
            name,
            status: Health::Unhealthy,
            message: message.into(),
        }
    }
}

/// Liveness: the process answers.
#[utoipa::path(get, path = "/api/v1/health", tag = "health", security(()), responses((status = 200, body = HealthResponse)))]
pub async fn health(app: AppState) -> Json<HealthResponse> {
    Json(HealthResponse {
        status: Health::Healthy,
        version: env!("CARGO_PKG_VERSION"),
        environment: app.config.http.environment,
    })
}

/// Readiness: everything that the server needs, one by one.
#[utoipa::path(
    get, path = "/api/v1/health/detailed", tag = "health", security(()),
    responses((status = 200, body = DetailedHealthResponse), (status = 503, body = DetailedHealthResponse, description = "not ready"))
)]
pub async fn detailed_health(app: AppState) -> (StatusCode, Json<DetailedHealthResponse>) {
    let mut checks = vec![database(&app).await, storage(&app).await];
    checks.extend(cluster(&app));
    let ready = checks.iter().all(|check| check.status == Health::Healthy);
    let (code, status) = if ready {
        (StatusCode::OK, Health::Healthy)
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, Health::Unhealthy)
    };
    let body = DetailedHealthResponse {
        status,
        version: env!("CARGO_PKG_VERSION"),
        environment: app.config.http.environment,
        checks,
    };
    (code, Json(body))
}

async fn database(app: &AppState) -> Check {
    match app.db.ping().await {
        Ok(()) => Check::healthy("database", "answers"),
        Err(error) => {
            tracing::error!(error = %error, "the database does not answer");
            Check::unhealthy("database", "does not answer; the server's log says why")
        }
    }
}

/// Writes a file where the logs go: a full or read-only volume is found before a run is.
async fn storage(app: &AppState) -> Check {
    let probe = app.config.storage.data_dir.join(".health");
    match tokio::fs::write(&probe, b"writable\n").await {
        Ok(()) => Check::healthy("storage", "writable"),
        Err(error) => {
            tracing::error!(error = %error, "DATA_DIR is not writable");
            Check::unhealthy(
                "storage",
                format!("DATA_DIR is not writable: {}", error.kind()),
            )
        }
    }
}

/// kubectl and its rights; the lead fills this in.
fn cluster(_app: &AppState) -> Vec<Check> {
    Vec::new()
}
