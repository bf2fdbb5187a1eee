//! `GET /api/v1/auth/me`.

use super::UserResponse;
use crate::api::error::{ApiError, ApiResult, Problem};
use crate::api::extract::Json;
use crate::app::AppState;
use crate::auth::CurrentUser;

/// Who is asking.
#[utoipa::path(
    get, path = "/api/v1/auth/me", tag = "auth",
    responses((status = 200, body = UserResponse), (status = 401, body = Problem))
)]
pub async fn me(app: AppState, user: CurrentUser) -> ApiResult<Json<UserResponse>> {
    let found = app.db.user(&user.id).await?;
    let user = found.ok_or_else(|| ApiError::not_found("user", &user.id))?;
    Ok(Json(user.into()))
}
