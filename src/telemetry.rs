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
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter(&config.level)?)
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

/// Security events (`audit`) are told whatever the level is, unless it names them.
fn filter(level: &str) -> anyhow::Result<EnvFilter> {
    let filter = format!("audit=info,{level}").parse();
    filter.context("invalid log filter")
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::auth::audit::{Entry, Event};

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn security_events_are_in_the_log_whatever_its_level() {
        for (level, told) in [
            ("error", true),
            ("aideator=debug", true),
            ("audit=off,info", false),
        ] {
            let written = Written::default();
            let writer = written.clone();
            let log = tracing_subscriber::fmt()
                .with_env_filter(filter(level).unwrap())
                .with_writer(move || writer.clone())
                .json()
                .flatten_event(true)
                .finish();
            let entry = Entry::of_operator(Event::LoginFailed, 0).on("key_1");
            tracing::subscriber::with_default(log, || entry.with("role", "user").log());
            let line = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
            assert_eq!(!line.is_empty(), told, "{level}: {line}");
            if told {
                let line: serde_json::Value = serde_json::from_str(&line).unwrap();
                assert_eq!(line["target"], "audit");
                assert_eq!(line["audit.event"], "login_failed");
                assert_eq!(line["audit.subject"], "key_1");
                assert_eq!(line["audit.detail"], "{\"role\": \"user\"}");
            }
        }
    }
}
