//! `GET /api/v1/runs/{id}/bundle`: all of a run in one tar file, for a reader who has no server.

mod readme;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::stream;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::commands::{BASE_MISSING, CommandView, commands_of};
use super::create::CreateRunRequest;
use super::{logs, readable_run, whole_view};
use crate::api::error::{ApiError, ApiResult, Problem};
use crate::api::extract::Path;
use crate::app::AppState;
use crate::archive::{Archive, Entry};
use crate::auth::CurrentUser;
use crate::etag::Tag;
use crate::model::{Event, JUDGE, PUBLISHER, Run, Variation, VariationKey};

/// Names of files that more than one place speaks of.
const LOG: &str = "timestamps.log";
const PATCH: &str = "change.patch";

/// The bytes of a tar file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
pub struct TarFile(#[expect(dead_code, reason = "it is only documented")] Bytes);

/// All of a run as one tar file, as far as it is stored: what it was given, the manifests and commands,
/// events, logs and patches, and a `README.txt` that says what to do with them. `sha256sum -c
/// SHA256SUMS` and `git apply` alone verify it. Secrets are not in it.
#[utoipa::path(
    get, path = "/api/v1/runs/{id}/bundle", tag = "runs", params(("id" = String, Path)),
    responses(
        (status = 200, content_type = "application/x-tar", body = TarFile),
        (status = 304),
        (status = 404, body = Problem),
    )
)]
pub async fn get_bundle(
    app: AppState,
    user: CurrentUser,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let run = readable_run(&app, &user, &id).await?;
    let root = format!("aideator-{}", run.id);
    let modified = u64::try_from(run.created_ms / 1000).unwrap_or_default();
    let archive = Archive::new(&root, modified, entries(&app, &user, run).await?);
    let tag = Tag::strong(&archive.version());
    if tag.is_known(&headers) {
        return Ok(tag.not_modified());
    }
    let about = [
        (header::CONTENT_TYPE, "application/x-tar".to_owned()),
        (header::CONTENT_LENGTH, archive.size().to_string()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{root}.tar\""),
        ),
    ];
    // An error breaks the connection off, before the length that was said.
    let body = Body::from_stream(stream::iter(archive));
    Ok(tag.put_on((about, body).into_response()))
}

async fn entries(app: &AppState, user: &CurrentUser, run: Run) -> ApiResult<Vec<Entry>> {
    let commands = commands_of(app, run.id).await?;
    let events = app.db.events_after(run.id, 0).await?;
    let script = app.runs.script(&run).await.map_err(ApiError::internal)?;
    let script =
        script.unwrap_or_else(|| format!("#!/bin/sh\necho '{BASE_MISSING}' >&2\nexit 1\n"));
    // A share link names no other run, and such a request would have to.
    let request = if user.is_guest() && run.base.is_some() {
        None
    } else {
        Some(CreateRunRequest::again(&run))
    };

    let mut all = vec![
        Entry::whole("README.txt", readme::text(&run, request.is_some())),
        Entry::whole("prompt.txt", run.prompt.clone()),
    ];
    if let Some(request) = request {
        all.push(json_file("request.json", &request)?);
    }
    let mut attempts: Vec<&Variation> = run.earlier.iter().chain(run.current()).collect();
    attempts.sort_by_key(|attempt| attempt.key);
    for attempt in attempts {
        add_attempt(app, attempt, &mut all)?;
    }
    all.push(Entry::whole("events.ndjson", lines(&events)?));
    add_manifests(&commands.commands, &mut all);
    all.push(json_file("commands.json", &commands)?);
    all.push(Entry::whole("script.sh", script));
    let view = whole_view(app, user, run).await?;
    all.push(json_file("run.json", &view)?);
    Ok(all)
}

/// Where the files of an attempt are.
fn directory(key: VariationKey) -> String {
    let what = match key.index {
        JUDGE => "judge".to_owned(),
        PUBLISHER => "publish".to_owned(),
        index => format!("variations/{index}"),
    };
    match key.attempt {
        0 => what,
        n => format!("{what}.r{n}"),
    }
}

fn add_attempt(app: &AppState, attempt: &Variation, all: &mut Vec<Entry>) -> ApiResult<()> {
    let broken = |error: std::io::Error| ApiError::internal(error.into());
    let (key, store) = (attempt.key, &app.store);
    let name = |file: &str| format!("{}/{file}", directory(key));
    all.push(json_file(&name("config.json"), &attempt.config)?);
    let (size, blocks) = logs::stored(store, key).map_err(broken)?;
    all.push(Entry::new(name(LOG), size, blocks));
    if let Some(size) = store.patch_size(key).map_err(broken)? {
        let store = store.clone();
        let read = move || Ok(Bytes::from(store.read_patch(key)?.unwrap_or_default()));
        all.push(Entry::new(name(PATCH), size, std::iter::once_with(read)));
    }
    Ok(())
}

/// What was given to kubectl, numbered in that order, with the values of Secrets left out.
fn add_manifests(commands: &[CommandView], all: &mut Vec<Entry>) {
    let given = commands.iter().filter_map(|command| {
        let verb = command.argv.get(1)?;
        Some((verb, command.stdin.as_ref()?))
    });
    for (i, (verb, manifest)) in given.enumerate() {
        let name = format!("manifests/{:03}-{verb}.yaml", i + 1);
        all.push(Entry::whole(name, manifest.clone()));
    }
}

fn lines(events: &[Event]) -> ApiResult<Vec<u8>> {
    let mut text = Vec::new();
    for event in events {
        let data: Value = serde_json::from_str(&event.data).map_err(broken)?;
        let line = json!({"seq": event.seq, "event": event.kind.as_str(),
            "log_offset": event.log_offset, "data": data});
        serde_json::to_writer(&mut text, &line).map_err(broken)?;
        text.push(b'\n');
    }
    Ok(text)
}

fn json_file(name: &str, content: &impl Serialize) -> ApiResult<Entry> {
    let mut text = serde_json::to_vec_pretty(content).map_err(broken)?;
    text.push(b'\n');
    Ok(Entry::whole(name, text))
}

fn broken(error: serde_json::Error) -> ApiError {
    ApiError::internal(error.into())
}
