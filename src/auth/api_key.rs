//! API keys: `aid_sk_` and 256 random bits.
//!
//! A key with that much entropy needs no slow hash; one SHA-256 makes the look-up a single indexed query and
//! leaves nothing usable in the database.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

const PREFIX: &str = "aid_sk_";
const RANDOM_BYTES: usize = 32;
/// Characters after [`PREFIX`] that are stored readable: 36 of the 256 bits.
const SHOWN: usize = 6;

/// A key as its owner holds it. It has no `Debug` and no `Display`: it is shown once, on purpose.
pub struct ApiKey(String);

impl ApiKey {
    /// A new random key.
    pub fn generate() -> anyhow::Result<Self> {
        let mut bytes = [0; RANDOM_BYTES];
        getrandom::fill(&mut bytes)
            .map_err(|error| anyhow::anyhow!("no randomness from the system: {error}"))?;
        Ok(Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// The key in a header, if it looks like one of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let random = text.strip_prefix(PREFIX)?;
        let bytes = URL_SAFE_NO_PAD.decode(random).ok()?;
        (bytes.len() == RANDOM_BYTES).then(|| Self(text.to_owned()))
    }

    /// What the database stores and looks up.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }

    /// The first characters, for people to recognise the key.
    pub fn prefix(&self) -> &str {
        &self.0[..PREFIX.len() + SHOWN]
    }

    /// The key itself, to be shown once.
    pub fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_key_parses_and_hashes_alike() {
        let key = ApiKey::generate().unwrap();
        let hash = key.hash();
        let text = key.into_string();
        assert_eq!(ApiKey::parse(&text).unwrap().hash(), hash);
    }

    #[test]
    fn other_texts_are_not_keys() {
        for text in [
            "",
            "aid_sk_",
            "aid_sk_short",
            "sk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "aid_sk_é",
        ] {
            assert!(ApiKey::parse(text).is_none(), "{text}");
        }
    }
}
