//! Attempts at publishing a run's result.

use super::write::insert_queued;
use crate::db::{Db, DbError, credentials, events};
use crate::model::{Credential, NewEvent, NewVariation, VariationKey};

impl Db {
    /// Stores a queued publication with the events that tell it, and a credential that is for this run
    /// only in place of the one there may be; the number of the last event. `None` where the last
    /// publication has not ended, or another one is this attempt.
    pub async fn insert_publication(
        &self,
        key: VariationKey,
        new: &NewVariation,
        credential: Option<&Credential>,
        events: &[NewEvent],
    ) -> Result<Option<i64>, DbError> {
        let mut tx = self.write().begin().await?;
        let (ended, all): (i64, i64) = sqlx::query_as(
            "SELECT COUNT(settled_ms), COUNT(*) FROM variations WHERE run_id = ? AND idx = ?",
        )
        .bind(key.run.to_string())
        .bind(i64::from(key.index))
        .fetch_one(&mut *tx)
        .await?;
        if ended != all || all != i64::from(key.attempt) {
            return Ok(None);
        }
        insert_queued(&mut tx, key, &new.image, &new.config).await?;
        if let Some(credential) = credential {
            sqlx::query("DELETE FROM credentials WHERE run_id = ? AND kind = ?")
                .bind(key.run.to_string())
                .bind(credential.kind.as_str())
                .execute(&mut *tx)
                .await?;
            credentials::insert(&mut tx, credential).await?;
        }
        let seq = events::append(&mut tx, key.run, events).await?;
        tx.commit().await?;
        Ok(Some(seq))
    }
}
