//! The bell of a run: rings when its readers have something new to read.

use tokio::sync::watch;

/// How far a run has come. Only ever grows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tick {
    /// Counts appends to any of the run's logs.
    pub appends: u64,
    /// Number of the run's newest event; 0 before the first was seen here.
    pub events: i64,
}

/// One per run that somebody writes or reads; one `watch` whatever the number of readers.
#[derive(Debug)]
pub struct Bell {
    ring: watch::Sender<Tick>,
    /// For those that are no readers: how many of these there are sets a stream's pace.
    aside: watch::Sender<()>,
}

impl Default for Bell {
    fn default() -> Self {
        Self {
            ring: watch::Sender::new(Tick::default()),
            aside: watch::Sender::new(()),
        }
    }
}

impl Bell {
    /// A log of the run has grown.
    pub fn log_grew(&self) {
        self.ring.send_modify(|tick| tick.appends += 1);
        self.aside.send_replace(());
    }

    /// Event number `seq` of the run is in the database.
    pub fn event_stored(&self, seq: i64) {
        self.ring
            .send_modify(|tick| tick.events = tick.events.max(seq));
    }

    /// How many wait for rings.
    pub fn listeners(&self) -> usize {
        self.ring.receiver_count()
    }

    /// Waits for rings.
    pub fn listen(&self) -> watch::Receiver<Tick> {
        self.ring.subscribe()
    }

    /// Waits for logs to grow, without counting as a reader.
    pub fn listen_aside(&self) -> watch::Receiver<()> {
        self.aside.subscribe()
    }
}
