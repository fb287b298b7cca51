//! How often something was tried lately.

use model::Time;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

const WINDOW_MS: i64 = 15 * 60 * 1000;
/// At this many names the oldest windows are dropped.
const NAMES_LIMIT: usize = 50_000;

/// Counts per name in windows of 15 minutes. Kept in memory: a restart forgives.
#[derive(Default)]
pub struct Attempts {
    counts: Mutex<HashMap<String, (i64, u32)>>,
}

impl Attempts {
    /// Seconds to wait if `name` has used up its `limit`.
    pub fn over(&self, name: &str, limit: u32, now: Time) -> Option<u32> {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, count) = counts.get(name).copied()?;
        // A clock that was set back must not lock anyone out for longer than a window.
        let left = (since.saturating_add(WINDOW_MS).saturating_sub(now.0)).min(WINDOW_MS);
        (count >= limit && left > 0).then(|| u32::try_from(left / 1000).unwrap_or(u32::MAX).max(1))
    }

    /// Counts one more.
    pub fn note(&self, name: &str, now: Time) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= NAMES_LIMIT {
            counts.retain(|_, (since, _)| since.saturating_add(WINDOW_MS) > now.0);
            if counts.len() >= NAMES_LIMIT {
                counts.clear();
            }
        }
        let entry = counts.entry(name.to_owned()).or_insert((now.0, 0));
        if entry.0.saturating_add(WINDOW_MS) <= now.0 || entry.0 > now.0 {
            *entry = (now.0, 0);
        }
        entry.1 = entry.1.saturating_add(1);
    }

    /// Starts afresh for a name.
    pub fn forget(&self, name: &str) {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_holds_within_a_window_and_ends_with_it() {
        let attempts = Attempts::default();
        let start = Time(1_000_000);
        for _ in 0..3 {
            assert_eq!(attempts.over("ana", 3, start), None);
            attempts.note("ana", start);
        }
        assert_eq!(attempts.over("ana", 3, start), Some(900));
        assert_eq!(attempts.over("ben", 3, start), None);
        assert_eq!(attempts.over("ana", 3, start.plus_seconds(900)), None);
        assert!(attempts.over("ana", 3, Time(0)).is_some_and(|s| s <= 900));
    }
}
