//! A run's stream to its end, whatever breaks in between.
//!
//! Each event's id is a position. After a cut the stream is asked for what follows the last one, so
//! every event is told once; that it broke, and that nothing is missing, is said.

use std::time::Duration;

use eventsource_stream::Eventsource as _;
use futures::StreamExt as _;
use serde::Serialize;
use serde_json::value::RawValue;

use super::api::{Api, reason};
use super::exit::{Exit, Failure, Outcome};

/// The server is silent for 10 s at most.
const SILENCE: Duration = Duration::from_secs(35);
/// How long to wait before coming back: at first, at most. In between it doubles.
const PAUSE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(15));
/// Attempts in a row without an event, about three minutes.
const MOST_ATTEMPTS: u32 = 15;

/// One event of a stream. The server's heartbeats are not told.
#[derive(Debug, Serialize)]
pub(super) struct Event {
    /// The position after it.
    pub(super) id: String,
    /// `agent_output` and so on.
    #[serde(rename = "event")]
    pub(super) kind: String,
    /// A JSON object.
    pub(super) data: Box<RawValue>,
}

/// What happens on the way.
#[derive(Debug)]
pub(super) enum Told {
    Event(Event),
    /// The connection is gone; after the wait it is tried again.
    Broke {
        why: String,
        wait: Duration,
    },
    /// It goes on where it was.
    Back,
}

/// A stream that is being followed.
pub(super) struct Follow<'a> {
    api: &'a Api,
    path: String,
    /// What the last event of the stream is.
    last_kind: &'static str,
    position: Option<String>,
    /// Since the last event.
    attempts: u32,
    broken: bool,
    /// The last event was told.
    ended: bool,
}

impl<'a> Follow<'a> {
    /// The whole run, or one of its variations (from 0).
    pub(super) fn new(api: &'a Api, run: &str, only: Option<u8>) -> Self {
        let (query, last_kind) = match only {
            Some(index) => (format!("?variation={index}"), "agent_complete"),
            None => (String::new(), "run_complete"),
        };
        Self {
            api,
            path: format!("/runs/{run}/stream{query}"),
            last_kind,
            position: None,
            attempts: 0,
            broken: false,
            ended: false,
        }
    }

    /// Tells everything until the end.
    pub(super) async fn tell(mut self, mut tell: impl FnMut(Told) -> Outcome<()>) -> Outcome<()> {
        loop {
            let Some(why) = self.read(&mut tell).await? else {
                return Ok(());
            };
            self.attempts += 1;
            if self.attempts > MOST_ATTEMPTS {
                let message = format!(
                    "the stream broke and does not come back after {MOST_ATTEMPTS} attempts ({why})"
                );
                return Err(Failure::new(Exit::Unreachable, message));
            }
            self.broken = true;
            let wait = pause(self.attempts);
            tell(Told::Broke { why, wait })?;
            tokio::time::sleep(wait).await;
        }
    }

    /// Reads one connection to its end; why it ended, if the stream did not.
    async fn read(
        &mut self,
        tell: &mut impl FnMut(Told) -> Outcome<()>,
    ) -> Outcome<Option<String>> {
        let response = match self.api.open(&self.path, self.position.as_deref()).await {
            Ok(Some(response)) => response,
            Ok(None) => return Ok(None),
            Err(failure) if failure.is_passing() => return Ok(Some(failure.message().to_owned())),
            Err(failure) => return Err(failure),
        };
        if std::mem::take(&mut self.broken) {
            tell(Told::Back)?;
        }
        let mut events = response.bytes_stream().eventsource();
        loop {
            let Ok(next) = tokio::time::timeout(SILENCE, events.next()).await else {
                return Ok(Some(format!("nothing came for {} s", SILENCE.as_secs())));
            };
            let event = match next {
                // The server ends a stream after its last event, and when it is stopped.
                None if self.ended => return Ok(None),
                None => return Ok(Some("the server ended the connection".to_owned())),
                Some(Err(error)) => return Ok(Some(reason(&error))),
                Some(Ok(event)) => event,
            };
            self.attempts = 0;
            if event.event == "heartbeat" {
                continue;
            }
            let data = RawValue::from_string(event.data).map_err(|error| {
                let message = format!("the stream holds what is no JSON: {error}");
                Failure::new(Exit::Unreachable, message)
            })?;
            self.ended = event.event == self.last_kind;
            self.position = Some(event.id.clone());
            tell(Told::Event(Event {
                id: event.id,
                kind: event.event,
                data,
            }))?;
        }
    }
}

/// Longer from attempt to attempt, and by chance shorter: those that lost the same server do not come
/// back in step.
fn pause(attempt: u32) -> Duration {
    let most = PAUSE.0.saturating_mul(1 << attempt.min(10)).min(PAUSE.1);
    let chance = getrandom::u32().map_or(1.0, |n| f64::from(n) / f64::from(u32::MAX));
    most.mul_f64(0.5 + chance / 2.0)
}
