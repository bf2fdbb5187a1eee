//! The change, made from the working tree by a git repository that nobody else has touched.
//!
//! The model's commands may have written anything into the checkout, its `.git` included. So the
//! tree is read by a new bare repository with objects proved to be those that were fetched; the
//! patch is then applied to the base again and has to give the same tree.

use std::{
    ffi::OsStr,
    fs, io,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use aideator_agent::patch::Summary;

use super::{
    checkout::{Checkout, sha256},
    command::{Git, GitError, RAW_ATTRIBUTES},
};

const LIMIT: Duration = Duration::from_mins(2);

/// Largest patch that is printed, bytes.
const PATCH_BYTES: u64 = 5 * 1024 * 1024;

/// What tools leave behind and nobody commits; a repository's own `.gitignore` comes on top. Files
/// that the base commit has are compared whatever their name.
const LEFT_OUT: &str = "__pycache__/\n*.pyc\n.pytest_cache/\n.mypy_cache/\n.ruff_cache/\nnode_modules/\n.DS_Store\n.aider*\n";

/// The change as it is now.
pub(crate) struct Snapshot {
    /// What `git apply` takes; empty when nothing changed.
    pub(crate) patch: Vec<u8>,
    /// What it leads to.
    pub(crate) summary: Summary,
    /// What could not be part of it, for people.
    pub(crate) notes: Vec<String>,
    /// Whether files are left out that the change has.
    pub(crate) incomplete: bool,
}

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SnapshotError {
    /// Git says why.
    #[error("The change cannot be turned into a patch: {0}")]
    Git(#[from] GitError),
    /// Someone changed the objects of the base commit.
    #[error(
        "The base commit's objects were changed by something that ran in the container ({0}), so no patch can be made from them."
    )]
    Tampered(String),
    /// It is too big to be printed.
    #[error("The patch is larger than {} MiB. The change probably holds generated files: add them to .gitignore or ask for less.", PATCH_BYTES >> 20)]
    Size,
    /// It would not be the same change elsewhere.
    #[error(
        "The patch leads to tree {applied} and the working tree is {tree}; this is a defect of the agent."
    )]
    Tree {
        /// Of the working tree.
        tree: String,
        /// Of the patch on the base.
        applied: String,
    },
    /// The run was cancelled and the time to make it is over.
    #[error("The run was cancelled, and there was not time enough to make the patch.")]
    Time,
    /// The workspace fails.
    #[error("The workspace cannot be read: {0}")]
    Io(#[from] io::Error),
}

impl Snapshot {
    /// Makes the patch from the checkout's base to its working tree.
    ///
    /// Nothing may run in the checkout meanwhile. Nested repositories lose their `.git`.
    pub(crate) async fn new(checkout: &Checkout) -> Result<Self, SnapshotError> {
        let mut notes = Vec::new();
        remove_nested_repositories(&checkout.directory, &checkout.directory, &mut notes)?;
        let maker = Maker::new(checkout).await?;
        let snapshot = maker.make(notes).await;
        fs::remove_dir_all(&maker.repository)?;
        snapshot
    }
}

/// A new bare repository with the base commit's objects.
struct Maker<'a> {
    checkout: &'a Checkout,
    repository: PathBuf,
    objects: PathBuf,
}

impl<'a> Maker<'a> {
    async fn new(checkout: &'a Checkout) -> Result<Self, SnapshotError> {
        let repository = checkout.private.join("snapshot.git");
        if repository.exists() {
            fs::remove_dir_all(&repository)?;
        }
        Git::new(&checkout.private, "init")
            .args(["-q", "--bare", "--template=", "snapshot.git"])
            .done(LIMIT)
            .await?;
        fs::create_dir_all(repository.join("info"))?;
        fs::write(repository.join("info/attributes"), RAW_ATTRIBUTES)?;
        fs::write(repository.join("info/exclude"), LEFT_OUT)?;
        let objects = repository.join("base");
        fs::create_dir_all(objects.join("pack"))?;
        for pack in &checkout.packs {
            // Moved in first, then proved: what is proved is what is used.
            let used = objects.join("pack").join(&pack.name);
            fs::hard_link(checkout.private.join(&pack.name), &used)
                .map_err(|_| SnapshotError::Tampered(pack.name.clone()))?;
            if sha256(&used)? != pack.sha256 {
                return Err(SnapshotError::Tampered(pack.name.clone()));
            }
        }
        Ok(Self {
            checkout,
            repository,
            objects,
        })
    }

    fn git(&self, name: &str, index: &str) -> Git {
        Git::new(&self.checkout.directory, name)
            .env("GIT_DIR", &self.repository)
            .env("GIT_WORK_TREE", &self.checkout.directory)
            .env("GIT_INDEX_FILE", self.repository.join(index))
            .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", &self.objects)
    }

    async fn make(&self, mut notes: Vec<String>) -> Result<Snapshot, SnapshotError> {
        let base = &self.checkout.base;
        self.git("read-tree", "index")
            .args([base])
            .done(LIMIT)
            .await?;
        let incomplete = self.leave_out_large(&mut notes).await?;
        let add = self
            .git("add", "index")
            .args(["-A", "--ignore-errors", "."]);
        match add.done(LIMIT).await {
            // It has added what it could; what it could not is said, not hidden.
            Err(GitError::Exit { stderr, .. }) => {
                notes.push(format!(
                    "Not all files could be read into the patch: {stderr}"
                ));
            }
            other => other?,
        }
        let tree = self.git("write-tree", "index").line(LIMIT).await?;
        let patch = self
            .diff(&["-p", "--binary", "-U3"], base, &tree)
            .output(LIMIT, PATCH_BYTES)
            .await?;
        if patch.len() as u64 > PATCH_BYTES {
            return Err(SnapshotError::Size);
        }
        self.prove(&patch, &tree).await?;
        let numbers = self
            .diff(&["--numstat"], base, &tree)
            .output(LIMIT, 64 << 20)
            .await?;
        let (files, additions, deletions) = count(&numbers);
        Ok(Snapshot {
            patch,
            summary: Summary {
                tree: Some(tree),
                files,
                additions,
                deletions,
            },
            notes,
            incomplete,
        })
    }

    /// New files that alone are larger than a patch may be: without them there is one, and git does
    /// not spend minutes on them.
    async fn leave_out_large(&self, notes: &mut Vec<String>) -> Result<bool, SnapshotError> {
        let new = self
            .git("ls-files", "index")
            .args(["-o", "-z", "--exclude-standard"])
            .output(LIMIT, 256 << 20)
            .await?;
        let mut large = Vec::new();
        for name in new.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
            let path = self.checkout.directory.join(OsStr::from_bytes(name));
            // What has gone meanwhile is not large.
            let Ok(metadata) = fs::symlink_metadata(&path) else {
                continue;
            };
            if metadata.is_file() && metadata.len() > PATCH_BYTES && !name.contains(&b'\n') {
                let shown = String::from_utf8_lossy(name);
                let size = metadata.len() >> 20;
                notes.push(format!(
                    "{shown} is left out of the patch: it has {size} MiB, and a patch at most {}.",
                    PATCH_BYTES >> 20
                ));
                large.push(b'/');
                for byte in name {
                    if !byte.is_ascii_alphanumeric() && *byte != b'/' && byte.is_ascii() {
                        large.push(b'\\');
                    }
                    large.push(*byte);
                }
                large.push(b'\n');
            }
        }
        let exclude = self.repository.join("info/exclude");
        fs::write(exclude, [LEFT_OUT.as_bytes(), &large].concat())?;
        Ok(!large.is_empty())
    }

    fn diff(&self, format: &[&str], base: &str, tree: &str) -> Git {
        self.git("diff-tree", "index")
            .args(format)
            .args(["-r", "-M", "--full-index", "--no-color"])
            .args(["--no-ext-diff", "--no-textconv"])
            .args(["--src-prefix=a/", "--dst-prefix=b/"])
            .args(["--diff-algorithm=myers", "--ignore-submodules=none"])
            .args([base, tree])
    }

    /// Applies the patch to the base and compares.
    async fn prove(&self, patch: &[u8], tree: &str) -> Result<(), SnapshotError> {
        let base = &self.checkout.base;
        self.git("read-tree", "proof")
            .args([base])
            .done(LIMIT)
            .await?;
        if !patch.is_empty() {
            self.git("apply", "proof")
                .args(["--cached", "--whitespace=nowarn", "-"])
                .feed(LIMIT, patch)
                .await?;
        }
        let applied = self.git("write-tree", "proof").line(LIMIT).await?;
        if applied == tree {
            Ok(())
        } else {
            let tree = tree.to_owned();
            Err(SnapshotError::Tree { tree, applied })
        }
    }
}

/// Files, lines added, lines deleted; a binary file has no lines (`-`).
fn count(numstat: &[u8]) -> (u64, u64, u64) {
    let number = |text: Option<&[u8]>| {
        text.and_then(|text| std::str::from_utf8(text).ok()?.parse::<u64>().ok())
            .unwrap_or_default()
    };
    numstat
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .fold((0, 0, 0), |(files, additions, deletions), line| {
            let mut fields = line.split(|byte| *byte == b'\t');
            let added = number(fields.next());
            (
                files + 1,
                additions + added,
                deletions + number(fields.next()),
            )
        })
}

/// Removes every `.git` below the top one: git would record a directory with one as an empty link to
/// a commit that nobody has.
fn remove_nested_repositories(
    root: &Path,
    directory: &Path,
    notes: &mut Vec<String>,
) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = entry.path();
        let is_directory = entry.file_type()?.is_dir();
        if entry.file_name().as_bytes().eq_ignore_ascii_case(b".git") {
            if directory == root {
                continue;
            }
            if is_directory {
                fs::remove_dir_all(&path)?;
            } else {
                fs::remove_file(&path)?;
            }
            let inside = directory.strip_prefix(root).unwrap_or(directory);
            notes.push(format!(
                "{} was a repository of its own; its files are part of the change, its .git is not.",
                inside.display()
            ));
        } else if is_directory {
            remove_nested_repositories(root, &path, notes)?;
        }
    }
    Ok(())
}
