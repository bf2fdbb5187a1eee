//! The record of every call.

use std::path::Path;

use tokio::sync::mpsc;
use uuid::Uuid;

use crate::model::RunId;

/// Identifies a call.
pub type CommandId = Uuid;

/// A call begins.
#[derive(Debug, Clone)]
pub struct CommandStart {
    pub id: CommandId,
    pub run: Option<RunId>,
    /// Milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// The manifest it got, with the values of Secrets replaced.
    pub stdin: Option<String>,
}

/// A call has ended.
#[derive(Debug, Clone)]
pub struct CommandEnd {
    pub id: CommandId,
    pub run: Option<RunId>,
    /// Absent when a signal ended it.
    pub exit_code: Option<i32>,
    pub duration_ms: i64,
    /// The end of what it wrote to standard error.
    pub stderr: String,
}

/// What the journal's keeper gets.
#[derive(Debug, Clone)]
pub enum JournalEntry {
    Start(CommandStart),
    End(CommandEnd),
}

/// Where calls are written down. Never holds up a call: entries go through a channel.
#[derive(Debug, Clone)]
pub struct Journal(mpsc::UnboundedSender<JournalEntry>);

impl Journal {
    /// A journal and the end at which its keeper receives.
    pub fn new() -> (Self, mpsc::UnboundedReceiver<JournalEntry>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), receiver)
    }

    pub(super) fn write(&self, entry: JournalEntry) {
        // The keeper is gone only while the process ends.
        let _ = self.0.send(entry);
    }
}

/// The command line as a person would type it: the program's name, not its path.
pub(super) fn argv(program: &Path, args: &[String]) -> Vec<String> {
    let name = program.file_name().unwrap_or(program.as_os_str());
    std::iter::once(name.to_string_lossy().into_owned())
        .chain(args.iter().cloned())
        .collect()
}
