//! What users entrust to us: tokens for git hosts and for the model's provider.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Run, RunId};

/// What a credential is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CredentialKind {
    /// Repositories on one host.
    Git,
    /// The model's provider, instead of the operator's key.
    Provider,
}

impl CredentialKind {
    /// As the API and the database spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Git => "git",
            Self::Provider => "provider",
        }
    }
}

impl FromStr for CredentialKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let all = [Self::Git, Self::Provider];
        all.into_iter().find(|it| it.as_str() == text).ok_or(())
    }
}

/// A credential as it is stored; the token can be had from it with the server's key only.
#[derive(Debug, Clone)]
pub struct Credential {
    /// `cred_` and a UUIDv7 in 32 hex digits.
    pub id: String,
    /// The owner's id.
    pub user: String,
    /// The only run that it is for; `None`: all of the owner's.
    pub run: Option<RunId>,
    pub kind: CredentialKind,
    /// Of a git credential: `https://github.com`; else empty.
    pub host: String,
    /// Of a git credential; else empty.
    pub username: String,
    /// Names the server's key.
    pub key_id: String,
    /// The encrypted token.
    pub sealed: Vec<u8>,
    /// Milliseconds since the Unix epoch, as is `last_used_ms`.
    pub created_ms: i64,
    pub last_used_ms: Option<i64>,
}

impl Credential {
    /// An id that nothing has.
    pub fn new_id() -> String {
        format!("cred_{}", Uuid::now_v7().simple())
    }
}

/// Which credentials of its owner's a run's agents need.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Uses {
    /// The repository is cloned with one.
    pub git: bool,
    /// The model is asked with one, not with the operator's key.
    pub provider: bool,
}

impl Uses {
    /// Whether there are any.
    pub fn any(self) -> bool {
        self.git || self.provider
    }
}

/// `scheme://host[:port]` of a repository's address; empty where it has none.
pub fn git_host(repo_url: &str) -> String {
    let url = url::Url::parse(repo_url);
    url.map(|url| url.origin().ascii_serialization())
        .unwrap_or_default()
}

impl Run {
    /// The host that its repository is on, as credentials name it.
    pub fn git_host(&self) -> String {
        git_host(&self.repo_url)
    }
}
