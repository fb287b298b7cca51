//! Queues in front of rows that change by compare-and-set.

use std::hash::{DefaultHasher, Hash, Hasher};
use tokio::sync::{Mutex, MutexGuard};

/// How many queues. Two rows that share one only wait for each other.
const PENS: usize = 1024;

/// Writers of this process to the same row take turns, so that they do not outbid each other in Paxos, round after round.
/// Between processes compare-and-set decides; nothing is right only because of a pen.
#[derive(Debug)]
pub(crate) struct Pens(Vec<Mutex<()>>);

impl Pens {
    pub(crate) fn new() -> Self {
        Self((0..PENS).map(|_| Mutex::default()).collect())
    }

    /// The pen of a row, when it is free. Nobody may hold two: they might be the same.
    pub(crate) async fn take(&self, row: impl Hash) -> Option<MutexGuard<'_, ()>> {
        let mut hasher = DefaultHasher::new();
        row.hash(&mut hasher);
        let at = usize::try_from(hasher.finish() % PENS as u64).unwrap_or(0);
        // There is one for each remainder.
        Some(self.0.get(at)?.lock().await)
    }
}
