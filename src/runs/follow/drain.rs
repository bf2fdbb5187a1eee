//! Taking what one `kubectl logs` prints.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::standby::Standbys;
use super::{Goal, report};
use crate::clock;
use crate::kubectl::KubectlStream;
use crate::logs::{Ingest, Place};
use crate::model::VariationKey;
use crate::runs::Runs;
use crate::telemetry::metrics;

/// How long an open follow may be silent after its container has ended.
const LINGER: Duration = Duration::from_secs(5);

/// Why a stream is not read any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Drained {
    /// It has ended by itself.
    Ended,
    /// It is to be stopped: nobody wants it, or the next follow has what it does not give.
    Stopped,
}

/// Takes what one `kubectl logs` prints.
pub(super) struct Drain<'a> {
    pub(super) runs: &'a Runs,
    pub(super) key: VariationKey,
    /// What it reads, as kubectl names it.
    pub(super) object: &'a str,
    /// It goes on until the container has ended.
    pub(super) follow: bool,
    /// The container may still print.
    pub(super) live: bool,
    pub(super) first_line_ms: &'a mut Option<i64>,
    pub(super) standbys: &'a mut Standbys,
}

impl Drain<'_> {
    /// Stores `head`, and reads until the stream ends or has to be stopped.
    pub(super) async fn run(
        mut self,
        head: &[u8],
        stream: &mut KubectlStream,
        ingest: &mut Ingest<'_>,
        goal: &mut watch::Receiver<Goal>,
    ) -> anyhow::Result<Drained> {
        ingest.set_fence(self.standbys.fence());
        if !head.is_empty() && self.take(ingest, head).await? == Place::Skipped {
            return Ok(Drained::Stopped);
        }
        let mut buffer = Vec::new();
        let mut stop_at: Option<Instant> = None;
        loop {
            let look_at = self.standbys.look_at().filter(|_| self.live);
            let give_up_at = self.standbys.give_up_at();
            let now = Instant::now();
            tokio::select! {
                biased;
                // Before the reading, which may never wait under a flood.
                () = self.standbys.opened() => ingest.set_fence(self.standbys.fence()),
                () = sleep_until(look_at.unwrap_or(now)), if look_at.is_some() => {
                    self.standbys.look(&self.runs.kubectl, self.key.run, self.object);
                }
                size = stream.read(&mut buffer) => {
                    if size? == 0 {
                        return Ok(Drained::Ended);
                    }
                    if self.take(ingest, &buffer).await? == Place::Skipped {
                        return Ok(Drained::Stopped);
                    }
                    buffer.clear();
                    // As long as it delivers, it is not stopped: a plain read may not have the rest.
                    stop_at = stop_at.map(|_| Instant::now() + LINGER);
                }
                changed = goal.changed(), if self.live && stop_at.is_none() => {
                    if changed.is_err() {
                        // Nobody wants it any more: the server stops.
                        return Ok(Drained::Stopped);
                    }
                    // The container has ended or is gone: the follow ends by itself, or is stopped.
                    let over = !matches!(*goal.borrow_and_update(), Goal::Follow(_));
                    if over && self.follow {
                        stop_at = Some(Instant::now() + LINGER);
                    }
                }
                () = sleep_until(stop_at.unwrap_or(now)), if stop_at.is_some() => {
                    return Ok(Drained::Stopped);
                }
                () = sleep_until(give_up_at.unwrap_or(now)), if give_up_at.is_some() => {
                    return Ok(Drained::Stopped);
                }
            }
        }
    }

    /// Stores bytes, and says where the stream is, seen from where the next follow begins.
    async fn take(&mut self, ingest: &mut Ingest<'_>, bytes: &[u8]) -> anyhow::Result<Place> {
        let appended = ingest.appended();
        self.store(ingest, bytes).await?;
        let new = ingest.appended() - appended;
        self.standbys.note_read(new, ingest.newest());
        let place = ingest.place().unwrap_or(Place::Before);
        if place == Place::Reached {
            self.standbys.drop_next().await;
            ingest.set_fence(self.standbys.fence());
        }
        Ok(place)
    }

    async fn store(&mut self, ingest: &mut Ingest<'_>, bytes: &[u8]) -> anyhow::Result<()> {
        let before = ingest.committed();
        let stored = ingest.push(bytes);
        // Told at once, and also when storing failed: the next read begins behind the gap.
        report(self.runs, self.key, &ingest.take_gaps(), before).await?;
        stored?;
        metrics::stored(bytes.len());
        if before == 0 && self.first_line_ms.is_none() && ingest.appended() > 0 {
            *self.first_line_ms = Some(clock::now_ms());
        }
        Ok(())
    }
}
