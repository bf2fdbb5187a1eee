//! The application: what handlers and background tasks share.

use std::ops::Deref;
use std::sync::Arc;

use anyhow::Context as _;
use axum::extract::{FromRequestParts, State};

use crate::api::health::Readiness;
use crate::auth::Auth;
use crate::clock::Clock;
use crate::config::Config;
use crate::credentials::Credentials;
use crate::db::Db;
use crate::kubectl::{Journal, Kubectl};
use crate::lifecycle::Lifecycle;
use crate::logs::LogStore;
use crate::repo::Repos;
use crate::runs::{Parts, Runs};
use crate::telemetry::traces::Traces;
use crate::webhooks::Webhooks;

/// Everything the server consists of.
#[derive(Debug)]
pub struct App {
    pub config: Config,
    pub db: Db,
    pub clock: Clock,
    pub lifecycle: Lifecycle,
    pub auth: Auth,
    pub credentials: Credentials,
    pub store: LogStore,
    pub kubectl: Kubectl,
    pub repos: Repos,
    pub runs: Runs,
    pub webhooks: Webhooks,
    pub readiness: Readiness,
}

/// A cheap handle on the [`App`]; handlers take it as an extractor: `app: AppState`.
#[derive(Clone, Debug, FromRequestParts)]
#[from_request(via(State))]
pub struct AppState(pub Arc<App>);

impl Deref for AppState {
    type Target = App;

    fn deref(&self) -> &App {
        &self.0
    }
}

impl AppState {
    /// Puts the parts together and brings the rows and the cluster into agreement, so that who asks
    /// first is told the truth.
    pub async fn new(
        config: Config,
        db: Db,
        clock: Clock,
        lifecycle: Lifecycle,
    ) -> anyhow::Result<Self> {
        let auth = Auth::new(&config.auth).context("failed to prepare accounts")?;
        let store = LogStore::open(config.storage.data_dir.join("logs"))
            .context("failed to open the log store in DATA_DIR")?;
        let (journal, entries) = Journal::new();
        let kubectl = Kubectl::new(&config.kubectl, journal);
        let repos = Repos::new(config.agents.allowed_git_hosts.clone())
            .context("failed to prepare the git client")?;
        let credentials = Credentials::new(db.clone(), &config.auth.secret_key)
            .context("failed to prepare the encryption of credentials")?;
        let runs = Runs::new(Parts {
            db: db.clone(),
            credentials: credentials.clone(),
            kubectl: kubectl.clone(),
            store: store.clone(),
            agents: config.agents.clone(),
            keep: config.storage.keep,
            limits: config.limits,
            lifecycle: lifecycle.clone(),
            traces: Traces::new(&config.traces, &config.agents.instance)?,
        })
        .context("failed to prepare the manifests")?;
        runs.start(entries).await?;
        let webhooks = Webhooks::new(
            db.clone(),
            credentials.clone(),
            clock.clone(),
            config.webhook_networks.clone(),
            config.http.public_url.clone(),
        )?;
        webhooks.start(&lifecycle);
        Ok(Self(Arc::new(App {
            config,
            db,
            clock,
            lifecycle,
            auth,
            credentials,
            store,
            kubectl,
            repos,
            runs,
            webhooks,
            readiness: Readiness::default(),
        })))
    }
}
