//! What can be said of a result without a model.

use aideator_agent::{config::Candidate, protocol::Gate};

/// The gates of a candidate, in the order of their weight.
pub(super) fn gates(candidate: &Candidate) -> Vec<Gate> {
    let gate = |gate: &str, ok: bool, detail: Option<String>| Gate {
        gate: gate.to_owned(),
        ok,
        detail,
    };
    let changed = !candidate.patch.trim().is_empty();
    let nothing = (!changed).then(|| "nothing was changed".to_owned());
    let mut gates = vec![
        gate("patch", changed, nothing),
        gate("applies", candidate.applies != Some(false), None),
    ];
    for check in &candidate.checks {
        let how = match check.exit_code {
            Some(code) => format!("exit code {code}"),
            None => "killed".to_owned(),
        };
        let shown = check.command.chars().filter(|c| !c.is_control()).take(200);
        let command: String = shown.collect();
        let before = match check.base_exit_code {
            Some(0) => " (it passes at the base)",
            Some(_) => " (it fails at the base)",
            None => "",
        };
        let detail = format!("{command}: {how}{before}");
        gates.push(gate("check", check.exit_code == Some(0), Some(detail)));
    }
    let deleted = deleted_tests(&candidate.patch);
    let detail = (!deleted.is_empty()).then(|| format!("deleted: {}", deleted.join(", ")));
    gates.push(gate("tests_kept", deleted.is_empty(), detail));
    gates
}

/// Files that look like tests and are deleted, at most five.
fn deleted_tests(patch: &str) -> Vec<String> {
    let mut deleted = Vec::new();
    let mut file = "";
    for line in patch.lines() {
        if let Some(names) = line.strip_prefix("diff --git a/") {
            file = names.split_once(" b/").map_or(names, |(name, _)| name);
        } else if line.starts_with("deleted file mode ") && is_test(file) && deleted.len() < 5 {
            deleted.push(file.chars().filter(|c| !c.is_control()).take(100).collect());
        }
    }
    deleted
}

/// By the names that test frameworks look for.
fn is_test(path: &str) -> bool {
    let path = path.to_lowercase();
    let mut parts = path.rsplit('/');
    let name = parts.next().unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default();
    parts.any(|part| matches!(part, "test" | "tests" | "spec" | "specs" | "__tests__"))
        || stem.starts_with("test_")
        || stem.ends_with("_test")
        || stem.ends_with("_spec")
        || name.contains(".test.")
        || name.contains(".spec.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deleted_test_is_seen_and_a_moved_one_is_none() {
        let patch = "diff --git a/src/a_test.go b/src/a_test.go\ndeleted file mode 100644\n\
            diff --git a/contest.py b/contest.py\ndeleted file mode 100644\n\
            diff --git a/tests/x.py b/tests/y.py\nsimilarity index 100%\nrename from tests/x.py\n";
        assert_eq!(deleted_tests(patch), ["src/a_test.go"]);
        for (path, yes) in [
            ("tests/x.py", true),
            ("web/a.spec.ts", true),
            ("test_a.py", true),
            ("latest.py", false),
            ("contest/a.py", false),
        ] {
            assert_eq!(is_test(path), yes, "{path}");
        }
    }
}
