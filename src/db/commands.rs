//! The kubectl calls made for runs, and those for all runs at once (watches, lists).

use sqlx::FromRow;

use super::{Db, DbError};
use crate::kubectl::{CommandEnd, CommandStart};
use crate::model::RunId;

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
