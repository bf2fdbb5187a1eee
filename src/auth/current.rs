//! The person, or their program, behind a request.

use super::account::{Credential, Role, Scope, Scopes, UserId};
use super::concurrent::Holder;

/// Who is asking; an extractor of handlers (see `api::extract`).
#[derive(Clone, Debug)]
pub struct CurrentUser {
    pub id: UserId,
    pub email: String,
    pub role: Role,
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

/// The accounts are not this one's to look after, or not with this credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmin {
    #[error("this is for admins of the server: ask one of them")]
    User,
    #[error("the server is administered by people: log in and use the session's token")]
    NoSession,
}

impl CurrentUser {
    /// Refuses whoever is no admin, and what is no session: the scopes of keys are about runs.
    pub fn require_admin(&self) -> Result<(), NotAdmin> {
        match (self.role, &self.credential) {
            (Role::User, _) => Err(NotAdmin::User),
            (Role::Admin, Credential::Session(_)) => Ok(()),
            (Role::Admin, Credential::ApiKey(_) | Credential::Share(_)) => Err(NotAdmin::NoSession),
        }
    }

    /// Whether it is somebody with a share link, who sees the one run and nothing around it.
    pub fn is_guest(&self) -> bool {
        matches!(self.credential, Credential::Share(_))
    }

    /// To whom it counts what is open.
    pub fn holder(&self) -> Holder {
        match &self.credential {
            Credential::Share(id) => Holder::Share(id.clone()),
            Credential::ApiKey(_) | Credential::Session(_) => Holder::User(self.id.clone()),
        }
    }

    /// Refuses a credential without `scope`.
    pub fn require(&self, scope: Scope) -> Result<(), MissingScope> {
        if self.scopes.contains(scope) {
            Ok(())
        } else {
            Err(MissingScope(scope))
        }
    }
}
