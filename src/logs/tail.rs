//! The end of a stored log, in the form that a re-read is matched with.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::os::unix::fs::FileExt;

use aideator_agent::protocol::Line;
use jiff::{SignedDuration, Timestamp};

use super::stamp::{instant, time_of};
use super::{LogWriter, split_stamp};

/// How far before the last stored line a re-read starts, besides rounding down to a whole second.
const MARGIN: SignedDuration = SignedDuration::from_secs(1);
/// Step of the backward search for the window's start, bytes.
const STEP: u64 = 256 * 1024;
/// How much of the end of the line before the window is kept to recognise its rest, bytes.
pub(super) const EDGE: usize = 64 * 1024;

/// The end of a stored log, in the form that a re-read is matched with.
#[derive(Debug, Default)]
pub struct StoredTail {
    /// Where to ask `kubectl logs` to start; `None`: from the beginning.
    pub since: Option<String>,
    /// Hashes of the whole lines from `since` on.
    pub(super) window: Vec<u64>,
    /// Where they are: the log, and the bytes of it.
    place: Option<(File, Range<u64>)>,
    /// End of the line before the window.
    pub(super) edge: Vec<u8>,
    /// The unterminated end of the file.
    pub(super) partial: Vec<u8>,
    pub(super) last_stamp: Option<String>,
    pub(super) last_at: Option<Timestamp>,
    pub(super) last_seq: Option<u64>,
}

impl StoredTail {
    /// Reads the end of a log.
    pub fn of(writer: &LogWriter) -> io::Result<Self> {
        let (file, committed) = (writer.file(), writer.committed());
        let mut tail = Self::default();
        let partial = usize::try_from(writer.len() - committed).map_err(io::Error::other)?;
        tail.partial.resize(partial, 0);
        file.read_exact_at(&mut tail.partial, committed)?;

        let Some(last) = last_line(file, committed)? else {
            return Ok(tail);
        };
        let Some((stamp, content)) = split_stamp(&last) else {
            return Ok(tail);
        };
        let Some(at) = instant(stamp) else {
            return Ok(tail);
        };
        tail.last_stamp = Some(stamp.to_owned());
        tail.last_at = Some(at);
        tail.last_seq = Line::parse(content).map(|line| line.seq);
        let since = Timestamp::from_second(at.as_second())
            .and_then(|second| second.checked_sub(MARGIN))
            .map_err(io::Error::other)?;
        tail.since = Some(since.to_string());
        tail.load_window(file, committed, since)?;
        Ok(tail)
    }

    fn load_window(&mut self, file: &File, committed: u64, since: Timestamp) -> io::Result<()> {
        // Two streams of one container may be stored slightly out of order; a second is plenty.
        let before = since.checked_sub(MARGIN).map_err(io::Error::other)?;
        let start = line_before(file, committed, before)?;
        let mut reader = part(file, start..committed)?;
        let (mut line, mut window_start) = (Vec::new(), start);
        loop {
            let size = reader.read_until(b'\n', &mut line)?;
            if size == 0 {
                break;
            }
            line.pop_if(|last| *last == b'\n');
            let at = time_of(&line);
            if at.is_some_and(|at| at >= since) {
                self.window.push(hash(&line));
            } else {
                self.edge.clear();
                self.edge
                    .extend_from_slice(&line[line.len().saturating_sub(EDGE)..]);
            }
            if self.window.is_empty() {
                window_start += size as u64;
            }
            line.clear();
        }
        self.place = Some((file.try_clone()?, window_start..committed));
        Ok(())
    }

    /// The window's lines whose rest `line` may be: a rotation cut them, they were joined when they
    /// were stored, and the current file has their rest with a timestamp of its own.
    pub(super) fn joined(&self, line: &[u8]) -> io::Result<Vec<usize>> {
        let (Some((stamp, rest)), Some((file, range))) = (split_stamp(line), &self.place) else {
            return Ok(Vec::new());
        };
        if Line::parse(rest).is_some() {
            return Ok(Vec::new());
        }
        let at = instant(stamp);
        let (mut found, mut candidate) = (Vec::new(), None);
        let mut known = Vec::new();
        let mut reader = part(file, range.clone())?;
        for i in 0..self.window.len() {
            known.clear();
            reader.read_until(b'\n', &mut known)?;
            known.pop_if(|last| *last == b'\n');
            let Some((stamp, content)) = split_stamp(&known) else {
                continue;
            };
            let known_at = instant(stamp);
            // What was printed after the rest is not older than it.
            found.extend(candidate.take().filter(|_| at <= known_at));
            let fits = known_at <= at && content.len() > rest.len() && content.ends_with(rest);
            // Nothing follows the last line, but an agent's line is known to be whole.
            let last = i + 1 == self.window.len() && self.partial.is_empty();
            if fits && last && Line::parse(content).is_some() {
                found.push(i);
            } else if fits {
                candidate = Some(i);
            }
        }
        Ok(found)
    }
}

/// A reader of some bytes of a log.
fn part(file: &File, range: Range<u64>) -> io::Result<impl BufRead> {
    let mut reader = file.try_clone()?;
    reader.seek(SeekFrom::Start(range.start))?;
    let reader = reader.take(range.end - range.start);
    Ok(BufReader::with_capacity(1 << 16, reader))
}

pub(super) fn hash(line: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    line.hash(&mut hasher);
    hasher.finish()
}

/// The last whole line below `end`, without its newline.
fn last_line(file: &File, end: u64) -> io::Result<Option<Vec<u8>>> {
    if end == 0 {
        return Ok(None);
    }
    let text_end = end - 1;
    let mut start = text_end;
    let mut block = vec![0; usize::try_from(STEP).unwrap_or(usize::MAX)];
    while start > 0 {
        let size = start.min(STEP);
        let part = &mut block[..usize::try_from(size).map_err(io::Error::other)?];
        file.read_exact_at(part, start - size)?;
        if let Some(newline) = part.iter().rposition(|b| *b == b'\n') {
            start = start - size + newline as u64 + 1;
            break;
        }
        start -= size;
    }
    let mut line = vec![0; usize::try_from(text_end - start).map_err(io::Error::other)?];
    file.read_exact_at(&mut line, start)?;
    Ok(Some(line))
}

/// Start of some line older than `before`, found in steps from the end; 0 when there is none.
fn line_before(file: &File, end: u64, before: Timestamp) -> io::Result<u64> {
    let mut from = end;
    let mut block = vec![0; usize::try_from(STEP).unwrap_or(usize::MAX)];
    loop {
        from = from.saturating_sub(STEP);
        if from == 0 {
            return Ok(0);
        }
        let size = usize::try_from(STEP.min(end - from)).map_err(io::Error::other)?;
        let part = &mut block[..size];
        file.read_exact_at(part, from)?;
        let Some(newline) = part.iter().position(|b| *b == b'\n') else {
            continue;
        };
        let line = &part[newline + 1..];
        let at = time_of(line);
        if at.is_some_and(|at| at < before) {
            return Ok(from + newline as u64 + 1);
        }
    }
}
