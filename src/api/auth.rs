//! Accounts over HTTP: `/api/v1/auth/*`.
//!
//! Unlike elsewhere, unknown fields of a body are ignored here: programs written for the seed send some.

pub mod api_keys;
pub mod login;
pub mod me;
pub mod password;
pub mod register;

use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::{Role, User, UserId};
use crate::clock::rfc3339;

/// An account as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserResponse {
    pub id: UserId,
    pub email: String,
    pub full_name: Option<String>,
    pub company: Option<String>,
    pub role: Role,
    /// RFC 3339, UTC.
    pub created_at: String,
}

impl From<User> for UserResponse {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            email: user.email,
            full_name: user.full_name,
            company: user.company,
            role: user.role,
            created_at: rfc3339(user.created_at),
        }
    }
}
