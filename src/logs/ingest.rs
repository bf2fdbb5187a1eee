//! Bytes from one `kubectl logs --timestamps` into the stored log.

use std::io;

use jiff::Timestamp;

use super::fence::{Fence, Place};
use super::resume::{Resume, Verdict};
use super::stamp::time_of;
use super::{LogWriter, StoredTail, split_stamp};

pub use super::resume::Gap;

/// An unfinished line longer than this is stored before its newline comes, bytes.
const LONG_LINE: usize = 1024 * 1024;
/// How much of what the kubelet itself writes into a log stream is kept, bytes.
const FOREIGN: usize = 4096;

/// Takes what one `kubectl logs` prints: skips what is stored already, appends the rest, and tells
/// the kubelet's own error texts (lines without a timestamp) from the container's output.
#[derive(Debug)]
pub struct Ingest<'w> {
    writer: &'w mut LogWriter,
    resume: Resume,
    /// The start of a line whose newline has not come.
    pending: Vec<u8>,
    /// The start of the current line is in the file already.
    in_long_line: bool,
    gaps: Vec<Gap>,
    foreign: String,
    appended: u64,
    fence: Option<Fence>,
    /// Time of the last whole line that came.
    newest: Option<Timestamp>,
}

/// How one `kubectl logs` went.
#[derive(Debug)]
pub struct Ingested {
    /// Bytes that were new.
    pub appended: u64,
    /// Places where the log may not be whole.
    pub gaps: Vec<Gap>,
    /// What the kubelet wrote into the stream; empty when it wrote nothing.
    pub foreign: String,
}

impl<'w> Ingest<'w> {
    /// For a `kubectl logs` that was asked to start at `tail.since`.
    pub fn new(writer: &'w mut LogWriter, tail: StoredTail) -> Self {
        Self {
            writer,
            resume: Resume::new(tail),
            pending: Vec::new(),
            in_long_line: false,
            gaps: Vec::new(),
            foreign: String::new(),
            appended: 0,
            fence: None,
            newest: None,
        }
    }

    /// From now on the stream is compared with where another one of the same log begins.
    pub fn set_fence(&mut self, fence: Option<Fence>) {
        self.fence = fence;
    }

    /// Where the stream is, seen from its fence; `None` without one.
    pub fn place(&self) -> Option<Place> {
        self.fence.as_ref().map(Fence::place)
    }

    /// The kubelet's time of the last whole line that came, stored before or not.
    pub fn newest(&self) -> Option<Timestamp> {
        self.newest
    }

    /// Takes the next bytes, but none from behind a fence. After an error the log can be resumed by
    /// a new `kubectl logs`.
    pub fn push(&mut self, chunk: &[u8]) -> io::Result<()> {
        let mut data = std::mem::take(&mut self.pending);
        data.extend_from_slice(chunk);
        let mut rest = &data[..];
        if self.in_long_line {
            let end = rest.iter().position(|b| *b == b'\n').map(|i| i + 1);
            self.append(&rest[..end.unwrap_or(rest.len())])?;
            self.in_long_line = end.is_none();
            rest = &rest[end.unwrap_or(rest.len())..];
        }
        let whole = rest.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
        let allowed = match &mut self.fence {
            Some(fence) => fence.allow(&rest[..whole]),
            None => whole,
        };
        self.lines(&rest[..allowed])?;
        self.newest = last_time(&rest[..allowed]).or(self.newest);
        if allowed < whole {
            return Ok(());
        }
        rest = &rest[whole..];
        if rest.len() > LONG_LINE && self.resume.is_done() && split_stamp(rest).is_some() {
            self.append(rest)?;
            self.in_long_line = true;
            rest = &[];
        }
        self.pending = rest.to_vec();
        Ok(())
    }

    /// The stream has ended. `clean`: `kubectl` said that nothing went wrong, so an unterminated
    /// end is all there is of that line; else it is a cut line, which will be read again.
    /// `complete`: it was asked for the whole of the current file, not for a follow.
    pub fn end(mut self, clean: bool, complete: bool) -> io::Result<Ingested> {
        let pending = std::mem::take(&mut self.pending);
        let whole = split_stamp(&pending).is_some();
        if clean && whole {
            self.line(&pending, false)?;
        } else if clean && !pending.is_empty() && !self.resume.is_rest_of_edge(&pending) {
            self.note_foreign(&pending);
        }
        if clean && complete {
            self.resume.finish();
        }
        self.gaps.extend(self.resume.take_gap());
        Ok(Ingested {
            appended: self.appended,
            gaps: self.gaps,
            foreign: self.foreign,
        })
    }

    /// The places found since the last call where the log may not be whole. They are just before
    /// what was appended since then.
    pub fn take_gaps(&mut self) -> Vec<Gap> {
        std::mem::take(&mut self.gaps)
    }

    /// Bytes of the log that readers may read.
    pub fn committed(&self) -> u64 {
        self.writer.committed()
    }

    /// Whether anything of the container's was stored by this stream.
    pub fn appended(&self) -> u64 {
        self.appended
    }

    fn lines(&mut self, mut lines: &[u8]) -> io::Result<()> {
        while !lines.is_empty() {
            if self.resume.is_done() {
                return self.new_lines(lines);
            }
            let end = lines.iter().position(|b| *b == b'\n').unwrap_or(0);
            self.line(&lines[..end], true)?;
            lines = &lines[end + 1..];
        }
        Ok(())
    }

    /// One line while it may still be a known one.
    fn line(&mut self, line: &[u8], newline: bool) -> io::Result<()> {
        if split_stamp(line).is_none() {
            if !self.resume.is_rest_of_edge(line) {
                self.note_foreign(line);
            }
            return Ok(());
        }
        let verdict = if newline {
            self.resume.judge(line)?
        } else {
            self.resume.judge_unterminated(line)?
        };
        let from = match verdict {
            Verdict::Known => return Ok(()),
            Verdict::New { from } => from,
            Verdict::NewWithoutPartial => {
                self.writer.drop_partial()?;
                0
            }
        };
        self.gaps.extend(self.resume.take_gap());
        let mut bytes = line[from..].to_vec();
        if newline {
            bytes.push(b'\n');
        }
        self.append(&bytes)
    }

    /// Whole lines that are all new: as few writes as possible.
    fn new_lines(&mut self, lines: &[u8]) -> io::Result<()> {
        let (mut start, mut at) = (0, 0);
        while at < lines.len() {
            let end = lines[at..]
                .iter()
                .position(|b| *b == b'\n')
                .map_or(lines.len(), |i| at + i + 1);
            if split_stamp(&lines[at..end]).is_none() {
                self.append(&lines[start..at])?;
                self.note_foreign(&lines[at..end]);
                start = end;
            }
            at = end;
        }
        self.append(&lines[start..])
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.append(bytes)?;
        self.appended += bytes.len() as u64;
        Ok(())
    }

    fn note_foreign(&mut self, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        let room = FOREIGN.saturating_sub(self.foreign.len());
        self.foreign.extend(text.chars().take(room));
        if !self.foreign.ends_with('\n') {
            self.foreign.push('\n');
        }
    }
}

/// The time of the last of some whole lines.
fn last_time(lines: &[u8]) -> Option<Timestamp> {
    let text = lines.strip_suffix(b"\n")?;
    let start = text.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
    time_of(&text[start..])
}

#[cfg(test)]
mod tests;
