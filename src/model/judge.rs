//! A run's judge: an agent that compares what the variations made. Advice, nothing more.

use aideator_agent::protocol::{Judgement as Place, Verdict};
use serde::{Deserialize, Serialize};

use super::{Run, Variation, VariationKey};

/// The index of a judge's attempts, where variations have `0…4`.
pub const JUDGE: u8 = u8::MAX;

/// The latest attempt at judging a run.
#[derive(Debug, Clone)]
pub struct Judge {
    /// Its Job, log, status and cost, like a variation's.
    pub attempt: Variation,
    /// What it compares.
    pub candidates: Vec<Candidate>,
    /// Absent until it has ended, and where it said nothing that can be used.
    pub judgement: Option<Judgement>,
}

/// The attempt of a variation that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Candidate {
    pub variation_id: u8,
    pub attempt: u32,
}

/// What a judge said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    pub verdict: Verdict,
    /// Best first.
    pub ranking: Vec<Place>,
}

impl Judgement {
    /// Whether nothing ranks above what fails fewer gates.
    pub fn heeds_gates(&self) -> bool {
        let failed = |place: &Place| place.gates.iter().filter(|gate| !gate.ok).count();
        let all = &self.ranking;
        all.iter().all(|a| {
            all.iter()
                .all(|b| a.rank >= b.rank || failed(a) <= failed(b))
        })
    }
}

impl Judge {
    /// Whether a variation was tried again since.
    pub fn is_stale(&self, run: &Run) -> bool {
        self.candidates.iter().any(|candidate| {
            let current = run.variations.get(usize::from(candidate.variation_id));
            current.is_none_or(|current| current.key.attempt != candidate.attempt)
        })
    }
}

impl From<VariationKey> for Candidate {
    fn from(key: VariationKey) -> Self {
        Self {
            variation_id: key.index,
            attempt: key.attempt,
        }
    }
}

#[cfg(test)]
mod tests {
    use aideator_agent::protocol::{Gate, VerdictKind};

    use super::*;

    #[test]
    fn nothing_may_rank_above_what_fails_fewer_gates() {
        let place = |rank, ok| Place {
            rank,
            gates: vec![Gate {
                ok,
                ..Gate::default()
            }],
            ..Place::default()
        };
        let judgement = |ranking| Judgement {
            verdict: Verdict {
                verdict: VerdictKind::Preferred,
                preferred: vec![0],
                flip_rate: None,
                pairs: 1,
                model: String::new(),
                message: String::new(),
            },
            ranking,
        };
        assert!(judgement(vec![place(1, true), place(2, false)]).heeds_gates());
        assert!(judgement(vec![place(1, true), place(1, false)]).heeds_gates());
        assert!(!judgement(vec![place(2, true), place(1, false)]).heeds_gates());
    }
}
