//! `POST /api/v1/runs/{id}/judge` and `GET /api/v1/runs/{id}/judgement`.

use aideator_agent::protocol::{Judgement as Place, VerdictKind};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::create::{check_budget, check_model};
use super::{VariationView, find_run, readable_run};
use crate::api::error::{ApiError, ApiResult, Problem};
use crate::api::extract::{Json, Path};
use crate::app::AppState;
use crate::auth::{CurrentUser, Scope};
use crate::model::{Candidate, Judge, Run};
use crate::runs::Judging;

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JudgeRequest {
    /// One of `GET /api/v1/models`; the server's own choice unless given. Best one that wrote none of
    /// the results.
    #[schema(min_length = 1, max_length = 200, example = "openai/gpt-4o-mini")]
    pub model: Option<String>,
}

/// A model's comparison of a run's results: advice. Gates (is there a change, do the checks pass) come
/// first: nothing ranks above what fails fewer.
#[derive(Debug, Serialize, ToSchema)]
pub struct JudgementView {
    /// The judge's own Job: its status, log, tokens and cost, apart from those of the run. Its log is at
    /// `/variations/255/logs`, live at `/stream?variation=255`.
    pub judge: VariationView,
    /// What was compared.
    pub candidates: Vec<Candidate>,
    /// A variation was tried again since.
    pub stale: bool,
    /// Null until it has ended, and where it said nothing that can be used; as are `message` and
    /// `flip_rate`.
    pub verdict: Option<VerdictWord>,
    /// The variations that rank first.
    pub preferred: Vec<u32>,
    /// Pairs of results that were compared, each in both orders.
    pub pairs: u32,
    /// Share of the pairs whose two answers do not agree.
    pub flip_rate: Option<f64>,
    pub message: Option<String>,
    /// Best first.
    pub ranking: Vec<PlaceView>,
}

/// How sure the judge is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerdictWord {
    /// One result ranks first.
    Preferred,
    /// Several rank first.
    Tie,
    /// The gates alone decided.
    Gates,
    /// The model contradicts itself; the gates alone rank.
    Unreliable,
    /// Not all pairs were compared.
    Incomplete,
    /// Of a later version.
    Other,
}

/// What is said of one result.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlaceView {
    pub variation_id: u32,
    /// From 1; equal ranks are ties.
    pub rank: u32,
    /// Points among `pairs`: a win is one, a tie half. Null where the model was not asked.
    pub score: Option<f64>,
    pub pairs: u32,
    pub gates: Vec<GateView>,
    /// The variation with the same result.
    pub same_as: Option<u32>,
    pub reasons: Vec<String>,
    pub risks: Vec<String>,
}

/// What was looked at by code, not by a model.
#[derive(Debug, Serialize, ToSchema)]
pub struct GateView {
    #[schema(example = "check")]
    pub gate: String,
    pub ok: bool,
    pub detail: Option<String>,
}

impl From<VerdictKind> for VerdictWord {
    fn from(kind: VerdictKind) -> Self {
        match kind {
            VerdictKind::Preferred => Self::Preferred,
            VerdictKind::Tie => Self::Tie,
            VerdictKind::Gates => Self::Gates,
            VerdictKind::Unreliable => Self::Unreliable,
            VerdictKind::Incomplete => Self::Incomplete,
            VerdictKind::Other => Self::Other,
        }
    }
}

impl From<Place> for PlaceView {
    fn from(place: Place) -> Self {
        let gate = |gate: aideator_agent::protocol::Gate| GateView {
            gate: gate.gate,
            ok: gate.ok,
            detail: gate.detail,
        };
        Self {
            variation_id: place.variation_id,
            rank: place.rank,
            score: place.score,
            pairs: place.pairs,
            gates: place.gates.into_iter().map(gate).collect(),
            same_as: place.same_as,
            reasons: place.reasons,
            risks: place.risks,
        }
    }
}

impl JudgementView {
    /// What the run's judge says, taken out of the run.
    pub(super) fn take(run: &mut Run) -> Option<Self> {
        let judge = run.judge.take()?;
        let stale = judge.is_stale(run);
        Some(Self::new(judge, stale))
    }

    fn new(judge: Judge, stale: bool) -> Self {
        let said = judge.judgement;
        let verdict = said.as_ref().map(|said| &said.verdict);
        Self {
            candidates: judge.candidates,
            stale,
            verdict: verdict.map(|verdict| verdict.verdict.into()),
            preferred: verdict.map(|it| it.preferred.clone()).unwrap_or_default(),
            pairs: verdict.map(|verdict| verdict.pairs).unwrap_or_default(),
            flip_rate: verdict.and_then(|verdict| verdict.flip_rate),
            message: verdict.map(|verdict| verdict.message.clone()),
            ranking: said
                .into_iter()
                .flat_map(|said| said.ranking)
                .map(PlaceView::from)
                .collect(),
            judge: VariationView::from(judge.attempt),
        }
    }
}

/// Have the results of an ended run compared by a model. It runs as a Job like any agent; what it says
/// is advice, and a person decides.
#[utoipa::path(
    post, path = "/api/v1/runs/{id}/judge", tag = "runs", params(("id" = String, Path)),
    request_body = JudgeRequest,
    responses(
        (status = 202, body = JudgementView), (status = 404, body = Problem),
        (status = 409, body = Problem, description = "the run or its judge has not ended, or fewer than two have changed anything"),
        (status = 422, body = Problem),
        (status = 429, body = Problem, description = "as much spent today as one may spend (`budget_exceeded`)"),
    )
)]
pub async fn judge_run(
    app: AppState,
    user: CurrentUser,
    Path(id): Path<String>,
    Json(request): Json<JudgeRequest>,
) -> ApiResult<(StatusCode, Json<JudgementView>)> {
    user.require(Scope::RunsCreate)?;
    let run = find_run(&app, &user, &id).await?;
    let agents = &app.config.agents;
    check_model(request.model.as_ref(), agents, "model")?;
    let model = request
        .model
        .unwrap_or_else(|| agents.judge_model().to_owned());
    check_budget(&app, user.id.as_str()).await?;
    let refuse = |code, why: &'static str| Err(ApiError::conflict(code, why));
    match app
        .runs
        .judge(run, model)
        .await
        .map_err(ApiError::internal)?
    {
        Judging::Begun => {}
        Judging::NotEnded => {
            return refuse(
                "not_ended",
                "the run, or its last judge, has not ended; wait for its end",
            );
        }
        Judging::NothingToCompare => {
            let why =
                "fewer than two variations have changed anything, so there is nothing to compare";
            return refuse("nothing_to_compare", why);
        }
    }
    let run = find_run(&app, &user, &id).await?;
    Ok((StatusCode::ACCEPTED, Json(judgement(run)?)))
}

/// What the run's judge says; it is in the run, too.
#[utoipa::path(
    get, path = "/api/v1/runs/{id}/judgement", tag = "runs", params(("id" = String, Path)),
    responses((status = 200, body = JudgementView), (status = 404, body = Problem))
)]
pub async fn show_judgement(
    app: AppState,
    user: CurrentUser,
    Path(id): Path<String>,
) -> ApiResult<Json<JudgementView>> {
    let run = readable_run(&app, &user, &id).await?;
    Ok(Json(judgement(run)?))
}

fn judgement(mut run: Run) -> ApiResult<JudgementView> {
    JudgementView::take(&mut run).ok_or_else(|| {
        let detail = "nobody has asked for a judge; POST /api/v1/runs/{id}/judge does";
        ApiError::new(StatusCode::NOT_FOUND, "no_judgement", detail)
    })
}
