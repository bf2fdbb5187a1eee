//! From gates and answers to ranks.

use aideator_agent::{
    config::Candidate,
    protocol::{Gate, Judgement, Verdict, VerdictKind},
};

use super::gates::gates;

/// Share of flips above which the model's answers rank nothing.
const FLIPS: f64 = 0.3;

/// Most reasons of a judgement.
const REASONS: usize = 6;

/// An answer about two groups, by their numbers.
pub(super) struct Answer {
    pub(super) first: usize,
    pub(super) second: usize,
    pub(super) winner: Option<usize>,
    pub(super) reasons: Vec<String>,
    pub(super) risks: Vec<String>,
}

/// Candidates with the same result.
struct Group<'a> {
    members: Vec<&'a Candidate>,
    gates: Vec<Gate>,
    /// Gates that it fails.
    failed: usize,
}

/// Candidates, and what is known of them so far.
pub(super) struct Ranking<'a> {
    groups: Vec<Group<'a>>,
    answers: Vec<Answer>,
}

/// What the answers say of one group.
#[derive(Default, Clone)]
struct Points {
    /// Twice the points: a tie is half a point.
    halves: u32,
    pairs: u32,
}

impl<'a> Ranking<'a> {
    pub(super) fn new(candidates: &'a [Candidate]) -> Self {
        let mut groups: Vec<Group<'a>> = Vec::new();
        for candidate in candidates {
            let gates = gates(candidate);
            let failed = gates.iter().filter(|gate| !gate.ok).count();
            let same = |group: &&mut Group<'a>| {
                // Where checks are flaky, equal results may have passed different gates.
                group.failed == failed && is_same(group.members[0], candidate)
            };
            match groups.iter_mut().find(same) {
                Some(group) => group.members.push(candidate),
                None => groups.push(Group {
                    members: vec![candidate],
                    gates,
                    failed,
                }),
            }
        }
        Self {
            groups,
            answers: Vec::new(),
        }
    }

    /// The pairs that gates do not tell apart.
    pub(super) fn pairs(&self) -> Vec<(usize, usize)> {
        let count = self.groups.len();
        (0..count)
            .flat_map(|one| (one + 1..count).map(move |other| (one, other)))
            .filter(|(one, other)| self.groups[*one].failed == self.groups[*other].failed)
            .collect()
    }

    /// One of a group, for all of it.
    pub(super) fn candidate(&self, group: usize) -> &'a Candidate {
        self.groups[group].members[0]
    }

    /// Takes an answer.
    pub(super) fn add(&mut self, answer: Answer) {
        self.answers.push(answer);
    }

    /// The lines of the result. `complete`: all pairs were compared.
    pub(super) fn result(&self, model: &str, complete: bool) -> (Vec<Judgement>, Verdict) {
        let (points, pairs, flips) = self.points();
        let flip_rate = (pairs > 0).then(|| f64::from(flips) / f64::from(pairs));
        let unreliable = flip_rate.is_some_and(|rate| rate > FLIPS);
        let key = |group: usize| {
            let halves = if unreliable { 0 } else { points[group].halves };
            (self.groups[group].failed, std::cmp::Reverse(halves))
        };
        let mut order: Vec<usize> = (0..self.groups.len()).collect();
        order.sort_by_key(|group| key(*group));
        let mut judgements = Vec::new();
        for &group in &order {
            let better = order.iter().filter(|other| key(**other) < key(group));
            let above: usize = better.map(|other| self.groups[*other].members.len()).sum();
            self.judge(group, above + 1, &points[group], &mut judgements);
        }
        let first: Vec<usize> = order
            .iter()
            .copied()
            .filter(|group| key(*group) == key(order[0]))
            .collect();
        let preferred: Vec<u32> = first
            .iter()
            .flat_map(|group| self.groups[*group].members.iter().map(|c| c.variation_id))
            .collect();
        let kind = match (complete, unreliable, preferred.len()) {
            (false, ..) => VerdictKind::Incomplete,
            (_, true, _) => VerdictKind::Unreliable,
            (.., 1) if points[first[0]].pairs == 0 => VerdictKind::Gates,
            (.., 1) => VerdictKind::Preferred,
            _ => VerdictKind::Tie,
        };
        let verdict = Verdict {
            verdict: kind,
            message: self.message(kind, first[0], &preferred, &points[first[0]]),
            preferred,
            flip_rate,
            pairs,
            model: model.to_owned(),
        };
        (judgements, verdict)
    }

    /// Points of each group, pairs that were compared in both orders, and flips.
    fn points(&self) -> (Vec<Points>, u32, u32) {
        let mut points = vec![Points::default(); self.groups.len()];
        let (mut pairs, mut flips) = (0, 0);
        for (one, other) in self.pairs() {
            let answer = |first, second| {
                let this = |answer: &&Answer| answer.first == first && answer.second == second;
                self.answers.iter().find(this).map(|answer| answer.winner)
            };
            let (Some(forth), Some(back)) = (answer(one, other), answer(other, one)) else {
                continue;
            };
            pairs += 1;
            flips += u32::from(forth != back);
            for group in [one, other] {
                points[group].pairs += 1;
                points[group].halves += match forth.filter(|_| forth == back) {
                    Some(winner) if winner == group => 2,
                    Some(_) => 0,
                    None => 1,
                };
            }
        }
        (points, pairs, flips)
    }

    fn judge(&self, group: usize, rank: usize, points: &Points, into: &mut Vec<Judgement>) {
        let won = || self.answers.iter().filter(|a| a.winner == Some(group));
        let representative = self.candidate(group).variation_id;
        for candidate in &self.groups[group].members {
            into.push(Judgement {
                variation_id: candidate.variation_id,
                rank: u32::try_from(rank).unwrap_or(u32::MAX),
                score: (points.pairs > 0).then(|| f64::from(points.halves) / 2.0),
                pairs: points.pairs,
                gates: self.groups[group].gates.clone(),
                same_as: Some(representative).filter(|id| *id != candidate.variation_id),
                reasons: some_of(won().flat_map(|answer| &answer.reasons)),
                risks: some_of(won().flat_map(|answer| &answer.risks)),
            });
        }
    }

    fn message(&self, kind: VerdictKind, first: usize, ids: &[u32], points: &Points) -> String {
        let names: Vec<String> = ids.iter().map(|id| format!("#{}", id + 1)).collect();
        let names = names.join(", ");
        let failed = self.groups[first].failed;
        let gates = match (failed, self.groups.iter().all(|group| group.failed > 0)) {
            (0, _) => "passes all gates".to_owned(),
            (_, true) => {
                format!("fails {failed} of its gates, as every other fails at least as many")
            }
            _ => format!("fails {failed} of its gates"),
        };
        match kind {
            VerdictKind::Preferred => format!(
                "{names} is preferred: it {gates} and has {} of {} points in the comparisons.",
                f64::from(points.halves) / 2.0,
                points.pairs
            ),
            VerdictKind::Gates => format!("{names} ranks first by the gates alone: it {gates}."),
            VerdictKind::Tie => format!("{names} rank equal; each {gates}."),
            VerdictKind::Unreliable => format!(
                "There is no reliable preference: the model contradicts itself when the order is changed. By the gates alone, first: {names}."
            ),
            VerdictKind::Incomplete | VerdictKind::Other => {
                format!("Not all was compared; so far, first: {names}.")
            }
        }
    }
}

fn is_same(one: &Candidate, other: &Candidate) -> bool {
    match (&one.tree, &other.tree) {
        (Some(one), Some(other)) => one == other,
        _ => one.patch == other.patch,
    }
}

/// The first different ones.
fn some_of<'a>(texts: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut some: Vec<String> = Vec::new();
    for text in texts {
        if some.len() < REASONS && !some.contains(text) {
            some.push(text.clone());
        }
    }
    some
}

#[cfg(test)]
mod tests;
