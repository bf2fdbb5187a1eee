//! Share links of runs.

use sqlx::FromRow;

use super::{Db, DbError, audit};
use crate::auth::audit::Entry;
use crate::auth::{Share, ShareId};
use crate::model::RunId;

#[derive(FromRow)]
struct ShareRow {
    id: String,
    run_id: String,
    prefix: String,
    created_at: i64,
    expires_at: i64,
    last_used_at: Option<i64>,
}

/// What every query selects.
const COLUMNS: &str = "id, run_id, prefix, created_at, expires_at, last_used_at";

impl TryFrom<ShareRow> for Share {
    type Error = DbError;

    fn try_from(row: ShareRow) -> Result<Self, DbError> {
        let run = row.run_id.parse();
        Ok(Self {
            run: run.map_err(|_| DbError::inconsistent("shares", &row.id, "bad run_id"))?,
            id: ShareId::from_stored(row.id),
            prefix: row.prefix,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
        })
    }
}

impl Db {
    /// Stores a new share under the hash of its token. False where the run's owner is disabled by now.
    pub async fn insert_share(
        &self,
        share: &Share,
        hash: &[u8; 32],
        entry: &Entry,
    ) -> Result<bool, DbError> {
        let mut transaction = self.write().begin().await?;
        let made = sqlx::query(
            "INSERT INTO shares (id, run_id, hash, prefix, created_at, expires_at)
             SELECT ?1, r.id, ?3, ?4, ?5, ?6 FROM runs r JOIN users u ON u.id = r.user_id
             WHERE r.id = ?2 AND u.disabled_at IS NULL",
        )
        .bind(share.id.as_str())
        .bind(share.run.to_string())
        .bind(hash.as_slice())
        .bind(&share.prefix)
        .bind(share.created_at)
        .bind(share.expires_at)
        .execute(&mut *transaction)
        .await?;
        let made = made.rows_affected() > 0;
        audit::commit(transaction, made.then_some(entry)).await?;
        Ok(made)
    }

    /// The share with this hash, if it is good at `now`.
    pub async fn share_by_hash(&self, hash: &[u8; 32], now: i64) -> Result<Option<Share>, DbError> {
        let query = format!(
            "SELECT {COLUMNS} FROM shares WHERE hash = ? AND revoked_at IS NULL AND expires_at > ?"
        );
        let row: Option<ShareRow> = sqlx::query_as(sqlx::AssertSqlSafe(query))
            .bind(hash.as_slice())
            .bind(now)
            .fetch_optional(self.read())
            .await?;
        row.map(Share::try_from).transpose()
    }

    /// A run's shares that are good at `now`, newest first.
    pub async fn shares(&self, run: RunId, now: i64) -> Result<Vec<Share>, DbError> {
        let query = format!(
            "SELECT {COLUMNS} FROM shares
             WHERE run_id = ? AND revoked_at IS NULL AND expires_at > ? ORDER BY id DESC"
        );
        let rows: Vec<ShareRow> = sqlx::query_as(sqlx::AssertSqlSafe(query))
            .bind(run.to_string())
            .bind(now)
            .fetch_all(self.read())
            .await?;
        rows.into_iter().map(Share::try_from).collect()
    }

    /// Revokes a share of this run; false when there is none to revoke.
    pub async fn revoke_share(
        &self,
        run: RunId,
        id: &ShareId,
        now: i64,
        entry: &Entry,
    ) -> Result<bool, DbError> {
        let mut transaction = self.write().begin().await?;
        let done = sqlx::query(
            "UPDATE shares SET revoked_at = ? WHERE id = ? AND run_id = ? AND revoked_at IS NULL",
        )
        .bind(now)
        .bind(id.as_str())
        .bind(run.to_string())
        .execute(&mut *transaction)
        .await?;
        let revoked = done.rows_affected() == 1;
        audit::commit(transaction, revoked.then_some(entry)).await?;
        Ok(revoked)
    }

    /// Whether a share is there and not revoked.
    pub async fn has_share(&self, id: &ShareId) -> Result<bool, DbError> {
        let row: Option<(i64,)> =
            sqlx::query_as("SELECT 1 FROM shares WHERE id = ? AND revoked_at IS NULL")
                .bind(id.as_str())
                .fetch_optional(self.read())
                .await?;
        Ok(row.is_some())
    }

    /// Notes that a share was used.
    pub async fn touch_share(&self, id: &ShareId, now: i64) -> Result<(), DbError> {
        sqlx::query("UPDATE shares SET last_used_at = ? WHERE id = ?")
            .bind(now)
            .bind(id.as_str())
            .execute(self.write())
            .await?;
        Ok(())
    }
}
