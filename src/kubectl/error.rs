//! What can go wrong with a `kubectl`.

use std::io;
use std::time::Duration;

/// Why a `kubectl` call did not give what was asked.
#[derive(Debug, thiserror::Error)]
pub enum KubectlError {
    /// The program could not be started.
    #[error("failed to start {program}: {source} (is kubectl installed and on PATH?)")]
    Spawn { program: String, source: io::Error },
    /// A pipe to it broke.
    #[error("failed to talk to kubectl: {0}")]
    Pipe(#[source] io::Error),
    /// It did not end in time and was killed.
    #[error("kubectl {verb} did not end within {} s", limit.as_secs())]
    Timeout { verb: String, limit: Duration },
    /// It said no.
    #[error("kubectl {verb} failed: {}", stderr.trim())]
    Exit {
        verb: String,
        /// Absent when a signal ended it.
        code: Option<i32>,
        /// The end of what it wrote to standard error.
        stderr: String,
    },
    /// Its output is not what its documentation says.
    #[error("failed to read kubectl's output: {0}")]
    Decode(#[source] serde_json::Error),
}

impl KubectlError {
    pub(super) fn decode(error: serde_json::Error) -> Self {
        Self::Decode(error)
    }

    /// Whether the API server said that the object does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Exit { stderr, .. } if stderr.contains("(NotFound)"))
    }

    /// Whether the same call may succeed later: the API server was not reached, was overloaded, or
    /// did not answer in time. What it has refused is final.
    pub fn is_transient(&self) -> bool {
        // kubectl has no exit codes for this; client-go's texts have been stable for years.
        const SIGNS: [&str; 18] = [
            "Unable to connect to the server",
            "The connection to the server",
            "connection refused",
            "connection reset",
            "no route to host",
            "network is unreachable",
            "i/o timeout",
            "TLS handshake timeout",
            "EOF",
            "broken pipe",
            "server closed idle connection",
            "context deadline exceeded",
            "http2: ",
            "(ServiceUnavailable)",
            "(InternalError)",
            "(Timeout)",
            "(ServerTimeout)",
            "(TooManyRequests)",
        ];
        match self {
            Self::Timeout { .. } | Self::Pipe(_) => true,
            Self::Exit { stderr, .. } => SIGNS.iter().any(|sign| stderr.contains(sign)),
            // Out of processes or memory, which passes.
            Self::Spawn { source, .. } => matches!(
                source.kind(),
                io::ErrorKind::WouldBlock | io::ErrorKind::OutOfMemory
            ),
            Self::Decode(_) => false,
        }
    }
}
