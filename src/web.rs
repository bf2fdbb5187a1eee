//! The web page: a static export, embedded in the binary (or read from `WEB_DIR` in development).
//!
//! Rules: `p`, `p.html`, `p/index.html`, else `404.html` with status 404; hashed assets never change; pages are
//! revalidated; every page's Content-Security-Policy allows exactly the inline scripts it was built with.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::{Component, Path};

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rust_embed::Embed;
use sha2::{Digest as _, Sha256};

use crate::config::Http;
use crate::etag::{Tag, word_of};

/// Built by the front end; `build.rs` makes the directory, so that the server builds without npm.
#[derive(Embed)]
#[folder = "frontend/out"]
struct Page;

/// Shown where the page was not built.
const NOT_BUILT: &str = "The web page is not part of this build: run `npm ci && npm run build` in frontend/ and build again.\n\
                         The API works without it: see /docs.\n";

/// Answers a GET or HEAD of anything that is not the API.
pub fn serve(config: &Http, request: &Request) -> Response {
    let path = request.uri().path();
    if let Some(run) = path
        .strip_prefix("/runs/")
        .filter(|run| !run.is_empty() && is_plain(run))
    {
        let location = [(header::LOCATION, format!("/stream?run={run}"))];
        return (StatusCode::FOUND, location).into_response();
    }
    let files = Files {
        dir: config.web_dir.as_deref(),
    };
    let Some((status, file)) = files.find(path) else {
        return (StatusCode::NOT_FOUND, NOT_BUILT).into_response();
    };
    file.respond(status, request.headers())
}

/// Whether a path segment needs no escaping anywhere.
fn is_plain(segment: &str) -> bool {
    segment
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// Where files come from.
struct Files<'a> {
    dir: Option<&'a Path>,
}

struct File {
    name: String,
    content: Cow<'static, [u8]>,
}

impl Files<'_> {
    fn find(&self, path: &str) -> Option<(StatusCode, File)> {
        let path = path.trim_matches('/');
        let candidates = [
            path.to_owned(),
            format!("{path}.html"),
            format!("{path}/index.html"),
        ];
        let found = candidates
            .iter()
            .map(|name| name.trim_start_matches('/'))
            .find_map(|name| self.read(name));
        match found {
            Some(file) => Some((StatusCode::OK, file)),
            None => self
                .read("404.html")
                .map(|file| (StatusCode::NOT_FOUND, file)),
        }
    }

    fn read(&self, name: &str) -> Option<File> {
        let relative = Path::new(name)
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        if name.is_empty() || !relative {
            return None;
        }
        let content = match self.dir {
            Some(dir) => std::fs::read(dir.join(name)).ok().map(Cow::Owned),
            None => Page::get(name).map(|file| file.data),
        };
        content.map(|content| File {
            name: name.to_owned(),
            content,
        })
    }
}

impl File {
    fn respond(self, status: StatusCode, request: &HeaderMap) -> Response {
        // Weak: the same page may leave compressed or not.
        let tag = Tag::weak(&word_of(&self.content));
        let immutable = self.name.starts_with("_next/static/");
        let caching = if immutable {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        let mime = mime_guess::from_path(&self.name).first_or_octet_stream();
        let html = mime.essence_str() == "text/html";
        let csp = html.then(|| content_security_policy(&self.content));

        let unchanged = status == StatusCode::OK && tag.is_known(request);
        let mut response = if unchanged {
            tag.not_modified()
        } else {
            tag.put_on((status, Body::from(self.content.into_owned())).into_response())
        };
        let mut set = |name, value: &str| {
            // All values are made here, of printable ASCII.
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().insert(name, value);
            }
        };
        let charset = if mime.type_() == mime_guess::mime::TEXT {
            "; charset=utf-8"
        } else {
            ""
        };
        set(
            header::CONTENT_TYPE,
            &format!("{}{charset}", mime.essence_str()),
        );
        set(header::CACHE_CONTROL, caching);
        if let Some(csp) = csp {
            set(header::CONTENT_SECURITY_POLICY, &csp);
        }
        response
    }
}

/// The policy of one page: nothing from elsewhere, and of inline scripts only those it holds.
///
/// Styles may be inline: the export has `style` attributes, which hashes cannot allow.
fn content_security_policy(html: &[u8]) -> String {
    let html = String::from_utf8_lossy(html);
    let mut hashes = String::new();
    for script in inline_scripts(&html) {
        // Writing to a `String` cannot fail.
        let _ = write!(
            hashes,
            " 'sha256-{}'",
            STANDARD.encode(Sha256::digest(script))
        );
    }
    format!(
        "default-src 'self'; script-src 'self'{hashes}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
         font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}

/// The texts of `<script>` elements without `src`. The pages are our own build's, so plain searching will do.
fn inline_scripts(html: &str) -> impl Iterator<Item = &str> {
    html.split("<script").skip(1).filter_map(|rest| {
        let (attributes, rest) = rest.split_once('>')?;
        let (text, _) = rest.split_once("</script>")?;
        (!attributes.contains("src=") && !text.is_empty()).then_some(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_allows_exactly_the_inline_scripts() {
        let html =
            br#"<head><script src="/a.js" async=""></script><script>alert(1)</script></head>"#;
        let policy = content_security_policy(html);
        assert_eq!(policy.matches("sha256-").count(), 1);
        // echo -n 'alert(1)' | openssl dgst -sha256 -binary | base64
        assert!(
            policy.contains(
                "script-src 'self' 'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='"
            ),
            "{policy}"
        );
    }

    #[test]
    fn files_are_found_by_the_rules_and_only_inside_the_directory() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("out");
        std::fs::create_dir_all(root.join("docs")).unwrap();
        for name in [
            "index.html",
            "stream.html",
            "docs/index.html",
            "404.html",
            "a.js",
        ] {
            std::fs::write(root.join(name), name).unwrap();
        }
        std::fs::write(dir.path().join("secret"), "secret").unwrap();
        let files = Files { dir: Some(&root) };
        for (path, expected) in [
            ("/", "index.html"),
            ("/stream", "stream.html"),
            ("/docs/", "docs/index.html"),
            ("/a.js", "a.js"),
            ("/nothing", "404.html"),
            ("/../secret", "404.html"),
            ("/docs/../../secret", "404.html"),
            ("//etc/passwd", "404.html"),
        ] {
            let (status, file) = files.find(path).unwrap();
            assert_eq!(file.name, expected, "{path}");
            assert_eq!(status == StatusCode::OK, expected != "404.html", "{path}");
        }
    }
}
