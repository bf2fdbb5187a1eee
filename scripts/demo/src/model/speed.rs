//! How fast the scripted model speaks.

use std::str::FromStr;
use std::time::Duration;

/// A factor on the speed of the scenarios; 1 is about as fast as a real model. Directives keep their own time.
#[derive(Clone, Copy, Debug)]
pub struct Speed(f64);

/// The factor is not one.
#[derive(Debug, thiserror::Error)]
#[error("a speed is a number from 0.1 to 10000, such as 2 for twice as fast")]
pub struct SpeedError;

impl Default for Speed {
    fn default() -> Self {
        Self(1.0)
    }
}

impl FromStr for Speed {
    type Err = SpeedError;

    fn from_str(text: &str) -> Result<Self, SpeedError> {
        let factor: f64 = text.parse().map_err(|_| SpeedError)?;
        if (0.1..=10_000.0).contains(&factor) {
            Ok(Self(factor))
        } else {
            Err(SpeedError)
        }
    }
}

impl Speed {
    /// The time between two tokens of a model that makes `tokens_per_second`.
    pub(crate) fn interval(self, tokens_per_second: f64) -> Duration {
        Duration::from_secs_f64(1.0 / (tokens_per_second * self.0))
    }

    /// `duration`, faster.
    pub(crate) fn scale(self, duration: Duration) -> Duration {
        duration.div_f64(self.0)
    }
}
