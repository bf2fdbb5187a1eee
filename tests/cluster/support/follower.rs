//! A client of a run's stream that comes back with its last id, whatever died in between.

use std::time::Duration;

use aideator_agent::protocol::{Body, Line};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{Api, within};

/// An event with an id; heartbeats have none and are left out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) data: Value,
}

impl Event {
    pub(crate) fn variation(&self) -> Option<u64> {
        self.data["variation_id"].as_u64()
    }

    /// Whether it is this event of this variation.
    pub(crate) fn is(&self, name: &str, variation: u64) -> bool {
        self.name == name && self.variation() == Some(variation)
    }

    /// The bytes of the line that it carries, its newline included where the line ends here.
    pub(crate) fn line(&self) -> Vec<u8> {
        let mut line = match self.data["content"].as_str() {
            Some(text) => text.as_bytes().to_vec(),
            None => STANDARD
                .decode(self.data["content_base64"].as_str().unwrap())
                .unwrap(),
        };
        if self.data["partial"] != true {
            line.push(b'\n');
        }
        line
    }
}

/// Follows one run from its start, or from an id, to its end.
pub(crate) struct Follower {
    api: Api,
    run: String,
    open: Option<(reqwest::Response, Vec<u8>)>,
    last_id: Option<String>,
    /// Everything so far, over all connections.
    pub(crate) events: Vec<Event>,
    /// How often it connected.
    pub(crate) connections: u32,
}

impl Follower {
    pub(crate) fn new(api: &Api, run: &str) -> Self {
        Self::after(api, run, None)
    }

    /// Goes on after an event that an earlier one has seen.
    pub(crate) fn after(api: &Api, run: &str, last_id: Option<String>) -> Self {
        Self {
            api: api.clone(),
            run: run.to_owned(),
            open: None,
            last_id,
            events: Vec::new(),
            connections: 0,
        }
    }

    /// Follows until an event is what is waited for.
    #[track_caller]
    pub(crate) fn until(
        &mut self,
        seconds: u64,
        what: &str,
        mut is_it: impl FnMut(&Event) -> bool,
    ) -> impl Future<Output = ()> {
        let looking = async move {
            while let Some(event) = self.next().await {
                if is_it(event) {
                    return;
                }
            }
            panic!("the stream ended: {:?}", self.events.last());
        };
        within(seconds, what, looking)
    }

    /// Follows until every variation has said so many lines.
    pub(crate) async fn until_lines(&mut self, variations: usize, lines: usize) {
        let mut missing = vec![lines; variations];
        self.until(120, "every agent at work", |event| {
            if event.name == "agent_output" {
                let left = &mut missing[usize::try_from(event.variation().unwrap()).unwrap()];
                *left = left.saturating_sub(1);
            }
            missing.iter().all(|left| *left == 0)
        })
        .await;
    }

    /// Follows until the server has nothing more to say: the stream ends, and a reconnect gets 204.
    pub(crate) async fn read_to_end(&mut self) {
        let all = async { while self.next().await.is_some() {} };
        within(300, "the end of the run", all).await;
    }

    /// Hangs up, with whatever was on its way.
    pub(crate) fn hang_up(&mut self) {
        self.open = None;
    }

    /// The next event; `None` once the server answers 204.
    async fn next(&mut self) -> Option<&Event> {
        loop {
            let Some((response, buffer)) = &mut self.open else {
                if !self.connect().await {
                    return None;
                }
                continue;
            };
            if let Some(end) = buffer.windows(2).position(|two| two == b"\n\n") {
                let frame: Vec<u8> = buffer.drain(..end + 2).collect();
                if let Some(event) = parse(&frame) {
                    self.last_id = Some(event.id.clone());
                    self.events.push(event);
                    return self.events.last();
                }
                continue;
            }
            match response.chunk().await {
                Ok(Some(bytes)) => buffer.extend_from_slice(&bytes),
                // The end, or a cut: half a frame is nothing, as for any client of SSE.
                Ok(None) | Err(_) => self.open = None,
            }
        }
    }

    /// Connects, as often as it takes. False when there is nothing more.
    async fn connect(&mut self) -> bool {
        loop {
            let path = format!("/runs/{}/stream", self.run);
            let mut request = self.api.request(reqwest::Method::GET, &path);
            if let Some(id) = &self.last_id {
                request = request.header("last-event-id", id);
            }
            match request.send().await {
                Ok(response) if response.status() == 204 => return false,
                Ok(response) => {
                    let (status, headers) = (response.status(), response.headers().clone());
                    assert_eq!(status, 200, "{:?}", response.text().await);
                    let over = self
                        .events
                        .last()
                        .is_some_and(|last| last.name == "run_complete");
                    assert!(!over, "the run is over, and the stream begins again");
                    assert_eq!(headers["content-type"], "text/event-stream");
                    assert_eq!(headers["cache-control"], "no-cache, no-transform");
                    assert_eq!(headers["x-accel-buffering"], "no");
                    self.connections += 1;
                    self.open = Some((response, Vec::new()));
                    return true;
                }
                // The server is away. A client has nothing to wait for but time.
                Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
    }
}

/// What the tools of a variation's agent printed.
pub(crate) fn tool_output(events: &[Event], variation: u64) -> String {
    let lines = events
        .iter()
        .filter(|event| event.is("agent_output", variation));
    lines
        .filter_map(|event| match Line::parse(&event.line())?.body {
            Body::ToolResult { output, .. } => Some(output),
            _ => None,
        })
        .collect()
}

/// One frame; `None` for a heartbeat.
fn parse(frame: &[u8]) -> Option<Event> {
    let frame = std::str::from_utf8(frame).unwrap();
    assert!(
        !frame.contains('\r'),
        "a bare CR ends a line in SSE: {frame:?}"
    );
    let field = |name: &str| {
        let mut values = frame.lines().filter_map(|line| line.strip_prefix(name));
        values.next().map(str::trim_start)
    };
    let name = field("event:").unwrap();
    let data: Value = serde_json::from_str(field("data:").unwrap()).unwrap();
    if name == "heartbeat" {
        assert!(data["timestamp"].is_string(), "{data}");
        return None;
    }
    Some(Event {
        id: field("id:").unwrap().to_owned(),
        name: name.to_owned(),
        data,
    })
}
