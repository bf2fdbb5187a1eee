//! Where, in one stream of a log, another stream of the same log begins.
//!
//! The second was opened later, at the start of the file that was current then. The first either
//! comes to that place by itself, or is found to have left it out.

use jiff::{SignedDuration, Timestamp};

use super::stamp::time_of;

/// Lines of a container's two streams may be stored slightly out of order: only one that is newer
/// than the other stream's beginning by this much proves that the beginning was left out.
const DISORDER: SignedDuration = SignedDuration::from_secs(1);

/// The beginning of another stream.
#[derive(Debug, Clone)]
pub struct Fence {
    /// Its first line, timestamp and newline and all.
    first: Vec<u8>,
    at: Timestamp,
    place: Place,
}

/// Where a stream is, seen from a fence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It may still come to it.
    Before,
    /// It has come to it: the other stream has nothing that this one does not give.
    Reached,
    /// It has left out what begins there.
    Skipped,
}

impl Fence {
    /// For a stream that begins with `bytes`; `None` if they hold no whole line with a timestamp.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let end = bytes.iter().position(|b| *b == b'\n')?;
        Some(Self {
            first: bytes[..=end].to_vec(),
            at: time_of(&bytes[..end])?,
            place: Place::Before,
        })
    }

    /// The kubelet's time of the other stream's first line.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// How many bytes of these whole lines may be taken.
    pub(super) fn allow(&mut self, lines: &[u8]) -> usize {
        let mut taken = 0;
        for line in lines.split_inclusive(|b| *b == b'\n') {
            match self.place {
                Place::Reached => return lines.len(),
                Place::Skipped => return taken,
                Place::Before if line == self.first => self.place = Place::Reached,
                Place::Before => {
                    if time_of(line).is_some_and(|at| at.duration_since(self.at) > DISORDER) {
                        self.place = Place::Skipped;
                        return taken;
                    }
                }
            }
            taken += line.len();
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "2026-11-22T21:47:10.000000000Z first\n";

    /// What is taken of `text` by a stream with that fence, and where the stream is then.
    fn check(text: &str, taken: usize, place: Place) {
        let mut fence = Fence::new(format!("{FIRST}2026-11").as_bytes()).unwrap();
        assert_eq!(fence.allow(text.as_bytes()), taken, "{text}");
        assert_eq!(fence.place(), place, "{text}");
    }

    #[test]
    fn a_stream_that_comes_to_the_fence_goes_on_behind_it() {
        let before = "2026-11-22T21:47:09.900000000Z before\n";
        check(before, before.len(), Place::Before);
        let text = format!("{before}{FIRST}2026-11-22T21:48:00.000000000Z later\n");
        check(&text, text.len(), Place::Reached);
    }

    #[test]
    fn a_stream_that_leaves_it_out_is_taken_only_up_to_there() {
        let before = "2026-11-22T21:47:09.900000000Z before\n";
        let text = format!("{before}2026-11-22T21:47:20.000000000Z third file\n{FIRST}");
        check(&text, before.len(), Place::Skipped);
    }

    #[test]
    fn a_little_disorder_of_two_streams_proves_nothing() {
        let text = format!("2026-11-22T21:47:10.000100000Z other stream\n{FIRST}");
        check(&text, text.len(), Place::Reached);
    }

    #[test]
    fn what_begins_with_no_whole_line_is_no_fence() {
        for bytes in [
            &b"2026-11-22T21:47:10.000000000Z half"[..],
            b"rpc error: code = Unavailable\n",
            b"",
        ] {
            assert!(Fence::new(bytes).is_none(), "{}", bytes.escape_ascii());
        }
    }
}
