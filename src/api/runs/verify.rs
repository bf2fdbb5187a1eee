//! `GET /api/v1/runs/{id}/variations/{i}/verify`.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{find_attempt, readable_run};
use crate::api::error::{ApiError, ApiResult, Problem};
use crate::api::extract::{Json, Path, Query};
use crate::app::AppState;
use crate::auth::CurrentUser;
use crate::runs::{Side, Verdict};

/// Comparisons of one account, or share link, at a time: each is a kubectl, and a reading of the whole log.
const MOST: u32 = 5;
const TRY_AGAIN: Duration = Duration::from_secs(2);

/// Our record of a log, compared with what kubectl gives now.
#[derive(Debug, Serialize, ToSchema)]
pub struct VerifyResponse {
    pub verdict: Verdict,
    /// By the agent's line numbers.
    pub complete: Completeness,
    /// Sizes and hashes of the log with its timestamps.
    pub stored: Side,
    pub kubectl: Option<Side>,
    /// The first byte of the stored log that differs.
    pub first_difference: Option<u64>,
    /// The command that gave the other side.
    pub command: String,
    /// Why kubectl gave nothing.
    pub message: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct VerifyQuery {
    /// The last one unless given; counted from 0.
    #[param(minimum = 0, maximum = 4_294_967_295_u32)]
    attempt: Option<u32>,
}

#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Completeness {
    Yes,
    No,
    Unknown,
}

/// Read a finished variation's log again with kubectl and compare it, byte for byte, with what is
/// stored.
#[utoipa::path(
    get, path = "/api/v1/runs/{id}/variations/{variation}/verify", tag = "runs",
    params(("id" = String, Path), ("variation" = u8, Path), VerifyQuery),
    responses(
        (status = 200, body = VerifyResponse), (status = 404, body = Problem),
        (status = 409, body = Problem, description = "it has not ended"),
        (status = 429, body = Problem, description = "five comparisons of this account or share link are under way (`too_many_comparisons`)"),
    )
)]
pub async fn verify_variation(
    app: AppState,
    user: CurrentUser,
    Path((id, index)): Path<(String, u8)>,
    Query(query): Query<VerifyQuery>,
) -> ApiResult<Json<VerifyResponse>> {
    let run = readable_run(&app, &user, &id).await?;
    let variation = find_attempt(&run, index, query.attempt)?;
    let Some(settled) = &variation.settled else {
        let detail = format!(
            "variation {index} is still {}; its log is compared after its end",
            variation.status
        );
        return Err(ApiError::conflict("not_ended", detail));
    };
    let place = app.auth.comparisons.enter(user.holder(), Some(MOST));
    let _place = place.ok_or_else(|| {
        let detail = format!(
            "{MOST} comparisons are under way, as many as there may be: wait for one of them"
        );
        ApiError::limited("too_many_comparisons", detail, MOST, TRY_AGAIN)
    })?;
    let found = app
        .runs
        .verify(variation)
        .await
        .map_err(ApiError::internal)?;
    Ok(Json(VerifyResponse {
        verdict: found.verdict,
        complete: match settled.complete {
            Some(true) => Completeness::Yes,
            Some(false) => Completeness::No,
            None => Completeness::Unknown,
        },
        stored: found.stored,
        kubectl: found.kubectl,
        first_difference: found.first_difference,
        command: found.command,
        message: found.message,
    }))
}
