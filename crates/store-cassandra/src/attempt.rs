//! Names for attempts at writing, of which none is used twice.

use scylla::client::session::Session;
use std::sync::atomic::{AtomicU64, Ordering};

/// 16 bytes: 8 of the session, which the driver drew at random, then a count.
pub(crate) type Attempt = [u8; 16];

/// Where attempts come from.
#[derive(Debug)]
pub(crate) struct Attempts {
    session: [u8; 8],
    next: AtomicU64,
}

impl Attempts {
    /// Those of a session.
    pub(crate) fn of(session: &Session) -> Self {
        let id = session.session_id();
        let (first, last) = id.as_u64_pair();
        // A UUID's fixed bits are in different places of its halves: together they leave none fixed.
        Self {
            session: (first ^ last.rotate_left(32)).to_be_bytes(),
            next: AtomicU64::new(0),
        }
    }

    /// A new one.
    pub(crate) fn next(&self) -> Attempt {
        let count = self.next.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let mut attempt = [0; 16];
        for (to, from) in attempt.iter_mut().zip(self.session.iter().chain(&count)) {
            *to = *from;
        }
        attempt
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_attempt_is_used_twice() {
        let attempts = Attempts {
            session: [7; 8],
            next: AtomicU64::new(254),
        };
        let (a, b) = (attempts.next(), attempts.next());
        assert_eq!(a, [[7; 8], 254_u64.to_be_bytes()].concat()[..]);
        assert_eq!(b, [[7; 8], 255_u64.to_be_bytes()].concat()[..]);
    }
}
