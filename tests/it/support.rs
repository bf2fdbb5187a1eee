//! A server of one's own for each test, with a cluster and a git host of its own.

mod cli;
mod client;
mod cluster;
mod git;
mod run;

use std::time::Duration;

use aideator::app::AppState;
use aideator::clock::Clock;
use aideator::config::Config;
use aideator::db::Db;
use aideator::lifecycle::Lifecycle;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::DropGuard;

pub(crate) use self::cli::{Cli, Ran};
pub(crate) use self::client::{Client, Reply};
pub(crate) use self::cluster::{Answer, Call, Cluster, Cut, stamp};
pub(crate) use self::git::{SHA, TOKEN, start_git_host_at};
pub(crate) use self::run::{Event, Run, kinds, output_of};

/// How long a test waits for something that must happen.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running server with a directory, a database, a cluster and a clock of its own.
pub(crate) struct TestApp {
    pub(crate) app: AppState,
    pub(crate) clock: Clock,
    pub(crate) cluster: Cluster,
    /// A repository that exists.
    pub(crate) repo: String,
    url: String,
    dir: TempDir,
    /// Whatever becomes of the test, its server ends.
    _end: DropGuard,
}

/// What a server leaves behind.
pub(crate) struct Stopped {
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    pub(crate) cluster: Cluster,
    pub(crate) repo: String,
    dir: TempDir,
    /// Where it listened.
    pub(crate) port: u16,
}

impl Stopped {
    /// A server that takes up what the last one left, at an address of its own.
    pub(crate) async fn start(self) -> TestApp {
        self.start_at(0).await
    }

    /// The same at the last one's address.
    pub(crate) async fn start_again(self) -> TestApp {
        let port = self.port;
        self.start_at(port).await
    }

    async fn start_at(self, port: u16) -> TestApp {
        let Self {
            config,
            clock,
            cluster,
            repo,
            dir,
            ..
        } = self;
        let db = Db::open(&config.storage.database).await.unwrap();
        let lifecycle = Lifecycle::new();
        let app = AppState::new(config, db, clock.clone(), lifecycle.clone());
        let app = app.await.unwrap();
        let listener = TcpListener::bind((app.config.http.host, port))
            .await
            .unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        lifecycle.spawn_core("http", aideator::serve(app.clone(), listener));
        let end = lifecycle.hard().clone().drop_guard();
        TestApp {
            app,
            clock,
            cluster,
            repo,
            url,
            dir,
            _end: end,
        }
    }
}

impl TestApp {
    /// A server with the defaults of `Config::for_tests`.
    pub(crate) async fn spawn() -> Self {
        Self::spawn_with(|_| {}).await
    }

    /// A server whose configuration `adjust` has changed.
    pub(crate) async fn spawn_with(adjust: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let cluster = Cluster::start().await;
        let mut config = Config::for_tests(dir.path().to_owned(), cluster.kubectl());
        adjust(&mut config);
        let clock = Clock::fixed(aideator::clock::now_ms());
        let repo = git::start_git_host().await;
        let stopped = Stopped {
            config,
            clock,
            cluster,
            repo,
            dir,
            port: 0,
        };
        stopped.start().await
    }

    /// Asks the server to stop, and waits until all of its tasks have ended.
    pub(crate) async fn stop(self) -> Stopped {
        let Self {
            app,
            clock,
            cluster,
            repo,
            dir,
            url,
            _end,
        } = self;
        let port = url.rsplit(':').next().unwrap().parse().unwrap();
        let (config, lifecycle) = (app.config.clone(), app.lifecycle.clone());
        drop(app);
        lifecycle.soft().cancel();
        lifecycle.tracker().close();
        let ended = tokio::time::timeout(PATIENCE / 2, lifecycle.tracker().wait()).await;
        ended.expect("all tasks end soon after the soft token");
        Stopped {
            config,
            clock,
            cluster,
            repo,
            dir,
            port,
        }
    }

    /// Everything that the server has written so far, in one.
    pub(crate) fn files(&self) -> Vec<u8> {
        let all = walk(self.dir.path()).into_iter();
        all.flat_map(|path| std::fs::read(path).unwrap()).collect()
    }

    /// A client without credentials.
    pub(crate) fn anonymous(&self) -> Client {
        Client::new(self.url.clone())
    }

    /// A client whose new account is logged in.
    pub(crate) async fn user(&self, email: &str) -> Client {
        let account = serde_json::json!({"email": email, "password": "TestPass123"});
        let anonymous = self.anonymous();
        anonymous
            .post("/api/v1/auth/register", &account)
            .await
            .expect(201);
        self.log_in(email).await
    }

    /// A client with a new session of an account that [`Self::user`] has made.
    pub(crate) async fn log_in(&self, email: &str) -> Client {
        let account = serde_json::json!({"email": email, "password": "TestPass123"});
        let anonymous = self.anonymous();
        let login = anonymous
            .post("/api/v1/auth/login", &account)
            .await
            .expect(200);
        let token = login.json()["access_token"].as_str().unwrap().to_owned();
        anonymous.with_header("authorization", &format!("Bearer {token}"))
    }
}

fn walk(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap();
    let below = |path: std::path::PathBuf| {
        if path.is_dir() {
            walk(&path)
        } else {
            vec![path]
        }
    };
    entries
        .flat_map(|entry| below(entry.unwrap().path()))
        .collect()
}
