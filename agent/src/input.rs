//! What the Job gives its container: environment and two files.

use std::{fs, io, path::PathBuf};

use aideator_agent::config::{self, Config};
use anyhow::{Context as _, Result, bail, ensure};

/// The provider that is used when no other is named.
const DEFAULT_BASE_URL: &str = "https://api.openai.com/v1";

/// The model when neither the configuration nor the environment names one.
const DEFAULT_MODEL: &str = "openai/gpt-4o-mini";

/// Where the server mounts the credential of a git host, in the one container that may have it.
const CREDENTIAL: &str = "/run/aideator-git/credential";

/// Everything a run is told.
pub(crate) struct Input {
    pub(crate) prompt: String,
    pub(crate) config: Config,
    pub(crate) provider: Provider,
    /// What must never be printed: the provider's key, or where there is none the git token.
    pub(crate) secret: String,
    /// Model name as it was asked for.
    pub(crate) model: String,
    /// The only large writable directory.
    pub(crate) workspace: PathBuf,
    /// Writable, for tools.
    pub(crate) scratch: PathBuf,
}

/// What to clone.
pub(crate) struct Repository {
    pub(crate) url: String,
    pub(crate) revision: Revision,
    /// The file with the credential of its host, where one is mounted.
    pub(crate) credential: Option<PathBuf>,
}

/// Which commit.
pub(crate) enum Revision {
    /// This one, 40 or 64 lower hex.
    Commit(String),
    /// What this name stands for, `HEAD` for the default branch.
    Name(String),
}

/// Where the model is.
#[derive(Clone)]
pub(crate) struct Provider {
    /// Without a slash at the end.
    pub(crate) base_url: String,
    /// Empty where the endpoint needs none.
    pub(crate) api_key: String,
}

impl Input {
    /// Reads environment and files; an error says what to set.
    pub(crate) fn read() -> Result<Self> {
        let files =
            PathBuf::from(variable("AIDEATOR_INPUT_DIR")?.unwrap_or("/run/aideator".into()));
        let prompt = match read_file(&files.join("prompt.txt"))? {
            Some(prompt) => prompt,
            None => variable("PROMPT")?
                .context("There is no prompt: mount /run/aideator/prompt.txt or set PROMPT.")?,
        };
        ensure!(!prompt.trim().is_empty(), "The prompt is empty.");
        let config = match read_file(&files.join("config.json"))? {
            Some(json) => serde_json::from_str(&json)
                .context("/run/aideator/config.json is not a configuration")?,
            None => Config::default(),
        };
        ensure!(
            config.v == config::VERSION,
            "/run/aideator/config.json has version {}; this agent reads {}. Use an agent image of the server's version.",
            config.v,
            config::VERSION
        );
        let model = match &config.model {
            Some(model) => model.clone(),
            None => variable("MODEL")?.unwrap_or(DEFAULT_MODEL.to_owned()),
        };
        let (provider, secret) = if config.engine == config::Engine::Publish {
            // It asks no model, and has no key for one.
            let file = read_file(&credential_file()?)?;
            let token = file.and_then(|file| crate::git::password(&file));
            (Provider::none(), token.unwrap_or_default())
        } else {
            let provider = Provider::read()?;
            let key = provider.api_key.clone();
            (provider, key)
        };
        Ok(Self {
            prompt,
            config,
            provider,
            secret,
            model,
            workspace: workspace()?,
            scratch: std::env::temp_dir(),
        })
    }
}

impl Repository {
    /// Apart from the rest, because a judge has none.
    pub(crate) fn read() -> Result<Self> {
        let url = variable("REPO_URL")?.context("REPO_URL is not set: which repository?")?;
        let revision = match (variable("BASE_SHA")?, variable("REF")?) {
            (Some(sha), _) => {
                let is_hex = sha.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                ensure!(
                    is_hex && matches!(sha.len(), 40 | 64),
                    "BASE_SHA is {sha:?}, which is not a full commit id."
                );
                Revision::Commit(sha)
            }
            (None, Some(name)) => {
                // What would make a refspec or an option of it.
                ensure!(
                    !name.starts_with(['-', '+'])
                        && !name.contains([':', '*', '^', '~', '?', '[', '\\', ' ']),
                    "REF is {name:?}, which is not the name of a branch or tag."
                );
                Revision::Name(name)
            }
            (None, None) => Revision::Name("HEAD".to_owned()),
        };
        let credential = credential_file()?;
        let credential = credential.try_exists()?.then_some(credential);
        Ok(Self {
            url,
            revision,
            credential,
        })
    }
}

/// Where the credential of the repository's host is, if anywhere.
fn credential_file() -> Result<PathBuf> {
    Ok(variable("AIDEATOR_GIT_CREDENTIAL")?
        .unwrap_or(CREDENTIAL.into())
        .into())
}

/// The only large writable directory of the container.
pub(crate) fn workspace() -> Result<PathBuf> {
    Ok(variable("AIDEATOR_WORKSPACE")?
        .unwrap_or("/workspace".into())
        .into())
}

impl Provider {
    fn none() -> Self {
        Self {
            base_url: String::new(),
            api_key: String::new(),
        }
    }

    fn read() -> Result<Self> {
        let base_url = variable("OPENAI_BASE_URL")?.unwrap_or(DEFAULT_BASE_URL.to_owned());
        let base_url = base_url.trim_end_matches('/').to_owned();
        // A key pasted with its newline would otherwise break the header.
        let api_key = variable("OPENAI_API_KEY")?.unwrap_or_default();
        ensure!(
            api_key.bytes().all(|b| b.is_ascii_graphic()),
            "OPENAI_API_KEY has characters that no key has; look at the secret it comes from."
        );
        if api_key.is_empty() && base_url == DEFAULT_BASE_URL {
            bail!(
                "OPENAI_API_KEY is not set, and {DEFAULT_BASE_URL} needs one. Put it into the secret `openai-secret` under `api-key`, or set OPENAI_BASE_URL to an endpoint that needs none."
            );
        }
        Ok(Self { base_url, api_key })
    }
}

/// An environment variable, trimmed; empty is unset.
fn variable(name: &str) -> Result<Option<String>> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value.trim().to_owned()).filter(|value| !value.is_empty())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        // Not with its value: it may be the key.
        Err(std::env::VarError::NotUnicode(_)) => bail!("{name} is not UTF-8."),
    }
}

fn read_file(path: &std::path::Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
}
