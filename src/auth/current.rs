//! The person, or their program, behind a request.

use super::account::{Credential, Scope, Scopes, UserId};

/// Who is asking; an extractor of handlers (see `api::extract`).
#[derive(Clone, Debug)]
pub struct CurrentUser {
    pub id: UserId,
    pub email: String,
    /// What the credential allows: everything for a session.
    pub scopes: Scopes,
    pub credential: Credential,
    /// When the credential ends by itself, in milliseconds since the Unix epoch.
    pub expires_at: Option<i64>,
}

/// The credential is good, but not for this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this API key lacks the scope `{0}`: create one that has it, or log in")]
pub struct MissingScope(pub Scope);

impl CurrentUser {
    /// Refuses a credential without `scope`.
    pub fn require(&self, scope: Scope) -> Result<(), MissingScope> {
        if self.scopes.contains(scope) {
            Ok(())
        } else {
            Err(MissingScope(scope))
        }
    }
}
