//! `GET /api/v1/runs/{id}/commands` and `…/script`: what was done to the cluster.

use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::readable_run;
use crate::api::error::{ApiError, ApiResult, Problem};
use crate::api::extract::{Json, Path};
use crate::app::AppState;
use crate::auth::CurrentUser;
use crate::clock::rfc3339;
use crate::db::commands::Command;
use crate::model::RunId;

/// Why there is no script.
pub(super) const BASE_MISSING: &str = "the result that this run started from is not stored any more, so its Jobs cannot be made again";

/// The kubectl calls that had to do with a run, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct CommandsResponse {
    pub commands: Vec<CommandView>,
    /// Calls of the run that are kept no more: of more than 10,000, those in the middle.
    pub forgotten: i64,
}

/// What is kept of a run's calls.
pub(super) async fn commands_of(app: &AppState, run: RunId) -> ApiResult<CommandsResponse> {
    let forgotten = app.db.forgotten_commands(run).await?;
    let commands = app.db.commands(run).await?;
    Ok(CommandsResponse {
        commands: commands.into_iter().map(CommandView::from).collect(),
        forgotten,
    })
}

/// One kubectl call.
#[derive(Debug, Serialize, ToSchema)]
pub struct CommandView {
    /// Whether it was made for this run, or for all runs at once.
    pub scope: CommandScope,
    pub started_at: String,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// The manifest it got, with the values of Secrets replaced.
    pub stdin: Option<String>,
    /// Null while it runs, and when a signal ended it.
    pub exit_code: Option<i32>,
    /// Null while it runs.
    pub duration_ms: Option<i64>,
    /// The end of what it wrote to standard error.
    pub stderr: Option<String>,
}

/// What a kubectl call was for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CommandScope {
    /// This run.
    Run,
    /// All runs: the watches, and the lists that each of them begins with.
    Server,
}

impl From<Command> for CommandView {
    fn from(command: Command) -> Self {
        Self {
            scope: if command.shared {
                CommandScope::Server
            } else {
                CommandScope::Run
            },
            started_at: rfc3339(command.at_ms),
            argv: command.argv,
            stdin: command.stdin,
            exit_code: command.exit_code,
            duration_ms: command.duration_ms,
            stderr: command.stderr,
        }
    }
}

/// A shell script that makes the run's Jobs again, with kubectl alone.
#[utoipa::path(
    get, path = "/api/v1/runs/{id}/script", tag = "runs", params(("id" = String, Path)),
    responses(
        (status = 200, content_type = "text/x-shellscript", body = String),
        (status = 404, body = Problem),
    )
)]
pub async fn get_script(
    app: AppState,
    user: CurrentUser,
    Path(id): Path<String>,
) -> ApiResult<impl IntoResponse> {
    let run = readable_run(&app, &user, &id).await?;
    let script = app.runs.script(&run).await.map_err(ApiError::internal)?;
    let script =
        script.ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, "base_missing", BASE_MISSING))?;
    Ok(([(header::CONTENT_TYPE, "text/x-shellscript")], script))
}

/// Every kubectl call made for a run, to see and to repeat; also those that the server makes for all
/// runs (for a week). Of a run with more than 10,000 calls, the first and the last 5,000 are kept.
#[utoipa::path(
    get, path = "/api/v1/runs/{id}/commands", tag = "runs", params(("id" = String, Path)),
    responses((status = 200, body = CommandsResponse), (status = 404, body = Problem))
)]
pub async fn list_commands(
    app: AppState,
    user: CurrentUser,
    Path(id): Path<String>,
) -> ApiResult<Json<CommandsResponse>> {
    let run = readable_run(&app, &user, &id).await?;
    Ok(Json(commands_of(&app, run.id).await?))
}
