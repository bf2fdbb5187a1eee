//! What parameters of paths look like: the same wherever they stand.

use serde_json::json;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::{ObjectBuilder, OpenApi, RefOr, Type};

use super::errors::operations;

/// Says of each run's id its form, and gives examples.
pub(super) fn complete(openapi: &mut OpenApi) {
    for (path, item) in &mut openapi.paths.paths {
        let of_run = path.starts_with("/api/v1/runs/{id}");
        for operation in operations(item) {
            for parameter in operation.parameters.iter_mut().flatten() {
                if let RefOr::T(parameter) = parameter
                    && parameter.parameter_in == ParameterIn::Path
                {
                    describe(parameter, of_run);
                }
            }
        }
    }
}

fn describe(parameter: &mut Parameter, of_run: bool) {
    match &*parameter.name {
        "id" if of_run => {
            let schema = ObjectBuilder::new()
                .schema_type(Type::String)
                .pattern(Some("^run-[0-9a-f]{32}$"))
                .examples([json!("run-0198a7c41e5b7d2084c1f0a9b6d3e755")]);
            parameter.schema = Some(schema.build().into());
            parameter.description = Some("the run's id".to_owned());
        }
        "variation" => {
            let schema = ObjectBuilder::new()
                .schema_type(Type::Integer)
                .minimum(Some(0))
                .maximum(Some(u8::MAX))
                .examples([json!(0)]);
            parameter.schema = Some(schema.build().into());
            let text = "0 for the first; 255 is the run's judge, where it has a log";
            parameter.description = Some(text.to_owned());
        }
        _ => {}
    }
}
