//! `POST /api/v1/admin/users/{id}/disable` and `/enable`.

use axum::http::StatusCode;

use crate::api::error::{ApiError, ApiResult, Problem};
use crate::api::extract::Path;
use crate::app::AppState;
use crate::auth::audit::{Event, Origin};
use crate::auth::{CurrentUser, UserId};
use crate::db::users::Disabled;

/// Disable an account. Its sessions, API keys and share links end for good, open streams with them, and it
/// cannot log in until it is enabled again. Its runs go on, and are kept. For admins, who ask with a session.
#[utoipa::path(
    post, path = "/api/v1/admin/users/{id}/disable", tag = "admin",
    params(("id" = String, Path, description = "the account's id, `user_…`")),
    responses(
        (status = 204, description = "disabled, now or before"),
        (status = 401, body = Problem),
        (status = 403, body = Problem, description = "not an admin's session"),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "your own account (`own_account`), or the last admin's (`last_admin`)"),
    )
)]
pub async fn disable_user(
    app: AppState,
    user: CurrentUser,
    origin: Origin,
    Path(id): Path<UserId>,
) -> ApiResult<StatusCode> {
    user.require_admin()?;
    if user.id == id {
        let detail = "this is your own account: another admin can disable it";
        return Err(ApiError::conflict("own_account", detail));
    }
    let entry = origin.entry(Event::AccountDisabled).about(&id);
    let now = app.clock.now_ms();
    match app.db.disable_user(&id, now, &entry).await? {
        Disabled::Done => {
            app.auth.ended.send_replace(());
            Ok(StatusCode::NO_CONTENT)
        }
        Disabled::LastAdmin => Err(ApiError::conflict(
            "last_admin",
            "this is the last admin: without one nobody could enable an account again",
        )),
        Disabled::Unknown => Err(ApiError::not_found("user", id)),
    }
}

/// Enable an account again. It logs in with its password, and makes new API keys. For admins, who ask with a
/// session.
#[utoipa::path(
    post, path = "/api/v1/admin/users/{id}/enable", tag = "admin",
    params(("id" = String, Path, description = "the account's id, `user_…`")),
    responses(
        (status = 204, description = "enabled, now or before"),
        (status = 401, body = Problem),
        (status = 403, body = Problem, description = "not an admin's session"),
        (status = 404, body = Problem),
    )
)]
pub async fn enable_user(
    app: AppState,
    user: CurrentUser,
    origin: Origin,
    Path(id): Path<UserId>,
) -> ApiResult<StatusCode> {
    user.require_admin()?;
    let entry = origin.entry(Event::AccountEnabled).about(&id);
    if app.db.enable_user(&id, &entry).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::not_found("user", id))
    }
}
