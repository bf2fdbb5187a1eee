//! A `git` process that configuration, attributes and hooks cannot reach.

use std::{
    ffi::OsStr,
    io,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    io::AsyncReadExt as _,
    process::{Child, Command},
    time::timeout,
};

/// Attributes under which the bytes of the working tree are the bytes of the blobs.
pub(super) const RAW_ATTRIBUTES: &str =
    "* -text -filter -ident -working-tree-encoding !diff !merge\n";

const ENVIRONMENT: &[(&str, &str)] = &[
    ("PATH", "/usr/local/bin:/usr/bin:/bin"),
    ("HOME", "/nonexistent"),
    ("LC_ALL", "C"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_ATTR_NOSYSTEM", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_ASKPASS", "/bin/false"),
    ("GIT_LFS_SKIP_SMUDGE", "1"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_LITERAL_PATHSPECS", "1"),
];

const OPTIONS: &[&str] = &[
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.symlinks=true",
    "core.fileMode=true",
    "core.protectNTFS=true",
    "core.protectHFS=true",
    "core.autocrlf=false",
    "core.quotePath=true",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "submodule.recurse=false",
    "protocol.allow=never",
    "http.followRedirects=false",
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=30",
    "credential.helper=",
    "transfer.fsckObjects=true",
    "fetch.fsck.zeroPaddedFilemode=ignore",
    // Always a pack, never loose objects: packs are what a snapshot can verify.
    "fetch.unpackLimit=1",
    "gc.auto=0",
    "maintenance.auto=false",
    "safe.bareRepository=explicit",
];

/// How much of what git says on stderr is kept for an error.
const STDERR_BYTES: u64 = 4096;

/// A `git` command under construction.
pub(super) struct Git {
    command: Command,
    name: String,
}

/// Why a `git` command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GitError {
    /// It could not be started or talked to.
    #[error("git {name} cannot be run: {error}")]
    Io {
        /// Subcommand.
        name: String,
        /// What the system says.
        error: io::Error,
    },
    /// It failed.
    #[error("git {name} failed ({status}): {stderr}")]
    Exit {
        /// Subcommand.
        name: String,
        /// Exit code or signal.
        status: ExitStatus,
        /// The end of what it said.
        stderr: String,
    },
    /// It took too long.
    #[error("git {name} took more than {} s", .limit.as_secs())]
    Timeout {
        /// Subcommand.
        name: String,
        /// What it may take.
        limit: Duration,
    },
}

impl Git {
    /// `git NAME` in a directory.
    pub(super) fn new(directory: &Path, name: &str) -> Self {
        Self::with_options(directory, name, &[])
    }

    /// `git -c OPTION… NAME` in a directory.
    pub(super) fn with_options(directory: &Path, name: &str, options: &[&str]) -> Self {
        let mut command = Command::new("git");
        command
            .current_dir(directory)
            .env_clear()
            .envs(ENVIRONMENT.iter().copied())
            .stdin(Stdio::null())
            .process_group(0)
            .kill_on_drop(true);
        for option in OPTIONS.iter().chain(options) {
            command.arg("-c").arg(option);
        }
        command.arg(name);
        Self {
            command,
            name: name.to_owned(),
        }
    }

    pub(super) fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    pub(super) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it; its output, at most `max_bytes` of it and one more to tell.
    pub(super) async fn output(self, limit: Duration, max_bytes: u64) -> Result<Vec<u8>, GitError> {
        self.run(limit, None, max_bytes).await
    }

    /// Runs it for its effect.
    pub(super) async fn done(self, limit: Duration) -> Result<(), GitError> {
        self.run(limit, None, 0).await.map(drop)
    }

    /// Runs it with input, for its effect.
    pub(super) async fn feed(self, limit: Duration, input: &[u8]) -> Result<(), GitError> {
        self.run(limit, Some(input), 0).await.map(drop)
    }

    /// Runs it with input; one line of output, without its newline.
    pub(super) async fn reply(self, limit: Duration, input: &[u8]) -> Result<String, GitError> {
        let output = self.run(limit, Some(input), 4096).await?;
        Ok(String::from_utf8_lossy(&output).trim_end().to_owned())
    }

    /// One line of output, without its newline.
    pub(super) async fn line(self, limit: Duration) -> Result<String, GitError> {
        let output = self.run(limit, None, 4096).await?;
        Ok(String::from_utf8_lossy(&output).trim_end().to_owned())
    }

    async fn run(
        mut self,
        limit: Duration,
        input: Option<&[u8]>,
        max_bytes: u64,
    ) -> Result<Vec<u8>, GitError> {
        let name = self.name;
        if input.is_some() {
            self.command.stdin(Stdio::piped());
        }
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let finish = async {
            let mut child = self.command.spawn()?;
            talk(&mut child, input, max_bytes).await
        };
        match timeout(limit, finish).await {
            Err(_) => Err(GitError::Timeout { name, limit }),
            Ok(Err(error)) => Err(GitError::Io { name, error }),
            Ok(Ok((status, _, stderr))) if !status.success() => Err(GitError::Exit {
                name,
                status,
                stderr: String::from_utf8_lossy(&stderr).trim().to_owned(),
            }),
            Ok(Ok((_, stdout, _))) => Ok(stdout),
        }
    }
}

/// Feeds and drains all three pipes together, so that neither side waits for the other.
async fn talk(
    child: &mut Child,
    input: Option<&[u8]>,
    max_bytes: u64,
) -> io::Result<(ExitStatus, Vec<u8>, Vec<u8>)> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let feed = async {
        if let (Some(mut stdin), Some(input)) = (stdin, input) {
            // A git that fails early closes its input; its status tells.
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stdin, input).await;
        }
        Ok(())
    };
    let ((), stdout, stderr) = tokio::try_join!(
        feed,
        read(stdout, max_bytes + 1),
        read(stderr, STDERR_BYTES)
    )?;
    Ok((child.wait().await?, stdout, stderr))
}

/// Reads to the end and keeps the first bytes.
async fn read(
    pipe: Option<impl tokio::io::AsyncRead + Unpin>,
    max_bytes: u64,
) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        (&mut pipe).take(max_bytes).read_to_end(&mut bytes).await?;
        tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await?;
    }
    Ok(bytes)
}
