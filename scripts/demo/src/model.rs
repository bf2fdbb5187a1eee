//! The scripted model behind an OpenAI-compatible API: chat completions and the list of models.
//!
//! Invariant: an answer depends on its request alone (messages, temperature, tools, model), never on a clock, a
//! counter or another request. The same request gets the same bytes, at the same pace.

mod directive;
mod error;
mod judge;
mod reply;
mod request;
mod scenario;
mod speed;
mod survey;
mod wire;

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use serde_json::{Value, json};

pub use scenario::{ScenarioError, Scenarios};
pub use speed::{Speed, SpeedError};

use crate::App;
use directive::{Directive, Failure};
use error::ApiError;
use reply::{Call, End, Pace, Reply, Usage};
use request::ChatRequest;

/// The models that are listed. They differ in pace; any other name is accepted as well.
const MODELS: [&str; 2] = ["scripted-small", "scripted-large"];

/// `GET /v1/models`.
pub(crate) async fn list_models(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    check_key(&app, &headers)?;
    let models =
        MODELS.map(|id| json!({"id": id, "object": "model", "created": 0, "owned_by": "scripted"}));
    Ok(Json(json!({"object": "list", "data": models})))
}

/// `POST /v1/chat/completions`.
pub(crate) async fn create_completion(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    check_key(&app, &headers)?;
    let body = body.map_err(|rejection| ApiError::bad_request(rejection.body_text()))?;
    let request = ChatRequest::parse(&body)?;
    // A judge's task quotes what others were asked to do.
    let verdict = judge::verdict(&request);
    let told = request
        .since(directive::OPENING)
        .filter(|_| verdict.is_none());
    let directive = match &told {
        None => None,
        Some((text, answers)) => Directive::find(text)?.map(|directive| (directive, *answers)),
    };
    tracing::info!(
        model = request.model,
        turn = request.turn(),
        temperature = request.temperature(),
        directive = directive.is_some(),
        "answering"
    );
    let reply = match (verdict, directive) {
        (Some(verdict), _) => reply(&verdict, &[], &request, &app),
        (None, Some((directive, answers))) => follow(directive, answers, &request, &app)?,
        (None, None) => work(&request, &app),
    };
    let id = format!("chatcmpl-scripted-{}", request.turn());
    if request.streams() {
        let include_usage = request.wants_usage();
        return Ok(wire::stream(id, request.model, include_usage, reply));
    }
    Ok(wire::object(id, request.model, reply).await)
}

/// Any other path under `/v1`.
pub(crate) async fn unknown_route(Path(path): Path<String>) -> ApiError {
    ApiError::unknown_route(&path)
}

fn check_key(app: &App, headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(expected) = &app.api_key else {
        return Ok(());
    };
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    match given.and_then(|value| value.strip_prefix("Bearer ")) {
        Some(given) if given == expected => Ok(()),
        _ => Err(ApiError::wrong_key()),
    }
}

/// Does what a directive says in the first answer, and is done after it.
fn follow(
    directive: Directive,
    answers: usize,
    request: &ChatRequest,
    app: &App,
) -> Result<Reply, ApiError> {
    if answers > 0 && !matches!(directive, Directive::Error(_)) {
        return Ok(reply("Done, as the directive says.", &[], request, app));
    }
    let call = |name: &str, arguments: Value| {
        [Call {
            name: name.into(),
            arguments,
        }]
    };
    Ok(match directive {
        Directive::Error(failure) => return fail(failure, request, app),
        Directive::Say(lines) => Reply::lines(lines, request.prompt_tokens()),
        Directive::Run(command) => reply(
            "I'll run the command.",
            &[request.shell(&command)],
            request,
            app,
        ),
        Directive::Answer(text) => reply(&text, &[], request, app),
        Directive::Spend(tokens) => {
            let usage = Usage {
                prompt_tokens: tokens.div_ceil(2),
                completion_tokens: tokens / 2,
            };
            Reply {
                usage,
                ..reply(
                    "This answer is expensive.",
                    &call("list", json!({"depth": 1})),
                    request,
                    app,
                )
            }
        }
    })
}

fn fail(failure: Failure, request: &ChatRequest, app: &App) -> Result<Reply, ApiError> {
    let end = match failure {
        Failure::Unauthorized => return Err(ApiError::wrong_key()),
        Failure::UnknownModel => return Err(ApiError::unknown_model(&request.model)),
        Failure::RateLimit => return Err(ApiError::rate_limit()),
        Failure::Server => return Err(ApiError::server_error()),
        Failure::Cut => End::Cut,
        Failure::Garbage => End::Garbage,
    };
    Ok(Reply {
        end,
        ..reply("This answer will not come to its", &[], request, app)
    })
}

/// Works on the repository as its scenario says, or describes one that has none.
fn work(request: &ChatRequest, app: &App) -> Reply {
    let script = app
        .scenarios
        .of(request)
        .filter(|_| !survey::is_question(&request.task()));
    let Some(script) = script else {
        let (say, calls) = survey::answer(request);
        return reply(&say, &calls, request, app);
    };
    // Whoever asks again after the last answer gets it once more.
    let Some(turn) = script.get(request.turn()).or(script.last()) else {
        return reply("This script is empty.", &[], request, app);
    };
    reply(turn.text(), &turn.calls(), request, app)
}

/// Says it at the model's pace. A call of a tool that the caller does not have would be an error of the model.
fn reply(say: &str, calls: &[Call], request: &ChatRequest, app: &App) -> Reply {
    let pace = Pace::of(&request.model, app.speed);
    let missing = calls.iter().find(|call| !request.offers(&call.name));
    let (say, calls) = match missing {
        None => (say.to_owned(), calls),
        Some(call) => (
            format!(
                "{say}\n\n(The script calls `{}` now, but the request offers no such tool.)",
                call.name
            ),
            &[][..],
        ),
    };
    Reply::turn(request.turn(), &say, calls, pace, request.prompt_tokens())
}
