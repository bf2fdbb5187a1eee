//! `DELETE /api/v1/runs/{id}`, `POST …/cancel`, `POST …/variations/{i}/cancel`.

use axum::http::StatusCode;
use axum::response::Response;

use super::{RunView, changed, find_agent, find_run};
use crate::api::error::{ApiError, ApiResult, Problem};
use crate::api::extract::Path;
use crate::app::AppState;
use crate::auth::{CurrentUser, Scope};

/// Cancel a run. Its pods get SIGTERM and 30 s; logs and partial patches are kept. A variation is
/// `cancelled` when its pod is gone; one that had ended stays as it is.
#[utoipa::path(
    delete, path = "/api/v1/runs/{id}", tag = "runs", params(("id" = String, Path)),
    responses(
        (status = 202, body = RunView),
        (status = 204, description = "done; the credential may not read runs"),
        (status = 404, body = Problem),
    )
)]
pub async fn delete_run(
    app: AppState,
    user: CurrentUser,
    path: Path<String>,
) -> ApiResult<Response> {
    cancel_run(app, user, path).await
}

/// The same, for clients without DELETE.
#[utoipa::path(
    post, path = "/api/v1/runs/{id}/cancel", tag = "runs", params(("id" = String, Path)),
    responses(
        (status = 202, body = RunView),
        (status = 204, description = "done; the credential may not read runs"),
        (status = 404, body = Problem),
    )
)]
pub async fn cancel_run(
    app: AppState,
    user: CurrentUser,
    Path(id): Path<String>,
) -> ApiResult<Response> {
    cancel(&app, &user, &id, None).await
}

/// Cancel one variation; the others go on.
#[utoipa::path(
    post, path = "/api/v1/runs/{id}/variations/{variation}/cancel", tag = "runs",
    params(("id" = String, Path), ("variation" = u8, Path)),
    responses(
        (status = 202, body = RunView),
        (status = 204, description = "done; the credential may not read runs"),
        (status = 404, body = Problem),
    )
)]
pub async fn cancel_variation(
    app: AppState,
    user: CurrentUser,
    Path((id, index)): Path<(String, u8)>,
) -> ApiResult<Response> {
    cancel(&app, &user, &id, Some(index)).await
}

async fn cancel(
    app: &AppState,
    user: &CurrentUser,
    id: &str,
    index: Option<u8>,
) -> ApiResult<Response> {
    user.require(Scope::RunsCancel)?;
    let run = find_run(app, user, id).await?;
    if let Some(index) = index {
        find_agent(&run, index)?;
    }
    app.runs
        .cancel(run.id, index)
        .await
        .map_err(ApiError::internal)?;
    changed(app, user, run.id, StatusCode::ACCEPTED).await
}
