//! Five containers that print 100 MB each as fast as they can.

use std::time::{Duration, Instant};

use super::client::{kubectl, stream, stream_for};
use super::process::{cpu, rss};
use super::row;
use crate::support::{FLOOD, FLOOD_LINES, OwnServer, within};

/// How long the crowd reads.
const CROWD: Duration = Duration::from_secs(20);

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of lines are far below 2^53"
)]
pub(super) async fn measure(own: &OwnServer) {
    let (before, began) = (cpu(own.pid()), Instant::now());
    let run = own.run(FLOOD, 5).await;
    let mut bare = tokio::task::JoinSet::new();
    for index in 0..5 {
        let reader = kubectl(own, &run, index, None);
        bare.spawn(async move { (reader.await.unwrap(), began.elapsed()) });
    }
    let client = stream(own, &run, None);
    let seen = within(900, "the flood's end", client).await.unwrap();
    let took = began.elapsed();
    let used = cpu(own.pid()) - before;
    let bare = bare.join_all().await;
    let bare_lines: u64 = bare.iter().map(|(seen, _)| seen.lines).sum();
    let bare_took = bare.iter().map(|(_, took)| *took).max().unwrap();
    let all = (5 * FLOOD_LINES) as f64;
    let share = |lines: u64| 100.0 * lines as f64 / all;
    row::at_least(
        "lines streamed, 5 × 100 MB flat out",
        share(seen.lines),
        &format!("{:.1} %", share(bare_lines)),
        100.0,
    );
    let mut stored = 0;
    for index in 0..5 {
        let variation = own.variation(&run, index).await;
        stored += variation["lines"].as_u64().unwrap_or(0);
        assert_eq!(variation["complete"], true, "{variation}");
    }
    row::at_least(
        "lines stored, 5 × 100 MB flat out",
        share(stored),
        "",
        100.0,
    );
    let rate = |lines: u64, time: Duration| lines as f64 / time.as_secs_f64();
    row::at_least(
        "lines a second, of bare kubectl's",
        100.0 * rate(seen.lines, took) / rate(bare_lines, bare_took),
        &format!(
            "{:.0} lines/s (we: {:.0})",
            rate(bare_lines, bare_took),
            rate(seen.lines, took)
        ),
        90.0,
    );
    row::figure(
        "server CPU, 5 × 100 MB with one client",
        &format!("{used:.1} s of {:.0} s", took.as_secs_f64()),
        "",
    );
    crowd(own, &run).await;
}

/// A hundred clients on those logs, of which ten are slow.
async fn crowd(own: &OwnServer, run: &str) {
    let clients: Vec<_> = (0..100)
        .map(|i| stream_for(own, run, CROWD, (i % 10 == 0).then_some(100_000)))
        .collect();
    let began = Instant::now();
    let mut most: f64 = 0.0;
    while began.elapsed() < CROWD {
        most = most.max(rss(own.pid()));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut bytes = 0;
    for client in clients {
        bytes += client.await.unwrap();
    }
    row::at_most(
        "server RSS, 5 × 100 MB, 100 clients of which 10 read 100 kB/s",
        most,
        &format!("{} MB sent in {} s", bytes / 1_000_000, CROWD.as_secs()),
        40.0,
        "MiB",
    );
}
