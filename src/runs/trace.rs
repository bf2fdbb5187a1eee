//! A run's trace: the run, its attempts with their steps, and the kubectl calls made for it.

use std::time::Duration;

use tracing::warn;

use super::Runs;
use crate::db::DbError;
use crate::db::commands::Command;
use crate::model::{Run, Variation};
use crate::telemetry::traces::Span;

impl Runs {
    /// Sends what an attempt's end has made complete: the attempt, and the run when this ended it.
    /// Nothing where no collector is configured. Nobody waits for it.
    pub(super) fn trace(&self, run: &Run, attempt: &Variation) {
        if self.traces.is_none() {
            return;
        }
        let (runs, run, attempt) = (self.clone(), run.clone(), attempt.clone());
        self.background("trace", async move {
            let Some(traces) = &runs.traces else {
                return Ok(());
            };
            let calls = ended_calls(&runs, &attempt).await?;
            let spans = spans(&run, &attempt, &calls);
            if let Err(error) = traces.send(run.id.as_u128(), spans).await {
                warn!(run.id = %run.id, error = format!("{error:#}"), "a run's trace is lost");
            }
            Ok(())
        });
    }
}

/// The calls for an attempt's run. The journal is written beside what it tells of: those of this
/// attempt have ended by now, and are waited for a little until they are seen to.
async fn ended_calls(runs: &Runs, attempt: &Variation) -> Result<Vec<Command>, DbError> {
    const PAUSE: Duration = Duration::from_millis(200);
    let open = |call: &Command| !call.shared && call.duration_ms.is_none() && names(call, attempt);
    for _ in 0..10 {
        let calls = runs.db.commands(attempt.key.run).await?;
        if !calls.iter().any(open) {
            return Ok(calls);
        }
        tokio::time::sleep(PAUSE).await;
    }
    runs.db.commands(attempt.key.run).await
}

/// The attempt's span with its parts; those of the run, where this was its end.
fn spans(run: &Run, attempt: &Variation, calls: &[Command]) -> Vec<Span> {
    let job = attempt.job_name.as_str();
    let mut spans = of_attempt(run, attempt);
    let own = calls
        .iter()
        .filter(|call| !call.shared && names(call, attempt));
    spans.extend(own.filter_map(|call| of_call(call, job)));
    if let Some(finished_ms) = run.ended_by(attempt) {
        let id = run.id.to_string();
        let of_one = |call: &Command| attempts(run).any(|attempt| names(call, attempt));
        let whole = calls.iter().filter(|call| !call.shared && !of_one(call));
        spans.extend(whole.filter_map(|call| of_call(call, &id)));
        spans.push(Span {
            id,
            parent: None,
            name: "run".into(),
            start_ms: run.created_ms,
            end_ms: finished_ms,
            attributes: vec![
                ("aideator.run.id", run.id.to_string()),
                ("aideator.run.status", run.status.as_str().to_owned()),
                ("aideator.run.variations", run.variations.len().to_string()),
                ("vcs.repository.url.full", run.repo_url.clone()),
                ("vcs.ref.head.revision", run.base_sha.clone()),
            ],
            error: None,
        });
    }
    spans
}

fn attempts(run: &Run) -> impl Iterator<Item = &Variation> {
    run.earlier.iter().chain(run.current())
}

/// Whether a call is about this attempt's Job, or its pod, alone.
fn names(call: &Command, attempt: &Variation) -> bool {
    let names = [Some(&attempt.job_name), attempt.pod.as_ref()];
    let is_named = |word: &String| {
        names
            .iter()
            .flatten()
            .any(|name| word.rsplit('/').next() == Some(name.as_str()))
    };
    call.argv.iter().any(is_named)
}

/// An attempt, and what lies between its steps.
fn of_attempt(run: &Run, attempt: &Variation) -> Vec<Span> {
    let timings = &attempt.timings;
    let job = attempt.job_name.as_str();
    let first = if attempt.key.attempt == 0 {
        Some(run.created_ms)
    } else {
        timings.applied_ms
    };
    let (Some(start_ms), Some(end_ms)) = (first, timings.settled_ms) else {
        return Vec::new();
    };
    let mut spans = Vec::new();
    let mut before = start_ms;
    for (step, at) in [
        ("apply", timings.applied_ms),
        ("schedule", timings.scheduled_ms),
        ("pull", timings.pulled_ms),
        ("start", timings.started_ms),
        ("work", timings.ended_ms),
        ("settle", timings.settled_ms),
    ] {
        // A step that never came is a part of the next one that did.
        let Some(at) = at else { continue };
        spans.push(Span {
            id: format!("{job}/{step}"),
            parent: Some(job.to_owned()),
            name: step.into(),
            start_ms: before,
            end_ms: at,
            attributes: Vec::new(),
            error: None,
        });
        before = before.max(at);
    }
    let cause = attempt.cause.as_ref();
    let mut attributes = vec![
        ("k8s.job.name", job.to_owned()),
        ("aideator.variation.index", attempt.key.index.to_string()),
        (
            "aideator.variation.status",
            attempt.status.as_str().to_owned(),
        ),
    ];
    attributes.extend(cause.map(|cause| ("aideator.variation.reason", cause.reason.clone())));
    attributes.extend(attempt.pod.clone().map(|pod| ("k8s.pod.name", pod)));
    if let Some(usage) = attempt.settled.as_ref().and_then(|settled| settled.usage) {
        let tokens = |count: u64| count.to_string();
        attributes.push(("gen_ai.usage.input_tokens", tokens(usage.input_tokens)));
        attributes.push(("gen_ai.usage.output_tokens", tokens(usage.output_tokens)));
    }
    spans.push(Span {
        id: job.to_owned(),
        parent: Some(run.id.to_string()),
        name: "attempt".into(),
        start_ms,
        end_ms,
        attributes,
        error: cause.map(|cause| cause.reason.clone()),
    });
    spans
}

/// A kubectl call that has ended. Its arguments are what `/commands` shows: no secrets are in them.
fn of_call(call: &Command, parent: &str) -> Option<Span> {
    let end_ms = call.at_ms.checked_add(call.duration_ms?)?;
    let verb = call.argv.get(1).map_or("", String::as_str);
    let failed = call.exit_code != Some(0);
    Some(Span {
        id: format!("{}@{}", call.argv.join(" "), call.at_ms),
        parent: Some(parent.to_owned()),
        name: format!("kubectl {verb}").into(),
        start_ms: call.at_ms,
        end_ms,
        attributes: vec![("process.command_line", call.argv.join(" "))],
        error: failed.then(|| call.stderr.clone().unwrap_or_default()),
    })
}
