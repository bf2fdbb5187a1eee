//! Starting from the result of an earlier run.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::error::{ApiError, ApiResult, FieldError};
use crate::api::runs::{find_run, find_variation};
use crate::app::AppState;
use crate::auth::CurrentUser;
use crate::model::{Run, RunId, VariationKey};
use crate::runs::BasePatch;

/// The variation whose result a run starts from.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BaseRequest {
    #[schema(example = "run-0198a7c41e5b7d2084c1f0a9b6d3e755")]
    pub run_id: String,
    pub variation_id: u8,
}

/// A run's `base` as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct BaseView {
    pub run_id: String,
    pub variation_id: u8,
    pub attempt: u32,
}

impl From<VariationKey> for BaseView {
    fn from(key: VariationKey) -> Self {
        Self {
            run_id: key.run.to_string(),
            variation_id: key.index,
            attempt: key.attempt,
        }
    }
}

/// A run that starts from another one's result.
#[derive(Debug, Serialize, ToSchema)]
pub struct FollowUpView {
    pub run_id: String,
    /// Whose result it starts from.
    pub variation_id: u8,
}

impl From<(RunId, u8)> for FollowUpView {
    fn from((run, variation_id): (RunId, u8)) -> Self {
        Self {
            run_id: run.to_string(),
            variation_id,
        }
    }
}

/// The earlier run, and the attempt whose result so many variations start from.
pub(super) async fn find_base(
    app: &AppState,
    user: &CurrentUser,
    asked: &BaseRequest,
    variations: usize,
) -> ApiResult<(Run, VariationKey)> {
    let wrong = |field: &str, message: String| {
        ApiError::unprocessable(vec![FieldError::body(&format!("base.{field}"), message)])
    };
    let run = find_run(app, user, &asked.run_id).await;
    let run = run.map_err(|error| match error.status().as_u16() {
        404 => wrong("run_id", error.to_string()),
        _ => error,
    })?;
    let index = asked.variation_id;
    let variation = find_variation(&run, index);
    let variation = variation.map_err(|error| wrong("variation_id", error.to_string()))?;
    if variation.settled.is_none() {
        let message = format!("is still {}; wait for its end", variation.status);
        return Err(wrong("variation_id", message));
    }
    let key = variation.key;
    let checked = app.runs.check_base(key, variations).await;
    match checked.map_err(ApiError::internal)? {
        BasePatch::Fits => Ok((run, key)),
        BasePatch::Missing => {
            let message = "left no patch, so there is nothing to start from".to_owned();
            Err(wrong("variation_id", message))
        }
        BasePatch::TooBig { bytes, most } => {
            let message = format!(
                "has a patch of {} KiB, and each of {variations} variations can be given {} KiB: ask for fewer \
                 variations, or push it and start from the branch",
                bytes.div_ceil(1024),
                most / 1024
            );
            Err(wrong("variation_id", message))
        }
    }
}
