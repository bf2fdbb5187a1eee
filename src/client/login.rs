//! `aideator login`: an API key of one's own, stored for the commands that follow.

use std::io::{self, BufRead as _, IsTerminal as _};

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::access::{DEFAULT_URL, Login, parse_url};
use super::api::Api;
use super::exit::{Exit, Failure, Outcome};
use super::output::Output;
use crate::config::{Client, Secret};

#[derive(Debug, clap::Args)]
pub struct LoginArguments {
    /// The server's address; unless given `AIDEATOR_URL`, the last login's, or the one that `scripts/up` has.
    url: Option<String>,
    /// The account's address; asked for unless given.
    #[arg(long)]
    email: Option<String>,
}

#[derive(Deserialize)]
struct Session {
    access_token: String,
}

#[derive(Deserialize)]
struct NewKey {
    api_key: String,
    key_info: KeyInfo,
}

#[derive(Deserialize)]
struct KeyInfo {
    id: String,
}

pub(super) async fn login(
    arguments: LoginArguments,
    environment: Client,
    output: Output,
) -> Outcome {
    let Some(file) = environment.login_file else {
        let message = "there is no place for the key: set HOME or XDG_CONFIG_HOME";
        return Err(Failure::new(Exit::Local, message));
    };
    // A file that cannot be read is replaced: that is what a login is for.
    let earlier = Login::load(&file).ok().flatten();
    let url = match (&arguments.url, environment.url, &earlier) {
        (Some(url), _, _) => parse_url(url)?,
        (None, Some(url), _) => url,
        (None, None, Some(earlier)) => earlier.url.clone(),
        (None, None, None) => parse_url(DEFAULT_URL)?,
    };
    let api = Api::new(url.clone(), None)?;
    let (email, password) = tokio::task::spawn_blocking(move || ask(arguments.email))
        .await
        .map_err(|error| Failure::new(Exit::Local, error.to_string()))??;
    let body = json!({"email": email, "password": password});
    let session: Session = api.post("/auth/login", &body).await.map_err(|failure| {
        if failure.exit == Exit::NotSignedIn {
            let message = format!(
                "{} knows no account with this e-mail address and password",
                api.url()
            );
            return Failure::new(Exit::NotSignedIn, message);
        }
        failure
    })?;
    let session = Api::new(url.clone(), Some(Secret::new(session.access_token)))?;

    let name = format!("aideator on {}", host());
    let new: NewKey = session
        .post("/auth/api-keys", &json!({"name": name}))
        .await?;
    let login = Login {
        url,
        email,
        api_key: new.api_key,
        key_id: new.key_info.id,
    };
    login.store(&file)?;
    if let Some(earlier) = earlier.filter(|earlier| earlier.url == login.url) {
        let path = format!("/auth/api-keys/{}", earlier.key_id);
        match session.bytes(Method::DELETE, &path, None).await {
            Err(failure) if failure.exit != Exit::NotFound => {
                output.note(&format!(
                    "the key of the last login was not revoked: {failure}"
                ));
            }
            _ => {}
        }
    }
    session.bytes(Method::POST, "/auth/logout", None).await?;
    output.line(&format!(
        "signed in to {} as {}; the API key \"{name}\" is in {}",
        session.url(),
        login.email,
        file.display()
    ))?;
    Ok(Exit::Done)
}

/// From the terminal, the password without echo; from a pipe one line each.
fn ask(email: Option<String>) -> Outcome<(String, String)> {
    let stdin = io::stdin();
    let failed = |error: io::Error| Failure::local("the terminal", &error);
    let line = |what: &str| {
        let mut line = String::new();
        match stdin.lock().read_line(&mut line) {
            Ok(0) => Err(Failure::usage(format!(
                "standard input ended before the {what}"
            ))),
            Ok(_) => Ok(line.trim_end_matches(['\r', '\n']).to_owned()),
            Err(error) => Err(Failure::local("standard input", &error)),
        }
    };
    let email = if let Some(email) = email {
        email
    } else {
        if stdin.is_terminal() {
            Output::new().ask("E-mail: ");
        }
        line("e-mail address")?
    };
    let password = if stdin.is_terminal() {
        rpassword::prompt_password("Password: ").map_err(failed)?
    } else {
        line("password")?
    };
    Ok((email, password))
}

/// The name of this machine.
fn host() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().into_owned()
}
