//! `POST /api/v1/auth/password`.

use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::login::throttle;
use crate::api::error::{ApiError, ApiResult, FieldError, Problem};
use crate::api::extract::Json;
use crate::app::{App, AppState};
use crate::auth::audit::{Event, Origin};
use crate::auth::{Credential, CurrentUser, Passwords};

#[derive(Deserialize, ToSchema)]
pub struct ChangePasswordRequest {
    pub current_password: String,
    /// At least 8 characters with an upper-case letter, a lower-case letter and a digit.
    pub new_password: String,
}

/// Change the password. All other sessions of the account end, and their streams; API keys stay, and are
/// revoked one by one.
#[utoipa::path(
    post, path = "/api/v1/auth/password", tag = "auth",
    request_body = ChangePasswordRequest,
    responses(
        (status = 204),
        (status = 401, body = Problem),
        (status = 403, body = Problem, description = "asked with an API key, or the current password is another one (`wrong_password`)"),
        (status = 422, body = Problem),
        (status = 429, body = Problem, description = "too many attempts"),
    )
)]
pub async fn change_password(
    app: AppState,
    user: CurrentUser,
    origin: Origin,
    Json(request): Json<ChangePasswordRequest>,
) -> ApiResult<StatusCode> {
    let Credential::Session(session) = &user.credential else {
        return Err(ApiError::forbidden(
            "passwords are changed by people: log in and use the session's token",
        ));
    };
    if let Err(weakness) = Passwords::check(&request.new_password) {
        let error = FieldError::body("new_password", weakness.to_string());
        return Err(ApiError::unprocessable(vec![error]));
    }
    // A session that was left open must not be a way to guess: as many tries as logins.
    throttle(&app, &format!("account {}", user.email))?;
    let hash = app
        .db
        .user_by_email(&user.email)
        .await?
        .map(|found| found.1);
    let passwords = &app.auth.passwords;
    let current = request.current_password;
    let old = match hash {
        Some(old) if passwords.verify(current, Some(old.clone())).await? => old,
        _ => return Err(refused(&app, &origin).await?),
    };
    let new = passwords.hash(request.new_password).await?;
    let entry = origin.entry(Event::PasswordChanged);
    let change = (old.as_str(), new.as_str());
    if !app
        .db
        .change_password(&user.id, change, session, &entry)
        .await?
    {
        // Somebody else was faster.
        return Err(refused(&app, &origin).await?);
    }
    app.auth.ended.send_replace(());
    Ok(StatusCode::NO_CONTENT)
}

async fn refused(app: &App, origin: &Origin) -> ApiResult<ApiError> {
    let entry = origin.entry(Event::PasswordRefused);
    app.db.count_attempt(&entry).await?;
    let detail = "the current password is another one";
    Ok(ApiError::new(
        StatusCode::FORBIDDEN,
        "wrong_password",
        detail,
    ))
}
