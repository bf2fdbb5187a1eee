//! A copy of the database while a server uses it.

use std::path::Path;

use sqlx::Connection as _;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteConnectOptions;

use super::DbError;
use crate::model::VariationKey;

/// Writes the database as it is at one moment into a new file, and tells the attempts in it: which they
/// are, and whether each is settled.
///
/// `VACUUM INTO` reads in one transaction, which in WAL mode waits for nobody and holds up nobody
/// (<https://www.sqlite.org/lang_vacuum.html>).
pub async fn snapshot(database: &Path, into: &Path) -> Result<Vec<(VariationKey, bool)>, DbError> {
    let mut live = connect(database).await?;
    sqlx::query("VACUUM INTO ?")
        .bind(into.to_string_lossy())
        .execute(&mut live)
        .await?;
    live.close().await?;
    let mut copy = connect(into).await?;
    let rows: Vec<(String, u8, u32, bool)> = sqlx::query_as(
        "SELECT run_id, idx, attempt, settled_ms IS NOT NULL FROM variations ORDER BY run_id, idx, attempt",
    )
    .fetch_all(&mut copy)
    .await?;
    copy.close().await?;
    rows.into_iter()
        .map(|(run, index, attempt, settled)| {
            let run = run
                .parse()
                .map_err(|_| DbError::inconsistent("variations", &run, "has no run's id"))?;
            let key = VariationKey {
                run,
                index,
                attempt,
            };
            Ok((key, settled))
        })
        .collect()
}

async fn connect(file: &Path) -> Result<SqliteConnection, DbError> {
    let options = SqliteConnectOptions::new().filename(file);
    Ok(SqliteConnection::connect_with(&options).await?)
}
