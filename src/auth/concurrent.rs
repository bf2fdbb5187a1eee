//! How many of something an account, or a share link, has open at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{ShareId, UserId};

/// To whom something that is open counts. Those who come with a share link take nothing from the
/// account whose run it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Holder {
    User(UserId),
    Share(ShareId),
}

/// Counts what is open, for each holder. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Concurrent(Arc<Mutex<HashMap<Holder, u32>>>);

/// One that is open, until it is dropped.
#[derive(Debug)]
pub struct Entered {
    all: Concurrent,
    holder: Holder,
}

impl Concurrent {
    /// One more of this holder; `None` where it has `most` open. Without `most`, any number.
    pub fn enter(&self, holder: Holder, most: Option<u32>) -> Option<Entered> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(holder.clone()).or_default();
        if most.is_some_and(|most| *count >= most) {
            return None;
        }
        *count += 1;
        Some(Entered {
            all: self.clone(),
            holder,
        })
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut open = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.holder) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.holder);
            }
        }
    }
}
