//! A tar file that is written as it is read: memory does not grow with it.
//!
//! Its last file is `SHA256SUMS`, which `sha256sum -c` takes. The same entries give the same bytes.

use std::fmt::Write as _;
use std::io;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

/// Name of the last file.
pub const SUMS: &str = "SHA256SUMS";
/// Tar counts in these.
const RECORD: u64 = 512;
/// Two empty records end an archive.
const END: [u8; 1024] = [0; 1024];

/// A file in pieces.
pub type Blocks = Box<dyn Iterator<Item = io::Result<Bytes>> + Send>;

/// One file of an archive.
pub struct Entry {
    name: String,
    size: u64,
    /// Of one that is there as a whole.
    hash: Option<[u8; 32]>,
    blocks: Blocks,
}

impl Entry {
    /// A file that is read when its turn has come; it must then have exactly `size` bytes, and always the
    /// same ones.
    pub fn new(
        name: impl Into<String>,
        size: u64,
        blocks: impl Iterator<Item = io::Result<Bytes>> + Send + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            size,
            hash: None,
            blocks: Box::new(blocks),
        }
    }

    /// A file that is there as a whole.
    pub fn whole(name: impl Into<String>, content: impl Into<Bytes>) -> Self {
        let content = content.into();
        let size = content.len() as u64;
        Self {
            hash: Some(Sha256::digest(&content).into()),
            ..Self::new(name, size, std::iter::once(Ok(content)))
        }
    }
}

/// A tar file of some entries, all below one directory; an iterator over its bytes.
pub struct Archive {
    root: String,
    modified: u64,
    entries: std::vec::IntoIter<Entry>,
    current: Option<Current>,
    sums: String,
    state: State,
}

/// The entry that is being written.
struct Current {
    name: String,
    size: u64,
    left: u64,
    blocks: Blocks,
    hash: Sha256,
}

#[derive(PartialEq, Eq)]
enum State {
    Entries,
    Sums,
    Over,
}

impl Archive {
    /// An archive whose files are in the directory `root` and have the time `modified` (seconds since
    /// the Unix epoch). Names are ours, never a user's: without `..`, and short.
    pub fn new(root: impl Into<String>, modified: u64, entries: Vec<Entry>) -> Self {
        Self {
            root: root.into(),
            modified,
            entries: entries.into_iter(),
            current: None,
            sums: String::new(),
            state: State::Entries,
        }
    }

    /// Bytes of the whole archive, before any of it was read.
    pub fn size(&self) -> u64 {
        let file = |size: u64| RECORD + size.next_multiple_of(RECORD);
        let entries = self.entries.as_slice();
        let line = |entry: &Entry| 64 + 2 + entry.name.len() as u64 + 1;
        let sums: u64 = entries.iter().map(line).sum();
        let files: u64 = entries.iter().map(|entry| file(entry.size)).sum();
        files + file(sums) + END.len() as u64
    }

    /// A word for the bytes of the whole archive, before any of it was read: hex digits.
    pub fn version(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(format!("{} {}\n", self.root, self.modified));
        for entry in self.entries.as_slice() {
            hash.update(format!("{} {}\n", entry.name, entry.size));
            hash.update(entry.hash.unwrap_or_default());
        }
        format!("{:x}", hash.finalize())
    }

    fn begin(&mut self, entry: Entry) -> io::Result<Bytes> {
        let mut header = tar::Header::new_gnu();
        header.set_path(format!("{}/{}", self.root, entry.name))?;
        header.set_size(entry.size);
        header.set_mode(0o644);
        header.set_mtime(self.modified);
        header.set_cksum();
        self.current = Some(Current {
            left: entry.size,
            name: entry.name,
            size: entry.size,
            blocks: entry.blocks,
            hash: Sha256::new(),
        });
        Ok(Bytes::copy_from_slice(header.as_bytes()))
    }

    /// Notes the checksum of a file that is complete; what fills its last record.
    fn finish(&mut self, done: Current) -> Bytes {
        // Writing to a string does not fail.
        let _ = writeln!(self.sums, "{:x}  {}", done.hash.finalize(), done.name);
        let padding = done.size.next_multiple_of(RECORD) - done.size;
        Bytes::from_static(&END).slice(..usize::try_from(padding).unwrap_or(0))
    }

    fn block(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            if let Some(mut current) = self.current.take() {
                let Some(block) = current.blocks.next().transpose()? else {
                    if current.left > 0 {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                    let padding = self.finish(current);
                    if padding.is_empty() {
                        continue;
                    }
                    return Ok(Some(padding));
                };
                current.hash.update(&block);
                let left = current.left.checked_sub(block.len() as u64);
                current.left = left.ok_or_else(|| io::Error::other("a file has grown"))?;
                self.current = Some(current);
                if !block.is_empty() {
                    return Ok(Some(block));
                }
            } else if let Some(entry) = self.entries.next() {
                return self.begin(entry).map(Some);
            } else {
                match self.state {
                    State::Entries => {
                        self.state = State::Sums;
                        let sums = std::mem::take(&mut self.sums);
                        return self.begin(Entry::whole(SUMS, sums)).map(Some);
                    }
                    State::Sums => {
                        self.state = State::Over;
                        return Ok(Some(Bytes::from_static(&END)));
                    }
                    State::Over => return Ok(None),
                }
            }
        }
    }
}

impl Iterator for Archive {
    type Item = io::Result<Bytes>;

    /// After an error there is nothing more: half an archive must not look like a whole one.
    fn next(&mut self) -> Option<Self::Item> {
        let block = self.block();
        if block.is_err() {
            self.entries = Vec::new().into_iter();
            self.state = State::Over;
        }
        block.transpose()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn bytes(archive: Archive) -> io::Result<Vec<u8>> {
        let blocks: io::Result<Vec<Bytes>> = archive.collect();
        Ok(blocks?.concat())
    }

    #[test]
    fn an_archive_has_its_files_and_the_size_that_was_said() {
        let entries = || {
            let pieces = [
                Ok(Bytes::from_static(b"ab")),
                Ok(Bytes::new()),
                Ok("c".into()),
            ];
            vec![
                Entry::whole("empty", ""),
                Entry::new("pieces", 3, pieces.into_iter()),
                Entry::whole("deep/record", vec![7; 512]),
            ]
        };
        let archive = Archive::new("root", 1_700_000_000, entries());
        let size = archive.size();
        let first = bytes(archive).unwrap();
        assert_eq!(first.len() as u64, size);
        assert_eq!(
            first,
            bytes(Archive::new("root", 1_700_000_000, entries())).unwrap()
        );
        let mut read = tar::Archive::new(&*first);
        let mut names = Vec::new();
        for entry in read.entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            names.push((entry.path().unwrap().display().to_string(), content.len()));
        }
        let sizes = [
            ("root/empty", 0),
            ("root/pieces", 3),
            ("root/deep/record", 512),
        ];
        let sums = (
            "root/SHA256SUMS",
            64 * 3 + 9 + "emptypiecesdeep/record".len(),
        );
        let expected: Vec<_> = sizes
            .into_iter()
            .chain([sums])
            .map(|(name, size)| (name.to_owned(), size))
            .collect();
        assert_eq!(names, expected);
    }

    #[test]
    fn a_file_of_another_size_ends_the_archive_with_an_error() {
        for size in [2, 4] {
            let block = [Ok(Bytes::from_static(b"abc"))];
            let entries = vec![
                Entry::new("a", size, block.into_iter()),
                Entry::whole("b", "b"),
            ];
            let mut archive = Archive::new("root", 0, entries);
            assert!(archive.any(|block| block.is_err()));
            assert!(archive.next().is_none());
        }
    }
}
