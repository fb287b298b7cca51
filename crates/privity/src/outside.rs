//! The wall clock and the operating system's randomness: the only place that asks for them.

use app::{Outside, Processes};
use model::{Clock, Entropy, Time};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one clock of the product")]
    fn now(&self) -> Time {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

struct System;

impl Entropy for System {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one source of randomness of the product"
    )]
    fn fill(&self, buffer: &mut [u8]) {
        if getrandom::fill(buffer).is_err() {
            // A guessable key is worse than none (model::Entropy).
            std::process::abort();
        }
    }
}

/// The real outside of a process that has its store for itself.
pub fn real() -> Outside {
    Outside {
        processes: Processes::One,
        clock: Arc::new(WallClock),
        entropy: Arc::new(System),
    }
}

/// The operating system's randomness.
pub fn entropy() -> Arc<dyn Entropy> {
    Arc::new(System)
}

/// Now.
pub fn now() -> Time {
    WallClock.now()
}

/// Fresh random bytes.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    System.fill(&mut bytes);
    bytes
}
