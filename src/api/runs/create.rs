//! `POST /api/v1/runs`.

mod again;
mod base;
mod request;
mod spread;

pub use base::{BaseRequest, BaseView, FollowUpView};
pub(super) use request::check_model;
pub use request::{AgentConfig, CreateRunRequest, EngineName, GitCredential, RunLimits, Variant};

use std::time::Duration;

use self::base::find_base;
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use crate::api::error::{ApiError, ApiResult, FieldError, Problem};
use crate::api::extract::Json;
use crate::api::repos::{Found, find};
use crate::app::AppState;
use crate::auth::{CurrentUser, Scope};
use crate::clock::now_ms;
use crate::credentials::NewCredential;
use crate::db::runs::Inserted;
use crate::db::usage::DAY_MS;
use crate::model::{CredentialKind, Idempotency, NewRun, Run, RunId, Uses, git_host};
use crate::runs::{BUDGET_EXCEEDED, hex};

/// Bytes of an idempotency key.
const LONGEST_KEY: usize = 200;

/// The run was accepted; its Jobs are being made.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreateRunResponse {
    pub run_id: String,
    pub stream_url: String,
    #[schema(example = "accepted")]
    pub status: &'static str,
    pub variations: Vec<AcceptedVariation>,
    /// The longest it can take, not a forecast.
    pub estimated_duration_seconds: u64,
}

/// A variation and the Job that carries it.
#[derive(Debug, Serialize, ToSchema)]
pub struct AcceptedVariation {
    pub variation_id: u8,
    pub job_name: String,
}

/// Start a run: N agents, each in a Job of its own. Where the server or the user's share is full, they
/// wait for their turn: `queued` with the reason `WaitingForTurn` and a `position`.
#[utoipa::path(
    post, path = "/api/v1/runs", tag = "runs",
    request_body = CreateRunRequest,
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 200, pattern = "^[!-~]+$",
        description = "1 to 200 visible ASCII characters: the same key with the same request gives the same run, with another request 422; good as long as the run is kept")),
    responses(
        (status = 202, body = CreateRunResponse),
        (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 422, body = Problem, description = "a field is wrong, the repository or ref is not there, or the Idempotency-Key was sent with another request"),
        (status = 429, body = Problem, description = "too many requests a minute, or as many runs today as one may start (`too_many_runs`), or as much spent as one may spend (`budget_exceeded`)"),
        (status = 507, body = Problem, description = "the server's disk is nearly full"),
    )
)]
pub async fn create_run(
    app: AppState,
    user: CurrentUser,
    headers: HeaderMap,
    Json(request): Json<CreateRunRequest>,
) -> ApiResult<(StatusCode, Json<CreateRunResponse>)> {
    user.require(Scope::RunsCreate)?;
    let idempotency = idempotency(&headers, &request)?;
    if let Some(idempotency) = &idempotency
        && let Some(id) = made_before(&app, &user, idempotency).await?
    {
        return accepted(&app, id).await;
    }
    let variations = request.check(&app.config.agents)?;
    check_room(&app)?;
    check_budget(&app, user.id.as_str()).await?;
    let base = match &request.base {
        Some(asked) => Some(find_base(&app, &user, asked, variations.len()).await?),
        None => None,
    };
    let (base, base_key) = base.unzip();
    let address = base
        .as_ref()
        .map_or(request.github_url.trim(), |run| &run.repo_url);
    let url = app
        .repos
        .check_url(address)
        .map_err(|error| field("github_url", error.to_string()))?;
    let given_ref = match &base {
        Some(run) => run.git_ref.as_deref(),
        None => request.r#ref.as_deref(),
    };
    let git_ref = given_ref.map(str::trim).filter(|name| !name.is_empty());
    // All patches of a chain are against one commit, wherever the branch is now.
    let wanted = base
        .as_ref()
        .map_or(git_ref, |run| Some(run.base_sha.as_str()));
    let host = git_host(url.as_str());
    let given = request.git_credential.map(|given| given.for_host(host));
    let is_given = given.is_some();
    let refuse = |ref_is_wrong, why| field(if ref_is_wrong { "ref" } else { "github_url" }, why);
    let Found { resolved, access } = find(&app, &user, &url, wanted, given, refuse).await?;
    let id = RunId::generate();
    let uses = Uses {
        git: access.is_some(),
        provider: app.credentials.has_provider_key(user.id.as_str()).await?,
    };
    let own = access.filter(|_| is_given).map(|access| {
        let new = NewCredential {
            kind: CredentialKind::Git,
            host: access.host,
            username: access.username,
            token: access.token,
        };
        app.credentials.seal(user.id.as_str(), Some(id), new)
    });
    let run = NewRun {
        id,
        uses,
        git_credential: own.transpose().map_err(ApiError::internal)?,
        user: user.id.as_str().to_owned(),
        repo_url: url.to_string(),
        git_ref: git_ref.map(str::to_owned),
        base_sha: resolved.sha,
        prompt: request.prompt.trim().to_owned(),
        max_run_cost_usd: request
            .limits
            .as_ref()
            .and_then(|limits| limits.max_run_cost_usd),
        idempotency: idempotency.clone(),
        variations,
        base: base_key,
    };
    let new = run.id;
    let id = match app.runs.create(run).await.map_err(ApiError::internal)? {
        Inserted::New => new,
        // By a request that came at the same time.
        Inserted::Earlier(id) => match &idempotency {
            Some(idempotency) => made_before(&app, &user, idempotency).await?.unwrap_or(id),
            None => id,
        },
        Inserted::DayIsFull => return Err(day_is_full(&app)),
    };
    accepted(&app, id).await
}

fn day_is_full(app: &AppState) -> ApiError {
    let most = app.config.limits.runs_per_day.unwrap_or_default();
    let detail = format!(
        "this account has started {most} runs today, as many as one may (MAX_RUNS_PER_USER_PER_DAY): \
         the next day begins at midnight UTC"
    );
    ApiError::limited("too_many_runs", detail, most, until_tomorrow())
}

/// Who has spent what one may spend today starts nothing more.
pub(super) async fn check_budget(app: &AppState, user: &str) -> ApiResult<()> {
    let Some(ceiling) = app.config.limits.cost_per_day_usd else {
        return Ok(());
    };
    let spent = app.db.spent_today(user, now_ms()).await?;
    if spent < ceiling {
        return Ok(());
    }
    let detail = format!(
        "this account has spent ${spent:.2} today and may spend ${ceiling} a day \
         (MAX_COST_PER_USER_PER_DAY_USD): the next day begins at midnight UTC"
    );
    Err(ApiError::too_many(detail, until_tomorrow()).with_code(BUDGET_EXCEEDED))
}

/// The time until midnight UTC.
pub(super) fn until_tomorrow() -> Duration {
    let into_day = now_ms().rem_euclid(DAY_MS);
    Duration::from_millis(u64::try_from(DAY_MS - into_day).unwrap_or_default())
}

/// The run that the user's idempotency key has made, from the same request.
async fn made_before(
    app: &AppState,
    user: &CurrentUser,
    idempotency: &Idempotency,
) -> ApiResult<Option<RunId>> {
    let key = &idempotency.key;
    let made = app.db.run_by_idempotency_key(user.id.as_str(), key).await?;
    match made {
        Some((id, Some(hash))) if hash != idempotency.request_hash => Err(ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency_mismatch",
            format!(
                "this Idempotency-Key has made {id} from another request; send a new key with a new request"
            ),
        )),
        other => Ok(other.map(|(id, _)| id)),
    }
}

/// A run that cannot store its logs is better not begun.
pub(super) fn check_room(app: &AppState) -> ApiResult<()> {
    let free = app
        .store
        .free()
        .map_err(|error| ApiError::internal(error.into()))?;
    if free < app.config.storage.min_free {
        return Err(ApiError::new(
            StatusCode::INSUFFICIENT_STORAGE,
            "insufficient_storage",
            "the server's disk is nearly full, so it takes no new runs; runs that were started go on. \
             Its operator can enlarge the volume of DATA_DIR, or keep less (KEEP_RUNS_DAYS, KEEP_LOGS_MIB)",
        ));
    }
    Ok(())
}

fn field(name: &str, message: String) -> ApiError {
    ApiError::unprocessable(vec![FieldError::body(name, message)])
}

fn idempotency(headers: &HeaderMap, request: &CreateRunRequest) -> ApiResult<Option<Idempotency>> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let key = match value.to_str() {
        Ok(key) if is_key(key) => key.to_owned(),
        _ => {
            return Err(ApiError::bad_request(
                "Idempotency-Key must be 1 to 200 visible ASCII characters",
            ));
        }
    };
    let body = serde_json::to_vec(request).map_err(|error| ApiError::internal(error.into()))?;
    let request_hash = hex(&Sha256::digest(body));
    Ok(Some(Idempotency { key, request_hash }))
}

fn is_key(key: &str) -> bool {
    (1..=LONGEST_KEY).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
}

async fn stored(app: &AppState, id: RunId) -> ApiResult<Run> {
    let run = app.db.run(id).await?;
    run.ok_or_else(|| ApiError::internal(anyhow::anyhow!("{id} vanished")))
}

async fn accepted(app: &AppState, id: RunId) -> ApiResult<(StatusCode, Json<CreateRunResponse>)> {
    Ok(response(app, &stored(app, id).await?))
}

fn response(app: &AppState, run: &Run) -> (StatusCode, Json<CreateRunResponse>) {
    let longest = run
        .variations
        .iter()
        .filter_map(|v| v.config.limits.timeout_seconds)
        .max();
    let body = CreateRunResponse {
        run_id: run.id.to_string(),
        stream_url: format!("/api/v1/runs/{}/stream", run.id),
        status: "accepted",
        variations: run
            .variations
            .iter()
            .map(|v| AcceptedVariation {
                variation_id: v.key.index,
                job_name: v.job_name.clone(),
            })
            .collect(),
        estimated_duration_seconds: longest.unwrap_or(app.config.agents.timeout_seconds),
    };
    (StatusCode::ACCEPTED, Json(body))
}
