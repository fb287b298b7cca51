//! Request-level errors (RFC 8620 section 3.6.1): the whole request is refused, as problem details.

use crate::Problem;
use std::fmt;

/// Why a request is refused before any method runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestError {
    /// `using` names something nobody has defined.
    UnknownCapability(String),
    /// Not I-JSON.
    NotJson(String),
    /// JSON, but not a `Request`.
    NotRequest(String),
    /// Over a limit of the core capability: its name and its value.
    Limit(&'static str, usize),
    /// One more than the client may have at a time (`maxConcurrentRequests`).
    TooMany(usize),
}

impl RequestError {
    /// The last part of the type URN.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::UnknownCapability(_) => "unknownCapability",
            Self::NotJson(_) => "notJSON",
            Self::NotRequest(_) => "notRequest",
            Self::Limit(..) | Self::TooMany(_) => "limit",
        }
    }

    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        match self {
            Self::TooMany(_) => 429,
            _ => 400,
        }
    }

    /// As problem details.
    pub fn problem(&self) -> Problem {
        let problem = Problem::new(
            format!("urn:ietf:params:jmap:error:{}", self.name()),
            self.status(),
            self.to_string(),
        );
        match self {
            Self::Limit(name, _) => problem.with("limit", *name),
            Self::TooMany(_) => problem.with("limit", "maxConcurrentRequests"),
            _ => problem,
        }
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownCapability(urn) => write!(f, "unknown capability `{urn}`"),
            Self::NotJson(detail) => f.write_str(detail),
            Self::NotRequest(detail) => write!(f, "not a request: {detail}"),
            Self::TooMany(max) => write!(f, "more than {max} requests at a time"),
            Self::Limit(name, max) => write!(f, "the request is over the limit `{name}` of {max}"),
        }
    }
}

impl std::error::Error for RequestError {}
