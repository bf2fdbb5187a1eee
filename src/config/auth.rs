//! Accounts, sessions and rate limits.

use std::fmt;
use std::str::FromStr;

use super::env::Env;

/// Who may use the server, and how often.
#[derive(Clone, Debug)]
pub struct Auth {
    /// Signs session tokens, and encrypts credentials; at least 32 bytes.
    pub secret_key: Secret,
    pub registration: Registration,
    /// Life of a session in hours.
    pub session_hours: u32,
    /// Requests a minute for each API key, session, or address without one.
    pub rate_limit_per_minute: u32,
    /// Failed logins a minute, per account and per address, before further ones are refused.
    pub login_attempts_per_minute: u32,
}

const SECRET_KEY_BYTES: usize = 32;

impl Auth {
    pub(super) fn from_env(env: &mut Env<'_>) -> Self {
        env.section("Accounts and limits");
        let secret_key = env.required(
            "SECRET_KEY",
            "Required. Signs session tokens and encrypts stored credentials: at least 32 characters, e.g. from\n`openssl rand -hex 32`. After a change people log in again, and store credentials and make webhooks again.",
        );
        if !secret_key.is_empty() && secret_key.len() < SECRET_KEY_BYTES {
            env.problem(
                "SECRET_KEY",
                format_args!(
                    "has {} characters, but needs {SECRET_KEY_BYTES}; `openssl rand -hex 32` makes one",
                    secret_key.len()
                ),
            );
        }
        Self {
            secret_key: Secret(secret_key),
            registration: env.read(
                "REGISTRATION",
                "open",
                "open: anybody who reaches the server may register; invitation: whom an admin has invited;\nfirst: only the first account, as with invitation before there is one; closed: nobody.",
            ),
            session_hours: env.read_in("SESSION_HOURS", "24", 1..=24 * 30, "Hours until a login ends."),
            rate_limit_per_minute: env.read_in(
                "RATE_LIMIT_PER_MINUTE",
                "600",
                1..=1_000_000,
                "Requests a minute for each API key or session, or each address without one.",
            ),
            login_attempts_per_minute: env.read_in(
                "LOGIN_ATTEMPTS_PER_MINUTE",
                "10",
                1..=10_000,
                "Logins a minute for each account and for each address.",
            ),
        }
    }

    /// Open registration and limits that tests do not meet by accident.
    pub fn for_tests() -> Self {
        Self {
            secret_key: Secret("test-secret-key-32-chars-minimum".to_owned()),
            registration: Registration::Open,
            session_hours: 24,
            rate_limit_per_minute: 100_000,
            login_attempts_per_minute: 1_000,
        }
    }
}

/// A value that never shows in logs or errors, and is never serialised.
#[derive(Clone, serde::Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself: for cryptography, and for whom it is meant.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Who may create an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    Open,
    /// The first account, then whom an admin has invited.
    Invitation,
    /// The first account only.
    First,
    Closed,
}

impl FromStr for Registration {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "open" => Ok(Self::Open),
            "invitation" => Ok(Self::Invitation),
            "first" => Ok(Self::First),
            "closed" => Ok(Self::Closed),
            _ => Err("use open, invitation, first or closed"),
        }
    }
}
