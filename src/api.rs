//! HTTP in and out: every route in one table, and what surrounds it.
//!
//! Invariants: every error is a problem (see [`error`]), also for unknown routes and wrong methods under `/api`;
//! the OpenAPI file comes from the same table.

pub mod admin;
pub mod auth;
pub mod credentials;
pub mod docs;
pub mod error;
pub mod extract;
pub mod health;
pub mod metrics;
mod middleware;
pub mod models;
pub mod page;
pub mod repos;
pub mod runs;
pub mod webhooks;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::handler::Handler as _;
use axum::http::{Method, StatusCode};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::error::ApiError;
use self::middleware::{Guard, guard, panic_response, request_log, security_headers};
use crate::app::AppState;
use crate::web;

/// Every route of the API.
fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(docs::base())
        .routes(routes!(health::health))
        .routes(routes!(health::detailed_health))
        .routes(routes!(auth::register::register))
        .routes(routes!(auth::register::show_registration))
        .routes(routes!(auth::login::login))
        .routes(routes!(auth::login::logout))
        .routes(routes!(auth::me::me))
        .routes(routes!(auth::password::change_password))
        .routes(routes!(
            auth::api_keys::create_api_key,
            auth::api_keys::list_api_keys
        ))
        .routes(routes!(auth::api_keys::revoke_api_key))
        .routes(routes!(admin::users::list_users))
        .routes(routes!(admin::disable::disable_user))
        .routes(routes!(admin::disable::enable_user))
        .routes(routes!(
            admin::invitations::create_invitation,
            admin::invitations::list_invitations
        ))
        .routes(routes!(admin::invitations::revoke_invitation))
        .routes(routes!(admin::audit::list_audit))
        .routes(routes!(admin::usage::list_usage))
        .routes(routes!(admin::runs::list_all_runs))
        .routes(routes!(admin::cancel::cancel_any_run))
        .routes(routes!(
            credentials::create_credential,
            credentials::list_credentials
        ))
        .routes(routes!(credentials::delete_credential))
        .routes(routes!(webhooks::create_webhook, webhooks::list_webhooks))
        .routes(routes!(webhooks::delete_webhook))
        .routes(routes!(webhooks::test_webhook))
        .routes(routes!(webhooks::enable_webhook))
        .routes(routes!(webhooks::list_deliveries))
        .routes(routes!(repos::check_repo))
        .routes(routes!(models::list_models))
        .routes(routes!(runs::create::create_run, runs::list::list_runs))
        .routes(routes!(runs::show::show_run, runs::cancel::delete_run))
        .routes(routes!(runs::cancel::cancel_run))
        .routes(routes!(runs::cancel::cancel_variation))
        .routes(routes!(runs::retry::retry_variation))
        .routes(routes!(runs::stream::stream_run))
        .routes(routes!(runs::logs::get_logs))
        .routes(routes!(runs::patch::get_patch))
        .routes(routes!(runs::verify::verify_variation))
        .routes(routes!(
            runs::select::select_variation,
            runs::select::unselect
        ))
        .routes(routes!(
            runs::shares::create_share,
            runs::shares::list_shares
        ))
        .routes(routes!(runs::shares::revoke_share))
        .routes(routes!(runs::publish::publish_run))
        .routes(routes!(runs::judge::judge_run))
        .routes(routes!(runs::judge::show_judgement))
        .routes(routes!(runs::commands::list_commands))
        .routes(routes!(runs::commands::get_script))
        .routes(routes!(runs::bundle::get_bundle))
}

/// The whole server as a service.
pub fn router(app: AppState) -> Router {
    let (router, openapi) = routes().split_for_parts();
    router
        .merge(docs::router(openapi))
        .method_not_allowed_fallback(wrong_method)
        .fallback(no_route.layer(CompressionLayer::new()))
        .layer(from_fn_with_state(Guard::new(app.clone()), guard))
        .layer(DefaultBodyLimit::max(app.config.http.max_body_bytes))
        .layer(from_fn(security_headers))
        .layer(CatchPanicLayer::custom(panic_response))
        .layer(from_fn(request_log))
        .with_state(app)
}

async fn wrong_method(request: Request) -> ApiError {
    method_not_allowed(request.method())
}

fn method_not_allowed(method: &Method) -> ApiError {
    let detail = format!("{method} is not possible here; /docs lists what is");
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
}

/// Files of the page; under `/api` never HTML, whatever the path.
async fn no_route(app: AppState, request: Request) -> Response {
    let path = request.uri().path();
    if path == "/api" || path.starts_with("/api/") {
        let detail = format!("there is nothing at {path}; /docs lists what is");
        ApiError::new(StatusCode::NOT_FOUND, "not_found", detail).into_response()
    } else if !matches!(*request.method(), Method::GET | Method::HEAD) {
        method_not_allowed(request.method()).into_response()
    } else {
        web::serve(&app.config.http, &request)
    }
}
