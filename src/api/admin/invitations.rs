//! `/api/v1/admin/invitations`: who may make an account.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use super::PageQuery;
use crate::api::error::{ApiError, ApiResult, FieldError, Problem};
use crate::api::extract::{Json, Path, Query};
use crate::api::page::Page;
use crate::app::AppState;
use crate::auth::audit::{Event, Origin};
use crate::auth::{CurrentUser, Invitation, InvitationId, InvitationToken, Role, UserId, is_email};
use crate::clock::rfc3339;
use crate::config::Registration;
use crate::db::invitations::{Revoked, SeenInvitation};
use crate::db::usage::DAY_MS;

const DEFAULT_DAYS: u32 = 7;
const MOST_DAYS: u32 = 365;
/// Invitations of the server that are open.
const MOST_OPEN: u32 = 1000;

/// Whom to invite.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateInvitationRequest {
    /// Only an account with this address can be made with it; any unless given.
    #[schema(example = "test@example.com", min_length = 3, max_length = 254)]
    pub email: Option<String>,
    /// Of the account that is made with it; `user` unless given.
    pub role: Option<Role>,
    /// 1 to 365, 7 unless given.
    #[schema(example = 7, minimum = 1, maximum = 365)]
    pub expires_in_days: Option<u32>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CreateInvitationResponse {
    /// For the field `invitation` of `POST /api/v1/auth/register`. It is shown this once: the server keeps only
    /// its hash.
    pub invitation_token: String,
    /// The page on which an account is made with it: an address where the server knows its own (`PUBLIC_URL`),
    /// else a path. The token is in the fragment, which browsers do not send.
    #[schema(example = "/login#invitation=aid_invite_0AbC…")]
    pub page_url: String,
    pub invitation: InvitationResponse,
}

/// What can be done with an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum InvitationState {
    /// An account can be made with it.
    Open,
    Used,
    Revoked,
    Expired,
}

/// An invitation without its token. Times are RFC 3339, UTC.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationResponse {
    pub id: InvitationId,
    /// The token's first characters.
    pub prefix: String,
    pub state: InvitationState,
    /// Null: for any address.
    pub email: Option<String>,
    /// Of the account that is made with it.
    pub role: Role,
    /// The admin who invites.
    pub created_by: UserId,
    pub created_by_email: String,
    pub created_at: String,
    pub expires_at: String,
    /// The account that was made with it.
    pub used_by: Option<UserId>,
    pub used_by_email: Option<String>,
    pub used_at: Option<String>,
    pub revoked_at: Option<String>,
}

/// A page of invitations, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationListResponse {
    pub items: Vec<InvitationResponse>,
    /// On all pages.
    pub total: i64,
    pub page: u32,
    pub per_page: u32,
    pub pages: i64,
}

impl InvitationResponse {
    fn new(seen: SeenInvitation, now: i64) -> Self {
        let it = seen.invitation;
        let state = if it.used.is_some() {
            InvitationState::Used
        } else if it.revoked_at.is_some() {
            InvitationState::Revoked
        } else if it.expires_at <= now {
            InvitationState::Expired
        } else {
            InvitationState::Open
        };
        let (used_by, used_at) = it.used.unzip();
        Self {
            id: it.id,
            prefix: it.prefix,
            state,
            email: it.email,
            role: it.role,
            created_by: it.created_by,
            created_by_email: seen.created_by_email,
            created_at: rfc3339(it.created_at),
            expires_at: rfc3339(it.expires_at),
            used_by,
            used_by_email: seen.used_by_email,
            used_at: used_at.map(rfc3339),
            revoked_at: it.revoked_at.map(rfc3339),
        }
    }
}

impl CreateInvitationRequest {
    /// The address in lower case, the role, and the days; or everything that is wrong.
    fn check(self) -> ApiResult<(Option<String>, Role, u32)> {
        let mut errors = Vec::new();
        let email = self.email.map(|email| email.trim().to_lowercase());
        if email.as_deref().is_some_and(|email| !is_email(email)) {
            let msg = "must be an e-mail address, or be left out for any";
            errors.push(FieldError::body("email", msg));
        }
        let days = self.expires_in_days.unwrap_or(DEFAULT_DAYS);
        if !(1..=MOST_DAYS).contains(&days) {
            let msg = format!("must be 1 to {MOST_DAYS}");
            errors.push(FieldError::body("expires_in_days", msg));
        }
        if errors.is_empty() {
            Ok((email, self.role.unwrap_or(Role::User), days))
        } else {
            Err(ApiError::unprocessable(errors))
        }
    }
}

/// Invite somebody to make an account. The link is good once, until it expires or is revoked, and for one address
/// if it names one. For admins, who ask with a session.
#[utoipa::path(
    post, path = "/api/v1/admin/invitations", tag = "admin",
    request_body = CreateInvitationRequest,
    responses(
        (status = 201, body = CreateInvitationResponse),
        (status = 401, body = Problem),
        (status = 403, body = Problem, description = "not an admin's session"),
        (status = 409, body = Problem, description = "the server takes no invitations (`registration_closed`), or too many are open (`too_many_invitations`)"),
        (status = 422, body = Problem),
    )
)]
pub async fn create_invitation(
    app: AppState,
    user: CurrentUser,
    origin: Origin,
    Json(request): Json<CreateInvitationRequest>,
) -> ApiResult<(StatusCode, Json<CreateInvitationResponse>)> {
    user.require_admin()?;
    let (email, role, days) = request.check()?;
    if let Registration::First | Registration::Closed = app.config.auth.registration {
        let detail =
            "nobody could use it: this server's operator has to set REGISTRATION=invitation first";
        return Err(ApiError::conflict("registration_closed", detail));
    }
    let now = app.clock.now_ms();
    let token = InvitationToken::generate()?;
    let invitation = Invitation {
        id: InvitationId::new(),
        prefix: token.prefix().to_owned(),
        email,
        role,
        created_by: user.id,
        created_at: now,
        expires_at: now + i64::from(days) * DAY_MS,
        used: None,
        revoked_at: None,
    };
    let hash = token.hash();
    let entry = origin.entry(Event::InvitationCreated);
    let entry = entry.on(&invitation.id).with("role", role.as_str());
    let inserted = app
        .db
        .insert_invitation(&invitation, &hash, MOST_OPEN, &entry);
    if !inserted.await? {
        let detail = format!("{MOST_OPEN} invitations are open: revoke some first");
        return Err(ApiError::conflict("too_many_invitations", detail));
    }
    let invitation_token = token.into_string();
    let seen = SeenInvitation {
        invitation,
        created_by_email: user.email,
        used_by_email: None,
    };
    let response = CreateInvitationResponse {
        page_url: page_url(app.config.http.public_url.as_ref(), &invitation_token),
        invitation_token,
        invitation: InvitationResponse::new(seen, now),
    };
    Ok((StatusCode::CREATED, Json(response)))
}

fn page_url(public: Option<&Url>, token: &str) -> String {
    let path = format!("/login#invitation={token}");
    let address = public.and_then(|url| url.join(&path).ok());
    address.map_or(path, String::from)
}

/// All invitations, newest first, also those that were used, and by whom. For admins, who ask with a session.
#[utoipa::path(
    get, path = "/api/v1/admin/invitations", tag = "admin", params(PageQuery),
    responses(
        (status = 200, body = InvitationListResponse),
        (status = 401, body = Problem),
        (status = 403, body = Problem, description = "not an admin's session"),
        (status = 422, body = Problem),
    )
)]
pub async fn list_invitations(
    app: AppState,
    user: CurrentUser,
    Query(query): Query<PageQuery>,
) -> ApiResult<Json<InvitationListResponse>> {
    user.require_admin()?;
    let page = Page::of(query.page, query.per_page)?;
    let (invitations, total) = app.db.invitations(page.rows()).await?;
    let now = app.clock.now_ms();
    let items = invitations.into_iter();
    Ok(Json(InvitationListResponse {
        items: items.map(|it| InvitationResponse::new(it, now)).collect(),
        total,
        page: page.page,
        per_page: page.per_page,
        pages: page.pages(total),
    }))
}

/// Revoke an invitation: no account can be made with it from now on. For admins, who ask with a session.
#[utoipa::path(
    delete, path = "/api/v1/admin/invitations/{id}", tag = "admin",
    params(("id" = String, Path, description = "the invitation's id, `invite_…`")),
    responses(
        (status = 204, description = "revoked, now or before"),
        (status = 401, body = Problem),
        (status = 403, body = Problem, description = "not an admin's session"),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "an account was made with it (`invitation_used`)"),
    )
)]
pub async fn revoke_invitation(
    app: AppState,
    user: CurrentUser,
    origin: Origin,
    Path(id): Path<InvitationId>,
) -> ApiResult<StatusCode> {
    user.require_admin()?;
    let entry = origin.entry(Event::InvitationRevoked).on(&id);
    let now = app.clock.now_ms();
    match app.db.revoke_invitation(&id, now, &entry).await? {
        Revoked::Done => Ok(StatusCode::NO_CONTENT),
        Revoked::Used => Err(ApiError::conflict(
            "invitation_used",
            "an account was made with this invitation: disable that account instead",
        )),
        Revoked::Unknown => Err(ApiError::not_found("invitation", id)),
    }
}
