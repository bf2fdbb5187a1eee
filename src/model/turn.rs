//! Whose turn it is: which of those that wait start now, and in which order the others will.
//!
//! Fair between users: the next place goes to who has the fewest at work, among equals to who has
//! waited longest since the last one; within a user first come, first served. Nobody starves: whoever
//! has fewer at work than others comes before them, and what is at work ends by its time limit.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::VariationKey;

/// How many attempts may be at work at once; `None` means any number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Places {
    pub all: Option<u32>,
    pub per_user: Option<u32>,
}

/// An attempt that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub key: VariationKey,
    pub user: String,
}

/// What a user has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    /// Attempts at work.
    pub running: u32,
    /// The number of the last turn; 0 before the first.
    pub last_turn: i64,
}

/// What is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// All places of the server.
    Server,
    /// The user's own share.
    User,
}

/// Who starts now, and who later, in the order of their turns.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Turns {
    pub now: Vec<Waiting>,
    pub later: Vec<(Waiting, Full)>,
}

/// Who waits and who is at work, counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueState {
    /// Attempts without a place.
    pub waiting: i64,
    /// Since when the one waits that waits longest; milliseconds since the Unix epoch.
    pub oldest_ms: Option<i64>,
    /// Attempts with a place.
    pub taken: i64,
    /// Attempts that do not run yet, by the reason that is told.
    pub held_up: Vec<(String, i64)>,
}

struct Queue {
    share: Share,
    waiting: VecDeque<Waiting>,
}

/// Gives the free places to those that wait (in the order in which they came). `shares` has everybody
/// who has something at work or a turn before.
pub fn turns(waiting: Vec<Waiting>, shares: &BTreeMap<String, Share>, places: Places) -> Turns {
    let running = shares.values().map(|share| share.running).sum();
    let mut free = places.all.map(|all| all.saturating_sub(running));
    let last = shares.values().map(|share| share.last_turn).max();
    let mut turn = last.unwrap_or_default();
    let mut queues = by_user(waiting, shares);
    let mut turns = Turns::default();
    while free != Some(0) {
        turn += 1;
        let Some((next, _)) = pick(&mut queues, places.per_user, turn) else {
            break;
        };
        free = free.map(|free| free - 1);
        turns.now.push(next);
    }
    // As if places became free one by one, and nothing new came.
    while let Some((next, running)) = pick(&mut queues, None, turn) {
        turn += 1;
        let share_is_full = places.per_user.is_some_and(|most| running >= most);
        let full = if share_is_full && free != Some(0) {
            Full::User
        } else {
            Full::Server
        };
        turns.later.push((next, full));
    }
    turns
}

/// A queue for each user, in the order of their first.
fn by_user(waiting: Vec<Waiting>, shares: &BTreeMap<String, Share>) -> Vec<Queue> {
    let mut queues: Vec<Queue> = Vec::new();
    let mut of_user = HashMap::new();
    for it in waiting {
        let at = *of_user.entry(it.user.clone()).or_insert_with(|| {
            queues.push(Queue {
                share: shares.get(&it.user).copied().unwrap_or_default(),
                waiting: VecDeque::new(),
            });
            queues.len() - 1
        });
        queues[at].waiting.push_back(it);
    }
    queues
}

/// Takes the next of those users that have less than `most` at work, with how many theirs has.
fn pick(queues: &mut Vec<Queue>, most: Option<u32>, turn: i64) -> Option<(Waiting, u32)> {
    let may = |queue: &&mut Queue| most.is_none_or(|most| queue.share.running < most);
    let order = |queue: &&mut Queue| (queue.share.running, queue.share.last_turn);
    let queue = queues.iter_mut().filter(may).min_by_key(order)?;
    let next = queue.waiting.pop_front()?;
    let running = queue.share.running;
    queue.share = Share {
        running: running + 1,
        last_turn: turn,
    };
    queues.retain(|queue| !queue.waiting.is_empty());
    Some((next, running))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RunId;

    fn waiting(user: &str, count: u8) -> Vec<Waiting> {
        let run = RunId::generate();
        let key = |index| VariationKey {
            run,
            index,
            attempt: 0,
        };
        let one = |index| Waiting {
            key: key(index),
            user: user.to_owned(),
        };
        (0..count).map(one).collect()
    }

    fn users(all: &[Waiting]) -> String {
        all.iter().map(|it| it.user.as_str()).collect()
    }

    fn later(turns: &Turns) -> String {
        turns.later.iter().map(|(it, _)| it.user.as_str()).collect()
    }

    fn share(running: u32, last_turn: i64) -> Share {
        Share { running, last_turn }
    }

    #[test]
    fn places_go_round_whoever_came_first() {
        let all = [waiting("a", 5), waiting("b", 2), waiting("c", 3)].concat();
        let places = Places {
            all: Some(4),
            per_user: None,
        };
        let turns = turns(all.clone(), &BTreeMap::new(), places);
        assert_eq!(users(&turns.now), "abca");
        assert_eq!(later(&turns), "bcacaa");
        // Within a user: as they came.
        assert_eq!(turns.now[3].key, all[1].key);
        assert!(turns.later.iter().all(|(_, full)| *full == Full::Server));
    }

    #[test]
    fn who_has_less_comes_first_and_among_equals_who_waits_longer() {
        let all = [waiting("a", 2), waiting("b", 2), waiting("c", 2)].concat();
        let shares = [("a", share(1, 7)), ("b", share(0, 9)), ("c", share(0, 8))];
        let shares = shares.map(|(user, share)| (user.to_owned(), share));
        let places = Places {
            all: Some(5),
            per_user: None,
        };
        let turns = turns(all, &BTreeMap::from(shares), places);
        assert_eq!(users(&turns.now), "cbac");
        assert_eq!(later(&turns), "ba");
    }

    #[test]
    fn a_full_share_holds_nobody_else_up() {
        let all = [waiting("a", 3), waiting("b", 1)].concat();
        let shares = BTreeMap::from([("x".to_owned(), share(7, 1))]);
        let places = Places {
            all: Some(20),
            per_user: Some(2),
        };
        let turns = turns(all, &shares, places);
        assert_eq!(users(&turns.now), "aba");
        assert_eq!(turns.later[0].1, Full::User);
    }

    #[test]
    fn without_limits_all_start() {
        let turns = turns(waiting("a", 9), &BTreeMap::new(), Places::default());
        assert_eq!((turns.now.len(), turns.later.len()), (9, 0));
    }
}
