//! The scenarios do what their comments and the README say, when their edits are really made.

use aideator_demo::samples::SAMPLES;

use crate::agent::{Outcome, clone, unittest, work};
use crate::world::{ask, demo, request, user};

const REPAIR: &str =
    "Make the failing tests pass: what is not a duration must be an error, and so must overflow.";
const SEARCH: &str = "Add a command `search TEXT` that shows the matching items.";

/// Names of the tests that fail, each once, whatever its subtests.
fn failing(printed: &str) -> Vec<&str> {
    let mut names: Vec<_> = printed
        .lines()
        .filter_map(|line| {
            line.strip_prefix("FAIL: ")
                .or_else(|| line.strip_prefix("ERROR: "))
        })
        .filter_map(|line| line.split(' ').next())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn assert_all_pass(outcome: &Outcome, tests: usize) {
    let (ok, printed) = outcome.unittest();
    assert!(
        ok && printed.contains(&format!("Ran {tests} tests")),
        "{printed}"
    );
}

const REFUSED: [&str; 5] = [
    "test_empty_text",
    "test_one_part_overflows",
    "test_text_between_the_parts",
    "test_the_sum_overflows",
    "test_units_out_of_order",
];

#[test]
fn the_samples_start_as_described() {
    let (ok, printed) = unittest(clone("parse-duration", "main").path());
    assert!(!ok);
    assert_eq!(failing(&printed), REFUSED);
    for (repository, reference) in [
        ("parse-duration", "v0-api"),
        ("todo-cli", "main"),
        ("todo-cli", "v0-api"),
    ] {
        let (ok, printed) = unittest(clone(repository, reference).path());
        assert!(ok, "{repository} {reference}: {printed}");
    }
}

#[tokio::test(start_paused = true)]
async fn variations_repair_parse_duration_differently() {
    let mut outcomes = Vec::new();
    for temperature in [0.3, 0.7, 0.9, 0.5, 0.1] {
        let outcome = work("parse-duration", "main", REPAIR, temperature).await;
        assert!(
            (8.0..=20.0).contains(&outcome.seconds),
            "{temperature}: {} s",
            outcome.seconds
        );
        outcomes.push(outcome);
    }
    let [well, partly, not_at_all, other_way, with_tests] = outcomes.try_into().ok().unwrap();

    assert_all_pass(&well, 11);
    assert_all_pass(&other_way, 11);
    assert_all_pass(&with_tests, 14);
    let (ok, printed) = partly.unittest();
    assert!(!ok);
    assert_eq!(failing(&printed), ["test_the_sum_overflows"]);
    let (ok, printed) = not_at_all.unittest();
    assert!(!ok);
    assert_eq!(failing(&printed), REFUSED);

    let mut patches: Vec<_> = [well, partly, not_at_all, other_way, with_tests]
        .iter()
        .map(Outcome::patch)
        .collect();
    assert!(patches.iter().all(|patch| patch.starts_with("diff --git")));
    patches.sort();
    patches.dedup();
    assert_eq!(patches.len(), 5, "two variations made the same change");
}

#[tokio::test(start_paused = true)]
async fn variations_add_the_search_command_differently() {
    let well = work("todo-cli", "main", SEARCH, 0.3).await;
    assert_all_pass(&well, 7);
    let quickly = work("todo-cli", "main", SEARCH, 0.7).await;
    assert_all_pass(&quickly, 6);
    let carelessly = work("todo-cli", "main", SEARCH, 0.9).await;
    let (ok, printed) = carelessly.unittest();
    assert!(!ok);
    assert_eq!(failing(&printed), ["test_the_file_stays_readable"]);
    for outcome in [well, quickly, carelessly] {
        assert!(
            (8.0..=20.0).contains(&outcome.seconds),
            "{} s",
            outcome.seconds
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_repository_without_a_scenario_is_described_in_a_file() {
    let outcome = work("parse-duration", "v0-api", "Please improve this.", 0.7).await;
    assert!(
        outcome.summary.contains("> # parse-duration"),
        "{}",
        outcome.summary
    );
    let patch = outcome.patch();
    assert!(
        patch.contains("+++ b/SCRIPTED.md") && patch.contains("+> # parse-duration"),
        "{patch}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_question_is_answered_without_a_change() {
    for sample in SAMPLES {
        let task = "Analyze this repository and describe what it does";
        let outcome = work(sample.name, "main", task, 0.3).await;
        assert!(
            outcome.summary.contains(&format!("> # {}", sample.name)),
            "{}",
            outcome.summary
        );
        assert_eq!(outcome.patch(), "");
    }
}

#[tokio::test(start_paused = true)]
async fn asked_back_the_model_stands_by_its_summary() {
    let mut outcome = work("parse-duration", "main", REPAIR, 0.7).await;
    outcome
        .conversation
        .push(user("A check fails. Is this really what you want?"));
    let answer = ask(&demo(None), &request(0.7, &outcome.conversation)).await;
    assert!(answer.calls.is_empty());
    assert_eq!(answer.text, outcome.summary);
}
