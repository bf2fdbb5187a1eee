//! Reading a finished variation's log again and comparing it with what is stored.
//!
//! `kubectl logs` gives the current file only, so after a rotation our record holds more: then what
//! kubectl prints must be the end of what is stored, byte for byte. Both sides are streamed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{Runs, hex};
use crate::kubectl::LogTarget;
use crate::logs::split_stamp;
use crate::model::Variation;

/// Comparisons at a time, of all users: each is a kubectl, and reads the stored log from the disk.
pub(super) const AT_A_TIME: usize = 4;
/// How long kubectl may be silent.
const SILENCE: Duration = Duration::from_secs(20);
/// Blocks that kubectl has given and that are not compared yet.
const AHEAD: usize = 4;

/// What a comparison came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The same bytes.
    Identical,
    /// What kubectl prints is the end of what is stored: the log was rotated.
    Superset,
    /// kubectl has nothing to compare with any more.
    PodGone,
    /// They differ.
    Mismatch,
}

/// The size and hash of one side, timestamps included.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Side {
    pub lines: u64,
    pub bytes: u64,
    pub sha256: String,
}

/// A comparison.
#[derive(Debug, Clone)]
pub struct Verification {
    pub verdict: Verdict,
    pub stored: Side,
    /// Absent when kubectl could not give the log.
    pub kubectl: Option<Side>,
    /// The byte of the stored log at which the two differ first.
    pub first_difference: Option<u64>,
    /// The command that was run.
    pub command: String,
    /// What kubectl said, when it gave nothing.
    pub message: Option<String>,
}

/// Counts and hashes what passes.
#[derive(Default)]
struct Meter {
    lines: u64,
    bytes: u64,
    hash: Sha256,
    in_line: bool,
}

impl Meter {
    fn take(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        self.lines += bytecount::count(bytes, b'\n') as u64;
        if let Some(last) = bytes.last() {
            self.in_line = *last != b'\n';
        }
    }

    fn side(self) -> Side {
        Side {
            lines: self.lines + u64::from(self.in_line),
            bytes: self.bytes,
            sha256: hex(&self.hash.finalize()),
        }
    }
}

impl Runs {
    /// Compares the stored log of a settled variation with `kubectl logs --timestamps`. Waits where
    /// [`AT_A_TIME`] others are under way.
    pub async fn verify(&self, variation: &Variation) -> anyhow::Result<Verification> {
        let _place = self.comparing.acquire().await?;
        let key = variation.key;
        let path = self.store.path(key);
        let target = LogTarget {
            object: format!("job/{}", variation.job_name),
            follow: false,
            since: None,
        };
        let mut stream = self.kubectl.logs(key.run, &target)?;
        let (blocks, printed) = mpsc::channel(AHEAD);
        let comparison = tokio::task::spawn_blocking(move || compare(&path, printed));
        loop {
            let mut block = Vec::new();
            let size = timeout(SILENCE, stream.read(&mut block)).await;
            let silent = || format!("kubectl logs has said nothing for {} s", SILENCE.as_secs());
            let size = size.with_context(silent)?;
            // Where nobody takes it the comparison has failed, and says below why.
            if size.context("failed to read from kubectl")? == 0
                || blocks.send(block).await.is_err()
            {
                break;
            }
        }
        drop(blocks);
        let (meter, verdict, first_difference, side) =
            comparison.await?.context("failed to read a stored log")?;
        let ended = stream.finish().await;
        let command = format!(
            "kubectl logs --timestamps job/{} -c agent -n {}",
            variation.job_name,
            self.kubectl.namespace()
        );
        let pod_gone = !ended.is_clean() || (meter.bytes > 0 && verdict.is_none());
        Ok(Verification {
            verdict: verdict
                .filter(|_| ended.is_clean())
                .unwrap_or(Verdict::PodGone),
            stored: side,
            kubectl: (!pod_gone).then(|| meter.side()),
            first_difference,
            command,
            message: pod_gone.then(|| ended.stderr.trim().to_owned()),
        })
    }
}

/// Reads the stored log along with what kubectl prints: kubectl's side, what came of it with the first
/// difference, and the stored side.
fn compare(
    path: &Path,
    mut printed: mpsc::Receiver<Vec<u8>>,
) -> io::Result<(Meter, Option<Verdict>, Option<u64>, Side)> {
    let mut stored = Stored::open(path)?;
    let mut meter = Meter::default();
    let mut compare = Compare::Start(Vec::new());
    while let Some(block) = printed.blocking_recv() {
        meter.take(&block);
        compare = compare.take(&mut stored, &block)?;
    }
    let (verdict, first_difference) = compare.finish(&mut stored)?;
    Ok((meter, verdict, first_difference, measure(path)?))
}

/// The stored log, read along with kubectl's output.
struct Stored {
    reader: BufReader<File>,
    /// Bytes read so far.
    offset: u64,
}

impl Stored {
    fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            reader: BufReader::with_capacity(1 << 16, File::open(path)?),
            offset: 0,
        })
    }

    /// Compares the next bytes; the place of the first difference.
    fn differs(&mut self, mut bytes: &[u8]) -> io::Result<Option<u64>> {
        while !bytes.is_empty() {
            let have = self.reader.fill_buf()?;
            let size = have.len().min(bytes.len());
            let same = have.iter().zip(bytes).take_while(|(a, b)| a == b).count();
            if same < size || size == 0 {
                return Ok(Some(self.offset + same as u64));
            }
            self.reader.consume(size);
            self.offset += size as u64;
            bytes = &bytes[size..];
        }
        Ok(None)
    }

    /// Moves behind the stored line that equals `line`, or whose end `line` is: a line cut by a
    /// rotation, with the timestamp of its second half. Of several, that is the last one which is
    /// not newer. Says whether there is one.
    fn seek_line(&mut self, line: &[u8]) -> io::Result<bool> {
        let (stamp, rest) = split_stamp(line).unwrap_or(("", line));
        let mut text = Vec::new();
        let mut behind = None;
        loop {
            text.clear();
            let size = self.reader.read_until(b'\n', &mut text)?;
            self.offset += size as u64;
            let known = split_stamp(&text).map_or("", |(stamp, _)| stamp);
            if size > 0 && text == line {
                return Ok(true);
            }
            // Stamps are of one length, so their texts compare as their times do.
            if size == 0 || known > stamp {
                break;
            }
            if text.len() > line.len() && text.ends_with(rest) {
                behind = Some(self.offset);
            }
        }
        if let Some(offset) = behind {
            self.reader.seek(SeekFrom::Start(offset))?;
            self.offset = offset;
        }
        Ok(behind.is_some())
    }

    fn rewind(&mut self) -> io::Result<()> {
        self.reader.seek(SeekFrom::Start(0))?;
        self.offset = 0;
        Ok(())
    }

    fn at_end(&mut self) -> io::Result<bool> {
        Ok(self.reader.fill_buf()?.is_empty())
    }
}

enum Compare {
    /// Collecting kubectl's first line.
    Start(Vec<u8>),
    /// All equal so far; whether it began at the stored start.
    Equal {
        whole: bool,
    },
    Different(u64),
    /// kubectl's first line is not a log line: the kubelet's error text.
    NoLog,
}

impl Compare {
    fn take(self, stored: &mut Stored, bytes: &[u8]) -> io::Result<Self> {
        match self {
            Self::Start(mut line) => {
                line.extend_from_slice(bytes);
                match line.iter().position(|b| *b == b'\n') {
                    Some(end) => Self::place(stored, &line[..=end])?.take(stored, &line[end + 1..]),
                    None => Ok(Self::Start(line)),
                }
            }
            Self::Equal { whole } => Ok(match stored.differs(bytes)? {
                Some(at) => Self::Different(at),
                None => Self::Equal { whole },
            }),
            over => Ok(over),
        }
    }

    /// Finds where in the stored log kubectl's first line is.
    fn place(stored: &mut Stored, line: &[u8]) -> io::Result<Self> {
        if split_stamp(line).is_none() {
            return Ok(Self::NoLog);
        }
        let Some(at) = stored.differs(line)? else {
            return Ok(Self::Equal { whole: true });
        };
        stored.rewind()?;
        Ok(if stored.seek_line(line)? {
            Self::Equal { whole: false }
        } else {
            Self::Different(at)
        })
    }

    fn finish(self, stored: &mut Stored) -> io::Result<(Option<Verdict>, Option<u64>)> {
        Ok(match self {
            Self::Start(line) if line.is_empty() => {
                // Nothing printed although there was something: a rotation just before the end.
                let verdict = if stored.at_end()? {
                    Verdict::Identical
                } else {
                    Verdict::Superset
                };
                (Some(verdict), None)
            }
            Self::Start(line) => return Self::place(stored, &line)?.finish(stored),
            Self::NoLog => (None, None),
            Self::Different(at) => (Some(Verdict::Mismatch), Some(at)),
            Self::Equal { whole } if stored.at_end()? => {
                let verdict = if whole {
                    Verdict::Identical
                } else {
                    Verdict::Superset
                };
                (Some(verdict), None)
            }
            Self::Equal { .. } => (Some(Verdict::Mismatch), Some(stored.offset)),
        })
    }
}

fn measure(path: &Path) -> io::Result<Side> {
    let mut reader = BufReader::with_capacity(1 << 16, File::open(path)?);
    let mut meter = Meter::default();
    loop {
        let block = reader.fill_buf()?;
        let size = block.len();
        if size == 0 {
            return Ok(meter.side());
        }
        meter.take(block);
        reader.consume(size);
    }
}
