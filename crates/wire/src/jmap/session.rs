//! The session object (RFC 8620 section 2).

use super::{CORE, MAIL};
use crate::limits;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What a client needs to know before its first call. All URLs are absolute: existing clients need that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// URN to what the server says about it.
    pub capabilities: BTreeMap<String, Value>,
    /// Account id to account.
    pub accounts: BTreeMap<String, Account>,
    /// URN to the account to use for it.
    pub primary_accounts: BTreeMap<String, String>,
    /// Who is signed in; empty for a partner, who may know no name.
    pub username: String,
    /// Where requests are posted.
    pub api_url: String,
    /// Template with `{accountId}`, `{blobId}`, `{type}`, `{name}`.
    pub download_url: String,
    /// Template with `{accountId}`.
    pub upload_url: String,
    /// Template with `{types}`, `{closeafter}`, `{ping}`.
    pub event_source_url: String,
    /// Changes when anything else here does.
    pub state: String,
}

impl Session {
    /// For a client: the account to use for mail.
    pub fn mail_account(&self) -> Option<&str> {
        self.primary_accounts
            .get(MAIL)
            .or_else(|| self.primary_accounts.get(CORE))
            .map(String::as_str)
    }
}

/// An account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// To show to a person.
    pub name: String,
    /// Whether it belongs to who is signed in.
    pub is_personal: bool,
    /// Whether nothing in it can be changed.
    pub is_read_only: bool,
    /// URN to what the server says about it for this account.
    pub account_capabilities: BTreeMap<String, Value>,
}

/// The core capability: its seven limits and the collations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct CoreCapability {
    pub max_size_upload: usize,
    pub max_concurrent_upload: usize,
    pub max_size_request: usize,
    pub max_concurrent_requests: usize,
    pub max_calls_in_request: usize,
    pub max_objects_in_get: usize,
    pub max_objects_in_set: usize,
    pub collation_algorithms: Vec<String>,
}

impl Default for CoreCapability {
    /// The limits of [`crate::limits`].
    fn default() -> Self {
        Self {
            max_size_upload: limits::MAX_SIZE_UPLOAD,
            max_concurrent_upload: limits::MAX_CONCURRENT_UPLOAD,
            max_size_request: limits::MAX_SIZE_REQUEST,
            max_concurrent_requests: limits::MAX_CONCURRENT_REQUESTS,
            max_calls_in_request: limits::MAX_CALLS_IN_REQUEST,
            max_objects_in_get: limits::MAX_OBJECTS_IN_GET,
            max_objects_in_set: limits::MAX_OBJECTS_IN_SET,
            collation_algorithms: vec!["i;ascii-casemap".to_owned()],
        }
    }
}

/// The mail capability of an account (RFC 8621 section 1.3.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MailCapability {
    /// `None`: no limit.
    pub max_mailboxes_per_email: Option<u64>,
    /// `None`: no limit.
    pub max_mailbox_depth: Option<u64>,
    /// Bytes, at least 100.
    pub max_size_mailbox_name: u64,
    /// Bytes.
    pub max_size_attachments_per_email: u64,
    /// What `Email/query` can sort by.
    pub email_query_sort_options: Vec<String>,
    /// Whether a mailbox may be created at the top.
    pub may_create_top_level_mailbox: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The example of RFC 8620 section 2.1, as far as it is about core and mail.
    #[test]
    fn the_example_of_section_2_1_reads_and_writes_the_same() {
        let example = json!({
            "capabilities": {
                "urn:ietf:params:jmap:core": {
                    "maxSizeUpload": 50000000, "maxConcurrentUpload": 8, "maxSizeRequest": 10000000,
                    "maxConcurrentRequests": 8, "maxCallsInRequest": 32, "maxObjectsInGet": 256, "maxObjectsInSet": 128,
                    "collationAlgorithms": ["i;ascii-numeric", "i;ascii-casemap", "i;unicode-casemap"]
                },
                "urn:ietf:params:jmap:mail": {}
            },
            "accounts": {
                "A13824": {"name": "john@example.com", "isPersonal": true, "isReadOnly": false,
                           "accountCapabilities": {"urn:ietf:params:jmap:mail": {
                               "maxMailboxesPerEmail": null, "maxMailboxDepth": 10, "maxSizeMailboxName": 490,
                               "maxSizeAttachmentsPerEmail": 50000000, "emailQuerySortOptions": ["receivedAt"],
                               "mayCreateTopLevelMailbox": true}}}
            },
            "primaryAccounts": {"urn:ietf:params:jmap:mail": "A13824"},
            "username": "john@example.com",
            "apiUrl": "https://jmap.example.com/api/",
            "downloadUrl": "https://jmap.example.com/download/{accountId}/{blobId}/{name}?accept={type}",
            "uploadUrl": "https://jmap.example.com/upload/{accountId}/",
            "eventSourceUrl": "https://jmap.example.com/eventsource/?types={types}&closeafter={closeafter}&ping={ping}",
            "state": "75128aab4b1b"
        });
        let session: Session = serde_json::from_value(example.clone()).unwrap();
        assert_eq!(session.mail_account(), Some("A13824"));
        let core: CoreCapability = serde_json::from_value(session.capabilities[CORE].clone()).unwrap();
        assert_eq!(core.max_objects_in_get, 256);
        let mail = &session.accounts["A13824"].account_capabilities[MAIL];
        let typed: MailCapability = serde_json::from_value(mail.clone()).unwrap();
        assert_eq!(serde_json::to_value(&typed).unwrap(), *mail);
        assert_eq!(serde_json::to_value(&session).unwrap(), example);
    }

    #[test]
    fn our_core_capability_has_all_eight_members() {
        let value = serde_json::to_value(CoreCapability::default()).unwrap();
        assert_eq!(value.as_object().unwrap().len(), 8);
        assert_eq!(value["maxCallsInRequest"], 16);
    }
}
