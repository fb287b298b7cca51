//! What the model never does itself: read a clock, draw randomness.

use crate::Time;

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Time;
}

/// Where randomness comes from. The product's is the operating system's.
pub trait Entropy: Send + Sync {
    /// Fills `buffer` with bytes nobody can guess.
    ///
    /// An implementation that cannot must stop the process: a guessable key is worse than none.
    fn fill(&self, buffer: &mut [u8]);
}
