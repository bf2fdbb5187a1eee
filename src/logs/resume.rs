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

use std::io;

use aideator_agent::protocol::Line;

use super::split_stamp;
use super::stamp::time_of;
use super::tail::{EDGE, StoredTail, hash};

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
        let edge = &self.tail.edge;
        // Of a longer rest, the end is compared: that much is no coincidence.
        let fits = edge.ends_with(line) || (edge.len() == EDGE && line.ends_with(edge));
        matches!(self.state, State::Start) && !line.is_empty() && fits
    }

    /// Judges the next line (timestamp and all, without its newline).
    pub(super) fn judge(&mut self, line: &[u8]) -> io::Result<Verdict> {
        if matches!(self.state, State::Start) && !self.tail.window.is_empty() {
            return self.judge_first(line);
        }
        Ok(self.judge_next(line))
    }

    /// Judges the first line of a re-read, where there is something that it may match.
    fn judge_first(&mut self, line: &[u8]) -> io::Result<Verdict> {
        let digest = hash(line);
        let window = self.tail.window.iter().enumerate();
        let mut same: Vec<usize> = window
            .filter(|(_, h)| **h == digest)
            .map(|(i, _)| i)
            .collect();
        if same.is_empty() {
            same = self.tail.joined(line)?;
        }
        if same.is_empty() {
            return Ok(self.after_rotation(line));
        }
        self.state = State::Matching(same.into_iter().map(|i| i + 1).collect());
        Ok(Verdict::Known)
    }

    fn judge_next(&mut self, line: &[u8]) -> Verdict {
        let digest = hash(line);
        let window = &self.tail.window;
        match &mut self.state {
            State::Done => Verdict::New { from: 0 },
            State::ByTime => self.judge_by_time(line),
            State::Start => self.after_overlap(line),
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
    pub(super) fn judge_unterminated(&mut self, line: &[u8]) -> io::Result<Verdict> {
        let at_end = match &self.state {
            State::Done => true,
            State::Start => self.tail.window.is_empty(),
            State::Matching(next) => next.first() == Some(&self.tail.window.len()),
            State::ByTime => false,
        };
        if !at_end || (!self.is_done() && self.tail.partial.starts_with(line)) {
            return Ok(Verdict::Known);
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
        let expected = self.tail.last_seq.map(|seq| seq.saturating_add(1));
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
        let at = time_of(line);
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
