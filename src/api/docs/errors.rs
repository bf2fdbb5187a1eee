//! The errors that every operation can answer with, whatever its handler says: those of what surrounds
//! handlers (middleware, extractors). A handler's own word about a status stays.

use serde_json::json;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::{
    Content, Header, ObjectBuilder, OpenApi, PathItem, Ref, RefOr, Response, ResponseBuilder, Type,
};

/// Where problems have their own content type (RFC 9457).
const PROBLEM: &str = "application/problem+json";

/// Adds them, and the content type and an example to all errors.
pub(super) fn complete(openapi: &mut OpenApi) {
    for (path, item) in &mut openapi.paths.paths {
        for operation in operations(item) {
            add(path, operation);
            for (status, response) in &mut operation.responses.responses {
                if let (Ok(status), RefOr::T(response)) = (status.parse(), response) {
                    as_problem(status, response);
                }
            }
        }
    }
}

pub(super) fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
        &mut item.patch,
    ]
    .into_iter()
    .flatten()
}

fn add(path: &str, operation: &mut Operation) {
    let parameters = operation.parameters.as_deref().unwrap_or_default();
    let has = |kind: &ParameterIn| {
        let is = |it: &RefOr<_>| matches!(it, RefOr::T(it) if parameter_in(it) == kind);
        parameters.iter().any(is)
    };
    let public = operation.security.as_ref().is_some_and(|rights| {
        // `security(())`: nothing is asked for.
        rights
            .iter()
            .any(|right| *right == utoipa::openapi::SecurityRequirement::default())
    });
    let mut all = vec![("500", "our fault; the server's log has the cause")];
    if !path.starts_with("/api/v1/health") {
        all.push((
            "429",
            "too many requests: `Retry-After` says when the next one is answered",
        ));
    }
    if !public {
        all.push((
            "401",
            "no credential, or one that is unknown, expired or revoked",
        ));
        all.push(("403", "the credential is good, but not for this"));
    }
    if has(&ParameterIn::Path) {
        all.push(("404", "there is no such thing, or it is somebody else's"));
    }
    if has(&ParameterIn::Query) {
        all.push((
            "422",
            "a parameter is wrong or unknown; `errors` says which",
        ));
    }
    if operation.request_body.is_some() {
        all.push(("400", "the body is not JSON"));
        all.push(("413", "the body is larger than this server reads"));
        all.push(("415", "the body is not said to be JSON"));
        all.push(("422", "fields are wrong; `errors` says which"));
    }
    let responses = &mut operation.responses.responses;
    for (status, description) in all {
        let response = || {
            ResponseBuilder::new()
                .description(description)
                .build()
                .into()
        };
        let response = responses.entry(status.to_owned()).or_insert_with(response);
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            description.clone_into(&mut response.description);
        }
    }
}

fn parameter_in(parameter: &utoipa::openapi::path::Parameter) -> &ParameterIn {
    &parameter.parameter_in
}

fn as_problem(status: u16, response: &mut Response) {
    if status < 400 || response.content.contains_key("text/plain") {
        return;
    }
    // A readiness answer has a shape of its own.
    let own = response.content.get("application/json");
    let is_problem = |content: &RefOr<Content>| match content {
        RefOr::T(content) => {
            matches!(&content.schema, Some(RefOr::Ref(it)) if it.ref_location.ends_with("/Problem"))
        }
        RefOr::Ref(_) => false,
    };
    if own.is_some_and(|content| !is_problem(content)) {
        return;
    }
    let mut content = Content::new(Some(Ref::from_schema_name("Problem")));
    content.example = Some(example(status));
    response.content.clear();
    response.content.insert(PROBLEM.to_owned(), content.into());
    if status == 429 {
        let seconds = ObjectBuilder::new().schema_type(Type::Integer).build();
        let mut header = Header::new(seconds);
        header.description = Some("seconds until the next request is answered".to_owned());
        response
            .headers
            .insert("Retry-After".to_owned(), header.into());
    }
}

fn example(status: u16) -> serde_json::Value {
    let (code, title, detail) = match status {
        400 => (
            "bad_request",
            "Bad Request",
            "the body is not valid JSON: expected `,` or `}` at line 1 column 17",
        ),
        401 => (
            "unauthorized",
            "Unauthorized",
            "this API key is unknown, expired or revoked",
        ),
        403 => (
            "missing_scope",
            "Forbidden",
            "this API key lacks the scope `runs:create`: create one that has it, or log in",
        ),
        404 => (
            "not_found",
            "Not Found",
            "there is no run `run-0198a7c41e5b7d2084c1f0a9b6d3e755`",
        ),
        409 => (
            "no_result",
            "Conflict",
            "variation 0 is still running; wait for its end",
        ),
        413 => (
            "body_too_large",
            "Payload Too Large",
            "the body is larger than this server reads",
        ),
        415 => (
            "unsupported_media_type",
            "Unsupported Media Type",
            "send the body as JSON with the header `Content-Type: application/json`",
        ),
        416 => (
            "range_not_satisfiable",
            "Range Not Satisfiable",
            "the log has 1042 bytes",
        ),
        422 => (
            "validation_failed",
            "Unprocessable Entity",
            "the request is not valid: variations: must be 1 to 5",
        ),
        429 => (
            "too_many_requests",
            "Too Many Requests",
            "more than 600 requests a minute: wait 2 s",
        ),
        507 => (
            "insufficient_storage",
            "Insufficient Storage",
            "the server's disk is nearly full, so it takes no new runs",
        ),
        _ => (
            "internal_error",
            "Internal Server Error",
            "an internal error occurred; the server's log has the cause under this response's X-Request-ID",
        ),
    };
    let mut problem = json!({"type": format!("urn:aideator:error:{code}"), "title": title,
        "status": status, "detail": detail, "code": code});
    if status == 422 {
        problem["errors"] = json!([{"loc": ["body", "variations"], "msg": "must be 1 to 5"}]);
    }
    problem
}
