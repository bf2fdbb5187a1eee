//! `GET /api/v1/runs/{id}/variations/{i}/patch`.

use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::{find_variation, readable_run};
use crate::api::error::{ApiError, ApiResult, Problem};
use crate::api::extract::Path;
use crate::app::AppState;
use crate::auth::CurrentUser;
use crate::model::Variation;

/// A variation's change, for `git apply` at the run's `base_sha`.
#[utoipa::path(
    get, path = "/api/v1/runs/{id}/variations/{variation}/patch", tag = "runs",
    params(("id" = String, Path), ("variation" = u8, Path)),
    responses(
        (status = 200, content_type = "text/x-diff", body = String),
        (status = 404, body = Problem, description = "there is none, and why"),
    )
)]
pub async fn get_patch(
    app: AppState,
    user: CurrentUser,
    Path((id, index)): Path<(String, u8)>,
) -> ApiResult<Response> {
    let run = readable_run(&app, &user, &id).await?;
    let variation = find_variation(&run, index)?;
    let store = app.store.clone();
    let key = variation.key;
    let patch = tokio::task::spawn_blocking(move || store.read_patch(key))
        .await
        .map_err(|error| ApiError::internal(error.into()))?
        .map_err(|error| ApiError::internal(error.into()))?;
    let Some(patch) = patch else {
        return Err(ApiError::new(
            axum::http::StatusCode::NOT_FOUND,
            "no_patch",
            why_none(variation),
        ));
    };
    let name = format!("attachment; filename=\"{}-{index}.patch\"", run.id);
    let headers = [
        (header::CONTENT_TYPE, "text/x-diff".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, patch).into_response())
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
