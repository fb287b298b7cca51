//! What can go wrong for a partner, by what it should do next.

use std::fmt;

/// Why a call did not do what it should. Carries no token and no personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartnerError {
    /// The platform said no: do not try the same again.
    Refused {
        /// HTTP status, 4xx.
        status: u16,
        /// The OAuth error code, the last part of a problem type, or a JMAP error type.
        error: String,
        /// For the developer.
        description: String,
    },
    /// Not now: try again, after so many seconds if it said.
    Unavailable {
        /// `Retry-After`.
        retry_after: Option<u64>,
    },
    /// The answer breaks the protocol: stop.
    Protocol(String),
    /// No answer.
    Network(String),
}

impl PartnerError {
    /// Whether the permission is gone: unknown or void token, refused, or no such account any more.
    pub fn is_permission_gone(&self) -> bool {
        matches!(
            self,
            Self::Refused {
                status: 401 | 403 | 404,
                ..
            }
        )
    }
}

impl fmt::Display for PartnerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused {
                status,
                error,
                description,
            } => {
                write!(f, "refused with {status} `{error}`: {description}")
            }
            Self::Unavailable {
                retry_after: Some(seconds),
            } => write!(f, "not available now; try in {seconds} s"),
            Self::Unavailable { retry_after: None } => f.write_str("not available now"),
            Self::Protocol(what) => write!(f, "against the protocol: {what}"),
            Self::Network(what) => write!(f, "no answer: {what}"),
        }
    }
}

impl std::error::Error for PartnerError {}
