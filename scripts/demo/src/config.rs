//! The environment variables of the demo. This is the only module that reads them.

use std::env;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, bail};

use crate::model::Speed;

/// Where to listen, where to keep repositories, whom to answer, how fast.
pub struct Config {
    /// `HOST`, default 0.0.0.0: the demo runs in a pod behind a Service.
    pub host: IpAddr,
    /// `PORT`, default 8080.
    pub port: u16,
    /// `DATA_DIR`: where the repositories are made; default a temporary directory.
    pub data_dir: Option<PathBuf>,
    /// `SCRIPTED_API_KEY`: the one key that is accepted; default any.
    pub api_key: Option<String>,
    /// `SCRIPTED_SPEED`: factor on the speed of the scenarios, default 1.
    pub speed: Speed,
    /// `LOG_LEVEL`, default info.
    pub log_level: String,
}

impl Config {
    /// Reads and checks the environment.
    pub fn from_env() -> anyhow::Result<Self> {
        Ok(Self {
            host: parsed("HOST")?.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            port: parsed("PORT")?.unwrap_or(8080),
            data_dir: text("DATA_DIR")?.map(PathBuf::from),
            api_key: text("SCRIPTED_API_KEY")?,
            speed: parsed("SCRIPTED_SPEED")?.unwrap_or_default(),
            log_level: text("LOG_LEVEL")?.unwrap_or_else(|| "info".into()),
        })
    }
}

/// The variable's value; an empty one counts as none, since that is how charts leave things out.
fn text(name: &str) -> anyhow::Result<Option<String>> {
    match env::var(name) {
        Ok(value) if value.trim().is_empty() => Ok(None),
        Ok(value) => Ok(Some(value.trim().to_owned())),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => bail!("{name} is not UTF-8"),
    }
}

fn parsed<T>(name: &str) -> anyhow::Result<Option<T>>
where
    T: FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let Some(value) = text(name)? else {
        return Ok(None);
    };
    let parsed = value
        .parse()
        .with_context(|| format!("{name}={value} cannot be used"))?;
    Ok(Some(parsed))
}
