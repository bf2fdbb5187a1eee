//! What the node does to a log: rotation under load, a container runtime that goes away, more output than
//! anybody reads.

use std::os::unix::fs::MetadataExt as _;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::Path;
use std::time::Duration;

use futures::FutureExt as _;

use crate::support::{FLOOD, FLOOD_LINES, Follower, OwnServer, alone, sh, try_sh_for, within};

use super::processes::{check, printing};

/// More than a node that is as busy as this one can promise to keep: what is printed before the cluster has told
/// that the container runs, and what is rotated away while the node has no time for its readers, nobody gets.
/// But nothing is missing in silence, everything that is stored is streamed, and it is not less than bare kubectl
/// gets. `scripts/bench` says how much it is.
#[tokio::test]
async fn five_containers_that_print_as_fast_as_they_can_lose_no_line_in_silence() {
    let _alone = alone().await;
    let Some(own) = OwnServer::spawn(&[]).await else {
        return;
    };
    let run = own.run(FLOOD, 5).await;
    // Beside it, in the same run, what people type.
    let bare = (0..5).map(|index| {
        let job = format!("job/agent-{run}-{index}");
        let script = format!(
            "AIDEATOR_NAMESPACE={}
             until kubectl logs {job} --tail=1 >/dev/null 2>&1; do sleep 0.1; done
             kubectl logs -f {job} | wc -l",
            own.namespace
        );
        async move { try_sh_for(400, &script).await.stdout }
    });
    let stream = own.api.curl(&format!("/runs/{run}/stream"));
    let count = format!("{stream} | grep -E '^event: (agent_output|log_gap)' | sort | uniq -c");
    let (streamed, bare) = tokio::join!(try_sh_for(400, &count), futures::future::join_all(bare));
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let streamed = text(streamed.stdout);
    let told = |event: &str| -> u64 {
        let line = streamed.lines().find(|line| line.ends_with(event));
        line.map_or(0, |line| {
            line.split_whitespace().next().unwrap().parse().unwrap()
        })
    };
    let mut stored = 0;
    for (index, bare) in bare.into_iter().enumerate() {
        let variation = own.variation(&run, index).await;
        assert_eq!(variation["status"], "succeeded", "{variation}");
        let lines = variation["lines"].as_u64().unwrap();
        stored += lines;
        let bare: u64 = text(bare).trim().parse().unwrap();
        let percent = |lines: u64| 100 * lines / FLOOD_LINES;
        eprintln!(
            "variation {index}: {} % of the lines; bare kubectl logs -f: {} %",
            percent(lines),
            percent(bare)
        );
        assert!(lines >= bare, "bare kubectl got {bare}: {variation}");
        let whole = lines == FLOOD_LINES;
        assert_eq!(variation["complete"], whole, "{variation}");
        assert!(whole || told("log_gap") > 0, "{streamed}");
        let path = format!("/runs/{run}/variations/{index}/verify");
        let verified = own.api.get(&path).await.expect(200).json();
        assert_eq!(verified["complete"], if whole { "yes" } else { "no" });
        assert_eq!(verified["stored"]["lines"], lines, "{verified}");
        // TODO: once it was `mismatch` with every numbered line there, and once another verdict that was not printed.
        eprintln!("{verified}");
    }
    assert_eq!(told("agent_output"), stored, "lines of the stream");
}

/// With a log file of 1 MiB at most, looked at every three seconds.
const ROTATION: &str = "apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
containerLogMaxSize: 1Mi
containerLogMonitorInterval: 3s
";

/// Until what runs in the cluster answers again: the next tests are not about this.
async fn restart_kubelet() {
    sh(
        "scripts/cluster/run stop kubelet && scripts/cluster/run start kubelet
        kubectl wait pod -l 'app.kubernetes.io/component in (server, demo)' --for=condition=Ready --timeout=60s
        for url in $AIDEATOR_URL/api/v1/health ${AIDEATOR_DEMO_CLONE%/git/*}/healthz; do
          curl -fsS -o /dev/null --retry 60 --retry-delay 1 --retry-all-errors $url
        done",
    )
    .await;
}

/// 600 lines of a KiB each second, for 75 seconds.
const BUSY: &str = r#"exec python3 -u - <<'END'
import time
pad, seq, end = "x" * 950, 0, time.time() + 75
def say(kind, more):
    global seq
    seq += 1
    print('{"v":1,"seq":%d,"type":"%s","ts":"2026-01-01T00:00:00Z",%s}' % (seq, kind, more))
while time.time() < end:
    for _ in range(30):
        say("text", '"delta":"%s"' % pad)
    time.sleep(0.05)
say("finished", '"outcome":"succeeded","summary":""')
END
"#;

/// How many files the log had, until nobody has written to it for five seconds.
async fn count_rotations(log: &Path) -> u32 {
    let (mut count, mut last) = (0, 0);
    // The name is missing for a moment while it is rotated.
    loop {
        let file = log.metadata().map_or(0, |file| file.ino());
        count += u32::from(file != 0 && file != last);
        last = if file == 0 { last } else { file };
        tokio::time::sleep(Duration::from_millis(200)).await;
        if !log.parent().unwrap().exists() || count > 40 {
            return count;
        }
        if log
            .metadata()
            .is_ok_and(|file| file.modified().unwrap().elapsed().unwrap() > Duration::from_secs(5))
        {
            return count;
        }
    }
}

#[tokio::test]
async fn twenty_rotations_under_load_lose_nothing_whoever_does_not_read() {
    let _alone = alone().await;
    let Some(own) = OwnServer::spawn(&[]).await else {
        return;
    };
    let drop_in =
        Path::new(&crate::support::env("KUBECONFIG")).with_file_name("kubelet.d/20-rotation.conf");
    std::fs::write(&drop_in, ROTATION).unwrap();
    let rotating = async {
        restart_kubelet().await;
        let run = own.run(BUSY, 1).await;
        let mut follower = Follower::new(&own.api, &run);
        follower.until_lines(1, 5).await;
        // Open, and read by nobody.
        let stream = format!("/runs/{run}/stream");
        let blocked = own.api.request(reqwest::Method::GET, &stream).send().await;
        let log = own.node_dir(&run, 0).join("0.log");
        let rotations = within(200, "the end of the rotations", count_rotations(&log));
        let ((), count) = tokio::join!(follower.read_to_end(), rotations);
        drop(blocked);
        (run, follower, count)
    };
    let rotated = AssertUnwindSafe(rotating).catch_unwind().await;
    // Whatever came of it: other tests need the kubelet as it was.
    std::fs::remove_file(&drop_in).unwrap();
    restart_kubelet().await;
    let (run, follower, count) = rotated.unwrap_or_else(|panic| resume_unwind(panic));
    eprintln!("{count} files");
    assert!(count > 20, "{count} files");
    let variation = own.variation(&run, 0).await;
    assert_eq!(variation["complete"], true, "{variation}");
    let gaps = follower
        .events
        .iter()
        .filter(|event| event.name == "log_gap");
    assert_eq!(gaps.collect::<Vec<_>>(), [] as [&crate::support::Event; 0]);
    let lines = follower
        .events
        .iter()
        .filter(|event| event.name == "agent_output");
    assert_eq!(lines.count() as u64, variation["lines"].as_u64().unwrap());
}

#[tokio::test]
async fn a_container_runtime_that_is_restarted_hides_nothing() {
    let _alone = alone().await;
    let Some(own) = OwnServer::spawn(&[]).await else {
        return;
    };
    let run = own.run(&printing(1000, 0.02), 2).await;
    let mut follower = Follower::new(&own.api, &run);
    follower.until_lines(2, 20).await;
    sh("scripts/cluster/run stop containerd && scripts/cluster/run start containerd").await;
    follower.read_to_end().await;
    check(&own, &run, &follower, 1000).await;
}
