//! Share links: whoever has the token may read one run, until it expires or is revoked.

use super::account::{Credential, Role, Scope, ShareId, User};
use super::api_key::ShareToken;
use super::authenticate::{Authentication, LAST_USED_RESOLUTION_MS};
use super::current::CurrentUser;
use crate::app::App;
use crate::db::DbError;
use crate::model::RunId;

/// A share without its token. Times are milliseconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    pub id: ShareId,
    pub run: RunId,
    /// The token's first characters, for people to recognise it.
    pub prefix: String,
    pub created_at: i64,
    pub expires_at: i64,
    pub last_used_at: Option<i64>,
}

/// Resolves a share token for a request: it is good for reading its run, and for nothing else,
/// whatever routes there are.
pub async fn by_share(
    app: &App,
    token: &str,
    reads: bool,
    path: &str,
) -> Result<Authentication, DbError> {
    const UNKNOWN: Authentication = Authentication::Refused(
        "this share link is unknown, expired or revoked: ask whoever sent it for a new one",
    );
    let Some(token) = ShareToken::parse(token) else {
        return Ok(UNKNOWN);
    };
    let now = app.clock.now_ms();
    let Some(share) = app.db.share_by_hash(&token.hash(), now).await? else {
        return Ok(UNKNOWN);
    };
    if !reads || !is_of_run(path, share.run) {
        return Ok(Authentication::OutOfShare);
    }
    let Some(run) = app.db.run(share.run).await? else {
        return Ok(UNKNOWN);
    };
    if share
        .last_used_at
        .is_none_or(|used| now - used >= LAST_USED_RESOLUTION_MS)
    {
        app.db.touch_share(&share.id, now).await?;
    }
    let owner = super::UserId::from_stored(run.user);
    let Some(user) = app.db.user(&owner).await?.filter(User::is_enabled) else {
        return Ok(UNKNOWN);
    };
    Ok(Authentication::User(CurrentUser {
        id: user.id,
        email: user.email,
        role: Role::User,
        scopes: [Scope::RunsRead].into_iter().collect(),
        credential: Credential::Share(share.id),
        expires_at: Some(share.expires_at),
    }))
}

/// Whether a path is the run's, as we write it: other spellings are refused.
fn is_of_run(path: &str, run: RunId) -> bool {
    let rest = path.strip_prefix(&format!("/api/v1/runs/{run}"));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_the_run_itself() {
        let (run, other) = (RunId::generate(), RunId::generate());
        let path = |rest: &str| format!("/api/v1/runs/{run}{rest}");
        for rest in ["", "/stream", "/variations/0/patch"] {
            assert!(is_of_run(&path(rest), run), "{rest}");
            assert!(!is_of_run(&path(rest), other), "{rest}");
        }
        for foreign in ["0", "%2f..%2f", "?x"] {
            assert!(!is_of_run(&path(foreign), run), "{foreign}");
        }
        assert!(!is_of_run("/api/v1/runs", run));
    }
}
