//! The OpenAPI file, made from the handlers, and Swagger UI, served from the binary.

mod errors;
mod parameters;

use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, InfoBuilder, OpenApi, OpenApiBuilder, SecurityRequirement};
use utoipa_swagger_ui::SwaggerUi;

use crate::auth::COOKIE;

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

/// Swagger UI under `/docs`.
pub(super) fn swagger(mut openapi: OpenApi) -> SwaggerUi {
    complete(&mut openapi);
    SwaggerUi::new("/docs").url(FILE, openapi)
}
