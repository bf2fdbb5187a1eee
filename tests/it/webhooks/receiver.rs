//! Somebody who is told by a webhook.

#![expect(
    clippy::disallowed_methods,
    reason = "a receiver is not one of the server's tasks"
)]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// How long a test waits for something that must happen.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Somebody who is told.
pub(super) struct Receiver {
    pub(super) url: String,
    got: mpsc::UnboundedReceiver<(HeaderMap, Bytes)>,
    /// Statuses to answer with; 0: never; 200 when there is none left.
    answers: Answers,
}

type Answers = Arc<Mutex<VecDeque<u16>>>;

impl Receiver {
    pub(super) async fn start() -> Self {
        let (sender, got) = mpsc::unbounded_channel();
        let answers = Answers::default();
        let router = Router::new()
            .fallback(receive)
            .with_state((sender, answers.clone()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!(
            "http://{}/hook?token=of-a-test",
            listener.local_addr().unwrap()
        );
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, got, answers }
    }

    /// What it answers to the next requests.
    pub(super) fn answer(&self, statuses: &[u16]) {
        self.answers.lock().unwrap().extend(statuses);
    }

    /// The next request.
    pub(super) async fn next(&mut self) -> (HeaderMap, Bytes) {
        let next = tokio::time::timeout(PATIENCE, self.got.recv()).await;
        next.expect("a delivery comes").unwrap()
    }

    /// Whether no request has come that was not asked for.
    pub(super) fn got_nothing(&mut self) -> bool {
        self.got.try_recv().is_err()
    }
}

async fn receive(
    State((sender, answers)): State<(mpsc::UnboundedSender<(HeaderMap, Bytes)>, Answers)>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, [(header::HeaderName, &'static str); 1]) {
    let status = answers.lock().unwrap().pop_front().unwrap_or(200);
    // A test that is over does not mind.
    let _ = sender.send((headers, body));
    if status == 0 {
        std::future::pending::<()>().await;
    }
    let status = StatusCode::from_u16(status).unwrap();
    (status, [(header::LOCATION, "/elsewhere")])
}
