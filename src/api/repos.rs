//! `GET /api/v1/repos/check`.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::error::{ApiError, ApiResult, FieldError, Problem};
use super::extract::{Json, Query};
use crate::app::AppState;
use crate::auth::{CurrentUser, Scope};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct CheckRepoQuery {
    url: String,
    /// Branch, tag or commit; the default branch unless given.
    r#ref: Option<String>,
}

/// A repository that runs can start from.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckRepoResponse {
    pub default_branch: Option<String>,
    /// The commit that the ref names now.
    pub sha: String,
    pub branches: Vec<String>,
}

/// Whether a repository and ref can be worked on.
#[utoipa::path(
    get, path = "/api/v1/repos/check", tag = "runs", params(CheckRepoQuery),
    responses((status = 200, body = CheckRepoResponse), (status = 422, body = Problem))
)]
pub async fn check_repo(
    app: AppState,
    user: CurrentUser,
    Query(query): Query<CheckRepoQuery>,
) -> ApiResult<Json<CheckRepoResponse>> {
    user.require(Scope::RunsRead)?;
    let refuse = |name: &str, message: String| {
        ApiError::unprocessable(vec![FieldError::at("query", name, message)])
    };
    let url = app
        .repos
        .check_url(query.url.trim())
        .map_err(|error| refuse("url", error.to_string()))?;
    let git_ref = query.r#ref.as_deref().filter(|name| !name.is_empty());
    let found = app.repos.resolve(&url, git_ref).await.map_err(|error| {
        let name = if error.is_about_ref() { "ref" } else { "url" };
        refuse(name, error.to_string())
    })?;
    Ok(Json(CheckRepoResponse {
        default_branch: found.default_branch,
        sha: found.sha,
        branches: found.branches,
    }))
}
