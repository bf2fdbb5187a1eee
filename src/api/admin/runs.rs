//! `GET /api/v1/admin/runs`.

use serde::Serialize;
use utoipa::ToSchema;

use super::PageQuery;
use crate::api::error::{ApiResult, Problem};
use crate::api::extract::{Json, Query};
use crate::api::page::Page;
use crate::app::AppState;
use crate::auth::CurrentUser;
use crate::clock::rfc3339;
use crate::db::runs::RunOfUser;
use crate::model::RunStatus;

/// That there is a run, and whose; not what it is about.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminRunResponse {
    pub run_id: String,
    pub user_id: String,
    pub email: String,
    pub status: RunStatus,
    pub variations: i64,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// RFC 3339, UTC; null until it has ended.
    pub finished_at: Option<String>,
}

/// A page of runs of all users, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminRunListResponse {
    pub items: Vec<AdminRunResponse>,
    /// On all pages.
    pub total: i64,
    pub page: u32,
    pub per_page: u32,
    pub pages: i64,
}

impl From<RunOfUser> for AdminRunResponse {
    fn from(run: RunOfUser) -> Self {
        Self {
            run_id: run.id.to_string(),
            user_id: run.user,
            email: run.email,
            status: run.status,
            variations: run.variations,
            created_at: rfc3339(run.created_ms),
            finished_at: run.finished_ms.map(rfc3339),
        }
    }
}

/// The runs of all users, newest first, without what they are about: prompts and results are their users'.
/// For admins, who ask with a session.
#[utoipa::path(
    get, path = "/api/v1/admin/runs", tag = "admin", params(PageQuery),
    responses(
        (status = 200, body = AdminRunListResponse),
        (status = 401, body = Problem),
        (status = 403, body = Problem, description = "not an admin's session"),
        (status = 422, body = Problem),
    )
)]
pub async fn list_all_runs(
    app: AppState,
    user: CurrentUser,
    Query(query): Query<PageQuery>,
) -> ApiResult<Json<AdminRunListResponse>> {
    user.require_admin()?;
    let page = Page::of(query.page, query.per_page)?;
    let (runs, total) = app.db.runs_of_all(page.rows()).await?;
    Ok(Json(AdminRunListResponse {
        items: runs.into_iter().map(AdminRunResponse::from).collect(),
        total,
        page: page.page,
        per_page: page.per_page,
        pages: page.pages(total),
    }))
}
