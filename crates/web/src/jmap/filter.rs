//! Filters and sorts of `Email/query`. For a partner they look only at what it may see: a filter is no oracle.

use super::mailbox::INBOX;
use app::view::{Author, Item, View};
use model::{Field, Time};
use wire::jmap::{Comparator, EmailFilterCondition, Filter, MethodError, MethodErrorType};

/// Refuses what is not known, and what would ask about a level the viewer may not see.
pub fn supported(filter: Option<&Filter<EmailFilterCondition>>, view: &View<'_>) -> Result<(), MethodError> {
    let Some(filter) = filter else { return Ok(()) };
    let fields = view.fields();
    for condition in filter.conditions() {
        let c = condition;
        if c.header.is_some() {
            return Err(unsupported("header fields are not kept"));
        }
        let asks_text = c.text.is_some() || c.body.is_some() || c.subject.is_some();
        if asks_text && !fields.contains(Field::Text) {
            return Err(unsupported("this grant does not cover `text`"));
        }
        let asks_envelope = c.from.is_some()
            || c.to.is_some()
            || c.cc.is_some()
            || c.bcc.is_some()
            || c.min_size.is_some()
            || c.max_size.is_some()
            || c.has_attachment.is_some();
        if asks_envelope && !fields.contains(Field::Envelope) {
            return Err(unsupported("this grant does not cover `envelope`"));
        }
    }
    Ok(())
}

fn unsupported(why: &str) -> MethodError {
    MethodError::new(MethodErrorType::UnsupportedFilter, why)
}

/// Whether the oldest come first. Only time can be sorted by.
pub fn oldest_first(sort: Option<&[Comparator]>) -> Result<bool, MethodError> {
    let Some([first, rest @ ..]) = sort else {
        return Ok(false);
    };
    let by_time = |c: &Comparator| matches!(c.property.as_str(), "receivedAt" | "sentAt");
    match by_time(first) && rest.iter().all(|c| by_time(c) && c.is_ascending == first.is_ascending) {
        true => Ok(first.is_ascending),
        false => Err(MethodError::new(
            MethodErrorType::UnsupportedSort,
            "only `receivedAt` and `sentAt`",
        )),
    }
}

/// Whether a filter tells messages apart at all: all are in the one mailbox.
pub fn selects(filter: Option<&Filter<EmailFilterCondition>>) -> bool {
    let all = |c: &EmailFilterCondition| {
        let rest = EmailFilterCondition {
            in_mailbox: None,
            ..c.clone()
        };
        c.in_mailbox.as_deref().is_none_or(|id| id == INBOX) && rest == EmailFilterCondition::default()
    };
    filter.is_some_and(|filter| !matches!(filter, Filter::Condition(c) if all(c)))
}

/// Whether a message matches.
pub fn matches(filter: Option<&Filter<EmailFilterCondition>>, item: &Item) -> bool {
    filter.is_none_or(|filter| filter.matches(&|condition| holds(condition, item)))
}

fn holds(c: &EmailFilterCondition, item: &Item) -> bool {
    let time = |text: &Option<String>| text.as_deref().and_then(|t| t.parse::<Time>().ok());
    let exact = item.fields.contains(Field::Envelope);
    // Every message is in the inbox and has been seen.
    let seen = |keyword: &Option<String>| keyword.as_deref().is_none_or(|k| k.eq_ignore_ascii_case("$seen"));
    let unseen = |keyword: &Option<String>| keyword.as_deref().is_none_or(|k| !k.eq_ignore_ascii_case("$seen"));
    c.in_mailbox.as_deref().is_none_or(|id| id == INBOX)
        && c.in_mailbox_other_than
            .as_ref()
            .is_none_or(|ids| !ids.iter().any(|id| id == INBOX))
        && time(&c.before).is_none_or(|t| item.at < t)
        && time(&c.after).is_none_or(|t| item.at >= t)
        && c.min_size.is_none_or(|n| exact && item.size as u64 >= n)
        && c.max_size.is_none_or(|n| exact && (item.size as u64) < n)
        && seen(&c.has_keyword)
        && seen(&c.all_in_thread_have_keyword)
        && seen(&c.some_in_thread_have_keyword)
        && unseen(&c.not_keyword)
        && unseen(&c.none_in_thread_have_keyword)
        && c.has_attachment
            .is_none_or(|has| exact && has != item.attachments.is_empty())
        && c.from.as_deref().is_none_or(|t| from_contains(item, t))
        && c.to.as_deref().is_none_or(|t| to_contains(item, t))
        && c.cc.is_none()
        && c.bcc.is_none()
        && c.subject
            .as_deref()
            .is_none_or(|t| contains(item.subject.as_deref(), t))
        && c.body.as_deref().is_none_or(|t| contains(item.text.as_deref(), t))
        && c.text.as_deref().is_none_or(|t| {
            contains(item.text.as_deref(), t)
                || contains(item.subject.as_deref(), t)
                || from_contains(item, t)
                || to_contains(item, t)
        })
}

fn from_contains(item: &Item, text: &str) -> bool {
    match &item.author {
        Author::Person(address) => contains(address.name.as_deref(), text) || contains(Some(&address.id), text),
        Author::You | Author::Someone => false,
    }
}

fn to_contains(item: &Item, text: &str) -> bool {
    item.to
        .iter()
        .any(|a| contains(a.name.as_deref(), text) || contains(Some(&a.id), text))
}

fn contains(hay: Option<&str>, needle: &str) -> bool {
    hay.is_some_and(|hay| hay.to_lowercase().contains(&needle.to_lowercase()))
}
