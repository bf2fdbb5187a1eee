//! Situations in which a command fails, and exactly what it prints: the block in `docs/cli.md`.

use std::fmt::Write as _;
use std::path::Path;

use crate::support::{Cli, Ran, TestApp};

use super::{PROMPT, at_work, git, repository};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/cli.md");
const BEGIN: &str = "<!-- failures: written by tests/it/cli/failures.rs -->\n";
const END: &str = "<!-- end of failures -->\n";

/// The block, as it is written.
struct Block {
    text: String,
    /// What differs from time to time, and what stands for it.
    names: Vec<(String, &'static str)>,
}

impl Block {
    fn add(&mut self, situation: &str, shown: &str, ran: &Ran) {
        let mut said = format!("{}{}", ran.stdout, ran.stderr);
        for (text, name) in &self.names {
            said = said.replace(text, name);
        }
        let code = ran.code;
        let _ = write!(
            self.text,
            "\n{situation} (exit code {code})\n\n```console\n$ aideator {shown}\n{}\n```\n",
            said.trim_end()
        );
    }
}

async fn accounts(block: &mut Block, test: &TestApp, cli: &Cli) {
    let nobody = Cli::new(cli.url.as_ref().unwrap());
    block.add(
        "Not signed in",
        "runs",
        &nobody.run(&["runs"]).await.expect(3),
    );
    let mut wrong = Cli::new(cli.url.as_ref().unwrap());
    wrong.key = Some(format!("aid_sk_{}", "x".repeat(43)));
    block.add(
        "A key that is not, or no longer, accepted",
        "runs",
        &wrong.run(&["runs"]).await.expect(3),
    );
    let login = nobody
        .feed(&["login", "--email", "a@example.com"], "Wrong-1234\n")
        .await;
    block.add(
        "A wrong password",
        "login --email a@example.com",
        &login.expect(3),
    );
    let user = test.user("reader@example.com").await;
    let reader = Cli::with_scopes(&user, Some(&["runs:read"])).await;
    let ran = reader.run(&["run", "--repo", &test.repo, PROMPT]).await;
    block.add(
        "A key that may only read",
        &format!("run --repo URL \"{PROMPT}\""),
        &ran.expect(6),
    );
    let mut away = Cli::new("http://127.0.0.1:9");
    away.key = cli.key.clone();
    block.add("No server", "runs", &away.run(&["runs"]).await.expect(5));
}

async fn requests(block: &mut Block, test: &TestApp, cli: &Cli) {
    let ran = cli
        .run(&["run", "--repo", &test.repo, "Fix it", "-n", "9"])
        .await;
    block.add(
        "Fields that are wrong",
        "run --repo URL \"Fix it\" -n 9",
        &ran.expect(2),
    );
    let ran = cli
        .run(&["run", "--repo", "https://example.com/x", PROMPT])
        .await;
    block.add(
        "A host that the operator does not allow",
        &format!("run --repo https://example.com/x \"{PROMPT}\""),
        &ran.expect(2),
    );
    let ran = cli
        .run(&["run", "--repo", &test.repo, PROMPT, "--variant", "modle=x"])
        .await;
    block.add(
        "A setting that there is not",
        &format!("run --repo URL \"{PROMPT}\" --variant modle=x"),
        &ran.expect(2),
    );
    let ran = cli.run(&["run", PROMPT]).await;
    block.add(
        "Something left out",
        &format!("run \"{PROMPT}\""),
        &ran.expect(2),
    );
    let id = "run-0198a7c41e5b7d2084c1f0a9b6d3e755";
    block.add(
        "A run that is not there",
        &format!("show {id}"),
        &cli.run(&["show", id]).await.expect(4),
    );
    block.add(
        "No run yet",
        "show latest",
        &cli.run(&["show", "latest"]).await.expect(4),
    );
}

async fn results(block: &mut Block, test: &TestApp, cli: &Cli) {
    cli.run(&["run", "--repo", &test.repo, PROMPT])
        .await
        .expect(0);
    let ran = cli.run(&["pick", "latest", "1"]).await;
    block.add(
        "A variation that has not ended",
        "pick latest 1",
        &ran.expect(6),
    );
    let id = super::finish(test, cli).await;
    cli.run(&["logs", &id, "--follow"]).await.expect(0);
    block.names.push((id, "run-…"));
    let ran = cli.run(&["pick", "latest", "3"]).await;
    block.add(
        "A variation without a result",
        "pick latest 3",
        &ran.expect(4),
    );
    let publish = ["publish", "latest", "--branch", "feature/x"];
    let ran = cli.run(&publish).await;
    block.add("Nothing was picked", &publish.join(" "), &ran.expect(6));
    let share = ["share", "latest", "--days", "1000"];
    let ran = cli.run(&share).await;
    block.add(
        "A link that is good for too long",
        &share.join(" "),
        &ran.expect(2),
    );
    let ran = cli.run(&["logs", "latest", "7"]).await;
    block.add(
        "A variation that is not there",
        "logs latest 7",
        &ran.expect(4),
    );
}

async fn repositories(block: &mut Block, cli: &mut Cli) {
    let clone = cli.dir.clone();
    let pick = ["pick", "latest", "1", "--apply"];
    let shown = pick.join(" ");
    cli.dir = clone.parent().unwrap().into();
    block.add(
        "Not in a repository",
        &shown,
        &cli.run(&pick).await.expect(7),
    );
    cli.dir = cli.home().join("other");
    repository(&cli.dir);
    git(&cli.dir, &["commit", "-q", "--amend", "-m", "another"]);
    // What was amended is the same commit as the clone's if both were made in the same second.
    git(&cli.dir, &["reflog", "expire", "--expire=now", "--all"]);
    git(&cli.dir, &["prune", "--expire=now"]);
    block.add(
        "In a repository that is another one",
        &shown,
        &cli.run(&pick).await.expect(7),
    );
    cli.dir = clone;
    let readme = cli.dir.join("README");
    std::fs::write(&readme, "mine\n").unwrap();
    block.add(
        "Changes of one's own are in the way",
        &shown,
        &cli.run(&pick).await.expect(7),
    );
    assert_eq!(std::fs::read_to_string(&readme).unwrap(), "mine\n");
    git(&cli.dir, &["commit", "-q", "-a", "-m", "mine"]);
    block.add(
        "Later commits are in the way",
        &shown,
        &cli.run(&pick).await.expect(7),
    );
    let shown = cli
        .run(&["show", "latest", "--json"])
        .await
        .expect(0)
        .stdout;
    assert!(
        shown.contains("\"winning_variation_id\":null"),
        "a refusal picks nothing"
    );
    git(&cli.dir, &["checkout", "-q", "HEAD~1"]);
    cli.run(&pick).await.expect(0);
}

#[tokio::test]
async fn what_is_printed_is_what_the_document_says() {
    let (test, mut cli) = at_work().await;
    let head = git(&cli.dir, &["rev-parse", "HEAD"]);
    let home = cli.home().to_str().unwrap().to_owned();
    let mut block = Block {
        text: String::new(),
        names: vec![
            (cli.url.clone().unwrap(), "http://localhost:8000"),
            (test.repo.clone(), "URL"),
            (head, "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d"),
            (format!("{home}/"), "~/"),
            (home, "~"),
        ],
    };
    accounts(&mut block, &test, &cli).await;
    requests(&mut block, &test, &cli).await;
    results(&mut block, &test, &cli).await;
    repositories(&mut block, &mut cli).await;
    compare(Path::new(DOCUMENT), &format!("{}\n", block.text));
}

/// Renews the block when asked to, as insta does its snapshots.
#[expect(clippy::disallowed_methods, reason = "the switch that insta has, too")]
fn compare(document: &Path, block: &str) {
    let text = std::fs::read_to_string(document).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the block's begin");
    let (current, after) = rest.split_once(END).expect("the block's end");
    if current == block {
        return;
    }
    if std::env::var("INSTA_UPDATE").is_ok_and(|how| how == "always") {
        let new = format!("{before}{BEGIN}{block}{END}{after}");
        std::fs::write(document, new).unwrap();
        return;
    }
    panic!(
        "docs/cli.md says otherwise; INSTA_UPDATE=always renews it. What is printed now:\n{block}"
    );
}
