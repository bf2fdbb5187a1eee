//! What a call costs, read from the answer while it passes.

use serde_json::Value;
use tokio::sync::mpsc;

use super::{Event, usage::Usage};
use crate::limits::TOKEN_BYTES;

/// Longest event, or whole answer, that is looked into, bytes.
const LINE_BYTES: usize = 4 * 1024 * 1024;

/// Reads one answer; tells what it cost when it is dropped, also where the client has gone away.
pub(super) struct Meter {
    /// Of request and answer.
    bytes: u64,
    line: Vec<u8>,
    /// The line is longer than we look.
    skip: bool,
    usage: Usage,
    events: mpsc::UnboundedSender<Event>,
}

impl Meter {
    pub(super) fn new(request_bytes: usize, events: mpsc::UnboundedSender<Event>) -> Self {
        Self {
            bytes: request_bytes as u64,
            line: Vec::new(),
            skip: false,
            usage: Usage::default(),
            events,
        }
    }

    /// The next of the answer: events of a stream, or a JSON document.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.skip |= self.line.len() + piece.len() > LINE_BYTES;
            if !self.skip {
                self.line.extend_from_slice(piece);
            }
            // A document may have newlines: only an event's line is complete with its newline.
            let ends = piece.ends_with(b"\n");
            if ends
                && (self.skip || self.line.starts_with(b"data:") || is_blank_or_event(&self.line))
            {
                self.read();
            }
        }
    }

    fn read(&mut self) {
        let line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.skip) {
            return;
        }
        let json = line.strip_prefix(b"data:").unwrap_or(&line);
        // Cheap and first: nearly no event tells usage.
        if memchr::memmem::find(json, b"\"usage").is_none() {
            return;
        }
        // What cannot be read tells nothing, as for the client.
        match serde_json::from_slice::<Value>(json) {
            // Gemini's stream without `alt=sse`.
            Ok(Value::Array(events)) => events.iter().for_each(|event| self.usage.read(event)),
            Ok(event) => self.usage.read(&event),
            Err(_) => {}
        }
    }
}

fn is_blank_or_event(line: &[u8]) -> bool {
    line == b"\n" || line == b"\r\n" || line.starts_with(b"event:") || line.starts_with(b":")
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.read();
        // Nobody listens any more when the run is over.
        let _ = self.events.send(Event::Spent {
            tokens: self.usage.tokens(),
            estimate: self.bytes / TOKEN_BYTES,
        });
    }
}
