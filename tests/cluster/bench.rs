//! What AIdeator costs beside bare kubectl. Measurements, not tests: `scripts/bench` runs them and
//! says how, `cargo test` leaves them out.
//!
//! Every figure stands beside that of `kubectl` in the same run, where kubectl has one: the machine's
//! own speed and load are then the same for both. The agents are shells whose lines carry the time at
//! which they were printed; the server is a process of its own on this machine, with its own namespace.

mod client;
mod flood;
mod keys;
mod latency;
mod many;
mod process;
mod restart;
mod row;
mod start;

use crate::support::OwnServer;

/// A server that refuses no load.
async fn server() -> OwnServer {
    let settings = [
        ("MAX_RUNNING_VARIATIONS", "0"),
        ("RATE_LIMIT_PER_MINUTE", "100000"),
        ("LOGIN_ATTEMPTS_PER_MINUTE", "10000"),
    ];
    let own = OwnServer::spawn(&settings).await;
    own.expect("the cluster of scripts/cluster")
}

#[tokio::test]
#[ignore = "a measurement: scripts/bench"]
async fn start() {
    start::measure(&mut server().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement: scripts/bench"]
async fn latency() {
    latency::measure(&server().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement: scripts/bench"]
async fn flood() {
    flood::measure(&server().await).await;
}

#[tokio::test]
#[ignore = "a measurement: scripts/bench"]
async fn keys() {
    keys::measure(&server().await).await;
}

#[tokio::test]
#[ignore = "a measurement: scripts/bench"]
async fn restart() {
    restart::measure(&mut server().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement: scripts/bench"]
async fn many() {
    many::measure(&server().await).await;
}
