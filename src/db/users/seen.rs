//! Accounts as an admin sees them.

use sqlx::FromRow;

use super::UserRow;
use crate::auth::User;
use crate::db::usage::DAY_MS;
use crate::db::{Db, DbError, Page};

/// An account, when it was last used (logged in, or with a key), and what it has.
pub struct SeenUser {
    pub user: User,
    pub last_seen_at: Option<i64>,
    /// API keys that open something.
    pub api_keys: i64,
    /// Runs that are stored.
    pub runs: i64,
    pub today: Today,
}

/// What an account has used on this day (UTC).
#[derive(FromRow)]
pub struct Today {
    #[sqlx(rename = "runs_today")]
    pub runs: i64,
    #[sqlx(rename = "tokens_today")]
    pub tokens: i64,
    /// US dollars, of what is known; `None` where nothing is.
    #[sqlx(rename = "usd_today")]
    pub known_usd: Option<f64>,
}

#[derive(FromRow)]
struct SeenUserRow {
    #[sqlx(flatten)]
    user: UserRow,
    last_seen_at: Option<i64>,
    api_keys: i64,
    runs: i64,
    #[sqlx(flatten)]
    today: Today,
}

impl Db {
    /// A page of all accounts, newest first, as they are at `now_ms`, and how many there are.
    pub async fn users(&self, now_ms: i64, page: Page) -> Result<(Vec<SeenUser>, i64), DbError> {
        let (total,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM users")
            .fetch_one(self.read())
            .await?;
        let rows: Vec<SeenUserRow> = sqlx::query_as(
            "SELECT users.*, NULLIF(MAX(COALESCE(last_login_at, 0), COALESCE((SELECT MAX(last_used_at)
                    FROM api_keys WHERE user_id = users.id), 0)), 0) AS last_seen_at,
                (SELECT COUNT(*) FROM api_keys WHERE user_id = users.id AND revoked_at IS NULL
                    AND (expires_at IS NULL OR expires_at > ?1)) AS api_keys,
                (SELECT COUNT(*) FROM runs WHERE user_id = users.id) AS runs,
                COALESCE(d.runs, 0) AS runs_today, COALESCE(d.tokens, 0) AS tokens_today,
                IIF(d.cost_known, d.cost_usd, NULL) AS usd_today
             FROM users LEFT JOIN usage_days d ON d.user_id = users.id AND d.day = ?2
             ORDER BY users.id DESC LIMIT ?3 OFFSET ?4",
        )
        .bind(now_ms)
        .bind(now_ms.div_euclid(DAY_MS))
        .bind(page.limit)
        .bind(page.offset)
        .fetch_all(self.read())
        .await?;
        let seen = rows.into_iter().map(|row| {
            Ok(SeenUser {
                user: row.user.into_user()?,
                last_seen_at: row.last_seen_at,
                api_keys: row.api_keys,
                runs: row.runs,
                today: row.today,
            })
        });
        Ok((seen.collect::<Result<_, DbError>>()?, total))
    }
}
