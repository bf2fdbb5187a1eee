//! Why is it not running, and how did it end: a Job's view in, a phase with its cause out. Pure.
//!
//! Reasons are Kubernetes' own words. A hint says what happens next by itself or what a person can
//! do, and is given only where it is true of every such case.

mod hint;
#[cfg(test)]
mod tests;

use jiff::Timestamp;

use self::hint::advise;
use super::cluster::JobView;
use super::observe::{Job, Note, Pod, Terminated};
use crate::kubectl::KubectlError;
use crate::model::{Cause, VariationStatus};

/// What a variation's Job is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Phase {
    /// Its container has not started.
    Waiting {
        status: VariationStatus,
        cause: Option<Cause>,
    },
    /// Its container runs.
    Running,
    /// Its container has ended, or will never start.
    Ended(End),
    /// It was there and is not any more, and how it ended was not seen.
    Gone(Cause),
}

/// How a container ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct End {
    /// Absent when no container ran.
    pub(super) exit_code: Option<i32>,
    /// Absent when it succeeded.
    pub(super) cause: Option<Cause>,
    /// Milliseconds since the Unix epoch.
    pub(super) ended_ms: Option<i64>,
}

/// What a Job's view means.
pub(super) fn explain(view: &JobView) -> Phase {
    if let Some(pod) = view.pods.last() {
        return explain_pod(view, pod);
    }
    if let Some(end) = failed_job(view) {
        return Phase::Ended(end);
    }
    match &view.job {
        Some(job) => waiting(
            VariationStatus::Queued,
            suspended(job).or_else(|| warning(view, |note| note.involved_object.kind == "Job")),
        ),
        None if view.seen => Phase::Gone(
            Cause::new("JobDeleted", "the Job was deleted before its pod was seen")
                .hint("Start the run again if nobody meant to stop it."),
        ),
        None => waiting(VariationStatus::Queued, None),
    }
}

/// Somebody (a queue, an operator) holds the Job back.
fn suspended(job: &Job) -> Option<Cause> {
    let conditions = &job.status.conditions;
    let held = conditions
        .iter()
        .find(|c| c.kind == "Suspended" && c.status == "True")?;
    Some(advise(Cause::new(&held.reason, &held.message)))
}

/// The latest warning, if it is about what is looked at now. An older one has passed: a pod that was
/// made is not refused any more.
fn warning(view: &JobView, fits: impl Fn(&Note) -> bool) -> Option<Cause> {
    let note = view.warning.as_ref().filter(|note| fits(note))?;
    Some(advise(Cause::new(&note.reason, &note.message)))
}

/// Why the cluster does not answer, from what kubectl said.
pub(super) fn trouble(error: &KubectlError) -> Cause {
    let said = match error {
        KubectlError::Exit { stderr, .. } => stderr.trim().lines().last().unwrap_or(""),
        _ => "",
    };
    let message = non_empty(said).map_or_else(|| error.to_string(), ToOwned::to_owned);
    let reason = ["Forbidden", "Unauthorized"]
        .into_iter()
        .find(|word| message.contains(&format!("({word})")))
        .unwrap_or("ClusterUnreachable");
    advise(Cause::new(reason, message))
}

/// How the Job controller gave up, where it did.
fn failed_job(view: &JobView) -> Option<End> {
    let conditions = &view.job.as_ref()?.status.conditions;
    let failed = conditions
        .iter()
        .find(|c| matches!(c.kind.as_str(), "Failed" | "FailureTarget") && c.status == "True")?;
    Some(End {
        exit_code: None,
        cause: Some(advise(Cause::new(&failed.reason, &failed.message))),
        ended_ms: failed.at.map(Timestamp::as_millisecond),
    })
}

fn waiting(status: VariationStatus, cause: Option<Cause>) -> Phase {
    Phase::Waiting { status, cause }
}

fn explain_pod(view: &JobView, pod: &Pod) -> Phase {
    let container = pod.container();
    if let Some(end) = container.and_then(|state| state.terminated.as_ref()) {
        return Phase::Ended(ended(pod, end));
    }
    if matches!(pod.status.phase.as_str(), "Failed" | "Succeeded") {
        // The pod ended before its container started: evicted, past its deadline, node lost; or the
        // container that clones was killed (one that cannot clone leaves it to the agent to say so).
        let reason = non_empty(&pod.status.reason);
        let cloner = pod.cloner().and_then(|it| it.terminated.as_ref());
        if let (None, Some(end)) = (reason, cloner.filter(|end| end.exit_code != 0)) {
            return Phase::Ended(End {
                exit_code: None,
                ..ended(pod, end)
            });
        }
        let reason = reason.unwrap_or("PodFailed");
        return Phase::Ended(End {
            exit_code: None,
            cause: Some(advise(Cause::new(reason, &pod.status.message))),
            ended_ms: None,
        });
    }
    if pod.gone
        && let Some(end) = failed_job(view)
        && container.is_none()
    {
        // It never got a node, and the Job's deadline came.
        return Phase::Ended(end);
    }
    if pod.gone {
        return Phase::Gone(
            Cause::new(
                "PodDeleted",
                "the pod was deleted before its container's end was seen",
            )
            .hint("Start the run again if nobody meant to stop it."),
        );
    }
    let Some(state) = container else {
        return not_scheduled(view, pod);
    };
    if state.running.is_some() {
        return Phase::Running;
    }
    // What comes first is waited for first.
    let first = pod.cloner().and_then(|cloner| cloner.waiting.as_ref());
    match first.or(state.waiting.as_ref()) {
        Some(why)
            if !matches!(
                why.reason.as_str(),
                "" | "ContainerCreating" | "PodInitializing"
            ) =>
        {
            let cause = advise(Cause::new(&why.reason, &why.message));
            waiting(VariationStatus::Starting, Some(cause))
        }
        _ => waiting(VariationStatus::Starting, not_started(view, pod)),
    }
}

/// What holds up a pod that has a node: a volume, the network. That it once had none is over.
fn not_started(view: &JobView, pod: &Pod) -> Option<Cause> {
    warning(view, |note| {
        note.involved_object.name == pod.metadata.name && note.reason != "FailedScheduling"
    })
}

fn not_scheduled(view: &JobView, pod: &Pod) -> Phase {
    match pod.condition("PodScheduled") {
        Some(condition) if condition.status == "False" => {
            let reason = non_empty(&condition.reason).unwrap_or("Unschedulable");
            let cause = advise(Cause::new(reason, &condition.message));
            waiting(VariationStatus::Queued, Some(cause))
        }
        Some(condition) if condition.status == "True" => {
            waiting(VariationStatus::Starting, not_started(view, pod))
        }
        _ => waiting(
            VariationStatus::Queued,
            warning(view, |note| note.involved_object.name == pod.metadata.name),
        ),
    }
}

fn ended(pod: &Pod, end: &Terminated) -> End {
    let cause = if end.exit_code == 0 {
        None
    } else if let Some(reason) = non_empty(&pod.status.reason) {
        // The pod's own reason says more than the container's `Error`: DeadlineExceeded, Evicted.
        Some(advise(Cause::new(reason, &pod.status.message)))
    } else if end.reason == "OOMKilled" {
        Some(advise(Cause::new(&end.reason, &end.message)))
    } else if pod.metadata.deletion_timestamp.is_some() {
        Some(Cause::new("PodDeleted", "the pod was deleted while it ran"))
    } else {
        let reason = non_empty(&end.reason).unwrap_or("Error");
        let message = non_empty(&end.message).map_or_else(
            || format!("the container exited with code {}", end.exit_code),
            ToOwned::to_owned,
        );
        Some(advise(Cause::new(reason, message)))
    };
    End {
        exit_code: Some(end.exit_code),
        cause,
        ended_ms: end.finished_at.map(Timestamp::as_millisecond),
    }
}

/// When the container started, in milliseconds since the Unix epoch.
pub(super) fn started_ms(view: &JobView) -> Option<i64> {
    let state = view.pods.last()?.container()?;
    let running = state
        .running
        .as_ref()
        .and_then(|running| running.started_at);
    let terminated = state.terminated.as_ref().and_then(|end| end.started_at);
    running.or(terminated).map(Timestamp::as_millisecond)
}

fn non_empty(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}
