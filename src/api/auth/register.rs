//! `POST /api/v1/auth/register`.

use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::UserResponse;
use crate::api::error::{ApiError, ApiResult, FieldError, Problem};
use crate::api::extract::Json;
use crate::app::AppState;
use crate::auth::{NewAccount, User};
use crate::config::Registration;
use crate::db::users::NewUser;

#[derive(Deserialize, ToSchema)]
pub struct RegisterRequest {
    #[schema(min_length = 3, max_length = 254, example = "test@example.com")]
    pub email: String,
    /// At least 8 characters with an upper-case letter, a lower-case letter and a digit.
    #[schema(min_length = 8, example = "TestPass123")]
    pub password: String,
    #[schema(max_length = 200)]
    pub full_name: Option<String>,
    #[schema(max_length = 200)]
    pub company: Option<String>,
}

/// Create an account. The first one of a server is an admin.
#[utoipa::path(
    post, path = "/api/v1/auth/register", tag = "auth", security(()),
    request_body = RegisterRequest,
    responses(
        (status = 201, body = UserResponse),
        (status = 403, body = Problem, description = "registration is closed"),
        (status = 409, body = Problem, description = "the address is taken"),
        (status = 422, body = Problem),
    )
)]
pub async fn register(
    app: AppState,
    Json(request): Json<RegisterRequest>,
) -> ApiResult<(StatusCode, Json<UserResponse>)> {
    let policy = app.config.auth.registration;
    if policy == Registration::Closed {
        return Err(closed());
    }
    let account = NewAccount {
        email: request.email,
        password: request.password,
        full_name: request.full_name,
        company: request.company,
    };
    let (user, password) = account.check(app.clock.now_ms()).map_err(|problems| {
        let errors = problems.iter();
        ApiError::unprocessable(
            errors
                .map(|it| FieldError::body(it.field, &*it.message))
                .collect(),
        )
    })?;
    let hash = app.auth.passwords.hash(password).await?;
    let only_first = policy == Registration::First;
    match app.db.insert_user(&user, &hash, only_first).await? {
        NewUser::Created(role) => {
            let user = User { role, ..user };
            Ok((StatusCode::CREATED, Json(user.into())))
        }
        NewUser::NotFirst => Err(closed()),
        NewUser::EmailTaken => Err(ApiError::conflict(
            "email_taken",
            "an account with this e-mail address exists: log in instead",
        )),
    }
}

fn closed() -> ApiError {
    let detail = "registration is closed on this server: ask its operator for an account";
    ApiError::new(StatusCode::FORBIDDEN, "registration_closed", detail)
}
