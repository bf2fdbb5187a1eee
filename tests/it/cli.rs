//! The command line: the real program against a real server, in a pipe.

mod failures;
mod team;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::support::{Cli, Run, TestApp, start_git_host_at};

const PROMPT: &str = "Say hello in the README";

/// A patch of the file that [`clone`] has.
const PATCH: &str =
    "diff --git a/README b/README\n--- a/README\n+++ b/README\n@@ -1 +1,2 @@\n hello\n+world\n";

#[expect(clippy::disallowed_methods, reason = "a person's git")]
fn git(dir: &Path, arguments: &[&str]) -> String {
    let author = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
    let mut command = std::process::Command::new("git");
    let done = command
        .args(author)
        .args(arguments)
        .current_dir(dir)
        .output();
    let done = done.unwrap();
    assert!(done.status.success(), "git {arguments:?}: {done:?}");
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

/// A repository with one commit, in a directory of its own below; and the commit.
fn repository(dir: &Path) -> String {
    std::fs::create_dir(dir).unwrap();
    git(dir, &["init", "-q", "."]);
    std::fs::write(dir.join("README"), "hello\n").unwrap();
    git(dir, &["add", "."]);
    git(dir, &["commit", "-q", "-m", "one"]);
    git(dir, &["rev-parse", "HEAD"])
}

/// A server; a person who is signed in and stands in a repository that the server has, too.
async fn at_work() -> (TestApp, Cli) {
    let mut test = TestApp::spawn().await;
    let mut cli = Cli::of(&test.user("a@example.com").await).await;
    cli.dir = cli.home().join("clone");
    test.repo = start_git_host_at(&repository(&cli.dir)).await;
    (test, cli)
}

/// Waits for the run that a command has started, and lets its agents have results.
async fn finish(test: &TestApp, cli: &Cli) -> String {
    let run = newest(test, cli).await;
    let id = run["run_id"].as_str().unwrap().to_owned();
    let variations = run["variations"].as_array().unwrap();
    let jobs = variations
        .iter()
        .map(|it| it["job_name"].as_str().unwrap().to_owned());
    let run = Run {
        user: test
            .anonymous()
            .with_header("x-api-key", cli.key.as_ref().unwrap()),
        id: id.clone(),
        jobs: jobs.collect(),
    };
    for job in &run.jobs {
        test.cluster.has_job(job).await;
    }
    test.print_results(&run, [PATCH, PATCH]);
    id
}

async fn newest(test: &TestApp, cli: &Cli) -> Value {
    // The Job's name is the run's.
    let made = test.cluster.called(1, |call| call.verb() == "apply").await;
    assert!(made.has("--server-side"));
    let list = cli
        .run(&["runs", "--json", "--per-page", "1"])
        .await
        .expect(0);
    let list: Value = serde_json::from_str(&list.stdout).unwrap();
    list["items"][0].clone()
}

#[tokio::test]
async fn a_run_is_started_watched_picked_and_applied() {
    let (test, cli) = at_work().await;
    let running = cli.start(&[
        "run",
        "--repo",
        &test.repo,
        PROMPT,
        "--check",
        "make test",
        "--wait",
    ]);
    let id = finish(&test, &cli).await;
    let ran = running.end().await.expect(0);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    for expected in [
        "1| check `make test`: passed",
        "2| check `make test`: FAILED (exit code 1)",
        "run completed",
        "status      completed",
        "1           succeeded, openai/gpt-4o-mini, patch of 1 file +1 -1, checks 1/1 passed, 2 log lines",
    ] {
        assert!(lines.contains(&expected), "{expected}\n{}", ran.stdout);
    }
    let started = format!("{id}: {}/stream?run={id}\n", cli.url.as_ref().unwrap());
    assert!(ran.stderr.starts_with(&started), "{}", ran.stderr);

    let listed = cli.run(&["runs"]).await.expect(0).stdout;
    assert!(
        listed.starts_with(&id) && listed.contains("completed  2/3 ok"),
        "{listed}"
    );
    let shown = cli.run(&["show", "latest"]).await.expect(0).stdout;
    assert!(
        shown.contains(&format!("prompt      {PROMPT}\n")),
        "{shown}"
    );
    let printed = cli.run(&["patch", "latest", "1"]).await.expect(0);
    assert_eq!(printed.stdout, PATCH);
    let between = cli.run(&["patch", "latest", "2", "--from", "1"]).await;
    assert_eq!(between.expect(0).stdout, "");
    let raw = cli.run(&["logs", "latest", "1", "--format", "raw"]).await;
    assert!(raw.expect(0).stdout.starts_with(r#"{"v":1,"seq":1,"#));
    let verified = cli.run(&["verify", "latest"]).await.expect(0).stdout;
    assert_eq!(
        verified.matches("| identical, complete: ").count(),
        3,
        "{verified}"
    );

    bundle_is_saved(&cli).await;
    let picked = cli
        .run(&["pick", "latest", "1", "--apply", "--note", "small"])
        .await;
    let picked = picked.expect(0);
    assert!(picked.stdout.starts_with(&format!(
        "variation 1 of {id} is picked\nits patch is applied in "
    )));
    assert_eq!(
        std::fs::read_to_string(cli.dir.join("README")).unwrap(),
        "hello\nworld\n"
    );
    assert_eq!(
        git(&cli.dir, &["status", "--porcelain"]),
        "M README",
        "nothing is committed"
    );
    let shown = cli.run(&["show", &id, "--json"]).await.expect(0).stdout;
    let shown: Value = serde_json::from_str(&shown).unwrap();
    round_two_follows(&cli, &id).await;
    assert_eq!(shown["selection"]["note"], "small");
    assert_eq!(
        (&shown["winning_variation_id"], &shown["ref"]),
        (&json!(0), &json!(null))
    );
}

/// It would look like a whole one, and be in the way of the next.
#[tokio::test]
async fn half_a_bundle_is_not_kept() {
    let run = json!({"run_id": "run-1", "status": "completed", "github_url": "", "base_sha": "", "prompt": "",
        "created_at": "", "variations": []});
    let run = run.to_string();
    let whole = format!(
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{run}",
        run.len()
    );
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut cli = Cli::new(&format!("http://{}", listener.local_addr().unwrap()));
    cli.key = Some("of that server".to_owned());
    let server = async {
        for answer in [whole, half] {
            let (mut client, _) = listener.accept().await.unwrap();
            let size = client.read(&mut [0; 4096]).await.unwrap();
            assert!(size > 0);
            client.write_all(answer.as_bytes()).await.unwrap();
        }
    };
    let ((), ran) = tokio::join!(server, cli.run(&["bundle", "run-1"]));
    let ran = ran.expect(5);
    assert!(
        ran.stderr.contains("the bundle broke off"),
        "{}",
        ran.stderr
    );
    let left: Vec<_> = cli
        .dir
        .read_dir()
        .unwrap()
        .map(|it| it.unwrap().file_name())
        .collect();
    assert!(
        !left
            .iter()
            .any(|name| name.to_string_lossy().ends_with(".tar")),
        "{left:?}"
    );
}

async fn bundle_is_saved(cli: &Cli) {
    let saved = cli
        .run(&["bundle", "latest", "-o", "run.tar"])
        .await
        .expect(0);
    assert!(saved.stdout.starts_with("run.tar; look at it with: "));
    assert!(std::fs::metadata(cli.dir.join("run.tar")).unwrap().len() > 10_000);
    cli.run(&["bundle", "latest", "-o", "run.tar"])
        .await
        .expect(8);
    std::fs::remove_file(cli.dir.join("run.tar")).unwrap();
}

async fn round_two_follows(cli: &Cli, id: &str) {
    let next = cli
        .run(&["run", "--from", "latest/1", "Now add a test, too"])
        .await
        .expect(0);
    let next = cli.run(&["show", next.stdout.trim()]).await.expect(0);
    let from = format!("starts from {id} / 1\n");
    assert!(next.stdout.contains(&from), "{}", next.stdout);
    let first = cli.run(&["show", id]).await.expect(0).stdout;
    assert!(first.contains("followed by run-"), "{first}");
}

#[tokio::test]
async fn a_run_of_which_nothing_succeeds_ends_with_1() {
    let (test, cli) = at_work().await;
    let running = cli.start(&["run", "--repo", &test.repo, PROMPT, "-n", "1", "--wait"]);
    let run = newest(&test, &cli).await;
    let job = run["variations"][0]["job_name"].as_str().unwrap();
    test.cluster.has_job(job).await;
    test.cluster.run_pod(job);
    test.cluster
        .print(job, b"\x1b]0;title\x07\x1b[31mred \xe2\x80\xaereversed");
    test.cluster.end_pod(job, 3, "Error", "");
    let ran = running.end().await.expect(1);
    assert!(
        ran.stdout.contains("1| red \u{fffd}reversed\n"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("run failed\n"), "{}", ran.stdout);
    assert!(!ran.stdout.contains(['\u{1b}', '\u{7}', '\u{202e}']));
}

#[tokio::test]
async fn a_server_that_is_restarted_costs_no_event_and_is_told() {
    let (test, cli) = at_work().await;
    let mut running = cli.start(&[
        "run", "--repo", &test.repo, PROMPT, "-n", "1", "--wait", "--json",
    ]);
    let run = newest(&test, &cli).await;
    let job = run["variations"][0]["job_name"].as_str().unwrap();
    test.cluster.has_job(job).await;
    test.cluster.run_pod(job);
    test.cluster.print(job, b"before");
    let mut lines = running.says("before").await;
    let stopped = test.stop().await;
    stopped.cluster.print(job, b"between");
    let test = stopped.start_again().await;
    test.cluster.print(job, b"after");
    test.cluster.complete_pod(job);
    let ran = running.end().await.expect(0);
    lines.extend(ran.stdout.lines().map(str::to_owned));
    let whole: Vec<Value> = lines
        .iter()
        .map(|it| serde_json::from_str(it).unwrap())
        .collect();
    let said: Vec<&Value> = whole
        .iter()
        .map(|it| &it["data"]["content"])
        .filter(|it| !it.is_null())
        .collect();
    assert_eq!(said, ["before", "between", "after"]);
    assert_eq!(whole.last().unwrap()["event"], "run_complete");
    for told in [
        "-- the stream broke (",
        "-- it is back, and goes on where it was",
    ] {
        assert!(ran.stderr.contains(told), "{}", ran.stderr);
    }

    // Whoever comes later is told the same.
    let again = cli
        .run(&["logs", "latest", "--follow", "--json"])
        .await
        .expect(0);
    let again = again
        .stdout
        .lines()
        .map(|it| serde_json::from_str::<Value>(it).unwrap());
    let content = |it: &Value| it["data"]["content"].as_str().map(str::to_owned);
    let again: Vec<String> = again.filter_map(|it| content(&it)).collect();
    assert_eq!(again, ["before", "between", "after"]);
}

#[tokio::test]
async fn ctrl_c_leaves_the_run_alone_and_says_so() {
    let (test, cli) = at_work().await;
    let mut running = cli.start(&["run", "--repo", &test.repo, PROMPT, "-n", "1", "--wait"]);
    let run = newest(&test, &cli).await;
    let (id, job) = (
        run["run_id"].as_str().unwrap(),
        run["variations"][0]["job_name"].as_str().unwrap(),
    );
    test.cluster.has_job(job).await;
    test.cluster.run_pod(job);
    test.cluster.print(job, b"working");
    running.says("1| working").await;
    running.interrupt().await;
    let ran = running.end().await.expect(130);
    assert!(
        ran.stderr.contains("the run goes on: aideator logs"),
        "{}",
        ran.stderr
    );
    let shown = cli.run(&["show", id]).await.expect(0);
    assert!(
        shown.stdout.contains("status      running"),
        "{}",
        shown.stdout
    );
    cli.run(&["cancel", id, "1"]).await.expect(0);
    test.cluster
        .called(1, |call| call.line().contains("activeDeadlineSeconds"))
        .await;
}

#[tokio::test]
async fn a_login_is_stored_for_its_owner_only() {
    let test = TestApp::spawn().await;
    let user = test.user("a@example.com").await;
    let mut cli = Cli::new(user.url());
    let login = ["login", "--email", "a@example.com"];
    let said = cli.feed(&login, "TestPass123\n").await.expect(0).stdout;
    assert!(
        said.starts_with(&format!("signed in to {} as a@example.com", user.url())),
        "{said}"
    );
    let file = cli.home().join(".config/aideator/login.json");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(
        !said.contains("aid_sk_") && !std::fs::read_to_string(&file).unwrap().contains("TestPass")
    );

    // The address is stored, too; and another server does not get the key.
    cli.url = None;
    cli.run(&["runs"]).await.expect(0);
    cli.url = Some("http://127.0.0.1:9".to_owned());
    cli.run(&["runs"]).await.expect(3);
    cli.url = None;
    // Never another server than the one of the last login, which would get the password.
    cli.feed(&["login"], "a@example.com\nTestPass123\n")
        .await
        .expect(0);
    cli.feed(&["login", user.url()], "a@example.com\nTestPass123\n")
        .await
        .expect(0);
    let keys = user.get("/api/v1/auth/api-keys").await.expect(200).json();
    assert_eq!(
        keys.as_array().unwrap().len(),
        1,
        "the earlier one is revoked"
    );
}

#[tokio::test]
async fn completions_and_requests_of_ones_own() {
    let (test, cli) = at_work().await;
    for shell in ["bash", "zsh", "fish"] {
        let script = cli.run(&["completion", shell]).await.expect(0).stdout;
        assert!(script.contains("cancel-others"), "{shell}");
    }
    let request = test.run_request(3).to_string();
    let made = cli
        .feed(&["run", "--request", "-", "--json"], &request)
        .await
        .expect(0);
    let made: Value = serde_json::from_str(&made.stdout).unwrap();
    assert_eq!(made["variations"].as_array().unwrap().len(), 3);
    let id = made["run_id"].as_str().unwrap();
    finish(&test, &cli).await;
    let followed = cli.run(&["logs", id, "1", "--follow"]).await.expect(0);
    assert!(
        followed.stdout.contains("1| check `make test`: passed"),
        "{}",
        followed.stdout
    );
}
