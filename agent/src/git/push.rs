//! A result as a commit, and the commit as a new branch of the repository it came from.
//!
//! Nothing of a model runs where this does: the checkout is as git has made it.

use std::{io, time::Duration};

use super::{
    checkout::{Checkout, CheckoutError, way},
    command::{Git, GitError},
};
use crate::input::Repository;

const LOCAL_LIMIT: Duration = Duration::from_mins(2);
const PUSH_LIMIT: Duration = Duration::from_mins(5);

/// What is said of a commit.
pub(crate) struct Commit<'a> {
    pub(crate) message: &'a str,
    pub(crate) author_name: &'a str,
    pub(crate) author_email: &'a str,
}

/// Why there is no new branch.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PushError {
    /// Git says why.
    #[error("The result cannot be committed: {0}")]
    Commit(GitError),
    /// It would not be what was picked.
    #[error(
        "The patch leads to tree {found}, and the variation had tree {wanted}; nothing was pushed."
    )]
    Tree {
        /// That of the variation.
        wanted: String,
        /// That of the patch.
        found: String,
    },
    /// Git would not have it.
    #[error("{0:?} is not the name of a branch.")]
    Name(String),
    /// Nothing is overwritten.
    #[error(
        "The repository has a branch {0:?} already, which is left as it is. Publish under another name."
    )]
    Exists(String),
    /// The server, or the way to it.
    #[error("The branch cannot be pushed: {0}")]
    Push(GitError),
    /// The address is none.
    #[error(transparent)]
    Address(#[from] CheckoutError),
    /// The workspace fails.
    #[error("The workspace cannot be written: {0}")]
    Io(#[from] io::Error),
}

impl Checkout {
    /// Commits the base with a patch applied, if the tree is the one that was `wanted`; its id.
    pub(crate) async fn commit(
        &self,
        patch: &[u8],
        wanted: Option<&str>,
        commit: &Commit<'_>,
    ) -> Result<String, PushError> {
        let git = |name| Git::new(&self.directory, name);
        git("apply")
            .args(["--cached", "--whitespace=nowarn", "-"])
            .feed(LOCAL_LIMIT, patch)
            .await
            .map_err(PushError::Commit)?;
        let tree = git("write-tree").line(LOCAL_LIMIT).await;
        let tree = tree.map_err(PushError::Commit)?;
        if let Some(wanted) = wanted.filter(|wanted| *wanted != tree) {
            let (wanted, found) = (wanted.to_owned(), tree);
            return Err(PushError::Tree { wanted, found });
        }
        git("commit-tree")
            .args([&tree, "-p", &self.base, "-F", "-"])
            .env("GIT_AUTHOR_NAME", commit.author_name)
            .env("GIT_AUTHOR_EMAIL", commit.author_email)
            .env("GIT_COMMITTER_NAME", commit.author_name)
            .env("GIT_COMMITTER_EMAIL", commit.author_email)
            .reply(LOCAL_LIMIT, commit.message.as_bytes())
            .await
            .map_err(PushError::Commit)
    }

    /// Pushes a commit as a branch that must be new.
    pub(crate) async fn push(
        &self,
        repository: &Repository,
        commit: &str,
        branch: &str,
    ) -> Result<(), PushError> {
        let name = format!("refs/heads/{branch}");
        let named = Git::new(&self.directory, "check-ref-format").args([&name]);
        if branch.starts_with('-') || named.done(LOCAL_LIMIT).await.is_err() {
            return Err(PushError::Name(branch.to_owned()));
        }
        let options = way(repository)?;
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        // A lease on nothing: the server takes it only where there is no such branch, at the very
        // moment. Without it an older branch would be moved on where that can be done.
        let pushed = Git::with_options(&self.directory, "push", &options)
            .args([&format!("--force-with-lease={name}:"), "--no-verify", "--"])
            .args([&repository.url, &format!("{commit}:{name}")])
            .done(PUSH_LIMIT)
            .await;
        match pushed {
            Err(GitError::Exit { stderr, .. }) if is_taken(&stderr) => {
                Err(PushError::Exists(branch.to_owned()))
            }
            other => other.map_err(PushError::Push),
        }
    }
}

/// Whether git or the server says that the branch is there.
fn is_taken(stderr: &str) -> bool {
    [
        "(stale info)",
        "already exists",
        "non-fast-forward",
        "(fetch first)",
    ]
    .iter()
    .any(|words| stderr.contains(words))
}
