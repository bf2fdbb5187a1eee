//! What happens to a run: launched, watched, followed, settled, cancelled, cleaned up.
//!
//! Invariants:
//! - A variation has one supervisor from its turn until it is finished, and none before or after.
//! - Only the pod's status *and* a last read that adds nothing end a variation.
//! - A state is in the database before anybody is told of it.

mod base;
mod cancel;
mod clean;
mod cluster;
mod digest;
mod explain;
mod follow;
mod forget;
mod judge;
mod launch;
mod meter;
mod observe;
mod publish;
mod reconcile;
mod retry;
mod script;
mod settle;
mod supervise;
mod trace;
mod turns;
mod verify;
mod watch;

pub use base::BasePatch;
pub(crate) use digest::hex;
pub use judge::Judging;
pub(crate) use meter::BUDGET_EXCEEDED;
pub use publish::LARGEST_PATCH;
pub use verify::{Side, Verdict, Verification};

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::{Notify, Semaphore, mpsc, watch as channel};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use self::cluster::Cluster;
use self::supervise::{Order, supervise};
use crate::config::{Agents, Keep, Limits};
use crate::credentials::Credentials;
use crate::db::Db;
use crate::db::runs::Inserted;
use crate::kubectl::{JournalEntry, Kubectl, KubectlError};
use crate::lifecycle::Lifecycle;
use crate::logs::LogStore;
use crate::model::{Cause, NewEvent, NewRun, RunId, VariationKey, VariationUpdate};
use crate::telemetry::traces::Traces;
use crate::templates::{TemplateError, Templates};

/// How long the server waits at start for a cluster that does not answer, before it serves what it
/// has and goes on trying.
const START_PATIENCE: Duration = Duration::from_secs(10);

/// How long the journal waits for a further entry while the server stops.
const LAST_ENTRIES: Duration = Duration::from_millis(200);

/// The runs of this server. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Runs(Arc<Inner>);

/// What runs need.
#[derive(Debug)]
pub struct Parts {
    pub db: Db,
    pub credentials: Credentials,
    pub kubectl: Kubectl,
    pub store: LogStore,
    pub agents: Agents,
    pub keep: Keep,
    pub limits: Limits,
    pub lifecycle: Lifecycle,
    pub traces: Option<Traces>,
}

/// What runs are made of. Fields are the module's own.
#[derive(Debug)]
pub struct Inner {
    db: Db,
    credentials: Credentials,
    kubectl: Kubectl,
    store: LogStore,
    templates: Templates,
    agents: Agents,
    keep: Keep,
    lifecycle: Lifecycle,
    /// Where traces go, if anywhere.
    traces: Option<Traces>,
    cluster: Cluster,
    /// Picks our objects out of the namespace.
    selector: String,
    supervised: Mutex<HashMap<VariationKey, Handle>>,
    /// Rings when a variation has settled.
    settled: Notify,
    limits: Limits,
    /// Rings when somebody may have got a place, or wants one.
    queue: Notify,
    /// Rings when a settled variation's Job was deleted.
    cleaned: Notify,
    /// Places for those who compare a log with kubectl's.
    comparing: Semaphore,
}

#[derive(Debug)]
struct Handle {
    cancel: CancellationToken,
    refused: channel::Sender<Option<Cause>>,
}

impl Deref for Runs {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Runs {
    /// The runs in this database, log store and cluster. Nothing happens before [`Runs::start`].
    pub fn new(parts: Parts) -> Result<Self, TemplateError> {
        let Parts {
            db,
            credentials,
            kubectl,
            store,
            agents,
            keep,
            limits,
            lifecycle,
            traces,
        } = parts;
        let selector = format!(
            "app.kubernetes.io/managed-by=aideator,app.kubernetes.io/instance={}",
            agents.instance
        );
        Ok(Self(Arc::new(Inner {
            db,
            credentials,
            kubectl,
            store,
            templates: Templates::new()?,
            agents,
            keep,
            lifecycle,
            traces,
            cluster: Cluster::default(),
            selector,
            supervised: Mutex::default(),
            settled: Notify::new(),
            limits,
            queue: Notify::new(),
            cleaned: Notify::new(),
            comparing: Semaphore::new(verify::AT_A_TIME),
        })))
    }

    /// Reconciles with the cluster and begins to watch it. Returns when the rows are true, or after
    /// some seconds if the cluster does not answer; then it goes on trying beside.
    pub async fn start(
        &self,
        journal: mpsc::UnboundedReceiver<JournalEntry>,
    ) -> anyhow::Result<()> {
        reconcile::prepare(self)
            .await
            .context("failed to look at unfinished runs")?;
        let db = self.db.clone();
        let soft = self.lifecycle.soft().clone();
        self.lifecycle
            .spawn_core("journal", keep_journal(db, journal, soft));
        self.background("turns", turns::turns(self.clone()));
        let runs = self.clone();
        let (ready, is_ready) = tokio::sync::oneshot::channel();
        self.background("reconcile", async move {
            runs.reconcile_until_done().await;
            // Nobody waits any more when it took long.
            let _ = ready.send(());
            for kind in [watch::Kind::Jobs, watch::Kind::Pods, watch::Kind::Events] {
                let watching = watch::watch(
                    runs.kubectl.clone(),
                    runs.cluster.clone(),
                    runs.selector.clone(),
                    kind,
                );
                runs.background("watch", async move {
                    watching.await;
                    Ok(())
                });
            }
            runs.background("sweep", reconcile::sweep(runs.clone()));
            runs.background("forget", forget::forget(runs.clone()));
            let cleaning = clean::clean(runs.clone());
            runs.background("clean", cleaning);
            Ok(())
        });
        if timeout(START_PATIENCE, is_ready).await.is_err() {
            warn!("the cluster does not answer; serving what is stored and trying again");
        }
        Ok(())
    }

    async fn reconcile_until_done(&self) {
        let mut pause = Duration::from_millis(200);
        let mut told = false;
        while let Err(error) = reconcile::reconcile(self).await {
            if let Some(error) = error.downcast_ref::<KubectlError>() {
                let cause = explain::trouble(error);
                self.cluster.answered("reconcile", Err(cause.clone()));
                if !told {
                    told = reconcile::tell_trouble(self, &cause).await.is_ok();
                }
            }
            warn!(
                error = format!("{error:#}"),
                "failed to reconcile; trying again"
            );
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(3));
        }
        self.cluster.answered("reconcile", Ok(()));
    }

    /// Stores a run, whose variations start when it is their turn. A task of its own: a client that goes
    /// away in between must not
    /// leave a run that nobody starts.
    pub async fn create(&self, run: NewRun) -> anyhow::Result<Inserted> {
        let runs = self.clone();
        let create = async move {
            let inserted = runs
                .db
                .insert_run(&run, crate::clock::now_ms(), runs.limits.runs_per_day)
                .await?;
            if matches!(inserted, Inserted::New) {
                runs.queue.notify_one();
            }
            anyhow::Ok(inserted)
        };
        self.lifecycle.spawn("create", create).await?
    }

    fn handles(&self) -> MutexGuard<'_, HashMap<VariationKey, Handle>> {
        self.supervised
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn is_supervised(&self, key: VariationKey) -> bool {
        self.handles().contains_key(&key)
    }

    /// Starts the supervisor of an unfinished variation that has had its turn, unless it has one.
    fn supervise(&self, key: VariationKey, cancel_requested: bool) {
        let cancel = CancellationToken::new();
        if cancel_requested {
            cancel.cancel();
        }
        let (refused, refusals) = channel::channel(None);
        {
            let mut handles = self.handles();
            if handles.contains_key(&key) {
                return;
            }
            let handle = Handle {
                cancel: cancel.clone(),
                refused,
            };
            handles.insert(key, handle);
        }
        let order = Order {
            key,
            cancel,
            refused: refusals,
            view: self.cluster.view(&key.job_name()),
            trouble: self.cluster.trouble(),
        };
        let runs = self.clone();
        self.background("supervise", async move {
            let mut pause = Duration::from_secs(1);
            // Boxed: it would be copied about as a whole, being large.
            while let Err(error) = Box::pin(supervise(runs.clone(), order.clone())).await {
                error!(
                    job = key.job_name(),
                    error = format!("{error:#}"),
                    "a supervisor failed; starting it again"
                );
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_mins(1));
            }
            runs.handles().remove(&key);
            Ok(())
        });
    }

    /// Ends variations whose Jobs could not be made.
    fn refuse(&self, keys: &[VariationKey], cause: &Cause) {
        let handles = self.handles();
        for handle in keys.iter().filter_map(|key| handles.get(key)) {
            handle.refused.send_replace(Some(cause.clone()));
        }
    }

    /// Stores an update and rings for the readers.
    async fn update(&self, update: &VariationUpdate, events: &[NewEvent]) -> anyhow::Result<()> {
        let now = crate::clock::now_ms();
        if let Some(seq) = self.db.update_variation(update, events, now).await? {
            self.store.bell(update.key.run).event_stored(seq);
        }
        Ok(())
    }

    /// Stores events that change no state and rings for the readers.
    async fn tell(&self, run: RunId, events: &[NewEvent]) -> anyhow::Result<()> {
        let seq = self.db.append_events(run, events).await?;
        self.store.bell(run).event_stored(seq);
        Ok(())
    }

    /// Runs until done or until the server stops; an error is logged.
    fn background<F>(&self, name: &'static str, task: F)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let soft = self.lifecycle.soft().clone();
        self.lifecycle.spawn(name, async move {
            tokio::select! {
                result = task => if let Err(error) = result {
                    error!(error = format!("{error:#}"), "a background task failed");
                },
                // Whatever it was doing is taken up again at the next start.
                () = soft.cancelled() => {}
            }
        });
    }
}

/// Writes the kubectl calls into the database: those of a run, and those that serve all of them
/// (watches, lists, the deletion of what is nobody's). What the health checks ask is logged only.
async fn keep_journal(
    db: Db,
    mut journal: mpsc::UnboundedReceiver<JournalEntry>,
    soft: CancellationToken,
) -> anyhow::Result<()> {
    loop {
        let entry = tokio::select! {
            entry = journal.recv() => entry,
            // The calls that end because the server stops are written down, too.
            () = soft.cancelled() => timeout(LAST_ENTRIES, journal.recv()).await.ok().flatten(),
        };
        let Some(entry) = entry else {
            return Ok(());
        };
        let stored = match &entry {
            JournalEntry::Start(start) => {
                tracing::debug!(argv = start.argv.join(" "), "kubectl");
                let asks = matches!(
                    start.argv.get(1).map(String::as_str),
                    Some("version" | "auth")
                );
                match start.run {
                    Some(run) => db.insert_command(run, start).await,
                    None if asks => Ok(()),
                    None => db.insert_shared_command(start).await,
                }
            }
            JournalEntry::End(end) => db.finish_command(end).await,
        };
        if let Err(error) = stored {
            error!(%error, "failed to write the journal of kubectl calls");
        }
    }
}
