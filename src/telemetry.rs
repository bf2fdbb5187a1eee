//! What the process says of itself. [`metrics`]: its counters; [`traces`]: a run's way, for a collector. Here: its log, one line per event on stderr, JSON or text.
//!
//! Stdout stays free for what subcommands print. Tokens, prompts and bodies are never logged.

pub mod metrics;
pub mod traces;

use std::io::IsTerminal as _;

use anyhow::Context as _;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{LogFormat, Logging};

/// Starts logging; also sends panics to the log.
pub fn init(config: &Logging) -> anyhow::Result<()> {
    let filter: EnvFilter = config.level.parse().context("invalid log filter")?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match config.format {
        LogFormat::Json => builder.json().flatten_event(true).finish().try_init(),
        LogFormat::Text => builder.finish().try_init(),
    }
    .context("failed to start logging")?;
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string);
        let payload = panic.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let message = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        tracing::error!(
            panic.location = location,
            panic.message = message,
            "a task panicked"
        );
    }));
    Ok(())
}
