//! From a dead server to one that follows every log again.

use std::time::{Duration, Instant};

use super::client::stream;
use super::row;
use crate::support::{OwnServer, within};

const RUNS: usize = 4;

pub(super) async fn measure(own: &mut OwnServer) {
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        let script = "for i in $(seq 600); do echo line $i; sleep 0.1; done";
        runs.push(own.run(script, 5).await);
    }
    followers(own, 5 * RUNS).await;
    own.kill();
    let began = Instant::now();
    own.start();
    followers(own, 5 * RUNS).await;
    row::at_most(
        &format!("restart to all followers attached, {} agents", 5 * RUNS),
        began.elapsed().as_secs_f64(),
        "",
        3.0,
        "s",
    );
    own.ready().await;
    let mut lines = 0;
    for run in &runs {
        lines += stream(own, run, None).await.unwrap().lines;
    }
    let all = u32::try_from(600 * 5 * RUNS).unwrap();
    let share = 100.0 * f64::from(u32::try_from(lines).unwrap()) / f64::from(all);
    row::at_least("lines that came over the restart", share, "", 100.0);
}

/// Waits until so many `kubectl logs -f` of the server run.
pub(super) async fn followers(own: &OwnServer, count: usize) {
    let attached = async {
        while own.children(&["logs", "-f"]).len() < count {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    within(600, "the followers", attached).await;
}
