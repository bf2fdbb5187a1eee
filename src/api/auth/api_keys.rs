//! `/api/v1/auth/api-keys`: create, list, revoke.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::error::{ApiError, ApiResult, FieldError, Problem};
use crate::api::extract::{Json, Path};
use crate::app::AppState;
use crate::auth::audit::{Event, Origin};
use crate::auth::{ApiKey, ApiKeyId, ApiKeyInfo, Credential, CurrentUser, DISABLED, Scope, Scopes};
use crate::clock::rfc3339;

const LONGEST_NAME: usize = 100;
const LONGEST_DESCRIPTION: usize = 1000;
/// Ten years: longer ones are forgotten, not meant.
const LONGEST_LIFE_DAYS: u32 = 3650;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Keys of one account that are not revoked.
pub(in crate::api) const MOST_KEYS: usize = 100;

#[derive(Deserialize, ToSchema)]
pub struct CreateApiKeyRequest {
    #[schema(min_length = 1, max_length = 100, example = "CI")]
    pub name: String,
    #[schema(max_length = 1000)]
    pub description: Option<String>,
    /// All of them unless given.
    #[schema(min_items = 1)]
    pub scopes: Option<Vec<Scope>>,
    /// Never expires unless given; 1 to 3650.
    #[schema(minimum = 1, maximum = 3650, example = 90)]
    pub expires_in_days: Option<u32>,
}

impl CreateApiKeyRequest {
    fn check(&self) -> Result<(), ApiError> {
        let mut errors = Vec::new();
        if self.name.trim().is_empty() || self.name.chars().count() > LONGEST_NAME {
            errors.push(FieldError::body(
                "name",
                format!("must have 1 to {LONGEST_NAME} characters"),
            ));
        }
        let description = self.description.as_deref().unwrap_or_default();
        if description.chars().count() > LONGEST_DESCRIPTION {
            let msg = format!("must have at most {LONGEST_DESCRIPTION} characters");
            errors.push(FieldError::body("description", msg));
        }
        if self.scopes.as_ref().is_some_and(Vec::is_empty) {
            errors.push(FieldError::body(
                "scopes",
                "must name at least one scope, or be left out for all",
            ));
        }
        if self
            .expires_in_days
            .is_some_and(|days| !(1..=LONGEST_LIFE_DAYS).contains(&days))
        {
            errors.push(FieldError::body(
                "expires_in_days",
                format!("must be 1 to {LONGEST_LIFE_DAYS}"),
            ));
        }
        if errors.is_empty() {
            Ok(())
        } else {
            Err(ApiError::unprocessable(errors))
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct CreateApiKeyResponse {
    /// The key. It is shown this once: the server keeps only its hash.
    pub api_key: String,
    pub key_info: ApiKeyResponse,
}

/// An API key without its secret. Times are RFC 3339, UTC.
#[derive(Serialize, ToSchema)]
pub struct ApiKeyResponse {
    pub id: ApiKeyId,
    pub name: String,
    pub description: Option<String>,
    /// The key's first characters.
    pub prefix: String,
    pub scopes: Vec<Scope>,
    pub created_at: String,
    pub expires_at: Option<String>,
    /// To the minute.
    pub last_used_at: Option<String>,
}

impl From<ApiKeyInfo> for ApiKeyResponse {
    fn from(key: ApiKeyInfo) -> Self {
        Self {
            id: key.id,
            name: key.name,
            description: key.description,
            prefix: key.prefix,
            scopes: key.scopes.iter().collect(),
            created_at: rfc3339(key.created_at),
            expires_at: key.expires_at.map(rfc3339),
            last_used_at: key.last_used_at.map(rfc3339),
        }
    }
}

/// Create an API key.
#[utoipa::path(
    post, path = "/api/v1/auth/api-keys", tag = "auth",
    request_body = CreateApiKeyRequest,
    responses(
        (status = 201, body = CreateApiKeyResponse),
        (status = 401, body = Problem),
        (status = 403, body = Problem, description = "asked with an API key"),
        (status = 409, body = Problem, description = "too many keys"),
        (status = 422, body = Problem),
    )
)]
pub async fn create_api_key(
    app: AppState,
    user: CurrentUser,
    origin: Origin,
    Json(request): Json<CreateApiKeyRequest>,
) -> ApiResult<(StatusCode, Json<CreateApiKeyResponse>)> {
    require_session(&user)?;
    request.check()?;
    if app.db.api_keys(&user.id).await?.len() >= MOST_KEYS {
        let detail = format!("this account has {MOST_KEYS} API keys: revoke one first");
        return Err(ApiError::conflict("too_many_api_keys", detail));
    }
    let now = app.clock.now_ms();
    let key = ApiKey::generate()?;
    let info = ApiKeyInfo {
        id: ApiKeyId::new(),
        name: request.name.trim().to_owned(),
        description: request.description,
        prefix: key.prefix().to_owned(),
        scopes: request.scopes.map_or_else(Scopes::all, Scopes::from_iter),
        created_at: now,
        expires_at: request
            .expires_in_days
            .map(|days| now + i64::from(days) * DAY_MS),
        last_used_at: None,
        revoked_at: None,
    };
    let entry = origin.entry(Event::ApiKeyCreated).on(&info.id);
    let entry = entry.with("scopes", &info.scopes);
    let hash = key.hash();
    let made = app.db.insert_api_key(&user.id, &info, &hash, &entry);
    if !made.await? {
        return Err(ApiError::unauthorized(DISABLED));
    }
    let response = CreateApiKeyResponse {
        api_key: key.into_string(),
        key_info: info.into(),
    };
    Ok((StatusCode::CREATED, Json(response)))
}

/// The account's API keys, newest first.
#[utoipa::path(
    get, path = "/api/v1/auth/api-keys", tag = "auth",
    responses((status = 200, body = Vec<ApiKeyResponse>), (status = 401, body = Problem), (status = 403, body = Problem))
)]
pub async fn list_api_keys(
    app: AppState,
    user: CurrentUser,
) -> ApiResult<Json<Vec<ApiKeyResponse>>> {
    require_session(&user)?;
    let keys = app.db.api_keys(&user.id).await?;
    Ok(Json(keys.into_iter().map(ApiKeyResponse::from).collect()))
}

/// Revoke an API key; it stops working at once, and streams that it has opened end.
#[utoipa::path(
    delete, path = "/api/v1/auth/api-keys/{id}", tag = "auth",
    params(("id" = String, Path, description = "the key's id, `key_…`")),
    responses(
        (status = 204),
        (status = 401, body = Problem),
        (status = 403, body = Problem, description = "asked with an API key"),
        (status = 404, body = Problem),
    )
)]
pub async fn revoke_api_key(
    app: AppState,
    user: CurrentUser,
    origin: Origin,
    Path(id): Path<ApiKeyId>,
) -> ApiResult<StatusCode> {
    require_session(&user)?;
    let entry = origin.entry(Event::ApiKeyRevoked).on(&id);
    let now = app.clock.now_ms();
    if app.db.revoke_api_key(&user.id, &id, now, &entry).await? {
        app.auth.ended.send_replace(());
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::not_found("API key", id))
    }
}

/// A key must not be able to make another one with more scopes or a longer life than its own.
pub(in crate::api) fn require_session(user: &CurrentUser) -> ApiResult<()> {
    match user.credential {
        Credential::Session(_) => Ok(()),
        Credential::ApiKey(_) | Credential::Share(_) => Err(ApiError::forbidden(
            "keys and credentials are managed by people: log in and use the session's token",
        )),
    }
}
