//! Entity tags (RFC 9110 §8.8.3, §13.1): what a client has already is not sent again.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use headers::{ETag, HeaderMapExt as _, IfNoneMatch, IfRange};
use sha2::{Digest as _, Sha256};

/// Of what somebody may see and others may not: kept by whoever asked, and asked for again each time.
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// Which version of what is at an address.
#[derive(Clone, Debug)]
pub struct Tag(ETag);

impl Tag {
    /// Where a word stands for bytes: the same word at the same address, the same bytes.
    pub fn strong(word: &str) -> Self {
        Self::parse(&format!("\"{word}\""))
    }

    /// Where the same may be written in other bytes.
    pub fn weak(word: &str) -> Self {
        Self::parse(&format!("W/\"{word}\""))
    }

    /// Of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self::strong(&word_of(bytes))
    }

    fn parse(text: &str) -> Self {
        Self(
            text.parse()
                .expect("words are letters, digits, `.`, `-` and `_`"),
        )
    }

    /// Whether the client has this version.
    pub fn is_known(&self, request: &HeaderMap) -> bool {
        let known = request.typed_get::<IfNoneMatch>();
        known.is_some_and(|known| !known.precondition_passes(&self.0))
    }

    /// Whether a part of this version is of use to the client: it has the rest of this one, or did not
    /// say of which.
    pub fn continues(&self, request: &HeaderMap) -> bool {
        match request.typed_try_get::<IfRange>() {
            Ok(None) => true,
            Ok(Some(had)) => !had.is_modified(Some(&self.0), None),
            Err(_) => false,
        }
    }

    /// 304, without a body.
    pub fn not_modified(&self) -> Response {
        self.put_on(StatusCode::NOT_MODIFIED.into_response())
    }

    /// The response with this tag, for whoever asked and nobody else.
    pub fn put_on(&self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        headers.typed_insert(self.0.clone());
        headers.insert(header::CACHE_CONTROL, PRIVATE);
        response
    }
}

/// A word for these bytes and no others.
pub fn word_of(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(bytes)[..18])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_as_the_rfc_says() {
        let header = |name: header::HeaderName, value: &str| {
            HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
        };
        let (strong, weak) = (Tag::strong("a.1"), Tag::weak("a.1"));
        for (value, known) in [
            ("\"a.1\"", true),
            ("W/\"a.1\"", true),
            ("\"b\", W/\"a.1\"", true),
            ("*", true),
            ("\"a.2\"", false),
            ("a.1", false),
        ] {
            let request = header(header::IF_NONE_MATCH, value);
            for tag in [&strong, &weak] {
                assert_eq!(tag.is_known(&request), known, "{tag:?} {value}");
            }
        }
        for (value, continues) in [
            ("\"a.1\"", true),
            ("W/\"a.1\"", false),
            ("\"a.2\"", false),
            ("Thu, 26 Nov 2026 05:45:27 GMT", false),
            ("nonsense", false),
        ] {
            let request = header(header::IF_RANGE, value);
            assert_eq!(strong.continues(&request), continues, "{value}");
        }
        assert!(strong.continues(&HeaderMap::new()) && !strong.is_known(&HeaderMap::new()));
    }
}
