//! Names: of runs, of variations, and of the Jobs that carry them.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use super::{JUDGE, PUBLISHER};

/// A run's id, shown as `run-` and 32 lower-case hex digits.
///
/// It is a UUIDv7, so ids sort by creation time, and it is a valid Kubernetes label value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(Uuid);

/// The text is not `run-` followed by 32 lower-case hex digits.
#[derive(Debug, thiserror::Error)]
#[error("a run id looks like run-0198a7c41e5b7d2084c1f0a9b6d3e755")]
pub struct BadRunId;

impl RunId {
    /// A new id for a run that starts now.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }

    /// Its 128 bits: what the hex digits say.
    pub fn as_u128(self) -> u128 {
        self.0.as_u128()
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "run-{}", self.0.simple())
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for RunId {
    type Err = BadRunId;

    fn from_str(text: &str) -> Result<Self, BadRunId> {
        let hex = text.strip_prefix("run-").ok_or(BadRunId)?;
        let canonical = hex.len() == 32
            && hex
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if !canonical {
            return Err(BadRunId);
        }
        Uuid::try_parse(hex).map(Self).map_err(|_| BadRunId)
    }
}

impl serde::Serialize for RunId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One attempt at one variation: what one Job does and what one log file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VariationKey {
    pub run: RunId,
    /// `0…N-1`, which people see as `1…N`; or [`JUDGE`] or [`PUBLISHER`].
    pub index: u8,
    /// 0 for the first try, then one more for each retry.
    pub attempt: u32,
}

impl VariationKey {
    /// The Job's name; see [`job_name`].
    pub fn job_name(&self) -> String {
        job_name(self.run, self.index, self.attempt)
    }
}

/// `agent-{run_id}-{i}`, with `-r{n}` appended for the n-th retry; `judge` and `publish` stand for the
/// indexes of those.
///
/// The name is fixed by what it is for, so applying again after a crash changes nothing.
pub fn job_name(run: RunId, index: u8, attempt: u32) -> String {
    let what = match index {
        JUDGE => "judge".to_owned(),
        PUBLISHER => "publish".to_owned(),
        index => index.to_string(),
    };
    match attempt {
        0 => format!("agent-{run}-{what}"),
        n => format!("agent-{run}-{what}-r{n}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text_form_and_sorts_by_time() {
        let first = RunId::generate();
        let second = RunId::generate();
        assert_eq!(first.to_string().parse::<RunId>().unwrap(), first);
        assert!(first.to_string() < second.to_string());
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in [
            "",
            "run-",
            "run-0198A7C41E5B7D2084C1F0A9B6D3E755",
            "run-0198a7c4-1e5b-7d20-84c1-f0a9b6d3e755",
            "0198a7c41e5b7d2084c1f0a9b6d3e755",
            "run-0198a7c41e5b7d2084c1f0a9b6d3e755/../x",
        ] {
            assert!(text.parse::<RunId>().is_err(), "{text}");
        }
    }

    #[test]
    fn job_names_fit_a_label() {
        let name = job_name(RunId::generate(), 4, 12);
        assert!(name.len() <= 63, "{name}");
        assert!(name.ends_with("-4-r12"));
        let name = job_name(RunId::generate(), JUDGE, 12);
        assert!(name.len() <= 63 && name.ends_with("-judge-r12"), "{name}");
    }
}
