//! A container's log as the kubelet has it and gives it.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use super::{Answer, Cluster, State};

/// When the first line of a log is written.
const START: &str = "2026-11-22T21:00:00Z";
/// From one line to the next: a second has several lines.
const STEP_MS: i64 = 310;

/// The kubelet's timestamp `ms` milliseconds after the start of all logs.
pub(crate) fn stamp(ms: i64) -> String {
    let start: Timestamp = START.parse().unwrap();
    let at = start + SignedDuration::from_millis(ms);
    at.strftime("%Y-%m-%dT%H:%M:%S.%9fZ").to_string()
}

/// How a reading ends before its log does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cut {
    /// After this byte of the file.
    pub(crate) at: usize,
    /// What the kubelet writes into the stream then.
    pub(crate) text: &'static str,
    /// How kubectl ends then.
    pub(crate) code: i32,
    /// The kubelet rotates then: the current file is this one.
    pub(crate) rotated: Option<Vec<u8>>,
    /// The reading does not end then: it sees nothing of the new file, until it jumps to the newest
    /// one or the container ends.
    pub(crate) silent: bool,
}

impl Cut {
    /// A reading that goes on as long as its log does.
    pub(crate) fn never() -> Self {
        Self {
            at: usize::MAX,
            ..Self::default()
        }
    }
}

/// The files of one container, timestamps and all, and how far the container is.
pub(super) struct ContainerLog {
    /// The last is the current one. The others are only read by those that have them open.
    files: Vec<Vec<u8>>,
    ended: bool,
    /// How often silent readings were sent to the newest file.
    jumps: u32,
    /// Readings that were begun.
    opened: usize,
    /// For the next readings, one each.
    cuts: VecDeque<Cut>,
}

impl Default for ContainerLog {
    fn default() -> Self {
        Self {
            files: vec![Vec::new()],
            ended: false,
            jumps: 0,
            opened: 0,
            cuts: VecDeque::new(),
        }
    }
}

/// One `kubectl logs`.
pub(super) struct Reading {
    pub(super) job: String,
    file: usize,
    at: usize,
    follow: bool,
    cut: Option<Cut>,
    /// The jumps that it has seen, if it is silent.
    silent: Option<u32>,
}

impl ContainerLog {
    pub(super) fn open(&mut self, job: &str, follow: bool, since: Option<&str>) -> Reading {
        self.opened += 1;
        Reading {
            job: job.to_owned(),
            file: self.files.len() - 1,
            at: since.map_or(0, |since| self.find(since)),
            follow,
            cut: self.cuts.pop_front(),
            silent: None,
        }
    }

    fn current(&mut self) -> &mut Vec<u8> {
        self.files.last_mut().unwrap()
    }

    /// Where the first line of that time or later begins.
    fn find(&self, since: &str) -> usize {
        let since: Timestamp = since.parse().unwrap();
        let mut at = 0;
        for line in self.files.last().unwrap().split_inclusive(|b| *b == b'\n') {
            let stamp = line
                .get(..30)
                .and_then(|stamp| std::str::from_utf8(stamp).ok());
            let time = stamp.and_then(|stamp| stamp.parse::<Timestamp>().ok());
            if time.is_some_and(|time| time >= since) {
                break;
            }
            at += line.len();
        }
        at
    }

    /// What is there to be read, and how the reading ends if it does.
    pub(super) fn read(&mut self, reading: &mut Reading) -> (Vec<u8>, Option<Answer>) {
        if let Some(seen) = reading.silent {
            if seen == self.jumps {
                return (Vec::new(), self.ended.then(Answer::default));
            }
            (reading.silent, reading.file, reading.at) = (None, self.files.len() - 1, 0);
        }
        let from = reading.at;
        let file = &self.files[reading.file];
        if let Some(cut) = reading.cut.take_if(|cut| cut.at <= file.len()) {
            let mut bytes = file[from..cut.at.max(from)].to_vec();
            bytes.extend_from_slice(cut.text.as_bytes());
            self.files.extend(cut.rotated);
            reading.silent = cut.silent.then_some(self.jumps);
            let end = Answer {
                code: cut.code,
                ..Answer::default()
            };
            return (bytes, (!cut.silent).then_some(end));
        }
        reading.at = file.len();
        let over = self.ended || !reading.follow;
        (file[from..].to_vec(), over.then(Answer::default))
    }
}

impl Cluster {
    pub(super) fn log(&self, job: &str, change: impl FnOnce(&mut ContainerLog)) {
        self.change(|state| change(state.logs.entry(job.to_owned()).or_default()));
    }

    /// The container prints a line; gives the line as `kubectl logs --timestamps` does.
    pub(crate) fn print(&self, job: &str, line: &[u8]) -> Vec<u8> {
        let at = self.change(|state| {
            state.clock += STEP_MS;
            state.clock
        });
        let line = [stamp(at).as_bytes(), b" ", line, b"\n"].concat();
        self.print_raw(job, &line);
        line
    }

    /// The kubelet's file grows by these bytes.
    pub(crate) fn print_raw(&self, job: &str, bytes: &[u8]) {
        self.log(job, |log| log.current().extend_from_slice(bytes));
    }

    /// The next reading that is begun ends so; several are for one after the other.
    pub(crate) fn cut_next_reading(&self, job: &str, cut: Cut) {
        self.log(job, |log| log.cuts.push_back(cut));
    }

    /// The file is this from now on.
    pub(crate) fn rewrite(&self, job: &str, bytes: &[u8]) {
        self.log(job, |log| *log.current() = bytes.to_vec());
    }

    /// The oldest file, which only those read that have it open, is this.
    pub(crate) fn rewrite_first(&self, job: &str, bytes: &[u8]) {
        self.log(job, |log| log.files[0] = bytes.to_vec());
    }

    /// The kubelet rotates: the current file is this one.
    pub(crate) fn rotate(&self, job: &str, file: Vec<u8>) {
        self.log(job, |log| log.files.push(file));
    }

    /// Waits until so many readings have been begun.
    pub(crate) async fn opened(&self, job: &str, count: usize) {
        let job = job.to_owned();
        let opened = move |state: &State| {
            let log = state.logs.get(&job)?;
            (log.opened >= count).then_some(())
        };
        self.until(format!("{count} readings"), opened).await;
    }

    /// Silent readings go on with the newest file.
    pub(crate) fn jump(&self, job: &str) {
        self.log(job, |log| log.jumps += 1);
    }

    /// The container prints no more.
    pub(super) fn end_log(&self, job: &str) {
        self.log(job, |log| log.ended = true);
    }
}
