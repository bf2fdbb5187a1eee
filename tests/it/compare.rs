//! The difference of two variations, proved by git: applied to the one tree it gives the other.

#![expect(
    clippy::disallowed_methods,
    reason = "git is the judge here, and what is outside of the server is not its task"
)]

mod change;

use std::path::Path;
use std::process::{Command, Stdio};

use aideator::compare::between;
use tempfile::TempDir;

use self::change::{Random, base_files, change_some};
use crate::support::TestApp;

/// A repository without anybody's configuration.
struct Repository(TempDir);

impl Repository {
    fn new() -> Self {
        let repository = Self(tempfile::tempdir().unwrap());
        repository.git(&["init", "-q"], b"");
        std::fs::write(repository.path().join(".git/info/attributes"), "* -text\n").unwrap();
        repository
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Runs git, which must succeed; what it prints.
    fn git(&self, args: &[&str], input: &[u8]) -> Vec<u8> {
        self.try_git(args, input)
            .unwrap_or_else(|error| panic!("git {args:?}: {error}"))
    }

    fn try_git(&self, args: &[&str], input: &[u8]) -> Result<Vec<u8>, String> {
        use std::io::Write as _;
        let mut git = Command::new("git")
            .current_dir(self.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("HOME", self.path())
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        git.stdin.take().unwrap().write_all(input).unwrap();
        let output = git.wait_with_output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        output
            .status
            .success()
            .then_some(output.stdout)
            .ok_or(error)
    }

    /// The tree of the files as they are.
    fn tree(&self) -> String {
        self.git(&["add", "-A", "."], b"");
        let tree = String::from_utf8(self.git(&["write-tree"], b"")).unwrap();
        tree.trim().to_owned()
    }

    fn checkout(&self, tree: &str) {
        self.git(&["read-tree", "-u", "--reset", tree], b"");
    }

    /// A patch as the agent makes it.
    fn diff(&self, base: &str, tree: &str) -> Vec<u8> {
        let flags = [
            "-p",
            "--binary",
            "-U3",
            "-r",
            "-M",
            "--full-index",
            "--no-color",
        ];
        let args = [&["diff-tree"], &flags[..], &[base, tree]].concat();
        self.git(&args, b"")
    }
}

/// Applies what lies between two trees. Whether it could: of binary files it may only be said that
/// they differ.
#[track_caller]
fn leads(repository: &Repository, (a, from): (&str, &[u8]), (b, to): (&str, &[u8])) -> bool {
    let patch = between(from, to).unwrap_or_else(|error| panic!("{a} {b}: {error}"));
    if patch
        .split(|byte| *byte == b'\n')
        .any(|line| line.starts_with(b"Binary files "))
    {
        return false;
    }
    repository.checkout(a);
    if patch.is_empty() {
        assert_eq!(a, b);
        return true;
    }
    let told = repository.try_git(&["apply", "--index", "--whitespace=nowarn", "-"], &patch);
    let shown = String::from_utf8_lossy(&patch).into_owned();
    let case = || {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        format!("FROM\n{}\nTO\n{}\nBETWEEN\n{shown}", text(from), text(to))
    };
    told.unwrap_or_else(|error| panic!("git apply: {error}\n{}", case()));
    let tree = String::from_utf8(repository.git(&["write-tree"], b"")).unwrap();
    assert_eq!(tree.trim(), b, "{}", case());
    true
}

/// Many random pairs of changes of a random base.
#[test]
fn what_lies_between_two_trees_leads_from_one_to_the_other() {
    let rounds = std::env::var("COMPARE_ROUNDS").map_or(25, |rounds| rounds.parse().unwrap());
    let first: u64 = std::env::var("COMPARE_SEED").map_or(1, |seed| seed.parse().unwrap());
    let (mut applied, mut differ) = (0, 0);
    for seed in first..first + rounds {
        let repository = Repository::new();
        let mut random = Random::new(seed);
        base_files(repository.path(), &mut random);
        let base = repository.tree();
        let mut side = || loop {
            repository.checkout(&base);
            change_some(repository.path(), &mut random);
            let tree = repository.tree();
            let patch = repository.diff(&base, &tree);
            // There are patches of git's that it does not take itself; the agent prints none.
            repository.checkout(&base);
            let args = ["apply", "--index", "--whitespace=nowarn", "-"];
            if patch.is_empty() || repository.try_git(&args, &patch).is_ok() {
                break (tree, patch);
            }
        };
        let sides = [side(), side(), (base.clone(), Vec::new())];
        for (a, from) in &sides {
            for (b, to) in &sides {
                if leads(&repository, (a, from), (b, to)) {
                    applied += 1;
                } else {
                    differ += 1;
                }
            }
        }
    }
    assert!(differ * 10 < applied, "{differ} of {applied} only differ");
}

fn trees(repository: &Repository, files: [&[(&str, &str)]; 3]) -> [String; 3] {
    files.map(|files| {
        repository.git(&["read-tree", "--empty"], b"");
        for entry in std::fs::read_dir(repository.path()).unwrap() {
            let entry = entry.unwrap();
            if entry.file_name() != ".git" {
                std::fs::remove_file(entry.path()).unwrap();
            }
        }
        for (name, text) in files {
            std::fs::write(repository.path().join(name), text).unwrap();
        }
        repository.tree()
    })
}

/// Lines that are alike are where a difference is easily put in the wrong place.
#[test]
fn equal_lines_at_the_ends_do_not_confuse_git() {
    let repository = Repository::new();
    let lines = "a\n".repeat(30);
    let more = format!("a\n{lines}");
    let [base, from, to] = trees(
        &repository,
        [
            &[("f", &lines)],
            &[("f", &lines), ("g", "")],
            &[("f", &more)],
        ],
    );
    let (from_patch, to_patch) = (repository.diff(&base, &from), repository.diff(&base, &to));
    assert!(leads(&repository, (&from, &from_patch), (&to, &to_patch)));
    assert!(leads(&repository, (&to, &to_patch), (&from, &from_patch)));
}

/// A change that both made is no difference, though the file differs elsewhere.
#[test]
fn what_both_did_is_not_shown() {
    let repository = Repository::new();
    let numbers = |skip: &[usize]| -> String {
        let kept = (1..=40).filter(|n| !skip.contains(n));
        kept.fold(String::new(), |text, n| text + &n.to_string() + "\n")
    };
    let texts = [numbers(&[]), numbers(&[5, 20]), numbers(&[5, 21])];
    let [base, from, to] = trees(
        &repository,
        [
            &[("f", &texts[0])],
            &[("f", &texts[1])],
            &[("f", &texts[2])],
        ],
    );
    let (from, to) = (repository.diff(&base, &from), repository.diff(&base, &to));
    let patch = String::from_utf8(between(&from, &to).unwrap()).unwrap();
    let hunks: Vec<&str> = patch
        .lines()
        .filter(|line| line.starts_with("@@"))
        .collect();
    assert_eq!(hunks, ["@@ -16,7 +16,7 @@"], "{patch}");
    assert!(patch.contains("\n-21\n+20\n"), "{patch}");
}

#[test]
fn patches_of_different_commits_are_refused() {
    let patch = |old: &str, new: &str| {
        format!("diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-{old}\n+{new}\n")
    };
    let error = between(patch("x", "a").as_bytes(), patch("y", "b").as_bytes()).unwrap_err();
    assert!(
        error.to_string().contains("different lines of f"),
        "{error}"
    );
    for broken in [
        "nonsense\n",
        "diff --git a/f b/f\n@@ -1 +1 @@\n-x\n",
        "diff --git a/f b/f\n@@ -1 +9223372036854775807 @@\n-x\n",
        "diff --git a/f b/f\n@@ -0,1 +1 @@\n-x\n+y\n",
        "diff --git a/f b/f\n@@ -18446744073709551615,1 +1 @@\n-x\n+y\n",
        "diff --git a/f b/f\nBinary files a/f and b/f differ\n",
        "diff --git \"a/\\9\" \"b/\\9\"\nold mode 100644\n",
        "diff --git a/f b/f\nGIT binary patch\nliteral 5\nzcmZ\n",
        "diff --git a/f b/f\ncopy from f\n",
    ] {
        let told = between(broken.as_bytes(), b"").map(|_| ());
        assert!(told.is_err(), "{broken}");
    }
}

#[tokio::test]
async fn the_difference_of_two_variations_is_to_be_had() {
    let test = TestApp::spawn().await;
    let patch = |new: &str| {
        format!("diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n one\n-two\n+{new}\n")
    };
    let run = test.printed([&patch("2"), &patch("zwei")]).await;
    let get = async |rest: &str| run.user.get(&run.path(rest)).await;
    let reply = get("/variations/1/patch?from=0").await.expect(200);
    assert_eq!(reply.header("content-type"), "text/x-diff");
    assert!(reply.body.contains("\n-2\n+zwei\n"), "{}", reply.body);
    let same = get("/variations/1/patch?from=1").await.expect(200);
    assert_eq!(same.body, "");
    let none = get("/variations/1/patch?from=2").await;
    none.expect_problem(404, "no_patch");
    let none = get("/variations/1/patch?from=3").await;
    none.expect_problem(404, "not_found");
    let wrong = get("/variations/1/patch?from=x").await;
    wrong.expect_problem(422, "validation_failed");
}
