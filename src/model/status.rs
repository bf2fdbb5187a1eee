//! The states of runs and variations.

use std::fmt;
use std::str::FromStr;

/// A stored word that names no state: the row was written by something else.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a state")]
pub struct UnknownStatus(pub String);

macro_rules! words {
    ($type:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $type {
            /// The word used in the API and in the database.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl FromStr for $type {
            type Err = UnknownStatus;
            fn from_str(word: &str) -> Result<Self, UnknownStatus> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    other => Err(UnknownStatus(other.to_owned())),
                }
            }
        }
    };
}

/// The state of a whole run.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Accepted; no variation has started.
    Pending,
    /// At least one variation has started, and not all have ended.
    Running,
    /// All ended and at least one succeeded.
    Completed,
    /// All ended and none succeeded.
    Failed,
    /// All ended, none succeeded, and somebody asked for it.
    Cancelled,
}

words!(RunStatus {
    Pending = "pending",
    Running = "running",
    Completed = "completed",
    Failed = "failed",
    Cancelled = "cancelled",
});

impl RunStatus {
    /// All of them, in the order in which they come.
    pub const ALL: [Self; 5] = [
        Self::Pending,
        Self::Running,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
    ];

    /// Whether nothing more will happen.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// What the states of its variations make of a run.
    pub fn of(variations: &[VariationStatus]) -> Self {
        let any = |status| variations.contains(&status);
        if variations.iter().all(|v| v.is_terminal()) {
            if any(VariationStatus::Succeeded) {
                Self::Completed
            } else if any(VariationStatus::Cancelled) {
                Self::Cancelled
            } else {
                Self::Failed
            }
        } else if variations
            .iter()
            .all(|v| matches!(v, VariationStatus::Queued | VariationStatus::Starting))
        {
            Self::Pending
        } else {
            Self::Running
        }
    }
}

/// The state of one variation.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum VariationStatus {
    /// No pod has a node yet.
    Queued,
    /// A pod has a node, its container does not run yet.
    Starting,
    /// The container runs, or has ended and its log is being completed.
    Running,
    /// Exit code 0.
    Succeeded,
    /// The container, its pod or its Job failed.
    Failed,
    /// Somebody cancelled it, and its pod is gone.
    Cancelled,
    /// Its Job or pod vanished: how it ended cannot be known.
    Lost,
}

words!(VariationStatus {
    Queued = "queued",
    Starting = "starting",
    Running = "running",
    Succeeded = "succeeded",
    Failed = "failed",
    Cancelled = "cancelled",
    Lost = "lost",
});

impl VariationStatus {
    /// All of them, in the order in which they come.
    pub const ALL: [Self; 7] = [
        Self::Queued,
        Self::Starting,
        Self::Running,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
        Self::Lost,
    ];

    /// Whether nothing more will happen in this attempt.
    pub fn is_terminal(self) -> bool {
        matches!(
            self,
            Self::Succeeded | Self::Failed | Self::Cancelled | Self::Lost
        )
    }
}

#[cfg(test)]
mod tests {
    use super::RunStatus as R;
    use super::VariationStatus as V;

    #[test]
    fn a_run_is_what_its_variations_are() {
        let cases: [(&[V], R); 8] = [
            (&[V::Queued, V::Starting], R::Pending),
            (&[V::Queued, V::Running], R::Running),
            (&[V::Queued, V::Succeeded], R::Running),
            (&[V::Succeeded, V::Failed], R::Completed),
            (&[V::Succeeded, V::Cancelled], R::Completed),
            (&[V::Failed, V::Lost], R::Failed),
            (&[V::Failed, V::Cancelled], R::Cancelled),
            (&[V::Cancelled, V::Running], R::Running),
        ];
        for (variations, run) in cases {
            assert_eq!(R::of(variations), run, "{variations:?}");
        }
    }
}
