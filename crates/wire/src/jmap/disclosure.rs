//! What our capability adds to an `Email`.

use crate::oauth::Field;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// How much of a message is here, and if something is not, why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disclosure {
    /// The levels disclosed, least first.
    pub fields: Vec<Field>,
    /// `null`, or the reason: `counterparty`, `fields`, `conversation`, `retention`, …
    pub withheld: Option<Cow<'static, str>>,
    /// Catalogue titles the message mentions; empty without the level `mentions`.
    pub mentions: Vec<Mention>,
}

/// A mentioned title.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mention {
    /// The id in the partner's own catalogue.
    pub title: String,
    /// How it was spoken of.
    pub sentiment: Sentiment,
}

/// How a title was spoken of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Sentiment {
    Liked,
    Disliked,
    Neutral,
}
