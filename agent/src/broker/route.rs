//! Which requests are calls of a model, and where they go.
//!
//! A key can do more than call models: a proxy's can make other keys. So what is not on this list
//! does not pass.

use http::Method;

/// A request that may pass.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Route {
    /// After the version, with a slash.
    path: String,
    version: Version,
    /// How its servers want the key.
    pub(super) credential: Credential,
    /// Whether it costs: it counts as a step, and its usage is read.
    pub(super) is_call: bool,
}

/// First part of the path.
#[derive(Debug, PartialEq, Eq)]
enum Version {
    /// Of `OpenAI` and Anthropic.
    V1,
    /// Of Gemini.
    V1Beta,
}

/// Where a server looks for its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Credential {
    Bearer,
    Anthropic,
    Google,
}

/// Calls whose body names the model.
const CALLS: &[(&str, Credential)] = &[
    ("/chat/completions", Credential::Bearer),
    ("/completions", Credential::Bearer),
    ("/responses", Credential::Bearer),
    ("/messages", Credential::Anthropic),
];

impl Route {
    /// `None` for what may not pass.
    pub(super) fn new(method: &Method, path: &str) -> Option<Self> {
        // Nothing that a server could read as another path.
        if path.contains("..") || path.contains('%') || path.contains("//") {
            return None;
        }
        let (version, rest) = if let Some(rest) = path.strip_prefix("/v1beta") {
            (Version::V1Beta, rest)
        } else {
            (Version::V1, path.strip_prefix("/v1")?)
        };
        let (credential, is_call) = match (&version, method, rest) {
            (Version::V1, &Method::POST, "/messages/count_tokens") => {
                (Credential::Anthropic, false)
            }
            (Version::V1, &Method::POST, _) => {
                let (_, credential) = CALLS.iter().find(|(path, _)| *path == rest)?;
                (*credential, true)
            }
            (Version::V1, &Method::GET, _) if is_models(rest) => (Credential::Bearer, false),
            (Version::V1Beta, &Method::GET, _) if is_models(rest) => (Credential::Google, false),
            (Version::V1Beta, &Method::POST, _) => match gemini(rest)?.1 {
                "generateContent" | "streamGenerateContent" => (Credential::Google, true),
                "countTokens" => (Credential::Google, false),
                _ => return None,
            },
            _ => return None,
        };
        Some(Self {
            path: rest.to_owned(),
            version,
            credential,
            is_call,
        })
    }

    pub(super) fn model_in_path(&self) -> bool {
        self.version == Version::V1Beta
    }

    /// Puts the run's model in the path; the one that was there, if it was another.
    pub(super) fn set_model(&mut self, model: &str) -> Option<String> {
        let (asked, action) = gemini(&self.path).filter(|_| self.model_in_path())?;
        if asked == model {
            return None;
        }
        let asked = asked.to_owned();
        self.path = format!("/models/{model}:{action}");
        Some(asked)
    }

    /// The address at the upstream. `base` ends with its version, `/v1` as a rule; Gemini's version
    /// takes that one's place.
    pub(super) fn url(&self, base: &str, query: Option<&str>) -> String {
        let query: Vec<&str> = query
            .into_iter()
            .flat_map(|query| query.split('&'))
            .filter(|pair| !pair.is_empty() && !pair.starts_with("key="))
            .collect();
        let base = match self.version {
            Version::V1 => base.to_owned(),
            Version::V1Beta => format!("{}/v1beta", base.strip_suffix("/v1").unwrap_or(base)),
        };
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{base}{}{mark}{}", self.path, query.join("&"))
    }
}

fn is_models(path: &str) -> bool {
    path == "/models" || path.starts_with("/models/")
}

/// Model and action of `/models/MODEL:ACTION`.
fn gemini(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix("/models/")?.rsplit_once(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_calls_of_a_model_pass() {
        let url = |method, path, query| {
            let mut route = Route::new(&method, path)?;
            route.set_model("m");
            Some(route.url("https://host/x/v1", query))
        };
        for (path, query, there) in [
            (
                "/v1/chat/completions",
                None,
                "https://host/x/v1/chat/completions",
            ),
            (
                "/v1/messages",
                Some("beta=true"),
                "https://host/x/v1/messages?beta=true",
            ),
            (
                "/v1beta/models/gemini-x:streamGenerateContent",
                Some("alt=sse&key=token"),
                "https://host/x/v1beta/models/m:streamGenerateContent?alt=sse",
            ),
        ] {
            assert_eq!(url(Method::POST, path, query).as_deref(), Some(there));
        }
        assert!(url(Method::GET, "/v1/models", None).is_some());
        for (method, path) in [
            (Method::POST, "/v1/key/generate"),
            (Method::POST, "/key/generate"),
            (Method::POST, "/v1/files"),
            (Method::GET, "/v1/files"),
            (Method::DELETE, "/v1/models/m"),
            (Method::POST, "/v1/chat/completions/../../key/generate"),
            (Method::POST, "/v1/%2e%2e/key/generate"),
            (Method::POST, "/v1beta/models/m:delete"),
            (Method::POST, "/v1beta/cachedContents"),
        ] {
            assert_eq!(url(method, path, None), None, "{path}");
        }
    }
}
