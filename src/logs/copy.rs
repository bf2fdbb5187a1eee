//! Stored files on their way into a backup and out of one.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::LogStore;
use super::store::end_of_last_line;
use crate::model::{RunId, VariationKey};

/// Bytes that are read at once.
const BLOCK: usize = 64 * 1024;

/// A file of an attempt, as far as it is committed.
#[derive(Debug)]
pub struct StoredFile {
    /// `{run}/{file}`, below the store's directory.
    pub name: String,
    /// Bytes that will not change any more.
    pub size: u64,
    path: PathBuf,
}

impl LogStore {
    /// The files of an attempt. Of a log that is not settled, whole lines only: its writer may take back the rest.
    pub fn files(&self, key: VariationKey, settled: bool) -> io::Result<Vec<StoredFile>> {
        let suffixes: &[&str] = if settled { &["log", "patch"] } else { &["log"] };
        let mut found = Vec::new();
        for suffix in suffixes {
            let path = self.file(key, suffix);
            let file = match File::open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let len = file.metadata()?.len();
            let size = if settled {
                len
            } else {
                end_of_last_line(&file, len)?
            };
            let name = path.strip_prefix(self.root()).unwrap_or(&path);
            found.push(StoredFile {
                name: name.to_string_lossy().into_owned(),
                size,
                path,
            });
        }
        Ok(found)
    }

    /// A new file of a store in `root` that is being filled from a backup. `None`: no store has such a name.
    pub fn receive(root: &Path, name: &str) -> io::Result<Option<File>> {
        let Some((run, file)) = name.split_once('/') else {
            return Ok(None);
        };
        if run.parse::<RunId>().is_err() || !is_ours(file) {
            return Ok(None);
        }
        fs::create_dir_all(root.join(run))?;
        File::create_new(root.join(run).join(file)).map(Some)
    }
}

/// `0.log`, `0.r1.patch`.
fn is_ours(file: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match file.split('.').collect::<Vec<_>>()[..] {
        [index, "log" | "patch"] => number(index),
        [index, attempt, "log" | "patch"] => {
            number(index) && attempt.strip_prefix('r').is_some_and(number)
        }
        _ => false,
    }
}

impl StoredFile {
    /// Its bytes, read when they are asked for.
    pub fn blocks(self) -> impl Iterator<Item = io::Result<Bytes>> + Send + 'static {
        blocks(move || File::open(&self.path), self.size)
    }
}

/// The first `size` bytes of a file that is opened when its turn has come.
pub fn blocks(
    open: impl FnOnce() -> io::Result<File> + Send + 'static,
    size: u64,
) -> impl Iterator<Item = io::Result<Bytes>> + Send + 'static {
    let mut open = Some(open);
    let mut file = None;
    std::iter::from_fn(move || {
        if let Some(open) = open.take() {
            match open() {
                Ok(opened) => file = Some(opened.take(size)),
                Err(error) => return Some(Err(error)),
            }
        }
        let mut block = vec![0; BLOCK];
        match file.as_mut()?.read(&mut block) {
            Ok(0) => None,
            Ok(read) => {
                block.truncate(read);
                Some(Ok(block.into()))
            }
            Err(error) => Some(Err(error)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_a_store_are_received() {
        let dir = tempfile::tempdir().unwrap();
        let run = RunId::generate();
        for (name, good) in [
            (format!("{run}/0.log"), true),
            (format!("{run}/255.r12.patch"), true),
            (format!("{run}/../0.log"), false),
            (format!("{run}/0.log/x"), false),
            (format!("{run}/x.log"), false),
            (format!("../{run}/0.log"), false),
            ("0.log".to_owned(), false),
            ("/etc/0.log".to_owned(), false),
        ] {
            let received = LogStore::receive(dir.path(), &name).unwrap();
            assert_eq!(received.is_some(), good, "{name}");
        }
    }
}
