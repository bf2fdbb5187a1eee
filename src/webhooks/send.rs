//! One attempt: a POST, and what its answer means.

use std::error::Error as _;
use std::time::Duration;

use anyhow::Context as _;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};

use super::address::{Judge, Nowhere};
use crate::model::{Attempt, Then};

/// To resolve, connect, send and get the head of the answer.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Pauses after each attempt but the last, as the specification proposes them: three days in all.
const PAUSES: [Duration; 9] = [
    Duration::from_secs(5),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
    Duration::from_hours(14),
    Duration::from_hours(20),
    Duration::from_hours(24),
];

/// Characters of an error that are kept: a certificate's can be as long as the receiver likes.
const LONGEST_ERROR: usize = 300;

/// Receivers may ask for a longer pause, but not for ever.
const LONGEST_PAUSE: Duration = Duration::from_hours(24);

/// Sends to addresses that may be sent to.
#[derive(Debug)]
pub(super) struct Sender {
    https: Client,
    /// To networks that the operator has named.
    http: Client,
}

/// What is sent.
#[derive(Debug)]
pub(super) struct Letter<'a> {
    pub(super) url: &'a str,
    pub(super) id: &'a str,
    /// Since the Unix epoch.
    pub(super) seconds: i64,
    pub(super) signature: String,
    pub(super) body: String,
}

/// What came back, or why nothing did.
#[derive(Debug)]
pub(super) struct Answer {
    status: Option<StatusCode>,
    error: Option<String>,
    /// What the receiver asks for.
    pause: Option<Duration>,
}

impl Sender {
    pub(super) fn new(judge: &Judge) -> anyhow::Result<Self> {
        let client = |clear| {
            Client::builder()
                .dns_resolver(judge.resolver(clear))
                // A proxy would resolve names itself, and a redirect may lead anywhere.
                .no_proxy()
                .redirect(Policy::none())
                .https_only(!clear)
                .timeout(TIMEOUT)
                .pool_max_idle_per_host(0)
                .user_agent(concat!("aideator/", env!("CARGO_PKG_VERSION")))
                .build()
                .context("failed to prepare the client of webhooks")
        };
        Ok(Self {
            https: client(false)?,
            http: client(true)?,
        })
    }

    /// Posts it. The body of the answer is not read: nobody needs it.
    pub(super) async fn send(&self, letter: Letter<'_>) -> Answer {
        let clear = letter.url.starts_with("http:");
        let client = if clear { &self.http } else { &self.https };
        let sent = client
            .post(letter.url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", letter.id)
            .header("webhook-timestamp", letter.seconds)
            .header("webhook-signature", letter.signature)
            .body(letter.body)
            .send()
            .await;
        match sent {
            Ok(response) => Answer::of(&response),
            Err(error) => Answer::refused(plain(&error)),
        }
    }
}

impl Answer {
    fn of(response: &Response) -> Self {
        let status = response.status();
        let error = match status {
            _ if status.is_success() => None,
            _ if status.is_redirection() => Some(format!(
                "the receiver answered {status}; redirects are not followed: use the address that it leads to"
            )),
            StatusCode::GONE => Some("the receiver answered 410 Gone".to_owned()),
            _ => Some(format!("the receiver answered {status}")),
        };
        // A date is not read: the pauses are long enough.
        let seconds = response.headers().get(RETRY_AFTER);
        let seconds = seconds.and_then(|it| it.to_str().ok()?.trim().parse().ok());
        Self {
            status: Some(status),
            error,
            pause: seconds.map(Duration::from_secs),
        }
    }

    /// Nothing was sent, or nothing came back.
    pub(super) fn refused(error: String) -> Self {
        Self {
            status: None,
            error: Some(error),
            pause: None,
        }
    }

    /// What follows, after so many attempts before this one. `jitter` is from 0 to 1: receivers that
    /// have come back should not be asked by everybody in the same moment.
    pub(super) fn judged(self, before: u32, once: bool, jitter: f64, now_ms: i64) -> Attempt {
        let pause = PAUSES.get(before as usize).copied().filter(|_| !once);
        let then = match (self.status, pause) {
            _ if self.error.is_none() => Then::Done,
            (Some(StatusCode::GONE), _) => Then::Disable,
            (_, None) => Then::GiveUp,
            (_, Some(pause)) => {
                let asked = self.pause.unwrap_or_default().min(LONGEST_PAUSE);
                let pause = pause.max(asked).mul_f64(1.0 + jitter / 10.0);
                let pause = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
                Then::Again(now_ms.saturating_add(pause))
            }
        };
        Attempt {
            http_status: self.status.map(|status| status.as_u16()),
            error: self.error,
            then,
        }
    }
}

/// The reason in words, without the URL.
fn plain(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} s", TIMEOUT.as_secs());
    }
    let mut cause = error.source();
    let mut last = None;
    while let Some(it) = cause {
        if it.is::<Nowhere>() {
            return it.to_string();
        }
        last = Some(it);
        cause = it.source();
    }
    let mut last = last.map(ToString::to_string).unwrap_or_default();
    if let Some((cut, _)) = last.char_indices().nth(LONGEST_ERROR) {
        last.truncate(cut);
        last.push('…');
    }
    if error.is_connect() {
        format!("no connection: {last}")
    } else {
        format!("the connection broke off: {last}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, pause: Option<u64>) -> Answer {
        let status = StatusCode::from_u16(status).unwrap();
        Answer {
            status: Some(status),
            error: (!status.is_success()).then(String::new),
            pause: pause.map(Duration::from_secs),
        }
    }

    #[test]
    fn pauses_grow_until_it_is_given_up() {
        let then = |before| answer(500, None).judged(before, false, 0.0, 1000).then;
        assert_eq!(then(0), Then::Again(1000 + 5_000));
        assert_eq!(then(1), Then::Again(1000 + 300_000));
        assert_eq!(then(8), Then::Again(1000 + 24 * 3_600_000));
        assert_eq!(then(9), Then::GiveUp);
        let jittered = answer(500, None).judged(0, false, 1.0, 0).then;
        assert_eq!(jittered, Then::Again(5_500));
    }

    #[test]
    fn an_answer_says_what_follows() {
        let then = |status, pause, once| answer(status, pause).judged(0, once, 0.0, 0).then;
        assert_eq!(then(204, None, false), Then::Done);
        assert_eq!(then(302, None, false), Then::Again(5_000));
        assert_eq!(then(404, None, false), Then::Again(5_000));
        assert_eq!(then(410, None, false), Then::Disable);
        assert_eq!(then(503, Some(60), false), Then::Again(60_000));
        assert_eq!(then(503, Some(1), false), Then::Again(5_000));
        let for_ever = then(503, Some(u64::MAX), false);
        assert_eq!(for_ever, Then::Again(24 * 3_600_000));
        assert_eq!(then(500, None, true), Then::GiveUp, "a ping");
    }
}
