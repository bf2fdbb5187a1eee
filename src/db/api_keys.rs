//! API keys.

use sqlx::FromRow;

use super::{Db, DbError, audit};
use crate::auth::audit::Entry;
use crate::auth::{ApiKeyId, ApiKeyInfo, User, UserId};

#[derive(FromRow)]
struct ApiKeyRow {
    id: String,
    user_id: String,
    name: String,
    description: Option<String>,
    prefix: String,
    scopes: String,
    created_at: i64,
    expires_at: Option<i64>,
    last_used_at: Option<i64>,
    revoked_at: Option<i64>,
}

impl TryFrom<ApiKeyRow> for ApiKeyInfo {
    type Error = DbError;

    fn try_from(row: ApiKeyRow) -> Result<Self, DbError> {
        let scopes = row.scopes.parse();
        Ok(Self {
            scopes: scopes
                .map_err(|error: String| DbError::inconsistent("api_keys", &row.id, error))?,
            id: ApiKeyId::from_stored(row.id),
            name: row.name,
            description: row.description,
            prefix: row.prefix,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            revoked_at: row.revoked_at,
        })
    }
}

impl Db {
    /// Stores a new API key under the hash of its secret. False where its account is disabled by now.
    pub async fn insert_api_key(
        &self,
        user: &UserId,
        key: &ApiKeyInfo,
        hash: &[u8; 32],
        entry: &Entry,
    ) -> Result<bool, DbError> {
        let mut transaction = self.write().begin().await?;
        let made = sqlx::query(
            "INSERT INTO api_keys (id, user_id, name, description, hash, prefix, scopes, created_at, expires_at)
             SELECT ?1, id, ?3, ?4, ?5, ?6, ?7, ?8, ?9 FROM users WHERE id = ?2 AND disabled_at IS NULL",
        )
        .bind(key.id.as_str())
        .bind(user.as_str())
        .bind(&key.name)
        .bind(&key.description)
        .bind(hash.as_slice())
        .bind(&key.prefix)
        .bind(key.scopes.to_string())
        .bind(key.created_at)
        .bind(key.expires_at)
        .execute(&mut *transaction)
        .await?;
        let made = made.rows_affected() > 0;
        audit::commit(transaction, made.then_some(entry)).await?;
        Ok(made)
    }

    /// The key with this hash, expired and revoked ones included, and its owner.
    pub async fn api_key_by_hash(
        &self,
        hash: &[u8; 32],
    ) -> Result<Option<(ApiKeyInfo, User)>, DbError> {
        let row: Option<ApiKeyRow> = sqlx::query_as("SELECT * FROM api_keys WHERE hash = ?")
            .bind(hash.as_slice())
            .fetch_optional(self.read())
            .await?;
        let Some(row) = row else { return Ok(None) };
        let owner = UserId::from_stored(row.user_id.as_str());
        let user = self.user(&owner).await?;
        let user = user
            .ok_or_else(|| DbError::inconsistent("api_keys", &row.id, "its user does not exist"))?;
        Ok(Some((row.try_into()?, user)))
    }

    /// An account's keys, newest first, revoked ones excluded.
    pub async fn api_keys(&self, user: &UserId) -> Result<Vec<ApiKeyInfo>, DbError> {
        let rows: Vec<ApiKeyRow> = sqlx::query_as(
            "SELECT * FROM api_keys WHERE user_id = ? AND revoked_at IS NULL ORDER BY created_at DESC, id DESC",
        )
        .bind(user.as_str())
        .fetch_all(self.read())
        .await?;
        rows.into_iter().map(ApiKeyInfo::try_from).collect()
    }

    /// Revokes a key of this account; false when there is none to revoke.
    pub async fn revoke_api_key(
        &self,
        user: &UserId,
        id: &ApiKeyId,
        now: i64,
        entry: &Entry,
    ) -> Result<bool, DbError> {
        let mut transaction = self.write().begin().await?;
        let done = sqlx::query(
            "UPDATE api_keys SET revoked_at = ? WHERE id = ? AND user_id = ? AND revoked_at IS NULL",
        )
        .bind(now)
        .bind(id.as_str())
        .bind(user.as_str())
        .execute(&mut *transaction)
        .await?;
        let revoked = done.rows_affected() == 1;
        audit::commit(transaction, revoked.then_some(entry)).await?;
        Ok(revoked)
    }

    /// Whether a key is there and not revoked.
    pub async fn has_api_key(&self, id: &ApiKeyId) -> Result<bool, DbError> {
        let row: Option<(i64,)> =
            sqlx::query_as("SELECT 1 FROM api_keys WHERE id = ? AND revoked_at IS NULL")
                .bind(id.as_str())
                .fetch_optional(self.read())
                .await?;
        Ok(row.is_some())
    }

    /// Notes that a key was used.
    pub async fn touch_api_key(&self, id: &ApiKeyId, now: i64) -> Result<(), DbError> {
        sqlx::query("UPDATE api_keys SET last_used_at = ? WHERE id = ?")
            .bind(now)
            .bind(id.as_str())
            .execute(self.write())
            .await?;
        Ok(())
    }
}
