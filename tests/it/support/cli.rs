//! The `aideator` program as people and scripts use it: started, its output read, its exit code seen.

#![expect(
    clippy::disallowed_methods,
    reason = "what is outside of the server is not its task"
)]

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::{Client, PATIENCE};

/// A person's shell: a home, a directory to stand in, a server and a key.
pub(crate) struct Cli {
    home: TempDir,
    pub(crate) dir: PathBuf,
    pub(crate) url: Option<String>,
    pub(crate) key: Option<String>,
}

/// What came of a command.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A command that is at work.
pub(crate) struct Running {
    child: Child,
    pub(crate) lines: Lines<BufReader<ChildStdout>>,
}

impl Cli {
    /// One that has nothing but the server's address.
    pub(crate) fn new(url: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        Self {
            dir: home.path().to_owned(),
            home,
            url: Some(url.to_owned()),
            key: None,
        }
    }

    /// One that is signed in with a new key of this user.
    pub(crate) async fn of(user: &Client) -> Self {
        Self::with_scopes(user, None).await
    }

    /// The same with these scopes only.
    pub(crate) async fn with_scopes(user: &Client, scopes: Option<&[&str]>) -> Self {
        let asked = serde_json::json!({"name": "test", "scopes": scopes});
        let made = user.post("/api/v1/auth/api-keys", &asked).await;
        let key = made.expect(201).json()["api_key"]
            .as_str()
            .unwrap()
            .to_owned();
        Self {
            key: Some(key),
            ..Self::new(user.url())
        }
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aideator"));
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.home.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .current_dir(&self.dir)
            .kill_on_drop(true)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(url) = &self.url {
            command.env("AIDEATOR_URL", url);
        }
        if let Some(key) = &self.key {
            command.env("AIDEATOR_API_KEY", key);
        }
        command
    }

    /// Runs a command to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Ran {
        self.feed(arguments, "").await
    }

    /// The same with something on standard input.
    pub(crate) async fn feed(&self, arguments: &[&str], input: &str) -> Ran {
        let mut child = self.command(arguments).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // Most commands do not read it.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        let ended = tokio::time::timeout(PATIENCE, child.wait_with_output()).await;
        let ended = ended.expect("the command ends").unwrap();
        Ran {
            code: ended.status.code().expect("it is not killed"),
            stdout: String::from_utf8(ended.stdout).unwrap(),
            stderr: String::from_utf8(ended.stderr).unwrap(),
        }
    }

    /// Starts a command.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let mut child = self.command(arguments).spawn().unwrap();
        drop(child.stdin.take());
        let stdout = child.stdout.take().unwrap();
        Running {
            child,
            lines: BufReader::new(stdout).lines(),
        }
    }
}

impl Running {
    /// Waits for a line with this text; all lines until there, it included.
    pub(crate) async fn says(&mut self, text: &str) -> Vec<String> {
        let mut seen = Vec::new();
        let found = tokio::time::timeout(PATIENCE, async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                seen.push(line);
                if seen.last().unwrap().contains(text) {
                    return true;
                }
            }
            false
        });
        let found = found.await;
        assert_eq!(found, Ok(true), "waited for {text}: {seen:#?}");
        seen
    }

    /// Sends it what Ctrl-C does.
    pub(crate) async fn interrupt(&self) {
        let id = self.child.id().unwrap().to_string();
        let sent = Command::new("kill").args(["-INT", &id]).status().await;
        assert!(sent.unwrap().success());
    }

    /// What is left of its output, to its end.
    pub(crate) async fn end(mut self) -> Ran {
        let mut stdout = String::new();
        let mut stderr = String::new();
        let mut errors = self.child.stderr.take().unwrap();
        let ended = tokio::time::timeout(PATIENCE, async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                stdout += &(line + "\n");
            }
            errors.read_to_string(&mut stderr).await.unwrap();
            self.child.wait().await.unwrap()
        });
        let code = ended.await.expect("the command ends").code();
        Ran {
            code: code.expect("it is not killed"),
            stdout,
            stderr,
        }
    }
}

impl Ran {
    /// The same, if it ended with this code.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }
}
