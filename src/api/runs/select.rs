//! `POST` and `DELETE /api/v1/runs/{id}/select`.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{RunView, changed, find_run};
use crate::api::error::{ApiError, ApiResult, FieldError, Problem};
use crate::api::extract::{Json, Path};
use crate::app::AppState;
use crate::auth::{CurrentUser, Scope};
use crate::model::{Run, VariationStatus};

const LONGEST_NOTE: usize = 2000;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SelectRequest {
    #[schema(minimum = 0, maximum = 255, example = 0)]
    pub winning_variation_id: u8,
    #[schema(max_length = 2000, example = "the smallest change")]
    pub note: Option<String>,
    /// Also cancel the variations that have not ended.
    #[serde(default)]
    pub cancel_others: bool,
}

/// Pick a variation. The same pick twice is one; another pick replaces it.
#[utoipa::path(
    post, path = "/api/v1/runs/{id}/select", tag = "runs", params(("id" = String, Path)),
    request_body = SelectRequest,
    responses(
        (status = 200, body = RunView),
        (status = 204, description = "done; the credential may not read runs"),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "it has no result"), (status = 422, body = Problem),
    )
)]
pub async fn select_variation(
    app: AppState,
    user: CurrentUser,
    Path(id): Path<String>,
    Json(request): Json<SelectRequest>,
) -> ApiResult<Response> {
    user.require(Scope::RunsCreate)?;
    let run = find_run(&app, &user, &id).await?;
    let index = request.winning_variation_id;
    check(&run, &request)?;
    app.db
        .select(
            run.id,
            Some(index),
            request.note.as_deref(),
            app.clock.now_ms(),
        )
        .await?;
    if request.cancel_others {
        let others = run
            .variations
            .iter()
            .filter(|v| v.key.index != index && !v.status.is_terminal());
        for other in others {
            app.runs
                .cancel(run.id, Some(other.key.index))
                .await
                .map_err(ApiError::internal)?;
        }
    }
    changed(&app, &user, run.id, StatusCode::OK).await
}

fn check(run: &Run, request: &SelectRequest) -> ApiResult<()> {
    let index = request.winning_variation_id;
    let Some(variation) = run.variations.get(usize::from(index)) else {
        let last = run.variations.len().saturating_sub(1);
        let message = format!("must be 0 to {last}");
        return Err(ApiError::unprocessable(vec![FieldError::body(
            "winning_variation_id",
            message,
        )]));
    };
    let note = request.note.as_deref().unwrap_or_default();
    if note.chars().count() > LONGEST_NOTE {
        let message = format!("must have at most {LONGEST_NOTE} characters");
        return Err(ApiError::unprocessable(vec![FieldError::body(
            "note", message,
        )]));
    }
    let has_patch = variation
        .settled
        .as_ref()
        .is_some_and(|settled| settled.patch.is_some());
    if variation.status == VariationStatus::Succeeded || has_patch {
        return Ok(());
    }
    let why = if variation.status.is_terminal() {
        format!(
            "variation {index} is {} and left no patch; pick one that has a result",
            variation.status
        )
    } else {
        format!(
            "variation {index} is still {}; wait for its end",
            variation.status
        )
    };
    Err(ApiError::conflict("no_result", why))
}

/// Take the pick back.
#[utoipa::path(
    delete, path = "/api/v1/runs/{id}/select", tag = "runs", params(("id" = String, Path)),
    responses(
        (status = 200, body = RunView),
        (status = 204, description = "done; the credential may not read runs"),
        (status = 404, body = Problem),
    )
)]
pub async fn unselect(
    app: AppState,
    user: CurrentUser,
    Path(id): Path<String>,
) -> ApiResult<Response> {
    user.require(Scope::RunsCreate)?;
    let run = find_run(&app, &user, &id).await?;
    app.db
        .select(run.id, None, None, app.clock.now_ms())
        .await?;
    changed(&app, &user, run.id, StatusCode::OK).await
}
