//! Liveness and readiness.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::extract::Json;
use crate::app::AppState;
use crate::config::Environment;
use crate::kubectl::Kubectl;

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
#[derive(Clone, Debug, Serialize, ToSchema)]
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
    checks.extend(app.readiness.ask(&app.kubectl).await);
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
        // Low on room it is still ready: what was stored can be read, and what runs goes on.
        Ok(()) => Check::healthy("storage", room(app)),
        Err(error) => {
            tracing::error!(error = %error, "DATA_DIR is not writable");
            Check::unhealthy(
                "storage",
                format!("DATA_DIR is not writable: {}", error.kind()),
            )
        }
    }
}

fn room(app: &AppState) -> String {
    match app.store.free() {
        Ok(free) if free < app.config.storage.min_free => {
            format!(
                "writable, but {} MiB free: new runs are refused",
                free >> 20
            )
        }
        Ok(free) => format!("writable, {} MiB free", free >> 20),
        Err(error) => format!("writable; its room cannot be told: {}", error.kind()),
    }
}

/// What was found when kubectl was asked last: probes come every few seconds, and a kubectl costs
/// 50 ms of CPU.
#[derive(Debug, Default)]
pub struct Readiness(tokio::sync::Mutex<Option<(Instant, Vec<Check>)>>);

/// How long an answer is good: a bad one is asked about again soon.
const GOOD_FOR: Duration = Duration::from_mins(1);
const BAD_FOR: Duration = Duration::from_secs(3);

impl Readiness {
    /// kubectl and its rights, as of now or a moment ago.
    pub async fn ask(&self, kubectl: &Kubectl) -> Vec<Check> {
        let mut last = self.0.lock().await;
        if let Some((at, checks)) = last.as_ref() {
            let healthy = checks.iter().all(|check| check.status == Health::Healthy);
            if at.elapsed() < if healthy { GOOD_FOR } else { BAD_FOR } {
                return checks.clone();
            }
        }
        let checks = cluster(kubectl).await;
        *last = Some((Instant::now(), checks.clone()));
        checks
    }
}

async fn cluster(kubectl: &Kubectl) -> Vec<Check> {
    let (version, rights) = tokio::join!(kubectl.version(), kubectl.can_i("create", "jobs"));
    let kubectl = match version {
        Ok(versions) => Check::healthy(
            "kubectl",
            format!("client {}, server {}", versions.client, versions.server),
        ),
        Err(error) => {
            tracing::error!(%error, "kubectl does not reach the cluster");
            Check::unhealthy(
                "kubectl",
                "does not reach the cluster; the server's log says why",
            )
        }
    };
    let rights = match rights {
        Ok(true) => Check::healthy("rights", "may create Jobs"),
        Ok(false) => Check::unhealthy(
            "rights",
            "the service account may not create Jobs; the chart's Role says what it needs",
        ),
        Err(_) => Check::unhealthy("rights", "could not be asked for"),
    };
    vec![kubectl, rights]
}
