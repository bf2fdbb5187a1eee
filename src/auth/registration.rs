//! New accounts: what they need, whoever creates them.

use super::account::{Role, User, UserId};
use super::password::Passwords;

/// Longest e-mail address (RFC 5321) and longest other name, in characters.
const LONGEST_EMAIL: usize = 254;
const LONGEST_NAME: usize = 200;

/// An account as somebody wants it.
pub struct NewAccount {
    pub email: String,
    pub password: String,
    pub full_name: Option<String>,
    pub company: Option<String>,
}

/// What is wrong with one field of a [`NewAccount`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {message}")]
pub struct AccountProblem {
    pub field: &'static str,
    /// Completes "FIELD …".
    pub message: String,
}

impl NewAccount {
    /// The account and its password if every field is right, otherwise every problem.
    pub fn check(self, now_ms: i64) -> Result<(User, String), Vec<AccountProblem>> {
        let email = self.email.trim().to_lowercase();
        let mut problems = Vec::new();
        let mut problem = |field, message| problems.push(AccountProblem { field, message });
        if !is_email(&email) {
            problem("email", "must be an e-mail address".to_owned());
        }
        if let Err(weakness) = Passwords::check(&self.password) {
            problem("password", weakness.to_string());
        }
        let names = [("full_name", &self.full_name), ("company", &self.company)];
        for (field, name) in names {
            if name.as_deref().unwrap_or_default().chars().count() > LONGEST_NAME {
                problem(
                    field,
                    format!("must have at most {LONGEST_NAME} characters"),
                );
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let user = User {
            id: UserId::new(),
            email,
            full_name: self.full_name,
            company: self.company,
            role: Role::User,
            created_at: now_ms,
            disabled_at: None,
        };
        Ok((user, self.password))
    }
}

/// Whether it has the form of an address. Whether mail arrives there only sending some could tell.
pub fn is_email(text: &str) -> bool {
    let plain = |c: char| !c.is_whitespace() && !c.is_control();
    text.chars().count() <= LONGEST_EMAIL
        && text.chars().all(plain)
        && text.rsplit_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && !host.is_empty() && !host.starts_with('.') && !host.ends_with('.')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emails() {
        for good in ["test@example.com", "a+b@localhost", "ü@exämple.de"] {
            assert!(is_email(good), "{good}");
        }
        for bad in ["", "a", "@b", "a@", "a b@c", "a@b.", "a@.b", "a\u{7}@b"] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
