//! `POST /api/v1/auth/login` and `/logout`.

use axum::http::{HeaderName, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::error::{ApiError, ApiResult, Problem};
use crate::api::extract::Json;
use crate::app::{App, AppState};
use crate::auth::audit::{Entry, Event, Origin};
use crate::auth::{Credential, CurrentUser, SessionId, Sessions, UserId};

/// No account's address is longer; a longer one must not become a key of the throttle.
const LONGEST_EMAIL_BYTES: usize = 1024;

/// A `Set-Cookie` header.
type SetCookie = [(HeaderName, String); 1];

#[derive(Deserialize, ToSchema)]
pub struct LoginRequest {
    #[schema(example = "test@example.com")]
    pub email: String,
    #[schema(example = "TestPass123")]
    pub password: String,
}

#[derive(Serialize, ToSchema)]
pub struct LoginResponse {
    /// Send it as `Authorization: Bearer …`. The same session is set as a cookie for the web page.
    pub access_token: String,
    /// Always `bearer`.
    pub token_type: &'static str,
    /// Seconds until the session ends.
    pub expires_in: i64,
}

/// Start a session.
#[utoipa::path(
    post, path = "/api/v1/auth/login", tag = "auth", security(()),
    request_body = LoginRequest,
    responses(
        (status = 200, body = LoginResponse),
        (status = 401, body = Problem, description = "unknown or disabled account, or wrong password"),
        (status = 429, body = Problem, description = "too many attempts"),
    )
)]
pub async fn login(
    app: AppState,
    origin: Origin,
    Json(request): Json<LoginRequest>,
) -> ApiResult<(SetCookie, Json<LoginResponse>)> {
    let email = request.email.trim().to_lowercase();
    throttle(&app, &format!("address {}", origin.network))?;
    if email.len() > LONGEST_EMAIL_BYTES {
        return Err(no_such_account(&app, &origin, None).await?);
    }
    throttle(&app, &format!("account {email}"))?;

    let (user, hash) = app.db.user_by_email(&email).await?.unzip();
    let passwords = &app.auth.passwords;
    let matches = passwords.verify(request.password, hash.clone()).await?;
    let (user, hash) = match user.zip(hash) {
        Some((user, hash)) if matches && user.is_enabled() => (user, hash),
        other => return Err(no_such_account(&app, &origin, other.map(|(it, _)| it.id)).await?),
    };

    let sessions = &app.auth.sessions;
    let (session, now) = (SessionId::new(), app.clock.now_ms());
    let expires_at = now + sessions.life_seconds() * 1000;
    let entry = Entry {
        credential: Some(session.to_string()),
        ..origin.attempt(Event::LoggedIn).by(&user.id)
    };
    let made = app
        .db
        .insert_session(&session, &user.id, &hash, now, expires_at, &entry)
        .await?;
    if !made {
        // The password was changed, or the account disabled, while this one was compared.
        return Err(no_such_account(&app, &origin, Some(user.id)).await?);
    }
    let token = sessions.token(&user.id, &session, expires_at)?;
    let cookie = sessions.cookie(&token, secure(&app));
    let response = LoginResponse {
        access_token: token,
        token_type: "bearer",
        expires_in: sessions.life_seconds(),
    };
    Ok(([(header::SET_COOKIE, cookie)], Json(response)))
}

/// End the session that this request is part of.
#[utoipa::path(
    post, path = "/api/v1/auth/logout", tag = "auth",
    responses(
        (status = 204),
        (status = 400, body = Problem, description = "an API key is no session: revoke it instead"),
        (status = 401, body = Problem),
    )
)]
pub async fn logout(
    app: AppState,
    user: CurrentUser,
    origin: Origin,
) -> ApiResult<(StatusCode, SetCookie)> {
    let Credential::Session(session) = user.credential else {
        return Err(ApiError::bad_request(
            "an API key is no session: revoke it with DELETE /api/v1/auth/api-keys/{id}",
        ));
    };
    let entry = origin.entry(Event::LoggedOut);
    app.db.delete_session(&session, &entry).await?;
    app.auth.ended.send_replace(());
    let cookie = Sessions::removal(secure(&app));
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]))
}

/// The one answer to whoever does not get in. What was typed is not noted where it names no account: people type
/// passwords into the wrong field.
async fn no_such_account(
    app: &App,
    origin: &Origin,
    account: Option<UserId>,
) -> ApiResult<ApiError> {
    let entry = Entry {
        account,
        ..origin.attempt(Event::LoginFailed)
    };
    app.db.count_attempt(&entry).await?;
    let detail = "no account has this e-mail address and password";
    Ok(ApiError::unauthorized(detail))
}

/// A browser sends a `Secure` cookie over https only; whether that is how it comes, only the operator can know.
fn secure(app: &App) -> bool {
    app.config
        .http
        .public_url
        .as_ref()
        .is_some_and(|url| url.scheme() == "https")
}

pub(super) fn throttle(app: &App, key: &str) -> ApiResult<()> {
    match app.auth.logins.check(key).retry_after {
        None => Ok(()),
        Some(wait) => Err(ApiError::too_many(
            "too many logins: wait before the next one",
            wait,
        )),
    }
}
