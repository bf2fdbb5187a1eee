//! `GET /api/v1/admin/users`.

use serde::Serialize;
use utoipa::ToSchema;

use super::PageQuery;
use crate::api::auth::UserResponse;
use crate::api::error::{ApiResult, Problem};
use crate::api::extract::{Json, Query};
use crate::api::page::Page;
use crate::app::AppState;
use crate::auth::CurrentUser;
use crate::clock::rfc3339;
use crate::db::users::SeenUser;

/// An account as an admin sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminUserResponse {
    #[serde(flatten)]
    pub user: UserResponse,
    /// RFC 3339, UTC; null while the account is enabled.
    pub disabled_at: Option<String>,
    /// The last login or use of a key, to the minute; null where there was none since this is noted.
    pub last_seen_at: Option<String>,
    /// That open something: neither revoked nor expired.
    pub api_keys: i64,
    /// That are stored.
    pub runs: i64,
    pub today: TodayResponse,
}

/// What an account has used on this day (UTC).
#[derive(Debug, Serialize, ToSchema)]
pub struct TodayResponse {
    /// Runs that were started.
    pub runs: i64,
    /// In and out, also of judges.
    pub tokens: i64,
    /// In US dollars, of what is known; null where no cost is.
    pub known_cost_usd: Option<f64>,
}

/// A page of accounts, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserListResponse {
    pub items: Vec<AdminUserResponse>,
    /// On all pages.
    pub total: i64,
    pub page: u32,
    pub per_page: u32,
    pub pages: i64,
}

impl From<SeenUser> for AdminUserResponse {
    fn from(seen: SeenUser) -> Self {
        Self {
            disabled_at: seen.user.disabled_at.map(rfc3339),
            last_seen_at: seen.last_seen_at.map(rfc3339),
            api_keys: seen.api_keys,
            runs: seen.runs,
            today: TodayResponse {
                runs: seen.today.runs,
                tokens: seen.today.tokens,
                known_cost_usd: seen.today.known_usd,
            },
            user: seen.user.into(),
        }
    }
}

/// All accounts, newest first. For admins, who ask with a session.
#[utoipa::path(
    get, path = "/api/v1/admin/users", tag = "admin", params(PageQuery),
    responses(
        (status = 200, body = UserListResponse),
        (status = 401, body = Problem),
        (status = 403, body = Problem, description = "not an admin's session"),
        (status = 422, body = Problem),
    )
)]
pub async fn list_users(
    app: AppState,
    user: CurrentUser,
    Query(query): Query<PageQuery>,
) -> ApiResult<Json<UserListResponse>> {
    user.require_admin()?;
    let page = Page::of(query.page, query.per_page)?;
    let (users, total) = app.db.users(app.clock.now_ms(), page.rows()).await?;
    Ok(Json(UserListResponse {
        items: users.into_iter().map(AdminUserResponse::from).collect(),
        total,
        page: page.page,
        per_page: page.per_page,
        pages: page.pages(total),
    }))
}
