//! Invitations: whoever has the token may make one account.

use super::account::{InvitationId, Role, UserId};

/// An invitation without its token. Times are milliseconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    pub id: InvitationId,
    /// The token's first characters, for people to recognise it.
    pub prefix: String,
    /// Lower case. Where there is one, it is for this address only.
    pub email: Option<String>,
    /// Of the account that is made with it.
    pub role: Role,
    /// The admin who invites.
    pub created_by: UserId,
    pub created_at: i64,
    pub expires_at: i64,
    /// The account that was made with it, and when.
    pub used: Option<(UserId, i64)>,
    pub revoked_at: Option<i64>,
}
