//! `/api/v1/runs/{id}/shares`: links through which anybody may read one run.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::find_run;
use crate::api::error::{ApiError, ApiResult, FieldError, Problem};
use crate::api::extract::{Json, Path};
use crate::app::AppState;
use crate::auth::audit::{Event, Origin};
use crate::auth::{CurrentUser, DISABLED, Scope, Share, ShareId, ShareToken};
use crate::clock::rfc3339;
use crate::model::Run;

const DEFAULT_DAYS: u32 = 7;
const MOST_DAYS: u32 = 365;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Shares of one run that are good.
pub(in crate::api) const MOST_SHARES: usize = 20;

/// How long a share is good.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateShareRequest {
    /// 1 to 365, 7 unless given.
    #[schema(example = 7, minimum = 1, maximum = 365)]
    pub expires_in_days: Option<u32>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CreateShareResponse {
    /// For the header `X-Share-Token`, or `?share=`. It is shown this once: the server keeps only its
    /// hash.
    pub share_token: String,
    /// The run's page for whoever has the link.
    #[schema(example = "/stream?run=run-0198a7c41e5b7d2084c1f0a9b6d3e755&share=aid_share_0AbC…")]
    pub page_url: String,
    pub share: ShareView,
}

/// A share link without its token. Times are RFC 3339, UTC.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShareView {
    pub id: ShareId,
    /// The token's first characters.
    pub prefix: String,
    pub created_at: String,
    pub expires_at: String,
    /// To the minute.
    pub last_used_at: Option<String>,
}

impl From<Share> for ShareView {
    fn from(share: Share) -> Self {
        Self {
            id: share.id,
            prefix: share.prefix,
            created_at: rfc3339(share.created_at),
            expires_at: rfc3339(share.expires_at),
            last_used_at: share.last_used_at.map(rfc3339),
        }
    }
}

/// Share a run: whoever has the link may read it, with its logs and patches, and nothing else.
#[utoipa::path(
    post, path = "/api/v1/runs/{id}/shares", tag = "runs", params(("id" = String, Path)),
    request_body = CreateShareRequest,
    responses(
        (status = 201, body = CreateShareResponse),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "too many shares"),
        (status = 422, body = Problem),
    )
)]
pub async fn create_share(
    app: AppState,
    user: CurrentUser,
    origin: Origin,
    Path(id): Path<String>,
    Json(request): Json<CreateShareRequest>,
) -> ApiResult<(StatusCode, Json<CreateShareResponse>)> {
    let run = shareable_run(&app, &user, &id).await?;
    let days = request.expires_in_days.unwrap_or(DEFAULT_DAYS);
    if !(1..=MOST_DAYS).contains(&days) {
        let msg = format!("must be 1 to {MOST_DAYS}");
        let error = FieldError::body("expires_in_days", msg);
        return Err(ApiError::unprocessable(vec![error]));
    }
    let now = app.clock.now_ms();
    if app.db.shares(run.id, now).await?.len() >= MOST_SHARES {
        let detail = format!("this run has {MOST_SHARES} share links: revoke one first");
        return Err(ApiError::conflict("too_many_shares", detail));
    }
    let token = ShareToken::generate()?;
    let share = Share {
        id: ShareId::new(),
        run: run.id,
        prefix: token.prefix().to_owned(),
        created_at: now,
        expires_at: now + i64::from(days) * DAY_MS,
        last_used_at: None,
    };
    let entry = origin.entry(Event::ShareCreated).on(&share.id);
    let entry = entry.with("run", run.id);
    if !app.db.insert_share(&share, &token.hash(), &entry).await? {
        return Err(ApiError::unauthorized(DISABLED));
    }
    let share_token = token.into_string();
    let response = CreateShareResponse {
        page_url: format!("/stream?run={}&share={share_token}", run.id),
        share_token,
        share: share.into(),
    };
    Ok((StatusCode::CREATED, Json(response)))
}

/// A run's share links that are good, newest first.
#[utoipa::path(
    get, path = "/api/v1/runs/{id}/shares", tag = "runs", params(("id" = String, Path)),
    responses((status = 200, body = Vec<ShareView>), (status = 404, body = Problem))
)]
pub async fn list_shares(
    app: AppState,
    user: CurrentUser,
    Path(id): Path<String>,
) -> ApiResult<Json<Vec<ShareView>>> {
    let run = shareable_run(&app, &user, &id).await?;
    let shares = app.db.shares(run.id, app.clock.now_ms()).await?;
    Ok(Json(shares.into_iter().map(ShareView::from).collect()))
}

/// Revoke a share link; it stops working at once, and streams that it has opened end.
#[utoipa::path(
    delete, path = "/api/v1/runs/{id}/shares/{share}", tag = "runs",
    params(("id" = String, Path), ("share" = String, Path, description = "the share's id, `share_…`")),
    responses((status = 204), (status = 404, body = Problem))
)]
pub async fn revoke_share(
    app: AppState,
    user: CurrentUser,
    origin: Origin,
    Path((id, share)): Path<(String, ShareId)>,
) -> ApiResult<StatusCode> {
    let run = shareable_run(&app, &user, &id).await?;
    let now = app.clock.now_ms();
    let entry = origin.entry(Event::ShareRevoked).on(&share);
    let entry = entry.with("run", run.id);
    if app.db.revoke_share(run.id, &share, now, &entry).await? {
        app.auth.ended.send_replace(());
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::not_found("share", share))
    }
}

/// The user's run, for a credential that may give others a right to it: a share itself may not, and nobody
/// gives what they have not.
async fn shareable_run(app: &AppState, user: &CurrentUser, id: &str) -> ApiResult<Run> {
    user.require(Scope::RunsCreate)?;
    user.require(Scope::RunsRead)?;
    find_run(app, user, id).await
}
