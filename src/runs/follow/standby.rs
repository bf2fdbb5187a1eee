//! Further reads that hold files open which `kubectl logs` could not give any more.
//!
//! `kubectl logs` reads the container's current file only. The kubelet rotates it away, under a flood
//! every ten seconds, and a follow that is then more than one file behind goes on with the newest.
//!
//! So while a reading falls behind, or is silent after it had much to give, a plain `kubectl logs` is
//! opened from time to time, which begins at the start of the file that is then current. Its pipe is
//! not read, which costs nothing and keeps that file: what is open can be read, whatever the kubelet
//! does with the name. It is read when the one before it has ended, sits in silence, or has left it
//! out. If the one before comes to its beginning by itself, it was not needed.

use std::collections::VecDeque;
use std::future::pending;
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use tokio::time::{Instant, timeout};
use tracing::debug;

use crate::clock;
use crate::kubectl::{Kubectl, KubectlStream, LogTarget};
use crate::logs::Fence;
use crate::model::RunId;
use crate::telemetry::metrics;

/// With less than this since the last look, a rotation is unlikely, bytes.
const ENOUGH: u64 = 256 * 1024;
/// The newest line is older than this: the reading has fallen behind.
const BEHIND: Duration = Duration::from_secs(3);
/// After so much silence it may be one that does not see what is written.
const SILENCE: Duration = Duration::from_secs(2);
/// From one look to the next: the kubelet looks for logs to rotate every ten seconds.
const EVERY: Duration = Duration::from_secs(4);
/// One that was silent for so long while another has newer lines is given up.
const GIVE_UP: Duration = Duration::from_secs(4);
/// How long one that was opened may take to its first line. Long, because the kubelet has opened the file
/// well before that on a node that is busy with the flood, and another try would only get a later one.
const FIRST_LINE: Duration = Duration::from_secs(30);
/// At most so many: each is a process.
const MOST: usize = 6;

/// A `kubectl logs` whose pipe is not read yet.
#[derive(Debug)]
pub(super) struct Standby {
    pub(super) stream: KubectlStream,
    /// What was read of it to know its first line.
    pub(super) head: Vec<u8>,
    fence: Fence,
    _open: metrics::Open,
}

impl Standby {
    /// Opens the current file; `None` if it does not come to a first line.
    async fn open(kubectl: Kubectl, run: RunId, object: String) -> Option<Self> {
        let target = LogTarget {
            object,
            follow: false,
            since: None,
        };
        let mut stream = match kubectl.logs(run, &target) {
            Ok(stream) => stream,
            Err(error) => {
                debug!(%error, "cannot hold a log's file open");
                return None;
            }
        };
        let mut head = Vec::new();
        let first = async {
            // An error only means that nothing comes, as an end does.
            while stream.read(&mut head).await.unwrap_or(0) > 0 {
                if head.contains(&b'\n') {
                    return Fence::new(&head);
                }
            }
            None
        };
        let fence = timeout(FIRST_LINE, first).await.ok().flatten();
        if let Some(fence) = fence {
            return Some(Self {
                stream,
                head,
                fence,
                _open: metrics::Open::standby(),
            });
        }
        stream.stop().await;
        None
    }
}

/// What waits behind the one that is read, and when the next is to be opened.
pub(super) struct Standbys {
    /// Oldest file first.
    waiting: VecDeque<Standby>,
    opening: Option<BoxFuture<'static, Option<Standby>>>,
    /// Bytes since the last look.
    unguarded: u64,
    /// The kubelet's time of the newest line that came.
    newest: Option<Timestamp>,
    behind: bool,
    read_at: Instant,
    looked_at: Option<Instant>,
}

impl Default for Standbys {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
            opening: None,
            unguarded: 0,
            newest: None,
            behind: false,
            read_at: Instant::now(),
            looked_at: None,
        }
    }
}

impl Standbys {
    /// The one that is read gave so many new bytes; `newest` is its last line's time.
    pub(super) fn note_read(&mut self, bytes: u64, newest: Option<Timestamp>) {
        self.unguarded += bytes;
        self.read_at = Instant::now();
        self.newest = newest.or(self.newest);
        let age = |newest: Timestamp| clock::now_ms() - newest.as_millisecond();
        self.behind = self
            .newest
            .is_some_and(|newest| u128::try_from(age(newest)).unwrap_or(0) > BEHIND.as_millis());
    }

    /// When another is to be opened, as far as is known now.
    pub(super) fn look_at(&self) -> Option<Instant> {
        if self.unguarded < ENOUGH || self.opening.is_some() || self.waiting.len() >= MOST {
            return None;
        }
        let due = if self.behind {
            self.read_at
        } else {
            self.read_at + SILENCE
        };
        let earliest = self.looked_at.map(|at| at + EVERY);
        Some(earliest.map_or(due, |earliest| earliest.max(due)))
    }

    /// Opens another.
    pub(super) fn look(&mut self, kubectl: &Kubectl, run: RunId, object: &str) {
        self.unguarded = 0;
        self.looked_at = Some(Instant::now());
        let opening = Standby::open(kubectl.clone(), run, object.to_owned());
        self.opening = Some(Box::pin(opening));
    }

    /// Waits until the one that is being opened has its first line, and keeps it if that begins a
    /// file that nobody reads or holds. Never ends where none is being opened.
    pub(super) async fn opened(&mut self) {
        let Some(opening) = &mut self.opening else {
            return pending().await;
        };
        let opened = opening.await;
        self.opening = None;
        let Some(standby) = opened else {
            return;
        };
        // Of the file that is read now, or that the last one holds, nothing would be new.
        let held = self.waiting.back().map(|last| last.fence.at());
        if Some(standby.fence.at()) > held.max(self.newest) {
            debug!(first = %standby.fence.at(), "holding a log's next file open");
            self.waiting.push_back(standby);
        } else {
            standby.stream.stop().await;
        }
    }

    /// When the one that is read is to be given up for the next, if it stays silent.
    pub(super) fn give_up_at(&self) -> Option<Instant> {
        (!self.waiting.is_empty()).then(|| self.read_at + GIVE_UP)
    }

    /// Where the next one begins.
    pub(super) fn fence(&self) -> Option<Fence> {
        self.waiting.front().map(|standby| standby.fence.clone())
    }

    /// The next one is not needed.
    pub(super) async fn drop_next(&mut self) {
        if let Some(standby) = self.waiting.pop_front() {
            standby.stream.stop().await;
        }
    }

    /// The next one, to be read now.
    pub(super) async fn take_next(&mut self) -> Option<Standby> {
        if self.opening.is_some() {
            self.opened().await;
        }
        self.read_at = Instant::now();
        self.waiting.pop_front()
    }

    /// Whether there is one to be read next.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty() || self.opening.is_some()
    }
}
