//! How much room a directory takes.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::time::{Instant, sleep};

/// Least time between two looks; a look at a large tree takes a share of the time at most.
const INTERVAL: Duration = Duration::from_secs(2);
const SHARE: u32 = 20;

/// Bytes on disk; what disappears meanwhile does not count.
pub(crate) fn size(directory: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(directory) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size(&entry.path()),
            // What is allocated: a sparse file costs what is written.
            Ok(metadata) => metadata.blocks() * 512,
            Err(_) => 0,
        })
        .sum()
}

/// Waits until a directory is larger than `limit` bytes.
pub(crate) async fn outgrows(directory: PathBuf, limit: u64) {
    loop {
        let started = Instant::now();
        let measured = directory.clone();
        let size = tokio::task::spawn_blocking(move || size(&measured)).await;
        if size.is_ok_and(|size| size > limit) {
            return;
        }
        sleep(INTERVAL.max(started.elapsed() * SHARE)).await;
    }
}
