//! How many of something an account has open at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::UserId;

/// Counts what is open, for each account. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Concurrent(Arc<Mutex<HashMap<UserId, u32>>>);

/// One that is open, until it is dropped.
#[derive(Debug)]
pub struct Entered {
    all: Concurrent,
    user: UserId,
}

impl Concurrent {
    /// One more of this account; `None` where it has `most` open. Without `most`, any number.
    pub fn enter(&self, user: &UserId, most: Option<u32>) -> Option<Entered> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(user.clone()).or_default();
        if most.is_some_and(|most| *count >= most) {
            return None;
        }
        *count += 1;
        Some(Entered {
            all: self.clone(),
            user: user.clone(),
        })
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut open = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.user);
            }
        }
    }
}
