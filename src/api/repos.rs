//! `GET /api/v1/repos/check`.

use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::{IntoParams, ToSchema};

use super::error::{ApiError, ApiResult, FieldError, Problem};
use super::extract::{Json, Query};
use crate::app::AppState;
use crate::auth::{CurrentUser, Scope};
use crate::credentials::GitAccess;
use crate::model::git_host;
use crate::repo::{RepoError, Resolved};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct CheckRepoQuery {
    /// An https URL on an allowed host.
    #[param(example = "https://github.com/octocat/Hello-World")]
    url: String,
    /// Branch, tag or commit; the default branch unless given.
    #[param(example = "main")]
    r#ref: Option<String>,
}

/// A repository that runs can start from.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckRepoResponse {
    pub default_branch: Option<String>,
    /// The commit that the ref names now.
    pub sha: String,
    pub branches: Vec<String>,
    /// It is not open to everybody, and your stored credential opens it.
    pub private: bool,
}

/// A repository that was asked for a commit.
pub(super) struct Found {
    pub(super) resolved: Resolved,
    /// What it was opened with, where it is not open to everybody.
    pub(super) access: Option<GitAccess>,
}

/// Finds a ref's commit: with `given` access, else as nobody, and where that is refused with what the
/// user has stored for the host. So a run on a public repository never carries a token. `refuse` gets
/// whether the ref is at fault, and why.
pub(super) async fn find(
    app: &AppState,
    user: &CurrentUser,
    url: &Url,
    git_ref: Option<&str>,
    given: Option<GitAccess>,
    refuse: impl Fn(bool, String) -> ApiError,
) -> ApiResult<Found> {
    let refuse = |error: RepoError| refuse(error.is_about_ref(), error.to_string());
    let refused = match app.repos.resolve(url, git_ref, given.as_ref()).await {
        Ok(resolved) => {
            return Ok(Found {
                resolved,
                access: given,
            });
        }
        Err(error @ RepoError::Refused(_)) if given.is_none() => error,
        Err(error) => return Err(refuse(error)),
    };
    let host = git_host(url.as_str());
    let stored = app.credentials.git(user.id.as_str(), &host).await?;
    let access = stored.ok_or_else(|| refuse(refused))?;
    let resolved = app.repos.resolve(url, git_ref, Some(&access)).await;
    Ok(Found {
        resolved: resolved.map_err(refuse)?,
        access: Some(access),
    })
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
    let refuse = |ref_is_wrong, why| refuse(if ref_is_wrong { "ref" } else { "url" }, why);
    let Found { resolved, access } = find(&app, &user, &url, git_ref, None, refuse).await?;
    Ok(Json(CheckRepoResponse {
        default_branch: resolved.default_branch,
        sha: resolved.sha,
        branches: resolved.branches,
        private: access.is_some(),
    }))
}
