//! A run's result as a branch: pushed by a Job that is an attempt of its own, as a judge is.

use serde::{Deserialize, Serialize};

use super::{JUDGE, Run, Uses, Variation, VariationKey};

/// The index of the attempts that publish, where variations have `0…4`.
pub const PUBLISHER: u8 = JUDGE - 1;

/// Whether an index is that of a variation, and not of what comes after them.
pub fn is_variation(index: u8) -> bool {
    index < PUBLISHER
}

/// What was pushed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    pub branch: String,
    pub commit: String,
    /// Of the pull request.
    pub url: Option<String>,
}

impl Run {
    /// Which credentials of its owner's one of its attempts needs: a judge clones nothing, and who
    /// publishes asks no model.
    pub fn uses_of(&self, key: VariationKey) -> Uses {
        match key.index {
            JUDGE => Uses {
                git: false,
                ..self.uses
            },
            PUBLISHER => Uses {
                git: true,
                provider: false,
            },
            _ => self.uses,
        }
    }

    /// The last attempt at a variation, at judging or at publishing.
    pub fn agent(&self, index: u8) -> Option<&Variation> {
        self.current().find(|it| it.key.index == index)
    }
}
