//! Where the server keeps its data.

use std::path::{Path, PathBuf};

use super::env::Env;

/// Files of the server; one server owns them alone.
#[derive(Clone, Debug)]
pub struct Storage {
    /// The SQLite file that `DATABASE_URL` names.
    pub database: PathBuf,
    /// Directory of logs, patches and kubectl's cache.
    pub data_dir: PathBuf,
}

impl Storage {
    pub(super) fn from_env(env: &mut Env<'_>) -> Self {
        env.section("Storage");
        let data_dir: PathBuf = env.read(
            "DATA_DIR",
            "./data",
            "Directory for logs, patches and caches; must be writable and survive restarts.",
        );
        let url: Option<String> = env.optional(
            "DATABASE_URL",
            "SQLite file, e.g. sqlite:///data/aideator.db (absolute) or sqlite:///./aideator.db (relative);\n\
             default: aideator.db in DATA_DIR.",
        );
        let database = match url.as_deref().map(sqlite_path) {
            None => data_dir.join("aideator.db"),
            Some(Ok(path)) => path,
            Some(Err(what)) => {
                env.problem("DATABASE_URL", what);
                PathBuf::new()
            }
        };
        Self { database, data_dir }
    }

    /// Everything under `dir`.
    pub fn for_tests(dir: PathBuf) -> Self {
        Self {
            database: dir.join("aideator.db"),
            data_dir: dir,
        }
    }
}

/// The file that an SQLite URL names.
///
/// `sqlite:///data/a.db` is absolute and `sqlite:///./a.db` relative. With a Python driver in the scheme
/// (`sqlite+aiosqlite:`) SQLAlchemy's rule holds: three slashes are relative, four absolute.
fn sqlite_path(url: &str) -> Result<PathBuf, &'static str> {
    const FORM: &str = "must look like sqlite:///data/aideator.db: SQLite is the only database";
    let (scheme, rest) = url.split_once("://").ok_or(FORM)?;
    let python = scheme.starts_with("sqlite+");
    if scheme != "sqlite" && !python {
        return Err(FORM);
    }
    if rest.contains(['?', '#']) {
        return Err("takes no parameters after the path");
    }
    let path = match rest.strip_prefix('/') {
        Some(path) if python || path.starts_with(['.', '/']) => path,
        Some(_) => rest,
        None => return Err(FORM),
    };
    if path.is_empty() || path.ends_with('/') || path.contains(":memory:") {
        return Err("must name a file: an in-memory database would forget every run");
    }
    Ok(Path::new(path).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_urls() {
        for (url, path) in [
            ("sqlite:///data/a.db", "/data/a.db"),
            ("sqlite:////data/a.db", "/data/a.db"),
            ("sqlite:///./a.db", "./a.db"),
            ("sqlite+aiosqlite:///./a.db", "./a.db"),
            ("sqlite+aiosqlite:///a.db", "a.db"),
            ("sqlite+aiosqlite:////data/a.db", "/data/a.db"),
        ] {
            assert_eq!(sqlite_path(url).unwrap(), Path::new(path), "{url}");
        }
        for url in [
            "postgres://x/y",
            "sqlite::memory:",
            "sqlite:///:memory:",
            "sqlite://a.db",
            "sqlite:///a.db?mode=ro",
            "/a.db",
        ] {
            assert!(sqlite_path(url).is_err(), "{url}");
        }
    }
}
