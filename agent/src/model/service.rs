//! HTTP below async-openai: no retries of its own, errors with status, headers and body, and a
//! stream whose end is known to be one and that does not run ahead of its reader.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use async_openai::{error::OpenAIError, middleware::HttpRequestFactory};
use futures::StreamExt as _;
use jiff::{Timestamp, fmt::rfc2822};
use reqwest::{
    Body, Response,
    header::{CONTENT_TYPE, HeaderMap},
    redirect::Policy,
};
use tokio::{sync::Notify, time::timeout};
use tower::{Service, service_fn};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(20);

/// How much of an error's body is read, bytes.
const ERROR_BYTES: usize = 64 * 1024;

/// Events of a stream that may wait for their reader. Between us and it is a queue without a bound.
const AHEAD: i64 = 256;

/// Longest time that a stream is held back without its reader having taken anything: an event that
/// comes to nothing in between must not stop it.
const HELD: Duration = Duration::from_secs(1);

/// How far a stream has come, and its reader after it.
#[derive(Debug, Default)]
pub(super) struct Flow {
    done: AtomicBool,
    ahead: AtomicI64,
    taken: Notify,
}

impl Flow {
    /// Whether the stream's own end was seen.
    pub(super) fn is_done(&self) -> bool {
        self.done.load(Ordering::Acquire)
    }

    /// The reader has taken an event.
    pub(super) fn take(&self) {
        self.ahead.fetch_sub(1, Ordering::AcqRel);
        self.taken.notify_one();
    }

    /// Waits while the reader is too far behind.
    async fn room(&self) {
        while self.ahead.load(Ordering::Acquire) > AHEAD {
            if timeout(HELD, self.taken.notified()).await.is_err() {
                return;
            }
        }
    }
}

/// The flow of the request that is sent next.
#[derive(Debug, Clone, Default)]
pub(super) struct Flows(Arc<Mutex<Arc<Flow>>>);

impl Flows {
    /// Begins a request: its flow.
    pub(super) fn begin(&self) -> Arc<Flow> {
        let flow = Arc::new(Flow::default());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&flow);
        flow
    }

    fn current(&self) -> Arc<Flow> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A response that is not a success.
#[derive(Debug)]
pub(crate) struct HttpFailure {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) retry_after: Option<Duration>,
}

impl fmt::Display for HttpFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {}", self.status)
    }
}

impl std::error::Error for HttpFailure {}

/// A client that follows no redirect: the key is for one host.
pub(crate) fn http_client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .connect_timeout(CONNECT)
        .redirect(Policy::none())
        .user_agent(concat!("aideator-agent/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Sends each request once. Its flow is done when the body holds the stream's `[DONE]`.
pub(super) fn service(
    client: reqwest::Client,
    flows: Flows,
) -> impl Service<HttpRequestFactory, Response = Response, Error = OpenAIError, Future: Send + 'static>
+ Clone
+ Send
+ Sync
+ 'static {
    service_fn(move |factory: HttpRequestFactory| {
        let client = client.clone();
        let flow = flows.current();
        async move {
            let request = factory.build().await?;
            let response = client.execute(request).await?;
            if response.status().is_success() {
                Ok(watched(response, flow).await?)
            } else {
                Err(OpenAIError::Boxed(Box::new(failure(response).await)))
            }
        }
    })
}

/// Reads what a failed request was answered.
pub(crate) async fn failure(response: Response) -> HttpFailure {
    let status = response.status().as_u16();
    let retry_after = retry_after(response.headers());
    let mut body = Vec::new();
    let mut stream = response.bytes_stream();
    // What cannot be read of an error's body is not worth another error.
    while let Some(Ok(bytes)) = stream.next().await {
        body.extend_from_slice(&bytes);
        if body.len() > ERROR_BYTES {
            body.truncate(ERROR_BYTES);
            break;
        }
    }
    HttpFailure {
        status,
        body: String::from_utf8_lossy(&body).into_owned(),
        retry_after,
    }
}

/// The wait a provider asks for: seconds, milliseconds or a date; `LiteLLM` passes on its
/// provider's under a name of its own.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(milliseconds) = value("retry-after-ms").and_then(|text| text.parse().ok()) {
        return Duration::try_from_secs_f64(milliseconds)
            .ok()
            .map(|d| d / 1000);
    }
    let text = value("retry-after").or_else(|| value("llm_provider-retry-after"))?;
    if let Ok(seconds) = text.parse() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = rfc2822::parse(&text.replace("GMT", "+0000")).ok()?;
    let wait = date.timestamp().duration_since(Timestamp::now());
    Duration::try_from(wait).ok()
}

/// Watches the body for its end; a whole answer (of a provider that does not stream) becomes a
/// stream of one event.
async fn watched(response: Response, flow: Arc<Flow>) -> reqwest::Result<Response> {
    let is_json = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/json"));
    let body = if is_json {
        let json = response.text().await?;
        flow.done.store(true, Ordering::Release);
        Body::from(format!(
            "data: {}\n\ndata: [DONE]\n\n",
            json.replace(['\r', '\n'], " ")
        ))
    } else {
        let mut watch = Watch::default();
        Body::wrap_stream(response.bytes_stream().then(move |bytes| {
            if let Ok(bytes) = &bytes {
                let (events, ended) = watch.look(bytes);
                flow.ahead.fetch_add(events, Ordering::AcqRel);
                if ended {
                    flow.done.store(true, Ordering::Release);
                }
            }
            let flow = Arc::clone(&flow);
            async move {
                flow.room().await;
                bytes
            }
        }))
    };
    Ok(Response::from(http::Response::new(body)))
}

/// Counts events and looks for a line `data: [DONE]`. The model cannot write one: its newlines are
/// escaped.
#[derive(Default)]
struct Watch {
    /// The line so far, as far as it is of interest.
    line: Vec<u8>,
    /// Whether the event so far has data.
    has_data: bool,
}

impl Watch {
    /// How many events end in these bytes, and whether the end was among them.
    fn look(&mut self, bytes: &[u8]) -> (i64, bool) {
        let (mut events, mut ended) = (0, false);
        for byte in bytes {
            if *byte == b'\n' {
                if self.line.is_empty() {
                    events += i64::from(std::mem::take(&mut self.has_data));
                }
                self.has_data |= self.line.starts_with(b"data:");
                self.line.clear();
            } else if *byte != b'\r' && self.line.len() < b"data: [DONE]".len() {
                self.line.push(*byte);
                ended |= matches!(self.line.as_slice(), b"data: [DONE]" | b"data:[DONE]");
            }
        }
        (events, ended)
    }
}
