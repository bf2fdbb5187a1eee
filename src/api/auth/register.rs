//! `POST /api/v1/auth/register`.

use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::UserResponse;
use crate::api::error::{ApiError, ApiResult, FieldError, Problem};
use crate::api::extract::Json;
use crate::app::AppState;
use crate::auth::{Passwords, User, UserId};
use crate::config::Registration;
use crate::db::users::NewUser;

/// Longest e-mail address (RFC 5321) and longest other name, in characters.
const LONGEST_EMAIL: usize = 254;
const LONGEST_NAME: usize = 200;

#[derive(Deserialize, ToSchema)]
pub struct RegisterRequest {
    pub email: String,
    /// At least 8 characters with an upper-case letter, a lower-case letter and a digit.
    pub password: String,
    pub full_name: Option<String>,
    pub company: Option<String>,
}

impl RegisterRequest {
    /// The account, if every field is right.
    fn into_user(self, now: i64) -> Result<(User, String), Vec<FieldError>> {
        let email = self.email.trim().to_lowercase();
        let mut errors = Vec::new();
        if !is_email(&email) {
            errors.push(FieldError::body("email", "must be an e-mail address"));
        }
        if let Err(problem) = Passwords::check(&self.password) {
            errors.push(FieldError::body("password", problem.to_string()));
        }
        for (field, name) in [("full_name", &self.full_name), ("company", &self.company)] {
            if name
                .as_ref()
                .is_some_and(|name| name.chars().count() > LONGEST_NAME)
            {
                errors.push(FieldError::body(
                    field,
                    format!("must have at most {LONGEST_NAME} characters"),
                ));
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let user = User {
            id: UserId::new(),
            email,
            full_name: self.full_name,
            company: self.company,
            created_at: now,
        };
        Ok((user, self.password))
    }
}

/// Whether it has the form of an address. Whether mail arrives there only sending some could tell.
fn is_email(text: &str) -> bool {
    let plain = |c: char| !c.is_whitespace() && !c.is_control();
    text.chars().count() <= LONGEST_EMAIL
        && text.chars().all(plain)
        && text.rsplit_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && !host.is_empty() && !host.starts_with('.') && !host.ends_with('.')
        })
}

/// Create an account.
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
    let (user, password) = request
        .into_user(app.clock.now_ms())
        .map_err(ApiError::unprocessable)?;
    let hash = app.auth.passwords.hash(password).await?;
    let only_first = policy == Registration::First;
    match app.db.insert_user(&user, &hash, only_first).await? {
        NewUser::Created => Ok((StatusCode::CREATED, Json(user.into()))),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emails() {
        for good in ["test@example.com", "a+b@localhost", "ü@exämple.de"] {
            assert!(is_email(good), "{good}");
        }
        for bad in ["", "a", "@b", "a@", "a b@c", "a@b.", "a@.b", "a\u{7}@b"] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
