//! How many requests of one principal are answered at once.

use model::{AccountId, GrantId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use wire::limits::{MAX_CONCURRENT_REQUESTS, MAX_CONCURRENT_UPLOAD, MAX_EVENT_STREAMS};

/// A client that keeps to the limit may have read an answer and sent its next request before the turn of the first is given
/// back: that much more is let through.
const SLACK: usize = 16;

/// On whose behalf something is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Principal {
    /// A partner, under a grant.
    Grant(GrantId),
    /// A person, about her own inbox.
    Person(AccountId),
    /// A person, uploading.
    Upload(AccountId),
    /// A person, listening for changes.
    Events(AccountId),
    /// A partner, listening for changes.
    GrantEvents(GrantId),
}

/// The turns that are taken. Who has none is not in it, so it is never larger than what is under way.
#[derive(Default)]
pub struct Turns(Mutex<HashMap<Principal, usize>>);

/// The right to be answered, until it is dropped: with the last byte of the answer.
pub struct Turn {
    turns: Arc<Turns>,
    whose: Principal,
}

impl Turns {
    /// Takes a turn; `None` if the principal has as many as it may.
    pub fn take(self: &Arc<Self>, whose: Principal) -> Option<Turn> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(whose).or_insert(0);
        let most = match whose {
            Principal::Upload(_) => MAX_CONCURRENT_UPLOAD,
            Principal::Events(_) | Principal::GrantEvents(_) => MAX_EVENT_STREAMS,
            Principal::Grant(_) | Principal::Person(_) => MAX_CONCURRENT_REQUESTS + SLACK,
        };
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Turn {
            turns: Arc::clone(self),
            whose,
        })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut taken = self.turns.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.whose) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.whose);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_counted_per_principal_and_forgotten_when_given_back() {
        let turns = Arc::new(Turns::default());
        let (busy, other) = (
            Principal::Grant(GrantId([1; 16])),
            Principal::Person(AccountId([1; 16])),
        );
        let mut all: Vec<Turn> = std::iter::from_fn(|| turns.take(busy)).collect();
        assert_eq!(all.len(), MAX_CONCURRENT_REQUESTS + SLACK);
        assert!(turns.take(other).is_some());
        all.pop();
        assert!(turns.take(busy).is_some());
        drop(all);
        assert!(turns.0.lock().unwrap().is_empty());
    }
}
