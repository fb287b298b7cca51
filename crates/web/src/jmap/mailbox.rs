//! The one mailbox there is (RFC 8621 section 2).

use app::Error;
use app::view::{Selection, Start, View};
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use wire::jmap::{Mailbox, MailboxRights, Role};

/// Its id.
pub const INBOX: &str = "inbox";

/// The inbox. Counting reads all of it, so that is done only if a count was asked for.
pub async fn inbox(view: &mut View<'_>, asked: Option<&[String]>) -> Result<Mailbox, Error> {
    let counts = asked.is_none_or(|names| names.iter().any(|n| n == "totalEmails" || n == "totalThreads"));
    let (mut total_emails, mut total_threads) = (0, 0);
    if counts {
        let threads = Mutex::new(HashSet::new());
        let all = Selection {
            accept: &|item| {
                threads
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(item.thread.clone());
                true
            },
            filtered: false,
            oldest_first: false,
            by: None,
            one_per_thread: false,
            start: Start::At(0),
            limit: usize::MAX,
        };
        total_emails = view.count(&all).await?.0;
        total_threads = threads.lock().unwrap_or_else(PoisonError::into_inner).len() as u64;
    }
    Ok(Mailbox {
        id: INBOX.to_owned(),
        name: "Inbox".to_owned(),
        parent_id: None,
        role: Some(Role::Inbox),
        sort_order: 1,
        total_emails,
        unread_emails: 0,
        total_threads,
        unread_threads: 0,
        my_rights: MailboxRights {
            may_read_items: true,
            ..MailboxRights::default()
        },
        is_subscribed: true,
    })
}
