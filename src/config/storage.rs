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
    /// New runs are refused when less is free in `data_dir`, bytes.
    pub min_free: u64,
    pub keep: Keep,
}

/// How long finished runs are kept, with their logs and patches; and the audit log.
#[derive(Clone, Copy, Debug)]
pub struct Keep {
    /// Days after their end; 0: for ever.
    pub days: u32,
    /// All logs and patches together, bytes; beyond it the oldest runs go. 0: no limit.
    pub bytes: u64,
    /// Days of entries in the audit log; 0: for ever.
    pub audit_days: u32,
}

/// Bytes in a MiB.
const MIB: u64 = 1 << 20;

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
        let min_free: u64 = env.read_in(
            "MIN_FREE_MIB",
            "256",
            0..=1 << 30,
            "New runs are refused when DATA_DIR has fewer MiB free, so that those which run can store their logs.",
        );
        let days = env.read_in(
            "KEEP_RUNS_DAYS",
            "90",
            0..=36_500,
            "Finished runs are deleted after so many days, with logs and patches (0: never).",
        );
        let logs: u64 = env.read_in(
            "KEEP_LOGS_MIB",
            "0",
            0..=1 << 30,
            "Most MiB of logs and patches; beyond it the oldest finished runs are deleted (0: no limit).",
        );
        let audit_days = env.read_in(
            "KEEP_AUDIT_DAYS",
            "365",
            0..=36_500,
            "Entries of the audit log are deleted after so many days (0: never); of more than a million the oldest.",
        );
        Self {
            database,
            data_dir,
            min_free: min_free * MIB,
            keep: Keep {
                days,
                bytes: logs * MIB,
                audit_days,
            },
        }
    }

    /// Everything under `dir`.
    pub fn for_tests(dir: PathBuf) -> Self {
        Self {
            database: dir.join("aideator.db"),
            data_dir: dir,
            min_free: 0,
            keep: Keep {
                days: 0,
                bytes: 0,
                audit_days: 0,
            },
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
