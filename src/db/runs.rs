//! Runs and their variations.

mod beside;
mod rows;
mod write;

use std::str::FromStr;

use sqlx::AssertSqlSafe;

use self::rows::{JudgementRow, RunRow, VariationRow};
use super::{Db, DbError, Page};
use crate::model::{PUBLISHER, Run, RunId, RunStatus, VariationKey, VariationStatus};

pub(super) use rows::key as attempt_key;
pub use write::Inserted;

/// A page of runs.
#[derive(Debug)]
pub struct RunPage {
    /// Newest first.
    pub runs: Vec<Run>,
    /// How many there are on all pages.
    pub total: i64,
}

/// Which of a user's runs are asked for.
#[derive(Debug)]
pub struct RunFilter {
    pub status: Option<RunStatus>,
    /// Part of the prompt, the repository, the ref, the commit or the run's id; small and capital
    /// letters of ASCII are the same.
    pub text: Option<String>,
    pub page: Page,
}

/// A run, whosever it is, without what it is about.
#[derive(Debug)]
pub struct RunOfUser {
    pub id: RunId,
    pub user: String,
    pub email: String,
    pub status: RunStatus,
    pub variations: i64,
    pub created_ms: i64,
    pub finished_ms: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct RunOfUserRow {
    id: String,
    user_id: String,
    email: String,
    status: String,
    variations: i64,
    created_ms: i64,
    finished_ms: Option<i64>,
}

/// Whether a run is finished and has no Job in the cluster.
const FORGETTABLE: &str = "finished_ms IS NOT NULL AND NOT EXISTS
    (SELECT 1 FROM variations WHERE run_id = runs.id AND job_deleted_ms IS NULL)";

/// A run that is being deleted. It is gone when this is done, and stays where this is dropped; until then
/// nobody writes to the database.
#[derive(Debug)]
pub struct Forgetting(sqlx::Transaction<'static, sqlx::Sqlite>);

impl Forgetting {
    /// The end of it.
    pub async fn done(self) -> Result<(), DbError> {
        Ok(self.0.commit().await?)
    }
}

/// The pattern of texts that have this one in them.
fn like(text: &str) -> String {
    let plain = text
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_");
    format!("%{plain}%")
}

/// The statuses that these words name, each with its count.
fn counted<T: FromStr>(
    rows: Vec<(String, i64)>,
    table: &'static str,
) -> Result<Vec<(T, i64)>, DbError> {
    rows.into_iter()
        .map(|(word, count)| match word.parse() {
            Ok(status) => Ok((status, count)),
            Err(_) => Err(DbError::inconsistent(table, word, "unknown status")),
        })
        .collect()
}

impl Db {
    /// A run with its variations.
    pub async fn run(&self, id: RunId) -> Result<Option<Run>, DbError> {
        let row: Option<RunRow> =
            sqlx::query_as(AssertSqlSafe(format!("{} WHERE id = ?", RunRow::SELECT)))
                .bind(id.to_string())
                .fetch_optional(self.read())
                .await?;
        match row {
            Some(row) => Ok(Some(self.with_variations(row).await?)),
            None => Ok(None),
        }
    }

    /// The runs that start from a result of this one, oldest first, and of which variation.
    pub async fn follow_ups(&self, id: RunId) -> Result<Vec<(RunId, u8)>, DbError> {
        let rows: Vec<(String, i64, i64)> = sqlx::query_as(
            "SELECT id, base_index, base_attempt FROM runs WHERE base_run_id = ? ORDER BY id",
        )
        .bind(id.to_string())
        .fetch_all(self.read())
        .await?;
        let parsed = rows.into_iter().map(|(run, index, attempt)| {
            let key = attempt_key(&run, index, attempt)?;
            Ok((key.run, key.index))
        });
        parsed.collect()
    }

    /// A page of a user's runs, newest first.
    pub async fn runs_of(&self, user: &str, which: &RunFilter) -> Result<RunPage, DbError> {
        const FITS: &str = "WHERE user_id = ?1 AND (?2 IS NULL OR status = ?2)
            AND (?3 IS NULL OR prompt LIKE ?3 ESCAPE '\\' OR repo_url LIKE ?3 ESCAPE '\\'
                OR git_ref LIKE ?3 ESCAPE '\\' OR id LIKE ?3 ESCAPE '\\' OR base_sha LIKE ?3 ESCAPE '\\')";
        let status = which.status.map(RunStatus::as_str);
        let like = which.text.as_deref().map(like);
        let count = format!("SELECT COUNT(*) FROM runs {FITS}");
        let (total,): (i64,) = sqlx::query_as(AssertSqlSafe(count))
            .bind(user)
            .bind(status)
            .bind(&like)
            .fetch_one(self.read())
            .await?;
        let page = format!(
            "{} {FITS} ORDER BY id DESC LIMIT ?4 OFFSET ?5",
            RunRow::SELECT
        );
        let rows: Vec<RunRow> = sqlx::query_as(AssertSqlSafe(page))
            .bind(user)
            .bind(status)
            .bind(&like)
            .bind(which.page.limit)
            .bind(which.page.offset)
            .fetch_all(self.read())
            .await?;
        let mut runs = Vec::with_capacity(rows.len());
        for row in rows {
            runs.push(self.with_variations(row).await?);
        }
        Ok(RunPage { runs, total })
    }

    /// A page of the runs of all users, newest first, and how many there are.
    pub async fn runs_of_all(&self, page: Page) -> Result<(Vec<RunOfUser>, i64), DbError> {
        let (total,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM runs")
            .fetch_one(self.read())
            .await?;
        let rows: Vec<RunOfUserRow> = sqlx::query_as(
            "SELECT r.id, r.user_id, u.email, r.status, r.created_ms, r.finished_ms,
                (SELECT COUNT(DISTINCT idx) FROM variations WHERE run_id = r.id AND idx < ?1) AS variations
             FROM runs r JOIN users u ON u.id = r.user_id ORDER BY r.id DESC LIMIT ?2 OFFSET ?3",
        )
        .bind(i64::from(PUBLISHER))
        .bind(page.limit)
        .bind(page.offset)
        .fetch_all(self.read())
        .await?;
        let runs = rows.into_iter().map(|row| {
            let status = row.status.parse();
            Ok(RunOfUser {
                status: status
                    .map_err(|_| DbError::inconsistent("runs", &row.id, "unknown status"))?,
                id: rows::run_id(&row.id)?,
                user: row.user_id,
                email: row.email,
                variations: row.variations,
                created_ms: row.created_ms,
                finished_ms: row.finished_ms,
            })
        });
        Ok((runs.collect::<Result<_, DbError>>()?, total))
    }

    /// The runs that have not ended, or whose judge has not, oldest first.
    pub async fn unfinished_runs(&self) -> Result<Vec<Run>, DbError> {
        let rows: Vec<RunRow> = sqlx::query_as(AssertSqlSafe(format!(
            "{} WHERE finished_ms IS NULL OR id IN (SELECT run_id FROM variations WHERE settled_ms IS NULL)
             ORDER BY id",
            RunRow::SELECT
        )))
        .fetch_all(self.read())
        .await?;
        let mut runs = Vec::with_capacity(rows.len());
        for row in rows {
            runs.push(self.with_variations(row).await?);
        }
        Ok(runs)
    }

    /// Whether a row knows of this attempt's Job. One that we have deleted should not be there.
    pub async fn knows_job(&self, key: VariationKey) -> Result<bool, DbError> {
        let row: Option<(i64,)> = sqlx::query_as(
            "SELECT 1 FROM variations WHERE run_id = ? AND idx = ? AND attempt = ? AND job_deleted_ms IS NULL",
        )
        .bind(key.run.to_string())
        .bind(i64::from(key.index))
        .bind(i64::from(key.attempt))
        .fetch_optional(self.read())
        .await?;
        Ok(row.is_some())
    }

    /// The settled variations whose Jobs we have not deleted, with when they settled, oldest first; not
    /// those of runs with Jobs still to be made, which need the Secret that goes with the last Job.
    pub async fn jobs_to_delete(&self) -> Result<Vec<(VariationKey, i64)>, DbError> {
        let rows: Vec<(String, i64, i64, i64)> = sqlx::query_as(
            "SELECT run_id, idx, attempt, settled_ms FROM variations
             WHERE settled_ms IS NOT NULL AND job_deleted_ms IS NULL
                AND run_id NOT IN (SELECT run_id FROM variations WHERE settled_ms IS NULL AND applied_ms IS NULL)
             ORDER BY settled_ms",
        )
        .fetch_all(self.read())
        .await?;
        rows.into_iter()
            .map(|(run, idx, attempt, settled)| Ok((rows::key(&run, idx, attempt)?, settled)))
            .collect()
    }

    /// Finished runs without a Job in the cluster, with the time of their end; the oldest first.
    pub async fn forgettable_runs(&self) -> Result<Vec<(RunId, i64)>, DbError> {
        let rows: Vec<(String, i64)> = sqlx::query_as(AssertSqlSafe(format!(
            "SELECT id, finished_ms FROM runs WHERE {FORGETTABLE} ORDER BY finished_ms"
        )))
        .fetch_all(self.read())
        .await?;
        rows.into_iter()
            .map(|(id, finished)| Ok((rows::run_id(&id)?, finished)))
            .collect()
    }

    /// How many runs are in each status.
    pub async fn count_runs(&self) -> Result<Vec<(RunStatus, i64)>, DbError> {
        let rows: Vec<(String, i64)> =
            sqlx::query_as("SELECT status, COUNT(*) FROM runs GROUP BY status")
                .fetch_all(self.read())
                .await?;
        counted(rows, "runs")
    }

    /// How many variations are in each status.
    pub async fn count_variations(&self) -> Result<Vec<(VariationStatus, i64)>, DbError> {
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "SELECT status, COUNT(*) FROM current_variations WHERE idx < ? GROUP BY status",
        )
        .bind(i64::from(PUBLISHER))
        .fetch_all(self.read())
        .await?;
        counted(rows, "variations")
    }

    /// Begins to delete a run, its variations, its events and its commands. `None` where it is not
    /// forgettable any more: somebody has retried it meanwhile.
    pub async fn begin_forgetting(&self, id: RunId) -> Result<Option<Forgetting>, DbError> {
        let mut tx = self.write().begin().await?;
        let done = sqlx::query(AssertSqlSafe(format!(
            "DELETE FROM runs WHERE id = ? AND {FORGETTABLE}"
        )))
        .bind(id.to_string())
        .execute(&mut *tx)
        .await?;
        Ok((done.rows_affected() > 0).then_some(Forgetting(tx)))
    }

    async fn with_variations(&self, row: RunRow) -> Result<Run, DbError> {
        let variations: Vec<VariationRow> =
            sqlx::query_as("SELECT * FROM variations WHERE run_id = ? ORDER BY idx, attempt")
                .bind(&row.id)
                .fetch_all(self.read())
                .await?;
        let judgement: Option<JudgementRow> = sqlx::query_as(
            "SELECT run_id, candidates, judgement FROM judgements WHERE run_id = ? ORDER BY attempt DESC LIMIT 1",
        )
        .bind(&row.id)
        .fetch_optional(self.read())
        .await?;
        row.into_run(variations, judgement)
    }
}
