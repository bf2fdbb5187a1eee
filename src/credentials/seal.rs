//! Encryption of tokens at rest.
//!
//! AES-256-GCM with a random nonce, under a key that HKDF-SHA-256 makes of `SECRET_KEY`. What the
//! token is for (owner, id, kind, host, user name) is authenticated with it: a row that was changed
//! by hand, to send a token elsewhere or to another user's runs, cannot be decrypted.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::config::Secret;
use crate::model::Credential;

/// Another one would be another format.
const SALT: &[u8] = b"aideator credentials v1";
/// Bytes by which a key is told from another one.
const ID_BYTES: usize = 8;

/// A cipher cannot be used, or a text is none of its own. It says nothing more on purpose.
#[derive(Debug, thiserror::Error)]
#[error("a credential cannot be encrypted or decrypted")]
pub(super) struct SealError;

/// Encrypts and decrypts with one key.
pub(super) struct Sealer {
    key: LessSafeKey,
    id: String,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

struct IdLength;

impl KeyType for IdLength {
    fn len(&self) -> usize {
        ID_BYTES
    }
}

impl Sealer {
    pub(super) fn new(secret_key: &Secret) -> Result<Self, SealError> {
        let root = Salt::new(HKDF_SHA256, SALT).extract(secret_key.expose().as_bytes());
        let key = root
            .expand(&[b"key"], &AES_256_GCM)
            .map_err(|_| SealError)?;
        let mut id = [0; ID_BYTES];
        root.expand(&[b"id"], IdLength)
            .and_then(|output| output.fill(&mut id))
            .map_err(|_| SealError)?;
        Ok(Self {
            key: LessSafeKey::new(UnboundKey::from(key)),
            id: URL_SAFE_NO_PAD.encode(id),
        })
    }

    /// Names the key; the same for the same `SECRET_KEY`.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Encrypts a secret together with what it is bound to.
    pub(super) fn seal(&self, bound: &str, token: &Secret) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).map_err(|_| SealError)?;
        let mut sealed = token.expose().as_bytes().to_vec();
        self.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(bound),
                &mut sealed,
            )
            .map_err(|_| SealError)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// The secret, if this was made of it and of nothing but what it is bound to.
    pub(super) fn open(&self, bound: &str, sealed: &[u8]) -> Result<Secret, SealError> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(SealError)?;
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let token = self
            .key
            .open_in_place(nonce, Aad::from(bound), &mut sealed)
            .map_err(|_| SealError)?;
        let token = std::str::from_utf8(token).map_err(|_| SealError)?;
        Ok(Secret::new(token))
    }
}

/// None of the parts has a NUL in it, so no two credentials have the same text.
pub(super) fn bound(credential: &Credential) -> String {
    [
        credential.user.as_str(),
        &credential.id,
        credential.kind.as_str(),
        &credential.host,
        &credential.username,
    ]
    .join("\0")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CredentialKind;

    #[test]
    fn a_token_comes_back_for_what_it_was_given_and_for_nothing_else() {
        let sealer = Sealer::new(&Secret::new("k".repeat(32))).unwrap();
        let mut credential = Credential {
            id: "cred_1".to_owned(),
            user: "user_1".to_owned(),
            run: None,
            kind: CredentialKind::Git,
            host: "https://github.com".to_owned(),
            username: "me".to_owned(),
            key_id: sealer.id().to_owned(),
            sealed: Vec::new(),
            created_ms: 0,
            last_used_ms: None,
        };
        let token = Secret::new("ghp_canary");
        credential.sealed = sealer.seal(&bound(&credential), &token).unwrap();
        let again = sealer.seal(&bound(&credential), &token).unwrap();
        assert_ne!(credential.sealed, again, "another nonce");
        assert!(!credential.sealed.windows(6).any(|part| part == b"canary"));
        assert_eq!(
            sealer
                .open(&bound(&credential), &credential.sealed)
                .unwrap()
                .expose(),
            "ghp_canary"
        );

        let elsewhere = Credential {
            host: "https://evil.example".to_owned(),
            ..credential.clone()
        };
        assert!(sealer.open(&bound(&elsewhere), &elsewhere.sealed).is_err());
        let stolen = Credential {
            user: "user_2".to_owned(),
            ..credential.clone()
        };
        assert!(sealer.open(&bound(&stolen), &stolen.sealed).is_err());
        let other = Sealer::new(&Secret::new("l".repeat(32))).unwrap();
        assert_ne!(other.id(), sealer.id());
        assert!(other.open(&bound(&credential), &credential.sealed).is_err());
        credential.sealed.truncate(5);
        assert!(
            sealer
                .open(&bound(&credential), &credential.sealed)
                .is_err()
        );
    }
}
