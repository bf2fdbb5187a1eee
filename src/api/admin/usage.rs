//! `GET /api/v1/admin/usage`.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::error::{ApiError, ApiResult, FieldError, Problem};
use crate::api::extract::{Json, Query};
use crate::api::page::Page;
use crate::app::AppState;
use crate::auth::CurrentUser;
use crate::clock::date;
use crate::db::usage::{DAY_MS, DayOfUser};

const MOST_DAYS: u32 = 366;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct UsageQuery {
    /// How many days (UTC) up to today: 1 to 366, 30 unless given.
    #[param(minimum = 1, maximum = 366, example = 7)]
    days: Option<u32>,
    /// From 1.
    #[param(minimum = 1, maximum = 1_000_000, example = 1)]
    page: Option<u32>,
    /// 1 to 100, 20 unless given.
    #[param(minimum = 1, maximum = 100, example = 20)]
    per_page: Option<u32>,
}

/// What one user has used on one day.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsageResponse {
    pub user_id: String,
    pub email: String,
    /// UTC, e.g. `2026-01-02`.
    pub day: String,
    /// Runs that were started.
    pub runs: i64,
    /// In and out, also of judges.
    pub tokens: i64,
    /// In US dollars, of what is known; null where no cost is.
    pub known_cost_usd: Option<f64>,
}

/// A page of days of users, the newest day first.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsageListResponse {
    pub items: Vec<UsageResponse>,
    /// On all pages.
    pub total: i64,
    pub page: u32,
    pub per_page: u32,
    pub pages: i64,
}

impl From<DayOfUser> for UsageResponse {
    fn from(used: DayOfUser) -> Self {
        Self {
            user_id: used.user_id,
            email: used.email,
            day: date(used.day.saturating_mul(DAY_MS)),
            runs: used.runs,
            tokens: used.tokens,
            known_cost_usd: used.known_usd,
        }
    }
}

/// What each user has used on each day; also of runs that are forgotten. For admins, who ask with a session.
#[utoipa::path(
    get, path = "/api/v1/admin/usage", tag = "admin", params(UsageQuery),
    responses(
        (status = 200, body = UsageListResponse),
        (status = 401, body = Problem),
        (status = 403, body = Problem, description = "not an admin's session"),
        (status = 422, body = Problem),
    )
)]
pub async fn list_usage(
    app: AppState,
    user: CurrentUser,
    Query(query): Query<UsageQuery>,
) -> ApiResult<Json<UsageListResponse>> {
    user.require_admin()?;
    let mut errors = Vec::new();
    let page = Page::check(query.page, query.per_page, &mut errors);
    let days = query.days.unwrap_or(30);
    if !(1..=MOST_DAYS).contains(&days) {
        errors.push(FieldError::at("query", "days", "must be 1 to 366"));
    }
    if !errors.is_empty() {
        return Err(ApiError::unprocessable(errors));
    }
    let since = app.clock.now_ms() - i64::from(days - 1) * DAY_MS;
    let (used, total) = app.db.usage(since, page.rows()).await?;
    Ok(Json(UsageListResponse {
        items: used.into_iter().map(UsageResponse::from).collect(),
        total,
        page: page.page,
        per_page: page.per_page,
        pages: page.pages(total),
    }))
}
