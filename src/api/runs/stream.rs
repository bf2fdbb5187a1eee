//! `GET /api/v1/runs/{id}/stream`: server-sent events
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).
//!
//! Frames are written by hand into one buffer a wake-up: a client costs no task, no queue, no lock
//! and no allocation per line.

mod access;

use std::io::Write as _;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::stream;
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::error;
use utoipa::{IntoParams, ToSchema};

use self::access::{Access, enter};
use super::{find_agent, readable_run};
use crate::api::error::{ApiError, ApiResult, Problem};
use crate::api::extract::{Path, Query};
use crate::app::AppState;
use crate::auth::{CurrentUser, Entered};
use crate::clock;
use crate::logs::Piece;
use crate::stream::{Item, RunReader, Step, StreamError, Token};
use crate::telemetry::metrics;

/// The longest silence on a stream.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// A buffer is sent when it holds this many bytes, though there be more to tell.
const FULL: usize = 64 * 1024;
/// Pause between two sends to one client, so that a wake-up, a read and a write are not spent on
/// each line: first, for each further reader of the run, and longest. What comes after a silence is
/// sent at once.
const PAUSE: (Duration, Duration, Duration) = (
    Duration::from_millis(1),
    Duration::from_micros(250),
    Duration::from_millis(10),
);
/// How long a client waits before it comes back, in milliseconds.
const RETRY_MS: u32 = 3000;

/// One event of a stream.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "frames are written by hand; this is their documentation"
)]
pub struct StreamEvent {
    /// Where the client is after it; not of heartbeats.
    #[schema(example = "e3.1042.0.77", required = false, nullable = false)]
    id: Option<String>,
    /// `heartbeat`, `agent_output`, `agent_status`, `agent_error`, `agent_complete`, `agent_retry`,
    /// `log_gap` or `run_complete`.
    #[schema(example = "agent_output")]
    event: String,
    /// A JSON object.
    #[schema(
        example = r#"{"variation_id":0,"content":"hello","timestamp":"2026-11-22T21:00:00.31Z","offset":0}"#
    )]
    data: String,
    /// Milliseconds to wait before a reconnect; of the first one.
    #[schema(example = 3000, required = false, nullable = false)]
    retry: Option<u32>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct StreamQuery {
    /// Only this variation; the stream then ends with its end.
    #[param(minimum = 0, maximum = 255, example = 0)]
    variation: Option<u8>,
    /// Go on after this `id`, like the header `Last-Event-ID`, which wins.
    after: Option<String>,
}

/// Everything that happens in a run, from its start or from an id, until its end.
///
/// Events: `heartbeat`, `agent_output`, `agent_status`, `agent_error`, `agent_complete`, `agent_retry`
/// (what follows of that variation is its next attempt's, offsets from 0), `log_gap`, `run_complete`. Send the last `id` back as `Last-Event-ID` to get every following event once.
#[utoipa::path(
    get, path = "/api/v1/runs/{id}/stream", tag = "runs",
    params(("id" = String, Path), StreamQuery, ("Last-Event-ID" = Option<String>, Header)),
    responses(
        (status = 200, content_type = "text/event-stream", body = StreamEvent, description = "one event after the other"),
        (status = 204, description = "all of it was sent already"),
        (status = 400, body = Problem), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 429, body = Problem, description = "the account (`too_many_streams`) or the share link (`too_many_share_streams`) has too many streams open"),
    )
)]
pub async fn stream_run(
    app: AppState,
    user: CurrentUser,
    Path(id): Path<String>,
    Query(query): Query<StreamQuery>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let run = readable_run(&app, &user, &id).await?;
    if let Some(index) = query.variation {
        find_agent(&run, index)?;
    }
    let token = position(&headers, query.after.as_deref())?;
    let (db, store) = (app.db.clone(), app.store.clone());
    let reader = RunReader::new(db, store, &run, query.variation, token)
        .await
        .map_err(refuse)?;
    if reader.is_at_end() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let mut first = format!("retry: {RETRY_MS}\n").into_bytes();
    heartbeat(&mut first, &id);
    let entered = enter(&app, &user)?;
    let frames = Frames {
        reader,
        access: Access::new(&app, user),
        run_id: id,
        buffer: first,
        soft: app.lifecycle.soft().clone(),
        last: false,
        _open: (metrics::Open::stream(), entered),
        sent: Instant::now(),
        due: Instant::now() + HEARTBEAT,
    };
    let body = Body::from_stream(stream::unfold(frames, Frames::next));
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache, no-transform"),
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, body).into_response())
}

fn position(headers: &HeaderMap, after: Option<&str>) -> ApiResult<Option<Token>> {
    let header = headers
        .get("last-event-id")
        .map(|value| value.to_str().unwrap_or("?"));
    match header.or(after).filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => text
            .parse()
            .map(Some)
            .map_err(|error| refuse(StreamError::Token(error))),
    }
}

fn refuse(error: StreamError) -> ApiError {
    match error {
        StreamError::Token(error) => ApiError::bad_request(error.to_string()),
        other => ApiError::internal(other.into()),
    }
}

struct Frames {
    reader: RunReader,
    access: Access,
    run_id: String,
    buffer: Vec<u8>,
    soft: CancellationToken,
    last: bool,
    /// It is counted while it lives.
    _open: (metrics::Open, Entered),
    /// When something was last sent.
    sent: Instant,
    /// When a heartbeat is due, should nothing else be sent until then.
    due: Instant,
}

impl Frames {
    /// The next frames; `None` ends the response cleanly, so that the client comes back if it should.
    async fn next(mut self) -> Option<(Result<Bytes, std::convert::Infallible>, Self)> {
        while self.buffer.len() < FULL && !self.last {
            if self.soft.is_cancelled() {
                break;
            }
            if self.access.is_over().await {
                // A client that comes back with its id is told why.
                self.last = true;
                break;
            }
            let buffer = &mut self.buffer;
            match self
                .reader
                .step(|item, token| frame(buffer, &item, token))
                .await
            {
                Ok(Step::Told) => {}
                Ok(Step::Ended) => self.last = true,
                Ok(Step::Idle) if !self.buffer.is_empty() => break,
                Ok(Step::Idle) => self.wait().await,
                Err(error) => {
                    error!(run.id = self.run_id, %error, "a stream broke");
                    self.last = true;
                }
            }
        }
        if self.buffer.is_empty() {
            return None;
        }
        self.sent = Instant::now();
        self.due = self.sent + HEARTBEAT;
        metrics::sent(self.buffer.len());
        let bytes = Bytes::from(std::mem::take(&mut self.buffer));
        Some((Ok(bytes), self))
    }

    /// When the next lines may be sent.
    fn next_send(&self) -> Instant {
        let others = u32::try_from(self.reader.readers()).map_or(u32::MAX, |n| n.saturating_sub(1));
        self.sent + (PAUSE.0 + PAUSE.1.saturating_mul(others)).min(PAUSE.2)
    }

    async fn wait(&mut self) {
        let next_send = self.next_send();
        let until = self
            .access
            .until()
            .map_or(self.due, |end| end.min(self.due));
        let more = async {
            sleep_until(next_send).await;
            self.reader.wait().await;
        };
        tokio::select! {
            // Of another variation's noise a filtered stream sends nothing: the time runs on.
            waited = timeout_at(until, more) => {
                if waited.is_err() && until == self.due {
                    heartbeat(&mut self.buffer, &self.run_id);
                }
            }
            () = self.soft.cancelled() => {}
            () = self.access.ended() => {}
        }
    }
}

fn heartbeat(buffer: &mut Vec<u8>, run_id: &str) {
    let data = json!({"run_id": run_id, "timestamp": clock::rfc3339(clock::now_ms())});
    put(buffer, format_args!("event: heartbeat\ndata: {data}\n\n"));
}

fn frame(buffer: &mut Vec<u8>, item: &Item<'_>, token: &Token) {
    match item {
        Item::Event(event) => put(
            buffer,
            format_args!(
                "id: {token}\nevent: {}\ndata: {}\n\n",
                event.kind.as_str(),
                event.data
            ),
        ),
        Item::Line { index, piece } => {
            put(
                buffer,
                format_args!("id: {token}\nevent: agent_output\ndata: {{\"variation_id\":{index},"),
            );
            content(buffer, piece);
            let partial = if piece.partial {
                ",\"partial\":true"
            } else {
                ""
            };
            put(
                buffer,
                format_args!(
                    ",\"timestamp\":\"{}\",\"offset\":{}{partial}}}\n\n",
                    piece.stamp, piece.offset
                ),
            );
        }
    }
}

/// The line as text where it is UTF-8, as base64 where it is not.
fn content(buffer: &mut Vec<u8>, piece: &Piece<'_>) {
    match std::str::from_utf8(piece.content) {
        Ok(text) => {
            buffer.extend_from_slice(b"\"content\":");
            // Writing text to a Vec cannot fail.
            let _ = serde_json::to_writer(&mut *buffer, text);
        }
        Err(_) => put(
            buffer,
            format_args!("\"content_base64\":\"{}\"", STANDARD.encode(piece.content)),
        ),
    }
}

fn put(buffer: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Writing to a Vec cannot fail.
    let _ = buffer.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::Position;

    #[test]
    fn any_line_stays_inside_its_frame() {
        for content in [
            &b"plain"[..],
            b"\r\n\ndata: x\nid: 9",
            b"\xff\x00",
            "\u{2028}\u{85}".as_bytes(),
        ] {
            let piece = Piece {
                stamp: "2026-11-22T21:47:03.000000001Z",
                content,
                first: true,
                partial: false,
                newline: true,
                offset: 7,
                next: Position::line(9),
            };
            let mut buffer = Vec::new();
            let token = "e0.9".parse().unwrap();
            frame(&mut buffer, &Item::Line { index: 2, piece }, &token);
            let text = String::from_utf8(buffer).unwrap();
            let lines: Vec<&str> = text.split(['\n', '\r']).collect();
            assert_eq!(lines.len(), 5, "{text:?}");
            let data: serde_json::Value =
                serde_json::from_str(lines[2].strip_prefix("data: ").unwrap()).unwrap();
            let sent = match data["content"].as_str() {
                Some(text) => text.as_bytes().to_vec(),
                None => STANDARD
                    .decode(data["content_base64"].as_str().unwrap())
                    .unwrap(),
            };
            assert_eq!(sent, content);
        }
    }
}
