//! The git repository that a person stands in. It is the person's own git that is started, with what
//! the person has configured: this is the client's part, on the client's machine.

#![expect(
    clippy::disallowed_methods,
    reason = "`pick --apply` is what a person would type: git apply. The server starts nothing here"
)]

use std::io;
use std::process::{Output, Stdio};

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::exit::{Exit, Failure, Outcome};

/// Where it is.
pub(super) struct Repository {
    top: String,
}

impl Repository {
    /// The repository around the working directory.
    pub(super) async fn here() -> Outcome<Self> {
        let found = git(None, &["rev-parse", "--show-toplevel"], &[]).await?;
        if !found.status.success() {
            return Err(refuse(format!(
                "there is no git worktree here to apply the patch to: go into your clone first ({})",
                said(&found)
            )));
        }
        let top = String::from_utf8_lossy(&found.stdout);
        let top = top.trim_end_matches('\n').to_owned();
        Ok(Self { top })
    }

    pub(super) fn top(&self) -> &str {
        &self.top
    }

    /// Refuses a repository that does not know the commit that the agents started from.
    pub(super) async fn has_commit(&self, sha: &str, url: &str) -> Outcome<()> {
        let object = format!("{sha}^{{commit}}");
        let found = self.git(&["cat-file", "-e", &object], &[]).await?;
        if found.status.success() {
            return Ok(());
        }
        Err(refuse(format!(
            "{} does not have the commit {sha}, from which the agents started: is it a clone of {url}? \
             If it is: git fetch origin {sha}",
            self.top
        )))
    }

    /// Refuses a worktree that the patch does not fit. Changes nothing.
    pub(super) async fn takes(&self, patch: &[u8], base: &str) -> Outcome<()> {
        let checked = self.git(&["apply", "--check", "-"], patch).await?;
        if checked.status.success() {
            return Ok(());
        }
        let why = said(&checked);
        let status = self.git(&["status", "--porcelain"], &[]).await?;
        let head = self.git(&["rev-parse", "HEAD"], &[]).await?;
        let at_base = String::from_utf8_lossy(&head.stdout).trim() == base;
        let advice = match (status.stdout.is_empty(), at_base) {
            (false, _) => "it has changes that are not committed: commit or stash them".to_owned(),
            (true, false) => format!(
                "it is at another commit than the agents started from: git switch --detach {base}"
            ),
            (true, true) => {
                "its files are not those of the commit: is there a filter in the way?".to_owned()
            }
        };
        Err(refuse(format!(
            "the patch does not apply in {}: {advice}. Nothing was changed or picked. git says:\n{why}",
            self.top
        )))
    }

    /// Applies a patch to the worktree.
    pub(super) async fn apply(&self, patch: &[u8]) -> Outcome<()> {
        let applied = self
            .git(&["apply", "--whitespace=nowarn", "-"], patch)
            .await?;
        if applied.status.success() {
            return Ok(());
        }
        let why = said(&applied);
        Err(refuse(format!(
            "it is picked, but the patch does not apply any more: {why}"
        )))
    }

    async fn git(&self, arguments: &[&str], input: &[u8]) -> Outcome<Output> {
        git(Some(&self.top), arguments, input).await
    }
}

fn refuse(message: String) -> Failure {
    Failure::new(Exit::Repository, message)
}

/// What git says about what it does not do.
fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}

async fn git(dir: Option<&str>, arguments: &[&str], input: &[u8]) -> Outcome<Output> {
    let run = async || -> io::Result<Output> {
        let mut command = Command::new("git");
        command
            .args(arguments)
            // What git starts has no use for it.
            .env_remove("AIDEATOR_API_KEY")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(dir) = dir {
            command.current_dir(dir);
        }
        let mut child = command.spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // A git that does not want all of it says why by its exit code.
            match stdin.write_all(input).await {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error),
                _ => {}
            }
        }
        child.wait_with_output().await
    };
    run().await.map_err(|error| {
        refuse(format!(
            "git does not start ({error}): is it installed, and on PATH?"
        ))
    })
}
