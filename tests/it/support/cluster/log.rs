//! A container's log as the kubelet has it and gives it.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use super::{Answer, Cluster};

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
}

/// The current file of one container, timestamps and all, and how far the container is.
#[derive(Default)]
pub(super) struct ContainerLog {
    file: Vec<u8>,
    ended: bool,
    /// For the next readings, one each.
    cuts: VecDeque<Cut>,
}

/// One `kubectl logs`.
pub(super) struct Reading {
    pub(super) job: String,
    at: usize,
    follow: bool,
    cut: Option<Cut>,
}

impl ContainerLog {
    pub(super) fn open(&mut self, job: &str, follow: bool, since: Option<&str>) -> Reading {
        Reading {
            job: job.to_owned(),
            at: since.map_or(0, |since| self.find(since)),
            follow,
            cut: self.cuts.pop_front(),
        }
    }

    /// Where the first line of that time or later begins.
    fn find(&self, since: &str) -> usize {
        let since: Timestamp = since.parse().unwrap();
        let mut at = 0;
        for line in self.file.split_inclusive(|b| *b == b'\n') {
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
        let from = reading.at;
        if let Some(cut) = reading.cut.take_if(|cut| cut.at <= self.file.len()) {
            let mut bytes = self.file[from..cut.at.max(from)].to_vec();
            bytes.extend_from_slice(cut.text.as_bytes());
            if let Some(file) = cut.rotated {
                self.file = file;
            }
            let end = Answer {
                code: cut.code,
                ..Answer::default()
            };
            return (bytes, Some(end));
        }
        reading.at = self.file.len();
        let over = self.ended || !reading.follow;
        (self.file[from..].to_vec(), over.then(Answer::default))
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
        self.log(job, |log| log.file.extend_from_slice(bytes));
    }

    /// The next reading that is begun ends so; several are for one after the other.
    pub(crate) fn cut_next_reading(&self, job: &str, cut: Cut) {
        self.log(job, |log| log.cuts.push_back(cut));
    }

    /// The file is this from now on.
    pub(crate) fn rewrite(&self, job: &str, bytes: &[u8]) {
        self.log(job, |log| log.file = bytes.to_vec());
    }

    /// The container prints no more.
    pub(super) fn end_log(&self, job: &str) {
        self.log(job, |log| log.ended = true);
    }
}
