//! Shell commands in the repository: the model's, the checks, an engine that is another program.
//!
//! Invariants: a command sees no variable of ours but those set here; it has no input and no
//! terminal; it and its group are gone when its [`Running`] is; a grandchild that keeps the pipe
//! open delays us by [`DRAIN`] at most; memory is bounded whatever it prints.

use std::{
    fs, io,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::{
    io::AsyncReadExt as _,
    net::unix::pipe,
    process::{Child, Command},
    time::{Instant, timeout_at},
};

/// How long output is awaited after the command itself has ended.
const DRAIN: Duration = Duration::from_secs(2);

/// Most of what a command prints that is kept, bytes.
const KEPT_BYTES: usize = 1024 * 1024;

/// Starts commands in one directory.
#[derive(Clone)]
pub(crate) struct Shell {
    directory: PathBuf,
    home: PathBuf,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// With this exit code.
    Exit(i32),
    /// By this signal.
    Signal(i32),
    /// By us, at its time limit.
    TimedOut,
}

/// A command that has ended, and what it printed.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) end: End,
    pub(crate) took: Duration,
    pub(crate) output: Captured,
}

/// Output as a head and a tail.
#[derive(Debug, Default)]
pub(crate) struct Captured {
    /// The first [`KEPT_BYTES`].
    pub(crate) head: Vec<u8>,
    /// The last ones beyond `head`, at most twice [`Captured::TAIL`].
    tail: Vec<u8>,
    /// All that was printed, bytes.
    pub(crate) total: u64,
}

impl Shell {
    /// `scratch` gets the commands' home directory.
    pub(crate) fn new(directory: &Path, scratch: &Path) -> io::Result<Self> {
        let home = scratch.join("home");
        fs::create_dir_all(&home)?;
        Ok(Self {
            directory: directory.to_owned(),
            home,
        })
    }

    /// Runs a command to its end, or to `limit`.
    pub(crate) async fn run(&self, command: &str, limit: Duration) -> io::Result<Ran> {
        let mut running = self.start(command, &[], &[], limit)?;
        let mut output = Captured::default();
        while let Some(bytes) = running.output().await? {
            output.push(&bytes);
        }
        let (end, took) = running.end().await?;
        Ok(Ran { end, took, output })
    }

    /// Starts a command whose output is to be read as it comes. `args` are its `$1`, `$2`, …;
    /// `variables` come on top of those that every command has.
    pub(crate) fn start(
        &self,
        command: &str,
        args: &[&str],
        variables: &[(&str, String)],
        limit: Duration,
    ) -> io::Result<Running> {
        let (reader, writer) = io::pipe()?;
        let started = Instant::now();
        // The kernel shall take the model's processes before the agent when memory is short.
        let script = "echo 1000 >/proc/self/oom_score_adj 2>/dev/null; exec /bin/sh -c \"$@\"";
        let child = Command::new("/bin/sh")
            .args(["-c", script, "sh", command, "sh"])
            .args(args)
            .current_dir(&self.directory)
            .env_clear()
            .envs([
                (
                    "PATH",
                    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                ),
                ("LANG", "C.UTF-8"),
                ("TERM", "dumb"),
                ("PAGER", "cat"),
                ("GIT_PAGER", "cat"),
                ("GIT_TERMINAL_PROMPT", "0"),
                ("CI", "1"),
                // Byte code would become part of the change.
                ("PYTHONDONTWRITEBYTECODE", "1"),
            ])
            .env("HOME", &self.home)
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let group = child.id().and_then(|pid| i32::try_from(pid).ok());
        Ok(Running {
            group: group.map(Pid::from_raw),
            pipe: pipe::Receiver::from_owned_fd(reader.into())?,
            child,
            started,
            until: started + limit,
            end: None,
        })
    }
}

/// A command at work.
pub(crate) struct Running {
    child: Child,
    group: Option<Pid>,
    pipe: pipe::Receiver,
    started: Instant,
    until: Instant,
    end: Option<(End, Instant)>,
}

impl Running {
    /// The next of what it prints; `None` when there is no more.
    pub(crate) async fn output(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = vec![0; 16 * 1024];
        loop {
            let until = self.end.map_or(self.until, |(_, at)| at + DRAIN);
            let read = tokio::select! {
                read = timeout_at(until, self.pipe.read(&mut bytes)) => read,
                status = self.child.wait(), if self.end.is_none() => {
                    self.end = Some((End::from(status?), Instant::now()));
                    continue;
                }
            };
            match read {
                Ok(read) => {
                    bytes.truncate(read?);
                    return Ok(Some(bytes).filter(|bytes| !bytes.is_empty()));
                }
                // A grandchild holds the pipe.
                Err(_) if self.end.is_some() => return Ok(None),
                Err(_) => {
                    self.kill();
                    self.child.wait().await?;
                    self.end = Some((End::TimedOut, Instant::now()));
                }
            }
        }
    }

    /// Waits for its end; to be called when there is no more output.
    pub(crate) async fn end(mut self) -> io::Result<(End, Duration)> {
        if self.end.is_none() {
            // It has closed its output and goes on.
            let end = if let Ok(status) = timeout_at(self.until, self.child.wait()).await {
                End::from(status?)
            } else {
                self.kill();
                self.child.wait().await?;
                End::TimedOut
            };
            self.end = Some((end, Instant::now()));
        }
        let (end, at) = self.end.expect("set above");
        Ok((end, at - self.started))
    }

    /// Kills the whole group.
    fn kill(&self) {
        // The id stays taken while the group has a member. With none left it could only be another
        // group's if all process ids had been given out once around since. ESRCH: nobody is left.
        if let Some(group) = self.group {
            let _ = killpg(group, Signal::SIGKILL);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

impl From<ExitStatus> for End {
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Exit(code),
            (None, signal) => Self::Signal(signal.unwrap_or_default()),
        }
    }
}

impl End {
    /// For the model and for people.
    pub(crate) fn describe(self, took: Duration) -> String {
        let seconds = took.as_secs_f64();
        match self {
            Self::Exit(code) => format!("exit code {code} after {seconds:.1} s"),
            Self::Signal(signal) => {
                let name = Signal::try_from(signal).map_or("unknown", Signal::as_str);
                format!("killed by signal {signal} ({name}) after {seconds:.1} s")
            }
            Self::TimedOut => format!("timed out and was killed after {seconds:.0} s"),
        }
    }
}

impl Captured {
    /// Bytes of the end that are kept.
    const TAIL: usize = 16 * 1024;

    fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let room = KEPT_BYTES - self.head.len();
        let (head, tail) = bytes.split_at(room.min(bytes.len()));
        self.head.extend_from_slice(head);
        self.tail.extend_from_slice(tail);
        if self.tail.len() > 2 * Self::TAIL {
            self.tail.drain(..self.tail.len() - Self::TAIL);
        }
    }

    /// The last `bytes` of it.
    pub(crate) fn last(&self, bytes: usize) -> String {
        let mut end = self.head[self.head.len().saturating_sub(bytes)..].to_vec();
        end.extend_from_slice(&self.tail);
        String::from_utf8_lossy(&end[end.len().saturating_sub(bytes)..]).into_owned()
    }

    /// The first `bytes` of it.
    pub(crate) fn first(&self, bytes: usize) -> String {
        String::from_utf8_lossy(&self.head[..bytes.min(self.head.len())]).into_owned()
    }
}

#[cfg(test)]
mod tests;
