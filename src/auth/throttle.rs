//! Limits on how often something may be done, per key (an address, an account, a credential).

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

/// Checks between two clean-ups of keys that are back at their full budget.
const CLEAN_EVERY: u32 = 4096;

type Limiter =
    RateLimiter<String, DefaultKeyedStateStore<String>, DefaultClock, StateInformationMiddleware>;

/// A token bucket per key: a minute's budget at once, refilled evenly.
pub struct Throttle {
    limiter: Limiter,
    limit: u32,
    checks: AtomicU32,
}

/// What a throttle says to one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Attempts a minute.
    pub limit: u32,
    /// Attempts left now.
    pub remaining: u32,
    /// How long to wait; none means that this attempt is allowed.
    pub retry_after: Option<Duration>,
}

impl Throttle {
    /// Allows `limit` attempts a minute; 0 counts as 1.
    pub fn per_minute(limit: u32) -> Self {
        let quota = NonZeroU32::new(limit).unwrap_or(NonZeroU32::MIN);
        Self {
            limiter: RateLimiter::keyed(Quota::per_minute(quota)).with_middleware(),
            limit: quota.get(),
            checks: AtomicU32::new(0),
        }
    }

    /// Counts one attempt.
    pub fn check(&self, key: &str) -> Verdict {
        // Keys come from outside: without this, addresses that never return would stay in memory.
        if self.checks.fetch_add(1, Ordering::Relaxed) % CLEAN_EVERY == CLEAN_EVERY - 1 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        let (remaining, retry_after) = match self.limiter.check_key(&key.to_owned()) {
            Ok(state) => (state.remaining_burst_capacity(), None),
            Err(not_until) => (
                0,
                Some(not_until.wait_time_from(DefaultClock::default().now())),
            ),
        };
        Verdict {
            limit: self.limit,
            remaining,
            retry_after,
        }
    }
}

impl std::fmt::Debug for Throttle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Throttle")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_its_own_budget() {
        let throttle = Throttle::per_minute(2);
        let check = |key: &str| throttle.check(key);
        assert_eq!(check("a").remaining, 1);
        assert_eq!(check("a").remaining, 0);
        assert!(check("a").retry_after.unwrap() <= Duration::from_secs(30));
        assert_eq!(check("b").retry_after, None);
    }
}
