//! Where a run stops by itself: wall time, tokens, cost, steps.

use std::time::Duration;

use aideator_agent::{
    config::Config,
    prices::{self, Price},
    protocol::Body,
};
use tokio::time::Instant;

use crate::output::Output;

/// Bytes of a token, roughly: for what no provider has counted.
pub(crate) const TOKEN_BYTES: u64 = 4;

/// Defaults where the configuration says nothing.
const TIMEOUT: Duration = Duration::from_mins(20);
const TOTAL_TOKENS: u64 = 1_500_000;
const STEPS: u32 = 100;
const COST_USD: f64 = 2.0;

/// A model's window, in tokens, where nobody says otherwise; and the least that is believed.
const WINDOW: u64 = 128_000;
const LEAST_WINDOW: u64 = 8_000;

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
    max_cost_usd: f64,
    /// Whether the configuration sets `max_cost_usd`.
    cost_is_set: bool,
    max_steps: u32,
    price: Option<Price>,
    window: u64,
    tokens: Tokens,
    /// Tokens of calls whose usage the provider did not tell; they count, but are not reported.
    estimated: u64,
    steps: u32,
}

impl Budget {
    pub(crate) fn new(config: &Config, model: &str) -> Self {
        let limits = &config.limits;
        let known = prices::known(model);
        let price = config.prices.map(|prices| Price {
            input: prices.input,
            output: prices.output,
            cached: prices.input,
        });
        Self {
            started: Instant::now(),
            timeout: limits.timeout_seconds.map_or(TIMEOUT, Duration::from_secs),
            max_tokens: limits.max_total_tokens.unwrap_or(TOTAL_TOKENS),
            max_cost_usd: limits.max_cost_usd.unwrap_or(COST_USD),
            cost_is_set: limits.max_cost_usd.is_some(),
            max_steps: limits.max_steps.unwrap_or(STEPS),
            price: price.or(known.price),
            window: known.window.unwrap_or(WINDOW).max(LEAST_WINDOW),
            tokens: Tokens::default(),
            estimated: 0,
            steps: 0,
        }
    }

    /// What the model reads at most, in tokens.
    pub(crate) fn window(&self) -> u64 {
        self.window
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

    /// Counts a call, and tells what was spent so far where the provider told what it cost.
    pub(crate) async fn charge(&mut self, tokens: Option<Tokens>, estimate: u64, output: &Output) {
        self.spend(tokens, estimate);
        if tokens.is_some() {
            output.print(self.usage()).await;
        }
    }

    /// Whether a cost limit is set that cannot be watched.
    pub(crate) fn cost_is_unwatched(&self) -> bool {
        self.cost_is_set && self.price.is_none()
    }

    /// The line that tells what was spent so far.
    pub(crate) fn usage(&self) -> Body {
        Body::Usage {
            input_tokens: self.tokens.input,
            output_tokens: self.tokens.output,
            cached_tokens: self.tokens.cached,
            // With calls that are only estimated it would be too low.
            cost_usd: self.cost_usd().filter(|_| self.estimated == 0),
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
        let cost = self.cost_usd();
        if self.started.elapsed() >= time {
            Some(Spent::Time)
        } else if approximate(tokens) >= approximate(self.max_tokens) * share {
            Some(Spent::Tokens)
        } else if cost.is_some_and(|cost| cost >= self.max_cost_usd * share) {
            Some(Spent::Cost)
        } else if f64::from(self.steps) >= f64::from(self.max_steps) * share {
            Some(Spent::Steps)
        } else {
            None
        }
    }

    fn cost_usd(&self) -> Option<f64> {
        let price = self.price?;
        let cached = self
            .tokens
            .cached
            .unwrap_or_default()
            .min(self.tokens.input);
        let cost = approximate(self.tokens.input - cached) * price.input
            + approximate(cached) * price.cached
            + approximate(self.tokens.output) * price.output
            // Most of a call is what it reads.
            + approximate(self.estimated) * price.input;
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
    use aideator_agent::config::{Limits, Prices};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_budget_stops_the_work_and_warns_before() {
        let config = |priced: bool| Config {
            limits: Limits {
                timeout_seconds: Some(100),
                max_total_tokens: Some(1000),
                max_cost_usd: Some(1.0),
                max_steps: Some(10),
                ..Limits::default()
            },
            prices: priced.then_some(Prices {
                input: 1000.0,
                output: 2000.0,
            }),
            ..Config::default()
        };
        let spend = |calls: u32, tokens: Option<Tokens>, estimate| {
            let mut budget = Budget::new(&config(true), "m");
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
        let budget = Budget::new(&config(false), "m");
        assert!(budget.cost_is_unwatched());
        tokio::time::advance(Duration::from_secs(70)).await;
        assert_eq!((budget.nearly_spent(), budget.spent()), (true, None));
        tokio::time::advance(Duration::from_secs(6)).await;
        assert_eq!(budget.spent(), Some(Spent::Time));
    }

    #[test]
    fn a_known_model_has_a_cost_and_an_unknown_one_has_none() {
        let cost = |model: &str, told: bool| {
            let mut budget = Budget::new(&Config::default(), model);
            let tokens = Tokens {
                input: 1_000_000,
                output: 0,
                cached: Some(1_000_000),
            };
            budget.spend(Some(tokens), 0);
            if !told {
                budget.spend(None, 10);
            }
            match budget.usage() {
                Body::Usage { cost_usd, .. } => (cost_usd, budget.spent()),
                _ => unreachable!(),
            }
        };
        assert_eq!(cost("openai/gpt-4o-mini", true), (Some(0.075), None));
        assert_eq!(cost("openai/gpt-4o-mini", false), (None, None));
        assert_eq!(cost("scripted-small", true), (None, None));
        assert_eq!(
            cost("o1-pro", true).1,
            Some(Spent::Cost),
            "the default limit"
        );
    }
}
