//! The HTTP API, as one account.

use serde_json::{Value, json};

use super::{env, nonce};

/// A client with an API key, or without any credential.
#[derive(Clone)]
pub(crate) struct Api {
    http: reqwest::Client,
    url: String,
    key: Option<String>,
}

/// A reply, read to its end.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Api {
    /// The account that `scripts/up` made.
    pub(crate) fn operator() -> Self {
        Self::with_key(Some(env("AIDEATOR_API_KEY")))
    }

    /// Any credential, or none.
    pub(crate) fn with_key(key: Option<String>) -> Self {
        Self::at(&env("AIDEATOR_URL"), key)
    }

    /// Another server.
    pub(crate) fn at(url: &str, key: Option<String>) -> Self {
        Self {
            http: reqwest::Client::new(),
            url: url.to_owned(),
            key,
        }
    }

    /// A new account of the same server, logged in: only so can API keys be made.
    pub(crate) async fn new_session(&self) -> Self {
        let account =
            json!({"email": format!("{}@example.com", nonce()), "password": "TestPass123"});
        self.post("/auth/register", &account).await.expect(201);
        let login = self.post("/auth/login", &account).await.expect(200).json();
        Self::at(
            &self.url,
            Some(login["access_token"].as_str().unwrap().to_owned()),
        )
    }

    /// The API key of a new account of the same server.
    pub(crate) async fn new_account(&self) -> Self {
        let session = self.new_session().await;
        let key = session
            .post("/auth/api-keys", &json!({"name": "test"}))
            .await
            .expect(201)
            .json();
        Self::at(&self.url, Some(key["api_key"].as_str().unwrap().to_owned()))
    }

    /// A new account.
    pub(crate) async fn stranger() -> Self {
        Self::with_key(None).new_account().await
    }

    /// For a curl: the address of a path, and the credential.
    pub(crate) fn curl(&self, path: &str) -> String {
        let key = self.key.as_deref().unwrap_or("");
        format!(
            "curl -sN -H 'Authorization: Bearer {key}' {}/api/v1{path}",
            self.url
        )
    }

    /// A request with this account's credential.
    pub(crate) fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}/api/v1{path}", self.url);
        let request = self.http.request(method, url);
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        Reply::of(self.request(reqwest::Method::GET, path)).await
    }

    /// The reply, if the server answers at all.
    pub(crate) async fn try_get(&self, path: &str) -> Option<u16> {
        let request = self.request(reqwest::Method::GET, path).send().await;
        Some(request.ok()?.status().as_u16())
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.post_text(path, body.to_string()).await
    }

    /// Sends a body that may not be JSON.
    pub(crate) async fn post_text(&self, path: &str, body: String) -> Reply {
        let request = self.request(reqwest::Method::POST, path);
        Reply::of(
            request
                .header("content-type", "application/json")
                .body(body),
        )
        .await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        Reply::of(self.request(reqwest::Method::DELETE, path)).await
    }

    /// Starts a run on the sample repository; its id.
    pub(crate) async fn start(&self, prompt: &str, variations: usize, more: Value) -> String {
        let mut body = json!({
            "github_url": env("AIDEATOR_DEMO_REPO"), "prompt": prompt, "variations": variations,
        });
        if let Value::Object(more) = more {
            body.as_object_mut().unwrap().extend(more);
        }
        let accepted = self.post("/runs", &body).await.expect(202).json();
        let id = accepted["run_id"].as_str().unwrap().to_owned();
        let jobs: Vec<&str> = accepted["variations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|v| v["job_name"].as_str().unwrap())
            .collect();
        let expected: Vec<String> = (0..variations).map(|i| format!("agent-{id}-{i}")).collect();
        assert_eq!(jobs, expected);
        id
    }

    /// The run as it is now.
    pub(crate) async fn run(&self, id: &str) -> Value {
        self.get(&format!("/runs/{id}")).await.expect(200).json()
    }
}

impl Reply {
    async fn of(request: reqwest::RequestBuilder) -> Self {
        let response = request
            .timeout(std::time::Duration::from_secs(90))
            .send()
            .await
            .unwrap();
        let status = response.status().as_u16();
        let body = response.bytes().await.unwrap().to_vec();
        Self { status, body }
    }

    /// The same reply, if it has this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{text}");
        self
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}
