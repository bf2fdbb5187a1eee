//! The time, as milliseconds since the Unix epoch (UTC): what the database stores and tests can set.

#![expect(
    clippy::disallowed_methods,
    reason = "this module is the only one that knows the time"
)]

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

const LONGEST_SLEEP: Duration = Duration::from_mins(10);

/// Where the time comes from: the system, or a test.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// Set by tests; the system's clock otherwise.
    fixed: Option<watch::Sender<i64>>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands at `ms` until it is advanced.
    pub fn fixed(ms: i64) -> Self {
        Self {
            fixed: Some(watch::Sender::new(ms)),
        }
    }

    /// Moves a fixed clock; the system's cannot be moved.
    pub fn advance_ms(&self, ms: i64) {
        if let Some(fixed) = &self.fixed {
            fixed.send_modify(|now| *now += ms);
        }
    }

    /// Milliseconds since the Unix epoch.
    pub fn now_ms(&self) -> i64 {
        self.fixed
            .as_ref()
            .map_or_else(now_ms, |fixed| *fixed.borrow())
    }

    /// Waits until it is so late.
    pub async fn reaches(&self, ms: i64) {
        if let Some(fixed) = &self.fixed {
            // Its sender is here, so it does not end.
            let _ = fixed.subscribe().wait_for(|now| *now >= ms).await;
            return;
        }
        while let Ok(left @ 1..) = u64::try_from(ms.saturating_sub(now_ms())) {
            // Not in one: somebody may set the system's clock meanwhile.
            tokio::time::sleep(Duration::from_millis(left).min(LONGEST_SLEEP)).await;
        }
    }
}

/// The system's time in milliseconds since the Unix epoch.
pub fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

/// RFC 3339 in UTC with milliseconds, e.g. `2026-01-02T03:04:05.678Z`.
///
/// A time outside of jiff's range (years −9999…9999) can only be a corrupt row; it is shown as its nearest bound.
pub fn rfc3339(ms: i64) -> String {
    let bound = if ms < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    let time = Timestamp::from_millisecond(ms).unwrap_or(bound);
    format!("{time:.3}")
}

/// The time that an RFC 3339 text says; none if it says none.
pub fn from_rfc3339(text: &str) -> Option<i64> {
    let time: Timestamp = text.parse().ok()?;
    Some(time.as_millisecond())
}

/// The day of a time in UTC, e.g. `2026-01-02`.
pub fn date(ms: i64) -> String {
    let time = rfc3339(ms);
    time.split_once('T')
        .map_or_else(String::new, |(date, _)| date.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_has_milliseconds_and_z() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(1_767_323_045_678), "2026-01-02T03:04:05.678Z");
    }
}
