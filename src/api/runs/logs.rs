//! `GET /api/v1/runs/{id}/variations/{i}/logs`.

use std::io;

use aideator_agent::protocol::{Body as Said, Line};
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::stream;
use serde::Deserialize;
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::{find_attempt, readable_run};
use crate::api::error::{ApiError, ApiResult, Problem};
use crate::api::extract::{Path, Query};
use crate::app::AppState;
use crate::auth::CurrentUser;
use crate::etag::Tag;
use crate::logs::{LogCursor, LogStore, Piece, Position};
use crate::model::VariationKey;

/// How a log is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// The bytes that `kubectl logs` prints.
    #[default]
    Raw,
    /// The bytes that `kubectl logs --timestamps` prints, as stored.
    Timestamps,
    /// What the agent said and did, for reading.
    Text,
    /// One JSON object a line: `timestamp`, `offset`, and `content` or `content_base64`.
    Json,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct LogQuery {
    #[serde(default)]
    #[param(inline)]
    format: LogFormat,
    /// The last one unless given; counted from 0.
    #[param(minimum = 0, maximum = 4_294_967_295_u32)]
    attempt: Option<u32>,
}

/// A variation's log as far as it is stored. `Range: bytes=N-` goes on after N bytes of
/// `timestamps`, and of `raw` once the variation has ended.
#[utoipa::path(
    get, path = "/api/v1/runs/{id}/variations/{variation}/logs", tag = "runs",
    params(("id" = String, Path), ("variation" = u8, Path), LogQuery, ("Range" = Option<String>, Header), ("If-Range" = Option<String>, Header)),
    responses(
        (status = 200, description = "all of it", content((String = "text/plain"), (String = "application/x-ndjson"))),
        (status = 206, description = "the rest of it", content_type = "text/plain", body = String),
        (status = 304), (status = 404, body = Problem), (status = 416, body = Problem),
    )
)]
pub async fn get_logs(
    app: AppState,
    user: CurrentUser,
    Path((id, index)): Path<(String, u8)>,
    Query(query): Query<LogQuery>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let run = readable_run(&app, &user, &id).await?;
    let variation = find_attempt(&run, index, query.attempt)?;
    let key = variation.key;
    let committed = app
        .store
        .committed(key)
        .map_err(|error| ApiError::internal(error.into()))?;
    let tag = version(key, committed, query.format);
    if tag.is_known(&headers) {
        return Ok(tag.not_modified());
    }
    // Only where the whole length is known without reading.
    let length = match query.format {
        LogFormat::Timestamps => Some(committed),
        LogFormat::Raw => variation.settled.as_ref().map(|settled| settled.bytes),
        LogFormat::Text | LogFormat::Json => None,
    };
    let range = range_start(&headers)?.filter(|_| tag.continues(&headers));
    let range = range.zip(length);
    if let Some((start, length)) = range
        && start >= length
    {
        let detail = format!("the log has {length} bytes");
        let status = StatusCode::RANGE_NOT_SATISFIABLE;
        return Err(ApiError::new(status, "range_not_satisfiable", detail));
    }
    let mut reader = Reader {
        cursor: app.store.cursor(key, Position::default()),
        committed,
        format: query.format,
        skip: range.map_or(0, |(start, _)| start),
    };
    let content_type = match query.format {
        LogFormat::Json => "application/x-ndjson",
        _ => "text/plain; charset=utf-8",
    };
    // An error breaks the connection off: half a log must not look like a whole one.
    let blocks = std::iter::from_fn(move || reader.block().transpose());
    let mut response = Body::from_stream(stream::iter(blocks)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Some((start, length)) = range {
        let value = format!("bytes {start}-{}/{length}", length - 1);
        headers.insert(
            header::CONTENT_RANGE,
            value.parse().map_err(|error| {
                ApiError::internal(
                    anyhow::Error::new::<axum::http::header::InvalidHeaderValue>(error),
                )
            })?,
        );
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(tag.put_on(response))
}

/// Logs are only ever added to, so their length says which bytes they hold. What is written for reading
/// may be written otherwise by another release.
fn version(key: VariationKey, committed: u64, format: LogFormat) -> Tag {
    let word = format!("{}.{committed}", key.attempt);
    match format {
        LogFormat::Raw | LogFormat::Timestamps => Tag::strong(&word),
        LogFormat::Text | LogFormat::Json => {
            Tag::weak(&format!("{word}.{}", env!("CARGO_PKG_VERSION")))
        }
    }
}

/// The first byte that is asked for. Other kinds of range are ignored, as RFC 9110 §14.2 allows.
fn range_start(headers: &HeaderMap) -> ApiResult<Option<u64>> {
    let Some(range) = headers
        .get(header::RANGE)
        .and_then(|value| value.to_str().ok())
    else {
        return Ok(None);
    };
    match range
        .strip_prefix("bytes=")
        .and_then(|range| range.strip_suffix('-'))
    {
        Some(start) => start
            .parse()
            .map(Some)
            .map_err(|_| ApiError::bad_request("a range looks like `bytes=1024-`")),
        None => Ok(None),
    }
}

/// The bytes of a log as stored, with their number.
pub(super) fn stored(
    store: &LogStore,
    key: VariationKey,
) -> io::Result<(u64, impl Iterator<Item = io::Result<Bytes>> + Send + use<>)> {
    let committed = store.committed(key)?;
    let mut reader = Reader {
        cursor: store.cursor(key, Position::default()),
        committed,
        format: LogFormat::Timestamps,
        skip: 0,
    };
    let blocks = std::iter::from_fn(move || reader.block().transpose());
    Ok((committed, blocks))
}

struct Reader {
    cursor: LogCursor,
    committed: u64,
    format: LogFormat,
    /// Bytes still to be left out.
    skip: u64,
}

impl Reader {
    /// The next bytes; `None` at the end.
    fn block(&mut self) -> io::Result<Option<Bytes>> {
        let mut out = Vec::new();
        while out.is_empty() {
            let format = self.format;
            let more = self
                .cursor
                .read(self.committed, |piece| write(&mut out, format, &piece))?;
            if !more {
                return Ok(None);
            }
            let skip = usize::try_from(self.skip)
                .unwrap_or(usize::MAX)
                .min(out.len());
            out.drain(..skip);
            self.skip -= skip as u64;
        }
        Ok(Some(out.into()))
    }
}

fn write(out: &mut Vec<u8>, format: LogFormat, piece: &Piece<'_>) {
    match format {
        LogFormat::Raw => out.extend_from_slice(piece.content),
        LogFormat::Timestamps => {
            if piece.first {
                out.extend_from_slice(piece.stamp.as_bytes());
                out.push(b' ');
            }
            out.extend_from_slice(piece.content);
        }
        LogFormat::Text => match Line::parse(piece.content) {
            Some(line) => return out.extend_from_slice(readable(&line.body).as_bytes()),
            None => out.extend_from_slice(piece.content),
        },
        LogFormat::Json => {
            out.extend_from_slice(json_line(piece).as_bytes());
            return out.push(b'\n');
        }
    }
    if piece.newline {
        out.push(b'\n');
    }
}

/// A line of the agent for people. Model output flows on; everything else is a line of its own.
fn readable(body: &Said) -> String {
    match body {
        Said::Text { delta } | Said::Reasoning { delta } => delta.clone(),
        Said::Started {
            model, base_sha, ..
        } => format!("[started] {model} at {base_sha}\n"),
        Said::Status { message, .. } => format!("\n[status] {message}\n"),
        Said::ToolCall {
            name, arguments, ..
        } => format!("\n[{name}] {arguments}\n"),
        Said::ToolResult { output, .. } => format!("{output}\n"),
        Said::Usage {
            input_tokens,
            output_tokens,
            ..
        } => {
            format!("\n[usage] {input_tokens} tokens in, {output_tokens} out\n")
        }
        Said::Check {
            command,
            exit_code,
            output_tail,
            ..
        } => checked("check", command, *exit_code, output_tail),
        Said::BaseCheck {
            command,
            exit_code,
            output_tail,
            ..
        } => checked("check before the work", command, *exit_code, output_tail),
        Said::Comparison(said) => {
            let winner = said.winner.map_or_else(
                || "neither is better".to_owned(),
                |winner| format!("#{} is better", winner + 1),
            );
            let pair = format!("#{} and #{}", said.first + 1, said.second + 1);
            format!(
                "\n[comparison] {pair}: {winner}\n{}\n",
                said.reasons.join("\n")
            )
        }
        Said::Judgement(said) => {
            format!(
                "\n[judgement] #{}: rank {}\n",
                said.variation_id + 1,
                said.rank
            )
        }
        Said::Published {
            branch,
            commit,
            url,
        } => {
            let url = url.as_deref().unwrap_or_default();
            format!("\n[published] {branch} at {commit} {url}\n")
        }
        Said::Verdict(said) => format!("\n[verdict] {}\n", said.message),
        Said::Patch(part) => part.data.clone(),
        Said::Finished { summary, .. } => format!("\n[finished] {summary}\n"),
        Said::Error { code, message, .. } => format!("\n[error] {code}: {message}\n"),
        Said::Unknown => String::new(),
    }
}

fn checked(what: &str, command: &str, exit_code: Option<i32>, output_tail: &str) -> String {
    let end = exit_code.map_or_else(|| "killed".to_owned(), |code| format!("exit code {code}"));
    format!("\n[{what}] {command}: {end}\n{output_tail}\n")
}

fn json_line(piece: &Piece<'_>) -> String {
    let mut line = json!({"timestamp": piece.stamp, "offset": piece.offset});
    match std::str::from_utf8(piece.content) {
        Ok(text) => line["content"] = text.into(),
        Err(_) => line["content_base64"] = STANDARD.encode(piece.content).into(),
    }
    if piece.partial {
        line["partial"] = true.into();
    }
    line.to_string()
}
