//! The OpenAPI file, made from the handlers, and Swagger UI, served from the binary.

mod bounds;
mod conditional;
mod errors;
mod parameters;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse as _;
use axum::routing::get;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, InfoBuilder, OpenApi, OpenApiBuilder, SecurityRequirement};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::app::AppState;
use crate::auth::COOKIE;
use crate::etag::Tag;

/// Where the file is served.
pub const FILE: &str = "/api/v1/openapi.json";

/// The OpenAPI file as committed and served, with a newline at its end.
pub fn file() -> anyhow::Result<String> {
    let (_, mut openapi) = super::routes().split_for_parts();
    complete(&mut openapi);
    Ok(openapi.to_pretty_json()? + "\n")
}

/// Adds what handlers do not say each for itself.
fn complete(openapi: &mut OpenApi) {
    errors::complete(openapi);
    parameters::complete(openapi);
    conditional::complete(openapi);
    bounds::complete(openapi);
}

/// What the file says besides the handlers.
pub(super) fn base() -> OpenApi {
    let mut components = Components::new();
    let header = ApiKey::Header(ApiKeyValue::new("X-API-Key"));
    components.add_security_scheme("api_key", SecurityScheme::ApiKey(header));
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    let cookie = ApiKey::Cookie(ApiKeyValue::new(COOKIE));
    components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));

    let share = ApiKey::Header(ApiKeyValue::new("X-Share-Token"));
    components.add_security_scheme("share", SecurityScheme::ApiKey(share));
    let share = ApiKey::Query(ApiKeyValue::new("share"));
    components.add_security_scheme("share_link", SecurityScheme::ApiKey(share));

    let any = ["api_key", "bearer", "session"]
        .map(|name| SecurityRequirement::new(name, [] as [&str; 0]));
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("AIdeator")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some("One prompt, one repository, N coding agents in Kubernetes Jobs, their logs live."))
                .build(),
        )
        .components(Some(components))
        .security(Some(any))
        .build()
}

/// Swagger UI under `/docs`, and the file.
pub(super) fn router(mut openapi: OpenApi) -> Router<AppState> {
    complete(&mut openapi);
    let file = Bytes::from(
        openapi
            .to_json()
            .expect("names and texts can be written as JSON"),
    );
    // It changes with the binary only.
    let tag = Tag::of(&file);
    let show = async move |headers: HeaderMap| {
        if tag.is_known(&headers) {
            return tag.not_modified();
        }
        let json = [(header::CONTENT_TYPE, "application/json")];
        tag.put_on((json, file.clone()).into_response())
    };
    let page = SwaggerUi::new("/docs").config(Config::new([FILE]));
    Router::from(page).route(FILE, get(show))
}
