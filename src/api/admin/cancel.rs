//! `POST /api/v1/admin/runs/{id}/cancel`.

use axum::http::StatusCode;

use crate::api::error::{ApiError, ApiResult, Problem};
use crate::api::extract::Path;
use crate::app::AppState;
use crate::auth::audit::{Event, Origin};
use crate::auth::{CurrentUser, UserId};
use crate::model::RunId;

/// Cancel anybody's run, as its user could: logs and partial patches are kept. Its variations say that an admin
/// did it (`cancelled_by_admin`). For admins, who ask with a session.
#[utoipa::path(
    post, path = "/api/v1/admin/runs/{id}/cancel", tag = "admin",
    params(("id" = String, Path, description = "the run's id, `run-…`")),
    responses(
        (status = 202, description = "asked to stop, or ended before"),
        (status = 401, body = Problem),
        (status = 403, body = Problem, description = "not an admin's session"),
        (status = 404, body = Problem),
    )
)]
pub async fn cancel_any_run(
    app: AppState,
    user: CurrentUser,
    origin: Origin,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    user.require_admin()?;
    let unknown = || ApiError::not_found("run", &id);
    let run: RunId = id.parse().map_err(|_| unknown())?;
    let owner = UserId::from_stored(app.db.run(run).await?.ok_or_else(unknown)?.user);
    let entry = origin.entry(Event::RunCancelled).about(&owner).on(run);
    app.runs
        .cancel_by_admin(run, entry)
        .await
        .map_err(ApiError::internal)?;
    Ok(StatusCode::ACCEPTED)
}
