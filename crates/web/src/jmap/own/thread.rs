//! `Thread/get` and `Thread/changes` (RFC 8621 section 3).

use super::standard::{Happened, changes_response, get_response, numbers_of, state_of};
use super::sync::most;
use super::{Arguments, Outcome, Own, checked};
use app::mail::{parse_thread, show_thread};
use serde_json::json;
use std::collections::{BTreeMap, HashSet};
use wire::jmap::{ChangesArguments, GetArguments, MethodErrorType, Thread, parse_arguments, require_known};
use wire::limits::MAX_OBJECTS_IN_GET;

impl Own<'_> {
    async fn thread_state(&self) -> Result<String, app::Error> {
        let states = self.mail.states().await?;
        Ok(state_of(&[states.messages, self.mail.threads_state().await?]))
    }

    pub(super) async fn thread_get(&mut self, arguments: Arguments) -> Outcome {
        let asked = checked!(GetArguments::parse(arguments));
        let properties = asked.properties.as_deref();
        checked!(properties.map_or(Ok(()), |p| require_known(p, &Thread::PROPERTIES)));
        let state = self.thread_state().await?;
        let index = self.mail.index().await?;
        let ids = match asked.ids {
            Some(ids) => ids,
            None => index.threads().map(show_thread).collect(),
        };
        if ids.len() > MAX_OBJECTS_IN_GET {
            return Ok(Err(MethodErrorType::RequestTooLarge.into()));
        }
        let (mut list, mut not_found) = (Vec::new(), Vec::new());
        let mut answered = HashSet::new();
        for id in ids {
            if !answered.insert(id.clone()) {
                continue;
            }
            let real = self.real_id(&id).as_deref().and_then(parse_thread);
            let emails: Vec<String> = real
                .map(|thread| index.thread(thread).map(|e| e.id.to_string()).collect())
                .unwrap_or_default();
            if emails.is_empty() {
                not_found.push(id);
                continue;
            }
            let thread = json!({"id": id, "emailIds": emails});
            list.push(super::standard::selected(thread, properties));
        }
        Ok(Ok(vec![(
            "Thread/get",
            get_response(&self.account, &state, list, not_found),
        )]))
    }

    /// A conversation is told of when a message or letter of it comes or goes.
    pub(super) async fn thread_changes(&mut self, arguments: Arguments) -> Outcome {
        let asked: ChangesArguments = checked!(parse_arguments(arguments));
        let [messages, letters] = checked!(numbers_of::<2>(&asked.since_state));
        let most = most(&asked);
        let cannot = || Ok(Err(MethodErrorType::CannotCalculateChanges.into()));
        let Some(came) = self.mail.message_changes(messages, most).await? else {
            return cannot();
        };
        let left = most.saturating_sub(came.changes.len());
        let Some(changes) = self.mail.thread_changes(letters, left).await? else {
            return cannot();
        };
        let index = self.mail.index().await?;
        let added: HashSet<[u8; 16]> = came
            .changes
            .iter()
            .filter(|(.., added)| *added)
            .map(|(id, ..)| *id)
            .collect();
        let mut happened: Happened = BTreeMap::new();
        for thread in came.changes.iter().map(|(_, thread, _)| *thread) {
            // It is new if there is nothing in it but what has come since.
            let is_new = index
                .thread(thread)
                .all(|e| e.letter().is_none() && added.contains(&e.id.0))
                && came
                    .changes
                    .iter()
                    .filter(|(_, t, _)| *t == thread)
                    .all(|(.., added)| *added);
            let is_there = index.thread(thread).next().is_some();
            happened.insert(show_thread(thread), (is_new, is_there));
        }
        for (thread, (is_new, _)) in changes.changed {
            let Some(id) = parse_thread(&thread) else { continue };
            let has_older = index
                .thread(id)
                .any(|e| e.letter().is_none() && !added.contains(&e.id.0));
            let is_there = index.thread(id).next().is_some();
            let chat = happened.get(&thread).copied();
            let is_new = chat.map_or(is_new && !has_older, |(chat_is_new, _)| chat_is_new && is_new);
            happened.insert(thread, (is_new, is_there));
        }
        happened.retain(|_, (is_new, is_there)| *is_there || !*is_new);
        let new = state_of(&[came.new_state, changes.new_state]);
        let more = came.more || changes.more;
        let response = changes_response(&self.account, &asked.since_state, &new, more, &happened);
        Ok(Ok(vec![("Thread/changes", response)]))
    }
}
