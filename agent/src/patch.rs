//! The change as parts of lines: [`parts`] cuts it, [`PatchAssembler`] puts it together and proves
//! by its SHA-256 that it is the same bytes.
//!
//! A patch that is UTF-8 travels as text, so that a person reading the log sees the diff; any other
//! travels as base64. No part is longer than fits a line ([`MAX_LINE_BYTES`]).

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use sha2::{Digest, Sha256};

use crate::protocol::{Body, MAX_LINE_BYTES, PatchPart, split};

/// Room for the other fields of a line, the last part's summary included.
const OVERHEAD_BYTES: usize = 512;

/// What a patch leads to, told with its last part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// Git's id of the resulting tree.
    pub tree: Option<String>,
    /// Files changed.
    pub files: u64,
    /// Lines added, in text files.
    pub additions: u64,
    /// Lines deleted, in text files.
    pub deletions: u64,
}

/// A patch put together again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// The bytes `git apply` takes.
    pub bytes: Vec<u8>,
    /// SHA-256 of `bytes`, lower hex.
    pub sha256: String,
    /// What it leads to.
    pub summary: Summary,
}

/// Cuts a patch into parts that each fit a line. No parts for an empty patch.
pub fn parts(patch: &[u8], summary: &Summary) -> Vec<PatchPart> {
    let room = MAX_LINE_BYTES - OVERHEAD_BYTES;
    let (chunks, encoding) = match std::str::from_utf8(patch) {
        Ok(text) => (split(text, room).map(str::to_owned).collect(), None),
        // Three bytes become four characters.
        Err(_) => (
            patch
                .chunks(room / 4 * 3)
                .map(|chunk| BASE64.encode(chunk))
                .collect::<Vec<_>>(),
            Some("base64".to_owned()),
        ),
    };
    let count = chunks.len();
    let mut part = 0;
    chunks
        .into_iter()
        .map(|data| {
            part += 1;
            let last = part as usize == count;
            let mut this = PatchPart {
                part,
                last,
                data,
                encoding: encoding.clone(),
                ..PatchPart::default()
            };
            if last {
                this.sha256 = Some(hex(&Sha256::digest(patch)));
                this.tree.clone_from(&summary.tree);
                this.files = Some(summary.files);
                this.additions = Some(summary.additions);
                this.deletions = Some(summary.deletions);
            }
            this
        })
        .collect()
}

/// Collects the parts of a run's `patch` lines.
#[derive(Debug)]
pub struct PatchAssembler {
    limit_bytes: usize,
    bytes: Vec<u8>,
    parts: u32,
    last: Option<PatchPart>,
}

impl PatchAssembler {
    /// An assembler that refuses patches over `limit_bytes`.
    pub fn new(limit_bytes: usize) -> Self {
        Self {
            limit_bytes,
            bytes: Vec::new(),
            parts: 0,
            last: None,
        }
    }

    /// Takes the next line's body; anything but a patch part is passed over.
    ///
    /// Part 1 starts anew, so that a log read twice gives the patch once.
    pub fn push(&mut self, body: &Body) -> Result<(), PatchError> {
        let Body::Patch(part) = body else {
            return Ok(());
        };
        if part.part == 1 {
            *self = Self::new(self.limit_bytes);
        }
        let expected = self.parts + 1;
        if part.part != expected || self.last.is_some() {
            return Err(PatchError::Order {
                expected,
                found: part.part,
            });
        }
        let data = match part.encoding.as_deref() {
            None => part.data.as_bytes().to_vec(),
            Some("base64") => BASE64
                .decode(&part.data)
                .map_err(|_| PatchError::Encoding("broken base64".to_owned()))?,
            Some(other) => return Err(PatchError::Encoding(format!("encoding {other:?}"))),
        };
        if self.bytes.len() + data.len() > self.limit_bytes {
            return Err(PatchError::TooLarge(self.limit_bytes));
        }
        self.bytes.extend_from_slice(&data);
        self.parts = expected;
        if part.last {
            self.last = Some(PatchPart {
                data: String::new(),
                ..part.clone()
            });
        }
        Ok(())
    }

    /// The patch, verified; `None` when no part was seen.
    pub fn finish(self) -> Result<Option<Patch>, PatchError> {
        if self.parts == 0 {
            return Ok(None);
        }
        let last = self.last.ok_or(PatchError::Unfinished(self.parts))?;
        let sha256 = hex(&Sha256::digest(&self.bytes));
        if last.sha256.as_deref() != Some(&sha256) {
            return Err(PatchError::Sha256);
        }
        Ok(Some(Patch {
            bytes: self.bytes,
            sha256,
            summary: Summary {
                tree: last.tree,
                files: last.files.unwrap_or_default(),
                additions: last.additions.unwrap_or_default(),
                deletions: last.deletions.unwrap_or_default(),
            },
        }))
    }
}

/// Why parts do not make a patch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// A part is missing or comes twice.
    #[error("patch part {expected} was expected and part {found} came: the log has a gap")]
    Order {
        /// Number that had to come.
        expected: u32,
        /// Number that came.
        found: u32,
    },
    /// A part cannot be decoded.
    #[error("a patch part cannot be read: {0}")]
    Encoding(String),
    /// The cap, bytes.
    #[error("the patch is larger than the {0} bytes that are kept")]
    TooLarge(usize),
    /// The last part did not come; how many did.
    #[error("the patch ends after part {0}, before its last part")]
    Unfinished(u32),
    /// The bytes are not those that were sent.
    #[error("the patch does not have the SHA-256 that its last part names")]
    Sha256,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Line, VERSION};

    fn summary() -> Summary {
        Summary {
            tree: Some("f".repeat(40)),
            files: 3,
            additions: 4,
            deletions: 5,
        }
    }

    /// Cuts, prints, reads, puts together.
    fn round_trip(patch: &[u8]) -> Patch {
        let mut assembler = PatchAssembler::new(patch.len());
        for part in parts(patch, &summary()) {
            let line = Line {
                v: VERSION,
                seq: u64::MAX,
                ts: "2026-01-02T03:04:05.678Z".into(),
                body: Body::Patch(part),
            };
            let json = line.to_json().unwrap();
            assert!(json.len() < MAX_LINE_BYTES, "{}", json.len());
            let read = Line::parse(json.as_bytes()).unwrap();
            assembler.push(&read.body).unwrap();
        }
        assembler.finish().unwrap().unwrap()
    }

    #[test]
    fn any_bytes_survive() {
        let control: String = (0..10_000u32)
            .map(|i| char::from_u32(i % 32).unwrap())
            .collect();
        let quotes = "\"\\\t\n".repeat(5_000);
        let wide = "aé€😀".repeat(5_000);
        let binary: Vec<u8> = (0..50_000u32).map(|i| i.to_le_bytes()[0]).collect();
        for patch in [
            b"x".as_slice(),
            control.as_bytes(),
            quotes.as_bytes(),
            wide.as_bytes(),
            &binary,
        ] {
            let read = round_trip(patch);
            assert_eq!(read.bytes, patch);
            assert_eq!(read.summary, summary());
        }
        assert_eq!(parts(b"", &summary()), []);
        assert_eq!(PatchAssembler::new(1).finish(), Ok(None));
    }

    #[test]
    fn a_hole_a_cut_a_change_and_a_flood_are_errors() {
        let patch = "line\n".repeat(10_000);
        let bodies: Vec<Body> = parts(patch.as_bytes(), &summary())
            .into_iter()
            .map(Body::Patch)
            .collect();
        let assemble = |bodies: &[Body], limit| {
            let mut assembler = PatchAssembler::new(limit);
            bodies.iter().try_for_each(|body| assembler.push(body))?;
            assembler.finish()
        };
        let all = patch.len();
        // A log read from the start again gives the patch once.
        let twice = [bodies.as_slice(), bodies.as_slice()].concat();
        assert_eq!(
            assemble(&twice, all).unwrap().unwrap().bytes,
            patch.as_bytes()
        );
        let order = |expected, found| Err(PatchError::Order { expected, found });
        assert_eq!(assemble(&bodies[1..], all), order(1, 2));
        assert_eq!(
            assemble(&[&bodies[..2], &bodies[3..]].concat(), all),
            order(3, 4)
        );
        assert_eq!(assemble(&bodies[..3], all), Err(PatchError::Unfinished(3)));
        assert_eq!(
            assemble(&bodies, all - 1),
            Err(PatchError::TooLarge(all - 1))
        );
        let mut changed = bodies.clone();
        let Body::Patch(part) = &mut changed[1] else {
            unreachable!()
        };
        part.data.replace_range(0..1, "L");
        assert_eq!(assemble(&changed, all), Err(PatchError::Sha256));
    }
}
