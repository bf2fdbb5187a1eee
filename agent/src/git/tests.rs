//! Checkout and snapshot against the git a user has.

use std::{fs, os::unix::fs::symlink, path::Path, process::Command};

use tempfile::TempDir;

use super::{Checkout, Snapshot, SnapshotError};
use crate::input::{Repository, Revision};

/// A repository of many kinds of files, and a workspace to clone it into.
struct World {
    directory: TempDir,
}

/// Runs a script; its output.
fn sh(directory: &Path, script: &str) -> String {
    let output = Command::new("/bin/bash")
        .args(["-euc", script])
        .current_dir(directory)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{script}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

const ORIGIN: &str = r"
git init -q origin; cd origin
seq 1 200 > unix.txt; seq 1 50 | sed 's/$/\r/' > dos.txt
printf 'h\0i\0\n\0' > utf16.txt; printf '\x00\x01\xff\xfe' > binary.bin
printf 'no newline' > last.txt; printf 'caf\xe9\n' > latin1.txt
printf 'a\n' > 'with	tab.txt'; printf 'a\n' > 'ünïcode 😀.txt'
printf '#!/bin/sh\n' > script.sh; mkdir -p dir/deep; printf 'x\n' > dir/deep/file
seq 1000 1100 > moved.txt; printf 'gone\n' > deleted.txt; ln -s unix.txt link
printf '*.log\n' > .gitignore; printf '* text=auto eol=crlf\n*.txt filter=evil diff=evil\n' > .gitattributes
git -c core.autocrlf=false add -A
git -c user.name=t -c user.email=t@t commit -qm base
";

impl World {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        sh(directory.path(), ORIGIN);
        fs::create_dir(directory.path().join("workspace")).unwrap();
        Self { directory }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    async fn checkout(&self) -> Checkout {
        let repository = Repository {
            url: format!("file://{}/origin", self.path().display()),
            revision: Revision::Commit(sh(&self.path().join("origin"), "git rev-parse HEAD")),
            credential: None,
        };
        Checkout::new(&self.path().join("workspace"), &repository)
            .await
            .unwrap()
    }

    /// The tree that a user gets who applies the patch to a fresh clone.
    fn applied(&self, patch: &[u8]) -> String {
        fs::write(self.path().join("patch"), patch).unwrap();
        sh(
            self.path(),
            "rm -rf clone; git clone -q origin clone; cd clone
             git apply --cached --whitespace=nowarn ../patch; git write-tree",
        )
    }
}

#[tokio::test]
async fn case_1_a_patch_gives_a_fresh_clone_the_same_tree_whatever_changed() {
    let world = World::new();
    let checkout = world.checkout().await;
    let at = |name: &str| checkout.directory.join(name);
    assert_eq!(
        fs::read(at("utf16.txt")).unwrap(),
        b"h\0i\0\n\0",
        "raw bytes"
    );
    assert!(Snapshot::new(&checkout).await.unwrap().patch.is_empty());
    sh(
        &checkout.directory,
        r#"
        sed -i 's/^100$/hundred/' unix.txt; sed -i 's/^25/xxv/' dos.txt
        printf 'h\0o\0\n\0' > utf16.txt; printf '\x00\x02\xff' > binary.bin
        printf 'still none' > last.txt; printf 'th\xe9\n' > latin1.txt
        printf 'b\n' > 'with	tab.txt'; printf 'b\n' > 'ünïcode 😀.txt'
        chmod +x script.sh; rm -r dir; printf 'file now\n' > dir
        mv moved.txt 'moved "quoted" \ to.txt'; rm deleted.txt
        rm link; ln -s ../../etc/passwd link
        printf 'trailing  \n\n\n' > new.txt; : > empty; printf 'x\n' > ignored.log
        mkdir sub; printf 'y\n' > sub/new.py; mkdir sub/__pycache__; : > sub/__pycache__/x.pyc
        mkfifo pipe; mkdir nested; cd nested; git init -q; printf 'n\n' > inside
        "#,
    );
    symlink("loop", at("loop")).unwrap();
    let snapshot = Snapshot::new(&checkout).await.unwrap();
    let tree = snapshot.summary.tree.clone().unwrap();
    assert_eq!(world.applied(&snapshot.patch), tree);
    let names = sh(
        &world.path().join("clone"),
        "git ls-tree -r --name-only -z HEAD | wc -c; git ls-tree -r --name-only $(git write-tree)",
    );
    for there in ["nested/inside", "sub/new.py", "empty", "loop"] {
        assert!(names.contains(there), "{there} in {names}");
    }
    for not in ["ignored.log", "pyc", "pipe", "deleted.txt"] {
        assert!(!names.contains(not), "{not} in {names}");
    }
    assert_eq!(snapshot.summary.files, 19, "a moved file is one");
    assert!(snapshot.notes[0].contains("nested"), "{:?}", snapshot.notes);
}

#[tokio::test]
async fn case_2_nothing_planted_in_the_checkout_runs_or_hides_the_change() {
    let world = World::new();
    let checkout = world.checkout().await;
    let marker = world.path().join("marker");
    let evil = world.path().join("evil.sh");
    fs::write(
        &evil,
        format!("#!/bin/sh\ntouch {}\ncat\n", marker.display()),
    )
    .unwrap();
    sh(
        &checkout.directory,
        &format!(
            r"
            chmod +x {evil}; printf '*\n' > .git/order; mkdir -p .git/hooks
            for hook in post-index-change pre-commit post-checkout; do ln -s {evil} .git/hooks/$hook; done
            git config core.fsmonitor {evil}; git config core.hooksPath .git/hooks
            git config filter.evil.clean {evil}; git config filter.evil.required true
            git config diff.evil.textconv {evil}; git config diff.evil.command {evil}
            git config diff.external {evil}; git config diff.orderFile .git/order
            git config diff.noprefix true; git config core.autocrlf true
            git config core.worktree /nowhere; git config core.excludesFile .git/all
            printf '*\n' > .git/all; printf '*\n' > .git/info/exclude
            printf '* -diff filter=evil\n' > .git/info/attributes
            unset GIT_DIR; git --work-tree=. update-index --assume-unchanged unix.txt || true
            rm -rf .git/index .git/objects; printf 'ref: refs/heads/nowhere\n' > .git/HEAD
            printf 'changed\n' >> unix.txt; printf 'new\n' > new.txt
            rm -f {marker}
            ",
            evil = evil.display(),
            marker = marker.display(),
        ),
    );
    let snapshot = Snapshot::new(&checkout).await.unwrap();
    assert!(!marker.exists(), "something planted was run");
    assert_eq!(
        world.applied(&snapshot.patch),
        snapshot.summary.tree.unwrap()
    );
    let patch = String::from_utf8(snapshot.patch).unwrap();
    assert!(
        patch.starts_with("diff --git a/new.txt b/new.txt\n"),
        "{patch}"
    );
    assert!(patch.contains("+changed\n") && patch.contains("diff --git a/unix.txt"));
    assert_eq!(snapshot.summary.files, 2, "{patch}");
}

#[tokio::test]
async fn a_changed_base_is_an_error_not_a_patch() {
    let world = World::new();
    let checkout = world.checkout().await;
    sh(&checkout.private, "chmod u+w *.pack; printf x >> *.pack");
    let snapshot = Snapshot::new(&checkout).await;
    assert!(matches!(snapshot, Err(SnapshotError::Tampered(_))));
}

#[tokio::test]
async fn only_a_plain_address_is_cloned_and_only_the_commit_that_was_asked_for() {
    let world = World::new();
    for (url, revision) in [
        ("ext::sh -c touch% marker", "HEAD"),
        ("ssh://host/repo", "HEAD"),
        ("https://user:password@host/repo", "HEAD"),
        ("file:///nowhere/at/all", "HEAD"),
    ] {
        let repository = Repository {
            url: url.to_owned(),
            revision: Revision::Name(revision.to_owned()),
            credential: None,
        };
        let workspace = tempfile::tempdir().unwrap();
        let error = Checkout::new(workspace.path(), &repository)
            .await
            .err()
            .unwrap();
        assert!(!error.to_string().contains("password"), "{error}");
    }
    let repository = Repository {
        url: format!("file://{}/origin", world.path().display()),
        revision: Revision::Commit("0".repeat(40)),
        credential: None,
    };
    let workspace = world.path().join("workspace");
    assert!(Checkout::new(&workspace, &repository).await.is_err());
}
