//! The audit log: what is told of a security event. Pure types, and the line in the process's log.
//!
//! Invariant: nothing in an entry opens anything. Texts in `detail` are ids, roles, hosts and scopes, never a
//! token, a password, or what somebody typed.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::account::{Credential, UserId};

macro_rules! events {
    ($($(#[$doc:meta])* $event:ident = $name:literal,)*) => {
        /// What can be in the audit log.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Event {
            $($(#[$doc])* $event,)*
        }

        impl Event {
            pub const ALL: &[Self] = &[$(Self::$event),*];

            /// As the API and the database spell it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$event => $name,)*
                }
            }
        }
    };
}

events! {
    /// By the page or the API, with or without an invitation.
    AccountRegistered = "account_registered",
    /// By the operator, with `create-user`.
    AccountCreated = "account_created",
    AccountDisabled = "account_disabled",
    AccountEnabled = "account_enabled",
    LoggedIn = "logged_in",
    /// Counted by the hour.
    LoginFailed = "login_failed",
    LoggedOut = "logged_out",
    PasswordChanged = "password_changed",
    /// The current password was another one. Counted by the hour.
    PasswordRefused = "password_refused",
    ApiKeyCreated = "api_key_created",
    ApiKeyRevoked = "api_key_revoked",
    ShareCreated = "share_created",
    ShareRevoked = "share_revoked",
    /// By an admin; what users do to their own runs is not told.
    RunCancelled = "run_cancelled",
    CredentialStored = "credential_stored",
    CredentialDeleted = "credential_deleted",
    WebhookCreated = "webhook_created",
    WebhookDeleted = "webhook_deleted",
    InvitationCreated = "invitation_created",
    InvitationUsed = "invitation_used",
    InvitationRevoked = "invitation_revoked",
    /// Counted by the hour.
    InvitationRefused = "invitation_refused",
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Event {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.iter().find(|event| event.as_str() == text);
        known
            .copied()
            .ok_or_else(|| format!("unknown event `{text}`"))
    }
}

/// Where a request comes from: an extractor of handlers that change what the audit log tells of.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Milliseconds since the Unix epoch.
    pub at_ms: i64,
    pub who: Option<(UserId, Credential)>,
    pub address: IpAddr,
    /// The network of that address, as limits count it.
    pub network: IpAddr,
    pub request: Option<String>,
}

impl Origin {
    /// What the one who asks did, to their own account unless it is said otherwise.
    pub fn entry(&self, event: Event) -> Entry {
        let (actor, credential) = self.who.clone().unzip();
        Entry {
            account: actor.clone(),
            actor,
            credential: credential.map(|it| it.id().to_owned()),
            ..self.attempt(event)
        }
    }

    /// What somebody did of whom nothing is known.
    pub fn attempt(&self, event: Event) -> Entry {
        Entry {
            address: Some(self.address),
            network: Some(self.network),
            request: self.request.clone(),
            ..Entry::of_operator(event, self.at_ms)
        }
    }
}

/// One entry of the audit log.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Milliseconds since the Unix epoch.
    pub at_ms: i64,
    pub event: Event,
    pub actor: Option<UserId>,
    /// The id of the session or API key.
    pub credential: Option<String>,
    pub account: Option<UserId>,
    pub subject: Option<String>,
    pub detail: BTreeMap<&'static str, String>,
    pub address: Option<IpAddr>,
    pub network: Option<IpAddr>,
    pub request: Option<String>,
}

impl Entry {
    /// What was done on the server itself, not by a request.
    pub fn of_operator(event: Event, at_ms: i64) -> Self {
        Self {
            at_ms,
            event,
            actor: None,
            credential: None,
            account: None,
            subject: None,
            detail: BTreeMap::new(),
            address: None,
            network: None,
            request: None,
        }
    }

    /// Who turned out to have asked.
    #[must_use]
    pub fn by(self, user: &UserId) -> Self {
        Self {
            actor: Some(user.clone()),
            ..self.about(user)
        }
    }

    /// Whose account it was done to.
    #[must_use]
    pub fn about(self, user: &UserId) -> Self {
        Self {
            account: Some(user.clone()),
            ..self
        }
    }

    /// What it was done to.
    #[must_use]
    pub fn on(self, subject: impl fmt::Display) -> Self {
        Self {
            subject: Some(subject.to_string()),
            ..self
        }
    }

    /// One thing more; no secret, and nothing that somebody typed.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.detail.insert(name, value.to_string());
        self
    }

    /// The same as a line of the process's log, with the target `audit`; the request's id is in its span.
    pub fn log(&self) {
        let detail = (!self.detail.is_empty()).then(|| format!("{:?}", self.detail));
        tracing::event!(
            target: "audit",
            tracing::Level::INFO,
            audit.event = self.event.as_str(),
            audit.actor = self.actor.as_ref().map(UserId::as_str),
            audit.credential = self.credential,
            audit.account = self.account.as_ref().map(UserId::as_str),
            audit.subject = self.subject,
            audit.detail = detail,
            audit.address = self.address.map(tracing::field::display),
            "security event"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_as_they_are_written() {
        for event in Event::ALL {
            assert_eq!(event.as_str().parse(), Ok(*event));
            let json = serde_json::to_value(event).unwrap();
            assert_eq!(json, event.as_str());
        }
    }
}
