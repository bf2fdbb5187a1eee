//! Runs as their users see them.

use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Client, TestApp};

/// A run that was accepted.
pub(crate) struct Run {
    pub(crate) user: Client,
    pub(crate) id: String,
    /// The names of its Jobs.
    pub(crate) jobs: Vec<String>,
}

impl TestApp {
    /// What makes a run of so many variations.
    pub(crate) fn run_request(&self, variations: usize) -> Value {
        json!({"github_url": self.repo, "prompt": "Say hello in the README", "variations": variations})
    }

    /// A user's run of so many variations, accepted.
    pub(crate) async fn start_run(&self, user: &Client, variations: usize) -> Run {
        let reply = user
            .post("/api/v1/runs", &self.run_request(variations))
            .await;
        let accepted = reply.expect(202).json();
        self.run_of(user, &accepted)
    }

    /// The run that a user's request made, from the answer.
    #[expect(clippy::unused_self, reason = "runs are of a server")]
    pub(crate) fn run_of(&self, user: &Client, accepted: &Value) -> Run {
        let jobs = accepted["variations"].as_array().unwrap().iter();
        Run {
            user: user.clone(),
            id: accepted["run_id"].as_str().unwrap().to_owned(),
            jobs: jobs
                .map(|v| v["job_name"].as_str().unwrap().to_owned())
                .collect(),
        }
    }

    /// A new user's run of one variation whose container runs; and the Job's name.
    pub(crate) async fn running(&self) -> (Run, String) {
        let user = self.user("a@example.com").await;
        let run = self.start_run(&user, 1).await;
        let job = run.jobs[0].clone();
        self.cluster.has_job(&job).await;
        self.cluster.run_pod(&job);
        self.cluster.called(1, |call| call.verb() == "logs").await;
        (run, job)
    }
}

impl TestApp {
    /// An ended run of three: the first two printed these patches, the third failed without one.
    pub(crate) async fn printed(&self, patches: [&str; 2]) -> Run {
        let user = self.user("a@example.com").await;
        let run = self.start_run(&user, 3).await;
        run.applied().await;
        self.print_results(&run, patches);
        run.events().await;
        run
    }

    /// Of a run of three, the first two print these patches, the third fails without one.
    pub(crate) fn print_results(&self, run: &Run, patches: [&str; 2]) {
        for (i, (job, patch)) in run.jobs.iter().zip(patches).enumerate() {
            self.cluster.run_pod(job);
            let sha = format!("{:x}", Sha256::digest(patch));
            let check = json!({"v": 1, "seq": 1, "ts": "", "type": "check", "command": "make test",
                "exit_code": i, "seconds": 1.0, "output_tail": "done"});
            let patch = json!({"v": 1, "seq": 2, "ts": "", "type": "patch", "part": 1, "last": true,
                "data": patch, "sha256": sha, "tree": "4b825dc", "files": 1, "additions": 1,
                "deletions": 1});
            self.cluster.print(job, check.to_string().as_bytes());
            self.cluster.print(job, patch.to_string().as_bytes());
            self.cluster.complete_pod(job);
        }
        self.cluster.run_pod(&run.jobs[2]);
        self.cluster.end_pod(&run.jobs[2], 1, "Error", "");
    }
}

impl Run {
    /// An address below the run's.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/api/v1/runs/{}{rest}", self.id)
    }

    /// The same run after its server was started again.
    pub(crate) fn at(&self, test: &TestApp) -> Self {
        Self {
            user: self.user.at(test),
            id: self.id.clone(),
            jobs: self.jobs.clone(),
        }
    }

    pub(crate) async fn show(&self) -> Value {
        self.user.get(&self.path("")).await.expect(200).json()
    }

    /// Waits until the server knows that its Jobs were made: one that stops before makes them again.
    pub(crate) async fn applied(&self) {
        // No event tells it, so it is asked for; a test that hangs here is ended by its patience.
        let applied = async {
            while self.variation(0).await["timings"]["applied_at"].is_null() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let waiting = tokio::time::timeout(super::PATIENCE, applied);
        waiting.await.expect("the Jobs are made");
    }

    /// The variation as the run shows it.
    pub(crate) async fn variation(&self, index: usize) -> Value {
        self.show().await["variations"][index].clone()
    }

    /// All events from the start, when the run has ended.
    pub(crate) async fn events(&self) -> Vec<Event> {
        let mut stream = self.user.stream(&self.path("/stream"), None).await;
        stream.rest().await
    }

    /// Waits for the first event that fits.
    pub(crate) async fn event(&self, fits: impl Fn(&Event) -> bool) -> Event {
        let mut stream = self.user.stream(&self.path("/stream"), None).await;
        while let Some(event) = stream.next().await {
            if fits(&event) {
                return event;
            }
        }
        panic!("the stream ended without it");
    }

    /// Waits until a variation has told this status with this reason; the event's data.
    pub(crate) async fn told(&self, status: &str, reason: &str) -> Value {
        let fits = |event: &Event| {
            event.kind == "agent_status"
                && event.data["status"] == status
                && event.data["reason"].as_str().unwrap_or_default() == reason
        };
        self.event(fits).await.data
    }

    pub(crate) async fn verify(&self, index: usize) -> Value {
        let path = self.path(&format!("/variations/{index}/verify"));
        let reply = self.user.get(&path).await;
        reply.expect(200).json()
    }

    /// The stored log with its timestamps.
    pub(crate) async fn stored(&self, index: usize) -> String {
        let path = self.path(&format!("/variations/{index}/logs?format=timestamps"));
        self.user.get(&path).await.expect(200).body
    }
}

/// A server-sent event; heartbeats are left out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) data: Value,
}

/// A stream of them.
pub(crate) struct EventStream {
    response: reqwest::Response,
    buffer: Vec<u8>,
}

impl EventStream {
    pub(super) fn new(response: reqwest::Response) -> Self {
        Self {
            response,
            buffer: Vec::new(),
        }
    }

    /// The next event; none when the server has ended the stream.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        self.try_next().await.unwrap()
    }

    async fn try_next(&mut self) -> reqwest::Result<Option<Event>> {
        // Heartbeats do not count: a stream that never ends must not keep its test.
        let until = tokio::time::Instant::now() + super::PATIENCE;
        loop {
            while let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\n\n") {
                let frame: Vec<u8> = self.buffer.drain(..end + 2).collect();
                let event = parse(std::str::from_utf8(&frame).unwrap());
                if event.kind != "heartbeat" {
                    return Ok(Some(event));
                }
            }
            let waiting = tokio::time::timeout_at(until, self.response.chunk());
            let chunk = waiting.await.expect("the stream goes on or ends")?;
            let Some(chunk) = chunk else {
                return Ok(None);
            };
            self.buffer.extend_from_slice(&chunk);
        }
    }

    /// All events until the stream ends or the connection breaks.
    pub(crate) async fn until_over(&mut self) -> Vec<Event> {
        let mut all = Vec::new();
        while let Ok(Some(event)) = self.try_next().await {
            all.push(event);
        }
        all
    }

    /// All events to the end.
    pub(crate) async fn rest(&mut self) -> Vec<Event> {
        let mut all = Vec::new();
        while let Some(event) = self.next().await {
            all.push(event);
        }
        all
    }
}

fn parse(frame: &str) -> Event {
    let field = |name: &str| {
        let mut lines = frame.lines().filter_map(|line| line.split_once(": "));
        lines
            .find(|(key, _)| *key == name)
            .map_or("", |(_, value)| value)
    };
    Event {
        id: field("id").to_owned(),
        kind: field("event").to_owned(),
        data: serde_json::from_str(field("data")).unwrap(),
    }
}

/// The lines that the events give of a variation's log, newlines added, parts joined.
pub(crate) fn output_of(events: &[Event], index: u64) -> String {
    let mut text = String::new();
    for event in events {
        if event.kind == "agent_output" && event.data["variation_id"] == index {
            text.push_str(event.data["content"].as_str().unwrap());
            if event.data["partial"] != true {
                text.push('\n');
            }
        }
    }
    text
}

/// Kinds of the events that are no output, in order.
pub(crate) fn kinds(events: &[Event]) -> Vec<&str> {
    let kinds = events.iter().map(|event| event.kind.as_str());
    kinds.filter(|kind| *kind != "agent_output").collect()
}
