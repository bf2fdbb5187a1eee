//! The git server, with git itself as its client over a real socket.

use std::path::Path;
use std::process::Stdio;

use tokio::net::TcpListener;
use tokio::process::Command;

use crate::world::{demo, repositories};

/// Commits of `main` and `v0-api`. They may change only when a sample's sources do.
const COMMITS: [(&str, &str, &str); 2] = [
    (
        "parse-duration",
        "a475fef614cae19ca8709bcc4bbd4a0ac7cd20db",
        "c43bcb0799ca1b7cc470f50e32833e3b4a91d382",
    ),
    (
        "todo-cli",
        "9e24d59cb7a3c8db49e2cebf0eff35bada564117",
        "c9b78d1a96146f5a725f879c8f9196a53d73b79a",
    ),
];

/// Serves the demo on a free port and returns the address of its repositories.
async fn serve() -> String {
    repositories();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, demo(None)).await });
    format!("http://{address}/git")
}

/// Runs git with nobody's configuration; gives its success, output and errors.
async fn git(directory: &Path, arguments: &[&str]) -> (bool, String, String) {
    let output = Command::new("git")
        .args(["-c", "transfer.fsckObjects=true"])
        .args(arguments)
        .current_dir(directory)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_TRACE_CURL", "1")
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).trim().to_owned();
    (
        output.status.success(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[tokio::test]
async fn clones_have_the_same_commits_everywhere() {
    let url = serve().await;
    for (name, main, old) in COMMITS {
        let directory = tempfile::tempdir().unwrap();
        let (ok, _, errors) = git(
            directory.path(),
            &["clone", &format!("{url}/{name}.git"), "."],
        )
        .await;
        assert!(ok, "{errors}");
        for (reference, commit) in [
            ("HEAD", main),
            ("origin/main", main),
            ("origin/v0-api", old),
            ("v0.1.0^{}", old),
        ] {
            assert_eq!(
                git(directory.path(), &["rev-parse", reference]).await.1,
                commit,
                "{name} {reference}"
            );
        }
    }
}

#[tokio::test]
async fn one_commit_can_be_fetched_by_its_id() {
    let url = format!("{}/parse-duration.git", serve().await);
    let directory = tempfile::tempdir().unwrap();
    git(directory.path(), &["init"]).await;
    for version in ["0", "1", "2"] {
        let protocol = format!("protocol.version={version}");
        // Neither a branch nor a tag points at it.
        let commit = "ff0460e23e956c5fba38b295b896c1c8ac3ff127";
        let fetch = ["-c", &protocol, "fetch", "--depth", "1", &url, commit];
        let (ok, _, errors) = git(directory.path(), &fetch).await;
        assert!(ok, "protocol {version}: {errors}");
        assert_eq!(
            git(directory.path(), &["rev-list", "--count", "FETCH_HEAD"])
                .await
                .1,
            "1"
        );
    }
}

#[tokio::test]
async fn a_compressed_request_is_understood() {
    let url = format!("{}/parse-duration.git", serve().await);
    let directory = tempfile::tempdir().unwrap();
    git(directory.path(), &["init"]).await;
    // A long list of commits that the server does not have makes a request that git compresses.
    for number in 0..40 {
        let message = number.to_string();
        let person = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
        let commit = [
            &person[..],
            &["commit", "--quiet", "--allow-empty", "-m", &message],
        ]
        .concat();
        assert!(git(directory.path(), &commit).await.0);
    }
    let (ok, _, errors) = git(directory.path(), &["fetch", &url, "main"]).await;
    assert!(ok, "{errors}");
    assert!(
        errors.to_lowercase().contains("content-encoding: gzip"),
        "git compressed nothing: {errors}"
    );
}

#[tokio::test]
async fn nobody_can_push() {
    let url = format!("{}/todo-cli.git", serve().await);
    let directory = tempfile::tempdir().unwrap();
    git(directory.path(), &["clone", &url, "."]).await;
    let (ok, _, errors) = git(
        directory.path(),
        &["push", "origin", "HEAD:refs/heads/mine"],
    )
    .await;
    assert!(!ok && errors.contains("read-only"), "{errors}");
    assert!(
        !git(directory.path(), &["ls-remote", &url])
            .await
            .1
            .contains("mine")
    );
}

#[tokio::test]
async fn a_private_repository_is_read_and_pushed_to_with_its_credential_only() {
    let open = serve().await.replace("/git", "/private/todo-cli.git");
    let credential = format!(
        "//{}:{}@",
        aideator_demo::git::USER,
        aideator_demo::git::TOKEN
    );
    let url = open.replace("//", &credential);
    let directory = tempfile::tempdir().unwrap();
    for refused in [open.clone(), url.replace("scripted", "guessed")] {
        let (ok, _, errors) = git(directory.path(), &["ls-remote", &refused]).await;
        assert!(!ok && errors.contains("HTTP/1.1 401"), "{errors}");
    }
    let steps: [&[&str]; 6] = [
        &["clone", "-q", &url, "."],
        &[
            "-c",
            "user.name=me",
            "-c",
            "user.email=me@example.com",
            "commit",
            "-q",
            "--allow-empty",
            "-m",
            "mine",
        ],
        &["push", "-q", "origin", "HEAD:refs/heads/mine"],
        &["reset", "-q", "--hard", "HEAD~"],
        &[
            "-c",
            "user.name=me",
            "-c",
            "user.email=me@example.com",
            "commit",
            "-q",
            "--allow-empty",
            "-m",
            "other",
        ],
        &["push", "-q", "--force", "origin", "HEAD:refs/heads/mine"],
    ];
    for (number, step) in steps.iter().enumerate() {
        let (ok, _, errors) = git(directory.path(), step).await;
        // The last would overwrite history.
        assert_eq!(ok, number < 5, "{step:?}: {errors}");
    }
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let url = serve().await;
    let directory = tempfile::tempdir().unwrap();
    for name in [
        "nothing.git",
        "parse-duration",
        "..%2fgit%2fparse-duration.git",
    ] {
        let (ok, _, errors) = git(directory.path(), &["ls-remote", &format!("{url}/{name}")]).await;
        assert!(!ok && errors.contains("not found"), "{name}: {errors}");
    }
}
