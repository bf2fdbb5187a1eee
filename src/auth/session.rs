//! Sessions: a signed token that names a row, so that logging out ends it everywhere.

use axum::http::{HeaderMap, header};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use super::account::{SessionId, UserId};
use crate::config::Secret;

/// Name of the web page's cookie.
pub const COOKIE: &str = "aideator_session";

/// Makes and checks session tokens (JWT, HS256).
pub struct Sessions {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    life_seconds: i64,
}

/// Whose session a token says it is. Expiry and revocation are decided by the session's row.
#[derive(Debug, Serialize, Deserialize)]
pub struct Claims {
    pub sub: UserId,
    pub sid: SessionId,
    /// Seconds since the Unix epoch, as JWT wants it.
    pub exp: i64,
}

impl Sessions {
    pub fn new(key: &Secret, hours: u32) -> Self {
        let key = key.expose().as_bytes();
        let mut validation = Validation::new(Algorithm::HS256);
        // The session's row says when it ends, by the server's clock.
        validation.validate_exp = false;
        Self {
            encoding: EncodingKey::from_secret(key),
            decoding: DecodingKey::from_secret(key),
            validation,
            life_seconds: i64::from(hours) * 3600,
        }
    }

    /// How long a session lasts.
    pub fn life_seconds(&self) -> i64 {
        self.life_seconds
    }

    /// The token of a session that ends at `expires_at` (milliseconds since the Unix epoch).
    pub fn token(
        &self,
        user: &UserId,
        session: &SessionId,
        expires_at: i64,
    ) -> anyhow::Result<String> {
        let claims = Claims {
            sub: user.clone(),
            sid: session.clone(),
            exp: expires_at / 1000,
        };
        Ok(jsonwebtoken::encode(
            &Header::default(),
            &claims,
            &self.encoding,
        )?)
    }

    /// What a token says, if this server signed it.
    pub fn claims(&self, token: &str) -> Option<Claims> {
        let data = jsonwebtoken::decode(token, &self.decoding, &self.validation).ok()?;
        Some(data.claims)
    }

    /// The `Set-Cookie` value that carries `token` for the web page.
    pub fn cookie(&self, token: &str, secure: bool) -> String {
        set_cookie(token, self.life_seconds, secure)
    }

    /// The `Set-Cookie` value that removes the cookie.
    pub fn removal(secure: bool) -> String {
        set_cookie("", 0, secure)
    }

    /// The token in a request's cookie.
    pub fn cookie_token(headers: &HeaderMap) -> Option<&str> {
        let values = headers.get_all(header::COOKIE).iter();
        values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
    }
}

/// A token needs no quoting: it is base64url and dots.
fn set_cookie(token: &str, max_age: i64, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{COOKIE}={token}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}")
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sessions")
            .field("life_seconds", &self.life_seconds)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tokens_of_the_same_key_are_read() {
        let ours = Sessions::new(&Secret::new("a-secret-of-this-server-000000000000"), 1);
        let theirs = Sessions::new(&Secret::new("a-secret-of-another-server-0000000000"), 1);
        let (user, session) = (UserId::new(), SessionId::new());
        let token = ours.token(&user, &session, 0).unwrap();
        let claims = ours.claims(&token).unwrap();
        assert_eq!((claims.sub, claims.sid), (user, session));
        assert!(theirs.claims(&token).is_none());
        // An unsigned token (alg "none") with the same payload.
        let payload = token.split('.').nth(1).unwrap();
        assert!(
            ours.claims(&format!("eyJhbGciOiJub25lIn0.{payload}."))
                .is_none()
        );
    }
}
