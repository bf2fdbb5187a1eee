//! `POST /api/v1/runs/{id}/variations/{i}/retry`.

use axum::http::StatusCode;
use axum::response::Response;

use super::create::{check_budget, check_room};
use super::{RunView, changed, find_run, find_variation};
use crate::api::error::{ApiError, ApiResult, Problem};
use crate::api::extract::Path;
use crate::app::AppState;
use crate::auth::{CurrentUser, Scope};
use crate::runs::BUDGET_EXCEEDED;

/// Try a variation again, with the same inputs. Its new attempt runs in a Job of its own
/// (`agent-{run}-{i}-r{n}`); log and patch of the earlier one stay (`?attempt=`), and the stream tells
/// `agent_retry` and goes on with the new one. A run that had ended is running again.
#[utoipa::path(
    post, path = "/api/v1/runs/{id}/variations/{variation}/retry", tag = "runs",
    params(("id" = String, Path), ("variation" = u8, Path)),
    responses(
        (status = 202, body = RunView),
        (status = 204, description = "done; the credential may not read runs"),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "it has not ended, it was picked, the run has spent what it may (`budget_exceeded`), or a credential that it needs is gone"),
        (status = 429, body = Problem, description = "as much spent today as one may spend (`budget_exceeded`)"),
        (status = 507, body = Problem, description = "the server's disk is nearly full"),
    )
)]
pub async fn retry_variation(
    app: AppState,
    user: CurrentUser,
    Path((id, index)): Path<(String, u8)>,
) -> ApiResult<Response> {
    user.require(Scope::RunsCreate)?;
    let run = find_run(&app, &user, &id).await?;
    let variation = find_variation(&run, index)?;
    let picked = run.selection.as_ref().map(|selection| selection.index);
    if picked == Some(index) {
        let detail = format!(
            "variation {index} was picked; take that back first (DELETE /api/v1/runs/{id}/select)"
        );
        return Err(ApiError::conflict("selected", detail));
    }
    check_room(&app)?;
    check_budget(&app, user.id.as_str()).await?;
    if let Some(ceiling) = run.max_run_cost_usd
        && run.spent_usd().is_some_and(|spent| spent >= ceiling)
    {
        let detail = format!("the run has spent the ${ceiling} that it may spend; start a new one");
        return Err(ApiError::conflict(BUDGET_EXCEEDED, detail));
    }
    // A credential that was for this run only went with its end.
    app.credentials.of_run(&run, run.uses).await?;
    let retried = app.runs.retry(variation.key).await;
    if !retried.map_err(ApiError::internal)? {
        let detail = format!("variation {index} has not ended; cancel it or wait for its end");
        return Err(ApiError::conflict("not_ended", detail));
    }
    changed(&app, &user, run.id, StatusCode::ACCEPTED).await
}
