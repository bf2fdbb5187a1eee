//! `GET /api/v1/runs/{id}/variations/{i}/logs`.

use std::convert::Infallible;

use aideator_agent::protocol::{Body as Said, Line};
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::stream;
use serde::Deserialize;
use serde_json::json;
use tracing::error;
use utoipa::{IntoParams, ToSchema};

use super::{find_variation, readable_run};
use crate::api::error::{ApiError, ApiResult, Problem};
use crate::api::extract::{Path, Query};
use crate::app::AppState;
use crate::auth::CurrentUser;
use crate::logs::{LogCursor, Piece, Position};

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
}

/// A variation's log as far as it is stored. `Range: bytes=N-` skips the first N bytes of any format.
#[utoipa::path(
    get, path = "/api/v1/runs/{id}/variations/{variation}/logs", tag = "runs",
    params(("id" = String, Path), ("variation" = u8, Path), LogQuery, ("Range" = Option<String>, Header)),
    responses(
        (status = 200, content_type = "text/plain", body = String),
        (status = 206, content_type = "text/plain", body = String),
        (status = 404, body = Problem), (status = 416, body = Problem),
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
    let key = find_variation(&run, index)?.key;
    let committed = app
        .store
        .committed(key)
        .map_err(|error| ApiError::internal(error.into()))?;
    let skip = range_start(&headers)?;
    let reader = Reader {
        cursor: app.store.cursor(key, Position::default()),
        committed,
        format: query.format,
        skip: skip.unwrap_or(0),
    };
    let content_type = match query.format {
        LogFormat::Json => "application/x-ndjson",
        _ => "text/plain; charset=utf-8",
    };
    let status = if skip.is_some() {
        StatusCode::PARTIAL_CONTENT
    } else {
        StatusCode::OK
    };
    let body = Body::from_stream(stream::unfold(reader, |mut reader| async move {
        reader
            .block()
            .map(|bytes| (Ok::<_, Infallible>(bytes), reader))
    }));
    Ok((status, [(header::CONTENT_TYPE, content_type)], body).into_response())
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

struct Reader {
    cursor: LogCursor,
    committed: u64,
    format: LogFormat,
    /// Bytes still to be left out.
    skip: u64,
}

impl Reader {
    fn block(&mut self) -> Option<Bytes> {
        let mut out = Vec::new();
        while out.is_empty() {
            let format = self.format;
            match self
                .cursor
                .read(self.committed, |piece| write(&mut out, format, &piece))
            {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    error!(%error, "failed to read a log");
                    return None;
                }
            }
            let skip = usize::try_from(self.skip)
                .unwrap_or(usize::MAX)
                .min(out.len());
            out.drain(..skip);
            self.skip -= skip as u64;
        }
        Some(out.into())
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
        } => match exit_code {
            Some(code) => format!("\n[check] {command}: exit code {code}\n{output_tail}\n"),
            None => format!("\n[check] {command}: killed\n{output_tail}\n"),
        },
        Said::Patch(part) => part.data.clone(),
        Said::Finished { summary, .. } => format!("\n[finished] {summary}\n"),
        Said::Error { code, message, .. } => format!("\n[error] {code}: {message}\n"),
        Said::Unknown => String::new(),
    }
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
