//! As many agents at once as the node takes.

use std::time::{Duration, Instant};

use super::process::{cpu, pss, rss};
use super::restart::followers;
use super::row;
use crate::support::{OwnServer, within};

/// Of five agents each, which ask for 10m of CPU: two cores hold 185.
const RUNS: usize = 36;

pub(super) async fn measure(own: &OwnServer) {
    let count = 5 * RUNS;
    let (before, began) = (cpu(own.pid()), Instant::now());
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        runs.push(
            own.run(
                "echo here; trap 'echo gone; exit 3' TERM; sleep 900 & wait",
                5,
            )
            .await,
        );
    }
    let accepted = began.elapsed();
    followers(own, count).await;
    row::figure(
        &format!("{count} agents at once: all accepted, all followed"),
        &format!(
            "{:.1} s, {:.0} s",
            accepted.as_secs_f64(),
            began.elapsed().as_secs_f64()
        ),
        "",
    );
    let children = own.children(&["logs", "-f"]);
    let shared: f64 = children.iter().map(|pid| pss(*pid)).sum();
    row::figure(
        &format!("memory with {count} agents"),
        &format!("{:.1} MiB server", rss(own.pid())),
        &format!("{shared:.0} MiB in {} kubectl (PSS)", children.len()),
    );
    let began = Instant::now();
    for run in &runs {
        own.api.delete(&format!("/runs/{run}")).await.expect(202);
    }
    let mut lines = 0;
    for run in &runs {
        let stream = super::client::stream(own, run, None);
        let seen = within(600, "the end of a cancelled run", stream).await;
        lines += seen.unwrap().lines;
        assert_eq!(own.api.run(run).await["status"], "cancelled");
    }
    row::figure(
        &format!("{count} agents cancelled and proved gone"),
        &format!("{:.0} s", began.elapsed().as_secs_f64()),
        &format!("{lines} lines of {}", 2 * count),
    );
    tokio::time::sleep(Duration::from_secs(1)).await;
    row::figure(
        &format!("server CPU for all of that, {count} agents"),
        &format!("{:.1} s", cpu(own.pid()) - before),
        "",
    );
}
