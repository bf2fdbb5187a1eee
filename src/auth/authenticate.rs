//! From a request's headers to who is asking.

use axum::http::{HeaderMap, Method, header};
use url::Url;

use super::account::{Credential, Scopes};
use super::api_key::ApiKey;
use super::current::CurrentUser;
use super::session::Sessions;
use crate::app::App;
use crate::db::DbError;

/// How stale `last_used_at` of an API key may be, in milliseconds: using a key is no write per request.
pub(super) const LAST_USED_RESOLUTION_MS: i64 = 60_000;

/// What a request's headers say about who is asking.
#[derive(Clone, Debug)]
pub enum Authentication {
    /// No credential at all.
    Anonymous,
    User(CurrentUser),
    /// A credential that is unknown, expired or revoked; the text says which kind.
    Refused(&'static str),
    /// A share link, on a request that is not for reading its run.
    OutOfShare,
    /// A browser's cookie on a request that another site may have caused.
    CrossSite,
}

/// Resolves the first credential present: `X-API-Key`, `Authorization: Bearer`, the session cookie.
pub async fn authenticate(
    app: &App,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Authentication, DbError> {
    if let Some(key) = headers.get("x-api-key") {
        return by_api_key(app, key.to_str().unwrap_or_default()).await;
    }
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let text = value.to_str().unwrap_or_default();
        let Some(token) = bearer(text) else {
            return Ok(Authentication::Refused(
                "the Authorization header must be `Bearer TOKEN`",
            ));
        };
        return match ApiKey::parse(token) {
            Some(_) => by_api_key(app, token).await,
            None => by_session(app, token).await,
        };
    }
    match Sessions::cookie_token(headers) {
        None => Ok(Authentication::Anonymous),
        Some(_)
            if !method.is_safe() && !same_origin(app.config.http.public_url.as_ref(), headers) =>
        {
            Ok(Authentication::CrossSite)
        }
        Some(token) => by_session(app, token).await,
    }
}

async fn by_api_key(app: &App, text: &str) -> Result<Authentication, DbError> {
    const UNKNOWN: Authentication =
        Authentication::Refused("this API key is unknown, expired or revoked");
    let Some(key) = ApiKey::parse(text) else {
        return Ok(UNKNOWN);
    };
    let Some((info, user)) = app.db.api_key_by_hash(&key.hash()).await? else {
        return Ok(UNKNOWN);
    };
    let now = app.clock.now_ms();
    let ended = info.revoked_at.is_some() || info.expires_at.is_some_and(|end| end <= now);
    if ended || !user.is_enabled() {
        return Ok(UNKNOWN);
    }
    if info
        .last_used_at
        .is_none_or(|used| now - used >= LAST_USED_RESOLUTION_MS)
    {
        app.db.touch_api_key(&info.id, now).await?;
    }
    Ok(Authentication::User(CurrentUser {
        id: user.id,
        email: user.email,
        role: user.role,
        scopes: info.scopes,
        credential: Credential::ApiKey(info.id),
        expires_at: info.expires_at,
    }))
}

async fn by_session(app: &App, token: &str) -> Result<Authentication, DbError> {
    const ENDED: Authentication = Authentication::Refused("this session has ended: log in again");
    let Some(claims) = app.auth.sessions.claims(token) else {
        return Ok(ENDED);
    };
    let user = app.db.session_user(&claims.sid, app.clock.now_ms()).await?;
    Ok(match user {
        Some(user) if user.id == claims.sub => Authentication::User(CurrentUser {
            id: user.id,
            email: user.email,
            role: user.role,
            scopes: Scopes::all(),
            credential: Credential::Session(claims.sid),
            expires_at: Some(claims.exp.saturating_mul(1000)),
        }),
        _ => ENDED,
    })
}

/// Whether a credential that was good has not been revoked, and has not expired.
pub async fn is_still_good(app: &App, user: &CurrentUser) -> Result<bool, DbError> {
    let now = app.clock.now_ms();
    if user.expires_at.is_some_and(|end| end <= now) {
        return Ok(false);
    }
    match &user.credential {
        Credential::ApiKey(id) => app.db.has_api_key(id).await,
        Credential::Session(id) => Ok(app.db.session_user(id, now).await?.is_some()),
        Credential::Share(id) => app.db.has_share(id).await,
    }
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Whether the page that caused the request is ours: browsers send `Origin` with every unsafe request.
///
/// Another site can set neither header compared with here: `Host` is the browser's, and a custom
/// `X-Forwarded-Host` would need a CORS preflight, which this server never grants.
fn same_origin(public_url: Option<&Url>, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = text("origin").and_then(|origin| Url::parse(origin).ok()) else {
        return false;
    };
    let authority = origin.authority();
    public_url.is_some_and(|url| url.origin() == origin.origin())
        || text("host") == Some(authority)
        || text("x-forwarded-host") == Some(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins() {
        let check = |public: Option<&str>, pairs: &[(&'static str, &str)]| {
            let headers = pairs
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect();
            same_origin(
                public.map(|url| Url::parse(url).unwrap()).as_ref(),
                &headers,
            )
        };
        let host = ("host", "localhost:8000");
        assert!(check(None, &[host, ("origin", "http://localhost:8000")]));
        assert!(!check(None, &[host, ("origin", "http://localhost:8001")]));
        assert!(!check(
            None,
            &[host, ("origin", "http://localhost:8000.evil.example")]
        ));
        assert!(!check(None, &[host, ("origin", "null")]));
        assert!(!check(None, &[host]));
        assert!(check(
            Some("https://a.example/"),
            &[host, ("origin", "https://a.example")]
        ));
        assert!(!check(
            Some("https://a.example/"),
            &[host, ("origin", "http://a.example")]
        ));
    }
}
