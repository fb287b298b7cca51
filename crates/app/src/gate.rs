//! Who is in the door right now.
//!
//! A release enters before it reads any consent and leaves when its bytes have been handed over. A revocation is written
//! first and then waits for every release that entered before and relies on what was taken back. Whoever dawdles (a slow client) is
//! cut: its remaining bytes never leave.
//!
//! With several processes on one store nobody knows who is in the other doors. So each answer must be out of the door within
//! a fixed time of entering it, or is cut; and a withdrawal, once written, waits that time. Only spans of time are compared, each
//! by one machine's own monotonic clock, so clocks need not agree.

use model::{AccountId, GrantId};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// How long an answer may take from entering the door to its last byte, if other processes serve the same store.
pub const HORIZON: Duration = Duration::from_secs(3);
/// What a withdrawal waits beyond that: two clocks may run at different speeds, never by so much.
const MARGIN: Duration = Duration::from_millis(300);

/// What a release relies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reliance {
    /// A grant, and so its owner's consent.
    Grant(GrantId),
    /// A counterparty's say.
    Say(AccountId),
}

#[derive(Default)]
struct Held {
    relies_on: Mutex<Vec<Reliance>>,
    cut: AtomicBool,
    until: Option<Instant>,
}

impl Held {
    fn is_late(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }
}

/// All releases under way in this process.
#[derive(Default)]
pub struct Gate {
    next: AtomicU64,
    inside: Mutex<HashMap<u64, Arc<Held>>>,
    left: Notify,
    horizon: Option<Duration>,
}

/// The right to be in the door. Dropped when the bytes have been handed over, or given up.
pub struct Permit {
    gate: Arc<Gate>,
    number: u64,
    held: Arc<Held>,
}

impl Gate {
    /// A gate; with a horizon if there are others.
    pub fn new(horizon: Option<Duration>) -> Self {
        Self {
            horizon,
            ..Self::default()
        }
    }

    /// Enters, relying on a grant.
    pub fn enter(self: &Arc<Self>, grant: GrantId) -> Permit {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let held = Arc::new(Held {
            relies_on: Mutex::new(vec![Reliance::Grant(grant)]),
            cut: AtomicBool::new(false),
            until: self.horizon.map(|horizon| Instant::now() + horizon),
        });
        lock(&self.inside).insert(number, Arc::clone(&held));
        Permit {
            gate: Arc::clone(self),
            number,
            held,
        }
    }

    /// Waits until nobody inside relies on `what` any more, here or in another process. Call it after the withdrawal is
    /// durable. Those still inside after `patience` are cut. Returns how many were cut.
    pub async fn drain(&self, what: Reliance, patience: Duration) -> usize {
        let elsewhere = self.horizon.map(|horizon| Instant::now() + horizon + MARGIN);
        let cut = self.drain_here(what, patience).await;
        if let Some(elsewhere) = elsewhere {
            tokio::time::sleep_until(elsewhere).await;
        }
        cut
    }

    async fn drain_here(&self, what: Reliance, patience: Duration) -> usize {
        let deadline = Instant::now() + patience;
        loop {
            let left = self.left.notified();
            tokio::pin!(left);
            // Registered before looking, so that a leave between the look and the wait is not missed.
            left.as_mut().enable();
            let inside = self.relying(what);
            if inside.is_empty() {
                return 0;
            }
            if tokio::time::timeout_at(deadline, left).await.is_err() {
                let inside = self.relying(what);
                for held in &inside {
                    held.cut.store(true, Ordering::SeqCst);
                }
                return inside.len();
            }
        }
    }

    fn relying(&self, what: Reliance) -> Vec<Arc<Held>> {
        lock(&self.inside)
            .values()
            .filter(|h| !h.cut.load(Ordering::SeqCst) && !h.is_late() && lock(&h.relies_on).contains(&what))
            .cloned()
            .collect()
    }
}

impl Permit {
    /// Also relies on these says. Call it before reading them.
    pub fn relies_on_says(&self, authors: impl Iterator<Item = AccountId>) {
        lock(&self.held.relies_on).extend(authors.map(Reliance::Say));
    }

    /// Whether what this relies on was taken back, or may have been elsewhere: no further byte may leave.
    pub fn is_cut(&self) -> bool {
        self.held.cut.load(Ordering::SeqCst) || self.is_late()
    }

    /// How long something may go on under this, if it would otherwise go on for `most`.
    pub fn left(&self, most: Duration) -> Duration {
        let until = self
            .held
            .until
            .map(|until| until.saturating_duration_since(Instant::now()));
        until.map_or(most, |left| left.min(most))
    }

    /// Whether the answer took longer than it may when others serve the same store.
    pub fn is_late(&self) -> bool {
        self.held.is_late()
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        lock(&self.gate.inside).remove(&self.number);
        self.gate.left.notify_waiters();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_revocation_waits_for_those_inside_and_cuts_those_who_dawdle() {
        let gate = Arc::new(Gate::default());
        let (mine, other) = (GrantId([1; 16]), GrantId([2; 16]));
        let slow = gate.enter(mine);
        let unconcerned = gate.enter(other);
        assert_eq!(gate.drain(Reliance::Grant(mine), Duration::from_secs(2)).await, 1);
        assert!(slow.is_cut() && !unconcerned.is_cut());

        let quick = gate.enter(mine);
        quick.relies_on_says([AccountId([3; 16])].into_iter());
        let drain = {
            let gate = Arc::clone(&gate);
            tokio::spawn(async move {
                gate.drain(Reliance::Say(AccountId([3; 16])), Duration::from_secs(60))
                    .await
            })
        };
        tokio::task::yield_now().await;
        assert!(!drain.is_finished());
        drop(quick);
        assert_eq!(drain.await.unwrap(), 0);
    }
}
