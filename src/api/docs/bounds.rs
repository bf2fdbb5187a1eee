//! How long the lists are that come as a whole: what makes one longer is refused. All others are paged.

use utoipa::openapi::schema::Schema;
use utoipa::openapi::{OpenApi, RefOr};

use crate::api::{auth, credentials, runs};
use crate::webhooks;

const WHOLE: [(&str, usize); 4] = [
    ("/api/v1/auth/api-keys", auth::api_keys::MOST_KEYS),
    ("/api/v1/credentials", credentials::MOST),
    ("/api/v1/runs/{id}/shares", runs::shares::MOST_SHARES),
    ("/api/v1/webhooks", webhooks::MOST as usize),
];

/// Says it of each.
pub(super) fn complete(openapi: &mut OpenApi) {
    for (path, most) in WHOLE {
        let item = openapi.paths.paths.get_mut(path);
        let operation = item.and_then(|item| item.get.as_mut());
        let response = operation.and_then(|it| it.responses.responses.get_mut("200"));
        let Some(RefOr::T(response)) = response else {
            continue;
        };
        for content in response.content.values_mut() {
            if let RefOr::T(content) = content
                && let Some(RefOr::T(Schema::Array(list))) = &mut content.schema
            {
                list.max_items = Some(most);
                response.description = format!("all of them, at most {most}");
            }
        }
    }
}
