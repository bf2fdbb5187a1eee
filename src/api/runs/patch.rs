//! `GET /api/v1/runs/{id}/variations/{i}/patch`.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{find_attempt, find_variation, readable_run};
use crate::api::error::{ApiError, ApiResult, FieldError, Problem};
use crate::api::extract::{Path, Query};
use crate::app::AppState;
use crate::auth::CurrentUser;
use crate::compare::between;
use crate::etag::Tag;
use crate::model::{Run, Variation, VariationStatus};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct PatchQuery {
    /// Give what leads from this variation's tree to the other's, for `git apply` on the former.
    #[param(minimum = 0, maximum = 255)]
    from: Option<u8>,
    /// The last one unless given; counted from 0.
    #[param(minimum = 0, maximum = 4_294_967_295_u32)]
    attempt: Option<u32>,
    /// Of a run with a `base`: only what was changed since then, for `git apply` on that tree.
    #[serde(default)]
    since_base: bool,
}

/// A variation's change, for `git apply` at the run's `base_sha`; or with `from`, what lies between two
/// variations' trees. Of a binary file that both have changed it may only be said that it differs.
#[utoipa::path(
    get, path = "/api/v1/runs/{id}/variations/{variation}/patch", tag = "runs",
    params(("id" = String, Path), ("variation" = u8, Path), PatchQuery),
    responses(
        (status = 200, content_type = "text/x-diff", body = String),
        (status = 304),
        (status = 404, body = Problem, description = "there is none, and why"),
        (status = 409, body = Problem, description = "the two cannot be compared, and why"),
    )
)]
pub async fn get_patch(
    app: AppState,
    user: CurrentUser,
    Path((id, index)): Path<(String, u8)>,
    Query(query): Query<PatchQuery>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let run = readable_run(&app, &user, &id).await?;
    let variation = find_attempt(&run, index, query.attempt)?;
    let (name, tag, patch) = match query.from {
        _ if query.since_base => {
            if query.from.is_some() {
                let msg = "ask for this or for `from`, not for both";
                let error = FieldError::at("query", "since_base", msg);
                return Err(ApiError::unprocessable(vec![error]));
            }
            let name = format!("{}-{index}-since-base.patch", run.id);
            let old = base_change(&app, &run).await?;
            let patch = compared(old, change(&app, variation).await?).await?;
            (name, Tag::of(&patch), patch)
        }
        None => {
            let stats = variation.settled.as_ref().and_then(|it| it.patch.as_ref());
            let tag = stats.map(|stats| Tag::strong(&stats.sha256));
            let tag = tag.ok_or_else(|| no_patch(variation))?;
            if tag.is_known(&headers) {
                return Ok(tag.not_modified());
            }
            let patch = read(&app, variation).await?;
            let patch = patch.ok_or_else(|| no_patch(variation))?;
            (format!("{}-{index}.patch", run.id), tag, patch)
        }
        Some(from) => {
            let other = find_variation(&run, from)?;
            let (old, new) = (change(&app, other).await?, change(&app, variation).await?);
            let name = format!("{}-{from}-to-{index}.patch", run.id);
            let patch = compared(old, new).await?;
            (name, Tag::of(&patch), patch)
        }
    };
    if tag.is_known(&headers) {
        return Ok(tag.not_modified());
    }
    let about = [
        (header::CONTENT_TYPE, "text/x-diff".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    Ok(tag.put_on((about, patch).into_response()))
}

/// What a run started from has changed.
async fn base_change(app: &AppState, run: &Run) -> ApiResult<Vec<u8>> {
    let base = run
        .base
        .ok_or_else(|| ApiError::not_found("base of run", run.id))?;
    let store = app.store.clone();
    let patch = blocking(move || store.read_patch(base)).await?;
    let patch = patch.map_err(|error| ApiError::internal(error.into()))?;
    patch
        .ok_or_else(|| ApiError::not_found("patch any more of what this run started from:", run.id))
}

/// What leads from one tree to the other, from patches of the same commit.
async fn compared(old: Vec<u8>, new: Vec<u8>) -> ApiResult<Vec<u8>> {
    let compare = move || between(&old, &new);
    blocking(compare).await?.map_err(|error| {
        let detail = format!("the two cannot be compared: {error}");
        ApiError::conflict("not_comparable", detail)
    })
}

/// What a variation has changed; nothing where it succeeded without a change.
async fn change(app: &AppState, variation: &Variation) -> ApiResult<Vec<u8>> {
    match read(app, variation).await? {
        Some(patch) => Ok(patch),
        None if variation.status == VariationStatus::Succeeded => Ok(Vec::new()),
        None => Err(no_patch(variation)),
    }
}

async fn read(app: &AppState, variation: &Variation) -> ApiResult<Option<Vec<u8>>> {
    let (store, key) = (app.store.clone(), variation.key);
    let patch = blocking(move || store.read_patch(key)).await?;
    patch.map_err(|error| ApiError::internal(error.into()))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> ApiResult<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| ApiError::internal(error.into()))
}

fn no_patch(variation: &Variation) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "no_patch", why_none(variation))
}

fn why_none(variation: &Variation) -> String {
    let index = variation.key.index;
    if variation.settled.is_none() {
        return format!(
            "variation {index} is still {}; its patch comes with its end",
            variation.status
        );
    }
    match &variation.cause {
        Some(cause) => format!(
            "variation {index} left no patch: it ended with {}",
            cause.reason
        ),
        None => format!("variation {index} changed nothing"),
    }
}
