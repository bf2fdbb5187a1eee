//! The program as Kubernetes starts it.

#![expect(
    clippy::disallowed_methods,
    reason = "what is outside of the server is not its task"
)]

use std::fs::File;
use std::process::Stdio;
use std::time::Duration;

use aideator::cli::{backup, restore};
use sqlx::Connection as _;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::support::{Stopped, TestApp};

/// The program, where the last server was.
fn program(stopped: &Stopped) -> Command {
    let storage = &stopped.config.storage;
    let mut command = Command::new(env!("CARGO_BIN_EXE_aideator"));
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOST", "127.0.0.1")
        .env("PORT", stopped.port.to_string())
        .env("SECRET_KEY", "k".repeat(32))
        .env("DATA_DIR", &storage.data_dir)
        .env(
            "DATABASE_URL",
            format!("sqlite:///{}", storage.database.display()),
        )
        .env("KUBECTL", &stopped.config.kubectl.program)
        .kill_on_drop(true)
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// A server whose start takes time: another one, that is about to end, has `DATA_DIR` until the file is unlocked.
/// Its log must be kept open: who cannot log ends.
async fn start_behind_another(stopped: &Stopped) -> (Child, impl Sized, File) {
    let other = File::create(stopped.config.storage.data_dir.join("lock")).unwrap();
    other.lock().unwrap();
    let mut server = program(stopped).spawn().unwrap();
    let mut log = BufReader::new(server.stderr.take().unwrap()).lines();
    let wait = async {
        while let Some(line) = log.next_line().await.unwrap() {
            if line.contains("another server uses DATA_DIR") {
                return;
            }
        }
        panic!("it ended");
    };
    within("it waits", wait).await;
    (server, log, other)
}

/// Asks the server, which must listen already, for its health when `then` was done.
async fn health(stopped: &Stopped, then: impl FnOnce()) -> String {
    let mut client = TcpStream::connect(("127.0.0.1", stopped.port))
        .await
        .expect("it listens");
    client
        .write_all(b"GET /api/v1/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    then();
    let mut answer = String::new();
    within("the answer", client.read_to_string(&mut answer))
        .await
        .unwrap();
    answer
}

#[tokio::test]
async fn who_connects_while_it_starts_is_answered_when_it_is_ready() {
    let stopped = TestApp::spawn().await.stop().await;
    let (_server, _log, other) = start_behind_another(&stopped).await;
    let answer = health(&stopped, || other.unlock().unwrap()).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

/// A kubectl that was just being started has all that the server had open.
#[tokio::test]
async fn a_port_that_a_killed_server_leaves_with_its_lock_is_waited_for() {
    let stopped = TestApp::spawn().await.stop().await;
    let port = std::net::TcpListener::bind(("127.0.0.1", stopped.port)).unwrap();
    let (_server, _log, other) = start_behind_another(&stopped).await;
    drop(port);
    other.unlock().unwrap();
    let listens = async {
        while TcpStream::connect(("127.0.0.1", stopped.port))
            .await
            .is_err()
        {
            tokio::task::yield_now().await;
        }
    };
    within("it listens", listens).await;
    let answer = health(&stopped, || ()).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone_and_a_backup_leads_back() {
    let test = TestApp::spawn().await;
    let user = test.user("a@example.com").await;
    let mut tar = Vec::new();
    backup(&test.app.config.storage, &mut tar).await.unwrap();
    let stopped = test.stop().await;

    // Upgraded, used, and rolled back.
    let storage = stopped.config.storage.clone();
    let url = format!("sqlite://{}", storage.database.display());
    let mut newer = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let changes = "CREATE TABLE novelties (id TEXT);
        INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
            VALUES (990001, 'novelties', 1, x'00', 1)";
    sqlx::raw_sql(changes).execute(&mut newer).await.unwrap();
    newer.close().await.unwrap();
    let before = std::fs::read(&storage.database).unwrap();
    let ended = within("it ends", program(&stopped).output()).await.unwrap();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let said = String::from_utf8(ended.stderr).unwrap();
    for words in [
        storage.database.to_str().unwrap(),
        "a newer version",
        "migration 990001",
        "restore the backup from before the upgrade",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(
        std::fs::read(&storage.database).unwrap() == before,
        "it has changed the database"
    );

    // A backup that the newer version has made is refused; one from before the upgrade is what it takes.
    let mut later = Vec::new();
    backup(&storage, &mut later).await.unwrap();
    let refused = restore(&storage, &later[..], true).await.unwrap_err();
    assert!(
        format!("{refused:#}").contains("migration 990001"),
        "{refused:#}"
    );
    assert!(
        std::fs::read(&storage.database).unwrap() == before,
        "nothing was changed"
    );
    restore(&storage, &tar[..], true).await.unwrap();
    let test = stopped.start().await;
    user.at(&test).get("/api/v1/auth/me").await.expect(200);
}

async fn within<F: Future>(what: &str, future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(20), future)
        .await
        .unwrap_or_else(|_| panic!("{what}: not in time"))
}
