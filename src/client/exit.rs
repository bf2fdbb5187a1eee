//! How a command ends: exit codes that scripts can use, and one message.

use std::fmt;
use std::io;
use std::process::ExitCode;

use super::printable::printable;

/// The exit codes. They are documented in `docs/cli.md` and do not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// It is done; of a run that was waited for: a variation succeeded.
    Done = 0,
    /// The answer is no: no variation succeeded, nothing was pushed, or logs differ.
    No = 1,
    /// The command, or a field of what it asks for, is wrong.
    Usage = 2,
    /// No key, or one that is not accepted.
    NotSignedIn = 3,
    /// There is no such run, variation or patch.
    NotFound = 4,
    /// The server does not answer, or not as it should.
    Unreachable = 5,
    /// The server will not do it as things stand: a conflict, a limit, a right that is missing.
    Refused = 6,
    /// The git repository here cannot take the patch.
    Repository = 7,
    /// A file or the terminal cannot be read or written.
    Local = 8,
    /// Ctrl-C.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command was not done, and what to do about it.
#[derive(Debug)]
pub(super) struct Failure {
    pub exit: Exit,
    /// Nothing is printed where it is empty.
    message: String,
    /// The same may work in a moment.
    passing: bool,
}

/// What commands return.
pub(super) type Outcome<T = Exit> = Result<T, Failure>;

impl Failure {
    pub(super) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            passing: exit == Exit::Unreachable,
        }
    }

    /// The server is busy, and says when it is not.
    pub(super) fn passing(self) -> Self {
        Self {
            passing: true,
            ..self
        }
    }

    pub(super) fn is_passing(&self) -> bool {
        self.passing
    }

    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(Exit::NotFound, message)
    }

    /// A file, named by `what`, that cannot be read or written.
    pub(super) fn local(what: impl fmt::Display, error: &io::Error) -> Self {
        Self::new(Exit::Local, format!("{what}: {error}"))
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Failure {
    /// Safe for a terminal: parts of it are others' words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.message))
    }
}

/// Standard output cannot be written.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        // `aideator runs | head`: the reader has enough.
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::new(Exit::Done, "");
        }
        Self::local("standard output", &error)
    }
}
