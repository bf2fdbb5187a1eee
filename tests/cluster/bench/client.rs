//! Readers: of an event stream, and of bare `kubectl logs -f`.

#![expect(
    clippy::disallowed_methods,
    reason = "bare kubectl is what is measured against, and clients are not the server's tasks"
)]

use std::process::Stdio;
use std::time::{Duration, SystemTime};

use futures::StreamExt as _;
use memchr::memmem;
use tokio::io::AsyncReadExt as _;
use tokio::task::JoinHandle;

use crate::support::OwnServer;

/// What an agent's line begins with: the nanosecond of its printing and its number.
const MARK: &[u8] = b"t=";
/// Digits of a time in nanoseconds.
const DIGITS: usize = 19;

/// What one reader has seen.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) lines: u64,
    pub(super) bytes: u64,
    /// From printing to reading, microseconds; of lines behind the first ones only.
    pub(super) delays: Vec<u64>,
}

/// Whose delays count: lines with a number above this, of a reader that measures.
pub(super) type Above = Option<u64>;

impl Seen {
    /// Takes text that ends where a line or frame does.
    fn take(&mut self, text: &[u8], line_mark: &[u8], above: Above) {
        self.lines += memmem::find_iter(text, line_mark).count() as u64;
        let Some(above) = above else {
            return;
        };
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = u64::try_from(now.unwrap().as_nanos()).unwrap();
        for at in memmem::find_iter(text, MARK) {
            let rest = &text[at + MARK.len()..];
            let number = |digits: &[u8]| std::str::from_utf8(digits).ok()?.parse::<u64>().ok();
            let Some(printed) = rest.get(..DIGITS).and_then(number) else {
                continue;
            };
            let n = rest[DIGITS..].strip_prefix(b" n=").unwrap_or_default();
            let n = n
                .split(|byte| !byte.is_ascii_digit())
                .next()
                .and_then(number);
            if n.is_some_and(|n| n > above) {
                self.delays.push(now.saturating_sub(printed) / 1000);
            }
        }
    }
}

/// The whole of a run's event stream.
pub(super) fn stream(own: &OwnServer, run: &str, above: Above) -> JoinHandle<Seen> {
    let request = own
        .api
        .request(reqwest::Method::GET, &format!("/runs/{run}/stream"));
    tokio::spawn(async move {
        let mut chunks = request.send().await.unwrap().bytes_stream();
        let (mut seen, mut held) = (Seen::default(), Vec::new());
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.unwrap();
            seen.bytes += chunk.len() as u64;
            held.extend_from_slice(&chunk);
            let whole = memmem::rfind(&held, b"\n\n").map_or(0, |at| at + 2);
            seen.take(&held[..whole], b"event: agent_output\n", above);
            held.drain(..whole);
        }
        seen
    })
}

/// Reads a stream for some time, at most so many bytes a second, and hangs up.
pub(super) fn stream_for(
    own: &OwnServer,
    run: &str,
    time: Duration,
    rate: Option<u64>,
) -> JoinHandle<u64> {
    let request = own
        .api
        .request(reqwest::Method::GET, &format!("/runs/{run}/stream"));
    tokio::spawn(async move {
        let began = tokio::time::Instant::now();
        let mut bytes = 0;
        let reading = async {
            let mut chunks = request.send().await.unwrap().bytes_stream();
            while let Some(Ok(chunk)) = chunks.next().await {
                bytes += chunk.len() as u64;
                if let Some(rate) = rate {
                    let due = Duration::from_millis(bytes * 1000 / rate);
                    tokio::time::sleep_until(began + due).await;
                }
            }
        };
        // The end of the time is the end of the reading, whatever it was at.
        let _ = tokio::time::timeout(time, reading).await;
        bytes
    })
}

/// What people type, as soon as it can be had: `kubectl logs -f job/NAME`, to its end.
pub(super) fn kubectl(own: &OwnServer, run: &str, index: usize, above: Above) -> JoinHandle<Seen> {
    let job = format!("job/agent-{run}-{index}");
    let namespace = own.namespace.clone();
    tokio::spawn(async move {
        let mut seen = Seen::default();
        // Before its container runs, kubectl fails at once.
        while seen.bytes == 0 {
            let mut child = tokio::process::Command::new("kubectl")
                .args(["logs", "-f", &job, "-n", &namespace])
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .kill_on_drop(true)
                .spawn()
                .unwrap();
            let mut stdout = child.stdout.take().unwrap();
            let mut held = Vec::new();
            while stdout.read_buf(&mut held).await.unwrap() > 0 {
                let whole = memchr::memrchr(b'\n', &held).map_or(0, |at| at + 1);
                seen.bytes += whole as u64;
                seen.take(&held[..whole], b"\n", above);
                held.drain(..whole);
            }
            child.wait().await.unwrap();
        }
        seen
    })
}

/// The p-th percentile of delays, milliseconds.
#[expect(
    clippy::cast_precision_loss,
    reason = "delays are far below 2^53 microseconds"
)]
pub(super) fn percentile(delays: &mut [u64], p: usize) -> f64 {
    if delays.is_empty() {
        return f64::NAN;
    }
    let at = (delays.len() * p / 100).min(delays.len() - 1);
    let (_, delay, _) = delays.select_nth_unstable(at);
    *delay as f64 / 1000.0
}
