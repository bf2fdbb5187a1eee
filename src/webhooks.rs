//! Webhooks: users are told by HTTP that their runs have ended, as the Standard Webhooks specification
//! says (<https://www.standardwebhooks.com>), so that any of its libraries can verify it.
//!
//! Invariants:
//! - What is to be told is a row written in the transaction that it tells of; it goes when it was
//!   delivered or given up, so a restart loses nothing. What was delivered may come again, with the same
//!   `webhook-id`, when the server ends before it has noted that.
//! - No connection is made to an address that was not judged (`address`), whatever a name resolves to.
//! - There is no timer but the one for the next attempt that is due.

mod address;
mod deliver;
mod send;
mod sign;

use std::sync::Arc;

use url::Url;

use self::address::Judge;
use self::send::Sender;
use crate::auth::audit::Entry;
use crate::clock::Clock;
use crate::config::{Networks, Secret};
use crate::credentials::Credentials;
use crate::db::{Db, DbError};
use crate::lifecycle::Lifecycle;
use crate::model::{Delivery, Webhook};

/// Webhooks of one account.
pub const MOST: u32 = 20;

/// The webhooks of this server's users. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Webhooks(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    db: Db,
    credentials: Credentials,
    clock: Clock,
    judge: Judge,
    sender: Sender,
    /// How others reach this server, where it knows.
    public_url: Option<Url>,
}

impl Webhooks {
    /// Those in this database. Nothing is sent before [`Webhooks::start`].
    pub fn new(
        db: Db,
        credentials: Credentials,
        clock: Clock,
        allowed: Networks,
        public_url: Option<Url>,
    ) -> anyhow::Result<Self> {
        let judge = Judge::new(allowed);
        Ok(Self(Arc::new(Inner {
            db,
            credentials,
            clock,
            sender: Sender::new(&judge)?,
            judge,
            public_url,
        })))
    }

    /// Delivers what is due, until the server stops.
    pub fn start(&self, lifecycle: &Lifecycle) {
        let soft = lifecycle.soft().clone();
        let webhooks = self.clone();
        lifecycle.spawn_core("webhooks", async move {
            tokio::select! {
                () = deliver::deliver(webhooks) => {}
                // What is under way is done again after the next start.
                () = soft.cancelled() => {}
            }
            Ok(())
        });
    }

    /// Checks an address without asking anybody; why not, for whoever gave it.
    pub fn check_url(&self, text: &str) -> Result<Url, String> {
        self.0.judge.check_url(text)
    }

    /// Stores a webhook; with the secret that it is signed with, which nobody sees again. `None` when
    /// its owner has [`MOST`].
    pub async fn create(
        &self,
        user: &str,
        url: &Url,
        description: Option<String>,
        entry: Entry,
    ) -> anyhow::Result<Option<(Webhook, Secret)>> {
        let secret = sign::new_secret()?;
        let id = Webhook::new_id();
        let (key_id, sealed) = self.0.credentials.seal_signing(user, &id, &secret)?;
        let webhook = Webhook {
            id,
            user: user.to_owned(),
            url: url.as_str().to_owned(),
            description,
            key_id,
            sealed,
            created_ms: self.0.clock.now_ms(),
            disabled: None,
        };
        // Not the whole address: its path may be what opens it.
        let entry = entry.on(&webhook.id);
        let entry = entry.with("host", url.host_str().unwrap_or_default());
        let stored = self.0.db.insert_webhook(&webhook, MOST, &entry).await?;
        Ok(stored.then_some((webhook, secret)))
    }

    /// Whether deliveries can be signed under the key that the server has now.
    pub fn is_readable(&self, webhook: &Webhook) -> bool {
        self.0.credentials.is_current(&webhook.key_id)
    }

    /// Sends a ping, soon.
    pub async fn ping(&self, webhook: &Webhook) -> Result<Delivery, DbError> {
        let now = self.0.clock.now_ms();
        self.0.db.insert_ping(&webhook.id, now).await
    }
}
