//! Passwords: their rules, and argon2id at a bounded rate.

use anyhow::Context as _;
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use tokio::sync::Semaphore;

/// Hashes computed at the same time: each takes 19 MiB and a core for some 20 ms.
const CONCURRENT: usize = 2;

/// Longest password in bytes: hashing must not become a way to make the server work.
const LONGEST: usize = 256;

/// What is wrong with a new password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordProblem {
    #[error("must have at least 8 characters")]
    TooShort,
    #[error("must have at most {LONGEST} bytes")]
    TooLong,
    #[error("needs an upper-case letter, a lower-case letter and a digit")]
    TooSimple,
}

/// Hashes and checks passwords off the async threads.
#[derive(Debug)]
pub struct Passwords {
    permits: Semaphore,
    /// Checked for unknown accounts, so that they take the same time.
    dummy: String,
}

impl Passwords {
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self {
            permits: Semaphore::new(CONCURRENT),
            dummy: hash_now("no account has this password")?,
        })
    }

    /// Whether `password` may be chosen.
    pub fn check(password: &str) -> Result<(), PasswordProblem> {
        let has = |class: fn(char) -> bool| password.chars().any(class);
        if password.chars().count() < 8 {
            Err(PasswordProblem::TooShort)
        } else if password.len() > LONGEST {
            Err(PasswordProblem::TooLong)
        } else if has(char::is_uppercase) && has(char::is_lowercase) && has(|c| c.is_ascii_digit())
        {
            Ok(())
        } else {
            Err(PasswordProblem::TooSimple)
        }
    }

    /// The argon2id hash of a password, as a PHC string.
    pub async fn hash(&self, password: String) -> anyhow::Result<String> {
        let _permit = self
            .permits
            .acquire()
            .await
            .context("hashing has stopped")?;
        tokio::task::spawn_blocking(move || hash_now(&password)).await?
    }

    /// Whether `password` belongs to `hash`; no hash takes as long as a wrong password.
    pub async fn verify(&self, password: String, hash: Option<String>) -> anyhow::Result<bool> {
        let known = hash.is_some() && password.len() <= LONGEST;
        let hash = hash.unwrap_or_else(|| self.dummy.clone());
        let _permit = self
            .permits
            .acquire()
            .await
            .context("hashing has stopped")?;
        let matches = tokio::task::spawn_blocking(move || {
            let hash = PasswordHash::new(&hash)
                .map_err(|error| anyhow::anyhow!("stored hash: {error}"))?;
            let password = &password.as_bytes()[..password.len().min(LONGEST)];
            anyhow::Ok(Argon2::default().verify_password(password, &hash).is_ok())
        })
        .await??;
        Ok(matches && known)
    }
}

fn hash_now(password: &str) -> anyhow::Result<String> {
    let hash = Argon2::default()
        .hash_password(password.as_bytes())
        .map_err(|error| anyhow::anyhow!("failed to hash a password: {error}"))?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules() {
        assert_eq!(Passwords::check("TestPass123"), Ok(()));
        assert_eq!(Passwords::check("Tp1"), Err(PasswordProblem::TooShort));
        assert_eq!(
            Passwords::check("testpass123"),
            Err(PasswordProblem::TooSimple)
        );
        assert_eq!(
            Passwords::check(&"Aa1".repeat(100)),
            Err(PasswordProblem::TooLong)
        );
    }

    #[tokio::test]
    async fn verify_accepts_only_the_right_password_of_a_known_account() {
        let passwords = Passwords::new().unwrap();
        let hash = passwords.hash("TestPass123".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$"));
        let verify = |password: &str, hash: Option<&String>| {
            passwords.verify(password.to_owned(), hash.cloned())
        };
        assert!(verify("TestPass123", Some(&hash)).await.unwrap());
        assert!(!verify("TestPass124", Some(&hash)).await.unwrap());
        assert!(!verify("no account has this password", None).await.unwrap());
    }
}
