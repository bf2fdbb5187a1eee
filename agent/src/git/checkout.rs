//! The clone: one commit, no history, no hooks, no filters, no submodules, bounded in time and size.

use std::{
    ffi::{OsStr, OsString},
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use sha2::{Digest as _, Sha256};
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::{
    command::{Git, GitError, RAW_ATTRIBUTES},
    credential::helper,
};
use crate::{
    disk::size,
    input::{Repository, Revision},
};

const FETCH_LIMIT: Duration = Duration::from_mins(5);
const FETCH_TRIES: u32 = 3;
const FETCH_WAIT: Duration = Duration::from_secs(2);
const LOCAL_LIMIT: Duration = Duration::from_mins(2);

/// Most that a repository may weigh on disk, packed and checked out, bytes. The workspace has 2 GiB,
/// and the work needs some of them.
const SIZE_LIMIT: u64 = 1536 * 1024 * 1024;

/// How often the size is looked at while git fetches.
const SIZE_INTERVAL: Duration = Duration::from_millis(500);

/// A repository at its base commit.
pub(crate) struct Checkout {
    /// The working tree.
    pub(crate) directory: PathBuf,
    /// The commit that the work starts from.
    pub(crate) base: String,
    /// Private directory beside it.
    pub(super) private: PathBuf,
    /// The base commit's objects.
    pub(super) packs: Vec<Pack>,
}

/// A file of the base commit's objects, kept in the private directory.
pub(super) struct Pack {
    pub(super) name: String,
    /// Known only to this process, so that a change by anybody is seen.
    pub(super) sha256: [u8; 32],
}

/// Why there is no checkout.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CheckoutError {
    /// Git says why.
    #[error("The repository cannot be cloned: {0}")]
    Git(#[from] GitError),
    /// The URL is not one that agents clone from.
    #[error("REPO_URL must be an https:// or http:// address without a user name in it.")]
    Url,
    /// Another commit came than was asked for.
    #[error("The repository gave commit {found} for {wanted}.")]
    Commit {
        /// Asked for.
        wanted: String,
        /// Given.
        found: String,
    },
    /// It is too big.
    #[error("The repository is larger than the {} MiB an agent may clone.", SIZE_LIMIT >> 20)]
    Size,
    /// The workspace fails.
    #[error("The workspace cannot be written: {0}")]
    Io(#[from] io::Error),
}

impl CheckoutError {
    /// Whether trying again may help.
    pub(crate) fn is_retryable(&self) -> bool {
        matches!(self, Self::Git(_))
    }
}

impl Checkout {
    /// Clones into `workspace`, which must have no `repo` or `.base` yet.
    pub(crate) async fn new(
        workspace: &Path,
        repository: &Repository,
    ) -> Result<Self, CheckoutError> {
        let directory = workspace.join("repo");
        let private = workspace.join(".base");
        fs::create_dir(&directory)?;
        fs::create_dir(&private)?;
        let git = |name| Git::new(&directory, name);
        git("init")
            .args(["-q", "--template="])
            .done(LOCAL_LIMIT)
            .await?;
        let info = directory.join(".git/info");
        fs::create_dir_all(&info)?;
        fs::write(info.join("attributes"), RAW_ATTRIBUTES)?;
        fetch(&directory, repository).await?;
        let base = git("rev-parse")
            .args(["--verify", "FETCH_HEAD^{commit}"])
            .line(LOCAL_LIMIT)
            .await?;
        if let Revision::Commit(wanted) = &repository.revision
            && *wanted != base
        {
            let (wanted, found) = (wanted.clone(), base);
            return Err(CheckoutError::Commit { wanted, found });
        }
        let packs = keep_packs(&directory.join(".git/objects/pack"), &private)?;
        watch_size(
            &directory,
            git("checkout")
                .args(["-q", "--detach", &base])
                .done(LOCAL_LIMIT),
        )
        .await?;
        Ok(Self {
            directory,
            base,
            private,
            packs,
        })
    }

    /// What [`Checkout::new`] has made in another container of this pod. To be called before anything
    /// of the model has run: what is there now is remembered as the base.
    pub(crate) fn adopt(workspace: &Path, base: String) -> io::Result<Self> {
        let private = workspace.join(".base");
        let mut packs = Vec::new();
        for entry in fs::read_dir(&private)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let sha256 = sha256(&private.join(&name))?;
            packs.push(Pack { name, sha256 });
        }
        Ok(Self {
            directory: workspace.join("repo"),
            base,
            private,
            packs,
        })
    }

    /// Applies an earlier change and commits it, so that the work starts from there. The base stays
    /// what it was. To be called before anything of the model has run.
    pub(crate) async fn start_from(&self, patch: &[u8]) -> Result<(), CheckoutError> {
        let file = self.private.with_file_name("start.patch");
        fs::write(&file, patch)?;
        Git::new(&self.directory, "apply")
            .args(["--index", "--whitespace=nowarn", "--"])
            .args([&file])
            .done(LOCAL_LIMIT)
            .await?;
        fs::remove_file(&file)?;
        let author = ["user.name=AIdeator", "user.email=aideator@localhost"];
        Git::with_options(&self.directory, "commit", &author)
            .args(["-q", "--no-verify", "--no-gpg-sign", "-m"])
            .args(["The result of an earlier run, from which this one starts"])
            .done(LOCAL_LIMIT)
            .await?;
        Ok(())
    }

    /// The files of the base commit once more, in a directory beside the working tree; without
    /// `.git`. To be called before anything of the model has run.
    pub(crate) async fn copy_of_base(&self) -> Result<PathBuf, GitError> {
        let copy = self.private.with_file_name("base");
        let index = self.private.join("base.index");
        let git = |name| Git::new(&self.directory, name).env("GIT_INDEX_FILE", &index);
        git("read-tree")
            .args([&self.base])
            .done(LOCAL_LIMIT)
            .await?;
        let mut prefix = OsString::from("--prefix=");
        prefix.push(copy.join(""));
        git("checkout-index")
            .args([OsStr::new("-a"), &prefix])
            .done(LOCAL_LIMIT)
            .await?;
        Ok(copy)
    }
}

/// Options with which git reaches the repository, and nothing else.
pub(super) fn way(repository: &Repository) -> Result<Vec<String>, CheckoutError> {
    // Only the protocol that the address names, so that nothing leads elsewhere. `file` reads the
    // container's own files: for development.
    let protocol = match repository.url.split_once("://") {
        Some((protocol @ ("https" | "http" | "file"), rest))
            if !rest.split('/').next().unwrap_or_default().contains('@') =>
        {
            format!("protocol.{protocol}.allow=always")
        }
        _ => return Err(CheckoutError::Url),
    };
    let helper = repository.credential.as_deref().map(helper).transpose()?;
    Ok(std::iter::once(protocol).chain(helper).collect())
}

async fn fetch(directory: &Path, repository: &Repository) -> Result<(), CheckoutError> {
    let options = way(repository)?;
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let revision = match &repository.revision {
        Revision::Commit(sha) => sha,
        Revision::Name(name) => name,
    };
    let mut tries = 0;
    loop {
        let fetch = Git::with_options(directory, "fetch", &options)
            .args(["-q", "--depth", "1", "--no-tags"])
            .args(["--no-recurse-submodules", "--", &repository.url, revision]);
        tries += 1;
        match watch_size(directory, fetch.done(FETCH_LIMIT)).await {
            // A pod's first second may be before its network's.
            Err(CheckoutError::Git(error)) if tries < FETCH_TRIES && is_transient(&error) => {
                sleep(FETCH_WAIT * tries).await;
            }
            other => return other,
        }
    }
}

/// Whether git could not reach the server, or lost it.
fn is_transient(error: &GitError) -> bool {
    let GitError::Exit { stderr, .. } = error else {
        return false;
    };
    [
        "Could not resolve host",
        "Failed to connect",
        "Connection reset",
        "Connection timed out",
        "early EOF",
        "returned error: 5",
    ]
    .iter()
    .any(|words| stderr.contains(words))
}

/// Ends git, by dropping it, when the directory grows too big.
async fn watch_size(
    directory: &Path,
    git: impl Future<Output = Result<(), GitError>>,
) -> Result<(), CheckoutError> {
    let mut ticks = interval(SIZE_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tokio::pin!(git);
    loop {
        tokio::select! {
            done = &mut git => break done?,
            _ = ticks.tick() => {
                if size(directory) > SIZE_LIMIT {
                    return Err(CheckoutError::Size);
                }
            }
        }
    }
    if size(directory) > SIZE_LIMIT {
        return Err(CheckoutError::Size);
    }
    Ok(())
}

/// Links the fetched packs and their indexes into the private directory and remembers what they are.
fn keep_packs(from: &Path, private: &Path) -> io::Result<Vec<Pack>> {
    let mut packs = Vec::new();
    for entry in fs::read_dir(from)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let extension = Path::new(&name).extension().and_then(OsStr::to_str);
        if !matches!(extension, Some("pack" | "idx")) {
            continue;
        }
        // A link costs nothing and outlives a `git gc`; git itself never writes into a pack.
        fs::hard_link(from.join(&name), private.join(&name))?;
        let sha256 = sha256(&private.join(&name))?;
        packs.push(Pack { name, sha256 });
    }
    Ok(packs)
}

pub(super) fn sha256(path: &Path) -> io::Result<[u8; 32]> {
    let mut hasher = Sha256::new();
    io::copy(&mut fs::File::open(path)?, &mut hasher)?;
    Ok(hasher.finalize().into())
}
