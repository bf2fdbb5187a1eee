//! `GET /api/v1/runs/{id}`.

use axum::http::HeaderMap;
use axum::response::Response;

use super::{RunView, readable_run, whole_view};
use crate::api::error::{ApiResult, Problem};
use crate::api::extract::{Json, Path};
use crate::app::AppState;
use crate::auth::CurrentUser;

/// A run with its variations.
#[utoipa::path(
    get, path = "/api/v1/runs/{id}", tag = "runs", params(("id" = String, Path)),
    responses((status = 200, body = RunView), (status = 304), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub async fn show_run(
    app: AppState,
    user: CurrentUser,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let run = readable_run(&app, &user, &id).await?;
    Json(whole_view(&app, &user, run).await?).tagged(&headers)
}
