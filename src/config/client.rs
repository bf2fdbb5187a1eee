//! Where a person's commands find their server, and what they sign in with.

use std::path::PathBuf;

use url::Url;

use super::{ConfigErrors, Env, Secret};

/// What the environment says to `aideator run`, `login` and the like.
#[derive(Debug)]
pub struct Client {
    /// The server's address.
    pub url: Option<Url>,
    pub api_key: Option<Secret>,
    /// Where what `login` stored is; absent where there is no home.
    pub login_file: Option<PathBuf>,
}

impl Client {
    /// Reads the environment; the error lists every problem.
    pub fn from_env() -> Result<Self, ConfigErrors> {
        let mut env = Env::process();
        let client = Self::read(&mut env);
        env.finish(client)
    }

    fn read(env: &mut Env<'_>) -> Self {
        let url: Option<Url> = env.optional("AIDEATOR_URL", "The server's address.");
        if let Some(url) = &url
            && !matches!(url.scheme(), "http" | "https")
        {
            env.problem("AIDEATOR_URL", "must begin with http:// or https://");
        }
        let api_key: Option<String> = env.optional("AIDEATOR_API_KEY", "The key to sign in with.");
        let config: Option<PathBuf> = env.optional("XDG_CONFIG_HOME", "Settings of the user.");
        let home: Option<PathBuf> = env.optional("HOME", "The user's home.");
        Self {
            url,
            api_key: api_key.map(Secret::new),
            login_file: config
                // The XDG specification has relative ones ignored.
                .filter(|dir| dir.is_absolute())
                .or_else(|| Some(home?.join(".config")))
                .map(|dir| dir.join("aideator/login.json")),
        }
    }
}
