//! What is spent while agents work, and where that stops: a run's ceiling, and its user's of the day.
//!
//! The agents count and tell in `usage` lines, each with all that was spent until then. So reading one
//! twice changes nothing, and a new server begins at the start of the log. A cost that is not known
//! cannot reach a ceiling.

use std::convert::Infallible;
use std::time::Duration;

use aideator_agent::protocol::Line;
use anyhow::Context as _;
use tokio::time::sleep;
use tracing::{info, warn};

use super::Runs;
use crate::clock;
use crate::db::usage::{Spender, Spending, Spent};
use crate::logs::{LogCursor, Piece, Position};
use crate::model::{Cause, Usage, Variation, VariationKey};

/// Why a variation that a ceiling has stopped is as it is.
pub(crate) const BUDGET_EXCEEDED: &str = "budget_exceeded";

/// Pause between two looks at a log that grows: usage comes with each answer of a model, and not faster.
const PAUSE: Duration = Duration::from_millis(100);

/// Reads what an attempt tells of its spending, as long as it is polled.
pub(super) async fn meter(runs: &Runs, key: VariationKey) -> Infallible {
    let bell = runs.store.bell(key.run);
    let mut ear = bell.listen_aside();
    let mut cursor = runs.store.cursor(key, Position::default());
    let mut told = None;
    loop {
        ear.mark_unchanged();
        match read(runs, key, &mut cursor).await {
            Ok(Some(usage)) if told != Some(usage) => match account(runs, key, usage).await {
                Ok(()) => told = Some(usage),
                Err(error) => warn_of(key, &error),
            },
            Ok(_) => {}
            Err(error) => warn_of(key, &error),
        }
        // The bell is held by us.
        let _ = ear.changed().await;
        sleep(PAUSE).await;
    }
}

fn warn_of(key: VariationKey, error: &anyhow::Error) {
    warn!(
        job = key.job_name(),
        error = format!("{error:#}"),
        "failed to read what an agent spends; trying again when it goes on"
    );
}

/// The last usage in what is new of the log.
async fn read(
    runs: &Runs,
    key: VariationKey,
    cursor: &mut LogCursor,
) -> anyhow::Result<Option<Usage>> {
    let committed = runs.store.committed(key)?;
    let mut last = None;
    while cursor.read(committed, |piece| last = usage_in(&piece).or(last))? {
        // A server that begins anew reads the whole log, which may be long.
        tokio::task::yield_now().await;
    }
    Ok(last)
}

fn usage_in(piece: &Piece<'_>) -> Option<Usage> {
    // The agent's lines are short. Others are not worth parsing.
    const WORD: &[u8] = b"\"usage\"";
    let whole = piece.first && !piece.partial && piece.content.starts_with(b"{");
    if !whole || !piece.content.windows(WORD.len()).any(|it| it == WORD) {
        return None;
    }
    Usage::told(&Line::parse(piece.content)?.body)
}

/// Notes what an attempt has spent, and stops what has reached a ceiling by it.
pub(super) async fn account(runs: &Runs, key: VariationKey, usage: Usage) -> anyhow::Result<()> {
    let run = runs.db.run(key.run).await?.context("a run vanished")?;
    let attempt = run.current().chain(&run.earlier).find(|it| it.key == key);
    let usd = attempt.and_then(|attempt| Variation::cost_of(attempt, usage));
    let spending = Spending {
        tokens: usage.input_tokens.saturating_add(usage.output_tokens),
        usd,
    };
    let spent = runs.db.spend(key, spending, clock::now_ms()).await?;
    let Some((spender, message)) = reached(runs, key, spent) else {
        return Ok(());
    };
    let cause = Cause::new(BUDGET_EXCEEDED, message);
    let stopped = runs.db.stop_spending(&spender, &cause).await?;
    if !stopped.is_empty() {
        info!(?spender, message = cause.message, "a ceiling was reached");
    }
    for key in stopped {
        runs.pass_cancel(key.run, Some(key.index));
    }
    runs.queue.notify_one();
    Ok(())
}

fn reached(runs: &Runs, key: VariationKey, spent: Spent) -> Option<(Spender, String)> {
    let over = |usd: f64, ceiling: Option<f64>| ceiling.filter(|ceiling| usd >= *ceiling);
    if let Some(ceiling) = over(spent.run_usd, spent.run_ceiling) {
        let message = format!(
            "the run's variations have spent ${:.4} together, and may spend ${ceiling} (max_run_cost_usd)",
            spent.run_usd
        );
        return Some((Spender::Run(key.run), message));
    }
    let ceiling = over(spent.day_usd, runs.limits.cost_per_day_usd)?;
    let message = format!(
        "this account has spent ${:.4} today (UTC), and may spend ${ceiling} a day \
         (MAX_COST_PER_USER_PER_DAY_USD)",
        spent.day_usd
    );
    Some((Spender::User(spent.user), message))
}
