//! What happened since a state: to messages and letters, as clients that hold copies need to know.

use super::email::email_state;
use super::standard::{Happened, changes_response, numbers_of, state_of};
use super::{Arguments, Outcome, Own, checked};
use app::Error;
use app::mail::Index;
use model::MessageId;
use std::collections::BTreeMap;
use wire::jmap::{ChangesArguments, MethodErrorType, parse_arguments};
use wire::limits::MAX_OBJECTS_IN_GET;

/// What happened, and where that leads.
pub(super) struct Since {
    pub(super) happened: Happened,
    pub(super) new: [u64; 2],
    pub(super) more: bool,
}

/// Changes a client asks for at most, or the server gives.
pub(super) fn most(asked: &ChangesArguments) -> usize {
    let asked = asked
        .max_changes
        .map_or(usize::MAX, |n| usize::try_from(n.get()).unwrap_or(usize::MAX));
    asked.min(MAX_OBJECTS_IN_GET)
}

impl Own<'_> {
    pub(super) async fn email_changes(&mut self, arguments: Arguments) -> Outcome {
        let asked: ChangesArguments = checked!(parse_arguments(arguments));
        let since = checked!(numbers_of::<2>(&asked.since_state));
        let states = self.mail.states().await?;
        if asked.since_state == email_state(states) {
            let response = changes_response(
                &self.account,
                &asked.since_state,
                &asked.since_state,
                false,
                &BTreeMap::new(),
            );
            return Ok(Ok(vec![("Email/changes", response)]));
        }
        let index = self.mail.index().await?;
        let Some(since) = self.emails_since(since, most(&asked), &index).await? else {
            return Ok(Err(MethodErrorType::CannotCalculateChanges.into()));
        };
        let new = state_of(&since.new);
        let response = changes_response(&self.account, &asked.since_state, &new, since.more, &since.happened);
        Ok(Ok(vec![("Email/changes", response)]))
    }

    /// What happened to messages and letters since a state; `None` if that cannot be told.
    pub(super) async fn emails_since(
        &self,
        since: [u64; 2],
        most: usize,
        index: &Index,
    ) -> Result<Option<Since>, Error> {
        let [messages, filed] = since;
        let Some(came) = self.mail.message_changes(messages, most).await? else {
            return Ok(None);
        };
        let left = most.saturating_sub(came.changes.len());
        let mut new = [came.new_state, filed];
        let mut more = came.more;
        // Whether each was made since, for messages of conversations that came or went.
        let mut chats: BTreeMap<[u8; 16], bool> = BTreeMap::new();
        for (message, _, is_added) in came.changes {
            chats.entry(message).or_insert(is_added);
        }
        let mut made = chats.clone();
        if !came.more && left > 0 {
            let Some(changes) = self.mail.filing_changes(filed, left).await? else {
                return Ok(None);
            };
            for (id, (is_new, _)) in &changes.changed {
                let is_letter = index.get(MessageId(*id)).is_none_or(|entry| entry.letter().is_some());
                made.entry(*id).or_insert(*is_new && is_letter);
            }
            new = [came.new_state, changes.new_state];
            more = changes.more;
        } else if !came.more {
            more = self.mail.states().await?.filed > filed;
        }
        let happened = made
            .into_iter()
            .map(|(id, is_new)| (id, is_new, index.get(MessageId(id)).is_some()))
            // What came and went again is nothing to whoever held neither.
            .filter(|(_, is_new, is_there)| *is_there || !is_new)
            .map(|(id, is_new, is_there)| (MessageId(id).to_string(), (is_new, is_there)))
            .collect();
        Ok(Some(Since { happened, new, more }))
    }
}
