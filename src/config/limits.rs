//! How much of the server each user may have, and all of them together.

use super::env::Env;
use crate::model::Places;

/// Limits on what users do. `None` means that there is none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Variations that run at a time; others wait for their turn.
    pub places: Places,
    /// Runs that a user may start on one day (UTC).
    pub runs_per_day: Option<u32>,
    /// What a user may spend on one day (UTC), US dollars, as far as costs are known.
    pub cost_per_day_usd: Option<f64>,
    /// Event streams that a user may have open at a time.
    pub streams: Option<u32>,
    /// Event streams that those with one share link may have open at a time, all together.
    pub streams_of_share: Option<u32>,
}

impl Limits {
    pub(super) fn from_env(env: &mut Env<'_>) -> Self {
        env.section("Limits of users");
        let cost_per_day_usd: f64 = env.read(
            "MAX_COST_PER_USER_PER_DAY_USD",
            "0",
            "What a user may spend on one day (UTC), in US dollars; what runs then is cancelled, and its work kept\n(0: no limit). A cost that is not known is not counted: give each model a price with MODELS.",
        );
        if !(cost_per_day_usd >= 0.0 && cost_per_day_usd.is_finite()) {
            env.problem("MAX_COST_PER_USER_PER_DAY_USD", "must be 0 or more");
        }
        let mut read = |name, default, help| {
            let most: u32 = env.read(name, default, help);
            Some(most).filter(|most| *most > 0)
        };
        Self {
            places: Places {
                all: read(
                    "MAX_RUNNING_VARIATIONS",
                    "50",
                    "Variations that run at a time; others wait for their turn, fairly between users (0: no limit).\nEach costs the server about 15 MB of memory.",
                ),
                per_user: read(
                    "MAX_RUNNING_VARIATIONS_PER_USER",
                    "0",
                    "Variations of one user that run at a time, also where others leave places free (0: no limit).",
                ),
            },
            runs_per_day: read(
                "MAX_RUNS_PER_USER_PER_DAY",
                "0",
                "Runs that a user may start on one day, from midnight to midnight UTC (0: no limit).",
            ),
            cost_per_day_usd: Some(cost_per_day_usd).filter(|usd| *usd > 0.0),
            streams: read(
                "MAX_STREAMS_PER_USER",
                "200",
                "Event streams that a user may have open at a time (0: no limit).",
            ),
            streams_of_share: read(
                "MAX_STREAMS_PER_SHARE",
                "50",
                "Event streams that those who have a share link may have open at a time, all of them together; they do\nnot count to the user whose run it is (0: no limit).",
            ),
        }
    }
}
