//! The database: SQLite, one file, one server.
//!
//! Invariants: only this module uses sqlx; writes go through one connection, so they never meet `SQLITE_BUSY`
//! from each other; row structs are private to the file that queries them and become domain types at once.
//! Times are INTEGER milliseconds since the Unix epoch (see [`crate::clock`]).
//!
//! Queries are checked when they run (`sqlx::query_as`), not by the `query!` macros: those need a database or a
//! committed cache at build time, which every clone and container build would have to carry. Each query has a test.

mod api_keys;
pub mod audit;
mod backup;
pub mod commands;
pub mod credentials;
pub mod events;
pub mod invitations;
pub mod runs;
pub mod shares;
pub mod turns;
pub mod usage;
pub mod users;
pub mod webhooks;

pub use backup::snapshot;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::MigrateError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{SqliteConnection, SqlitePool};
use tokio::sync::Notify;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("src/db/migrations");

/// Concurrent readers; each holds a page cache of its own.
const READERS: u32 = 4;

/// A cheap handle on the database.
#[derive(Clone, Debug)]
pub struct Db {
    write: SqlitePool,
    read: SqlitePool,
    /// Rings when there is something to deliver to a webhook.
    deliveries: Arc<Notify>,
}

/// Which part of a list is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    pub offset: i64,
    pub limit: i64,
}

/// Why the database could not answer.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    #[error("database error: {0}")]
    Sqlx(#[from] sqlx::Error),
    #[error("failed to migrate the database: {0}")]
    Migrate(MigrateError),
    /// After a rollback. What is stored is as the newer version left it.
    #[error(
        "a newer version of AIdeator has changed it (migration {0}), and nothing was done to it: install that version \
         again, or restore the backup from before the upgrade (docs/operations.md, \"Roll back\")"
    )]
    Newer(i64),
    /// The row is there but makes no sense: a bug or a hand-made change, not a failure of the driver.
    #[error("inconsistent row {row} in table {table}: {message}")]
    Inconsistent {
        table: &'static str,
        row: String,
        message: String,
    },
}

impl DbError {
    /// A row that cannot be turned into its domain type.
    pub fn inconsistent(
        table: &'static str,
        row: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self::Inconsistent {
            table,
            row: row.into(),
            message: message.into(),
        }
    }

    /// Whether a uniqueness constraint refused the row.
    pub fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Sqlx(sqlx::Error::Database(error)) if error.is_unique_violation())
    }
}

impl Db {
    /// Opens the file, creating and migrating it as needed.
    pub async fn open(path: &Path) -> Result<Self, DbError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5));
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .after_release(|connection, _| Box::pin(is_at_rest(connection)))
            .connect_with(options.clone())
            .await?;
        MIGRATIONS.run(&write).await.map_err(|error| match error {
            // Found before any migration is applied.
            MigrateError::VersionMissing(version) => DbError::Newer(version),
            error => DbError::Migrate(error),
        })?;
        let read = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(options.read_only(true))
            .await?;
        Ok(Self {
            write,
            read,
            deliveries: Arc::default(),
        })
    }

    /// The one connection that may change anything.
    pub(crate) fn write(&self) -> &SqlitePool {
        &self.write
    }

    /// Connections that can only read.
    pub(crate) fn read(&self) -> &SqlitePool {
        &self.read
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), DbError> {
        sqlx::query("SELECT 1").execute(self.read()).await?;
        Ok(())
    }

    /// Closes both pools, checkpointing the write-ahead log.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}

/// Whether a connection that comes back has no transaction open; else it is closed.
///
/// When the disk is full, SQLite may end a transaction by itself, or keep one open whose commit has
/// failed (<https://www.sqlite.org/lang_transaction.html>, section 3). sqlx counts transactions
/// without asking: everything that was written afterwards, with success, belonged to a transaction
/// that nobody ended, and was seen by nobody.
async fn is_at_rest(connection: &mut SqliteConnection) -> sqlx::Result<bool> {
    let rolled_back = sqlx::raw_sql("ROLLBACK").execute(connection).await;
    Ok(match rolled_back {
        Err(sqlx::Error::Database(error)) => error.message().contains("no transaction is active"),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Role;

    #[tokio::test]
    async fn a_transaction_that_was_left_open_does_not_swallow_what_comes_after_it() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("a.db")).await.unwrap();
        sqlx::raw_sql("BEGIN").execute(db.write()).await.unwrap();
        let insert = "INSERT INTO server_commands (id, at_ms, argv) VALUES ('a', 0, '[]')";
        sqlx::query(insert).execute(db.write()).await.unwrap();
        let (count,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM server_commands")
            .fetch_one(db.read())
            .await
            .unwrap();
        assert_eq!(count, 1);
    }
    #[tokio::test]
    async fn the_oldest_account_of_an_older_database_is_its_admin() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        let db = SqlitePool::connect_with(
            SqliteConnectOptions::new()
                .filename(&path)
                .create_if_missing(true),
        );
        let db = db.await.unwrap();
        let older = MIGRATIONS.iter().filter(|it| it.version < 12).cloned();
        let older = sqlx::migrate::Migrator {
            migrations: older.collect::<Vec<_>>().into(),
            ..sqlx::migrate::Migrator::DEFAULT
        };
        older.run(&db).await.unwrap();
        let insert = "INSERT INTO users (id, email, password_hash, created_at)
            VALUES ('user_1', 'b@c', '', 2), ('user_2', 'a@c', '', 1)";
        sqlx::query(insert).execute(&db).await.unwrap();
        db.close().await;
        let db = Db::open(&path).await.unwrap();
        for (email, role) in [("a@c", Role::Admin), ("b@c", Role::User)] {
            let (user, _) = db.user_by_email(email).await.unwrap().unwrap();
            assert_eq!(user.role, role);
        }
    }
}
