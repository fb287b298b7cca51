//! The mailboxes a partner has (RFC 8621 section 2): the inbox, and two for what it writes itself.

use super::sending;
use app::Error;
use app::view::{Selection, Start, View};
use model::Action;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use wire::jmap::{EmailFilterCondition, Filter, Mailbox, MailboxRights, Role};

/// The inbox's id.
pub const INBOX: &str = "inbox";
/// Where drafts of a partner are.
pub const DRAFTS: &str = "drafts";
/// Where what it has submitted is.
pub const SENT: &str = "sent";

/// All there are, the inbox first. Counting the inbox reads all of it.
pub async fn all(view: &mut View<'_>, counts: bool) -> Result<Vec<Mailbox>, Error> {
    let mut all = Vec::new();
    if view.may(Action::Read) {
        let asked: &[String] = &[];
        all.push(inbox(view, Some(asked).filter(|_| !counts)).await?);
    }
    if !(view.may(Action::Send) || view.may(Action::Delete)) {
        return Ok(all);
    }
    let Some(sending) = view.sending().await? else {
        return Ok(all);
    };
    let written = sending.all().await?;
    for (id, name, role, sort_order) in [(DRAFTS, "Drafts", Role::Drafts, 2), (SENT, "Sent", Role::Sent, 3)] {
        let total = written.iter().filter(|(_, o)| sending::folder(o) == id).count() as u64;
        all.push(Mailbox {
            id: id.to_owned(),
            name: name.to_owned(),
            parent_id: None,
            role: Some(role),
            sort_order,
            total_emails: total,
            unread_emails: 0,
            total_threads: total,
            unread_threads: 0,
            my_rights: MailboxRights {
                may_read_items: true,
                may_add_items: id == DRAFTS && view.may(Action::Send),
                may_remove_items: id == DRAFTS || view.may(Action::Delete),
                may_submit: view.may(Action::Send),
                ..MailboxRights::default()
            },
            is_subscribed: true,
        });
    }
    Ok(all)
}

/// The state of all mailboxes.
pub async fn state(view: &mut View<'_>) -> Result<String, Error> {
    match view.may(Action::Read) {
        true => view.state().await,
        false => match view.sending().await? {
            Some(sending) => sending::state(&sending).await,
            None => Ok("0".to_owned()),
        },
    }
}

/// The mailbox of a filter that asks for nothing but one of those a partner writes in.
pub fn asked_for(filter: Option<&Filter<EmailFilterCondition>>) -> Option<&'static str> {
    let condition = match filter? {
        Filter::Condition(condition) => condition,
        Filter::Operator(_) => return None,
    };
    let own = [DRAFTS, SENT]
        .into_iter()
        .find(|id| condition.in_mailbox.as_deref() == Some(*id))?;
    let alone = EmailFilterCondition {
        in_mailbox: Some(own.to_owned()),
        ..EmailFilterCondition::default()
    };
    (*condition == alone).then_some(own)
}

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
