//! Following one container's log without loss.
//!
//! A follow that ends means nothing by itself: kubectl exits with 0 while the container still runs
//! when a kubelet is restarted, and when a log is rotated under load. So a follow is begun again
//! until the *pod's status* says that the container has ended, and then plain reads follow until one
//! adds nothing.

use std::io;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use tracing::{debug, warn};

use super::Runs;
use super::supervise::gap_event;
use crate::clock;
use crate::kubectl::{Ended, KubectlError, KubectlStream, LogTarget};
use crate::logs::{Gap, Ingest, LogWriter, StoredTail};
use crate::model::VariationKey;

/// What the container is doing, as far as its log is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Goal {
    /// It has not started.
    Wait,
    /// It runs; `kubectl logs` names it so.
    Follow(String),
    /// It has ended: the log is to be completed.
    Complete(String),
    /// Nothing more can be read.
    Abandon,
}

/// What following came to.
#[derive(Debug)]
pub(super) struct Followed {
    pub(super) writer: LogWriter,
    /// When the first bytes were stored, in milliseconds since the Unix epoch.
    pub(super) first_line_ms: Option<i64>,
    /// The last read added nothing: the log is all that kubectl can give.
    pub(super) confirmed: bool,
}

/// How long an open follow may go on after its container has ended.
const LINGER: Duration = Duration::from_secs(5);
/// Pause before a follow that ended early is begun again: the first is short, so that no line is
/// rotated away meanwhile; a broken node is asked once a second.
const PAUSE: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));
/// Plain reads that fail before what is stored is taken for all there is.
const TRIES: u32 = 40;

/// Follows until the goal is reached.
pub(super) async fn follow(
    runs: Runs,
    key: VariationKey,
    writer: LogWriter,
    mut goal: watch::Receiver<Goal>,
) -> anyhow::Result<Followed> {
    let mut follower = Follower {
        runs,
        key,
        writer,
        first_line_ms: None,
    };
    let mut pause = PAUSE.0;
    let mut failures = 0;
    let confirmed = loop {
        if goal.has_changed().is_err() {
            // The supervisor is gone: the server stops.
            break false;
        }
        let now = goal.borrow_and_update().clone();
        let (object, live) = match now {
            Goal::Wait => {
                // An error is told by the next look.
                let _ = goal.changed().await;
                continue;
            }
            Goal::Abandon => break false,
            Goal::Follow(object) => (object, true),
            Goal::Complete(object) => (object, false),
        };
        let read = follower.read(&object, live, &mut goal).await;
        let Read {
            appended,
            clean,
            gone,
        } = match read {
            Ok(read) => read,
            Err(error) => {
                // A full disk, or no more processes: what was not stored is read again later.
                warn!(job = object, %error, "failed to store a log; trying again");
                Read {
                    appended: 0,
                    clean: false,
                    gone: false,
                }
            }
        };
        if !live {
            if clean && appended == 0 {
                break true;
            }
            failures = if clean { 0 } else { failures + 1 };
            if gone || failures >= TRIES {
                break false;
            }
            if clean {
                continue;
            }
        }
        pause = if appended > 0 {
            PAUSE.0
        } else {
            (pause * 2).min(PAUSE.1)
        };
        // A changed goal is acted upon at once.
        let _ = timeout_at(Instant::now() + pause, goal.changed()).await;
    };
    Ok(Followed {
        writer: follower.writer,
        first_line_ms: follower.first_line_ms,
        confirmed,
    })
}

struct Follower {
    runs: Runs,
    key: VariationKey,
    writer: LogWriter,
    first_line_ms: Option<i64>,
}

struct Read {
    /// Bytes that were new.
    appended: u64,
    /// kubectl said that nothing went wrong, and the kubelet wrote no error into the stream.
    clean: bool,
    /// The API server does not know the pod any more.
    gone: bool,
}

impl Follower {
    /// One `kubectl logs`.
    async fn read(
        &mut self,
        object: &str,
        live: bool,
        goal: &mut watch::Receiver<Goal>,
    ) -> anyhow::Result<Read> {
        let tail = StoredTail::of(&self.writer).context("failed to read the end of a log")?;
        let target = LogTarget {
            object: object.to_owned(),
            follow: live,
            since: tail.since.clone(),
        };
        let mut stream = self.runs.kubectl.logs(self.key.run, &target)?;
        let mut ingest = Ingest::new(&mut self.writer, tail);
        let drained = drain(
            &mut stream,
            &mut ingest,
            live,
            goal,
            &mut self.first_line_ms,
        )
        .await;
        let ended = match drained {
            Ok(true) => stream.finish().await,
            Ok(false) => stream.stop().await,
            Err(error) => {
                stream.stop().await;
                return Err(error).context("failed to append to a log");
            }
        };
        let done = ingest
            .end(ended.is_clean(), !live)
            .context("failed to append to a log")?;
        note(object, &ended, &done.foreign);
        self.report(&done.gaps).await?;
        Ok(Read {
            appended: done.appended,
            clean: ended.is_clean() && done.foreign.is_empty(),
            gone: ended.stderr.contains("(NotFound)"),
        })
    }

    async fn report(&self, gaps: &[Gap]) -> anyhow::Result<()> {
        if gaps.is_empty() {
            return Ok(());
        }
        let offset = self.writer.committed();
        let events: Vec<_> = gaps
            .iter()
            .map(|gap| gap_event(self.key, gap, offset))
            .collect();
        self.runs.tell(self.key.run, &events).await
    }
}

fn note(object: &str, ended: &Ended, foreign: &str) {
    if !foreign.is_empty() {
        warn!(
            job = object,
            text = foreign.trim(),
            "the kubelet wrote an error into a log stream"
        );
    }
    if !ended.is_clean() {
        debug!(
            job = object,
            code = ended.code,
            stderr = ended.stderr.trim(),
            "a kubectl logs ended"
        );
    }
}

/// Reads until the stream ends (true) or has to be stopped (false).
async fn drain(
    stream: &mut KubectlStream,
    ingest: &mut Ingest<'_>,
    live: bool,
    goal: &mut watch::Receiver<Goal>,
    first_line_ms: &mut Option<i64>,
) -> io::Result<bool> {
    let mut buffer = Vec::new();
    let mut stop_at: Option<Instant> = None;
    loop {
        let deadline = stop_at.unwrap_or_else(Instant::now);
        tokio::select! {
            biased;
            size = stream.read(&mut buffer) => {
                if size? == 0 {
                    return Ok(true);
                }
                ingest.push(&buffer)?;
                buffer.clear();
                if first_line_ms.is_none() && ingest.appended() > 0 {
                    *first_line_ms = Some(clock::now_ms());
                }
            }
            changed = goal.changed(), if live && stop_at.is_none() => {
                if changed.is_err() {
                    // Nobody wants it any more: the server stops.
                    return Ok(false);
                }
                // The container has ended or is gone: the follow ends by itself, or is stopped.
                if !matches!(*goal.borrow_and_update(), Goal::Follow(_)) {
                    stop_at = Some(Instant::now() + LINGER);
                }
            }
            () = sleep_until(deadline), if stop_at.is_some() => return Ok(false),
        }
    }
}

/// Waits as long as the cluster cannot be reached; other errors are the caller's.
pub(super) async fn patiently<T, F>(
    mut call: impl FnMut() -> F,
    limit: Duration,
) -> Result<T, KubectlError>
where
    F: Future<Output = Result<T, KubectlError>>,
{
    let give_up = Instant::now() + limit;
    let mut pause = Duration::from_millis(200);
    loop {
        match call().await {
            Err(error) if error.is_transient() && Instant::now() + pause < give_up => {
                warn!(%error, "the cluster did not answer; trying again");
                sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(5));
            }
            result => return result,
        }
    }
}
