//! What each user has used on each day (UTC). It outlives the runs that it was used for.

use sqlx::{Sqlite, Transaction};

use super::runs::attempt_key;
use super::{Db, DbError, Page};
use crate::model::{Cause, PUBLISHER, RunId, VariationKey};

/// Milliseconds of a day.
pub const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Counts one more run of a user on the day of `now_ms`, unless there were `most`.
pub(super) async fn count_run(
    tx: &mut Transaction<'_, Sqlite>,
    user: &str,
    now_ms: i64,
    most: Option<u32>,
) -> Result<bool, DbError> {
    let done = sqlx::query(
        "INSERT INTO usage_days (user_id, day, runs) VALUES (?1, ?2, 1)
         ON CONFLICT DO UPDATE SET runs = runs + 1 WHERE ?3 IS NULL OR runs < ?3",
    )
    .bind(user)
    .bind(now_ms.div_euclid(DAY_MS))
    .bind(most)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// More tokens than this nobody uses; a provider, or an image, that says so must not make a sum that the
/// database refuses, because then nothing of that user's could end.
const MOST_TOKENS: i64 = 1 << 50;

/// What an attempt has spent so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spending {
    pub tokens: u64,
    /// US dollars; `None` where that is not known.
    pub usd: Option<f64>,
}

/// What there was spent of each ceiling, in US dollars. What is not known is in none of them.
#[derive(Debug, Clone)]
pub struct Spent {
    pub user: String,
    /// By all variations of the run, in all attempts; without its judge.
    pub run_usd: f64,
    pub run_ceiling: Option<f64>,
    /// By the user on that day.
    pub day_usd: f64,
}

impl Db {
    /// Notes what an attempt has spent. Its user's day gets what is new in it, so noting it twice
    /// changes nothing.
    pub async fn spend(
        &self,
        key: VariationKey,
        spending: Spending,
        now_ms: i64,
    ) -> Result<Spent, DbError> {
        let run = key.run.to_string();
        let mut tx = self.write().begin().await?;
        let (user, run_ceiling, tokens, usd): (String, Option<f64>, Option<i64>, Option<f64>) =
            sqlx::query_as(
                "SELECT r.user_id, r.max_run_cost_usd, v.spent_tokens, v.spent_usd
                 FROM variations v JOIN runs r ON r.id = v.run_id
                 WHERE v.run_id = ? AND v.idx = ? AND v.attempt = ?",
            )
            .bind(&run)
            .bind(i64::from(key.index))
            .bind(i64::from(key.attempt))
            .fetch_one(&mut *tx)
            .await?;
        let now_tokens = i64::try_from(spending.tokens)
            .unwrap_or(i64::MAX)
            .min(MOST_TOKENS);
        let new_tokens = (now_tokens - tokens.unwrap_or(0)).max(0);
        let new_usd = (spending.usd.unwrap_or(0.0) - usd.unwrap_or(0.0)).max(0.0);
        sqlx::query(
            "UPDATE variations SET spent_tokens = COALESCE(spent_tokens, 0) + ?, spent_usd = ?
             WHERE run_id = ? AND idx = ? AND attempt = ?",
        )
        .bind(new_tokens)
        .bind(usd.or(spending.usd).map(|_| usd.unwrap_or(0.0) + new_usd))
        .bind(&run)
        .bind(i64::from(key.index))
        .bind(i64::from(key.attempt))
        .execute(&mut *tx)
        .await?;
        let (day_usd,): (f64,) = sqlx::query_as(
            "INSERT INTO usage_days (user_id, day, tokens, cost_usd, cost_known) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET tokens = MIN(tokens + ?3, ?6), cost_usd = cost_usd + ?4,
                cost_known = MAX(cost_known, ?5) RETURNING cost_usd",
        )
        .bind(&user)
        .bind(now_ms.div_euclid(DAY_MS))
        .bind(new_tokens)
        .bind(new_usd)
        .bind(spending.usd.is_some())
        .bind(MOST_TOKENS)
        .fetch_one(&mut *tx)
        .await?;
        let (run_usd,): (f64,) = sqlx::query_as(
            "SELECT COALESCE(SUM(spent_usd), 0.0) FROM variations WHERE run_id = ? AND idx < ?",
        )
        .bind(&run)
        .bind(i64::from(PUBLISHER))
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(Spent {
            user,
            run_usd,
            run_ceiling,
            day_usd,
        })
    }

    /// A page of what all users have used on each day from that of `since_ms`, the newest day first, and how
    /// many entries there are.
    pub async fn usage(&self, since_ms: i64, page: Page) -> Result<(Vec<DayOfUser>, i64), DbError> {
        let since = since_ms.div_euclid(DAY_MS);
        let (total,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM usage_days WHERE day >= ?")
            .bind(since)
            .fetch_one(self.read())
            .await?;
        let days = sqlx::query_as(
            "SELECT d.user_id, u.email, d.day, d.runs, d.tokens, IIF(d.cost_known, d.cost_usd, NULL) AS known_usd
             FROM usage_days d JOIN users u ON u.id = d.user_id
             WHERE d.day >= ? ORDER BY d.day DESC, d.user_id LIMIT ? OFFSET ?",
        )
        .bind(since)
        .bind(page.limit)
        .bind(page.offset)
        .fetch_all(self.read())
        .await?;
        Ok((days, total))
    }

    /// What a user has spent on the day of `now_ms`, as far as it is known, in US dollars.
    pub async fn spent_today(&self, user: &str, now_ms: i64) -> Result<f64, DbError> {
        let row: Option<(f64,)> =
            sqlx::query_as("SELECT cost_usd FROM usage_days WHERE user_id = ? AND day = ?")
                .bind(user)
                .bind(now_ms.div_euclid(DAY_MS))
                .fetch_optional(self.read())
                .await?;
        Ok(row.map_or(0.0, |(usd,)| usd))
    }

    /// Notes that what is unfinished of a run (without its judge), or of all runs of a user, is to
    /// stop for this cause; which those are.
    pub async fn stop_spending(
        &self,
        of: &Spender,
        cause: &Cause,
    ) -> Result<Vec<VariationKey>, DbError> {
        let (run, user) = match of {
            Spender::Run(run) => (Some(run.to_string()), None),
            Spender::User(user) => (None, Some(user)),
        };
        let rows: Vec<(String, i64, i64)> = sqlx::query_as(
            "UPDATE variations SET cancel_requested = 1, cancel_reason = ?1, cancel_message = ?2
             WHERE settled_ms IS NULL AND cancel_requested = 0 AND ((run_id = ?3 AND idx < ?4)
                OR (idx <> ?4 AND run_id IN (SELECT id FROM runs WHERE user_id = ?5)))
             RETURNING run_id, idx, attempt",
        )
        .bind(&cause.reason)
        .bind(&cause.message)
        .bind(run)
        .bind(i64::from(PUBLISHER))
        .bind(user)
        .fetch_all(self.write())
        .await?;
        rows.into_iter()
            .map(|(run, idx, attempt)| attempt_key(&run, idx, attempt))
            .collect()
    }

    /// Why an attempt was cancelled, where no person asked for it.
    pub async fn cancel_cause(&self, key: VariationKey) -> Result<Option<Cause>, DbError> {
        let row: Option<(Option<String>, Option<String>)> = sqlx::query_as(
            "SELECT cancel_reason, cancel_message FROM variations WHERE run_id = ? AND idx = ? AND attempt = ?",
        )
        .bind(key.run.to_string())
        .bind(i64::from(key.index))
        .bind(i64::from(key.attempt))
        .fetch_optional(self.read())
        .await?;
        let Some((Some(reason), message)) = row else {
            return Ok(None);
        };
        Ok(Some(Cause::new(reason, message.unwrap_or_default())))
    }
}

/// What one user has used on one day.
#[derive(Debug, sqlx::FromRow)]
pub struct DayOfUser {
    pub user_id: String,
    pub email: String,
    /// Days since the Unix epoch, UTC.
    pub day: i64,
    pub runs: i64,
    pub tokens: i64,
    /// US dollars, of what is known; `None` where nothing is.
    pub known_usd: Option<f64>,
}

/// Whose ceiling it is.
#[derive(Debug, Clone)]
pub enum Spender {
    Run(RunId),
    User(String),
}
