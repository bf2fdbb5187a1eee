//! One reader over a whole run: its logs and its state events, in order, from any position.
//!
//! Live and replay are the same: the reader is a number of events told and an offset in each log,
//! and it waits for the run's bell when it has told all there is. It holds at most one block of log.
//!
//! Order: an event of a variation comes after the part of that variation's log that was stored when
//! the event was; events come in their own order; lines of different variations interleave freely.
//! A variation that is tried again goes on with its new attempt's log after the event that says so.

mod token;

pub use token::{BadToken, Token};

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use tokio::sync::watch;

use crate::clock;
use crate::db::{Db, DbError};
use crate::logs::{Bell, LogCursor, LogStore, Piece, Position, Tick};
use crate::model::{Event, EventKind, Run, RunId, VariationKey, is_variation};

/// Something to tell.
#[derive(Debug)]
pub enum Item<'a> {
    /// A line of a variation's log, or a part of a long one.
    Line { index: u8, piece: Piece<'a> },
    /// A state event.
    Event(&'a Event),
}

/// What a step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Something was told; there may be more.
    Told,
    /// There is nothing more now.
    Idle,
    /// There will never be more.
    Ended,
}

/// Why a run cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    #[error("failed to read events: {0}")]
    Db(#[from] DbError),
    #[error("failed to read a log: {0}")]
    Log(#[from] io::Error),
    #[error(transparent)]
    Token(#[from] BadToken),
}

/// A reader of one run, or of one of its variations.
#[derive(Debug)]
pub struct RunReader {
    db: Db,
    store: LogStore,
    run: RunId,
    logs: Vec<Log>,
    /// Only this variation is told.
    only: Option<u8>,
    /// The log whose turn it is.
    turn: usize,
    /// Events that are loaded and not told yet.
    queue: VecDeque<Event>,
    /// Number of the last event that was loaded.
    loaded: i64,
    token: Token,
    ended: bool,
    /// Kept, so that writers and readers share it.
    bell: Arc<Bell>,
    ear: watch::Receiver<Tick>,
}

#[derive(Debug)]
struct Log {
    key: VariationKey,
    cursor: LogCursor,
    /// That a line of it was told has been noted.
    noted: bool,
}

impl RunReader {
    /// A reader that goes on after `token`.
    pub async fn new(
        db: Db,
        store: LogStore,
        run: &Run,
        only: Option<u8>,
        token: Option<Token>,
    ) -> Result<Self, StreamError> {
        let bell = store.bell(run.id);
        let ear = bell.listen();
        let mut keys: Vec<VariationKey> = run.variations.iter().map(|v| v.key).collect();
        // A judge is a stream of its own, after the run's; so is a publisher.
        let other = run.current().map(|it| it.key);
        let mut other = other.filter(|key| !is_variation(key.index) && only == Some(key.index));
        keys.extend(other.next());
        let token = match token {
            Some(token) if token.fits(keys.len(), only) => token,
            Some(_) => return Err(BadToken.into()),
            None => Token::start(keys.len(), only),
        };
        let mut logs = Vec::with_capacity(keys.len());
        let attempts = db.attempts_at(run.id, token.events()).await?;
        for (key, at) in keys.into_iter().zip(token.positions()) {
            let key = VariationKey {
                attempt: attempts.get(&key.index).copied().unwrap_or(0),
                ..key
            };
            let committed = store.committed(key)?;
            let cursor = store.cursor(key, at);
            // The end is a place between two lines, also where the last has no newline.
            if at.offset > committed || (at.offset < committed && !cursor.is_at_boundary()?) {
                return Err(BadToken.into());
            }
            logs.push(Log {
                key,
                cursor,
                noted: false,
            });
        }
        let loaded = token.events();
        let mut reader = Self {
            db,
            store,
            run: run.id,
            logs,
            only,
            turn: 0,
            queue: VecDeque::new(),
            loaded,
            token,
            ended: false,
            bell,
            ear,
        };
        reader.load().await?;
        // Everything was told already: the end is the first thing to say.
        reader.ended = match only {
            None => {
                let mut queue = reader.queue.iter();
                queue.all(|event| event.index.is_some_and(|index| !is_variation(index)))
                    && run.finished_ms.is_some()
            }
            Some(only) => {
                let mut settled = run.current().filter(|v| v.settled.is_some());
                settled.any(|v| v.key.index == only)
                    && !reader.queue.iter().any(|event| event.index == Some(only))
            }
        };
        Ok(reader)
    }

    /// Whether the position is the end.
    pub fn is_at_end(&self) -> bool {
        self.ended
    }

    /// Tells some of what there is, at most one block of one log, each item with the position after
    /// it. The logs take turns.
    pub async fn step(
        &mut self,
        mut tell: impl FnMut(Item<'_>, &Token),
    ) -> Result<Step, StreamError> {
        if self.ended {
            return Ok(Step::Ended);
        }
        let tick = *self.ear.borrow_and_update();
        if tick.events > self.loaded {
            self.load().await?;
        }
        let mut told = self.tell_log(&mut tell)?;
        told |= self.tell_events(&mut tell)?;
        Ok(match (self.ended, told) {
            (true, _) => Step::Ended,
            (false, true) => Step::Told,
            (false, false) => Step::Idle,
        })
    }

    /// How many readers the run has, this one included.
    pub fn readers(&self) -> usize {
        self.bell.listeners()
    }

    /// Waits until there may be more.
    pub async fn wait(&mut self) {
        // The bell cannot be gone: the reader holds it.
        let _ = self.ear.changed().await;
    }

    async fn load(&mut self) -> Result<(), StreamError> {
        let events = self.db.events_after(self.run, self.loaded).await?;
        if let Some(last) = events.last() {
            self.loaded = last.seq;
        }
        self.queue.extend(events);
        Ok(())
    }

    fn is_told(&self, index: u8) -> bool {
        match self.only {
            None => is_variation(index),
            Some(only) => index == only,
        }
    }

    /// Tells a block of the next log that has any.
    fn tell_log(&mut self, tell: &mut impl FnMut(Item<'_>, &Token)) -> Result<bool, StreamError> {
        for _ in 0..self.logs.len() {
            let i = self.turn;
            self.turn = (i + 1) % self.logs.len();
            let key = self.logs[i].key;
            if !self.is_told(key.index) {
                continue;
            }
            // Not past the next event of this variation.
            let next = self
                .queue
                .iter()
                .find(|event| event.index == Some(key.index));
            let limit = next.map_or(u64::MAX, |event| event.log_offset);
            let committed = self.store.committed(key)?.min(limit);
            let token = &mut self.token;
            let told = self.logs[i].cursor.read(committed, |piece| {
                token.set(i, piece.next);
                let item = Item::Line {
                    index: key.index,
                    piece,
                };
                tell(item, token);
            })?;
            if told {
                let log = &mut self.logs[i];
                if !log.noted {
                    self.store.note_sent(key, clock::now_ms());
                    log.noted = true;
                }
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn tell_events(
        &mut self,
        tell: &mut impl FnMut(Item<'_>, &Token),
    ) -> Result<bool, StreamError> {
        let mut told = false;
        while let Some(event) = self.queue.front() {
            if let Some(index) = event.index
                && self.is_told(index)
                && self.is_log_before(index, event.log_offset)?
            {
                break;
            }
            let Some(event) = self.queue.pop_front() else {
                break;
            };
            self.token.set_events(event.seq);
            if event.kind == EventKind::AgentRetry {
                self.turn_to_next_attempt(event.index);
            }
            // An end that a retry has undone is none. A judge or publisher that is asked again undoes
            // its own only.
            let undone = self.queue.iter().any(|later| {
                later.kind == EventKind::AgentRetry
                    && match event.index {
                        None => later.index.is_some_and(is_variation),
                        own => later.index == own,
                    }
            });
            let apart = self.only.is_some_and(|only| !is_variation(only));
            let run_ends = event.kind == EventKind::RunComplete && !apart;
            let shown = event.index.map_or(!apart, |index| self.is_told(index));
            if shown && !(run_ends && undone) {
                tell(Item::Event(&event), &self.token);
                told = true;
            }
            let agent_ends = event.kind == EventKind::AgentComplete && event.index == self.only;
            if (run_ends || agent_ends) && !undone {
                self.ended = true;
                break;
            }
        }
        Ok(told)
    }

    /// What follows of a variation is in the log of its next attempt.
    fn turn_to_next_attempt(&mut self, index: Option<u8>) {
        let mut logs = self.logs.iter_mut().enumerate();
        if let Some((i, log)) = logs.find(|(_, log)| Some(log.key.index) == index) {
            let key = VariationKey {
                attempt: log.key.attempt + 1,
                ..log.key
            };
            *log = Log {
                key,
                cursor: self.store.cursor(key, Position::default()),
                noted: false,
            };
            self.token.set(i, Position::default());
        }
    }

    /// Whether there is log left to tell before `offset`.
    fn is_log_before(&self, index: u8, offset: u64) -> Result<bool, StreamError> {
        let Some(log) = self.logs.iter().find(|log| log.key.index == index) else {
            return Ok(false);
        };
        // A log that is shorter than an event says (restored from an older copy) holds nothing up.
        let end = offset.min(self.store.committed(log.key)?);
        Ok(log.cursor.position().offset < end)
    }
}
