//! Starting and stopping: two cancellation tokens and a tracker of every task.
//!
//! The *soft* token asks tasks to finish (stop accepting, end streams, stop followers); the *hard* token, its
//! parent, tells them to drop what they do. The first signal, or the end of a core task, is a soft shutdown; a
//! second signal or [`GRACE`] later comes the hard one. The process then waits for the tracker.
//!
//! Invariant: every task of the server is spawned here, so that none outlives the shutdown unnoticed.

#![expect(
    clippy::disallowed_methods,
    reason = "this module is the only one that spawns tasks"
)]

use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

/// Time between the soft and the hard shutdown; the chart's termination grace period is longer.
pub const GRACE: Duration = Duration::from_secs(30);

/// How long tasks may take to notice the hard shutdown before they are abandoned.
const ABANDON_AFTER: Duration = Duration::from_secs(5);

/// A cheap handle on the process's shutdown and its tasks.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    soft: CancellationToken,
    hard: CancellationToken,
    tracker: TaskTracker,
    failed: Arc<AtomicBool>,
}

impl Lifecycle {
    pub fn new() -> Self {
        let hard = CancellationToken::new();
        Self {
            soft: hard.child_token(),
            hard,
            tracker: TaskTracker::new(),
            failed: Arc::default(),
        }
    }

    /// Cancelled when the process should finish what it does and take nothing new.
    pub fn soft(&self) -> &CancellationToken {
        &self.soft
    }

    /// Cancelled when the process should drop what it does.
    pub fn hard(&self) -> &CancellationToken {
        &self.hard
    }

    /// Every task spawned through this handle.
    pub fn tracker(&self) -> &TaskTracker {
        &self.tracker
    }

    /// Spawns a task whose end concerns nobody else; its panic is logged with its name.
    pub fn spawn<F>(&self, name: &'static str, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let span = tracing::info_span!("task", task.name = name);
        self.tracker.spawn(future.instrument(span))
    }

    /// Spawns a task that the server cannot do without: its end before a shutdown, in whatever way, is a failure
    /// that shuts the server down and makes it exit non-zero.
    pub fn spawn_core<F>(&self, name: &'static str, future: F) -> JoinHandle<()>
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let guard = CoreGuard {
            lifecycle: self.clone(),
            name,
        };
        self.spawn(name, async move {
            let _guard = guard;
            if let Err(error) = future.await {
                tracing::error!(
                    task.name = name,
                    error = format!("{error:#}"),
                    "core task failed"
                );
            }
        })
    }

    /// Waits for a signal or a failure, then for the end of every task.
    ///
    /// # Panics
    /// When the process cannot install signal handlers, which nothing could recover from.
    pub async fn run(self) -> ExitCode {
        let mut interrupt = signal(SignalKind::interrupt()).expect("SIGINT can be handled");
        let mut terminate = signal(SignalKind::terminate()).expect("SIGTERM can be handled");
        let mut signalled = async || {
            tokio::select! {
                _ = interrupt.recv() => "SIGINT",
                _ = terminate.recv() => "SIGTERM",
            }
        };

        tokio::select! {
            name = signalled() => tracing::info!(signal = name, "shutting down"),
            () = self.soft.cancelled() => {}
        }
        self.soft.cancel();
        self.tracker.close();

        tokio::select! {
            () = self.tracker.wait() => return self.exit_code(),
            name = signalled() => tracing::warn!(signal = name, "second signal: stopping at once"),
            () = tokio::time::sleep(GRACE) => {
                tracing::warn!(tasks = self.tracker.len(), "grace period is over: stopping at once");
            }
            () = self.hard.cancelled() => {}
        }
        self.hard.cancel();
        if tokio::time::timeout(ABANDON_AFTER, self.tracker.wait())
            .await
            .is_err()
        {
            tracing::error!(
                tasks = self.tracker.len(),
                "abandoning tasks that did not stop"
            );
        }
        self.exit_code()
    }

    fn exit_code(&self) -> ExitCode {
        if self.failed.load(Ordering::Relaxed) {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }
}

/// Notices the end of a core task, a panic included.
struct CoreGuard {
    lifecycle: Lifecycle,
    name: &'static str,
}

impl Drop for CoreGuard {
    fn drop(&mut self) {
        if !self.lifecycle.soft.is_cancelled() {
            tracing::error!(task.name = self.name, "core task ended: shutting down");
            self.lifecycle.failed.store(true, Ordering::Relaxed);
            self.lifecycle.soft.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_core_task_that_ends_shuts_down_with_failure() {
        let lifecycle = Lifecycle::new();
        lifecycle.spawn_core("brief", async { Ok(()) });
        let code = lifecycle.clone().run().await;
        assert!(lifecycle.soft().is_cancelled());
        assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::FAILURE));
    }

    #[tokio::test]
    async fn a_core_task_that_panics_shuts_down_with_failure() {
        let lifecycle = Lifecycle::new();
        lifecycle.spawn_core("broken", async { panic!("expected in this test") });
        let code = lifecycle.run().await;
        assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::FAILURE));
    }

    #[tokio::test(start_paused = true)]
    async fn tasks_that_ignore_the_soft_token_meet_the_hard_one() {
        let lifecycle = Lifecycle::new();
        let hard = lifecycle.hard().clone();
        lifecycle.spawn("stubborn", async move { hard.cancelled().await });
        let started = tokio::time::Instant::now();
        lifecycle.soft().cancel();
        let code = lifecycle.run().await;
        assert_eq!(started.elapsed(), GRACE);
        assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::SUCCESS));
    }
}
