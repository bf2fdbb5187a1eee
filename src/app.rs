//! The application: what handlers and background tasks share.

use std::ops::Deref;
use std::sync::Arc;

use anyhow::Context as _;
use axum::extract::{FromRequestParts, State};

use crate::auth::Auth;
use crate::clock::Clock;
use crate::config::Config;
use crate::db::Db;
use crate::lifecycle::Lifecycle;

/// Everything the server consists of.
#[derive(Debug)]
pub struct App {
    pub config: Config,
    pub db: Db,
    pub clock: Clock,
    pub lifecycle: Lifecycle,
    pub auth: Auth,
    // lead's fields
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
    /// Puts the parts together. Nothing runs yet: what runs is spawned by `serve`.
    #[expect(
        clippy::unused_async,
        reason = "the parts that follow the cluster need to be awaited here"
    )]
    pub async fn new(
        config: Config,
        db: Db,
        clock: Clock,
        lifecycle: Lifecycle,
    ) -> anyhow::Result<Self> {
        let auth = Auth::new(&config.auth).context("failed to prepare accounts")?;
        Ok(Self(Arc::new(App {
            config,
            db,
            clock,
            lifecycle,
            auth,
        })))
    }
}
