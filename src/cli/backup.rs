//! `aideator backup` and `aideator restore`: everything that is kept, as one tar file.
//!
//! The database is copied first, at one moment, then the logs, which only grow: so every line that the
//! database speaks of is in the copy. A run that is not over goes on after a restore if the cluster still has
//! its Jobs.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use sha2::{Digest as _, Sha256};

use crate::archive::{Archive, Entry, SUMS};
use crate::clock::Clock;
use crate::config::Storage;
use crate::db::{self, Db};
use crate::logs::{LogStore, blocks};

/// The archive's directory.
const ROOT: &str = "aideator-backup";
const DATABASE: &str = "aideator.db";
/// Directory of the logs, in the archive as in `DATA_DIR`.
const LOGS: &str = "logs";
/// Where a restore puts things until all of them are there.
const DRAFT: &str = "restore.new";

/// What a backup or a restore had in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Volume {
    pub files: usize,
    pub bytes: u64,
}

/// A locked file. It is unlocked and not only closed: a process that is being started elsewhere in the
/// program has every open file for a moment, and would keep the lock.
struct Lock(File);

impl Lock {
    /// `None` where another process has it.
    fn take(path: &Path) -> anyhow::Result<Option<Self>> {
        let file = File::create(path).context("failed to create a file in DATA_DIR")?;
        Ok(file.try_lock().is_ok().then_some(Self(file)))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing it does the same, if later.
        let _ = self.0.unlock();
    }
}

/// Writes a backup to `out`. The server may run meanwhile; it is not held up.
pub async fn backup(storage: &Storage, mut out: impl Write + Send) -> anyhow::Result<Volume> {
    ensure!(
        storage.database.exists(),
        "there is no database {}: is DATA_DIR (or DATABASE_URL) that of the server?",
        storage.database.display()
    );
    // One at a time: they share the copy's name.
    let lock = Lock::take(&storage.data_dir.join("backup.lock"))?;
    ensure!(lock.is_some(), "another backup is under way");
    let copy = storage.data_dir.join("backup.db");
    remove(&copy)?;
    let attempts = db::snapshot(&storage.database, &copy)
        .await
        .context("failed to copy the database: has DATA_DIR room for another one?")?;
    let database = File::open(&copy)?;
    // What is open can be read, whatever becomes of its name; so nothing is left behind.
    remove(&copy)?;
    let size = database.metadata()?.len();
    let content = blocks(move || Ok(database), size);
    let mut entries = vec![Entry::new(DATABASE, size, content)];
    let store = LogStore::open(storage.data_dir.join(LOGS))?;
    for (key, settled) in attempts {
        for file in store.files(key, settled)? {
            let name = format!("{LOGS}/{}", file.name);
            entries.push(Entry::new(name, file.size, file.blocks()));
        }
    }
    let files = entries.len();
    let seconds = u64::try_from(Clock::system().now_ms() / 1000).unwrap_or(0);
    let mut bytes = 0;
    for block in Archive::new(ROOT, seconds, entries) {
        let block = block.context("failed to read what is to be kept")?;
        bytes += block.len() as u64;
        out.write_all(&block)
            .context("failed to write the backup: it is not whole")?;
    }
    out.flush()
        .context("failed to write the backup: it is not whole")?;
    Ok(Volume { files, bytes })
}

/// Puts a backup where a server finds it. No server may use `DATA_DIR`; what is there already is refused,
/// unless it is to be replaced. Until the whole backup has been read and checked, nothing is changed.
pub async fn restore(
    storage: &Storage,
    input: impl Read + Send,
    replace: bool,
) -> anyhow::Result<Volume> {
    let data = &storage.data_dir;
    fs::create_dir_all(data)?;
    let lock = Lock::take(&data.join("lock"))?;
    ensure!(
        lock.is_some(),
        "a server uses DATA_DIR: stop it first (kubectl scale deployment/aideator --replicas=0)"
    );
    ensure!(
        replace || !storage.database.exists(),
        "{} is there already: restore into an empty DATA_DIR, or say --replace, which deletes it",
        storage.database.display()
    );
    let draft = data.join(DRAFT);
    remove_all(&draft)?;
    let unpacked = unpack(input, &draft);
    if unpacked.is_err() {
        remove_all(&draft)?;
    }
    let volume = unpacked.context("this is no whole backup; nothing was changed")?;
    let database = Db::open(&draft.join(DATABASE))
        .await
        .context("the database in the backup cannot be used; nothing was changed")?;
    database.close().await;
    put(storage, &draft).context("failed to put the backup in place; try again with --replace")?;
    Ok(volume)
}

/// Writes the archive's files below `draft`, and compares them with its checksums.
fn unpack(input: impl Read, draft: &Path) -> anyhow::Result<Volume> {
    fs::create_dir_all(draft.join(LOGS))?;
    let mut found = BTreeMap::new();
    let mut sums = None;
    let mut bytes = 0;
    let mut archive = tar::Archive::new(input);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.to_string_lossy().into_owned();
        let name = path
            .strip_prefix(ROOT)
            .and_then(|rest| rest.strip_prefix('/'));
        let name = name.with_context(|| format!("{path} is not in {ROOT}"))?;
        if name == SUMS {
            let mut text = String::new();
            entry.read_to_string(&mut text)?;
            sums = Some(text);
            continue;
        }
        let file = match name.split_once('/') {
            None if name == DATABASE => Some(File::create_new(draft.join(DATABASE))?),
            Some((LOGS, log)) => LogStore::receive(&draft.join(LOGS), log)?,
            _ => None,
        };
        let file = file.with_context(|| format!("{path} is no file of a backup"))?;
        let mut out = Hashing(file, Sha256::new());
        bytes += io::copy(&mut entry, &mut out)?;
        out.0.sync_all()?;
        found.insert(name.to_owned(), format!("{:x}", out.1.finalize()));
    }
    let sums = sums.context("its end is missing")?;
    let meant: Option<BTreeMap<String, String>> = sums
        .lines()
        .map(|line| line.split_once("  "))
        .map(|pair| pair.map(|(sum, name)| (name.to_owned(), sum.to_owned())))
        .collect();
    ensure!(meant.as_ref() == Some(&found), "its checksums do not fit");
    if !found.contains_key(DATABASE) {
        bail!("it has no {DATABASE}");
    }
    Ok(Volume {
        files: found.len(),
        bytes,
    })
}

/// Hashes what is written.
struct Hashing(File, Sha256);

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.0.write(bytes)?;
        self.1.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The last step: names only. The database comes last, so that without it nothing looks whole.
fn put(storage: &Storage, draft: &Path) -> anyhow::Result<()> {
    let database = &storage.database;
    for suffix in ["", "-wal", "-shm"] {
        let mut name = database.as_os_str().to_owned();
        name.push(suffix);
        remove(Path::new(&name))?;
    }
    let logs = storage.data_dir.join(LOGS);
    remove_all(&logs)?;
    fs::rename(draft.join(LOGS), &logs)?;
    if let Some(dir) = database.parent() {
        fs::create_dir_all(dir)?;
    }
    // Not renamed: DATABASE_URL may name another volume.
    fs::copy(draft.join(DATABASE), database)?;
    File::open(database)?.sync_all()?;
    remove_all(draft)
}

fn remove(file: &Path) -> anyhow::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

fn remove_all(dir: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
