//! Runs as they are set up in detail, shared and published.

use serde_json::{Value, json};

use crate::support::{Cli, TOKEN};

use super::{PROMPT, at_work, finish};

async fn shown(cli: &Cli, run: &str) -> Value {
    let ran = cli.run(&["show", run, "--json"]).await.expect(0);
    serde_json::from_str(&ran.stdout).unwrap()
}

#[tokio::test]
async fn each_variation_can_have_settings_of_its_own() {
    let (test, cli) = at_work().await;
    let run = ["run", "--repo", &test.repo, PROMPT];
    let settings = [
        "--variant",
        "model=openai/gpt-4o,temperature=0.3",
        "--variant",
        "instructions=first this, then that",
        "--check",
        "make test",
        "--checks-before",
        "--max-run-cost",
        "2",
    ];
    let made = cli.run(&[&run[..], &settings].concat()).await.expect(0);
    let run_id = made.stdout.trim();
    let run_view = shown(&cli, run_id).await;
    let variations = run_view["variations"].as_array().unwrap();
    assert_eq!(variations.len(), 2);
    assert_eq!(
        (&variations[0]["model"], &variations[0]["temperature"]),
        (&json!("openai/gpt-4o"), &json!(0.3))
    );
    assert_eq!(variations[1]["instructions"], "first this, then that");
    assert_eq!(
        (
            &run_view["checks_before"],
            &run_view["limits"]["max_run_cost_usd"]
        ),
        (&json!(true), &json!(2.0))
    );
    let both = ["run", "--repo", &test.repo, "-", "--git-token", "-"];
    let both = cli.feed(&both, PROMPT).await.expect(2);
    assert!(both.stderr.contains("standard input"), "{both:?}");
}

#[tokio::test]
async fn a_pick_is_published_and_a_run_is_shared() {
    let (test, cli) = at_work().await;
    cli.run(&["run", "--repo", &test.repo, PROMPT])
        .await
        .expect(0);
    let id = finish(&test, &cli).await;
    cli.run(&["logs", &id, "--follow"]).await.expect(0);
    cli.run(&["pick", "latest", "2"]).await.expect(0);
    std::fs::write(cli.dir.join("token.txt"), format!("{TOKEN}\n")).unwrap();
    let running = cli.start(&[
        "publish",
        "latest",
        "--branch",
        "feature/x",
        "--message",
        "Say hello",
        "--git-token",
        "token.txt",
        "--git-username",
        "me",
        "--wait",
    ]);
    let job = format!("agent-{id}-publish");
    test.cluster.has_job(&job).await;
    test.cluster.run_pod(&job);
    let line = json!({"v": 1, "seq": 1, "ts": "", "type": "published", "branch": "feature/x",
        "commit": "c0ffee", "url": "https://forge.example/7"});
    test.cluster.print(&job, line.to_string().as_bytes());
    test.cluster.complete_pod(&job);
    let ran = running.end().await.expect(0);
    assert_eq!(ran.stdout, "feature/x at c0ffee\nhttps://forge.example/7\n");
    let task = &shown(&cli, &id).await["publication"];
    assert_eq!(
        (&task["branch"], &task["variation_id"]),
        (&json!("feature/x"), &json!(1))
    );

    let shared = cli.run(&["share", "latest", "--days", "2"]).await.expect(0);
    let (page, token) = shared.stdout.trim().split_once("&share=").unwrap();
    assert_eq!(
        page,
        format!("{}/stream?run={id}", cli.url.as_ref().unwrap())
    );
    let guest = test.anonymous().with_header("x-share-token", token);
    let path = format!("/api/v1/runs/{id}");
    guest.get(&path).await.expect(200);
    let listed = cli
        .run(&["share", "latest", "--list"])
        .await
        .expect(0)
        .stdout;
    let share = listed.split_whitespace().next().unwrap();
    assert!(
        share.starts_with("share_") && !listed.contains(token),
        "{listed}"
    );
    assert!(
        shared.stderr.contains(&format!("--revoke {share}")),
        "{}",
        shared.stderr
    );
    cli.run(&["share", "latest", "--revoke", share])
        .await
        .expect(0);
    guest.get(&path).await.expect_problem(401, "unauthorized");
    cli.run(&["share", "latest", "--revoke", "../x"])
        .await
        .expect(2);
    let none = cli
        .run(&["share", "latest", "--list", "--json"])
        .await
        .expect(0);
    assert_eq!(none.stdout, "[]\n");
}
