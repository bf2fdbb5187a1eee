//! Invitations.

use sqlx::{FromRow, SqliteConnection};

use super::{Db, DbError, Page, audit};
use crate::auth::audit::Entry;
use crate::auth::{Invitation, InvitationId, Role, User, UserId};

/// What became of revoking an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// Now or before.
    Done,
    /// Somebody has an account by it: that is not undone.
    Used,
    Unknown,
}

/// An invitation, and the addresses of who made and who used it.
pub struct SeenInvitation {
    pub invitation: Invitation,
    pub created_by_email: String,
    pub used_by_email: Option<String>,
}

#[derive(FromRow)]
struct InvitationRow {
    id: String,
    prefix: String,
    email: Option<String>,
    role: String,
    created_by: String,
    created_at: i64,
    expires_at: i64,
    used_by: Option<String>,
    used_at: Option<i64>,
    revoked_at: Option<i64>,
    created_by_email: String,
    used_by_email: Option<String>,
}

impl TryFrom<InvitationRow> for SeenInvitation {
    type Error = DbError;

    fn try_from(row: InvitationRow) -> Result<Self, DbError> {
        let role = role_of(&row.id, &row.role)?;
        let used_by = row.used_by.map(UserId::from_stored);
        Ok(Self {
            invitation: Invitation {
                id: InvitationId::from_stored(row.id),
                prefix: row.prefix,
                email: row.email,
                role,
                created_by: UserId::from_stored(row.created_by),
                created_at: row.created_at,
                expires_at: row.expires_at,
                used: used_by.zip(row.used_at),
                revoked_at: row.revoked_at,
            },
            created_by_email: row.created_by_email,
            used_by_email: row.used_by_email,
        })
    }
}

fn role_of(id: &str, text: &str) -> Result<Role, DbError> {
    let role = text.parse();
    role.map_err(|error: String| DbError::inconsistent("invitations", id, error))
}

impl Db {
    /// Stores a new invitation under the hash of its token, unless `most` are open; whether it did.
    pub async fn insert_invitation(
        &self,
        invitation: &Invitation,
        hash: &[u8; 32],
        most: u32,
        entry: &Entry,
    ) -> Result<bool, DbError> {
        let mut transaction = self.write().begin().await?;
        let done = sqlx::query(
            "INSERT INTO invitations (id, hash, prefix, email, role, created_by, created_at, expires_at)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE (SELECT COUNT(*) FROM invitations
                WHERE used_at IS NULL AND revoked_at IS NULL AND expires_at > ?7) < ?9",
        )
        .bind(invitation.id.as_str())
        .bind(hash.as_slice())
        .bind(&invitation.prefix)
        .bind(&invitation.email)
        .bind(invitation.role.as_str())
        .bind(invitation.created_by.as_str())
        .bind(invitation.created_at)
        .bind(invitation.expires_at)
        .bind(most)
        .execute(&mut *transaction)
        .await?;
        let stored = done.rows_affected() == 1;
        audit::commit(transaction, stored.then_some(entry)).await?;
        Ok(stored)
    }

    /// A page of all invitations, newest first, and how many there are.
    pub async fn invitations(&self, page: Page) -> Result<(Vec<SeenInvitation>, i64), DbError> {
        let (total,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM invitations")
            .fetch_one(self.read())
            .await?;
        let rows: Vec<InvitationRow> = sqlx::query_as(
            "SELECT invitations.*, maker.email AS created_by_email, guest.email AS used_by_email
             FROM invitations JOIN users AS maker ON maker.id = created_by
             LEFT JOIN users AS guest ON guest.id = used_by
             ORDER BY invitations.id DESC LIMIT ? OFFSET ?",
        )
        .bind(page.limit)
        .bind(page.offset)
        .fetch_all(self.read())
        .await?;
        let seen = rows.into_iter().map(SeenInvitation::try_from);
        Ok((seen.collect::<Result<_, _>>()?, total))
    }

    /// Makes an invitation good for nothing any more, unless it was used.
    pub async fn revoke_invitation(
        &self,
        id: &InvitationId,
        now: i64,
        entry: &Entry,
    ) -> Result<Revoked, DbError> {
        let mut transaction = self.write().begin().await?;
        let found: Option<(bool, bool)> = sqlx::query_as(
            "SELECT used_at IS NOT NULL, revoked_at IS NOT NULL FROM invitations WHERE id = ?",
        )
        .bind(id.as_str())
        .fetch_optional(&mut *transaction)
        .await?;
        match found {
            None => return Ok(Revoked::Unknown),
            Some((true, _)) => return Ok(Revoked::Used),
            Some((false, true)) => return Ok(Revoked::Done),
            Some((false, false)) => {}
        }
        sqlx::query("UPDATE invitations SET revoked_at = ? WHERE id = ?")
            .bind(now)
            .bind(id.as_str())
            .execute(&mut *transaction)
            .await?;
        audit::commit(transaction, [entry]).await?;
        Ok(Revoked::Done)
    }
}

/// Uses up the invitation with this hash for an account that is about to be stored in the same transaction;
/// its role, if it was good for this account.
pub(super) async fn claim(
    connection: &mut SqliteConnection,
    hash: Option<&[u8; 32]>,
    user: &User,
) -> Result<Option<(InvitationId, Role)>, DbError> {
    let row: Option<(String, String)> = sqlx::query_as(
        "UPDATE invitations SET used_by = ?1, used_at = ?2
         WHERE hash = ?3 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > ?2
            AND (email IS NULL OR email = ?4) RETURNING id, role",
    )
    .bind(user.id.as_str())
    .bind(user.created_at)
    .bind(hash.map(<[u8; 32]>::as_slice))
    .bind(&user.email)
    .fetch_optional(connection)
    .await?;
    row.map(|(id, role)| {
        let role = role_of(&id, &role)?;
        Ok((InvitationId::from_stored(id), role))
    })
    .transpose()
}
