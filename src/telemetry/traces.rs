//! Traces for an OpenTelemetry collector, over HTTP (<https://opentelemetry.io/docs/specs/otlp/>).
//!
//! A trace is sent when what it tells of is over, made from what is stored: a server that died in
//! between leaves no half of one. Ids follow from names, so that whoever has a run's id has its
//! trace's, and sending one again changes nothing.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use opentelemetry::trace::{
    SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanExporter as _, SpanLinks};
use sha2::{Digest as _, Sha256};

use crate::config;

/// How long a collector has for an answer; a lost trace is logged and no more.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The way to the collector.
#[derive(Debug)]
pub struct Traces(opentelemetry_otlp::SpanExporter);

/// Something that took time.
#[derive(Debug)]
pub struct Span {
    /// Says what it is within its trace, and to its children what their parent is.
    pub id: String,
    /// The `id` of what it is a part of.
    pub parent: Option<String>,
    /// One of few: what differs each time is an attribute.
    pub name: Cow<'static, str>,
    /// Milliseconds since the Unix epoch.
    pub start_ms: i64,
    pub end_ms: i64,
    pub attributes: Vec<(&'static str, String)>,
    /// Why it failed, where it did.
    pub error: Option<String>,
}

impl Traces {
    /// `None` where no collector is configured. Nothing is sent yet.
    pub fn new(config: &config::Traces, instance: &str) -> anyhow::Result<Option<Self>> {
        let Some(endpoint) = &config.endpoint else {
            return Ok(None);
        };
        let headers = config.headers.iter();
        let headers = headers.map(|(name, value)| (name.clone(), value.expose().to_owned()));
        let address = format!("{}/v1/traces", endpoint.as_str().trim_end_matches('/'));
        let mut exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_endpoint(address)
            .with_timeout(TIMEOUT)
            .with_headers(headers.collect())
            .build()
            .context("failed to prepare the way to OTEL_EXPORTER_OTLP_ENDPOINT")?;
        let resource = Resource::builder_empty()
            .with_service_name("aideator")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .with_attribute(KeyValue::new("service.instance.id", instance.to_owned()))
            .build();
        exporter.set_resource(&resource);
        Ok(Some(Self(exporter)))
    }

    /// Sends spans of one trace.
    pub async fn send(&self, trace: u128, spans: Vec<Span>) -> anyhow::Result<()> {
        let trace = TraceId::from(trace);
        let spans = spans.into_iter().map(|span| span.into_data(trace));
        self.0
            .export(spans.collect())
            .await
            .context("failed to send a trace to OTEL_EXPORTER_OTLP_ENDPOINT")
    }
}

impl Span {
    fn into_data(self, trace: TraceId) -> SpanData {
        let id = |name: &str| {
            let hash = Sha256::digest(name.as_bytes());
            SpanId::from_bytes(std::array::from_fn(|at| hash[at]))
        };
        let attribute = |(key, value): (&'static str, String)| KeyValue::new(key, value);
        SpanData {
            span_context: SpanContext::new(
                trace,
                id(&self.id),
                TraceFlags::SAMPLED,
                false,
                TraceState::NONE,
            ),
            parent_span_id: self.parent.as_deref().map_or(SpanId::INVALID, id),
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name: self.name,
            start_time: time(self.start_ms),
            // Kubernetes' times are in whole seconds: a step may seem to end before it began.
            end_time: time(self.end_ms.max(self.start_ms)),
            attributes: self.attributes.into_iter().map(attribute).collect(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: self.error.map_or(Status::Ok, Status::error),
            instrumentation_scope: InstrumentationScope::builder("aideator").build(),
        }
    }
}

fn time(ms: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}
