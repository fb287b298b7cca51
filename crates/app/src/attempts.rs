//! How often something was tried lately.

use model::Time;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

const WINDOW_MS: i64 = 15 * 60 * 1000;
/// At this many names those with the fewest tries are dropped.
const NAMES_LIMIT: usize = 50_000;

/// Counts per name in windows of 15 minutes. Kept in memory: a restart forgives.
#[derive(Default)]
pub struct Attempts {
    counts: Mutex<Counts>,
}

type Counts = HashMap<String, (i64, u32)>;

impl Attempts {
    /// Counts one try for each name; or none, if a name has used up its limit: then so many seconds are to be waited. Called
    /// before the try, so that tries at the same time do not all find room.
    pub fn reserve(&self, names: &[(&str, u32)], now: Time) -> Result<(), u32> {
        let mut counts = self.counts();
        for (name, limit) in names {
            if let Some(seconds) = over(&counts, name, *limit, now) {
                return Err(seconds);
            }
        }
        for (name, _) in names {
            note(&mut counts, name, now);
        }
        Ok(())
    }

    /// Takes back one try that was counted.
    pub fn give_back(&self, name: &str) {
        let mut counts = self.counts();
        if let Some((_, count)) = counts.get_mut(name) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(name);
            }
        }
    }

    /// Starts afresh for a name.
    pub fn forget(&self, name: &str) {
        self.counts().remove(name);
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Seconds to wait if `name` has used up its `limit`.
fn over(counts: &Counts, name: &str, limit: u32, now: Time) -> Option<u32> {
    let (since, count) = counts.get(name).copied()?;
    // A clock that was set back must not lock anyone out for longer than a window.
    let left = (since.saturating_add(WINDOW_MS).saturating_sub(now.0)).min(WINDOW_MS);
    (count >= limit && left > 0).then(|| u32::try_from(left / 1000).unwrap_or(u32::MAX).max(1))
}

fn note(counts: &mut Counts, name: &str, now: Time) {
    if counts.len() >= NAMES_LIMIT {
        make_room(counts, now);
    }
    let entry = counts.entry(name.to_owned()).or_insert((now.0, 0));
    if entry.0.saturating_add(WINDOW_MS) <= now.0 || entry.0 > now.0 {
        *entry = (now.0, 0);
    }
    entry.1 = entry.1.saturating_add(1);
}

/// Drops what is over, and if that is not enough, names with few tries: whoever makes names up does not wash away the count of
/// the one that is guessed at.
fn make_room(counts: &mut Counts, now: Time) {
    counts.retain(|_, (since, _)| since.saturating_add(WINDOW_MS) > now.0);
    let mut least = 1;
    while counts.len() > NAMES_LIMIT / 2 {
        counts.retain(|_, (_, count)| *count > least);
        least *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_holds_within_a_window_and_ends_with_it() {
        let attempts = Attempts::default();
        let start = Time(1_000_000);
        let ana = [("ana", 3), ("here", 100)];
        for _ in 0..3 {
            assert_eq!(attempts.reserve(&ana, start), Ok(()));
        }
        assert_eq!(attempts.reserve(&ana, start), Err(900));
        assert_eq!(
            attempts.reserve(&[("here", 4)], start),
            Ok(()),
            "what was refused is not counted"
        );
        assert_eq!(attempts.reserve(&[("here", 4)], start), Err(900));
        assert_eq!(attempts.reserve(&[("ben", 3)], start), Ok(()));
        assert!(attempts.reserve(&ana, Time(0)).is_err_and(|s| s <= 900));
        attempts.give_back("ana");
        assert_eq!(attempts.reserve(&ana, start), Ok(()));
        assert_eq!(attempts.reserve(&ana, start), Err(900));
        assert_eq!(attempts.reserve(&ana, start.plus_seconds(900)), Ok(()));
    }

    #[test]
    fn names_made_up_do_not_wash_away_a_count() {
        let (attempts, now) = (Attempts::default(), Time(1_000_000));
        for _ in 0..10 {
            attempts.reserve(&[("ana", 10)], now).unwrap();
        }
        for n in 0..=NAMES_LIMIT {
            attempts.reserve(&[(&n.to_string(), 10)], now).unwrap();
        }
        assert!(attempts.counts().len() <= NAMES_LIMIT);
        assert_eq!(attempts.reserve(&[("ana", 10)], now), Err(900));
    }
}
