//! A typed-enough HTTP client: requests in one call, replies read whole.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::TestApp;
use super::run::EventStream;

/// A client with the headers that it always sends.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
    headers: HeaderMap,
}

/// A reply, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Client {
    pub(crate) fn new(url: String) -> Self {
        let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        Self {
            http: builder.build().unwrap(),
            url,
            headers: HeaderMap::new(),
        }
    }

    /// The same client with one header more.
    #[must_use]
    pub(crate) fn with_header(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        let name: HeaderName = name.parse().unwrap();
        client
            .headers
            .insert(name, HeaderValue::from_str(value).unwrap());
        client
    }

    /// The same client, with the same credentials, of another server.
    pub(crate) fn at(&self, test: &TestApp) -> Self {
        let mut client = self.clone();
        client.url.clone_from(&test.url);
        client
    }

    /// The same client of another address.
    pub(crate) fn of(&self, url: &str) -> Self {
        let mut client = self.clone();
        url.clone_into(&mut client.url);
        client
    }

    /// A stream of events, from an id on.
    pub(crate) async fn stream(&self, path: &str, id: Option<&str>) -> EventStream {
        let mut request = self.http.get(format!("{}{path}", self.url));
        request = request.headers(self.headers.clone());
        if let Some(id) = id {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{path} from {id:?}");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        EventStream::new(response)
    }

    /// The server's address, e.g. `http://127.0.0.1:1234`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The status that a request gets; its body is left unread.
    pub(crate) async fn status(&self, path: &str) -> StatusCode {
        let request = self.http.get(format!("{}{path}", self.url));
        let response = request.headers(self.headers.clone()).send().await;
        response.unwrap().status()
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::POST, path, Some(body.to_string())).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None).await
    }

    /// Any request; a body is sent as JSON, whether it is or not.
    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<String>) -> Reply {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.url))
            .headers(self.headers.clone());
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body);
        }
        let response = request.send().await.unwrap();
        Reply {
            status: response.status(),
            headers: response.headers().clone(),
            body: response.text().await.unwrap(),
        }
    }
}

impl Reply {
    /// The same reply, if it has this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// A header that must be there.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value
            .unwrap_or_else(|| panic!("no {name} in {:?}", self.headers))
            .to_str()
            .unwrap()
    }

    /// Checks that it is a problem of this status and code that says something.
    #[track_caller]
    pub(crate) fn expect_problem(self, status: u16, code: &str) -> Self {
        let reply = self.expect(status);
        assert_eq!(reply.header("content-type"), "application/problem+json");
        assert!(!reply.header("x-request-id").is_empty());
        let problem = reply.json();
        assert_eq!(problem["status"], status);
        assert_eq!(problem["code"], code);
        assert_eq!(problem["type"], format!("urn:aideator:error:{code}"));
        assert!(problem["detail"].as_str().unwrap().len() > 10, "{problem}");
        reply
    }
}
