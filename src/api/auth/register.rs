//! `GET /api/v1/auth/registration` and `POST /api/v1/auth/register`.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::UserResponse;
use crate::api::error::{ApiError, ApiResult, FieldError, Problem};
use crate::api::extract::Json;
use crate::app::AppState;
use crate::auth::audit::{Event, Origin};
use crate::auth::{InvitationToken, NewAccount, User};
use crate::config::Registration;
use crate::db::users::{NewUser, WayIn};

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
    /// The token of an invitation, where the server needs one. It is used up by this account, and gives it its
    /// role.
    #[schema(example = "aid_invite_0AbC…")]
    pub invitation: Option<String>,
}

/// Who may make an account now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Admission {
    /// Anybody; also where the first account is still to be made.
    Open,
    /// Who has an invitation.
    Invitation,
    /// Nobody.
    Closed,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct RegistrationResponse {
    pub registration: Admission,
}

/// Who may make an account now, so that a form need not be filled in in vain.
#[utoipa::path(
    get, path = "/api/v1/auth/registration", tag = "auth", security(()),
    responses((status = 200, body = RegistrationResponse))
)]
pub async fn show_registration(app: AppState) -> ApiResult<Json<RegistrationResponse>> {
    let registration = match app.config.auth.registration {
        Registration::Open => Admission::Open,
        Registration::First | Registration::Invitation if !app.db.has_users().await? => {
            Admission::Open
        }
        Registration::Invitation => Admission::Invitation,
        Registration::First | Registration::Closed => Admission::Closed,
    };
    Ok(Json(RegistrationResponse { registration }))
}

/// Create an account. The first one of a server is an admin.
///
/// An invitation that is not good is refused in one way, whatever is wrong with it.
#[utoipa::path(
    post, path = "/api/v1/auth/register", tag = "auth", security(()),
    request_body = RegisterRequest,
    responses(
        (status = 201, body = UserResponse),
        (status = 403, body = Problem, description = "registration is closed (`registration_closed`), or needs an invitation (`invitation_required`), or the invitation is not good (`invitation_refused`)"),
        (status = 409, body = Problem, description = "the address is taken"),
        (status = 422, body = Problem),
    )
)]
pub async fn register(
    app: AppState,
    origin: Origin,
    Json(request): Json<RegisterRequest>,
) -> ApiResult<(StatusCode, Json<UserResponse>)> {
    let policy = app.config.auth.registration;
    let way = match (policy, &request.invitation) {
        (Registration::Closed, _) => return Err(refused(policy, &WayIn::First)),
        (Registration::First, _) | (Registration::Invitation, None) => WayIn::First,
        (Registration::Open, None) => WayIn::Anybody,
        // What is no token goes the same way, and takes as long.
        (Registration::Open | Registration::Invitation, Some(text)) => {
            WayIn::Invited(InvitationToken::parse(text.trim()).map(|token| token.hash()))
        }
    };
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
    let entry = origin.attempt(Event::AccountRegistered).by(&user.id);
    match app.db.insert_user(&user, &hash, &way, &entry).await? {
        NewUser::Created(role) => {
            let user = User { role, ..user };
            Ok((StatusCode::CREATED, Json(user.into())))
        }
        NewUser::Refused => {
            if let WayIn::Invited(_) = way {
                let entry = origin.attempt(Event::InvitationRefused);
                app.db.count_attempt(&entry).await?;
            }
            Err(refused(policy, &way))
        }
        NewUser::EmailTaken => Err(ApiError::conflict(
            "email_taken",
            "an account with this e-mail address exists: log in instead",
        )),
    }
}

fn refused(policy: Registration, way: &WayIn) -> ApiError {
    let (code, detail) = match (policy, way) {
        (_, WayIn::Invited(_)) => (
            "invitation_refused",
            "this invitation is unknown, used, expired, revoked, or for another address: ask whoever sent it for a new one",
        ),
        (Registration::Invitation, _) => (
            "invitation_required",
            "this server takes new accounts by invitation: ask one of its admins, and open the link that you get",
        ),
        _ => (
            "registration_closed",
            "registration is closed on this server: ask its operator for an account",
        ),
    };
    ApiError::new(StatusCode::FORBIDDEN, code, detail)
}
