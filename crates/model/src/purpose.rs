//! Why data is used, and what may be done.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Why data is used. An agreement names several; a grant has exactly one: purposes are never bundled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Purpose {
    Recommendations,
    Messaging,
    Ranking,
    Advertising,
    Portability,
}

/// What may be done. Separate verbs, never bundled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Action {
    Read,
    Send,
    Delete,
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Recommendations => "recommendations",
            Self::Messaging => "messaging",
            Self::Ranking => "ranking",
            Self::Advertising => "advertising",
            Self::Portability => "portability",
        })
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Send => "send",
            Self::Delete => "delete",
        })
    }
}
