//! Who is asking: accounts, sessions, API keys, and the [`CurrentUser`] they lead to.
//!
//! Invariants: a credential is looked up once per request; what is stored cannot be used to log in (argon2id
//! hashes of passwords, SHA-256 of random keys); an unknown account and a wrong password look the same, in
//! text and in time.

mod account;
mod api_key;
pub mod audit;
mod authenticate;
mod concurrent;
mod current;
mod invitation;
mod password;
mod registration;
mod session;
mod share;
mod throttle;

pub use self::account::{
    ApiKeyId, ApiKeyInfo, Credential, DISABLED, InvitationId, Role, Scope, Scopes, SessionId,
    ShareId, User, UserId,
};
pub use self::api_key::{ApiKey, InvitationToken, ShareToken};
pub use self::authenticate::{Authentication, authenticate, is_still_good};
pub use self::concurrent::{Concurrent, Entered, Holder};
pub use self::current::{CurrentUser, MissingScope, NotAdmin};
pub use self::invitation::Invitation;
pub use self::password::{PasswordProblem, Passwords};
pub use self::registration::{AccountProblem, NewAccount, is_email};
pub use self::session::{COOKIE, Sessions};
pub use self::share::{Share, by_share};
pub use self::throttle::{Throttle, Verdict};

use tokio::sync::watch;

use crate::config;

/// What the server needs to recognise people.
#[derive(Debug)]
pub struct Auth {
    pub passwords: Passwords,
    pub sessions: Sessions,
    /// Counts logins per account and per address.
    pub logins: Throttle,
    /// The event streams that accounts and share links have open.
    pub streams: Concurrent,
    /// Comparisons with kubectl's log that are under way.
    pub comparisons: Concurrent,
    /// Rings when a credential has ended before its time.
    pub ended: watch::Sender<()>,
}

impl Auth {
    pub fn new(config: &config::Auth) -> anyhow::Result<Self> {
        Ok(Self {
            passwords: Passwords::new()?,
            sessions: Sessions::new(&config.secret_key, config.session_hours),
            logins: Throttle::per_minute(config.login_attempts_per_minute),
            streams: Concurrent::default(),
            comparisons: Concurrent::default(),
            ended: watch::Sender::new(()),
        })
    }
}
