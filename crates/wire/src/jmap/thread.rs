//! `Thread` (RFC 8621 section 3): a conversation.

use serde::{Deserialize, Serialize};

/// A conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Thread {
    /// Its id.
    pub id: String,
    /// Its messages, oldest first.
    pub email_ids: Vec<String>,
}

impl Thread {
    /// The properties a client can ask for.
    pub const PROPERTIES: [&'static str; 2] = ["id", "emailIds"];
}
