//! `GET /api/v1/runs`.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::RunView;
use crate::api::error::{ApiError, ApiResult, FieldError, Problem};
use crate::api::extract::{Json, Query};
use crate::app::AppState;
use crate::auth::{CurrentUser, Scope};
use crate::db::runs::RunFilter;
use crate::model::RunStatus;

const LAST_PAGE: u32 = 1_000_000;
const LARGEST_PAGE: u32 = 100;
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
    responses((status = 200, body = RunListResponse), (status = 401, body = Problem), (status = 422, body = Problem))
)]
pub async fn list_runs(
    app: AppState,
    user: CurrentUser,
    Query(query): Query<ListRunsQuery>,
) -> ApiResult<Json<RunListResponse>> {
    user.require(Scope::RunsRead)?;
    let (page, per_page) = (query.page.unwrap_or(1), query.per_page.unwrap_or(20));
    let mut errors = Vec::new();
    if !(1..=LAST_PAGE).contains(&page) {
        errors.push(FieldError::at("query", "page", "must be 1 to 1000000"));
    }
    if !(1..=LARGEST_PAGE).contains(&per_page) {
        errors.push(FieldError::at("query", "per_page", "must be 1 to 100"));
    }
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
    let limit = i64::from(per_page);
    let which = RunFilter {
        status: query.status,
        text: Some(text.to_owned()).filter(|text| !text.is_empty()),
        offset: (i64::from(page) - 1) * limit,
        limit,
    };
    let found = app.db.runs_of(user.id.as_str(), &which).await?;
    Ok(Json(RunListResponse {
        items: found
            .runs
            .into_iter()
            .map(|run| RunView::new(run, app.kubectl.namespace()))
            .collect(),
        total: found.total,
        page,
        per_page,
        pages: (found.total + limit - 1) / limit,
    }))
}
