//! How much is asked of the nodes: for measurements.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts requests since the store was connected.
#[derive(Debug, Default)]
pub struct Traffic {
    requests: AtomicU64,
    round_trips: AtomicU64,
    under_way: AtomicU64,
}

impl Traffic {
    /// Requests that were sent to a node.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// How often requests had to be waited for. Those under way at the same time are waited for once; so this tells what one
    /// operation costs only while nothing else is going on.
    pub fn round_trips(&self) -> u64 {
        self.round_trips.load(Ordering::Relaxed)
    }

    /// A request is sent; its answer has come when this is dropped.
    pub(crate) fn request(&self) -> UnderWay<'_> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        if self.under_way.fetch_add(1, Ordering::Relaxed) == 0 {
            self.round_trips.fetch_add(1, Ordering::Relaxed);
        }
        UnderWay(self)
    }
}

pub(crate) struct UnderWay<'a>(&'a Traffic);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_at_the_same_time_are_one_round_trip() {
        let traffic = Traffic::default();
        let first = traffic.request();
        drop(traffic.request());
        drop(first);
        drop(traffic.request());
        assert_eq!((traffic.requests(), traffic.round_trips()), (3, 2));
    }
}
