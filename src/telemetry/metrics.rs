//! What the server counts, for Prometheus (<https://prometheus.io/docs/practices/naming/>). All names
//! are here. Labels are words of ours or of Kubernetes, never a user's; nothing is counted per line.

use std::sync::OnceLock;
use std::time::Duration;

use ::metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use anyhow::Context as _;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::model::{QueueState, Run, RunStatus, Timings, Variation, VariationStatus};

/// Used in more than one place.
const QUEUE_WAIT: &str = "aideator_queue_wait_seconds";

/// The recorder of this process: there can be only one.
static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

/// How often samples are put into their buckets when nobody asks.
pub const UPKEEP: Duration = Duration::from_secs(30);

/// Seconds: from a request in memory to an agent's quarter of an hour.
const BUCKETS: [f64; 14] = [
    0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 180.0, 600.0, 1800.0,
];

/// Seconds that somebody may wait for a place: up to a day.
const WAITS: [f64; 10] = [
    0.1, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14400.0, 86400.0,
];

/// Reasons that are Kubernetes' or ours. Any other is `other`: a log of names would grow for ever.
const REASONS: [&str; 16] = [
    "ApplyFailed",
    "Cancelled",
    "CreateContainerConfigError",
    "DeadlineExceeded",
    "Error",
    "ErrImagePull",
    "Evicted",
    "FailedCreate",
    "ImagePullBackOff",
    "JobDeleted",
    "OOMKilled",
    "PodDeleted",
    "StartError",
    "Unschedulable",
    "WaitingForTurn",
    "budget_exceeded",
];

/// Starts to count. Later calls in the same process change nothing.
pub fn init() -> anyhow::Result<()> {
    if RECORDER.get().is_some() {
        return Ok(());
    }
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)
        .context("failed to set up metrics")?
        .set_buckets_for_metric(Matcher::Full(QUEUE_WAIT.to_owned()), &WAITS)
        .context("failed to set up metrics")?
        .build_recorder();
    if RECORDER.set(recorder.handle()).is_ok() {
        ::metrics::set_global_recorder(recorder).context("failed to set up metrics")?;
        describe();
    }
    Ok(())
}

fn describe_queue() {
    describe_gauge!(
        "aideator_queue_waiting",
        "attempts that wait for a place: variations, judges, publishers"
    );
    describe_gauge!(
        "aideator_queue_oldest_wait_seconds",
        "how long the one has waited that waits longest; 0 where none does"
    );
    describe_histogram!(
        QUEUE_WAIT,
        "how long those waited that got their turn, or were cancelled before it"
    );
    describe_gauge!("aideator_places_taken", "attempts that have a place");
    describe_gauge!(
        "aideator_places_limit",
        "places that there are (MAX_RUNNING_VARIATIONS); absent without a limit"
    );
    describe_gauge!(
        "aideator_variations_held_up",
        "attempts that do not run yet, by what holds them up"
    );
}

fn describe() {
    describe_queue();
    describe_counter!(
        "aideator_kubectl_calls_total",
        "kubectl processes that have ended"
    );
    describe_histogram!(
        "aideator_kubectl_call_duration_seconds",
        "how long those took that are not follows or watches"
    );
    describe_gauge!("aideator_followers", "running kubectl logs -f");
    describe_gauge!(
        "aideator_log_standbys",
        "kubectl logs that hold a log's next file open, because what reads it cannot keep up"
    );
    describe_counter!(
        "aideator_follow_restarts_total",
        "follows that ended before their container did"
    );
    describe_counter!("aideator_log_stored_bytes_total", "bytes of logs stored");
    describe_counter!(
        "aideator_log_gaps_total",
        "places where a log may not be whole"
    );
    describe_gauge!("aideator_streams", "open event streams");
    describe_counter!(
        "aideator_streams_sent_bytes_total",
        "bytes given to event streams"
    );
    describe_counter!(
        "aideator_variations_settled_total",
        "variations that have ended"
    );
    describe_histogram!(
        "aideator_variation_stage_seconds",
        "time from the request to each step of a variation"
    );
    describe_gauge!("aideator_variations", "variations in the database");
    describe_gauge!("aideator_runs", "runs in the database");
    describe_counter!("aideator_runs_ended_total", "runs that have ended");
    describe_histogram!(
        "aideator_run_duration_seconds",
        "time from the request to the end of a run's last variation"
    );
    describe_counter!(
        "aideator_model_tokens_total",
        "tokens that model providers reported for settled variations"
    );
    describe_gauge!(
        "aideator_model_cost_usd_total",
        "US dollars that those cost, as far as prices are known"
    );
    describe_counter!(
        "aideator_variations_unpriced_total",
        "settled variations whose model was used and whose cost is not known"
    );
    describe_counter!(
        "aideator_webhook_deliveries_total",
        "attempts to deliver to a webhook, by what came of them"
    );
    describe_gauge!("aideator_storage_free_bytes", "room left in DATA_DIR");
    describe_counter!("aideator_http_requests_total", "requests answered");
    describe_histogram!(
        "aideator_http_request_duration_seconds",
        "time to the head of the response"
    );
}

/// All of it, in Prometheus' text format; empty before [`init`].
pub fn text() -> String {
    RECORDER
        .get()
        .map(PrometheusHandle::render)
        .unwrap_or_default()
}

/// Puts samples into their buckets, so that they do not pile up while nobody asks.
pub fn upkeep() {
    if let Some(recorder) = RECORDER.get() {
        recorder.run_upkeep();
    }
}

/// A kubectl process has ended. `Some(duration)`: one that ends by itself.
pub fn kubectl_ended(verb: &str, exit_code: Option<i32>, duration: Option<Duration>) {
    let outcome = match exit_code {
        Some(0) => "success",
        Some(_) => "failure",
        None => "killed",
    };
    let verb = verb.to_owned();
    counter!("aideator_kubectl_calls_total", "verb" => verb.clone(), "outcome" => outcome)
        .increment(1);
    if let Some(duration) = duration {
        histogram!("aideator_kubectl_call_duration_seconds", "verb" => verb).record(duration);
    }
}

/// Counts up a gauge while it lives.
#[derive(Debug)]
pub struct Open(&'static str);

impl Open {
    /// A `kubectl logs -f`.
    pub fn follower() -> Self {
        Self::new("aideator_followers")
    }

    /// A `kubectl logs` that only holds a log's next file open.
    pub fn standby() -> Self {
        Self::new("aideator_log_standbys")
    }

    /// An event stream.
    pub fn stream() -> Self {
        Self::new("aideator_streams")
    }

    fn new(name: &'static str) -> Self {
        gauge!(name).increment(1);
        Self(name)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        gauge!(self.0).decrement(1);
    }
}

/// A follow ended although its container had not.
pub fn follow_restarted() {
    counter!("aideator_follow_restarts_total").increment(1);
}

/// A block of a log was stored.
pub fn stored(bytes: usize) {
    counter!("aideator_log_stored_bytes_total").increment(bytes as u64);
}

/// A log may not be whole somewhere.
pub fn gap(certain: bool) {
    let certain = if certain { "true" } else { "false" };
    counter!("aideator_log_gaps_total", "certain" => certain).increment(1);
}

/// A buffer went to an event stream.
pub fn sent(bytes: usize) {
    counter!("aideator_streams_sent_bytes_total").increment(bytes as u64);
}

/// A variation has ended.
pub fn settled(status: VariationStatus, reason: Option<&str>) {
    let reason = reason.map_or("", known);
    counter!("aideator_variations_settled_total", "status" => status.as_str(), "reason" => reason)
        .increment(1);
}

fn known(reason: &str) -> &'static str {
    let known = REASONS.iter().find(|known| **known == reason);
    known.copied().unwrap_or("other")
}

/// An attempt waits no more: it has its turn, or was cancelled before.
pub fn waited(outcome: &'static str, ms: i64) {
    let waited = Duration::from_millis(u64::try_from(ms).unwrap_or(0));
    histogram!(QUEUE_WAIT, "outcome" => outcome).record(waited);
}

/// Who waits for what now.
pub fn queue(queue: &QueueState, places: Option<u32>, now_ms: i64) {
    gauge!("aideator_queue_waiting").set(as_f64(queue.waiting));
    let oldest = queue.oldest_ms.map_or(0, |since| (now_ms - since).max(0));
    gauge!("aideator_queue_oldest_wait_seconds").set(as_f64(oldest) / 1000.0);
    gauge!("aideator_places_taken").set(as_f64(queue.taken));
    if let Some(places) = places {
        gauge!("aideator_places_limit").set(f64::from(places));
    }
    for reason in REASONS.into_iter().chain(["other"]) {
        let of = queue.held_up.iter().filter(|(it, _)| known(it) == reason);
        let count = of.map(|(_, count)| count).sum();
        gauge!("aideator_variations_held_up", "reason" => reason).set(as_f64(count));
    }
}

/// What a settled variation has used.
pub fn used(variation: &Variation) {
    let Some(usage) = variation.settled.as_ref().and_then(|settled| settled.usage) else {
        return;
    };
    for (kind, tokens) in [
        ("input", usage.input_tokens),
        ("output", usage.output_tokens),
        // Of the input.
        ("cached", usage.cached_tokens),
    ] {
        counter!("aideator_model_tokens_total", "kind" => kind).increment(tokens);
    }
    match variation.cost_usd() {
        // A counter of fractions: the recorder's counters are whole numbers, its gauges are not.
        Some(cost) => gauge!("aideator_model_cost_usd_total").increment(cost),
        None => counter!("aideator_variations_unpriced_total").increment(1),
    }
}

/// A run has ended.
pub fn run_ended(run: &Run, finished_ms: i64) {
    counter!("aideator_runs_ended_total", "status" => run.status.as_str()).increment(1);
    let lasted = u64::try_from(finished_ms - run.created_ms).unwrap_or(0);
    histogram!("aideator_run_duration_seconds").record(Duration::from_millis(lasted));
}

/// The steps of a variation that was asked for at `created_ms` and is settled now.
pub fn stages(created_ms: i64, timings: &Timings) {
    for (stage, at) in [
        ("applied", timings.applied_ms),
        ("scheduled", timings.scheduled_ms),
        ("pulled", timings.pulled_ms),
        ("started", timings.started_ms),
        ("first_line", timings.first_line_ms),
        ("first_sent", timings.first_sent_ms),
        ("ended", timings.ended_ms),
        ("settled", timings.settled_ms),
    ] {
        // Kubernetes' own times are in whole seconds, so a step may seem to come before the request.
        let after = at.map(|at| u64::try_from(at - created_ms).unwrap_or(0));
        if let Some(ms) = after {
            histogram!("aideator_variation_stage_seconds", "stage" => stage)
                .record(Duration::from_millis(ms));
        }
    }
}

/// An attempt to deliver to a webhook has ended.
pub fn webhook_attempted(outcome: &'static str) {
    counter!("aideator_webhook_deliveries_total", "outcome" => outcome).increment(1);
}

/// A request was answered. `route` is one of our table, with its parameters by name.
pub fn answered(method: &str, route: &str, status: u16, duration: Duration) {
    const METHODS: [&str; 5] = ["GET", "HEAD", "POST", "DELETE", "OPTIONS"];
    // Clients may send any word.
    let known = METHODS.into_iter().find(|known| *known == method);
    let (method, route) = (known.unwrap_or("other"), route.to_owned());
    counter!(
        "aideator_http_requests_total",
        "method" => method, "route" => route.clone(), "status" => status.to_string()
    )
    .increment(1);
    histogram!("aideator_http_request_duration_seconds", "method" => method, "route" => route)
        .record(duration);
}

/// What the database and the disk hold now.
pub fn holdings(
    runs: &[(RunStatus, i64)],
    variations: &[(VariationStatus, i64)],
    free_bytes: Option<u64>,
) {
    for status in RunStatus::ALL {
        let count = runs.iter().find(|(at, _)| *at == status);
        let count = count.map_or(0, |(_, count)| *count);
        gauge!("aideator_runs", "status" => status.as_str()).set(as_f64(count));
    }
    for status in VariationStatus::ALL {
        let count = variations.iter().find(|(at, _)| *at == status);
        let count = count.map_or(0, |(_, count)| *count);
        gauge!("aideator_variations", "status" => status.as_str()).set(as_f64(count));
    }
    if let Some(free) = free_bytes {
        gauge!("aideator_storage_free_bytes").set(as_f64(i64::try_from(free).unwrap_or(i64::MAX)));
    }
}

/// Gauges are floating-point numbers; beyond 2^53 a count may be off by one.
#[expect(clippy::cast_precision_loss, reason = "nobody counts so far")]
fn as_f64(count: i64) -> f64 {
    count as f64
}
