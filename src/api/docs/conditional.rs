//! What has a version: its tag, and what is answered to who has that version already.

use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::{Header, ObjectBuilder, OpenApi, RefOr, Required, Type};

use super::errors::operations;

/// Adds it to the operations that name the status 304.
pub(super) fn complete(openapi: &mut OpenApi) {
    for item in openapi.paths.paths.values_mut() {
        for operation in operations(item) {
            if operation.responses.responses.contains_key("304") {
                add(operation);
            }
        }
    }
}

fn add(operation: &mut Operation) {
    let text = || ObjectBuilder::new().schema_type(Type::String).build();
    let parameter = ParameterBuilder::new()
        .name("If-None-Match")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "the `ETag` of what you have: if it is still that, the answer is 304",
        ))
        .schema(Some(text()));
    let parameters = operation.parameters.get_or_insert_default();
    parameters.push(RefOr::T(parameter.build()));
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else {
            continue;
        };
        if status == "304" {
            "you have it already; there is no body".clone_into(&mut response.description);
        } else if !status.starts_with('2') {
            continue;
        }
        let mut header = Header::new(text());
        header.description = Some("which version it is".to_owned());
        response.headers.insert("ETag".to_owned(), header.into());
    }
}
