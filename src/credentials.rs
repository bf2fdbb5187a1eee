//! Credentials that users entrust to us: for private repositories, and for the model's provider; and the
//! secrets with which webhooks are signed, in the same encryption.
//!
//! A token comes in by the API and leaves in two ways only: in a request of ours to the very host it
//! is for, and in the Secret of a run's own. Nothing reads it back: the API shows what a credential
//! is for, never what it is.

mod seal;

use std::sync::Arc;

use self::seal::{SealError, Sealer, bound};
use crate::clock;
use crate::config::Secret;
use crate::db::{Db, DbError};
use crate::model::{Credential, CredentialKind, Run, RunId, Uses, Webhook};

/// The user name where none is given: what GitHub asks for, and no other forge minds.
pub const ANY_USERNAME: &str = "x-access-token";

/// Access to the repositories of one host.
#[derive(Debug, Clone)]
pub struct GitAccess {
    /// `https://github.com`.
    pub host: String,
    pub username: String,
    pub token: Secret,
}

/// What a run's agents get beside their prompt and settings.
#[derive(Debug, Clone, Default)]
pub struct RunKeys {
    pub git: Option<GitAccess>,
    /// For the model's provider, instead of the operator's.
    pub provider: Option<Secret>,
}

impl RunKeys {
    /// Of the same kinds as a run's own, with nothing in them: for people to look at.
    pub fn shape(run: &Run) -> Self {
        let nothing = || Secret::new("not shown");
        Self {
            git: run.uses.git.then(|| GitAccess {
                host: run.git_host(),
                username: ANY_USERNAME.to_owned(),
                token: nothing(),
            }),
            provider: run.uses.provider.then(nothing),
        }
    }
}

/// What a user wants stored.
#[derive(Debug)]
pub struct NewCredential {
    pub kind: CredentialKind,
    /// Of git: `https://github.com`; else empty.
    pub host: String,
    /// Of git; else empty.
    pub username: String,
    pub token: Secret,
}

/// Why there is no token. The texts are for the user whose it is.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// It was deleted, or was for one run that has ended.
    #[error("the credential for {0} is not there any more: store one (POST /api/v1/credentials)")]
    Gone(String),
    /// It was encrypted with another key.
    #[error(
        "the credential for {0} was stored under another SECRET_KEY of this server and cannot be read any more: store it again (POST /api/v1/credentials)"
    )]
    OtherKey(String),
    /// Somebody changed its row.
    #[error("the stored credential for {0} is damaged: store it again (POST /api/v1/credentials)")]
    Damaged(String),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// The credentials of this server's users. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Credentials {
    db: Db,
    sealer: Arc<Sealer>,
}

impl Credentials {
    /// Those in this database, encrypted under the server's key.
    pub fn new(db: Db, secret_key: &Secret) -> anyhow::Result<Self> {
        let sealer = Arc::new(Sealer::new(secret_key)?);
        Ok(Self { db, sealer })
    }

    /// Encrypts a credential, for one run or for all of the user's.
    pub fn seal(
        &self,
        user: &str,
        run: Option<RunId>,
        new: NewCredential,
    ) -> anyhow::Result<Credential> {
        let mut credential = Credential {
            id: Credential::new_id(),
            user: user.to_owned(),
            run,
            kind: new.kind,
            host: new.host,
            username: new.username,
            key_id: self.sealer.id().to_owned(),
            sealed: Vec::new(),
            created_ms: clock::now_ms(),
            last_used_ms: None,
        };
        credential.sealed = self.sealer.seal(&bound(&credential), &new.token)?;
        Ok(credential)
    }

    /// Whether a credential can be read under the key that the server has now.
    pub fn is_readable(&self, credential: &Credential) -> bool {
        self.is_current(&credential.key_id)
    }

    /// Whether the server's key is the one of this name.
    pub fn is_current(&self, key_id: &str) -> bool {
        key_id == self.sealer.id()
    }

    /// Encrypts the secret with which a user's webhook is signed; the key's name, and the text.
    pub fn seal_signing(
        &self,
        user: &str,
        webhook: &str,
        secret: &Secret,
    ) -> anyhow::Result<(String, Vec<u8>)> {
        let sealed = self.sealer.seal(&signing(user, webhook), secret)?;
        Ok((self.sealer.id().to_owned(), sealed))
    }

    /// That secret; `None` where it was encrypted with another key, or its row was changed.
    pub fn open_signing(&self, webhook: &Webhook) -> Option<Secret> {
        let bound = signing(&webhook.user, &webhook.id);
        self.sealer.open(&bound, &webhook.sealed).ok()
    }

    /// What a user has stored for a host, if anything.
    pub async fn git(&self, user: &str, host: &str) -> Result<Option<GitAccess>, CredentialError> {
        let kind = CredentialKind::Git;
        match self.db.credential_for(user, kind, host, None).await? {
            Some(credential) => Ok(Some(self.git_access(credential).await?)),
            None => Ok(None),
        }
    }

    /// Whether a user has a key for the model's provider.
    pub async fn has_provider_key(&self, user: &str) -> Result<bool, DbError> {
        let kind = CredentialKind::Provider;
        let found = self.db.credential_for(user, kind, "", None).await?;
        Ok(found.is_some())
    }

    /// What agents of a run are to get, of which `needed` says the kinds. It is looked up whenever Jobs
    /// are made, so a credential that was stored anew since counts.
    pub async fn of_run(&self, run: &Run, needed: Uses) -> Result<RunKeys, CredentialError> {
        let mut keys = RunKeys::default();
        if needed.git {
            keys.git = Some(self.git_of_run(run).await?);
        }
        if needed.provider {
            let found = self
                .find(run, CredentialKind::Provider, "")
                .await?
                .ok_or_else(|| CredentialError::Gone("the model's provider".to_owned()))?;
            keys.provider = Some(self.open(&found).await?);
        }
        Ok(keys)
    }

    /// Access to a run's repository: its own, or what its owner has stored for the host.
    pub async fn git_of_run(&self, run: &Run) -> Result<GitAccess, CredentialError> {
        let host = run.git_host();
        let found = self.find(run, CredentialKind::Git, &host).await?;
        let credential = found.ok_or(CredentialError::Gone(host))?;
        self.git_access(credential).await
    }

    async fn find(
        &self,
        run: &Run,
        kind: CredentialKind,
        host: &str,
    ) -> Result<Option<Credential>, DbError> {
        let id = Some(run.id);
        self.db.credential_for(&run.user, kind, host, id).await
    }

    async fn git_access(&self, credential: Credential) -> Result<GitAccess, CredentialError> {
        let token = self.open(&credential).await?;
        Ok(GitAccess {
            host: credential.host,
            username: credential.username,
            token,
        })
    }

    async fn open(&self, credential: &Credential) -> Result<Secret, CredentialError> {
        let what = || match credential.kind {
            CredentialKind::Git => credential.host.clone(),
            CredentialKind::Provider => "the model's provider".to_owned(),
        };
        if !self.is_readable(credential) {
            return Err(CredentialError::OtherKey(what()));
        }
        let token = self
            .sealer
            .open(&bound(credential), &credential.sealed)
            .map_err(|SealError| CredentialError::Damaged(what()))?;
        self.db
            .touch_credential(&credential.id, clock::now_ms())
            .await?;
        Ok(token)
    }
}

/// What a webhook's secret is bound to: no credential's begins so.
fn signing(user: &str, webhook: &str) -> String {
    ["webhook", user, webhook].join("\0")
}
