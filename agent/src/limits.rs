//! Where a run stops by itself: wall time, tokens, cost, steps.

use std::time::Duration;

use aideator_agent::{
    config::{Limits, Prices},
    protocol::Body,
};
use tokio::time::Instant;

/// Defaults where the configuration says nothing.
const TIMEOUT: Duration = Duration::from_mins(20);
const TOTAL_TOKENS: u64 = 1_500_000;
const STEPS: u32 = 100;

/// Wall time kept for checks and patch, where the run is long enough to have it.
const KEPT: Duration = Duration::from_mins(1);

/// Share of a budget from which on the model is told to finish.
const NEARLY: f64 = 0.9;

/// Tokens of one or more model calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) input: u64,
    pub(crate) output: u64,
    /// Part of `input` that came from the provider's cache.
    pub(crate) cached: Option<u64>,
}

/// A budget that is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spent {
    Time,
    Tokens,
    Cost,
    Steps,
}

impl Spent {
    /// The word for `finished.reason`.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Time => "limit_time",
            Self::Tokens => "limit_tokens",
            Self::Cost => "limit_cost",
            Self::Steps => "limit_steps",
        }
    }
}

/// What a run may spend, and what it has spent.
pub(crate) struct Budget {
    started: Instant,
    timeout: Duration,
    max_tokens: u64,
    max_cost_usd: Option<f64>,
    max_steps: u32,
    prices: Option<Prices>,
    tokens: Tokens,
    /// Tokens of calls whose usage the provider did not tell; they count, but are not reported.
    estimated: u64,
    steps: u32,
}

impl Budget {
    pub(crate) fn new(limits: &Limits, prices: Option<Prices>) -> Self {
        Self {
            started: Instant::now(),
            timeout: limits.timeout_seconds.map_or(TIMEOUT, Duration::from_secs),
            max_tokens: limits.max_total_tokens.unwrap_or(TOTAL_TOKENS),
            max_cost_usd: limits.max_cost_usd,
            max_steps: limits.max_steps.unwrap_or(STEPS),
            prices,
            tokens: Tokens::default(),
            estimated: 0,
            steps: 0,
        }
    }

    /// When the work has to stop so that checks and patch still have their time.
    pub(crate) fn work_until(&self) -> Instant {
        self.started + self.timeout - KEPT.min(self.timeout / 4)
    }

    /// When everything has to be done.
    pub(crate) fn until(&self) -> Instant {
        self.started + self.timeout
    }

    /// Counts a model call; `None` where the provider told no usage, with what it seems to be.
    pub(crate) fn spend(&mut self, tokens: Option<Tokens>, estimate: u64) {
        self.steps += 1;
        let Some(tokens) = tokens else {
            self.estimated += estimate;
            return;
        };
        self.tokens.input += tokens.input;
        self.tokens.output += tokens.output;
        if let Some(cached) = tokens.cached {
            *self.tokens.cached.get_or_insert(0) += cached;
        }
    }

    /// Whether a cost limit is set that cannot be watched.
    pub(crate) fn cost_is_unwatched(&self) -> bool {
        self.max_cost_usd.is_some() && self.prices.is_none()
    }

    /// The line that tells what was spent so far.
    pub(crate) fn usage(&self) -> Body {
        Body::Usage {
            input_tokens: self.tokens.input,
            output_tokens: self.tokens.output,
            cached_tokens: self.tokens.cached,
            cost_usd: self.cost_usd(),
        }
    }

    /// The first budget that is spent.
    pub(crate) fn spent(&self) -> Option<Spent> {
        self.first_at(1.0)
    }

    /// Whether a budget is nearly spent.
    pub(crate) fn nearly_spent(&self) -> bool {
        self.first_at(NEARLY).is_some()
    }

    fn first_at(&self, share: f64) -> Option<Spent> {
        let time = (self.work_until() - self.started).mul_f64(share);
        let tokens = self.tokens.input + self.tokens.output + self.estimated;
        let cost = self.cost_usd().zip(self.max_cost_usd);
        if self.started.elapsed() >= time {
            Some(Spent::Time)
        } else if approximate(tokens) >= approximate(self.max_tokens) * share {
            Some(Spent::Tokens)
        } else if cost.is_some_and(|(cost, limit)| cost >= limit * share) {
            Some(Spent::Cost)
        } else if f64::from(self.steps) >= f64::from(self.max_steps) * share {
            Some(Spent::Steps)
        } else {
            None
        }
    }

    fn cost_usd(&self) -> Option<f64> {
        let prices = self.prices?;
        let cost = approximate(self.tokens.input) * prices.input
            + approximate(self.tokens.output) * prices.output;
        Some(cost / 1e6)
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "token counts are far below 2^52"
)]
fn approximate(tokens: u64) -> f64 {
    tokens as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_budget_stops_the_work_and_warns_before() {
        let limits = Limits {
            timeout_seconds: Some(100),
            max_total_tokens: Some(1000),
            max_cost_usd: Some(1.0),
            max_steps: Some(10),
        };
        let prices = Prices {
            input: 1000.0,
            output: 2000.0,
        };
        let spend = |calls: u32, tokens: Option<Tokens>, estimate| {
            let mut budget = Budget::new(&limits, Some(prices));
            (0..calls).for_each(|_| budget.spend(tokens, estimate));
            (budget.nearly_spent(), budget.spent())
        };
        let some = |input, output| {
            Some(Tokens {
                input,
                output,
                cached: None,
            })
        };
        assert_eq!(spend(8, some(1, 1), 0), (false, None));
        assert_eq!(spend(9, some(1, 1), 0), (true, None));
        assert_eq!(spend(10, some(1, 1), 0), (true, Some(Spent::Steps)));
        assert_eq!(spend(1, some(0, 500), 0), (true, Some(Spent::Cost)));
        assert_eq!(spend(1, some(950, 0), 0), (true, None));
        assert_eq!(spend(1, None, 1000), (true, Some(Spent::Tokens)));
        let budget = Budget::new(&limits, None);
        tokio::time::advance(Duration::from_secs(70)).await;
        assert_eq!((budget.nearly_spent(), budget.spent()), (true, None));
        tokio::time::advance(Duration::from_secs(6)).await;
        assert_eq!(budget.spent(), Some(Spent::Time));
    }
}
