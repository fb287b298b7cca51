//! Why a use case did not happen. Knows nothing of HTTP; `web::problem` maps it.

use model::{InvalidTransition, Reason, TermsFault};
use store::StoreError;

/// Why a request of a partner or person is refused. Data, not text: each dialect words it itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// No token, an unknown one, or one that is void.
    Token,
    /// The grant does not answer any more, and why.
    Grant(Reason),
    /// Wrong name or password. Which of them is not said.
    Credentials,
    /// Too many tries; try again after so many seconds.
    RateLimited(u32),
    /// What the partner asks is wider than its agreement.
    Terms(TermsFault),
    /// The agreement is not in force, not published, or another partner's.
    Agreement,
    /// The answer would pass a ceiling of the agreement.
    Ceiling(&'static str),
}

/// Why a use case did not happen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Refused by a rule.
    #[error("refused: {0:?}")]
    Denied(Denied),
    /// Not there, or not for this caller to know of.
    #[error("not found")]
    NotFound,
    /// The input is wrong; the text says how and may be shown.
    #[error("{0}")]
    Invalid(String),
    /// Someone else changed it at the same time, or it exists.
    #[error("{0}")]
    Conflict(String),
    /// Larger than a limit; the text names it.
    #[error("{0}")]
    TooLarge(String),
    /// Not now. Nothing happened, or it is safe to try again.
    #[error("not available now: {0}")]
    Unavailable(String),
    /// The data contradicts itself, or cannot be opened.
    #[error("damaged data: {0}")]
    Corrupt(String),
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Rejected(text) => Self::TooLarge(text),
            StoreError::Unknown(text) | StoreError::Unavailable(text) => Self::Unavailable(text),
            StoreError::Corrupt(text) => Self::Corrupt(text),
        }
    }
}

impl From<InvalidTransition> for Error {
    fn from(error: InvalidTransition) -> Self {
        Self::Conflict(error.to_string())
    }
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}
