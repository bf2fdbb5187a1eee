//! The processes that a log comes through, killed and frozen: `kubectl`, and the server itself.

use std::time::Duration;

use crate::support::{Follower, OwnServer, in_peace, sh};

/// Numbered lines as an agent prints them, so that the log proves itself complete: `PRINT LINES PAUSE`.
const PRINT: &str = r#"
print() {
  i=0
  while [ $i -lt $1 ]; do
    i=$((i + 1))
    echo "{\"v\":1,\"seq\":$i,\"type\":\"text\",\"ts\":\"2026-01-01T00:00:00Z\",\"delta\":\"line $i\"}"
    sleep $2
  done
  echo "{\"v\":1,\"seq\":$((i + 1)),\"type\":\"finished\",\"ts\":\"2026-01-01T00:00:00Z\",\"outcome\":\"succeeded\",\"summary\":\"\"}"
}
"#;

pub(super) fn printing(lines: u32, pause: f64) -> String {
    format!("{PRINT}print {lines} {pause}")
}

/// Everything came once, in order, and the log is the node's: so many lines, and `finished`.
pub(super) async fn check(own: &OwnServer, run: &str, follower: &Follower, lines: usize) {
    let variations = own.api.run(run).await["variations"]
        .as_array()
        .unwrap()
        .len();
    let mut ids: Vec<&str> = follower
        .events
        .iter()
        .map(|event| event.id.as_str())
        .collect();
    let told = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), told, "an event came twice");
    let gaps = follower
        .events
        .iter()
        .filter(|event| event.name == "log_gap");
    assert_eq!(gaps.collect::<Vec<_>>(), [] as [&crate::support::Event; 0]);
    for index in 0..variations {
        let stored = own.check_whole(run, index).await;
        let streamed: Vec<u8> = follower
            .events
            .iter()
            .filter(|event| event.is("agent_output", index as u64))
            .flat_map(crate::support::Event::line)
            .collect();
        let raw = format!("/runs/{run}/variations/{index}/logs");
        assert!(own.api.get(&raw).await.expect(200).body == streamed);
        assert_eq!(bytecount::count(&stored, b'\n'), lines + 1);
        assert_eq!(own.variation(run, index).await["complete"], true);
    }
}

#[tokio::test]
async fn a_kubectl_that_is_killed_or_frozen_takes_no_line_with_it() {
    let _peace = in_peace().await;
    let Some(own) = OwnServer::spawn(&[]).await else {
        return;
    };
    let run = own.run(&printing(600, 0.02), 2).await;
    let mut follower = Follower::new(&own.api, &run);
    follower.until_lines(2, 5).await;
    let jobs = [0, 1].map(|index| format!("job/agent-{run}-{index}"));
    for _ in 0..8 {
        for pid in own.children(&["logs", &jobs[0]]) {
            // It may have ended just now.
            let _ = crate::support::try_sh(&format!("kill -KILL {pid}")).await;
        }
        // From a new one.
        let mut left = 10;
        follower
            .until(60, "a follow that was begun again", |event| {
                left -= u32::from(event.is("agent_output", 0));
                left == 0
            })
            .await;
    }
    // The watches, too.
    for pid in own.children(&["get", "-w"]) {
        let _ = crate::support::try_sh(&format!("kill -KILL {pid}")).await;
    }
    // One that hangs says nothing, and nothing can be told of it before its container has ended.
    let frozen = own.children(&["logs", &jobs[1]]);
    assert_eq!(frozen.len(), 1);
    sh(&format!("kill -STOP {}", frozen[0])).await;
    follower.read_to_end().await;
    check(&own, &run, &follower, 600).await;
}

#[tokio::test]
async fn a_server_that_is_killed_fifty_times_loses_nothing() {
    let _peace = in_peace().await;
    let Some(mut own) = OwnServer::spawn(&[]).await else {
        return;
    };
    let run = own.run(&printing(5000, 0.01), 2).await;
    let mut follower = Follower::new(&own.api, &run);
    follower.until_lines(2, 5).await;
    for kill in 0..50_u64 {
        own.kill();
        own.start();
        // At any moment of a start, and of what comes after it.
        let moment = Duration::from_millis(kill * 2_654_435_761 % 1500);
        let reading = follower.read_to_end();
        assert!(
            tokio::time::timeout(moment, reading).await.is_err(),
            "it prints still"
        );
    }
    follower.read_to_end().await;
    assert!(
        follower.connections >= 20,
        "{} connections",
        follower.connections
    );
    check(&own, &run, &follower, 5000).await;
}

#[tokio::test]
async fn clients_that_hang_up_a_thousand_times_get_every_event_once() {
    let _peace = in_peace().await;
    let Some(own) = OwnServer::spawn(&[]).await else {
        return;
    };
    let run = own.run(&printing(1500, 0.01), 5).await;
    let mut follower = Follower::new(&own.api, &run);
    while follower.connections < 1000 {
        let before = follower.connections;
        // A few events, then away, with whatever was on its way.
        let mut left = 1 + before % 9;
        follower
            .until(60, "some events", |_| {
                left -= 1;
                left == 0
            })
            .await;
        follower.hang_up();
    }
    follower.read_to_end().await;
    check(&own, &run, &follower, 1500).await;
}
