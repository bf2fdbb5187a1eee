//! The audit log. Entries are added and, when they are old, deleted; nothing changes one but a count.

use sqlx::{FromRow, Sqlite, SqliteConnection, Transaction};

use super::{Db, DbError, Page};
use crate::auth::audit::{Entry, Event};

const HOUR_MS: i64 = 60 * 60 * 1000;

/// Entries of counted attempts in one hour. Beyond it they are counted without their address and account: who
/// attacks from many networks fills neither the disk nor the log.
const MOST_COUNTED: i64 = 100;

/// Entries that are kept, whatever their age: some hundred MiB.
pub const MOST_ENTRIES: i64 = 1_000_000;

/// Which entries are asked for.
#[derive(Debug)]
pub struct Filter {
    /// Who did it, or whom it was done to.
    pub user: Option<String>,
    pub event: Option<Event>,
    /// Milliseconds since the Unix epoch, as is the next, which is excluded.
    pub from: i64,
    pub to: i64,
}

/// An entry, with the addresses of the accounts that are there.
#[derive(Debug)]
pub struct SeenEntry {
    pub id: i64,
    /// Milliseconds since the Unix epoch, as is `last_ms`.
    pub at_ms: i64,
    pub event: Event,
    pub actor: Option<String>,
    pub actor_email: Option<String>,
    pub credential: Option<String>,
    pub account: Option<String>,
    pub account_email: Option<String>,
    pub subject: Option<String>,
    pub detail: serde_json::Map<String, serde_json::Value>,
    pub address: Option<String>,
    pub request: Option<String>,
    pub times: i64,
    pub last_ms: i64,
}

#[derive(FromRow)]
struct AuditRow {
    id: i64,
    at_ms: i64,
    event: String,
    actor: Option<String>,
    actor_email: Option<String>,
    credential: Option<String>,
    account: Option<String>,
    account_email: Option<String>,
    subject: Option<String>,
    detail: String,
    address: Option<String>,
    request: Option<String>,
    times: i64,
    last_ms: i64,
}

impl TryFrom<AuditRow> for SeenEntry {
    type Error = DbError;

    fn try_from(row: AuditRow) -> Result<Self, DbError> {
        let broken = |what: String| DbError::inconsistent("audit", row.id.to_string(), what);
        Ok(Self {
            event: row.event.parse().map_err(&broken)?,
            detail: serde_json::from_str(&row.detail).map_err(|it| broken(it.to_string()))?,
            id: row.id,
            at_ms: row.at_ms,
            actor: row.actor,
            actor_email: row.actor_email,
            credential: row.credential,
            account: row.account,
            account_email: row.account_email,
            subject: row.subject,
            address: row.address,
            request: row.request,
            times: row.times,
            last_ms: row.last_ms,
        })
    }
}

/// Commits a change with the entries that tell it: all of it is stored, or nothing.
pub(super) async fn commit<'a>(
    mut transaction: Transaction<'_, Sqlite>,
    entries: impl IntoIterator<Item = &'a Entry> + Clone,
) -> Result<(), DbError> {
    for entry in entries.clone() {
        insert(&mut transaction, entry, None).await?;
    }
    transaction.commit().await?;
    entries.into_iter().for_each(Entry::log);
    Ok(())
}

/// `hour`: counts it with those of the same hour, event, address and account.
async fn insert(
    connection: &mut SqliteConnection,
    entry: &Entry,
    hour: Option<i64>,
) -> Result<(), DbError> {
    let detail = serde_json::to_string(&entry.detail)
        .map_err(|error| DbError::inconsistent("audit", entry.event.as_str(), error.to_string()))?;
    sqlx::query(
        "INSERT INTO audit (at_ms, event, actor, credential, account, subject, detail, address, request, hour, last_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?1)
         ON CONFLICT (hour, event, COALESCE(address, ''), COALESCE(account, '')) WHERE hour IS NOT NULL
         DO UPDATE SET times = times + 1, last_ms = MAX(last_ms, excluded.at_ms)",
    )
    .bind(entry.at_ms)
    .bind(entry.event.as_str())
    .bind(entry.actor.as_ref().map(crate::auth::UserId::as_str))
    .bind(&entry.credential)
    .bind(entry.account.as_ref().map(crate::auth::UserId::as_str))
    .bind(&entry.subject)
    .bind(detail)
    .bind(entry.address.map(|it| it.to_string()))
    .bind(&entry.request)
    .bind(hour)
    .execute(connection)
    .await?;
    Ok(())
}

impl Db {
    /// Counts an attempt that came to nothing: those of an hour from one network at one account are one entry.
    pub async fn count_attempt(&self, entry: &Entry) -> Result<(), DbError> {
        let hour = entry.at_ms / HOUR_MS;
        let mut counted = Entry {
            address: entry.network,
            ..entry.clone()
        };
        let mut transaction = self.write().begin().await?;
        let (counted_already, entries): (bool, i64) = sqlx::query_as(
            "SELECT COALESCE(MAX(event = ?2 AND address IS ?3 AND account IS ?4), 0), COUNT(*)
             FROM audit WHERE hour = ?1",
        )
        .bind(hour)
        .bind(counted.event.as_str())
        .bind(counted.address.map(|it| it.to_string()))
        .bind(counted.account.as_ref().map(crate::auth::UserId::as_str))
        .fetch_one(&mut *transaction)
        .await?;
        if !counted_already && entries >= MOST_COUNTED {
            (counted.address, counted.account) = (None, None);
        }
        insert(&mut transaction, &counted, Some(hour)).await?;
        transaction.commit().await?;
        entry.log();
        Ok(())
    }

    /// A page of the entries that are asked for, newest first, and how many there are.
    pub async fn audit(
        &self,
        filter: &Filter,
        page: Page,
    ) -> Result<(Vec<SeenEntry>, i64), DbError> {
        const WANTED: &str =
            "(?1 IS NULL OR actor = ?1 OR account = ?1) AND (?2 IS NULL OR event = ?2)
            AND last_ms >= ?3 AND at_ms < ?4";
        let count = format!("SELECT COUNT(*) FROM audit WHERE {WANTED}");
        let event = filter.event.map(Event::as_str);
        let (total,): (i64,) = sqlx::query_as(sqlx::AssertSqlSafe(count))
            .bind(&filter.user)
            .bind(event)
            .bind(filter.from)
            .bind(filter.to)
            .fetch_one(self.read())
            .await?;
        let select = format!(
            "SELECT audit.*, by.email AS actor_email, of.email AS account_email FROM audit
             LEFT JOIN users AS by ON by.id = actor LEFT JOIN users AS of ON of.id = account
             WHERE {WANTED} ORDER BY audit.id DESC LIMIT ?5 OFFSET ?6"
        );
        let rows: Vec<AuditRow> = sqlx::query_as(sqlx::AssertSqlSafe(select))
            .bind(&filter.user)
            .bind(event)
            .bind(filter.from)
            .bind(filter.to)
            .bind(page.limit)
            .bind(page.offset)
            .fetch_all(self.read())
            .await?;
        let seen = rows.into_iter().map(SeenEntry::try_from);
        Ok((seen.collect::<Result<_, _>>()?, total))
    }

    /// Deletes what is older, and the oldest of more than `most`; how many.
    pub async fn forget_audit(&self, before_ms: i64, most: i64) -> Result<u64, DbError> {
        let done = sqlx::query(
            "DELETE FROM audit WHERE last_ms < ?1
                OR id <= (SELECT MAX(id) FROM audit) - ?2",
        )
        .bind(before_ms)
        .bind(most)
        .execute(self.write())
        .await?;
        Ok(done.rows_affected())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{ApiKeyId, ApiKeyInfo, Scopes, User, UserId};
    use crate::db::users::{NewUser, WayIn};

    const ALL: Filter = Filter {
        user: None,
        event: None,
        from: i64::MIN,
        to: i64::MAX,
    };
    const PAGE: Page = Page {
        offset: 0,
        limit: 100,
    };

    async fn database() -> (tempfile::TempDir, Db, User) {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("a.db")).await.unwrap();
        let user = User {
            id: UserId::new(),
            email: "a@example.com".to_owned(),
            full_name: None,
            company: None,
            role: crate::auth::Role::User,
            created_at: 0,
            disabled_at: None,
        };
        let entry = Entry::of_operator(Event::AccountCreated, 0);
        let created = db.insert_user(&user, "", &WayIn::Anybody, &entry).await;
        assert!(matches!(created, Ok(NewUser::Created(_))));
        (dir, db, user)
    }

    #[tokio::test]
    async fn what_cannot_be_told_is_not_done() {
        let (_dir, db, user) = database().await;
        let key = ApiKeyInfo {
            id: ApiKeyId::new(),
            name: String::new(),
            description: None,
            prefix: String::new(),
            scopes: Scopes::all(),
            created_at: 0,
            expires_at: None,
            last_used_at: None,
            revoked_at: None,
        };
        let entry = Entry::of_operator(Event::ApiKeyCreated, 0);
        sqlx::query("ALTER TABLE audit RENAME TO elsewhere")
            .execute(db.write())
            .await
            .unwrap();
        let refused = db.insert_api_key(&user.id, &key, &[0; 32], &entry).await;
        assert!(refused.is_err());
        assert!(db.api_keys(&user.id).await.unwrap().is_empty());
        sqlx::query("ALTER TABLE elsewhere RENAME TO audit")
            .execute(db.write())
            .await
            .unwrap();
        db.insert_api_key(&user.id, &key, &[0; 32], &entry)
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn the_newest_are_kept() {
        let (_dir, db, _) = database().await;
        for at_ms in 1..5 {
            let entry = Entry::of_operator(Event::LoginFailed, at_ms * HOUR_MS);
            db.count_attempt(&entry).await.unwrap();
        }
        assert_eq!(db.forget_audit(i64::MIN, 5).await.unwrap(), 0);
        assert_eq!(db.forget_audit(i64::MIN, 3).await.unwrap(), 2);
        assert_eq!(db.forget_audit(3 * HOUR_MS, 3).await.unwrap(), 1);
        let (left, total) = db.audit(&ALL, PAGE).await.unwrap();
        let times: Vec<i64> = left.iter().map(|it| it.at_ms / HOUR_MS).collect();
        assert_eq!((times, total), (vec![4, 3], 2));
    }
}
