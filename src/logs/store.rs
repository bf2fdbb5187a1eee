//! Where logs lie, who writes them, and how much of them may be read.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use rustix::fs::statvfs;

use super::{Bell, LogCursor, Position};
use crate::model::{RunId, VariationKey};

/// All logs and patches, under one directory: `{root}/{run}/{i}.log`, `{i}.r{n}.log` for retries.
#[derive(Debug, Clone)]
pub struct LogStore(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    root: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The logs that have a writer.
    open: HashMap<VariationKey, Arc<Open>>,
    bells: HashMap<RunId, Weak<Bell>>,
}

/// What a log's writer and its readers share.
#[derive(Debug, Default)]
struct Open {
    /// Bytes that may be read.
    committed: AtomicU64,
    /// When a reader first told a line of it, in milliseconds since the Unix epoch; 0 before.
    first_sent: AtomicI64,
}

impl Open {
    fn new(committed: u64) -> Arc<Self> {
        Arc::new(Self {
            committed: AtomicU64::new(committed),
            ..Self::default()
        })
    }
}

impl LogStore {
    /// The store under `root`, which is made if it is not there.
    pub fn open(root: impl Into<PathBuf>) -> io::Result<Self> {
        let root = root.into();
        fs::create_dir_all(&root)?;
        Ok(Self(Arc::new(Shared {
            root,
            state: Mutex::default(),
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that holds the lock can panic half-way, so a poisoned state is still whole.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The run's bell; the same one for all who ask while anybody holds it.
    pub fn bell(&self, run: RunId) -> Arc<Bell> {
        let mut state = self.state();
        if let Some(bell) = state.bells.get(&run).and_then(Weak::upgrade) {
            return bell;
        }
        state.bells.retain(|_, bell| bell.strong_count() > 0);
        let bell = Arc::new(Bell::default());
        state.bells.insert(run, Arc::downgrade(&bell));
        bell
    }

    /// The directory of all of it.
    pub(super) fn root(&self) -> &Path {
        &self.0.root
    }

    fn dir(&self, run: RunId) -> PathBuf {
        self.0.root.join(run.to_string())
    }

    pub(super) fn file(&self, key: VariationKey, suffix: &str) -> PathBuf {
        let name = match key.attempt {
            0 => format!("{}.{suffix}", key.index),
            n => format!("{}.r{n}.{suffix}", key.index),
        };
        self.dir(key.run).join(name)
    }

    /// The log's path. It may not exist: nothing has been printed yet.
    pub fn path(&self, key: VariationKey) -> PathBuf {
        self.file(key, "log")
    }

    /// How many bytes of a log may be read now.
    pub fn committed(&self, key: VariationKey) -> io::Result<u64> {
        if let Some(open) = self.state().open.get(&key) {
            return Ok(open.committed.load(Ordering::Acquire));
        }
        match fs::metadata(self.path(key)) {
            Ok(meta) => Ok(meta.len()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Notes that a line of a log went to a reader while the log has a writer.
    pub fn note_sent(&self, key: VariationKey, now_ms: i64) {
        if let Some(open) = self.state().open.get(&key) {
            // The first one counts; whoever comes later finds it set.
            let _ =
                open.first_sent
                    .compare_exchange(0, now_ms, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// When the first line of a log that has a writer went to a reader.
    pub fn first_sent(&self, key: VariationKey) -> Option<i64> {
        let at = self
            .state()
            .open
            .get(&key)?
            .first_sent
            .load(Ordering::Relaxed);
        (at != 0).then_some(at)
    }

    /// A reader of a log, from a position on.
    pub fn cursor(&self, key: VariationKey, at: Position) -> LogCursor {
        LogCursor::new(self.path(key), at)
    }

    /// Shows of a log that has no writer yet only what is committed, as if it had one.
    pub fn prepare(&self, key: VariationKey) -> io::Result<()> {
        let file = match File::open(self.path(key)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let committed = end_of_last_line(&file, file.metadata()?.len())?;
        let mut state = self.state();
        state
            .open
            .entry(key)
            .or_insert_with(|| Open::new(committed));
        Ok(())
    }

    /// The log's one writer. What a dead server left unfinished at its end is kept, uncommitted.
    pub fn writer(&self, key: VariationKey) -> io::Result<LogWriter> {
        fs::create_dir_all(self.dir(key.run))?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(self.path(key))?;
        let len = file.metadata()?.len();
        let committed = end_of_last_line(&file, len)?;
        let shared = Open::new(committed);
        self.state().open.insert(key, Arc::clone(&shared));
        Ok(LogWriter {
            store: self.clone(),
            key,
            file,
            len,
            shared,
            bell: self.bell(key.run),
        })
    }

    /// Bytes of all that is kept of a run.
    pub fn size(&self, run: RunId) -> io::Result<u64> {
        let files = match fs::read_dir(self.dir(run)) {
            Ok(files) => files,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(error),
        };
        files.map(|file| Ok(file?.metadata()?.len())).sum()
    }

    /// Deletes all that is kept of a run. It must have no writer.
    pub fn remove(&self, run: RunId) -> io::Result<()> {
        match fs::remove_dir_all(self.dir(run)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Bytes that the server may still write.
    pub fn free(&self) -> io::Result<u64> {
        let disk = statvfs(&self.0.root)?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    /// Keeps a variation's patch, replacing what was there.
    pub fn write_patch(&self, key: VariationKey, patch: &[u8]) -> io::Result<()> {
        fs::create_dir_all(self.dir(key.run))?;
        // Written beside and renamed, so that nobody reads half of it.
        let (path, draft) = (self.file(key, "patch"), self.file(key, "patch.new"));
        fs::write(&draft, patch)?;
        fs::rename(draft, path)
    }

    /// Bytes of a variation's patch; `None` when it left none.
    pub fn patch_size(&self, key: VariationKey) -> io::Result<Option<u64>> {
        match fs::metadata(self.file(key, "patch")) {
            Ok(meta) => Ok(Some(meta.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A variation's patch; `None` when it left none.
    pub fn read_patch(&self, key: VariationKey) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.file(key, "patch")) {
            Ok(patch) => Ok(Some(patch)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Offset just after the last newline among the first `len` bytes.
pub(super) fn end_of_last_line(file: &File, len: u64) -> io::Result<u64> {
    let mut end = len;
    let mut block = vec![0; 64 * 1024];
    while end > 0 {
        let size = end.min(block.len() as u64);
        let start = end - size;
        let part = &mut block[..usize::try_from(size).unwrap_or(0)];
        file.read_exact_at(part, start)?;
        if let Some(newline) = part.iter().rposition(|b| *b == b'\n') {
            return Ok(start + newline as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// Appends to one log.
#[derive(Debug)]
pub struct LogWriter {
    store: LogStore,
    key: VariationKey,
    file: File,
    /// Bytes in the file, committed or not.
    len: u64,
    shared: Arc<Open>,
    bell: Arc<Bell>,
}

impl LogWriter {
    /// Appends bytes and commits the whole lines among them. After an error nothing was appended.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        // At an offset of ours: a write that failed half-way is overwritten by the next.
        self.file.write_all_at(bytes, self.len)?;
        let before = self.len;
        self.len += bytes.len() as u64;
        if let Some(newline) = bytes.iter().rposition(|b| *b == b'\n') {
            self.shared
                .committed
                .store(before + newline as u64 + 1, Ordering::Release);
            self.bell.log_grew();
        }
        Ok(())
    }

    /// Drops what was appended after the last whole line.
    pub fn drop_partial(&mut self) -> io::Result<()> {
        let end = self.committed();
        self.file.set_len(end)?;
        self.len = end;
        Ok(())
    }

    /// Commits everything, an unterminated last line included: the container has ended and its log
    /// is complete.
    pub fn seal(self) -> io::Result<u64> {
        self.file.set_len(self.len)?;
        self.file.sync_data()?;
        self.shared.committed.store(self.len, Ordering::Release);
        self.store.state().open.remove(&self.key);
        self.bell.log_grew();
        Ok(self.len)
    }

    /// Bytes that readers may read.
    pub fn committed(&self) -> u64 {
        self.shared.committed.load(Ordering::Acquire)
    }

    /// Bytes in the file, an unfinished line included.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing was ever stored.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> VariationKey {
        VariationKey {
            run: RunId::generate(),
            index: 0,
            attempt: 0,
        }
    }

    #[test]
    fn readers_see_whole_lines_until_the_log_is_sealed() {
        let dir = tempfile::tempdir().unwrap();
        let store = LogStore::open(dir.path()).unwrap();
        let key = key();
        let mut writer = store.writer(key).unwrap();
        writer.append(b"one\ntw").unwrap();
        assert_eq!(store.committed(key).unwrap(), 4);
        writer.append(b"o").unwrap();
        assert_eq!(store.committed(key).unwrap(), 4);
        assert_eq!(writer.seal().unwrap(), 7);
        assert_eq!(store.committed(key).unwrap(), 7);
    }

    #[test]
    fn a_dead_writers_unfinished_line_is_kept_but_not_shown() {
        let dir = tempfile::tempdir().unwrap();
        let store = LogStore::open(dir.path()).unwrap();
        let key = key();
        store.writer(key).unwrap().append(b"one\ntwo").unwrap();
        let store = LogStore::open(dir.path()).unwrap();
        let writer = store.writer(key).unwrap();
        assert_eq!((writer.committed(), writer.len()), (4, 7));
        assert_eq!(store.committed(key).unwrap(), 4);
    }

    #[test]
    fn appends_ring_the_runs_bell() {
        let dir = tempfile::tempdir().unwrap();
        let store = LogStore::open(dir.path()).unwrap();
        let key = key();
        let bell = store.bell(key.run);
        let mut ear = bell.listen();
        let mut writer = store.writer(key).unwrap();
        writer.append(b"half").unwrap();
        assert!(!ear.has_changed().unwrap());
        writer.append(b" line\n").unwrap();
        assert!(ear.has_changed().unwrap());
        assert_eq!(ear.borrow_and_update().appends, 1);
    }
}
