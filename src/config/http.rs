//! The HTTP listener and the log of the process.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::Serialize;
use url::Url;

use super::env::Env;

/// Where and how the server listens.
#[derive(Clone, Debug)]
pub struct Http {
    pub host: IpAddr,
    pub port: u16,
    /// Port of the metrics; 0: none.
    pub metrics_port: u16,
    /// Largest request body that is read, in bytes.
    pub max_body_bytes: usize,
    pub environment: Environment,
    /// Serves the web page from this directory instead of the one embedded in the binary.
    pub web_dir: Option<PathBuf>,
    /// How browsers reach the server; `https` makes the session cookie `Secure`.
    pub public_url: Option<Url>,
    /// A client that takes nothing of what is sent to it for so long is cut off. `None`: never.
    pub client_stall: Option<Duration>,
    /// Whether the last address in `X-Forwarded-For` is the client's (only behind a proxy that sets it).
    pub trust_forwarded_for: bool,
}

impl Http {
    pub(super) fn from_env(env: &mut Env<'_>) -> Self {
        env.section("HTTP");
        Self {
            host: env.read("HOST", "0.0.0.0", "Address to listen on."),
            port: env.read("PORT", "8000", "Port of the API and the web page."),
            metrics_port: env.read(
                "METRICS_PORT",
                "9090",
                "Port of /metrics for Prometheus, without credentials (0: off).",
            ),
            max_body_bytes: env.read_in(
                "MAX_BODY_BYTES",
                "262144",
                1024..=16 * 1024 * 1024,
                "Largest request body in bytes.",
            ),
            environment: env.read(
                "ENVIRONMENT",
                "development",
                "development, staging or production; shown by /api/v1/health.",
            ),
            web_dir: env.optional(
                "WEB_DIR",
                "Serve the web page from this directory instead of the embedded one (for development).",
            ),
            public_url: env.optional(
                "PUBLIC_URL",
                "How browsers reach this server, e.g. https://aideator.example.org; https makes cookies Secure.",
            ),
            client_stall: stall(env.read_in(
                "CLIENT_STALL_SECONDS",
                "120",
                0..=86400,
                "A client that takes nothing of what is sent to it for so many seconds is cut off (0: never); \
                 a stream goes on where it was when the client comes back.",
            )),
            trust_forwarded_for: env.flag(
                "TRUST_FORWARDED_FOR",
                "true only behind a proxy that sets X-Forwarded-For: rate limits then count its last address.",
            ),
        }
    }

    /// A listener on a free port of the loopback interface.
    pub fn for_tests() -> Self {
        Self {
            host: IpAddr::from([127, 0, 0, 1]),
            port: 0,
            metrics_port: 0,
            max_body_bytes: 256 * 1024,
            environment: Environment::Development,
            web_dir: None,
            public_url: None,
            client_stall: Some(Duration::from_mins(2)),
            trust_forwarded_for: false,
        }
    }
}

fn stall(seconds: u64) -> Option<Duration> {
    (seconds > 0).then(|| Duration::from_secs(seconds))
}

/// What the server is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    Development,
    Staging,
    Production,
}

impl FromStr for Environment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "development" => Ok(Self::Development),
            "staging" => Ok(Self::Staging),
            "production" => Ok(Self::Production),
            _ => Err("use development, staging or production"),
        }
    }
}

/// What the process logs and how.
#[derive(Clone, Debug)]
pub struct Logging {
    /// A `tracing` filter, such as `info` or `aideator=debug,info`.
    pub level: String,
    pub format: LogFormat,
}

impl Logging {
    pub(super) fn from_env(env: &mut Env<'_>) -> Self {
        env.section("Logs of the server");
        let debug = env.flag("DEBUG", "true is short for LOG_LEVEL=debug.");
        let level: Option<String> = env.optional(
            "LOG_LEVEL",
            "error, warn, info (default), debug or trace, or a filter such as aideator=debug,info.",
        );
        let fallback = if debug { "aideator=debug,info" } else { "info" };
        let level = level.map_or_else(|| fallback.to_owned(), |level| level.to_lowercase());
        if let Err(error) = level.parse::<tracing_subscriber::EnvFilter>() {
            env.problem("LOG_LEVEL", format_args!("is `{level}`: {error}"));
        }
        Self {
            level,
            format: env.read("LOG_FORMAT", "json", "json, or text for people."),
        }
    }

    /// Warnings as text.
    pub fn for_tests() -> Self {
        Self {
            level: "warn".to_owned(),
            format: LogFormat::Text,
        }
    }
}

/// The shape of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Json,
    Text,
}

impl FromStr for LogFormat {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "json" => Ok(Self::Json),
            "text" => Ok(Self::Text),
            _ => Err("use json or text"),
        }
    }
}
