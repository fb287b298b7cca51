//! `Mailbox` (RFC 8621 section 2).

use serde::{Deserialize, Serialize};

/// A folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mailbox {
    /// Its id.
    pub id: String,
    /// To show to a person.
    pub name: String,
    /// `None` at the top.
    pub parent_id: Option<String>,
    /// What it is for.
    pub role: Option<Role>,
    /// Lower first.
    pub sort_order: u32,
    /// Messages.
    pub total_emails: u64,
    /// Messages without `$seen` and `$draft`.
    pub unread_emails: u64,
    /// Conversations.
    pub total_threads: u64,
    /// Conversations with an unread message.
    pub unread_threads: u64,
    /// What who is signed in may do.
    pub my_rights: MailboxRights,
    /// Whether the person wants to see it.
    pub is_subscribed: bool,
}

impl Mailbox {
    /// The properties a client can ask for.
    pub const PROPERTIES: [&'static str; 11] = [
        "id",
        "name",
        "parentId",
        "role",
        "sortOrder",
        "totalEmails",
        "unreadEmails",
        "totalThreads",
        "unreadThreads",
        "myRights",
        "isSubscribed",
    ];
}

/// The roles we use, of the IANA registry "IMAP Mailbox Name Attributes", in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Role {
    Inbox,
    Sent,
    Archive,
    Trash,
    Drafts,
}

impl Role {
    /// As on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Sent => "sent",
            Self::Archive => "archive",
            Self::Trash => "trash",
            Self::Drafts => "drafts",
        }
    }
}

/// What may be done in a mailbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct MailboxRights {
    pub may_read_items: bool,
    pub may_add_items: bool,
    pub may_remove_items: bool,
    pub may_set_seen: bool,
    pub may_set_keywords: bool,
    pub may_create_child: bool,
    pub may_rename: bool,
    pub may_delete: bool,
    pub may_submit: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jmap::select;
    use serde_json::json;

    /// A mailbox of the example in RFC 8621 section 2.6.
    #[test]
    fn the_example_of_the_rfc_reads_and_writes_the_same() {
        let example = json!({
            "id": "MB23cfa8094c0f41e6", "name": "Inbox", "parentId": null, "role": "inbox", "sortOrder": 10,
            "totalEmails": 16307, "unreadEmails": 13905, "totalThreads": 5833, "unreadThreads": 5128,
            "myRights": {"mayAddItems": true, "mayRename": false, "maySubmit": true, "mayDelete": false, "maySetKeywords": true,
                         "mayRemoveItems": true, "mayCreateChild": true, "maySetSeen": true, "mayReadItems": true},
            "isSubscribed": true
        });
        let mailbox: Mailbox = serde_json::from_value(example.clone()).unwrap();
        assert_eq!(serde_json::to_value(&mailbox).unwrap(), example);
        let all: Vec<String> = Mailbox::PROPERTIES.iter().map(|&p| p.to_owned()).collect();
        assert_eq!(
            select(&mailbox, Some(&all)).unwrap(),
            example,
            "`PROPERTIES` names every member"
        );
    }
}
