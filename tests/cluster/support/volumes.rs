//! The installed server's own files, on a node that is this machine.

use std::path::{Path, PathBuf};

use super::env;

/// Database, logs and patches. None, with a word, where the volume is not on this machine.
pub(crate) fn stored_files() -> Vec<PathBuf> {
    let volumes = PathBuf::from(env("KUBECONFIG")).with_file_name("volumes");
    if !volumes.exists() {
        eprintln!("the server's volume is not on this machine: its files were not looked into");
        return Vec::new();
    }
    let files = files_below(&volumes);
    let is_database = |file: &PathBuf| file.ends_with("aideator.db");
    assert!(files.iter().any(is_database), "{files:?}");
    files
}

/// Every file in a directory and below.
fn files_below(directory: &Path) -> Vec<PathBuf> {
    let entries = directory.read_dir().unwrap().map(|entry| entry.unwrap());
    let below = entries.flat_map(|entry| {
        if entry.file_type().unwrap().is_dir() {
            files_below(&entry.path())
        } else {
            vec![entry.path()]
        }
    });
    below.collect()
}
