//! Accounts and their sessions.

mod seen;

pub use seen::{SeenUser, Today};
use sqlx::FromRow;

use super::{Db, DbError, audit, invitations};
use crate::auth::audit::{Entry, Event};
use crate::auth::{Role, SessionId, User, UserId};

/// What became of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewUser {
    /// With this role: the first account is an admin, whatever was asked for.
    Created(Role),
    EmailTaken,
    /// The way in is closed: there is a first account already, or the invitation is not good for this one.
    Refused,
}

/// How an account may come to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WayIn {
    Anybody,
    /// Only if it is the first account.
    First,
    /// With the invitation whose token has this hash; none for what is no token.
    Invited(Option<[u8; 32]>),
}

/// What became of disabling an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disabled {
    Done,
    /// Nobody could enable it again.
    LastAdmin,
    Unknown,
}

#[derive(FromRow)]
struct UserRow {
    id: String,
    email: String,
    password_hash: String,
    full_name: Option<String>,
    company: Option<String>,
    role: String,
    created_at: i64,
    disabled_at: Option<i64>,
}

impl UserRow {
    fn into_user(self) -> Result<User, DbError> {
        let role = self.role.parse();
        Ok(User {
            role: role.map_err(|error: String| DbError::inconsistent("users", &self.id, error))?,
            id: UserId::from_stored(self.id),
            email: self.email,
            full_name: self.full_name,
            company: self.company,
            created_at: self.created_at,
            disabled_at: self.disabled_at,
        })
    }
}

impl Db {
    /// Stores a new account, if there is a way in for it and its address is not taken. An invitation is used up by it.
    pub async fn insert_user(
        &self,
        user: &User,
        password_hash: &str,
        way: &WayIn,
        entry: &Entry,
    ) -> Result<NewUser, DbError> {
        let mut transaction = self.write().begin().await?;
        let (mut role, mut entries) = (user.role, Vec::new());
        if let WayIn::Invited(hash) = way {
            // First: whether the address is taken is no business of who was not invited.
            match invitations::claim(&mut transaction, hash.as_ref(), user).await? {
                Some((id, invited)) => {
                    role = invited;
                    let event = Event::InvitationUsed;
                    entries.push(
                        Entry {
                            event,
                            ..entry.clone()
                        }
                        .on(id),
                    );
                }
                None => return Ok(NewUser::Refused),
            }
        }
        let inserted: Result<Option<(bool,)>, DbError> = sqlx::query_as(
            "INSERT INTO users (id, email, password_hash, full_name, company, created_at, role)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, CASE WHEN EXISTS (SELECT 1 FROM users) THEN ?8 ELSE 'admin' END
             WHERE NOT (?7 AND EXISTS (SELECT 1 FROM users)) RETURNING role = 'admin'",
        )
        .bind(user.id.as_str())
        .bind(&user.email)
        .bind(password_hash)
        .bind(&user.full_name)
        .bind(&user.company)
        .bind(user.created_at)
        .bind(*way == WayIn::First)
        .bind(role.as_str())
        .fetch_optional(&mut *transaction)
        .await
        .map_err(DbError::from);
        let role = match inserted {
            Ok(None) => return Ok(NewUser::Refused),
            Ok(Some((true,))) => Role::Admin,
            Ok(Some((false,))) => Role::User,
            Err(error) if error.is_unique_violation() => return Ok(NewUser::EmailTaken),
            Err(error) => return Err(error),
        };
        entries.push(entry.clone().with("role", role.as_str()));
        audit::commit(transaction, &entries).await?;
        Ok(NewUser::Created(role))
    }

    /// Whether there is an account.
    pub async fn has_users(&self) -> Result<bool, DbError> {
        let (found,): (bool,) = sqlx::query_as("SELECT EXISTS (SELECT 1 FROM users)")
            .fetch_one(self.read())
            .await?;
        Ok(found)
    }

    /// The account with this (lower-case) address, and its password's hash.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<(User, String)>, DbError> {
        let row: Option<UserRow> = sqlx::query_as("SELECT * FROM users WHERE email = ?")
            .bind(email)
            .fetch_optional(self.read())
            .await?;
        row.map(|mut row| {
            let hash = std::mem::take(&mut row.password_hash);
            Ok((row.into_user()?, hash))
        })
        .transpose()
    }

    /// An account.
    pub async fn user(&self, id: &UserId) -> Result<Option<User>, DbError> {
        let row: Option<UserRow> = sqlx::query_as("SELECT * FROM users WHERE id = ?")
            .bind(id.as_str())
            .fetch_optional(self.read())
            .await?;
        row.map(UserRow::into_user).transpose()
    }

    /// Lets nobody in with this account any more: its sessions, keys and shares end for good, and whom it has
    /// invited does not come in any more.
    pub async fn disable_user(
        &self,
        id: &UserId,
        now: i64,
        entry: &Entry,
    ) -> Result<Disabled, DbError> {
        let mut transaction = self.write().begin().await?;
        let (enabled,): (bool,) = sqlx::query_as(
            "SELECT EXISTS (SELECT 1 FROM users WHERE id = ? AND disabled_at IS NULL)",
        )
        .bind(id.as_str())
        .fetch_one(&mut *transaction)
        .await?;
        let done = sqlx::query(
            "UPDATE users SET disabled_at = COALESCE(disabled_at, ?1) WHERE id = ?2 AND (role <> 'admin'
                OR EXISTS (SELECT 1 FROM users WHERE role = 'admin' AND disabled_at IS NULL AND id <> ?2))",
        )
        .bind(now)
        .bind(id.as_str())
        .execute(&mut *transaction)
        .await?;
        if done.rows_affected() == 0 {
            transaction.rollback().await?;
            let found = self.user(id).await?;
            return Ok(found.map_or(Disabled::Unknown, |_| Disabled::LastAdmin));
        }
        for end in [
            "DELETE FROM sessions WHERE ?1 > 0 AND user_id = ?2",
            "UPDATE api_keys SET revoked_at = ?1 WHERE user_id = ?2 AND revoked_at IS NULL",
            "UPDATE shares SET revoked_at = ?1 WHERE revoked_at IS NULL
                AND run_id IN (SELECT id FROM runs WHERE user_id = ?2)",
            "UPDATE invitations SET revoked_at = ?1 WHERE created_by = ?2 AND used_at IS NULL
                AND revoked_at IS NULL",
            "UPDATE webhook_deliveries SET due_ms = NULL, error = 'the account was disabled' WHERE ?1 > 0
                AND due_ms IS NOT NULL AND webhook_id IN (SELECT id FROM webhooks WHERE user_id = ?2)",
        ] {
            sqlx::query(end)
                .bind(now)
                .bind(id.as_str())
                .execute(&mut *transaction)
                .await?;
        }
        // Done before: nothing has happened.
        audit::commit(transaction, enabled.then_some(entry)).await?;
        Ok(Disabled::Done)
    }

    /// Lets a disabled account log in again; false when there is no such account.
    pub async fn enable_user(&self, id: &UserId, entry: &Entry) -> Result<bool, DbError> {
        let mut transaction = self.write().begin().await?;
        let done = sqlx::query(
            "UPDATE users SET disabled_at = NULL WHERE id = ? AND disabled_at IS NOT NULL",
        )
        .bind(id.as_str())
        .execute(&mut *transaction)
        .await?;
        if done.rows_affected() == 0 {
            transaction.rollback().await?;
            return Ok(self.user(id).await?.is_some());
        }
        audit::commit(transaction, [entry]).await?;
        Ok(true)
    }

    /// Stores a session that lasts from `now` to `expires_at`, and forgets those that have ended. False where
    /// the account has another password than the one that was looked at, or is disabled by now.
    pub async fn insert_session(
        &self,
        id: &SessionId,
        user: &UserId,
        password_hash: &str,
        now: i64,
        expires_at: i64,
        entry: &Entry,
    ) -> Result<bool, DbError> {
        let mut transaction = self.write().begin().await?;
        sqlx::query("DELETE FROM sessions WHERE expires_at <= ?")
            .bind(now)
            .execute(&mut *transaction)
            .await?;
        let made = sqlx::query(
            "INSERT INTO sessions (id, user_id, created_at, expires_at)
             SELECT ?, id, ?, ? FROM users WHERE id = ? AND password_hash = ? AND disabled_at IS NULL",
        )
        .bind(id.as_str())
        .bind(now)
        .bind(expires_at)
        .bind(user.as_str())
        .bind(password_hash)
        .execute(&mut *transaction)
        .await?;
        if made.rows_affected() == 0 {
            transaction.rollback().await?;
            return Ok(false);
        }
        sqlx::query("UPDATE users SET last_login_at = ? WHERE id = ?")
            .bind(now)
            .bind(user.as_str())
            .execute(&mut *transaction)
            .await?;
        audit::commit(transaction, [entry]).await?;
        Ok(true)
    }

    /// Whose session it is, if it has not ended.
    pub async fn session_user(&self, id: &SessionId, now: i64) -> Result<Option<User>, DbError> {
        let row: Option<UserRow> = sqlx::query_as(
            "SELECT users.* FROM sessions JOIN users ON users.id = sessions.user_id
             WHERE sessions.id = ? AND sessions.expires_at > ? AND users.disabled_at IS NULL",
        )
        .bind(id.as_str())
        .bind(now)
        .fetch_optional(self.read())
        .await?;
        row.map(UserRow::into_user).transpose()
    }

    /// Changes an account's password from the one whose hash is `old`, and ends all of its sessions but this
    /// one. False where the account has another password by now, or the session has ended.
    pub async fn change_password(
        &self,
        user: &UserId,
        (old, new): (&str, &str),
        session: &SessionId,
        entry: &Entry,
    ) -> Result<bool, DbError> {
        let mut transaction = self.write().begin().await?;
        let changed = sqlx::query(
            "UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ? AND disabled_at IS NULL
             AND EXISTS (SELECT 1 FROM sessions WHERE id = ? AND user_id = users.id)",
        )
        .bind(new)
        .bind(user.as_str())
        .bind(old)
        .bind(session.as_str())
        .execute(&mut *transaction)
        .await?;
        if changed.rows_affected() == 0 {
            transaction.rollback().await?;
            return Ok(false);
        }
        sqlx::query("DELETE FROM sessions WHERE user_id = ? AND id <> ?")
            .bind(user.as_str())
            .bind(session.as_str())
            .execute(&mut *transaction)
            .await?;
        audit::commit(transaction, [entry]).await?;
        Ok(true)
    }

    /// Ends a session.
    pub async fn delete_session(&self, id: &SessionId, entry: &Entry) -> Result<(), DbError> {
        let mut transaction = self.write().begin().await?;
        sqlx::query("DELETE FROM sessions WHERE id = ?")
            .bind(id.as_str())
            .execute(&mut *transaction)
            .await?;
        audit::commit(transaction, [entry]).await
    }
}
