//! A result as a new branch on a real git host over HTTP, and as a pull request on a stand-in's API.

use std::fs;

use aideator_agent::protocol::{Body, Outcome};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Value, json};

use crate::{
    container::{Container, Ran, sh},
    git_host::{self, TOKEN, USER},
};

const PATCH: &str =
    "diff --git a/a.txt b/a.txt\n--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+zwei\n";

/// A host with the repository `me/app`, and what is published there.
struct Host {
    container: Container,
    url: String,
}

impl Host {
    fn new() -> Self {
        let container = Container::new(&json!({"v": 1}), vec![]);
        let path = container.path();
        sh(
            path,
            "mkdir host; git clone -q --bare origin host/me/app.git; rm -rf secret; mkdir secret",
        );
        let url = git_host::start(&path.join("host"));
        let host = url.strip_prefix("http://").unwrap();
        let credential = format!("protocol=http\nhost={host}\nusername={USER}\npassword={TOKEN}\n");
        fs::write(path.join("secret/credential"), credential).unwrap();
        Self { container, url }
    }

    /// What git says of the host's repository.
    fn git(&self, command: &str) -> String {
        sh(
            self.container.path(),
            &format!("git -C host/me/app.git {command}"),
        )
    }

    fn task(&self) -> Value {
        let tree = "t=$(mktemp -d); git clone -q origin $t/c; cd $t/c; printf 'one\nzwei\n' > a.txt; git add -A; git write-tree";
        json!({"variation_id": 1, "attempt": 0, "branch": "feature/x", "message": "Say zwei\n\nBecause.\n",
            "author_name": "Ada ‘A’ Sample", "author_email": "ada@example.com",
            "tree": sh(self.container.path(), tree), "patch": BASE64.encode(PATCH)})
    }

    fn publish(&self, task: &Value) -> Ran {
        let path = self.container.path();
        let config = json!({"v": 1, "engine": "publish", "publish": task});
        fs::write(path.join("input/config.json"), config.to_string()).unwrap();
        sh(path, "rm -rf workspace; mkdir workspace");
        let child = self
            .container
            .command()
            .env_remove("OPENAI_API_KEY")
            .env("REPO_URL", format!("{}/me/app.git", self.url))
            .env("AIDEATOR_GIT_CREDENTIAL", path.join("secret/credential"))
            .spawn()
            .unwrap();
        let ran = Ran::new(child, String::new());
        assert!(!ran.raw.contains(TOKEN), "{}", ran.raw);
        ran
    }
}

fn published(ran: &Ran) -> Vec<(String, Option<String>)> {
    let published = ran.lines.iter().filter_map(|body| match body {
        Body::Published { commit, url, .. } => Some((commit.clone(), url.clone())),
        _ => None,
    });
    published.collect()
}

#[test]
fn a_result_becomes_a_new_branch_and_nothing_is_overwritten() {
    let host = Host::new();
    let task = host.task();
    let before = host.git("rev-parse HEAD");
    let ran = host.publish(&task);
    assert!(ran.success, "{}", ran.raw);
    let told = published(&ran);
    let [(commit, None)] = told.as_slice() else {
        panic!("{}", ran.raw);
    };
    assert_eq!(&host.git("rev-parse feature/x"), commit);
    assert_eq!(host.git("rev-parse feature/x^"), before);
    assert_eq!(host.git("show feature/x:a.txt"), "one\nzwei");
    assert_eq!(
        host.git("log -1 --format='%an <%ae>|%cn|%B' feature/x"),
        "Ada ‘A’ Sample <ada@example.com>|Ada ‘A’ Sample|Say zwei\n\nBecause."
    );

    // There it stays, also where the push could be a fast-forward.
    host.git("branch older feature/x^");
    for branch in ["feature/x", "older"] {
        let mut again = task.clone();
        again["branch"] = branch.into();
        again["message"] = "Say it again".into();
        let old = host.git(&format!("rev-parse {branch}"));
        let ran = host.publish(&again);
        assert_eq!(ran.finished(), (Outcome::Failed, Some("push_failed")));
        assert!(
            ran.raw.contains("already, which is left as it is"),
            "{}",
            ran.raw
        );
        assert_eq!(host.git(&format!("rev-parse {branch}")), old);
    }
}

#[test]
fn what_is_not_what_was_picked_is_not_pushed() {
    let host = Host::new();
    let with = |field: &str, value: Value| {
        let mut task = host.task();
        task[field] = value;
        host.publish(&task)
    };
    for (field, value, reason) in [
        (
            "tree",
            json!("4b825dc642cb6eb9a060e54bf8d69288fbee4904"),
            "commit_failed",
        ),
        ("patch", json!(BASE64.encode("no patch")), "commit_failed"),
        ("branch", json!("--mirror"), "push_failed"),
        ("branch", json!("a..b"), "push_failed"),
        ("branch", json!("x:refs/heads/main"), "push_failed"),
    ] {
        let ran = with(field, value);
        assert_eq!(
            ran.finished(),
            (Outcome::Failed, Some(reason)),
            "{field}: {}",
            ran.raw
        );
    }
    assert_eq!(host.git("for-each-ref --format=x | wc -l"), "1");
    let secret = host.container.path().join("secret/credential");
    let wrong = fs::read_to_string(&secret)
        .unwrap()
        .replace(TOKEN, "ghp-wrong");
    fs::write(&secret, wrong).unwrap();
    let ran = with("branch", json!("feature/x"));
    assert_eq!(ran.finished(), (Outcome::Failed, Some("clone_failed")));
}

#[test]
fn a_pull_request_is_opened_as_each_forge_wants_it() {
    for forge in ["github", "gitlab", "gitea"] {
        let host = Host::new();
        let mut task = host.task();
        task["pull_request"] =
            json!({"forge": forge, "title": "Say zwei", "body": "It was two.", "base": "main"});
        let ran = host.publish(&task);
        assert!(ran.success, "{forge}: {}", ran.raw);
        let urls: Vec<_> = published(&ran).into_iter().map(|(_, url)| url).collect();
        assert_eq!(
            urls,
            [None, Some("https://forge.example/me/app/7".to_owned())]
        );
    }
    let host = Host::new();
    let mut task = host.task();
    task["pull_request"] =
        json!({"forge": "github", "title": "refused", "body": "", "base": "main"});
    let ran = host.publish(&task);
    assert_eq!(
        ran.finished(),
        (Outcome::Failed, Some("pull_request_failed"))
    );
    assert_eq!(published(&ran).len(), 1, "the branch is there, and told");
    assert!(
        ran.raw.contains("Validation Failed, said to [secret]"),
        "{}",
        ran.raw
    );
}
