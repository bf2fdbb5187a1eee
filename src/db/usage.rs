//! What each user has used on each day (UTC). It outlives the runs that it was used for.

use sqlx::{Sqlite, Transaction};

use super::DbError;

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
