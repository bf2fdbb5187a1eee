//! `GET /api/v1/models`.

use aideator_agent::config::Prices;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::{ApiResult, Problem};
use super::extract::Json;
use super::runs::create::EngineName;
use crate::app::AppState;
use crate::auth::{CurrentUser, Scope};
use crate::model::list_price;

/// What each variation of a run can be given.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelsResponse {
    /// The default model first.
    pub models: Vec<ModelView>,
    /// Whether a run may name other models, too.
    pub any_model: bool,
    pub engines: Vec<EngineName>,
    /// The default image first.
    pub images: Vec<String>,
}

/// A model that can be picked.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelView {
    #[schema(example = "openai/gpt-4o-mini")]
    pub id: String,
    /// For people.
    pub label: String,
    /// Null where it is not known.
    pub price: Option<PriceView>,
}

/// US dollars per million tokens.
#[derive(Debug, Serialize, ToSchema)]
pub struct PriceView {
    #[schema(example = 0.15)]
    pub input: f64,
    #[schema(example = 0.6)]
    pub output: f64,
}

impl From<Prices> for PriceView {
    fn from(prices: Prices) -> Self {
        Self {
            input: prices.input,
            output: prices.output,
        }
    }
}

/// What can be picked for a variation: models with their prices, engines, images.
#[utoipa::path(
    get, path = "/api/v1/models", tag = "runs",
    responses((status = 200, body = ModelsResponse), (status = 401, body = Problem), (status = 403, body = Problem))
)]
pub async fn list_models(app: AppState, user: CurrentUser) -> ApiResult<Json<ModelsResponse>> {
    user.require(Scope::RunsRead)?;
    let agents = &app.config.agents;
    let models = agents.offered_models().into_iter().map(|model| ModelView {
        price: model
            .price
            .or_else(|| list_price(&model.id))
            .map(PriceView::from),
        id: model.id,
        label: model.label,
    });
    Ok(Json(ModelsResponse {
        models: models.collect(),
        any_model: agents.models.is_empty(),
        engines: vec![EngineName::Builtin, EngineName::Command],
        images: agents.offered_images().map(str::to_owned).collect(),
    }))
}
