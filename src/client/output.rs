//! Standard output and error. All text goes through here, so that all of it is safe for a terminal.

use std::io::{self, IsTerminal as _, Write as _};

use super::exit::Failure;
use super::printable::printable;

/// Where a command prints.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    /// Standard output is a terminal.
    pub(super) is_terminal: bool,
    /// Standard output and error are: there is a place for what moves.
    pub(super) is_live: bool,
}

impl Output {
    pub(super) fn new() -> Self {
        let is_terminal = io::stdout().is_terminal();
        Self {
            is_terminal,
            is_live: is_terminal && io::stderr().is_terminal(),
        }
    }

    /// A line, or several.
    pub(super) fn line(self, text: &str) -> Result<(), Failure> {
        self.text(&format!("{text}\n"))
    }

    /// Text as it is read.
    #[expect(clippy::unused_self, reason = "who has no output does not print")]
    pub(super) fn text(self, text: &str) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(printable(text).as_bytes())?;
        Ok(stdout.flush()?)
    }

    /// Exactly these bytes for a program; on a terminal what is safe there.
    pub(super) fn bytes(self, bytes: &[u8]) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        if self.is_terminal {
            let text = String::from_utf8_lossy(bytes);
            stdout.write_all(printable(&text).as_bytes())?;
        } else {
            stdout.write_all(bytes)?;
        }
        Ok(stdout.flush()?)
    }

    /// Something about the command itself, beside its output.
    #[expect(clippy::unused_self, reason = "who has no output does not print")]
    pub(super) fn note(self, text: &str) {
        // Nobody is left to be told that standard error is gone.
        let _ = writeln!(io::stderr(), "{}", printable(text));
    }

    /// A question; the answer is read from the same line.
    #[expect(clippy::unused_self, reason = "who has no output does not print")]
    pub(super) fn ask(self, question: &str) {
        let mut stderr = io::stderr();
        // Without a standard error the answer is read all the same.
        let _ = stderr.write_all(question.as_bytes());
        let _ = stderr.flush();
    }
}
