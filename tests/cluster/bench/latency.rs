//! From a line's printing to its reading, through us and through bare kubectl, side by side.

use std::time::Instant;

use super::client::{Seen, kubectl, percentile, stream};
use super::process::{cpu, rss};
use super::row;
use crate::support::OwnServer;

const AGENTS: u64 = 5;
/// Lines of the first seconds do not count: not everybody was there.
const WARM_UP: u64 = 4;

/// Prints RATE lines a second for SECONDS, each with its time.
const PRINT: &str = r#"exec python3 -u - <<'END'
import sys, time
rate, total, pad = RATE, RATE * SECONDS, "x" * 60
start, sent = time.time(), 0
while sent < total:
    due = min(total, int((time.time() - start) * rate) + 1)
    while sent < due:
        sent += 1
        sys.stdout.write("t=%d n=%d %s\n" % (time.time_ns(), sent, pad))
    time.sleep(max(0.0, start + sent / rate - time.time()))
END
"#;

/// One load, and what is asked of it.
struct Load {
    rate: u64,
    seconds: u64,
    clients: usize,
    /// Most that may be added to kubectl's own delay, milliseconds: p50 and p99.
    added: [Option<f64>; 2],
    /// Most CPU seconds of the server for 100,000 lines.
    cpu: Option<f64>,
}

const LOADS: [Load; 7] = [
    load(10, 1, [None, None], None),
    load(200, 1, [Some(1.0), Some(5.0)], Some(5.0)),
    load(200, 20, [None, None], Some(25.0)),
    load(200, 100, [None, Some(20.0)], None),
    load(1000, 1, [None, None], None),
    load(4000, 1, [None, None], Some(2.0)),
    load(4000, 20, [None, None], Some(5.0)),
];

const fn load(rate: u64, clients: usize, added: [Option<f64>; 2], cpu: Option<f64>) -> Load {
    Load {
        rate,
        seconds: 30,
        clients,
        added,
        cpu,
    }
}

pub(super) async fn measure(own: &OwnServer) {
    for load in &LOADS {
        one(own, load).await;
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of lines are far below 2^53"
)]
async fn one(own: &OwnServer, load: &Load) {
    let Load {
        rate,
        seconds,
        clients,
        ..
    } = *load;
    let script = PRINT
        .replace("RATE", &rate.to_string())
        .replace("SECONDS", &seconds.to_string());
    let (before, began) = (cpu(own.pid()), Instant::now());
    let run = own.run(&script, 5).await;
    let from = Some(rate * WARM_UP);
    let bare: Vec<_> = (0..5)
        .map(|index| kubectl(own, &run, index, from))
        .collect();
    // A few clients measure, so that the measuring is no load of its own.
    let streams: Vec<_> = (0..clients)
        .map(|i| stream(own, &run, from.filter(|_| i % 25 == 0)))
        .collect();
    let mut bare = gather(bare).await;
    let mut ours = gather(streams).await;
    let used = cpu(own.pid()) - before;
    let memory = rss(own.pid());
    let clients_word = if clients == 1 { "client" } else { "clients" };
    let name = format!("{AGENTS} × {rate} lines/s, {clients} {clients_word}");
    let [ours_50, ours_99] = [50, 99].map(|p| percentile(&mut ours.delays, p));
    let [bare_50, bare_99] = [50, 99].map(|p| percentile(&mut bare.delays, p));
    for (p, ours, bare, limit) in [
        (50, ours_50, bare_50, load.added[0]),
        (99, ours_99, bare_99, load.added[1]),
    ] {
        let what = format!("added delay p{p}, {name}");
        let bare_text = format!("{bare:.2} ms (we: {ours:.2})");
        match limit {
            Some(limit) => row::at_most(&what, ours - bare, &bare_text, limit, "ms"),
            None => row::figure(&what, &format!("{:.2} ms", ours - bare), &bare_text),
        }
    }
    let expected = AGENTS * rate * seconds;
    let share = 100.0 * ours.lines as f64 / (expected * clients as u64) as f64;
    let bare_share = format!("{:.3} %", 100.0 * bare.lines as f64 / expected as f64);
    row::at_least(
        &format!("lines that came, {name}"),
        share,
        &bare_share,
        100.0,
    );
    let per_100k = used * 100_000.0 / expected as f64;
    let what = format!("server CPU for 100,000 lines, {name}");
    match load.cpu {
        Some(limit) => row::at_most(&what, per_100k, "", limit, "s"),
        None => row::figure(&what, &format!("{per_100k:.2} s"), ""),
    }
    row::figure(
        &format!("server RSS, {name}"),
        &format!("{memory:.1} MiB"),
        &format!("{:.0} s in all", began.elapsed().as_secs_f64()),
    );
}

/// What several readers have seen, taken together.
async fn gather(readers: Vec<tokio::task::JoinHandle<Seen>>) -> Seen {
    let mut all = Seen::default();
    for reader in readers {
        let seen = reader.await.unwrap();
        all.lines += seen.lines;
        all.bytes += seen.bytes;
        all.delays.extend(seen.delays);
    }
    all
}
