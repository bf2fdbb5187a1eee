//! The server's configuration: read from the environment once, validated whole, then passed down in sections.
//!
//! Invariants: nothing else in the crate reads the environment; every problem is reported at once, with what to
//! do about it; no `Debug` output holds a secret. The same code that reads a variable documents it, so
//! `.env.example` (see [`example`]) cannot disagree with the server.

mod agents;
mod auth;
mod client;
mod env;
mod forges;
mod http;
mod kubectl;
mod limits;
mod models;
mod placement;
mod storage;
mod telemetry;
mod webhooks;

use std::path::PathBuf;

pub use self::agents::{Agents, AllowedHost, ImagePullPolicy};
pub use self::auth::{Auth, Registration, Secret};
pub use self::client::Client;
pub use self::env::ConfigErrors;
use self::env::Env;
pub use self::forges::Forges;
pub use self::http::{Environment, Http, LogFormat, Logging};
pub use self::kubectl::Kubectl;
pub use self::limits::Limits;
pub use self::models::OfferedModel;
pub use self::storage::{Keep, Storage};
pub use self::telemetry::Traces;
pub use self::webhooks::Networks;

/// Everything the server is told from outside.
#[derive(Clone, Debug)]
pub struct Config {
    pub http: Http,
    pub logging: Logging,
    pub traces: Traces,
    pub storage: Storage,
    pub auth: Auth,
    pub limits: Limits,
    pub kubectl: Kubectl,
    pub agents: Agents,
    /// Where webhooks may be sent besides the internet.
    pub webhook_networks: Networks,
}

impl Config {
    /// Reads and validates the whole environment; the error lists every problem found.
    pub fn from_env() -> Result<Self, ConfigErrors> {
        let mut env = Env::process();
        let config = Self::read(&mut env);
        env.finish(config)
    }

    /// Only what the agents' Jobs are made from.
    pub fn agents_from_env() -> Result<Agents, ConfigErrors> {
        let mut env = Env::process();
        let agents = Agents::from_env(&mut env);
        env.finish(agents)
    }

    /// Only where the data is.
    pub fn storage_from_env() -> Result<Storage, ConfigErrors> {
        let mut env = Env::process();
        let storage = Storage::from_env(&mut env);
        env.finish(storage)
    }

    fn read(env: &mut Env<'_>) -> Self {
        let http = Http::from_env(env);
        let logging = Logging::from_env(env);
        let traces = Traces::from_env(env);
        let storage = Storage::from_env(env);
        let auth = Auth::from_env(env);
        let limits = Limits::from_env(env);
        let kubectl = Kubectl::from_env(env, &storage.data_dir);
        let agents = Agents::from_env(env);
        let webhook_networks = Networks::from_env(env);
        Self {
            http,
            logging,
            traces,
            storage,
            auth,
            limits,
            kubectl,
            agents,
            webhook_networks,
        }
    }

    /// A configuration for tests: everything under `dir`, `kubectl` as the program given.
    pub fn for_tests(dir: PathBuf, kubectl: PathBuf) -> Self {
        Self {
            http: Http::for_tests(),
            logging: Logging::for_tests(),
            traces: Traces::default(),
            kubectl: Kubectl::for_tests(kubectl, dir.join("kubectl-cache")),
            storage: Storage::for_tests(dir),
            auth: Auth::for_tests(),
            limits: Limits::default(),
            agents: Agents::for_tests(),
            webhook_networks: Networks::default(),
        }
    }
}

/// The text of `.env.example`: every variable with its meaning and default.
pub fn example() -> String {
    let mut env = Env::empty();
    // Missing required values are expected here; only the record of what was asked for matters.
    let _ = Config::read(&mut env);
    env.example() + FOR_SCRIPTS
}

/// What `scripts/up` reads from the same file; the server never has the provider's key.
const FOR_SCRIPTS: &str = "
## scripts/up

# Key of the model's provider. It goes into the Secret openai-secret, for the agents; without it the
# scripted model is used.
# OPENAI_API_KEY=
";

#[cfg(test)]
mod tests {
    use std::env::VarError;

    use super::*;

    fn read(vars: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
        let lookup = |name: &str| {
            let found = vars.iter().find(|(key, _)| *key == name);
            found.map_or(Err(VarError::NotPresent), |(_, value)| {
                Ok((*value).to_owned())
            })
        };
        let mut env = Env::with(&lookup);
        let config = Config::read(&mut env);
        env.finish(config)
    }

    const KEY: &str = "a-test-secret-of-more-than-32-characters";

    #[test]
    fn defaults_need_only_a_secret_key() {
        let config = read(&[("SECRET_KEY", KEY)]).unwrap();
        assert_eq!(config.http.port, 8000);
        assert_eq!(config.agents.max_variations, 5);
        assert_eq!(config.agents.job_ttl_seconds, 3600);
        assert_eq!(config.agents.instance, "aideator");
    }

    #[test]
    fn every_problem_is_listed_at_once() {
        let errors = read(&[
            ("SECRET_KEY", "short"),
            ("PORT", "eighty"),
            ("MAX_VARIATIONS", "9"),
            ("ALLOWED_GIT_HOSTS", "https://user@github.com/x"),
            ("DATABASE_URL", "postgres://db/aideator"),
        ])
        .unwrap_err()
        .to_string();
        for name in [
            "SECRET_KEY",
            "PORT",
            "MAX_VARIATIONS",
            "ALLOWED_GIT_HOSTS",
            "DATABASE_URL",
        ] {
            assert!(errors.contains(name), "{name} is missing in:\n{errors}");
        }
        assert!(
            !errors.contains("short\""),
            "the secret's value is shown:\n{errors}"
        );
    }

    #[test]
    fn debug_output_hides_the_secret() {
        let config = read(&[("SECRET_KEY", KEY)]).unwrap();
        assert!(!format!("{config:?}").contains(KEY));
    }

    #[test]
    fn the_example_names_every_variable_once() {
        let text = example();
        for name in [
            "SECRET_KEY=",
            "PORT=8000",
            "KUBECTL=kubectl",
            "ALLOWED_GIT_HOSTS=github.com,gitlab.com",
        ] {
            assert_eq!(
                text.matches(&format!("\n{name}")).count()
                    + text.matches(&format!("\n# {name}")).count(),
                1,
                "{name} in\n{text}"
            );
        }
    }
}
