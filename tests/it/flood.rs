//! What the kubelet does to a follow that is slower than its container: the files that it leaves out
//! are held open by another follow, and nothing is lost.

use std::time::Duration;

use aideator::clock;
use aideator::telemetry::metrics;
use jiff::Timestamp;
use serde_json::json;
use tokio::sync::Mutex;

use crate::support::{Cut, Event, Run, TestApp, output_of};

/// The gauge of standbys is the process's: one of these tests at a time.
static ALONE: Mutex<()> = Mutex::const_new(());

/// Waits until so many follows hold a file open. Nothing but the gauge tells it, so it is asked for.
async fn held(count: u32) {
    let line = format!("aideator_log_standbys {count}\n");
    let held = async {
        while !metrics::text().contains(&line) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waiting = tokio::time::timeout(Duration::from_secs(20), held);
    waiting
        .await
        .expect("a follow that holds the next file open");
}

/// Three files of an agent's log, each too large to be known as whole, ending just now.
struct Flood([Vec<u8>; 3]);

impl Flood {
    /// Each file has so many lines of a KiB.
    const LINES: u64 = 260;

    fn new() -> Self {
        let start = clock::now_ms() - 60_000;
        let file = |n: u64| {
            let line = |i: u64| {
                let seq = n * Self::LINES + i + 1;
                // Half a minute from file to file.
                let at = start + i64::try_from(n * 30_000 + i).unwrap();
                let at = Timestamp::from_millisecond(at).unwrap();
                let kind = if seq == 3 * Self::LINES {
                    json!({"type": "finished", "outcome": "succeeded", "summary": ""})
                } else {
                    json!({"type": "text", "delta": "x".repeat(1000)})
                };
                let mut line = json!({"v": 1, "seq": seq, "ts": "2026-11-22T21:00:00.000Z"});
                line.as_object_mut()
                    .unwrap()
                    .extend(kind.as_object().unwrap().clone());
                format!("{} {line}\n", at.strftime("%Y-%m-%dT%H:%M:%S.%9fZ"))
            };
            (0..Self::LINES).map(line).collect::<String>().into_bytes()
        };
        Self([file(0), file(1), file(2)])
    }

    /// A run whose follow sits in silence at the end of the first file while the second is written,
    /// and another follow has the second one open.
    async fn start(&self, test: &TestApp) -> (Run, String) {
        metrics::init().unwrap();
        let user = test.user("a@example.com").await;
        let run = test.start_run(&user, 1).await;
        let job = run.jobs[0].clone();
        test.cluster.has_job(&job).await;
        let [first, second, _] = &self.0;
        let cut = Cut {
            at: first.len(),
            rotated: Some(second.clone()),
            silent: true,
            ..Cut::default()
        };
        // The first reading is of what there is, and the second one follows.
        test.cluster.cut_next_reading(&job, Cut::never());
        test.cluster.cut_next_reading(&job, cut);
        let (begun, rest) = first.split_at(10_000);
        test.cluster.print_raw(&job, begun);
        test.cluster.run_pod(&job);
        test.cluster.opened(&job, 2).await;
        test.cluster.print_raw(&job, rest);
        held(1).await;
        (run, job)
    }

    async fn check(&self, test: &TestApp, run: &Run, job: &str) {
        test.cluster.complete_pod(job);
        let events = run.events().await;
        let gap = events.iter().find(|event| event.kind == "log_gap");
        assert_eq!(gap, None);
        assert!(run.stored(0).await.as_bytes() == self.0.concat());
        let told = output_of(&events, 0);
        assert_eq!(told.lines().count() as u64, 3 * Self::LINES);
        assert_eq!(run.variation(0).await["complete"], true);
    }

    /// Waits until the last line of a file is told.
    async fn told(&self, run: &Run, file: u64) {
        let seq = format!("\"seq\":{},", (file + 1) * Self::LINES);
        let last = |event: &Event| {
            let content = event.data["content"].as_str();
            content.is_some_and(|content| content.contains(&seq))
        };
        run.event(last).await;
    }
}

#[tokio::test]
async fn a_file_that_the_follow_leaves_out_is_read_all_the_same() {
    let _alone = ALONE.lock().await;
    let test = TestApp::spawn().await;
    let flood = Flood::new();
    let (run, job) = flood.start(&test).await;
    test.cluster.rotate(&job, flood.0[2].clone());
    test.cluster.jump(&job);
    flood.told(&run, 1).await;
    flood.check(&test, &run, &job).await;
}

#[tokio::test]
async fn a_follow_that_sees_nothing_of_the_current_file_is_given_up() {
    let _alone = ALONE.lock().await;
    let test = TestApp::spawn().await;
    let flood = Flood::new();
    let (run, job) = flood.start(&test).await;
    // While the container runs, and nothing else happens.
    flood.told(&run, 1).await;
    test.cluster.rotate(&job, flood.0[2].clone());
    flood.check(&test, &run, &job).await;
}

#[tokio::test]
async fn a_follow_that_comes_to_the_next_file_by_itself_is_kept() {
    let _alone = ALONE.lock().await;
    let test = TestApp::spawn().await;
    let flood = Flood::new();
    let (run, job) = flood.start(&test).await;
    test.cluster.jump(&job);
    flood.told(&run, 1).await;
    test.cluster.rotate(&job, flood.0[2].clone());
    flood.check(&test, &run, &job).await;
}
