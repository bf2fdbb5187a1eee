//! Reading a stored log in pieces, from any position, without holding more than one block.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use super::split_stamp;

/// Bytes read at once. A longer line comes in parts.
const BLOCK: usize = 64 * 1024;
/// Room for the longest stamp and its space.
const STAMP: usize = 36;

thread_local! {
    /// What is read now. One for each thread and none for each reader: a hundred clients of a run
    /// with five logs would hold five hundred blocks, nearly all of them idle.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A place in a log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Position {
    /// Bytes before it.
    pub offset: u64,
    /// Where its line begins: equal to `offset` but in the middle of a long line.
    pub line_start: u64,
}

impl Position {
    /// The place at the start of the line at `offset`.
    pub fn line(offset: u64) -> Self {
        Self {
            offset,
            line_start: offset,
        }
    }
}

/// A line, or a part of a line longer than a block.
#[derive(Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// The kubelet's timestamp of the line.
    pub stamp: &'a str,
    /// The line as `kubectl logs` prints it, without its newline.
    pub content: &'a [u8],
    /// Whether the line begins with it.
    pub first: bool,
    /// Whether the line goes on in the next piece.
    pub partial: bool,
    /// Whether a newline ends it (not so for an unterminated last line).
    pub newline: bool,
    /// Where the piece begins (its stamp, for the first piece of a line).
    pub offset: u64,
    /// The place after it.
    pub next: Position,
}

/// A reader of one log file.
#[derive(Debug)]
pub struct LogCursor {
    path: PathBuf,
    file: Option<File>,
    at: Position,
    /// Stamp of the long line that `at` is in the middle of.
    stamp: String,
}

impl LogCursor {
    pub(super) fn new(path: PathBuf, at: Position) -> Self {
        Self {
            path,
            file: None,
            at,
            stamp: String::new(),
        }
    }

    /// Where the next piece begins.
    pub fn position(&self) -> Position {
        self.at
    }

    /// Whether a line begins where the position says that one does.
    pub fn is_at_boundary(&self) -> io::Result<bool> {
        if self.at.line_start == 0 {
            return Ok(true);
        }
        let mut before = [0];
        File::open(&self.path)?.read_exact_at(&mut before, self.at.line_start - 1)?;
        Ok(before == *b"\n")
    }

    /// Reads the next pieces below `committed`, at most one block of them, and gives each to
    /// `take`. Says whether there were any.
    ///
    /// A plain `pread` from the page cache, so it is called from async code as it is.
    pub fn read(&mut self, committed: u64, mut take: impl FnMut(Piece<'_>)) -> io::Result<bool> {
        let left = committed.saturating_sub(self.at.offset);
        if left == 0 {
            return Ok(false);
        }
        let size = usize::try_from(left).unwrap_or(BLOCK).min(BLOCK + STAMP);
        // Not borrowed meanwhile: `take` may read another log.
        let mut block = SCRATCH.take();
        block.resize(size, 0);
        let result = self
            .fill(&mut block)
            .and_then(|()| self.split(&block, size as u64 == left, &mut take));
        SCRATCH.set(block);
        result.map(|()| true)
    }

    fn fill(&mut self, block: &mut [u8]) -> io::Result<()> {
        if self.file.is_none() {
            let file = File::open(&self.path)?;
            if self.at.offset != self.at.line_start {
                let mut head = [0; STAMP];
                let size = file.read_at(&mut head, self.at.line_start)?;
                self.stamp = split_stamp(&head[..size])
                    .map(|(stamp, _)| stamp.to_owned())
                    .ok_or_else(|| broken(self.at.line_start))?;
            }
            self.file = Some(file);
        }
        match &self.file {
            Some(file) => file.read_exact_at(block, self.at.offset),
            None => Ok(()),
        }
    }

    /// `last`: the block reaches the end of what is committed.
    fn split(
        &mut self,
        block: &[u8],
        last: bool,
        take: &mut impl FnMut(Piece<'_>),
    ) -> io::Result<()> {
        let mut rest = block;
        while !rest.is_empty() {
            let newline = rest.iter().position(|b| *b == b'\n');
            let end = match newline {
                Some(end) => end,
                // Committed without a newline: the unterminated last line of a sealed log.
                None if last => rest.len(),
                // The line goes on beyond a whole block: a part of it.
                None if rest.len() == block.len() => cut_at_char(rest),
                None => break,
            };
            let partial = newline.is_none() && !last;
            let step = end + usize::from(newline.is_some());
            let in_line = self.at.offset != self.at.line_start;
            let (stamp, content) = if in_line {
                (self.stamp.as_str(), &rest[..end])
            } else {
                split_stamp(&rest[..end]).ok_or_else(|| broken(self.at.offset))?
            };
            let after = self.at.offset + step as u64;
            let next = Position {
                offset: after,
                line_start: if partial { self.at.line_start } else { after },
            };
            take(Piece {
                stamp,
                content,
                first: !in_line,
                partial,
                newline: newline.is_some(),
                offset: self.at.offset,
                next,
            });
            if partial && !in_line {
                self.stamp = stamp.to_owned();
            }
            self.at = next;
            rest = &rest[step..];
        }
        Ok(())
    }
}

fn broken(offset: u64) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("the stored log has no line at offset {offset}"),
    )
}

/// The length of `bytes` without a UTF-8 character that is cut at its end.
fn cut_at_char(bytes: &[u8]) -> usize {
    let len = bytes.len();
    for back in 1..=3.min(len) {
        let byte = bytes[len - back];
        if byte < 0x80 {
            break;
        }
        if byte >= 0xc0 {
            let needs = match byte {
                0xf0.. => 4,
                0xe0.. => 3,
                _ => 2,
            };
            return if needs > back { len - back } else { len };
        }
    }
    len
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAMP_TEXT: &str = "2026-11-22T21:47:03.000000001Z";

    /// Reads everything below `committed`, joining the parts of long lines.
    fn lines(cursor: &mut LogCursor, committed: u64) -> Vec<Vec<u8>> {
        let (mut lines, mut open) = (Vec::new(), Vec::new());
        while cursor
            .read(committed, |piece| {
                assert_eq!(piece.stamp, STAMP_TEXT);
                open.extend_from_slice(piece.content);
                if !piece.partial {
                    lines.push(std::mem::take(&mut open));
                }
            })
            .unwrap()
        {}
        assert!(open.is_empty());
        lines
    }

    fn log_of(contents: &[Vec<u8>], last_newline: bool) -> (tempfile::NamedTempFile, u64) {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut bytes = Vec::new();
        for (i, content) in contents.iter().enumerate() {
            bytes.extend_from_slice(format!("{STAMP_TEXT} ").as_bytes());
            bytes.extend_from_slice(content);
            if last_newline || i + 1 < contents.len() {
                bytes.push(b'\n');
            }
        }
        std::fs::write(file.path(), &bytes).unwrap();
        (file, bytes.len() as u64)
    }

    #[test]
    fn lines_of_every_length_come_back_as_they_were() {
        let contents: Vec<Vec<u8>> = [
            0,
            1,
            BLOCK - 32,
            BLOCK - 1,
            BLOCK,
            BLOCK + 1,
            3 * BLOCK + 7,
            5,
        ]
        .iter()
        .map(|n| "ä€😀x".bytes().cycle().take(*n).collect())
        .collect();
        for newline in [true, false] {
            let (file, len) = log_of(&contents, newline);
            let mut cursor = LogCursor::new(file.path().into(), Position::default());
            assert_eq!(lines(&mut cursor, len), contents);
        }
    }

    #[test]
    fn parts_of_a_long_line_are_whole_characters() {
        let (file, len) = log_of(&["😀".repeat(BLOCK).into_bytes()], true);
        let mut cursor = LogCursor::new(file.path().into(), Position::default());
        while cursor
            .read(len, |piece| {
                assert!(std::str::from_utf8(piece.content).is_ok());
            })
            .unwrap()
        {}
    }

    #[test]
    fn reading_goes_on_from_any_place_also_within_a_line() {
        let contents = vec![b"one".to_vec(), vec![b'x'; 2 * BLOCK], b"three".to_vec()];
        let (file, len) = log_of(&contents, true);
        let mut places = vec![Position::default()];
        let mut cursor = LogCursor::new(file.path().into(), Position::default());
        while cursor.read(len, |piece| places.push(piece.next)).unwrap() {}
        let mut whole = Vec::new();
        let mut cursor = LogCursor::new(file.path().into(), Position::default());
        while cursor
            .read(len, |piece| whole.push(piece.content.to_vec()))
            .unwrap()
        {}
        for (i, place) in places.iter().enumerate() {
            let mut rest = Vec::new();
            let mut cursor = LogCursor::new(file.path().into(), *place);
            while cursor
                .read(len, |piece| rest.push(piece.content.to_vec()))
                .unwrap()
            {}
            assert_eq!(rest.concat(), whole[i..].concat());
        }
    }
}
