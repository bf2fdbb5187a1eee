//! The three watches of the server: Jobs, pods, events; one `kubectl get -w` each, for all runs.
//!
//! `kubectl get -w` ends with exit code 0 whatever ended it, and the API server ends watches as it
//! likes, so a watch that ended is started again at once. A watch tells no deletions that happened
//! between two of them, so each start is followed by a list, and what is not in it is gone.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

use super::cluster::{Cluster, Mark};
use super::explain::trouble;
use super::observe::{Job, Note, Pod, WatchEvent};
use crate::kubectl::{Ended, Kubectl, KubectlError, KubectlStream};

/// Pause before a watch that failed is started again: first and longest.
const PAUSE: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(3));
/// A watch that lived this long was a good one.
const GOOD: Duration = Duration::from_secs(10);

/// How often everything is listed again: nothing should be missing then, and this is for what nobody
/// thought of.
const RELIST: Duration = Duration::from_mins(5);

/// What is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Jobs,
    Pods,
    Events,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Jobs => "jobs",
            Self::Pods => "pods",
            Self::Events => "events",
        }
    }
}

/// Keeps `cluster` true, for ever.
pub(super) async fn watch(kubectl: Kubectl, cluster: Cluster, selector: String, kind: Kind) {
    let mut pause = PAUSE.0;
    loop {
        let began = Instant::now();
        match watch_once(&kubectl, &cluster, &selector, kind).await {
            Ok(()) => info!(kind = kind.word(), "a watch ended; starting it again"),
            Err(error) => {
                warn!(kind = kind.word(), %error, "a watch failed; starting it again");
                if kind != Kind::Events {
                    cluster.answered(kind.word(), Err(trouble(&error)));
                }
            }
        }
        pause = if began.elapsed() > GOOD {
            PAUSE.0
        } else {
            (pause * 2).min(PAUSE.1)
        };
        sleep(pause).await;
    }
}

async fn watch_once(
    kubectl: &Kubectl,
    cluster: &Cluster,
    selector: &str,
    kind: Kind,
) -> Result<(), KubectlError> {
    let filter: &[&str] = match kind {
        // Events carry no labels of ours; those that are not about our objects are passed over.
        Kind::Events => &[],
        Kind::Jobs | Kind::Pods => &["-l", selector],
    };
    let mark = cluster.mark();
    let mut stream = kubectl.watch(kind.word(), filter)?;
    let mut buffer = Vec::new();
    {
        // The list is made while the watch is up already, so nothing falls between the two.
        let listing = list_often(kubectl, cluster, selector, kind, mark);
        tokio::pin!(listing);
        loop {
            tokio::select! {
                error = &mut listing => return Err(error),
                size = stream.read(&mut buffer) => {
                    if size.map_err(KubectlError::Pipe)? == 0 {
                        break;
                    }
                    take_lines(&mut buffer, |line| tell(cluster, kind, line))?;
                }
            }
        }
    }
    end(stream).await
}

/// Lists now and then, until it fails.
async fn list_often(
    kubectl: &Kubectl,
    cluster: &Cluster,
    selector: &str,
    kind: Kind,
    mut mark: Mark,
) -> KubectlError {
    loop {
        match list(kubectl, cluster, selector, kind, mark).await {
            Ok(()) if kind == Kind::Events => {}
            Ok(()) => cluster.answered(kind.word(), Ok(())),
            Err(error) => return error,
        }
        sleep(RELIST).await;
        mark = cluster.mark();
    }
}

/// A watch ends with 0 whatever ended it; what could not even begin says why.
async fn end(stream: KubectlStream) -> Result<(), KubectlError> {
    let Ended { code, stderr } = stream.finish().await;
    match code {
        Some(0) | None => Ok(()),
        code => Err(KubectlError::Exit {
            verb: "get".to_owned(),
            code,
            stderr,
        }),
    }
}

/// Brings `cluster` up to date with a list asked for at `mark`.
pub(super) async fn list(
    kubectl: &Kubectl,
    cluster: &Cluster,
    selector: &str,
    kind: Kind,
    mark: Mark,
) -> Result<(), KubectlError> {
    match kind {
        Kind::Jobs => {
            let jobs = kubectl.list("jobs", selector).await?;
            cluster.jobs_listed(mark, jobs.into_iter().filter_map(read::<Job>).collect());
        }
        Kind::Pods => {
            let pods = kubectl.list("pods", selector).await?;
            cluster.pods_listed(mark, pods.into_iter().filter_map(read::<Pod>).collect());
        }
        Kind::Events => {}
    }
    cluster.forget_gone();
    Ok(())
}

/// Gives each whole line to `take` and leaves the rest in `buffer`.
fn take_lines(
    buffer: &mut Vec<u8>,
    mut take: impl FnMut(&[u8]) -> Result<(), KubectlError>,
) -> Result<(), KubectlError> {
    let Some(end) = buffer.iter().rposition(|b| *b == b'\n') else {
        return Ok(());
    };
    for line in buffer[..end].split(|b| *b == b'\n') {
        take(line)?;
    }
    buffer.drain(..=end);
    Ok(())
}

fn tell(cluster: &Cluster, kind: Kind, line: &[u8]) -> Result<(), KubectlError> {
    let event: WatchEvent = serde_json::from_slice(line).map_err(KubectlError::Decode)?;
    if event.kind == "ERROR" {
        // The watch is about to end: its resource version is too old (410), or the like.
        warn!(object = %event.object, "the API server ended a watch");
        return Ok(());
    }
    let deleted = event.kind == "DELETED";
    match kind {
        Kind::Jobs => {
            if let Some(job) = read::<Job>(event.object) {
                cluster.job(job, deleted);
            }
        }
        Kind::Pods => {
            if let Some(pod) = read::<Pod>(event.object) {
                cluster.pod(pod, deleted);
            }
        }
        Kind::Events if !deleted => {
            if let Some(note) = read::<Note>(event.object) {
                cluster.note(note);
            }
        }
        Kind::Events => {}
    }
    Ok(())
}

/// One object that we cannot read must not blind us for the others.
fn read<T: DeserializeOwned>(object: Value) -> Option<T> {
    serde_json::from_value(object)
        .inspect_err(|error| warn!(%error, "the cluster sent an object of another shape"))
        .ok()
}
