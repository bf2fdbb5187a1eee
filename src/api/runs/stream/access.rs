//! Who may open a stream, and until when.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tracing::error;

use crate::api::error::{ApiError, ApiResult};
use crate::app::AppState;
use crate::auth::{CurrentUser, Entered, is_still_good};

/// When a client may ask again for a stream that was refused: when another one ends is not known.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// Counts a stream to whoever opens it, if they may have one more.
pub(super) fn enter(app: &AppState, user: &CurrentUser) -> ApiResult<Entered> {
    let limits = &app.config.limits;
    let (most, code, who, setting) = if user.is_guest() {
        let most = limits.streams_of_share;
        (
            most,
            "too_many_share_streams",
            "those who have this share link have",
            "MAX_STREAMS_PER_SHARE",
        )
    } else {
        (
            limits.streams,
            "too_many_streams",
            "this account has",
            "MAX_STREAMS_PER_USER",
        )
    };
    app.auth.streams.enter(user.holder(), most).ok_or_else(|| {
        let most = most.unwrap_or_default();
        let detail = format!(
            "{who} {most} event streams open, as many as there may be ({setting}): close one, or wait until one \
             ends; one stream without `variation` tells of all of a run"
        );
        ApiError::limited(code, detail, most, TRY_AGAIN)
    })
}

/// By what right the stream is open.
pub(super) struct Access {
    app: AppState,
    user: CurrentUser,
    ended: watch::Receiver<()>,
    /// When the credential ends by itself, as far as is known beforehand.
    until: Option<Instant>,
}

impl Access {
    pub(super) fn new(app: &AppState, user: CurrentUser) -> Self {
        let left = user.expires_at.map(|end| end - app.clock.now_ms());
        let left = left.map(|ms| Duration::from_millis(u64::try_from(ms).unwrap_or_default()));
        let mut ended = app.auth.ended.subscribe();
        // The credential may have ended since it was looked at.
        ended.mark_changed();
        Self {
            // What cannot be said as an instant is too far away to matter.
            until: left.and_then(|left| Instant::now().checked_add(left)),
            ended,
            app: app.clone(),
            user,
        }
    }

    /// Whether it is over. The database is asked only when some credential has ended.
    pub(super) async fn is_over(&mut self) -> bool {
        let expired = |end: i64| end <= self.app.clock.now_ms();
        let passed = |end: Instant| end <= Instant::now();
        if self.user.expires_at.is_some_and(expired) || self.until.is_some_and(passed) {
            return true;
        }
        if !self.ended.has_changed().unwrap_or(true) {
            return false;
        }
        self.ended.mark_unchanged();
        match is_still_good(&self.app, &self.user).await {
            Ok(good) => !good,
            Err(error) => {
                error!(%error, "a stream ends because its credential cannot be looked up");
                true
            }
        }
    }

    /// When it is over by itself, as far as is known beforehand.
    pub(super) fn until(&self) -> Option<Instant> {
        self.until
    }

    /// Waits until some credential has ended, which may be this one.
    pub(super) async fn ended(&mut self) {
        // The application that would drop the sender is held by us.
        let _ = self.ended.changed().await;
        self.ended.mark_changed();
    }
}
