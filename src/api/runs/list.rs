//! `GET /api/v1/runs`.

use axum::http::HeaderMap;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::RunView;
use crate::api::error::{ApiError, ApiResult, FieldError, Problem};
use crate::api::extract::{Json, Query};
use crate::api::page::Page;
use crate::app::AppState;
use crate::auth::{CurrentUser, Scope};
use crate::db::runs::RunFilter;
use crate::model::RunStatus;

const LONGEST_TEXT: usize = 200;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ListRunsQuery {
    /// Only runs in this state.
    status: Option<RunStatus>,
    /// Only runs with this text in their prompt, repository, ref, commit or id.
    #[param(max_length = 200, example = "duration")]
    q: Option<String>,
    /// From 1.
    #[param(minimum = 1, maximum = 1_000_000, example = 1)]
    page: Option<u32>,
    /// 1 to 100, 20 unless given.
    #[param(minimum = 1, maximum = 100, example = 20)]
    per_page: Option<u32>,
}

/// A page of runs, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunListResponse {
    pub items: Vec<RunView>,
    /// On all pages.
    pub total: i64,
    pub page: u32,
    pub per_page: u32,
    pub pages: i64,
}

/// Your runs, newest first.
#[utoipa::path(
    get, path = "/api/v1/runs", tag = "runs", params(ListRunsQuery),
    responses((status = 200, body = RunListResponse), (status = 304), (status = 401, body = Problem), (status = 422, body = Problem))
)]
pub async fn list_runs(
    app: AppState,
    user: CurrentUser,
    Query(query): Query<ListRunsQuery>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    user.require(Scope::RunsRead)?;
    let mut errors = Vec::new();
    let page = Page::check(query.page, query.per_page, &mut errors);
    let text = query.q.as_deref().map(str::trim).unwrap_or_default();
    if text.chars().count() > LONGEST_TEXT {
        errors.push(FieldError::at(
            "query",
            "q",
            "must have at most 200 characters",
        ));
    }
    if !errors.is_empty() {
        return Err(ApiError::unprocessable(errors));
    }
    let which = RunFilter {
        status: query.status,
        text: Some(text.to_owned()).filter(|text| !text.is_empty()),
        page: page.rows(),
    };
    let found = app.db.runs_of(user.id.as_str(), &which).await?;
    let list = RunListResponse {
        items: found
            .runs
            .into_iter()
            .map(|run| RunView::new(run, app.kubectl.namespace()))
            .collect(),
        total: found.total,
        page: page.page,
        per_page: page.per_page,
        pages: page.pages(found.total),
    };
    Json(list).tagged(&headers)
}
