//! The kubectl calls made for runs, and those for all runs at once (watches, lists).

use sqlx::FromRow;

use super::{Db, DbError};
use crate::kubectl::{CommandEnd, CommandStart};
use crate::model::RunId;

/// Calls of one run that are kept. Most runs have some tens; whoever may read a run can make more, by asking
/// for `verify` again and again.
pub const MOST_OF_RUN: u32 = 10_000;

/// A kubectl call as stored.
#[derive(Debug, Clone)]
pub struct Command {
    /// When it was started, in milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// The manifest, secrets redacted.
    pub stdin: Option<String>,
    /// Absent while it runs, and when a signal ended it.
    pub exit_code: Option<i32>,
    /// Absent while it runs.
    pub duration_ms: Option<i64>,
    /// The end of what it wrote to standard error.
    pub stderr: Option<String>,
    /// It was made for all runs at once.
    pub shared: bool,
}

#[derive(FromRow)]
struct CommandRow {
    id: String,
    at_ms: i64,
    argv: String,
    stdin: Option<String>,
    exit_code: Option<i32>,
    duration_ms: Option<i64>,
    stderr: Option<String>,
    shared: bool,
}

impl Db {
    /// Stores the start of a call for a run. A run that is gone has no calls to keep.
    pub async fn insert_command(&self, run: RunId, command: &CommandStart) -> Result<(), DbError> {
        let argv = serde_json::to_string(&command.argv)
            .map_err(|error| DbError::inconsistent("commands", command.id, error.to_string()))?;
        sqlx::query(
            "INSERT INTO commands (id, run_id, at_ms, argv, stdin)
             SELECT ?, id, ?, ?, ? FROM runs WHERE id = ?",
        )
        .bind(command.id.to_string())
        .bind(command.at_ms)
        .bind(argv)
        .bind(&command.stdin)
        .bind(run.to_string())
        .execute(self.write())
        .await?;
        Ok(())
    }

    /// Stores the start of a call for all runs at once.
    pub async fn insert_shared_command(&self, command: &CommandStart) -> Result<(), DbError> {
        let argv = serde_json::to_string(&command.argv)
            .map_err(|error| DbError::inconsistent("commands", command.id, error.to_string()))?;
        sqlx::query("INSERT INTO server_commands (id, at_ms, argv) VALUES (?, ?, ?)")
            .bind(command.id.to_string())
            .bind(command.at_ms)
            .bind(argv)
            .execute(self.write())
            .await?;
        Ok(())
    }

    /// Stores the end of a call.
    pub async fn finish_command(&self, command: &CommandEnd) -> Result<(), DbError> {
        let update = match command.run {
            Some(_) => {
                "UPDATE commands SET exit_code = ?, duration_ms = ?, stderr = ? WHERE id = ?"
            }
            None => {
                "UPDATE server_commands SET exit_code = ?, duration_ms = ?, stderr = ? WHERE id = ?"
            }
        };
        sqlx::query(update)
            .bind(command.exit_code)
            .bind(command.duration_ms)
            .bind(&command.stderr)
            .bind(command.id.to_string())
            .execute(self.write())
            .await?;
        Ok(())
    }

    /// Ends, as of unknown outcome, the calls that were running when the server died.
    pub async fn end_interrupted_commands(&self, now_ms: i64) -> Result<(), DbError> {
        for update in [
            "UPDATE commands SET duration_ms = MAX(0, ? - at_ms), stderr = 'the server ended before it did'
             WHERE duration_ms IS NULL",
            "UPDATE server_commands SET duration_ms = MAX(0, ? - at_ms), stderr = 'the server ended before it did'
             WHERE duration_ms IS NULL",
        ] {
            sqlx::query(update).bind(now_ms).execute(self.write()).await?;
        }
        Ok(())
    }

    /// Forgets the calls for all runs that began before `before_ms`.
    pub async fn forget_shared_commands(&self, before_ms: i64) -> Result<(), DbError> {
        sqlx::query("DELETE FROM server_commands WHERE at_ms < ? AND duration_ms IS NOT NULL")
            .bind(before_ms)
            .execute(self.write())
            .await?;
        Ok(())
    }

    /// Forgets, of each run with more than `most` calls, those in the middle: how it began and how it ended are
    /// worth more. Calls that have not ended are kept. How many it forgot.
    pub async fn forget_middle_commands(&self, most: u32) -> Result<u64, DbError> {
        let long: Vec<(String, i64)> = sqlx::query_as(
            "SELECT run_id, COUNT(*) FROM commands GROUP BY run_id HAVING COUNT(*) > ?",
        )
        .bind(most)
        .fetch_all(self.read())
        .await?;
        let mut forgotten = 0;
        for (run, count) in long {
            let mut tx = self.write().begin().await?;
            let done = sqlx::query(
                "DELETE FROM commands WHERE duration_ms IS NOT NULL AND id IN
                    (SELECT id FROM commands WHERE run_id = ? ORDER BY id LIMIT ? OFFSET ?)",
            )
            .bind(&run)
            .bind(count - i64::from(most))
            .bind(most / 2)
            .execute(&mut *tx)
            .await?;
            sqlx::query("UPDATE runs SET commands_forgotten = commands_forgotten + ? WHERE id = ?")
                .bind(i64::try_from(done.rows_affected()).unwrap_or(i64::MAX))
                .bind(&run)
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
            forgotten += done.rows_affected();
        }
        Ok(forgotten)
    }

    /// How many calls of a run are not kept any more.
    pub async fn forgotten_commands(&self, run: RunId) -> Result<i64, DbError> {
        let count = sqlx::query_scalar("SELECT commands_forgotten FROM runs WHERE id = ?")
            .bind(run.to_string())
            .fetch_optional(self.read())
            .await?;
        Ok(count.unwrap_or_default())
    }

    /// All calls for a run, and those for all runs that were under way while it was unfinished;
    /// oldest first.
    pub async fn commands(&self, run: RunId) -> Result<Vec<Command>, DbError> {
        let rows: Vec<CommandRow> = sqlx::query_as(
            "SELECT id, at_ms, argv, stdin, exit_code, duration_ms, stderr, FALSE AS shared
             FROM commands WHERE run_id = ?1
             UNION ALL
             SELECT s.id, at_ms, argv, NULL, exit_code, duration_ms, stderr, TRUE
             FROM server_commands s JOIN runs ON runs.id = ?1
             WHERE at_ms <= COALESCE(finished_ms, at_ms)
               AND (duration_ms IS NULL OR at_ms + duration_ms >= created_ms)
             ORDER BY id",
        )
        .bind(run.to_string())
        .fetch_all(self.read())
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(Command {
                    at_ms: row.at_ms,
                    argv: serde_json::from_str(&row.argv).map_err(|error| {
                        DbError::inconsistent("commands", row.id, error.to_string())
                    })?,
                    stdin: row.stdin,
                    exit_code: row.exit_code,
                    duration_ms: row.duration_ms,
                    stderr: row.stderr,
                    shared: row.shared,
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_long_journal_keeps_its_beginning_and_its_end() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("a.db")).await.unwrap();
        let run: RunId = "run-01900000000070008000000000000001".parse().unwrap();
        for insert in [
            "INSERT INTO users (id, email, password_hash, created_at) VALUES ('u', 'a@example.com', '', 0)",
            "INSERT INTO runs (id, user_id, repo_url, base_sha, prompt, status, created_ms)
             VALUES (?, 'u', '', '', '', 'completed', 0)",
        ] {
            let query = sqlx::query(insert).bind(run.to_string());
            query.execute(db.write()).await.unwrap();
        }
        let begin = async |n: i64| {
            let command = CommandStart {
                id: uuid::Uuid::from_u128(u128::try_from(n).unwrap()),
                run: Some(run),
                at_ms: n,
                argv: vec!["kubectl".to_owned()],
                stdin: None,
            };
            db.insert_command(run, &command).await.unwrap();
            command.id
        };
        let end = async |id| {
            let command = CommandEnd {
                id,
                run: Some(run),
                exit_code: Some(0),
                duration_ms: 1,
                stderr: String::new(),
            };
            db.finish_command(&command).await.unwrap();
        };
        let kept = async || {
            let commands = db.commands(run).await.unwrap();
            let times: Vec<i64> = commands.iter().map(|command| command.at_ms).collect();
            (times, db.forgotten_commands(run).await.unwrap())
        };
        for n in 0..9 {
            let id = begin(n).await;
            if n != 4 {
                end(id).await;
            }
        }
        assert_eq!(db.forget_middle_commands(9).await.unwrap(), 0);
        assert_eq!(kept().await, ((0..9).collect(), 0));
        // Of the five in the middle, one goes on.
        assert_eq!(db.forget_middle_commands(4).await.unwrap(), 4);
        assert_eq!(kept().await, (vec![0, 1, 4, 7, 8], 4));
        end(begin(9).await).await;
        assert_eq!(db.forget_middle_commands(4).await.unwrap(), 1);
        assert_eq!(kept().await, (vec![0, 1, 4, 8, 9], 5));
    }
}
