//! Signatures as the Standard Webhooks specification has them: HMAC-SHA-256 of id, time and body.

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::config::Secret;

/// What secrets begin with.
const PREFIX: &str = "whsec_";
/// The specification wants 24 to 64.
const RANDOM_BYTES: usize = 32;

/// A secret for a new webhook.
pub(super) fn new_secret() -> anyhow::Result<Secret> {
    let mut bytes = [0; RANDOM_BYTES];
    getrandom::fill(&mut bytes)
        .map_err(|error| anyhow::anyhow!("no randomness from the system: {error}"))?;
    Ok(Secret::new(format!("{PREFIX}{}", STANDARD.encode(bytes))))
}

/// The header `webhook-signature`; `None` for a secret that is none of ours.
pub(super) fn sign(secret: &Secret, id: &str, seconds: i64, body: &str) -> Option<String> {
    let key = secret.expose().strip_prefix(PREFIX)?;
    let key = hmac::Key::new(HMAC_SHA256, &STANDARD.decode(key).ok()?);
    let tag = hmac::sign(&key, format!("{id}.{seconds}.{body}").as_bytes());
    Some(format!("v1,{}", STANDARD.encode(tag)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values are those of the specification's own libraries' tests.
    #[test]
    fn it_is_the_signature_of_the_specification() {
        let secret = Secret::new("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
        let signature = sign(
            &secret,
            "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
            1_649_367_553,
            r#"{"email":"test@example.com","username":"test_user"}"#,
        );
        assert_eq!(
            signature.as_deref(),
            Some("v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=")
        );
        assert_ne!(
            new_secret().unwrap().expose(),
            new_secret().unwrap().expose()
        );
    }
}
