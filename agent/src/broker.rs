//! The key broker: how a program that is not ours calls the model without having the provider's key.
//!
//! It listens on the loopback device of the container. Who knows its token may make model calls, and
//! nothing else ([`route`]); the real key is added on the way to the one upstream of the run. So
//! what the program hands to its tools, to a hook of a hostile repository, or to another host is a
//! token that is worth nothing outside of this run, and within it no more than the run's limits.
//!
//! Invariants: the key goes to the upstream and nowhere else, redirects and error texts included;
//! each call is told to the engine ([`Event`]) before it goes out and when it has ended, however it
//! ended; nothing is served unless [`Broker::serve`] is polled.

mod meter;
mod route;
mod usage;

use std::{
    fs, io,
    io::Read as _,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream::FuturesUnordered};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited, StreamBody, combinators::UnsyncBoxBody};
use hyper::{body::Frame, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::Value;
use tokio::{net::TcpListener, sync::mpsc};

use self::{
    meter::Meter,
    route::{Credential, Route},
};
use crate::{
    input::Provider,
    limits::Tokens,
    model::{ModelError, failure, http_client},
};

/// Largest request, bytes.
const REQUEST_BYTES: usize = 32 * 1024 * 1024;

/// Connections at once; more wait.
const CONNECTIONS: usize = 32;

/// How long a client may take to send the head of a request.
const HEADER_LIMIT: Duration = Duration::from_secs(30);

/// Request headers that are passed on.
const REQUEST_HEADERS: &[&str] = &[
    "accept",
    "content-type",
    "anthropic-beta",
    "anthropic-version",
    "openai-beta",
    "user-agent",
];

/// Response headers that are passed on.
const RESPONSE_HEADERS: &[&str] = &[
    "content-type",
    "retry-after",
    "retry-after-ms",
    "x-request-id",
];

type Body = UnsyncBoxBody<Bytes, reqwest::Error>;

/// What the engine has to know of a call.
#[derive(Debug)]
pub(crate) enum Event {
    /// A call goes out; it counts as a step.
    Asked,
    /// Another model was asked for than the run's, which answers instead.
    OtherModel(String),
    /// A call has ended.
    Spent {
        /// As the provider told; `None` where it did not.
        tokens: Option<Tokens>,
        /// What it seems to be then.
        estimate: u64,
    },
    /// The provider failed; the program was told so.
    Failed(ModelError),
    /// The provider answered.
    Answered,
}

/// A listener that has not begun to serve.
pub(crate) struct Broker {
    listener: TcpListener,
    address: SocketAddr,
    token: String,
    provider: Provider,
    /// As the provider knows it.
    model: String,
    http: reqwest::Client,
    events: mpsc::UnboundedSender<Event>,
}

impl Broker {
    /// Listens on a free port of the loopback device.
    pub(crate) async fn open(
        provider: &Provider,
        model: &str,
    ) -> anyhow::Result<(Self, mpsc::UnboundedReceiver<Event>)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (events, receiver) = mpsc::unbounded_channel();
        let broker = Self {
            address: listener.local_addr()?,
            listener,
            token: token()?,
            provider: provider.clone(),
            model: model.to_owned(),
            http: http_client()?,
            events,
        };
        Ok((broker, receiver))
    }

    /// Its address without a path, for clients that add the version themselves.
    pub(crate) fn root(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What a client has to send in place of the provider's key.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Serves until it is dropped; an error means that it can serve no more.
    pub(crate) async fn serve(&self) -> io::Result<()> {
        let mut connections = FuturesUnordered::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept(), if connections.len() < CONNECTIONS => {
                    let (stream, _) = accepted?;
                    // Small pieces of an answer go on at once.
                    stream.set_nodelay(true)?;
                    let service = service_fn(async |request| {
                        Ok::<_, std::convert::Infallible>(self.answer(request).await)
                    });
                    let connection = http1::Builder::new()
                        .timer(TokioTimer::new())
                        .header_read_timeout(HEADER_LIMIT)
                        .serve_connection(TokioIo::new(stream), service);
                    connections.push(connection);
                }
                // A client that goes away in the middle is its own affair.
                Some(_) = connections.next() => {}
            }
        }
    }

    async fn answer(&self, request: Request<hyper::body::Incoming>) -> Response<Body> {
        match self.forward(request).await {
            Ok(response) => response,
            Err(refusal) => refusal.response(),
        }
    }

    async fn forward(
        &self,
        request: Request<hyper::body::Incoming>,
    ) -> Result<Response<Body>, Refusal> {
        let (head, body) = request.into_parts();
        if !self.knows_token(&head.headers, head.uri.query()) {
            let message = "This address answers to the run's engine only; the token is missing.";
            return Err(Refusal(StatusCode::UNAUTHORIZED, message.to_owned()));
        }
        let route = Route::new(&head.method, head.uri.path()).ok_or_else(|| {
            let message = format!(
                "Only calls of a model pass here; {} {} is none.",
                head.method,
                head.uri.path()
            );
            Refusal(StatusCode::NOT_FOUND, message)
        })?;
        let body = Limited::new(body, REQUEST_BYTES).collect().await;
        let body =
            body.map_err(|error| Refusal(StatusCode::PAYLOAD_TOO_LARGE, error.to_string()))?;
        let (route, body) = self.with_model(route, body.to_bytes())?;
        let url = route.url(&self.provider.base_url, head.uri.query());
        let mut upstream = self.http.request(head.method, url);
        for name in REQUEST_HEADERS {
            for value in head.headers.get_all(*name) {
                upstream = upstream.header(*name, value);
            }
        }
        if !self.provider.api_key.is_empty() {
            let (name, value) = route.credential.header(&self.provider.api_key);
            let mut value = HeaderValue::from_str(&value).map_err(|_| {
                Refusal(StatusCode::BAD_GATEWAY, "The key is no header.".to_owned())
            })?;
            value.set_sensitive(true);
            upstream = upstream.header(name, value);
        }
        if !route.is_call {
            return self.pass(upstream.body(body).send().await, None).await;
        }
        self.tell(Event::Asked);
        let meter = Meter::new(body.len(), self.events.clone());
        self.pass(upstream.body(body).send().await, Some(meter))
            .await
    }

    /// The token, in whichever place a client puts its key.
    fn knows_token(&self, headers: &HeaderMap, query: Option<&str>) -> bool {
        let bearer = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let named = ["x-api-key", "x-goog-api-key", "api-key"]
            .into_iter()
            .filter_map(|name| headers.get(name)?.to_str().ok());
        let in_query = query
            .into_iter()
            .flat_map(|query| query.split('&'))
            .filter_map(|pair| pair.strip_prefix("key="));
        bearer
            .into_iter()
            .chain(named)
            .chain(in_query)
            .any(|token| token == self.token)
    }

    /// The same request for the run's model: its price is the one that the limits are made of.
    fn with_model(&self, mut route: Route, body: Bytes) -> Result<(Route, Bytes), Refusal> {
        if let Some(asked) = route.set_model(&self.model) {
            self.tell(Event::OtherModel(asked));
        }
        if !route.is_call || route.model_in_path() {
            return Ok((route, body));
        }
        let mut json: Value = serde_json::from_slice(&body).map_err(|error| {
            Refusal(
                StatusCode::BAD_REQUEST,
                format!("The request is not JSON: {error}."),
            )
        })?;
        let Some(asked) = json.get("model").and_then(Value::as_str) else {
            let message = "The request names no model.".to_owned();
            return Err(Refusal(StatusCode::BAD_REQUEST, message));
        };
        if asked == self.model {
            return Ok((route, body));
        }
        self.tell(Event::OtherModel(asked.chars().take(100).collect()));
        json["model"] = self.model.clone().into();
        Ok((route, json.to_string().into()))
    }

    /// The upstream's answer, as it comes.
    async fn pass(
        &self,
        answer: reqwest::Result<reqwest::Response>,
        meter: Option<Meter>,
    ) -> Result<Response<Body>, Refusal> {
        let answer = answer.map_err(|error| {
            let error = ModelError::from(error);
            let message = error.to_string();
            self.tell(Event::Failed(error));
            Refusal(StatusCode::BAD_GATEWAY, message)
        })?;
        let status = answer.status();
        let mut response = Response::builder().status(status);
        for name in RESPONSE_HEADERS {
            for value in answer.headers().get_all(*name) {
                response = response.header(*name, value);
            }
        }
        let body = if status.is_success() {
            self.tell(Event::Answered);
            stream(answer, meter)
        } else {
            let failure = failure(answer).await;
            self.tell(Event::Failed(ModelError::from_failure(&failure)));
            full(self.redacted(&failure.body))
        };
        response
            .body(body)
            .map_err(|error| Refusal(StatusCode::BAD_GATEWAY, error.to_string()))
    }

    /// Providers repeat keys that they refuse.
    fn redacted(&self, text: &str) -> String {
        match self.provider.api_key.as_str() {
            "" => text.to_owned(),
            key => text.replace(key, "[secret]"),
        }
    }

    fn tell(&self, event: Event) {
        // The engine that listens has us polled: it only goes when we go.
        let _ = self.events.send(event);
    }
}

/// A request that does not go out.
struct Refusal(StatusCode, String);

impl Refusal {
    /// In a shape that all of the four dialects' clients understand.
    fn response(self) -> Response<Body> {
        let json = serde_json::json!({"type": "error",
            "error": {"type": "invalid_request_error", "code": self.0.as_u16(), "message": self.1}});
        let mut response = Response::new(full(json.to_string()));
        *response.status_mut() = self.0;
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response
    }
}

fn full(text: String) -> Body {
    Full::new(Bytes::from(text))
        .map_err(|never| match never {})
        .boxed_unsync()
}

fn stream(answer: reqwest::Response, mut meter: Option<Meter>) -> Body {
    let frames = answer.bytes_stream().map_ok(move |bytes| {
        if let Some(meter) = &mut meter {
            meter.push(&bytes);
        }
        Frame::data(bytes)
    });
    StreamBody::new(frames).boxed_unsync()
}

/// 256 bits that nobody can guess.
fn token() -> io::Result<String> {
    let mut bytes = [0; 32];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    let hex = bytes.iter().map(|byte| format!("{byte:02x}"));
    Ok(format!("run-{}", hex.collect::<String>()))
}

impl Credential {
    /// Where this dialect's servers look for the key.
    fn header(self, key: &str) -> (&'static str, String) {
        match self {
            Self::Bearer => ("authorization", format!("Bearer {key}")),
            Self::Anthropic => ("x-api-key", key.to_owned()),
            Self::Google => ("x-goog-api-key", key.to_owned()),
        }
    }
}
