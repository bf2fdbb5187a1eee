//! Calls that go on until something ends: `logs -f`, `get -w`.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStdout};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::call::{Begun, tail};
use super::{Kubectl, KubectlError};
use crate::model::RunId;

/// How long a kubectl whose output has ended may take to exit.
const EXIT: Duration = Duration::from_secs(5);

/// A running `kubectl` whose output is read as it comes. Dropping it kills the process.
#[derive(Debug)]
pub struct KubectlStream {
    begun: Begun,
    child: Child,
    stdout: ChildStdout,
    stderr: JoinHandle<String>,
}

/// How a stream ended. Exit code 0 does *not* mean that the watched thing has ended.
#[derive(Debug)]
pub struct Ended {
    /// Absent when a signal ended it.
    pub code: Option<i32>,
    /// The end of what it wrote to standard error.
    pub stderr: String,
}

impl Ended {
    /// Whether kubectl itself saw nothing go wrong.
    pub fn is_clean(&self) -> bool {
        self.code == Some(0)
    }
}

impl Kubectl {
    #[expect(
        clippy::disallowed_methods,
        reason = "the task lives no longer than the child whose pipe it drains"
    )]
    pub(super) fn stream(
        &self,
        run: Option<RunId>,
        args: &[&str],
    ) -> Result<KubectlStream, KubectlError> {
        let args = self.with_scope(args.iter().map(|arg| (*arg).to_owned()).collect());
        let mut begun = self.begin(run, &args, None, false);
        let spawned = self.command(&args).stdin(Stdio::null()).spawn();
        let mut fail = |source: io::Error| {
            let error = self.spawn_error(source);
            begun.end(None, &error.to_string());
            error
        };
        let mut child = spawned.map_err(&mut fail)?;
        let stdout = child
            .stdout
            .take()
            .ok_or_else(|| fail(io::Error::other("no standard output")))?;
        let stderr = tokio::spawn(tail(child.stderr.take()));
        Ok(KubectlStream {
            begun,
            child,
            stdout,
            stderr,
        })
    }
}

impl KubectlStream {
    /// Appends what has come to `buffer`; 0 when the output has ended.
    pub async fn read(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        buffer.reserve(64 * 1024);
        self.stdout.read_buf(buffer).await
    }

    /// Waits for the exit of a kubectl whose output has ended.
    pub async fn finish(mut self) -> Ended {
        let code = match timeout(EXIT, self.child.wait()).await {
            Ok(Ok(status)) => status.code(),
            Ok(Err(_)) | Err(_) => None,
        };
        self.end(code).await
    }

    /// Kills it.
    pub async fn stop(mut self) -> Ended {
        // It may have exited just now, which is as good.
        let _ = self.child.kill().await;
        self.end(None).await
    }

    async fn end(&mut self, code: Option<i32>) -> Ended {
        let stderr = match timeout(EXIT, &mut self.stderr).await {
            Ok(Ok(text)) => text,
            Ok(Err(_)) | Err(_) => String::new(),
        };
        self.begun.end(code, &stderr);
        Ended { code, stderr }
    }
}
