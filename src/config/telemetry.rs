//! Where traces go.

use url::Url;

use super::Secret;
use super::env::{Env, entries};

/// An OpenTelemetry collector; the names of the variables are OpenTelemetry's own.
#[derive(Clone, Debug, Default)]
pub struct Traces {
    /// Its address, to which `/v1/traces` is added. `None`: no traces.
    pub endpoint: Option<Url>,
    /// Headers that it wants, such as a credential.
    pub headers: Vec<(String, Secret)>,
}

impl Traces {
    pub(super) fn from_env(env: &mut Env<'_>) -> Self {
        const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";
        env.section("Traces");
        let endpoint = env.optional(
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "An OpenTelemetry collector that takes OTLP over HTTP, e.g. http://otel-collector:4318; each run is a\ntrace, whose id is the run's.",
        );
        let text: Option<String> = env.optional(
            HEADERS,
            "Headers for it: name=value, several with commas; a secret.",
        );
        let mut headers = Vec::new();
        for pair in entries(text.as_deref().unwrap_or_default()) {
            match pair.split_once('=') {
                Some((name, value)) => {
                    headers.push((name.trim().to_owned(), Secret::new(value.trim())));
                }
                None => env.problem(HEADERS, "is not name=value,name=value"),
            }
        }
        Self { endpoint, headers }
    }
}
