//! Ranks from gates and answers.

use aideator_agent::config::CandidateCheck;

use super::*;

fn candidate(variation_id: u32, patch: &str, exit_code: i32) -> Candidate {
    Candidate {
        variation_id,
        patch: patch.to_owned(),
        checks: vec![CandidateCheck {
            command: "test".to_owned(),
            exit_code: Some(exit_code),
            ..CandidateCheck::default()
        }],
        ..Candidate::default()
    }
}

/// Ranks by variation, and the verdict, when `wins(first, second)` says whether the first wins.
fn ranks(
    candidates: &[Candidate],
    wins: impl Fn(u32, u32) -> Option<bool>,
) -> (Vec<(u32, u32)>, Verdict) {
    let mut ranking = Ranking::new(candidates);
    for (one, other) in ranking.pairs() {
        for (first, second) in [(one, other), (other, one)] {
            let id = |group| ranking.candidate(group).variation_id;
            let winner = wins(id(first), id(second)).map(
                |first_wins| {
                    if first_wins { first } else { second }
                },
            );
            ranking.add(Answer {
                first,
                second,
                winner,
                reasons: vec!["r".to_owned()],
                risks: Vec::new(),
            });
        }
    }
    let (judgements, verdict) = ranking.result("m", true);
    let mut ranks: Vec<_> = judgements
        .iter()
        .map(|j| (j.variation_id, j.rank))
        .collect();
    ranks.sort_unstable();
    (ranks, verdict)
}

#[test]
fn the_better_one_wins_but_never_over_a_gate() {
    let candidates = [
        candidate(0, "a", 0),
        candidate(1, "b", 0),
        candidate(2, "c", 1),
    ];
    // The model likes 2 best; it is never asked about it.
    let (found, verdict) = ranks(&candidates, |first, second| Some(first > second));
    assert_eq!(found, [(0, 2), (1, 1), (2, 3)]);
    assert_eq!(verdict.verdict, VerdictKind::Preferred);
    assert_eq!((verdict.preferred, verdict.pairs), (vec![1], 1));
    assert_eq!(verdict.flip_rate, Some(0.0));
    let (_, verdict) = ranks(&[candidate(0, "a", 0), candidate(1, "b", 1)], |_, _| None);
    assert_eq!((verdict.verdict, verdict.pairs), (VerdictKind::Gates, 0));
}

#[test]
fn a_model_that_likes_what_comes_first_prefers_nothing() {
    let candidates: Vec<_> = (0..5).map(|id| candidate(id, &id.to_string(), 0)).collect();
    let (found, verdict) = ranks(&candidates, |_, _| Some(true));
    assert!(found.iter().all(|(_, rank)| *rank == 1), "{found:?}");
    assert_eq!(verdict.verdict, VerdictKind::Unreliable);
    assert_eq!((verdict.flip_rate, verdict.pairs), (Some(1.0), 10));
    let (_, verdict) = ranks(&candidates, |_, _| None);
    assert_eq!(verdict.verdict, VerdictKind::Tie);
    assert_eq!(verdict.preferred.len(), 5);
}

#[test]
fn equal_results_are_one() {
    let mut candidates = [
        candidate(0, "a", 0),
        candidate(1, "b", 0),
        candidate(2, "A", 0),
    ];
    candidates[0].tree = Some("t".to_owned());
    candidates[2].tree = Some("t".to_owned());
    let (found, verdict) = ranks(&candidates, |first, second| Some(first < second));
    assert_eq!(found, [(0, 1), (1, 3), (2, 1)]);
    assert_eq!(
        (verdict.verdict, verdict.preferred),
        (VerdictKind::Tie, vec![0, 2])
    );
    assert_eq!(verdict.pairs, 1);
}
