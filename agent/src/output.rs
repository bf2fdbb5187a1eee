//! The only writer of stdout: numbers the lines, joins and splits, paces.
//!
//! Invariants: a line is at most [`MAX_LINE_BYTES`] long with its newline and goes out in one write;
//! `seq` has no hole; the secret is in no line, also where it comes in pieces; text waits at most
//! [`TEXT_DELAY`] to be joined with what follows. The pace
//! ([`Pace`]) keeps the container's log from being rotated faster than a follower reads it.

mod fit;

use std::{io, time::Duration};

use aideator_agent::protocol::{Body, Line, Outcome, PatchPart, Step, VERSION, split};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::{Instant, sleep, timeout_at},
};
use tokio_util::sync::CancellationToken;

use self::fit::{VALUE_ROOM, fit};

/// Longest time that model output waits to be joined with what follows.
const TEXT_DELAY: Duration = Duration::from_millis(50);

/// Longest time that what may be the beginning of the secret waits for the rest of it.
const HELD_DELAY: Duration = Duration::from_secs(5);

/// Model output joined into one line at most, before JSON escapes.
const TEXT_BYTES: usize = 4 * 1024;

/// MiB after which only what the result needs is printed, where the configuration says nothing.
pub(crate) const TOTAL_MIB: u64 = 32;

/// A shorter secret is none, and replacing it would harm what is printed.
const SECRET_BYTES: usize = 8;

/// Whether a key is one that must not be seen.
pub(crate) fn is_secret(key: &str) -> bool {
    key.len() >= SECRET_BYTES
}

/// What the writer is told.
enum Message {
    Print(Body),
    /// To answer when all before is written.
    Flush(oneshot::Sender<()>),
}

/// A handle to the writer. Printing waits while the writer is behind.
#[derive(Clone)]
pub(crate) struct Output {
    messages: mpsc::Sender<Message>,
    full: CancellationToken,
}

impl Output {
    /// Starts the writer; it ends, and its task with the result, when the last handle is dropped.
    ///
    /// `secret` is never printed, whoever says it; providers repeat keys that they refuse.
    /// After `total_mib` only what the result needs is printed.
    pub(crate) fn start<W>(
        writer: W,
        secret: &str,
        total_mib: u64,
    ) -> (Self, JoinHandle<io::Result<()>>)
    where
        W: AsyncWrite + Unpin + Send + 'static,
    {
        let (messages, receiver) = mpsc::channel(64);
        let full = CancellationToken::new();
        let writer = Writer::new(writer, secret, total_mib << 20, full.clone());
        (Self { messages, full }, tokio::spawn(writer.run(receiver)))
    }

    /// Waits until more was to be printed than is allowed.
    pub(crate) async fn full(&self) {
        self.full.cancelled().await;
    }

    /// Whether more was to be printed than is allowed, all that was said so far considered.
    pub(crate) async fn is_full(&self) -> bool {
        let (done, written) = oneshot::channel();
        // Without a writer stdout is broken, which its task's result says.
        let _ = self.messages.send(Message::Flush(done)).await;
        let _ = written.await;
        self.full.is_cancelled()
    }

    /// Prints a line, or several where the values are long.
    pub(crate) async fn print(&self, body: Body) {
        // The writer only goes before us when stdout is broken; its task's result says so.
        let _ = self.messages.send(Message::Print(body)).await;
    }

    /// Prints model output.
    pub(crate) async fn text(&self, delta: impl Into<String>) {
        let delta = delta.into();
        self.print(Body::Text { delta }).await;
    }

    /// Prints what the run is doing.
    pub(crate) async fn status(&self, step: Step, message: impl Into<String>) {
        let message = message.into();
        self.print(Body::Status { step, message }).await;
    }

    /// Prints a failure.
    pub(crate) async fn error(&self, code: &str, message: impl Into<String>, retryable: bool) {
        let code = code.to_owned();
        let message = message.into();
        self.print(Body::Error {
            code,
            message,
            retryable,
        })
        .await;
    }

    /// Prints the last line.
    pub(crate) async fn finished(&self, outcome: Outcome, summary: &str, reason: Option<&str>) {
        let summary = summary.to_owned();
        let reason = reason.map(str::to_owned);
        self.print(Body::Finished {
            outcome,
            summary,
            reason,
        })
        .await;
    }
}

/// Model output that waits to be joined.
struct Pending {
    reasoning: bool,
    text: String,
    since: Instant,
}

struct Writer<W> {
    stdout: W,
    /// Absent where there is nothing to hide.
    secret: Option<String>,
    seq: u64,
    bytes: u64,
    total: u64,
    full: CancellationToken,
    pace: Pace,
    pending: Option<Pending>,
}

impl<W: AsyncWrite + Unpin> Writer<W> {
    fn new(stdout: W, secret: &str, total: u64, full: CancellationToken) -> Self {
        Self {
            stdout,
            secret: is_secret(secret).then(|| secret.to_owned()),
            seq: 0,
            bytes: 0,
            total,
            full,
            pace: Pace::new(),
            pending: None,
        }
    }

    async fn run(mut self, mut messages: mpsc::Receiver<Message>) -> io::Result<()> {
        loop {
            let message = match &self.pending {
                None => messages.recv().await,
                Some(pending) => {
                    let until = pending.since + TEXT_DELAY;
                    let Ok(message) = timeout_at(until, messages.recv()).await else {
                        self.flush_text(false).await?;
                        // What is held back waits for what follows, however long that takes.
                        if let Some(held) = &mut self.pending {
                            held.since = Instant::now() + HELD_DELAY;
                        }
                        continue;
                    };
                    message
                }
            };
            match message {
                Some(Message::Print(Body::Text { delta })) => self.join(false, &delta).await?,
                Some(Message::Print(Body::Reasoning { delta })) => self.join(true, &delta).await?,
                Some(Message::Print(body)) => {
                    self.flush_text(true).await?;
                    for body in fit(self.redact(body)) {
                        self.line(body).await?;
                    }
                }
                Some(Message::Flush(done)) => {
                    self.flush_text(true).await?;
                    // Who asked may have gone.
                    let _ = done.send(());
                }
                None => return self.flush_text(true).await,
            }
        }
    }

    async fn join(&mut self, reasoning: bool, delta: &str) -> io::Result<()> {
        if self.pending.as_ref().map(|pending| pending.reasoning) == Some(!reasoning) {
            self.flush_text(true).await?;
        }
        let pending = self.pending.get_or_insert_with(|| Pending {
            reasoning,
            text: String::new(),
            since: Instant::now(),
        });
        // What was held back does not hold up what follows.
        pending.since = pending.since.min(Instant::now());
        pending.text.push_str(delta);
        if pending.text.len() >= TEXT_BYTES {
            self.flush_text(false).await?;
        }
        Ok(())
    }

    /// Prints what waits; unless it is `all`, not what may be the beginning of the secret.
    async fn flush_text(&mut self, all: bool) -> io::Result<()> {
        let Some(mut pending) = self.pending.take() else {
            return Ok(());
        };
        pending.text = self.redacted(pending.text);
        if !all {
            let held = self.held(&pending.text);
            let rest = pending.text.split_off(pending.text.len() - held);
            if !rest.is_empty() {
                self.pending = Some(Pending {
                    reasoning: pending.reasoning,
                    text: rest,
                    since: Instant::now(),
                });
            }
        }
        for delta in split(&pending.text, VALUE_ROOM) {
            let delta = delta.to_owned();
            self.line(if pending.reasoning {
                Body::Reasoning { delta }
            } else {
                Body::Text { delta }
            })
            .await?;
        }
        Ok(())
    }

    /// Bytes at the end of a text that may be the beginning of the secret.
    fn held(&self, text: &str) -> usize {
        let Some(secret) = &self.secret else {
            return 0;
        };
        (1..secret.len())
            .rev()
            .find(|length| text.as_bytes().ends_with(&secret.as_bytes()[..*length]))
            .unwrap_or(0)
    }

    fn redacted(&self, text: String) -> String {
        match &self.secret {
            Some(secret) if text.contains(secret) => text.replace(secret, "[secret]"),
            _ => text,
        }
    }

    /// Takes the secret out of values that may be cut into several lines.
    fn redact(&self, body: Body) -> Body {
        match body {
            Body::ToolCall {
                id,
                name,
                arguments,
                more,
            } => Body::ToolCall {
                id,
                name,
                arguments: self.redacted(arguments),
                more,
            },
            Body::ToolResult {
                id,
                ok,
                output,
                truncated,
                more,
            } => Body::ToolResult {
                id,
                ok,
                output: self.redacted(output),
                truncated,
                more,
            },
            other => other,
        }
    }

    /// Writes a line unless the cap is reached and the result can do without it.
    async fn line(&mut self, body: Body) -> io::Result<()> {
        if self.bytes < self.total || is_result(&body) {
            return self.write(body).await;
        }
        if self.full.is_cancelled() {
            return Ok(());
        }
        self.full.cancel();
        self.write(Body::Error {
            code: "output_limit".to_owned(),
            message: format!(
                "More than {} MiB were printed; from here on only results are.",
                self.total >> 20
            ),
            retryable: false,
        })
        .await
    }

    async fn write(&mut self, body: Body) -> io::Result<()> {
        self.seq += 1;
        let line = Line {
            v: VERSION,
            seq: self.seq,
            ts: format!("{:.3}", jiff::Timestamp::now()),
            body,
        };
        let mut json = line.to_json()?;
        if let Some(secret) = &self.secret {
            // As it stands in a line: it may have quotes.
            let secret = serde_json::to_string(secret)?;
            let secret = &secret[1..secret.len() - 1];
            if json.contains(secret) {
                json = json.replace(secret, "[secret]");
            }
        }
        json.push('\n');
        self.pace.wait(json.len()).await;
        self.bytes += json.len() as u64;
        self.stdout.write_all(json.as_bytes()).await?;
        self.stdout.flush().await
    }
}

/// Whether a line is printed however much was printed before.
fn is_result(body: &Body) -> bool {
    matches!(
        body,
        Body::Usage { .. }
            | Body::Check { .. }
            | Body::BaseCheck { .. }
            | Body::Comparison(_)
            | Body::Judgement(_)
            | Body::Verdict(_)
            | Body::Published { .. }
            | Body::Patch(PatchPart { .. })
            | Body::Error { .. }
            | Body::Finished { .. }
    )
}

/// A token bucket: [`Pace::BURST`] bytes at once, [`Pace::RATE`] bytes a second sustained.
struct Pace {
    tokens: f64,
    at: Instant,
}

impl Pace {
    const RATE: f64 = 1024.0 * 1024.0;
    const BURST: f64 = 4.0 * Self::RATE;

    fn new() -> Self {
        Self {
            tokens: Self::BURST,
            at: Instant::now(),
        }
    }

    async fn wait(&mut self, bytes: usize) {
        let now = Instant::now();
        let earned = (now - self.at).as_secs_f64() * Self::RATE;
        #[expect(clippy::cast_precision_loss, reason = "a line has few bytes")]
        let wanted = bytes as f64;
        self.tokens = (self.tokens + earned).min(Self::BURST) - wanted;
        self.at = now;
        if self.tokens < 0.0 {
            sleep(Duration::from_secs_f64(-self.tokens / Self::RATE)).await;
        }
    }
}

#[cfg(test)]
mod tests;
