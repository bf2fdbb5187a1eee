//! A run as a shell script.

use serde_json::json;

use crate::support::TestApp;

/// What the script gives to kubectl is what the server gave to it, whatever the prompt says.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a shell runs the script")]
async fn the_script_of_a_run_applies_the_same_again() {
    let test = TestApp::spawn().await;
    let user = test.user("a@example.com").await;
    let mut request = test.run_request(2);
    request["prompt"] =
        json!("Fix it.\nEND_OF_MANIFEST\n'; rm -rf \"$HOME\"; `id` $(id)\n---\n{{x}}");
    let reply = user.post("/api/v1/runs", &request).await.expect(202).json();
    let id = reply["run_id"].as_str().unwrap();
    test.cluster.called(1, |call| call.verb() == "apply").await;
    test.cluster.has_job(&format!("agent-{id}-1")).await;
    let script = user
        .get(&format!("/api/v1/runs/{id}/script"))
        .await
        .expect(200);
    assert_eq!(script.header("content-type"), "text/x-shellscript");

    let dir = tempfile::tempdir().unwrap();
    let kubectl = dir.path().join("kubectl");
    let record =
        "#!/bin/sh\ncase $1 in apply) echo \"$*\" >\"$0.args\"; cat >\"$0.yaml\" ;; esac\n";
    std::fs::write(&kubectl, record).unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&kubectl, executable).unwrap();
    let file = dir.path().join("script");
    std::fs::write(&file, &script.body).unwrap();
    let path = format!("{}:/usr/bin:/bin", dir.path().display());
    let ran = tokio::process::Command::new("sh")
        .arg(&file)
        .env("PATH", path)
        .output()
        .await
        .unwrap();
    assert!(ran.status.success(), "{ran:?}");
    let said = String::from_utf8(ran.stdout).unwrap();
    assert!(said.contains(&format!("kubectl logs -f --timestamps job/agent-{id}-1 ")));
    let applied = std::fs::read_to_string(kubectl.with_extension("yaml")).unwrap();
    assert_eq!(applied, test.cluster.manifests()[0]);
    let args = std::fs::read_to_string(kubectl.with_extension("args")).unwrap();
    let calls = test.cluster.calls();
    let apply = calls.iter().find(|call| call.verb() == "apply").unwrap();
    for arg in args.split_whitespace() {
        assert!(apply.has(arg), "{arg} in {}", apply.line());
    }
}
