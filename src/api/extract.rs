//! Extractors whose rejections are problems (see [`super::error`]), never axum's plain text.

#![expect(
    clippy::disallowed_types,
    reason = "this module wraps axum's own extractors"
)]

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::{ApiError, ApiResult, FieldError};
use super::middleware::{RequestId, client_address, network};
use crate::app::AppState;
use crate::auth::audit::Origin;
use crate::auth::{Authentication, CurrentUser};
use crate::etag::Tag;

/// A JSON body, in and out.
///
/// Malformed JSON is 400; well-formed JSON of the wrong shape is 422 and says where.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

impl<T, S> FromRequest<S> for Json<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> ApiResult<Self> {
        if !is_json(request.headers()) {
            return Err(ApiError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "send the body as JSON with the header `Content-Type: application/json`",
            ));
        }
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| {
                if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                    ApiError::new(
                        StatusCode::PAYLOAD_TOO_LARGE,
                        "body_too_large",
                        "the body is larger than this server reads",
                    )
                } else {
                    ApiError::bad_request("the body could not be read to its end")
                }
            })?;
        parse_json(&body).map(Self)
    }
}

impl<T: Serialize> Json<T> {
    /// The body with its tag, or 304 where the client has it already.
    pub fn tagged(self, request: &HeaderMap) -> ApiResult<Response> {
        let body = serde_json::to_vec(&self.0).map_err(|error| ApiError::internal(error.into()))?;
        let json = [(header::CONTENT_TYPE, "application/json")];
        let tag = Tag::of(&body);
        if tag.is_known(request) {
            return Ok(tag.not_modified());
        }
        Ok(tag.put_on((json, body).into_response()))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = value
        .and_then(|value| value.split(';').next())
        .unwrap_or_default()
        .trim();
    essence.eq_ignore_ascii_case("application/json")
}

fn parse_json<T: DeserializeOwned>(body: &[u8]) -> ApiResult<T> {
    let malformed = |error: &serde_json::Error| {
        ApiError::bad_request(format!("the body is not valid JSON: {error}"))
    };
    let mut value = serde_json::from_slice(body).map_err(|error| malformed(&error))?;
    whole_numbers(&mut value);
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let path = path
            .trim_start_matches('.')
            .replace('[', ".")
            .replace(']', "");
        let inner = error.into_inner();
        if inner.is_data() {
            ApiError::unprocessable(vec![FieldError::body(
                &path,
                without_position(&inner.to_string()),
            )])
        } else {
            malformed(&inner)
        }
    })
}

/// Writes `3.0` as `3`: to JSON they are the same number, and so they are to JSON Schema.
fn whole_numbers(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(whole_numbers),
        Value::Object(fields) => fields.values_mut().for_each(whole_numbers),
        Value::Number(number) if number.is_f64() => {
            // Text has them exactly where a cast would have to round.
            let text = number.to_string();
            if let Some(Ok(whole)) = text.strip_suffix(".0").map(str::parse::<i64>) {
                *value = whole.into();
            }
        }
        _ => {}
    }
}

/// serde's message without "at line … column …", which says nothing that the path does not.
fn without_position(message: &str) -> &str {
    message
        .rsplit_once(" at line ")
        .map_or(message, |(text, _)| text)
}

/// Parameters in the path, such as a run's id.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

impl<T, S> FromRequestParts<S> for Path<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            // A path that cannot be an id names nothing that exists.
            Err(_) => Err(ApiError::not_found("resource at", parts.uri.path())),
        }
    }
}

/// Parameters in the query string; unknown or malformed ones are 422.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

impl<T, S> FromRequestParts<S> for Query<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        match axum::extract::Query::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(rejection) => {
                let text = rejection.body_text();
                let text = text.trim_start_matches("Failed to deserialize query string: ");
                let (path, msg) = text.split_once(": ").unwrap_or(("", text));
                Err(ApiError::unprocessable(vec![FieldError::at(
                    "query", path, msg,
                )]))
            }
        }
    }
}

impl FromRequestParts<AppState> for Origin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> ApiResult<Self> {
        let trust = app.config.http.trust_forwarded_for;
        let address = client_address(&parts.headers, &parts.extensions, trust);
        let who = match parts.extensions.get::<Authentication>() {
            Some(Authentication::User(user)) => Some((user.id.clone(), user.credential.clone())),
            _ => None,
        };
        let request = parts.extensions.get::<RequestId>();
        Ok(Self {
            at_ms: app.clock.now_ms(),
            who,
            address,
            network: network(address),
            request: request.map(|id| id.0.clone()),
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for CurrentUser {
    type Rejection = ApiError;

    /// Takes what the authentication middleware found out.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> ApiResult<Self> {
        match parts.extensions.get::<Authentication>() {
            Some(Authentication::User(user)) => Ok(user.clone()),
            Some(Authentication::Refused(why)) => Err(ApiError::unauthorized(*why)),
            Some(Authentication::OutOfShare) => Err(ApiError::new(
                StatusCode::FORBIDDEN,
                "out_of_share",
                "a share link is for reading the one run that it was made for",
            )),
            Some(Authentication::CrossSite) => Err(ApiError::new(
                StatusCode::FORBIDDEN,
                "cross_site",
                "a request with the session cookie must come from this server's own page (Origin header)",
            )),
            Some(Authentication::Anonymous) => Err(ApiError::unauthorized(
                "send an API key as `X-API-Key: aid_sk_…`, or log in and send `Authorization: Bearer TOKEN`",
            )),
            None => Err(ApiError::internal(anyhow::anyhow!(
                "a route outside of the authentication middleware"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        #[expect(dead_code, reason = "only the errors matter here")]
        items: Vec<Item>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Item {
        #[expect(dead_code, reason = "only the errors matter here")]
        size: u8,
    }

    #[test]
    fn json_errors_say_where() {
        let loc = |body: &str| {
            let error = parse_json::<Body>(body.as_bytes()).unwrap_err();
            (error.status().as_u16(), format!("{error:?}"))
        };
        let (status, text) = loc(r#"{"items":[{"size":1},{"size":"x"}]}"#);
        assert_eq!(status, 422);
        assert!(text.contains(r#"["body", "items", "1", "size"]"#), "{text}");
        let (status, text) = loc(r#"{"items":[],"more":1}"#);
        assert_eq!(status, 422);
        assert!(text.contains(r#"["body", "more"]"#), "{text}");
        assert!(parse_json::<Body>(br#"{"items":[{"size":3.0}]}"#).is_ok());
        assert_eq!(loc(r#"{"items":[{"size":3.5}]}"#).0, 422);
        for malformed in ["", "{", "{\"items\":[]} x", "nul"] {
            assert_eq!(loc(malformed).0, 400, "{malformed}");
        }
    }
}
