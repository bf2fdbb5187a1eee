//! A server that was stopped or died, and the one that takes up what it left.

use crate::support::{TestApp, output_of};

#[tokio::test]
async fn a_run_goes_on_under_the_next_server() {
    let test = TestApp::spawn().await;
    let (run, job) = test.running().await;
    let mut log = test.cluster.print(&job, b"before");
    run.event(|event| event.kind == "agent_output").await;
    let stopped = test.stop().await;
    log.extend(stopped.cluster.print(&job, b"nobody listens"));

    let test = stopped.start().await;
    let run = run.at(&test);
    let commands = run.user.get(&run.path("/commands")).await.json()["commands"].clone();
    let of_old = |command: &serde_json::Value| {
        command["argv"][1] == "logs" && command["duration_ms"].is_i64()
    };
    assert!(
        commands.as_array().unwrap().iter().any(of_old),
        "{commands:#}"
    );
    log.extend(test.cluster.print(&job, b"after"));
    test.cluster.complete_pod(&job);

    let events = run.events().await;
    assert_eq!(run.stored().await.as_bytes(), log);
    assert_eq!(output_of(&events, 0), "before\nnobody listens\nafter\n");
    assert_eq!(run.show().await["status"], "completed");
    assert_eq!(run.verify().await["verdict"], "identical");
    assert_eq!(
        test.cluster.manifests().len(),
        1,
        "nothing is applied twice"
    );
}
