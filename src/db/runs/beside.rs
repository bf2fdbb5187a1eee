//! Attempts beside the variations: the judge's, and the publisher's.

use aideator_agent::config::Config as VariationConfig;
use sqlx::{Sqlite, Transaction};

use super::write::{insert_queued, text};
use crate::db::{Db, DbError, credentials, events};
use crate::model::{Credential, NewEvent, NewJudge, NewVariation, VariationKey};

impl Db {
    /// Stores a queued judge with the events that tell it; the number of the last. `None` where the
    /// last judge has not ended, or another one is this attempt.
    pub async fn insert_judge(
        &self,
        key: VariationKey,
        new: &NewJudge,
        events: &[NewEvent],
    ) -> Result<Option<i64>, DbError> {
        let mut tx = self.write().begin().await?;
        if !insert_beside(&mut tx, key, &new.image, &new.config).await? {
            return Ok(None);
        }
        sqlx::query("INSERT INTO judgements (run_id, attempt, candidates) VALUES (?, ?, ?)")
            .bind(key.run.to_string())
            .bind(i64::from(key.attempt))
            .bind(text(&new.candidates)?)
            .execute(&mut *tx)
            .await?;
        let seq = events::append(&mut tx, key.run, events).await?;
        tx.commit().await?;
        Ok(Some(seq))
    }

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
        if !insert_beside(&mut tx, key, &new.image, &new.config).await? {
            return Ok(None);
        }
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

/// The row of an attempt beside the variations, a judge's or a publisher's; false where the last one of
/// its kind has not ended, or another one is this attempt.
async fn insert_beside(
    tx: &mut Transaction<'_, Sqlite>,
    key: VariationKey,
    image: &str,
    config: &VariationConfig,
) -> Result<bool, DbError> {
    let (ended, all): (i64, i64) = sqlx::query_as(
        "SELECT COUNT(settled_ms), COUNT(*) FROM variations WHERE run_id = ? AND idx = ?",
    )
    .bind(key.run.to_string())
    .bind(i64::from(key.index))
    .fetch_one(&mut **tx)
    .await?;
    let is_next = ended == all && all == i64::from(key.attempt);
    if is_next {
        insert_queued(tx, key, image, config).await?;
    }
    Ok(is_next)
}
