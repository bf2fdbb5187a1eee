//! Accounts and what stands for them: pure types.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Said to whom an account was disabled under while they asked for something.
pub const DISABLED: &str = "this account was disabled just now";

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// A new id; later ones sort after earlier ones.
            #[expect(clippy::new_without_default, reason = "every id is another one")]
            pub fn new() -> Self {
                Self(format!(concat!($prefix, "{}"), Uuid::now_v7().simple()))
            }

            /// An id that was stored or sent; whether it exists is the database's to say.
            pub fn from_stored(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// `user_` and a UUIDv7 in 32 hex digits.
    UserId,
    "user_"
);
id!(
    /// `key_` and a UUIDv7 in 32 hex digits.
    ApiKeyId,
    "key_"
);
id!(
    /// `session_` and a UUIDv7 in 32 hex digits; never a secret, the token around it is signed.
    SessionId,
    "session_"
);

id!(
    /// `share_` and a UUIDv7 in 32 hex digits.
    ShareId,
    "share_"
);

id!(
    /// `invite_` and a UUIDv7 in 32 hex digits.
    InvitationId,
    "invite_"
);

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    /// Lower case.
    pub email: String,
    pub full_name: Option<String>,
    pub company: Option<String>,
    pub role: Role,
    /// Milliseconds since the Unix epoch, as is the next.
    pub created_at: i64,
    /// Since when nothing of this account's is accepted.
    pub disabled_at: Option<i64>,
}

impl User {
    pub fn is_enabled(&self) -> bool {
        self.disabled_at.is_none()
    }
}

/// What an account may do besides its own things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Looks after the accounts.
    Admin,
    User,
}

impl Role {
    /// As the API spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::User => "user",
        }
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = [Self::Admin, Self::User]
            .into_iter()
            .find(|role| role.as_str() == text);
        known.ok_or_else(|| format!("unknown role `{text}`"))
    }
}

/// An API key without its secret. Times are milliseconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeyInfo {
    pub id: ApiKeyId,
    pub name: String,
    pub description: Option<String>,
    /// The key's first characters, for people to recognise it.
    pub prefix: String,
    pub scopes: Scopes,
    pub created_at: i64,
    pub expires_at: Option<i64>,
    pub last_used_at: Option<i64>,
    pub revoked_at: Option<i64>,
}

/// What a request identified itself with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Credential {
    ApiKey(ApiKeyId),
    Session(SessionId),
    /// A link to one run.
    Share(ShareId),
}

impl Credential {
    /// Never a secret.
    pub fn id(&self) -> &str {
        match self {
            Self::ApiKey(id) => id.as_str(),
            Self::Session(id) => id.as_str(),
            Self::Share(id) => id.as_str(),
        }
    }
}

/// Something that an API key may be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum Scope {
    #[serde(rename = "runs:read")]
    RunsRead,
    #[serde(rename = "runs:create")]
    RunsCreate,
    #[serde(rename = "runs:cancel")]
    RunsCancel,
}

impl Scope {
    pub const ALL: [Self; 3] = [Self::RunsRead, Self::RunsCreate, Self::RunsCancel];

    /// As the API spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RunsRead => "runs:read",
            Self::RunsCreate => "runs:create",
            Self::RunsCancel => "runs:cancel",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|scope| scope.as_str() == text);
        known.ok_or_else(|| format!("unknown scope `{text}`"))
    }
}

/// A set of scopes, in the order of [`Scope::ALL`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// Everything: what a person who logged in may do.
    pub fn all() -> Self {
        Self(Scope::ALL.to_vec())
    }

    pub fn contains(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    pub fn iter(&self) -> impl Iterator<Item = Scope> {
        self.0.iter().copied()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        let wanted: Vec<Scope> = scopes.into_iter().collect();
        Self(
            Scope::ALL
                .into_iter()
                .filter(|scope| wanted.contains(scope))
                .collect(),
        )
    }
}

/// Space-separated, as the database stores it.
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.iter().map(|scope| scope.as_str()).collect();
        f.write_str(&names.join(" "))
    }
}

impl FromStr for Scopes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split_whitespace().map(str::parse).collect()
    }
}
