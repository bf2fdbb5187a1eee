//! Which server, with which key: from the environment, or from what `login` stored.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use url::Url;

use super::api::Api;
use super::exit::{Exit, Failure, Outcome};
use crate::config::{Client, Secret};

/// Where `scripts/up` leaves it.
pub(super) const DEFAULT_URL: &str = "http://localhost:8000";

/// What `login` stores.
#[derive(Serialize, Deserialize)]
pub(super) struct Login {
    pub(super) url: Url,
    pub(super) email: String,
    pub(super) api_key: String,
    /// By which the key is revoked when there is a new one.
    pub(super) key_id: String,
}

impl Login {
    /// What is stored, if anything is.
    pub(super) fn load(file: &Path) -> Outcome<Option<Self>> {
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::local(file.display(), &error)),
        };
        serde_json::from_str(&text).map(Some).map_err(|_| {
            let message = format!(
                "{} is damaged: delete it and sign in again with `aideator login`",
                file.display()
            );
            Failure::new(Exit::Local, message)
        })
    }

    /// Writes the file anew, readable by its owner only.
    pub(super) fn store(&self, file: &Path) -> Outcome<()> {
        let write = || -> io::Result<()> {
            if let Some(dir) = file.parent() {
                fs::create_dir_all(dir)?;
            }
            let new = file.with_extension("new");
            // One that was left behind may have another mode.
            match fs::remove_file(&new) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut options = fs::OpenOptions::new();
            let mut open = options
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&new)?;
            serde_json::to_writer_pretty(&mut open, self)?;
            open.write_all(b"\n")?;
            fs::rename(&new, file)
        };
        write().map_err(|error| Failure::local(file.display(), &error))
    }
}

/// The server that commands are for, signed in.
pub(super) fn api(environment: Client) -> Outcome<Api> {
    let stored = match &environment.login_file {
        Some(file) => Login::load(file)?,
        None => None,
    };
    let (url, key) = choose(environment.url, environment.api_key, stored)?;
    let Some(key) = key else {
        let url = url.as_str().trim_end_matches('/');
        let message = format!(
            "not signed in to {url}: run `aideator login {url}`, or set AIDEATOR_API_KEY (and AIDEATOR_URL)"
        );
        return Err(Failure::new(Exit::NotSignedIn, message));
    };
    Api::new(url, Some(key))
}

/// The environment wins; a stored key is sent only to the server that it is of.
fn choose(
    url: Option<Url>,
    key: Option<Secret>,
    stored: Option<Login>,
) -> Outcome<(Url, Option<Secret>)> {
    let known = stored.as_ref().map(|login| login.url.clone());
    let url = match url.or(known) {
        Some(url) => url,
        None => parse_url(DEFAULT_URL)?,
    };
    let fitting = stored.filter(|login| login.url == url);
    let key = key.or_else(|| fitting.map(|login| Secret::new(login.api_key)));
    Ok((url, key))
}

/// A server's address.
pub(super) fn parse_url(text: &str) -> Outcome<Url> {
    let url: Result<Url, _> = text.parse();
    match url {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
        _ => {
            let message = format!("`{text}` is no address: it looks like {DEFAULT_URL}");
            Err(Failure::usage(message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_goes_only_where_it_belongs() {
        let login = || {
            Some(Login {
                url: parse_url("https://a.example").unwrap(),
                email: "a@example.com".into(),
                api_key: "stored".into(),
                key_id: "key_1".into(),
            })
        };
        let url = |text| Some(parse_url(text).unwrap());
        let secret = |text: &str| Some(Secret::new(text));
        let chosen = |url, key, stored| {
            let (url, key) = choose(url, key, stored).unwrap();
            let key = key.map(|key| key.expose().to_owned());
            format!("{url} {}", key.unwrap_or_default())
        };
        assert_eq!(chosen(None, None, None), "http://localhost:8000/ ");
        assert_eq!(chosen(None, None, login()), "https://a.example/ stored");
        let same = url("https://a.example/");
        assert_eq!(chosen(same, None, login()), "https://a.example/ stored");
        let other = url("https://b.example");
        assert_eq!(chosen(other.clone(), None, login()), "https://b.example/ ");
        assert_eq!(
            chosen(other, secret("mine"), login()),
            "https://b.example/ mine"
        );
        assert!(parse_url("localhost:8000").is_err() && parse_url("a.example").is_err());
    }
}
