//! A private repository: one container clones it with the credential, another one works without it.

use std::{fs, process::Command};

use serde_json::json;

use crate::{
    calls,
    container::{Container, Ran, sh},
    git_host::{self, TOKEN, USER},
    provider::Response,
};

/// The environment of the container that clones.
fn clone(container: &Container, url: &str, token: &str) -> std::process::Output {
    let secret = container.path().join("secret");
    fs::create_dir_all(&secret).unwrap();
    let host = url.strip_prefix("http://").unwrap().split('/').next();
    let credential = format!(
        "protocol=http\nhost={}\nusername={USER}\npassword={token}\n",
        host.unwrap()
    );
    fs::write(secret.join("credential"), credential).unwrap();
    container
        .command()
        .arg("clone")
        .env("REPO_URL", url)
        .env("AIDEATOR_GIT_CREDENTIAL", secret.join("credential"))
        .output()
        .unwrap()
}

/// Then that of the agent, where nothing of the credential is.
fn work(container: &Container, url: &str, mut command: Command) -> Ran {
    fs::remove_dir_all(container.path().join("secret")).unwrap();
    let child = command.env("REPO_URL", url).spawn().unwrap();
    Ran::new(child, String::new())
}

#[test]
fn a_private_repository_is_cloned_apart_and_no_tool_finds_the_credential() {
    let hunt = "grep -rsl 'ghp-canar[y]' ../..; git config --list --show-origin; cat .git/config; env
        for p in /proc/[0-9]*; do tr '\\0' '\\n' <$p/environ; tr '\\0' '\\n' <$p/cmdline; done 2>/dev/null";
    let edit = json!({"path": "a.txt", "old": "two", "new": "zwei"});
    let container = Container::new(
        &json!({"v": 1}),
        vec![
            calls(&[("run", json!({"command": hunt})), ("edit", edit)]),
            Response::text("done"),
        ],
    );
    let url = format!("{}/origin", git_host::start(container.path()));
    let cloned = clone(&container, &url, TOKEN);
    let said = String::from_utf8_lossy(&cloned.stdout);
    assert!(cloned.status.success(), "{cloned:?}");
    let base = sh(&container.path().join("origin"), "git rev-parse HEAD");
    assert_eq!(said, format!("Cloning {url}\nAt {base}\n"));
    let left = sh(
        container.path(),
        "grep -rl ghp-canary workspace tmp || true",
    );
    assert_eq!(left, "", "nothing of it is left behind");

    let ran = work(&container, &url, container.contained());
    assert!(ran.success, "{}", ran.raw);
    assert!(!ran.raw.contains("canary"), "{}", ran.raw);
    let patch = ran.patch().unwrap();
    assert_eq!(container.applied(&patch, "a.txt"), "one\nzwei");
}

#[test]
fn a_clone_that_fails_is_told_by_the_agent_in_its_own_log() {
    let container = Container::new(&json!({"v": 1}), vec![]);
    let url = format!("{}/origin", git_host::start(container.path()));
    let cloned = clone(&container, &url, "ghp-canary-wrong");
    assert!(cloned.status.success(), "the agent must start to tell it");
    let said = [cloned.stdout, cloned.stderr].concat();
    assert!(!String::from_utf8_lossy(&said).contains("canary"));
    let ran = work(&container, &url, container.command());
    assert_eq!(ran.finished().1, Some("clone_failed"));
    assert!(ran.raw.contains("Authentication failed"), "{}", ran.raw);
}
