//! `/api/v1/credentials`: what agents may use in a user's name. A token goes in and never comes out.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::auth::api_keys::require_session;
use super::error::{ApiError, ApiResult, FieldError, Problem};
use super::extract::{Json, Path};
use crate::app::AppState;
use crate::auth::CurrentUser;
use crate::auth::audit::{Event, Origin};
use crate::clock::rfc3339;
use crate::config::Secret;
use crate::credentials::{ANY_USERNAME, NewCredential};
use crate::model::{Credential, CredentialKind};

/// Bytes of a token.
const LONGEST_TOKEN: usize = 4096;
const LONGEST_USERNAME: usize = 200;
/// Credentials of one account.
pub(in crate::api) const MOST: usize = 50;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateCredentialRequest {
    pub kind: CredentialKind,
    /// For `git`: the host whose repositories it opens, one of those that the server allows.
    #[schema(example = "github.com")]
    pub host: Option<String>,
    /// For `git`; `x-access-token` unless given, which suits tokens of GitHub, GitLab and Gitea.
    pub username: Option<String>,
    /// It is encrypted and never shown again.
    #[schema(value_type = String, write_only)]
    pub token: Secret,
}

/// A stored credential without its token. Times are RFC 3339, UTC.
#[derive(Debug, Serialize, ToSchema)]
pub struct CredentialView {
    #[schema(example = "cred_0198a7c41e5b7d2084c1f0a9b6d3e755")]
    pub id: String,
    pub kind: CredentialKind,
    /// Of `git`.
    pub host: Option<String>,
    /// Of `git`.
    pub username: Option<String>,
    /// False when it was stored under another `SECRET_KEY` of the server: store it again.
    pub readable: bool,
    pub created_at: String,
    pub last_used_at: Option<String>,
}

impl CredentialView {
    fn new(app: &AppState, credential: Credential) -> Self {
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        Self {
            readable: app.credentials.is_readable(&credential),
            id: credential.id,
            kind: credential.kind,
            host: some(credential.host),
            username: some(credential.username),
            created_at: rfc3339(credential.created_ms),
            last_used_at: credential.last_used_ms.map(rfc3339),
        }
    }
}

/// Store a credential for all of your runs, in place of the one you have for the same host.
///
/// `git` opens private repositories of a host; an agent's container never has it, only a container that
/// clones before the agent starts. `provider` is your key for the model's provider, used in place of
/// the operator's.
#[utoipa::path(
    post, path = "/api/v1/credentials", tag = "credentials",
    request_body = CreateCredentialRequest,
    responses(
        (status = 201, body = CredentialView),
        (status = 401, body = Problem),
        (status = 403, body = Problem, description = "asked with an API key"),
        (status = 409, body = Problem, description = "too many credentials"),
        (status = 422, body = Problem),
    )
)]
pub async fn create_credential(
    app: AppState,
    user: CurrentUser,
    origin: Origin,
    Json(request): Json<CreateCredentialRequest>,
) -> ApiResult<(StatusCode, Json<CredentialView>)> {
    require_session(&user)?;
    let new = request.check(&app)?;
    let user = user.id.as_str();
    let stored = app.db.credentials(user).await?;
    let replaces = |it: &Credential| it.kind == new.kind && it.host == new.host;
    if stored.len() >= MOST && !stored.iter().any(replaces) {
        let detail = format!("this account has {MOST} credentials: delete one first");
        return Err(ApiError::conflict("too_many_credentials", detail));
    }
    let credential = app
        .credentials
        .seal(user, None, new)
        .map_err(ApiError::internal)?;
    let entry = origin.entry(Event::CredentialStored).on(&credential.id);
    let mut entry = entry.with("kind", credential.kind.as_str());
    if credential.kind == CredentialKind::Git {
        entry = entry.with("host", &credential.host);
    }
    app.db.store_credential(&credential, &entry).await?;
    let view = CredentialView::new(&app, credential);
    Ok((StatusCode::CREATED, Json(view)))
}

impl CreateCredentialRequest {
    fn check(self, app: &AppState) -> ApiResult<NewCredential> {
        let mut errors = check_token("token", &self.token);
        let is_git = self.kind == CredentialKind::Git;
        let mut host = String::new();
        match &self.host {
            Some(text) if is_git => match app.repos.check_host(text.trim()) {
                Ok(checked) => host = checked,
                Err(error) => errors.push(FieldError::body("host", error.to_string())),
            },
            None if is_git => errors.push(FieldError::body("host", "is missing, as in github.com")),
            Some(_) => errors.push(FieldError::body("host", "goes with the kind git only")),
            None => {}
        }
        if !is_git && self.username.is_some() {
            errors.push(FieldError::body("username", "goes with the kind git only"));
        }
        errors.extend(check_username("username", self.username.as_deref()));
        if !errors.is_empty() {
            return Err(ApiError::unprocessable(errors));
        }
        let username = self.username.unwrap_or_else(|| ANY_USERNAME.to_owned());
        Ok(NewCredential {
            kind: self.kind,
            host,
            username: if is_git { username } else { String::new() },
            token: self.token,
        })
    }
}

/// A token travels in a header and in lines of text.
pub(super) fn check_token(path: &str, token: &Secret) -> Vec<FieldError> {
    let token = token.expose();
    let fine =
        (1..=LONGEST_TOKEN).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_graphic());
    let message = "must be 1 to 4096 visible ASCII characters, without spaces and line ends";
    let error = || FieldError::body(path, message);
    (!fine).then(error).into_iter().collect()
}

/// A user name ends at a colon in the header that it travels in.
pub(super) fn check_username(path: &str, username: Option<&str>) -> Option<FieldError> {
    let fine = username.is_none_or(|name| {
        (1..=LONGEST_USERNAME).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_graphic() && b != b':')
    });
    let message = "must be 1 to 200 visible ASCII characters, none of them a colon";
    (!fine).then(|| FieldError::body(path, message))
}

/// Your stored credentials, without their tokens, newest first.
#[utoipa::path(
    get, path = "/api/v1/credentials", tag = "credentials",
    responses((status = 200, body = Vec<CredentialView>), (status = 401, body = Problem), (status = 403, body = Problem))
)]
pub async fn list_credentials(
    app: AppState,
    user: CurrentUser,
) -> ApiResult<Json<Vec<CredentialView>>> {
    require_session(&user)?;
    let stored = app.db.credentials(user.id.as_str()).await?;
    let views = stored.into_iter().map(|it| CredentialView::new(&app, it));
    Ok(Json(views.collect()))
}

/// Delete a credential. Agents that were started with it keep it until they end: to be sure, revoke
/// the token where it was made.
#[utoipa::path(
    delete, path = "/api/v1/credentials/{id}", tag = "credentials",
    params(("id" = String, Path, description = "the credential's id, `cred_…`")),
    responses(
        (status = 204),
        (status = 401, body = Problem),
        (status = 403, body = Problem, description = "asked with an API key"),
        (status = 404, body = Problem),
    )
)]
pub async fn delete_credential(
    app: AppState,
    user: CurrentUser,
    origin: Origin,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    require_session(&user)?;
    let entry = origin.entry(Event::CredentialDeleted).on(&id);
    let user = user.id.as_str();
    if app.db.delete_credential(user, &id, &entry).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::not_found("credential", id))
    }
}
