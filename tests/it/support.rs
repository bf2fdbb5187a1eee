//! A server of one's own for each test.

mod client;

use std::path::PathBuf;

use aideator::app::AppState;
use aideator::clock::Clock;
use aideator::config::Config;
use aideator::db::Db;
use aideator::lifecycle::Lifecycle;
use tempfile::TempDir;
use tokio::net::TcpListener;

pub(crate) use self::client::Client;

/// The scripted kubectl; it looks for its scripts beside the link that it is started through.
const KUBECTL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/kubectl");

/// A running server with a directory, a database, a kubectl and a clock of its own.
pub(crate) struct TestApp {
    pub(crate) app: AppState,
    pub(crate) clock: Clock,
    url: String,
    dir: TempDir,
}

impl TestApp {
    /// A server with the defaults of `Config::for_tests`.
    pub(crate) async fn spawn() -> Self {
        Self::spawn_with(|_| {}).await
    }

    /// A server whose configuration `adjust` has changed.
    pub(crate) async fn spawn_with(adjust: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let kubectl = dir.path().join("kubectl");
        std::os::unix::fs::symlink(KUBECTL, &kubectl).unwrap();
        let data = dir.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let mut config = Config::for_tests(data, kubectl);
        adjust(&mut config);

        let db = Db::open(&config.storage.database).await.unwrap();
        let clock = Clock::fixed(aideator::clock::now_ms());
        let lifecycle = Lifecycle::new();
        let app = AppState::new(config, db, clock.clone(), lifecycle.clone())
            .await
            .unwrap();
        let listener = TcpListener::bind((app.config.http.host, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        lifecycle.spawn_core("http", aideator::serve(app.clone(), listener));
        Self {
            app,
            clock,
            url,
            dir,
        }
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
        let login = anonymous
            .post("/api/v1/auth/login", &account)
            .await
            .expect(200);
        let token = login.json()["access_token"].as_str().unwrap().to_owned();
        anonymous.with_header("authorization", &format!("Bearer {token}"))
    }

    /// Says what `kubectl VERB …` does from now on: `script` is run by sh with kubectl's own arguments.
    #[expect(dead_code, reason = "the tests of runs follow")]
    pub(crate) fn script_kubectl(&self, verb: &str, script: &str) {
        std::fs::write(self.path(&format!("kubectl.{verb}")), script).unwrap();
    }

    /// Every call of kubectl so far, one line of arguments each.
    #[expect(dead_code, reason = "the tests of runs follow")]
    pub(crate) fn kubectl_calls(&self) -> Vec<String> {
        let calls = std::fs::read_to_string(self.path("kubectl.calls")).unwrap_or_default();
        calls.lines().map(str::to_owned).collect()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.app.lifecycle.hard().cancel();
    }
}
