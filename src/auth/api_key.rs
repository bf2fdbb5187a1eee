//! Random tokens: API keys (`aid_sk_`), share links (`aid_share_`) and invitations (`aid_invite_`), a prefix
//! and 256 random bits.
//!
//! A token with that much entropy needs no slow hash; one SHA-256 makes the look-up a single indexed query and
//! leaves nothing usable in the database.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

const RANDOM_BYTES: usize = 32;
/// Characters after the prefix that are stored readable: 36 of the 256 bits.
const SHOWN: usize = 6;

/// What a kind of token begins with.
pub trait Kind {
    const PREFIX: &'static str;
}

/// Of [`ApiKey`].
pub enum Key {}

/// Of [`ShareToken`].
pub enum Shared {}

/// Of [`InvitationToken`].
pub enum Invited {}

impl Kind for Key {
    const PREFIX: &'static str = "aid_sk_";
}

impl Kind for Shared {
    const PREFIX: &'static str = "aid_share_";
}

impl Kind for Invited {
    const PREFIX: &'static str = "aid_invite_";
}

/// A key as its owner holds it.
pub type ApiKey = Token<Key>;

/// What a share link carries.
pub type ShareToken = Token<Shared>;

/// What an invitation's link carries.
pub type InvitationToken = Token<Invited>;

/// A token as its owner holds it. It has no `Debug` and no `Display`: it is shown once, on purpose.
pub struct Token<K> {
    text: String,
    kind: std::marker::PhantomData<K>,
}

impl<K: Kind> Token<K> {
    fn of(text: String) -> Self {
        Self {
            text,
            kind: std::marker::PhantomData,
        }
    }

    /// A new random token.
    pub fn generate() -> anyhow::Result<Self> {
        let mut bytes = [0; RANDOM_BYTES];
        getrandom::fill(&mut bytes)
            .map_err(|error| anyhow::anyhow!("no randomness from the system: {error}"))?;
        let text = format!("{}{}", K::PREFIX, URL_SAFE_NO_PAD.encode(bytes));
        Ok(Self::of(text))
    }

    /// The token in a request, if it looks like one of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let random = text.strip_prefix(K::PREFIX)?;
        let bytes = URL_SAFE_NO_PAD.decode(random).ok()?;
        (bytes.len() == RANDOM_BYTES).then(|| Self::of(text.to_owned()))
    }

    /// What the database stores and looks up.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(&self.text).into()
    }

    /// The first characters, for people to recognise it.
    pub fn prefix(&self) -> &str {
        &self.text[..K::PREFIX.len() + SHOWN]
    }

    /// The token itself, to be shown once.
    pub fn into_string(self) -> String {
        self.text
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
        assert!(ShareToken::parse(&text).is_none());
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
