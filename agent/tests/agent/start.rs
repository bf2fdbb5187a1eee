//! A run that starts from the result of an earlier one.

use aideator_agent::protocol::Outcome;
use serde_json::json;

use crate::{calls, container::Container, edit, provider::Response};

const EARLIER: &str =
    "diff --git a/a.txt b/a.txt\n--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n-one\n+eins\n two\n";

#[test]
fn the_work_starts_from_it_and_the_patch_is_whole() {
    let config = json!({"v": 1, "start": {"patch": EARLIER}});
    let look = (
        "run",
        json!({"command": "git status --short; git log --format=%s; cat a.txt"}),
    );
    let answers = vec![calls(&[look, edit()]), Response::text("done")];
    let container = Container::new(&config, answers);
    let ran = container.run();
    assert!(ran.success, "{}", ran.raw);
    let seen = &ran.results()[0];
    assert!(
        seen.contains("The result of an earlier run") && seen.contains("eins\ntwo"),
        "{seen}"
    );
    assert!(!seen.contains("M a.txt"), "it is committed: {seen}");
    let patch = ran.patch().unwrap();
    assert_eq!(container.applied(&patch, "a.txt"), "eins\nzwei");
}

#[test]
fn one_that_does_not_apply_ends_the_run_before_the_model_is_asked() {
    let other = EARLIER.replace("one", "three");
    let config = json!({"v": 1, "start": {"patch": other}});
    let container = Container::new(&config, Vec::new());
    let ran = container.run();
    assert_eq!(ran.finished(), (Outcome::Failed, Some("start_failed")));
    assert!(
        ran.raw.contains("a.txt: patch does not apply"),
        "{}",
        ran.raw
    );
    assert!(container.provider.requests().is_empty() && ran.patch().is_none());
}
