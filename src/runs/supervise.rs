//! One task per unfinished variation: it watches its Job's view, tells what it means, has its log
//! followed, obeys a cancel, and settles it.
//!
//! The task holds no state that a new one could not find again in the database, the log file and
//! the cluster: killing the server at any moment loses nothing.

use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::Runs;
use super::cluster::{JobView, Trouble};
use super::explain::{self, End, Phase, explain};
use super::follow::{Followed, Goal, follow, patiently, salvage_if_evicted};
use super::meter::meter;
use super::settle::{Ending, settle};
use crate::clock;
use crate::kubectl::Cascade;
use crate::logs::Gap;
use crate::model::{
    Cause, Event, EventKind, NewEvent, Timings, VariationKey, VariationStatus, VariationUpdate,
};
use crate::telemetry::metrics;

/// How long the cluster may be away before a cancel is given up and told as such.
const CANCEL_PATIENCE: Duration = Duration::from_mins(10);
/// How long a pod's own end may come after its container's.
const POD_END: Duration = Duration::from_secs(2);

/// What a supervisor is started with.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) key: VariationKey,
    /// Somebody wants it to stop.
    pub(super) cancel: CancellationToken,
    /// Why its Job cannot be made, should that be so.
    pub(super) refused: watch::Receiver<Option<Cause>>,
    /// Its Job as the cluster tells it. Held from the start and between two tries: a view that
    /// nobody looks at is forgotten.
    pub(super) view: watch::Receiver<JobView>,
    /// Whether the view can be believed to be the latest.
    pub(super) trouble: watch::Receiver<Trouble>,
}

/// Sees one variation to its end.
pub(super) async fn supervise(runs: Runs, order: Order) -> anyhow::Result<()> {
    let key = order.key;
    let writer = runs.store.writer(key).context("failed to open a log")?;
    let told = told_before(&runs, key).await?;
    let (goal, goals) = watch::channel(Goal::Wait);
    let mut follower = runs
        .lifecycle
        .spawn("follow", follow(runs.clone(), key, writer, goals));
    let runs_of_meter = runs.clone();
    let supervisor = Supervisor {
        view: order.view.clone(),
        runs,
        order,
        goal,
        told,
        stopping: false,
    };
    let result = tokio::select! {
        result = supervisor.run(&mut follower) => result,
        never = meter(&runs_of_meter, key) => match never {},
    };
    if result.is_err() && !follower.is_finished() {
        // A log has one writer: the next supervisor's must find this one gone.
        follower.abort();
        let _ = follower.await;
    }
    result
}

type State = (VariationStatus, Option<Cause>);

/// What the variation's earlier supervisor told last: a state and its event are stored together.
async fn told_before(runs: &Runs, key: VariationKey) -> anyhow::Result<Option<State>> {
    let told =
        |event: &Event| event.kind == EventKind::AgentStatus && event.index == Some(key.index);
    if !runs.db.events_after(key.run, 0).await?.iter().any(told) {
        return Ok(None);
    }
    let variations = runs.db.run(key.run).await?.map(|run| run.variations);
    let variation = variations.into_iter().flatten().find(|it| it.key == key);
    Ok(variation.map(|it| (it.status, it.cause)))
}

struct Supervisor {
    runs: Runs,
    order: Order,
    view: watch::Receiver<JobView>,
    goal: watch::Sender<Goal>,
    /// What was told last: a state is told once.
    told: Option<State>,
    /// The cancel was passed on to the cluster.
    stopping: bool,
}

impl Supervisor {
    async fn run(
        mut self,
        follower: &mut JoinHandle<anyhow::Result<Followed>>,
    ) -> anyhow::Result<()> {
        let mut ending = self.until_ended().await?;
        // Asked for before the end was seen, of this supervisor or of one before a restart. A cancel
        // that comes later finds it ended, and it stays as it is.
        let asked = self.order.cancel.is_cancelled();
        let followed = tokio::select! {
            followed = follower => followed.context("the follower died")??,
            never = salvage_if_evicted(&mut self.view, &self.goal) => match never {},
        };
        if ending.exit_code.is_some() {
            ending = self.final_ending().await.unwrap_or(ending);
        }
        let cancelled = asked && !ending.succeeded();
        if cancelled {
            self.remove_pods().await?;
        }
        let view = self.view.borrow().clone();
        let update = VariationUpdate {
            key: self.order.key,
            status: ending.status(cancelled),
            cause: ending.cause.clone(),
            pod: pod_name(&view),
            timings: Timings {
                first_line_ms: followed.first_line_ms,
                first_sent_ms: self.runs.store.first_sent(self.order.key),
                ended_ms: ending.ended_ms,
                ..seen(&view)
            },
            settled: None,
        };
        settle(&self.runs, update, ending, followed, cancelled).await
    }

    /// The kubelet tells the container's end first and the pod's reason (`DeadlineExceeded`,
    /// `Evicted`) a moment later.
    async fn final_ending(&mut self) -> Option<Ending> {
        let settled = |view: &JobView| view.pods.last().is_none_or(super::observe::Pod::has_ended);
        // In vain for a pod that was deleted just now: then what is known counts.
        let _ = timeout(POD_END, self.view.wait_for(settled)).await;
        match explain(&self.view.borrow()) {
            Phase::Ended(end) => Some(Ending::from(end)),
            _ => None,
        }
    }

    /// Watches until the container has ended, or never will start.
    async fn until_ended(&mut self) -> anyhow::Result<Ending> {
        loop {
            let view = self.view.borrow_and_update().clone();
            if let Some(cause) = self.order.refused.borrow().clone() {
                self.goal.send_replace(Goal::Abandon);
                return Ok(Ending::never_ran(cause));
            }
            let trouble = self
                .order
                .trouble
                .borrow_and_update()
                .values()
                .next()
                .cloned();
            match explain(&view) {
                Phase::Waiting { status, cause } => {
                    self.tell(&view, status, trouble.or(cause)).await?;
                }
                Phase::Running => {
                    self.goal
                        .send_if_modified(|goal| set(goal, Goal::Follow(log_object(&view))));
                    self.tell(&view, VariationStatus::Running, trouble).await?;
                }
                Phase::Ended(end) => {
                    // The pod by its name: the Job may be deleted before it.
                    let pod =
                        pod_name(&view).filter(|_| end.exit_code.is_some() && view.has_pods());
                    let goal =
                        pod.map_or(Goal::Abandon, |pod| Goal::Complete(format!("pod/{pod}")));
                    self.goal.send_replace(goal);
                    return Ok(Ending::from(end));
                }
                Phase::Gone(cause) => {
                    self.goal.send_replace(Goal::Abandon);
                    return Ok(Ending::lost(cause));
                }
            }
            let cancel = self.order.cancel.clone();
            // Asked once: a cancel that comes now must end the wait below.
            let cancelled = cancel.is_cancelled();
            if cancelled && !self.stopping {
                self.stop(&view).await?;
            }
            tokio::select! {
                changed = self.view.changed() => changed.context("the cluster's view ended")?,
                _ = self.order.refused.changed() => {}
                changed = self.order.trouble.changed() => changed.context("the cluster's state ended")?,
                // Once it has come, there is nothing to wait for but the view.
                () = cancel.cancelled(), if !cancelled => {}
            }
        }
    }

    /// Passes a cancel on: a running container gets SIGTERM and its grace period, with its log kept;
    /// what does not run yet is deleted.
    async fn stop(&mut self, view: &JobView) -> anyhow::Result<()> {
        let key = self.order.key;
        let kubectl = &self.runs.kubectl;
        if explain(view) == Phase::Running
            && let Some(pod) = pod_name(view)
        {
            let deadline = json!({"spec": {"activeDeadlineSeconds": 1}});
            let patch = || kubectl.patch(key.run, "pod", &pod, &deadline);
            match patiently(patch, CANCEL_PATIENCE).await {
                Ok(()) => {}
                // It has ended meanwhile, which the view will tell.
                Err(error) if error.is_not_found() => {}
                Err(error) => {
                    warn!(pod, %error, "a pod cannot be ended gently; deleting its Job");
                    self.delete_job().await?;
                }
            }
            self.stopping = true;
        } else if view.seen {
            self.delete_job().await?;
            self.stopping = true;
        }
        // Else the Job is being made this very moment: the view will change.
        Ok(())
    }

    async fn delete_job(&self) -> anyhow::Result<()> {
        let key = self.order.key;
        let name = key.job_name();
        let delete = || {
            self.runs
                .kubectl
                .delete(Some(key.run), "job", &name, Cascade::Foreground)
        };
        patiently(delete, CANCEL_PATIENCE)
            .await
            .context("failed to delete a Job")?;
        self.runs.db.mark_job_deleted(key, clock::now_ms()).await?;
        Ok(())
    }

    /// Deletes the Job and waits until its pods are gone: only then it is cancelled.
    async fn remove_pods(&mut self) -> anyhow::Result<()> {
        self.delete_job().await?;
        self.view
            // The Job goes last.
            .wait_for(|view| view.job.is_none() && !view.has_pods())
            .await
            .context("the cluster's view ended")?;
        Ok(())
    }

    async fn tell(
        &mut self,
        view: &JobView,
        status: VariationStatus,
        cause: Option<Cause>,
    ) -> anyhow::Result<()> {
        let told = (status, cause);
        if self.told.as_ref() == Some(&told) {
            return Ok(());
        }
        let key = self.order.key;
        let update = VariationUpdate {
            key,
            status,
            cause: told.1.clone(),
            pod: pod_name(view),
            timings: seen(view),
            settled: None,
        };
        let offset = self.runs.store.committed(key)?;
        let event = status_event(key, status, told.1.as_ref(), offset);
        self.runs.update(&update, &[event]).await?;
        self.told = Some(told);
        Ok(())
    }
}

/// The steps that Kubernetes tells of.
fn seen(view: &JobView) -> Timings {
    Timings {
        scheduled_ms: view.pods.last().and_then(super::observe::Pod::scheduled_ms),
        pulled_ms: view.pulled_ms,
        started_ms: explain::started_ms(view),
        ..Timings::default()
    }
}

/// Changes a goal, and says whether it is another one.
fn set(goal: &mut Goal, new: Goal) -> bool {
    let changed = *goal != new;
    *goal = new;
    changed
}

fn pod_name(view: &JobView) -> Option<String> {
    view.pods.last().map(|pod| pod.metadata.name.clone())
}

/// What `kubectl logs` is to be asked for: the Job, or its newest pod where it has had several.
fn log_object(view: &JobView) -> String {
    match view.pods.as_slice() {
        [.., last] if view.pods.len() > 1 || view.job.is_none() => {
            format!("pod/{}", last.metadata.name)
        }
        [only] => only
            .metadata
            .labels
            .get("batch.kubernetes.io/job-name")
            .map_or_else(
                || format!("pod/{}", only.metadata.name),
                |job| format!("job/{job}"),
            ),
        _ => String::new(),
    }
}

/// `agent_status`, told after `offset` bytes of the log.
pub(super) fn status_event(
    key: VariationKey,
    status: VariationStatus,
    cause: Option<&Cause>,
    offset: u64,
) -> NewEvent {
    let mut data = json!({"variation_id": key.index, "status": status});
    if let Some(cause) = cause {
        data["reason"] = json!(cause.reason);
        data["message"] = json!(cause.message);
        data["hint"] = json!(cause.hint);
    }
    event(EventKind::AgentStatus, key, data, offset)
}

/// `log_gap`, told after `offset` bytes of the log.
pub(super) fn gap_event(key: VariationKey, gap: &Gap, offset: u64) -> NewEvent {
    metrics::gap(gap.certain);
    warn!(
        job = key.job_name(),
        reason = gap.reason,
        certain = gap.certain,
        "a log may have a gap"
    );
    let data = json!({
        "variation_id": key.index,
        "after_timestamp": gap.after,
        "reason": gap.reason,
        "certain": gap.certain,
    });
    event(EventKind::LogGap, key, data, offset)
}

/// An event of a variation, stamped with the time; fields without a value are left out.
pub(super) fn event(kind: EventKind, key: VariationKey, mut data: Value, offset: u64) -> NewEvent {
    if let Value::Object(fields) = &mut data {
        fields.retain(|_, value| !value.is_null());
        fields.insert(
            "timestamp".to_owned(),
            clock::rfc3339(clock::now_ms()).into(),
        );
    }
    NewEvent {
        kind,
        index: Some(key.index),
        log_offset: offset,
        data,
    }
}

impl From<End> for Ending {
    fn from(end: End) -> Self {
        Self {
            exit_code: end.exit_code,
            cause: end.cause,
            ended_ms: end.ended_ms,
            lost: false,
        }
    }
}
