//! Thousands of requests that the OpenAPI file allows, and as many that it does not: every answer must be
//! one that the file names.

#![expect(clippy::disallowed_methods, reason = "schemathesis is a program")]

use std::process::Stdio;

use serde_json::json;
use tokio::process::Command;

use crate::support::TestApp;

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/fuzz");
const PATCH: &str = "diff --git a/a.txt b/a.txt\nnew file mode 100644\n--- /dev/null\n+++ b/a.txt\n@@ -0,0 +1 @@\n+one\n";

/// `CONTRACT_ARGUMENTS` are those of `schemathesis run`; the server has an ended run with results, and
/// every Job that is made ends at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs schemathesis: scripts/lib/check-contract installs it and runs this"]
async fn every_answer_is_one_that_the_openapi_file_names() {
    let arguments = std::env::var("CONTRACT_ARGUMENTS").unwrap();
    let test = TestApp::spawn_with(|config| {
        config.auth.rate_limit_per_minute = u32::MAX;
        config.auth.login_attempts_per_minute = u32::MAX;
    })
    .await;
    let run = test.printed([PATCH, PATCH]).await;
    let hand = tokio::spawn(test.cluster.clone().complete_every_job());
    let account = json!({"email": "a@example.com", "password": "TestPass123"});
    let login = run.user.post("/api/v1/auth/login", &account).await;
    let session = login.expect(200).json();
    let session = format!("Bearer {}", session["access_token"].as_str().unwrap());
    let url = run.user.url();
    // What it leaves behind goes with the test.
    let dir = tempfile::tempdir().unwrap();
    let mut schemathesis = Command::new("schemathesis");
    schemathesis
        .args(["--config-file", &format!("{HERE}/schemathesis.toml"), "run"])
        .arg(format!("{url}/api/v1/openapi.json"))
        .args(arguments.split_whitespace())
        .env("SCHEMATHESIS_HOOKS", "hooks")
        .env("PYTHONPATH", HERE)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("CONTRACT_URL", url)
        .env("CONTRACT_SESSION", &session)
        .env("CONTRACT_RUN", &run.id)
        .env("CONTRACT_REPO", &test.repo)
        .current_dir(dir.path())
        .stdin(Stdio::null());
    let status = schemathesis.status().await.unwrap();
    hand.abort();
    assert!(status.success(), "{status}");
}
