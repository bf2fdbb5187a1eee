//! Going on where a cut follow stopped, without losing or repeating a line.
//!
//! `kubectl logs` can only be asked for a *time* (`--since-time`, whole seconds), so a re-read
//! repeats lines. The stored lines from that time on are matched with the re-read as a sequence:
//! whole lines, timestamps included, so equal lines are counted and not confused. What follows the
//! match is new.
//!
//! No match means that the kubelet rotated the file in between: `kubectl logs` reads the current
//! file only. Then the agent's line numbers tell whether anything is missing; without them nobody
//! can, and that is said. A rotation may also cut through a line: the stored end without a newline
//! and the first re-read line are then one, and the continuation's own timestamp is not part of it.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;

use aideator_agent::protocol::Line;
use jiff::{SignedDuration, Timestamp};

use super::stamp::instant;
use super::{LogWriter, split_stamp};

/// How far before the last stored line a re-read starts, besides rounding down to a whole second.
const MARGIN: SignedDuration = SignedDuration::from_secs(1);
/// Step of the backward search for the window's start, bytes.
const STEP: u64 = 256 * 1024;
/// How much of the line before the window is kept to recognise its rest, bytes.
const EDGE: usize = 64 * 1024;

/// The end of a stored log, in the form that a re-read is matched with.
#[derive(Debug, Default)]
pub struct StoredTail {
    /// Where to ask `kubectl logs` to start; `None`: from the beginning.
    pub since: Option<String>,
    /// Hashes of the whole lines from `since` on.
    window: Vec<u64>,
    /// End of the line before the window.
    edge: Vec<u8>,
    /// The unterminated end of the file.
    partial: Vec<u8>,
    last_stamp: Option<String>,
    last_at: Option<Timestamp>,
    last_seq: Option<u64>,
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
        let mut reader = file.try_clone()?;
        reader.seek(SeekFrom::Start(start))?;
        let mut reader = BufReader::with_capacity(1 << 16, reader.take(committed - start));
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 {
            line.pop_if(|last| *last == b'\n');
            let at = split_stamp(&line).and_then(|(stamp, _)| instant(stamp));
            if at.is_some_and(|at| at >= since) {
                self.window.push(hash(&line));
            } else {
                self.edge.clear();
                self.edge
                    .extend_from_slice(&line[line.len().saturating_sub(EDGE)..]);
            }
            line.clear();
        }
        Ok(())
    }
}

fn hash(line: &[u8]) -> u64 {
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
        let at = split_stamp(line).and_then(|(stamp, _)| instant(stamp));
        if at.is_some_and(|at| at < before) {
            return Ok(from + newline as u64 + 1);
        }
    }
}

/// A place where the log may not be whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Timestamp of the last line before it.
    pub after: Option<String>,
    /// Whether lines are missing for sure.
    pub certain: bool,
    /// What happened.
    pub reason: String,
}

/// What a re-read line is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Already stored.
    Known,
    /// To be appended from this byte of the line on.
    New { from: usize },
    /// The same, but first the stored unterminated end is to be dropped: it is not part of it.
    NewWithoutPartial,
}

#[derive(Debug)]
enum State {
    Start,
    /// Where in the window each possible overlap expects the next line; the longest first.
    Matching(Vec<usize>),
    /// The match broke: only lines newer than what is stored are taken.
    ByTime,
    Done,
}

/// Matches one re-read with the stored end of its log.
#[derive(Debug)]
pub(super) struct Resume {
    tail: StoredTail,
    state: State,
    gap: Option<Gap>,
}

impl Resume {
    pub(super) fn new(tail: StoredTail) -> Self {
        let fresh = tail.window.is_empty() && tail.partial.is_empty();
        Self {
            tail,
            state: if fresh { State::Done } else { State::Start },
            gap: None,
        }
    }

    /// Whether every further line is new.
    pub(super) fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// The gap found since the last call, if any.
    pub(super) fn take_gap(&mut self) -> Option<Gap> {
        self.gap.take()
    }

    /// Whether `line`, which has no timestamp, is the rest of the last line before the re-read's
    /// start: the kubelet filters by record, and a long line is several.
    pub(super) fn is_rest_of_edge(&self, line: &[u8]) -> bool {
        matches!(self.state, State::Start) && !line.is_empty() && self.tail.edge.ends_with(line)
    }

    /// Judges the next line (timestamp and all, without its newline).
    pub(super) fn judge(&mut self, line: &[u8]) -> Verdict {
        let digest = hash(line);
        let window = &self.tail.window;
        match &mut self.state {
            State::Done => Verdict::New { from: 0 },
            State::ByTime => self.judge_by_time(line),
            State::Start if window.is_empty() => self.after_overlap(line),
            State::Start => {
                let next: Vec<usize> = (0..window.len())
                    .filter(|i| window[*i] == digest)
                    .map(|i| i + 1)
                    .collect();
                if next.is_empty() {
                    return self.after_rotation(line);
                }
                self.state = State::Matching(next);
                Verdict::Known
            }
            State::Matching(next) if next.first() == Some(&window.len()) => {
                self.after_overlap(line)
            }
            State::Matching(next) => {
                next.retain_mut(|i| {
                    let fits = window.get(*i) == Some(&digest);
                    *i += 1;
                    fits
                });
                if !next.is_empty() {
                    return Verdict::Known;
                }
                self.report(false, "the log read again differs from what was stored");
                self.state = State::ByTime;
                self.judge_by_time(line)
            }
        }
    }

    /// Judges the unterminated end of a re-read. It may be a known line that was cut, so it is only
    /// new where a new line can be.
    pub(super) fn judge_unterminated(&mut self, line: &[u8]) -> Verdict {
        let at_end = match &self.state {
            State::Done => true,
            State::Start => self.tail.window.is_empty(),
            State::Matching(next) => next.first() == Some(&self.tail.window.len()),
            State::ByTime => false,
        };
        if !at_end || (!self.is_done() && self.tail.partial.starts_with(line)) {
            return Verdict::Known;
        }
        self.judge(line)
    }

    /// Tells, at the end of a complete read, whether what is stored was found in it.
    pub(super) fn finish(&mut self) {
        if matches!(self.state, State::Start) && !self.tail.window.is_empty() {
            self.report(false, "the log was rotated and its current file is empty");
        }
    }

    /// All stored whole lines were seen; `line` is what comes next.
    fn after_overlap(&mut self, line: &[u8]) -> Verdict {
        self.state = State::Done;
        if line.starts_with(&self.tail.partial) {
            return Verdict::New {
                from: self.tail.partial.len(),
            };
        }
        if self.tail.window.is_empty() {
            return self.after_rotation(line);
        }
        // The unterminated end was a line cut by a broken connection, and nobody has seen it.
        Verdict::NewWithoutPartial
    }

    /// No stored line is in the current file any more.
    fn after_rotation(&mut self, line: &[u8]) -> Verdict {
        const ROTATED: &str = "the log was rotated while nobody followed it";
        self.state = State::Done;
        let content = split_stamp(line).map_or(line, |(_, content)| content);
        let expected = self.tail.last_seq.map(|seq| seq + 1);
        let own = Line::parse(content).map(|l| l.seq);
        if self.tail.partial.is_empty() {
            match (expected, own) {
                (Some(expected), Some(seq)) if seq == expected => {}
                (Some(_), Some(_)) => self.report(true, ROTATED),
                _ => self.report(false, ROTATED),
            }
            return Verdict::New { from: 0 };
        }
        if own.is_some() {
            // A whole line of the agent continues nothing: the rest of the stored one is lost.
            self.report(true, ROTATED);
            return Verdict::NewWithoutPartial;
        }
        let mut joined = split_stamp(&self.tail.partial)
            .map_or(&self.tail.partial[..], |(_, start)| start)
            .to_vec();
        joined.extend_from_slice(content);
        let joined = Line::parse(&joined).map(|l| l.seq);
        if joined.is_none() || (expected.is_some() && joined != expected) {
            self.report(false, ROTATED);
        }
        Verdict::New {
            from: line.len() - content.len(),
        }
    }

    fn judge_by_time(&mut self, line: &[u8]) -> Verdict {
        let at = split_stamp(line).and_then(|(stamp, _)| instant(stamp));
        if at <= self.tail.last_at {
            return Verdict::Known;
        }
        self.state = State::Done;
        Verdict::NewWithoutPartial
    }

    fn report(&mut self, certain: bool, reason: &str) {
        self.gap = Some(Gap {
            after: self.tail.last_stamp.clone(),
            certain,
            reason: reason.to_owned(),
        });
    }
}
