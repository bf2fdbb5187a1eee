//! Credentials of users: encrypted before they come here, decrypted after they leave.

use sqlx::{FromRow, Sqlite, Transaction};

use super::{Db, DbError, audit};
use crate::auth::audit::Entry;
use crate::model::{Credential, CredentialKind, RunId};

#[derive(FromRow)]
struct CredentialRow {
    id: String,
    user_id: String,
    run_id: Option<String>,
    kind: String,
    host: String,
    username: String,
    key_id: String,
    sealed: Vec<u8>,
    created_ms: i64,
    last_used_ms: Option<i64>,
}

impl TryFrom<CredentialRow> for Credential {
    type Error = DbError;

    fn try_from(row: CredentialRow) -> Result<Self, DbError> {
        let broken = |what: &str| DbError::inconsistent("credentials", &row.id, what);
        let run = row.run_id.as_deref().map(str::parse).transpose();
        Ok(Self {
            run: run.map_err(|_| broken("malformed run id"))?,
            kind: row.kind.parse().map_err(|()| broken("unknown kind"))?,
            id: row.id,
            user: row.user_id,
            host: row.host,
            username: row.username,
            key_id: row.key_id,
            sealed: row.sealed,
            created_ms: row.created_ms,
            last_used_ms: row.last_used_ms,
        })
    }
}

impl Db {
    /// Stores a credential for all runs of its owner, in place of the one of the same kind and host.
    pub async fn store_credential(
        &self,
        credential: &Credential,
        entry: &Entry,
    ) -> Result<(), DbError> {
        let mut tx = self.write().begin().await?;
        sqlx::query(
            "DELETE FROM credentials WHERE user_id = ? AND kind = ? AND host = ? AND run_id IS NULL",
        )
        .bind(&credential.user)
        .bind(credential.kind.as_str())
        .bind(&credential.host)
        .execute(&mut *tx)
        .await?;
        insert(&mut tx, credential).await?;
        audit::commit(tx, [entry]).await
    }

    /// What a user has stored for all runs, newest first.
    pub async fn credentials(&self, user: &str) -> Result<Vec<Credential>, DbError> {
        let rows: Vec<CredentialRow> = sqlx::query_as(
            "SELECT * FROM credentials WHERE user_id = ? AND run_id IS NULL ORDER BY id DESC",
        )
        .bind(user)
        .fetch_all(self.read())
        .await?;
        rows.into_iter().map(Credential::try_from).collect()
    }

    /// The credential that a run has to itself, else the one that its owner has for all.
    pub async fn credential_for(
        &self,
        user: &str,
        kind: CredentialKind,
        host: &str,
        run: Option<RunId>,
    ) -> Result<Option<Credential>, DbError> {
        let row: Option<CredentialRow> = sqlx::query_as(
            "SELECT * FROM credentials WHERE user_id = ? AND kind = ? AND host = ?
                AND (run_id IS NULL OR run_id = ?) ORDER BY run_id IS NULL LIMIT 1",
        )
        .bind(user)
        .bind(kind.as_str())
        .bind(host)
        .bind(run.map(|run| run.to_string()))
        .fetch_optional(self.read())
        .await?;
        row.map(Credential::try_from).transpose()
    }

    /// Deletes a credential of this user; false when there is none.
    pub async fn delete_credential(
        &self,
        user: &str,
        id: &str,
        entry: &Entry,
    ) -> Result<bool, DbError> {
        let mut tx = self.write().begin().await?;
        let done = sqlx::query("DELETE FROM credentials WHERE id = ? AND user_id = ?")
            .bind(id)
            .bind(user)
            .execute(&mut *tx)
            .await?;
        let deleted = done.rows_affected() == 1;
        audit::commit(tx, deleted.then_some(entry)).await?;
        Ok(deleted)
    }

    /// Notes that a credential was used.
    pub async fn touch_credential(&self, id: &str, now_ms: i64) -> Result<(), DbError> {
        sqlx::query("UPDATE credentials SET last_used_ms = ? WHERE id = ?")
            .bind(now_ms)
            .bind(id)
            .execute(self.write())
            .await?;
        Ok(())
    }
}

pub(super) async fn insert(
    tx: &mut Transaction<'_, Sqlite>,
    credential: &Credential,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO credentials (id, user_id, run_id, kind, host, username, key_id, sealed, created_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&credential.id)
    .bind(&credential.user)
    .bind(credential.run.map(|run| run.to_string()))
    .bind(credential.kind.as_str())
    .bind(&credential.host)
    .bind(&credential.username)
    .bind(&credential.key_id)
    .bind(&credential.sealed)
    .bind(credential.created_ms)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What was for this run only goes when nothing of the run is at work any more.
pub(super) async fn delete_of_run(
    tx: &mut Transaction<'_, Sqlite>,
    run: RunId,
) -> Result<(), DbError> {
    sqlx::query(
        "DELETE FROM credentials WHERE run_id = ?1
            AND NOT EXISTS (SELECT 1 FROM variations WHERE run_id = ?1 AND settled_ms IS NULL)",
    )
    .bind(run.to_string())
    .execute(&mut **tx)
    .await?;
    Ok(())
}
