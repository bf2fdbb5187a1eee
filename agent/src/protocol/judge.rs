//! The lines of a judge; `agent/JUDGE.md` shows them.

use serde::{Deserialize, Serialize};

/// One answer of the model about two results.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Comparison {
    /// Variation that was shown as A.
    pub first: u32,
    /// Variation that was shown as B.
    pub second: u32,
    /// One of both; `None` for a tie.
    pub winner: Option<u32>,
    /// Why, in the model's words.
    #[serde(default)]
    pub reasons: Vec<String>,
    /// What speaks against the winner.
    #[serde(default)]
    pub risks: Vec<String>,
}

/// What a judge says of one result.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Judgement {
    /// Which result.
    pub variation_id: u32,
    /// From 1; equal ranks are ties.
    pub rank: u32,
    /// Points among `pairs`: a win is one, a tie half. Absent where the model was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Pairs in which it was compared.
    pub pairs: u32,
    /// What was looked at by code. They come first: nothing ranks above what fails fewer.
    pub gates: Vec<Gate>,
    /// The variation whose equal it is; the rest is that one's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_as: Option<u32>,
    /// What the model said for it.
    #[serde(default)]
    pub reasons: Vec<String>,
    /// What the model said against it.
    #[serde(default)]
    pub risks: Vec<String>,
}

/// A gate, and whether the result passes it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Gate {
    /// `patch`, `applies`, `check` or `tests_kept`.
    pub gate: String,
    /// Whether it passes.
    pub ok: bool,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// What a judge says of all results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// How sure it is.
    pub verdict: VerdictKind,
    /// The variations that rank first.
    pub preferred: Vec<u32>,
    /// Share of pairs whose two answers do not agree; absent where no pair was compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flip_rate: Option<f64>,
    /// Pairs that were compared.
    pub pairs: u32,
    /// The model that judged.
    pub model: String,
    /// For people.
    pub message: String,
}

/// How sure a judge is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    /// One result ranks first.
    Preferred,
    /// Several rank first.
    Tie,
    /// The gates alone decided.
    Gates,
    /// The model contradicts itself; the gates alone rank.
    Unreliable,
    /// Not all pairs were compared.
    Incomplete,
    /// A verdict of a later version.
    #[serde(other)]
    Other,
}
