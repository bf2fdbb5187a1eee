//! The stored logs: the only module that touches log files.
//!
//! A log file is what `kubectl logs --timestamps` printed, byte for byte, append-only, one file per
//! attempt of a variation. The file *is* the queue: a reader is an offset, live and replay are the
//! same code, and no line is ever held in memory for a client.
//!
//! Invariants:
//! - Every stored line begins with the kubelet's timestamp.
//! - Readers see only committed bytes: whole lines until the log is sealed, then all of it.
//! - A log has one writer at a time; bytes once committed never change.

mod bell;
mod copy;
mod cursor;
mod fence;
mod ingest;
mod resume;
mod stamp;
mod store;
mod tail;

pub use bell::{Bell, Tick};
pub use copy::{StoredFile, blocks};
pub use cursor::{LogCursor, Piece, Position};
pub use fence::{Fence, Place};
pub use ingest::{Gap, Ingest};
pub use stamp::{split_stamp, stamp_ms};
pub use store::{LogStore, LogWriter};
pub use tail::StoredTail;
