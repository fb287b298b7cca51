//! Why a store did not answer.

/// Why a store did not answer. Small on purpose: a caller can do four different things, so there are four.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The request cannot be carried out as it stands (too large, closed, folder in use); repeating it will not help.
    #[error("the store refused: {0}")]
    Rejected(String),
    /// It may or may not have happened. Read again before doing anything; never retry blindly.
    #[error("the store does not know whether it happened: {0}")]
    Unknown(String),
    /// It did not happen; later it may.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// What is stored contradicts itself. Stop and say so.
    #[error("the store is corrupt: {0}")]
    Corrupt(String),
}
