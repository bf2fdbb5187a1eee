//! `/api/v1/runs`: one file per endpoint.

pub mod bundle;
pub mod cancel;
pub mod commands;
pub mod create;
pub mod judge;
pub mod list;
pub mod logs;
pub mod patch;
pub mod publish;
pub mod retry;
pub mod select;
pub mod shares;
pub mod show;
pub mod stream;
pub mod verify;
mod view;

pub use view::{RunView, VariationView};

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};

use crate::api::error::{ApiError, ApiResult};
use crate::api::extract::Json;
use crate::app::AppState;
use crate::auth::{CurrentUser, Scope};
use crate::model::{Run, RunId, Variation};

/// The user's run of that id. A run of somebody else is not there.
async fn find_run(app: &AppState, user: &CurrentUser, id: &str) -> ApiResult<Run> {
    let parsed: Option<RunId> = id.parse().ok();
    if let Some(parsed) = parsed
        && let Some(run) = app.db.run(parsed).await?
        && run.user == user.id.as_str()
    {
        return Ok(run);
    }
    Err(ApiError::not_found("run", id))
}

/// The same, for a credential that may read runs.
async fn readable_run(app: &AppState, user: &CurrentUser, id: &str) -> ApiResult<Run> {
    user.require(Scope::RunsRead)?;
    find_run(app, user, id).await
}

/// What a change of a run answers: the run as it is now, or nothing to a credential that may not read runs.
async fn changed(
    app: &AppState,
    user: &CurrentUser,
    id: RunId,
    status: StatusCode,
) -> ApiResult<Response> {
    if user.require(Scope::RunsRead).is_err() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let run = app.db.run(id).await?;
    let run = run.ok_or_else(|| ApiError::not_found("run", id))?;
    let view = RunView::new(run, app.kubectl.namespace());
    Ok((status, Json(view)).into_response())
}

/// A run with those before and after it, which a share link does not open and does not name.
async fn whole_view(app: &AppState, user: &CurrentUser, mut run: Run) -> ApiResult<RunView> {
    let follow_ups = if user.is_guest() {
        run.base = None;
        Vec::new()
    } else {
        app.db.follow_ups(run.id).await?
    };
    let mut view = RunView::new(run, app.kubectl.namespace());
    view.follow_ups = Some(follow_ups.into_iter().map(Into::into).collect());
    Ok(view)
}

/// The attempt at a variation that a query names; the last one unless it does.
fn find_attempt(run: &Run, index: u8, attempt: Option<u32>) -> ApiResult<&Variation> {
    let current = find_agent(run, index)?;
    let Some(attempt) = attempt else {
        return Ok(current);
    };
    let mut all = run.earlier.iter().chain([current]);
    all.find(|it| it.key.index == index && it.key.attempt == attempt)
        .ok_or_else(|| ApiError::not_found("attempt", attempt))
}

/// A variation, or the run's judge or publisher.
fn find_agent(run: &Run, index: u8) -> ApiResult<&Variation> {
    run.agent(index)
        .ok_or_else(|| ApiError::not_found("variation", index))
}

fn find_variation(run: &Run, index: u8) -> ApiResult<&Variation> {
    run.variations
        .get(usize::from(index))
        .ok_or_else(|| ApiError::not_found("variation", index))
}
