//! Starting the server, and starting runs.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;

use super::client::percentile;
use super::process::rss;
use super::row;
use crate::support::OwnServer;

const TIMES: usize = 20;

pub(super) async fn measure(own: &mut OwnServer) {
    let mut starts = Vec::new();
    for _ in 0..TIMES {
        own.kill();
        let began = Instant::now();
        own.start();
        own.ready().await;
        starts.push(micros(began.elapsed()));
    }
    // Until its first requests and watches are over.
    tokio::time::sleep(Duration::from_secs(10)).await;
    row::at_most("idle server RSS", rss(own.pid()), "", 24.0, "MiB");
    row::at_most(
        &format!("start to healthy, p50 of {TIMES}"),
        percentile(&mut starts, 50),
        "",
        300.0,
        "ms",
    );
    let (mut accepted, mut exist, mut applies) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..TIMES {
        let began = Instant::now();
        let run = own.run("true; # nothing to do", 5).await;
        accepted.push(micros(began.elapsed()));
        let view = ended(own, &run).await;
        let times = &view["variations"][0]["timings"];
        exist.push(between(&view["created_at"], &times["applied_at"]));
        let commands = own.api.get(&format!("/runs/{run}/commands")).await;
        let commands = commands.expect(200).json();
        let apply = commands["commands"].as_array().unwrap().iter();
        let apply = apply.clone().find(|call| call["argv"][1] == "apply");
        applies.push(apply.unwrap()["duration_ms"].as_u64().unwrap() * 1000);
    }
    let [p50, p99] = [50, 99].map(|p| percentile(&mut accepted, p));
    row::figure(
        &format!("POST to 202, five agents, p50 of {TIMES}"),
        &format!("{p50:.1} ms (p99 {p99:.1})"),
        "",
    );
    let apply = percentile(&mut applies, 50);
    row::at_most(
        &format!("POST to five Jobs exist, p50 of {TIMES}"),
        percentile(&mut exist, 50),
        &format!("{apply:.0} ms (its kubectl apply)"),
        400.0,
        "ms",
    );
}

/// The run, when it has ended.
async fn ended(own: &OwnServer, run: &str) -> Value {
    let stream = super::client::stream(own, run, None);
    stream.await.unwrap();
    own.api.run(run).await
}

fn between(from: &Value, to: &Value) -> u64 {
    let [from, to] = [from, to].map(|at| at.as_str().unwrap().parse::<Timestamp>().unwrap());
    u64::try_from(to.duration_since(from).as_micros()).unwrap()
}

pub(super) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap()
}
