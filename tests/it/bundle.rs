//! A run as a tar file, for somebody who has sha256sum and git and no server.

#![expect(clippy::disallowed_methods, reason = "real programs read the bundle")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::{Run, TestApp};

const FIRST: &str = "diff --git a/a.txt b/a.txt\nnew file mode 100644\n--- /dev/null\n+++ b/a.txt\n@@ -0,0 +1 @@\n+one\n";
const SECOND: &str = "diff --git a/b.txt b/b.txt\nnew file mode 100644\n--- /dev/null\n+++ b/b.txt\n@@ -0,0 +1 @@\n+two\n";

fn ran(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    output
}

fn sh(dir: &Path, line: &str) -> String {
    let output = ran(Command::new("sh").args(["-c", line]).current_dir(dir));
    String::from_utf8(output.stdout).unwrap()
}

/// The run's bundle, unpacked by tar into `dir`.
async fn unpacked(run: &Run, dir: &Path) -> std::path::PathBuf {
    let reply = run.user.get(&run.path("/bundle")).await.expect(200);
    assert_eq!(reply.header("content-type"), "application/x-tar");
    assert_eq!(reply.header("content-length"), reply.body.len().to_string());
    let file = dir.join("bundle.tar");
    std::fs::write(&file, &reply.body).unwrap();
    ran(Command::new("tar").arg("xf").arg(&file).arg("-C").arg(dir));
    dir.join(format!("aideator-{}", run.id))
}

/// Every command of its README that needs no server and no cluster is run as it stands there.
#[tokio::test]
async fn what_the_readme_of_a_bundle_says_holds() {
    let test = TestApp::spawn().await;
    let run = test.printed([FIRST, SECOND]).await;
    let dir = tempfile::tempdir().unwrap();
    let bundle = unpacked(&run, dir.path()).await;
    ran(Command::new("git")
        .args(["init", "-q"])
        .arg(bundle.join("work")));

    let readme = std::fs::read_to_string(bundle.join("README.txt")).unwrap();
    let commands = |part: &str| -> Vec<&str> {
        let lines = readme.lines().filter_map(|line| line.strip_prefix("  "));
        lines.filter(|line| line.contains(part)).collect()
    };
    let [check] = commands("sha256sum -c")[..] else {
        panic!("{readme}");
    };
    let checked = sh(&bundle, check);
    let files = sh(
        &bundle,
        "find . -type f -not -path './work/*' -not -name SHA256SUMS | wc -l",
    );
    assert_eq!(checked.lines().count().to_string(), files.trim());
    let applies = commands("git -C work apply");
    assert_eq!(applies.len(), 2);
    for line in applies {
        sh(&bundle, line);
    }
    assert_eq!(sh(&bundle, "cat work/a.txt work/b.txt"), "one\ntwo\n");
    let hashes = commands("LC_ALL=C sed");
    assert_eq!(hashes.len(), 3);
    for (i, line) in hashes.into_iter().enumerate() {
        let (line, expected) = line.split_once("  # ").unwrap();
        assert_eq!(sh(&bundle, line).split_whitespace().next(), Some(expected));
        assert_eq!(run.variation(i).await["sha256"], expected);
    }
    let log = std::fs::read_to_string(bundle.join("variations/0/timestamps.log")).unwrap();
    assert_eq!(log, run.stored(0).await);

    // One byte that was changed is found.
    sh(&bundle, "printf x >>variations/1/timestamps.log");
    assert!(
        !Command::new("sh")
            .args(["-c", check])
            .current_dir(&bundle)
            .output()
            .unwrap()
            .status
            .success()
    );
}

/// Its `request.json` makes the same run, with nothing left to defaults.
#[tokio::test]
async fn the_request_in_a_bundle_makes_the_same_run_again() {
    let test = TestApp::spawn().await;
    let run = test.printed([FIRST, SECOND]).await;
    let dir = tempfile::tempdir().unwrap();
    let bundle = unpacked(&run, dir.path()).await;
    let file = |name: &str| std::fs::read_to_string(bundle.join(name)).unwrap();
    let request: Value = serde_json::from_str(&file("request.json")).unwrap();
    let again = run
        .user
        .post("/api/v1/runs", &request)
        .await
        .expect(202)
        .json();
    let again = run
        .user
        .get(&format!(
            "/api/v1/runs/{}",
            again["run_id"].as_str().unwrap()
        ))
        .await
        .json();
    let before = run.show().await;
    for field in ["github_url", "base_sha", "prompt", "checks", "limits"] {
        assert_eq!(again[field], before[field], "{field}");
    }
    for field in [
        "model",
        "temperature",
        "instructions",
        "engine",
        "command",
        "image",
    ] {
        for i in 0..3 {
            let (now, then) = (
                &again["variations"][i][field],
                &before["variations"][i][field],
            );
            assert_eq!(now, then, "{field} of {i}");
        }
    }
    assert_eq!(file("prompt.txt"), before["prompt"].as_str().unwrap());
    let shown: Value = serde_json::from_str(&file("run.json")).unwrap();
    assert_eq!(shown, before);
    let told: Vec<Value> = file("events.ndjson")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(told.last().unwrap()["event"], "run_complete");
    // As applied: the Jobs, and the Secret without its values.
    let manifest = file("manifests/001-apply.yaml");
    assert!(
        manifest.contains(&run.jobs[2]) && !manifest.contains("U2F5IGhlbGxv"),
        "{manifest}"
    );
}
