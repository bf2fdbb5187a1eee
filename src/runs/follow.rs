//! Following one container's log without loss.
//!
//! A follow that ends means nothing by itself: kubectl exits with 0 while the container still runs
//! when a kubelet is restarted, and when a log is rotated under load. So a follow is begun again
//! until the *pod's status* says that the container has ended, and then plain reads follow until one
//! adds nothing.
//!
//! Where there may be much to catch up with, plain reads come before the follow, too: the kubelet
//! begins to watch for rotations only when a follow has come to the end of the file for the first
//! time (`ReadLogs` in `k8s.io/cri-client/pkg/logs`). One that is too slow for that sits at the end of
//! the rotated file in silence, and then leaves a file out. A plain read of a file that is rotated
//! meanwhile ends at its end.

mod drain;
mod standby;

use std::convert::Infallible;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{debug, warn};

use self::drain::{Drain, Drained};
use self::standby::{Standby, Standbys};
use super::Runs;
use super::cluster::JobView;
use super::explain::{Phase, explain};
use super::supervise::gap_event;
use crate::kubectl::{Ended, KubectlError, KubectlStream, LogTarget};
use crate::logs::{Gap, Ingest, LogWriter, StoredTail};
use crate::model::VariationKey;
use crate::telemetry::metrics;

/// What the container is doing, as far as its log is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Goal {
    /// It has not started.
    Wait,
    /// It runs; `kubectl logs` names it so.
    Follow(String),
    /// It has ended: the log is to be completed.
    Complete(String),
    /// It was evicted, whereupon the kubelet removes containers with their logs: what can still be read.
    Salvage(String),
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

/// Pause before a follow that ended early is begun again: the first is short, so that no line is
/// rotated away meanwhile. One that ends at once again and again is asked less often, the less so if
/// it does not even print anything.
const PAUSE: (Duration, Duration, Duration) = (
    Duration::from_millis(20),
    Duration::from_millis(200),
    Duration::from_secs(1),
);
/// A follow that lasted this long was a good one.
const GOOD: Duration = Duration::from_secs(2);
/// Plain reads that fail before what is stored is taken for all there is.
const TRIES: u32 = 40;
/// The same where the log is probably gone.
const SALVAGE_TRIES: u32 = 3;

/// What a follow must have given, and in each second, to be one that may be hard to catch up with,
/// bytes.
const MUCH: u64 = 256 * 1024;

/// One `kubectl logs`.
#[derive(Debug)]
enum Reading {
    /// Of what there is of a container that runs.
    CatchUp,
    /// Until it ends.
    Follow,
    /// Of a file that may be rotated by now.
    Standby(Box<Standby>),
    /// Of a container that has ended.
    Last,
}

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
        standbys: Standbys::default(),
        behind: true,
    };
    let mut pause = PAUSE.0;
    let mut failures = 0;
    let confirmed = loop {
        if goal.has_changed().is_err() {
            // The supervisor is gone: the server stops.
            break false;
        }
        let now = goal.borrow_and_update().clone();
        let (object, live, tries) = match now {
            Goal::Wait => {
                // An error is told by the next look.
                let _ = goal.changed().await;
                continue;
            }
            Goal::Abandon => break false,
            Goal::Follow(object) => (object, true, TRIES),
            Goal::Complete(object) => (object, false, TRIES),
            Goal::Salvage(object) => (object, false, SALVAGE_TRIES),
        };
        let began = Instant::now();
        let reading = follower.next(live).await;
        let (last, followed) = (
            matches!(reading, Reading::Last),
            matches!(reading, Reading::Follow),
        );
        let Read {
            appended,
            clean,
            gone,
        } = follower.read_or_warn(&object, reading, &mut goal).await;
        if last {
            if clean && appended == 0 {
                break true;
            }
            failures = if clean { 0 } else { failures + 1 };
            if gone || failures >= tries {
                break false;
            }
        }
        follower.behind = if followed {
            appended / began.elapsed().as_secs().max(1) >= MUCH
        } else {
            !clean || appended >= MUCH
        };
        if followed && matches!(*goal.borrow(), Goal::Follow(_)) {
            metrics::follow_restarted();
        }
        if (clean && !followed) || follower.standbys.is_waiting() {
            continue;
        }
        let longest = if appended > 0 { PAUSE.1 } else { PAUSE.2 };
        pause = if began.elapsed() > GOOD {
            PAUSE.0
        } else {
            (pause * 2).min(longest)
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

/// Tells the follower of an ended container that what it cannot read will not come back, once the pod is known to
/// have been evicted: that may be a moment after its container's end.
pub(super) async fn salvage_if_evicted(
    view: &mut watch::Receiver<JobView>,
    goal: &watch::Sender<Goal>,
) -> Infallible {
    let evicted = |view: &JobView| match explain(view) {
        Phase::Ended(end) => end.cause.is_some_and(|cause| cause.reason == "Evicted"),
        _ => false,
    };
    if view.wait_for(evicted).await.is_ok() {
        goal.send_if_modified(|goal| match goal {
            Goal::Complete(pod) => {
                *goal = Goal::Salvage(std::mem::take(pod));
                true
            }
            _ => false,
        });
    }
    std::future::pending().await
}

struct Follower {
    runs: Runs,
    key: VariationKey,
    writer: LogWriter,
    first_line_ms: Option<i64>,
    standbys: Standbys,
    /// There may be much that is not stored yet.
    behind: bool,
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
    /// What is to be read next.
    async fn next(&mut self, live: bool) -> Reading {
        match self.standbys.take_next().await {
            Some(standby) => Reading::Standby(Box::new(standby)),
            None if !live => Reading::Last,
            None if self.behind => Reading::CatchUp,
            None => Reading::Follow,
        }
    }

    /// Reads. A full disk, or no more processes: what was not stored is read again later.
    async fn read_or_warn(
        &mut self,
        object: &str,
        reading: Reading,
        goal: &mut watch::Receiver<Goal>,
    ) -> Read {
        self.read(object, reading, goal)
            .await
            .unwrap_or_else(|error| {
                warn!(job = object, %error, "failed to store a log; trying again");
                Read {
                    appended: 0,
                    clean: false,
                    gone: false,
                }
            })
    }

    async fn read(
        &mut self,
        object: &str,
        reading: Reading,
        goal: &mut watch::Receiver<Goal>,
    ) -> anyhow::Result<Read> {
        let follow = matches!(reading, Reading::Follow);
        let last = matches!(reading, Reading::Last);
        let tail = StoredTail::of(&self.writer).context("failed to read the end of a log")?;
        let (mut stream, head) = match reading {
            Reading::Standby(standby) => (standby.stream, standby.head),
            _ => (self.open(object, follow, &tail)?, Vec::new()),
        };
        let _open = follow.then(metrics::Open::follower);
        let mut ingest = Ingest::new(&mut self.writer, tail);
        let drain = Drain {
            runs: &self.runs,
            key: self.key,
            object,
            follow,
            live: !last,
            first_line_ms: &mut self.first_line_ms,
            standbys: &mut self.standbys,
        };
        let drained = drain.run(&head, &mut stream, &mut ingest, goal).await;
        let ended = match drained {
            Ok(Drained::Ended) => stream.finish().await,
            Ok(Drained::Stopped) => stream.stop().await,
            Err(error) => {
                stream.stop().await;
                return Err(error).context("failed to append to a log");
            }
        };
        let done = ingest
            .end(ended.is_clean(), last)
            .context("failed to append to a log")?;
        note(object, &ended, &done.foreign);
        report(&self.runs, self.key, &done.gaps, self.writer.committed()).await?;
        Ok(Read {
            appended: done.appended,
            clean: ended.is_clean() && done.foreign.is_empty(),
            gone: ended.stderr.contains("(NotFound)"),
        })
    }

    fn open(
        &self,
        object: &str,
        follow: bool,
        tail: &StoredTail,
    ) -> Result<KubectlStream, KubectlError> {
        let target = LogTarget {
            object: object.to_owned(),
            follow,
            since: tail.since.clone(),
        };
        self.runs.kubectl.logs(self.key.run, &target)
    }
}

/// Tells of gaps after `offset` bytes of the log.
async fn report(runs: &Runs, key: VariationKey, gaps: &[Gap], offset: u64) -> anyhow::Result<()> {
    if gaps.is_empty() {
        return Ok(());
    }
    let events: Vec<_> = gaps.iter().map(|gap| gap_event(key, gap, offset)).collect();
    runs.tell(key.run, &events).await
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
