//! `Email/query`, `/queryChanges`, and `SearchSnippet/get`, over everything a person has.

use super::email::email_state;
use super::filter::{self, Condition, Texts, Wanted};
use super::standard::{Window, numbers_of, query_changes, query_response};
use super::sync::Since;
use super::{Arguments, Outcome, Own, checked};
use crate::jmap::snippet;
use app::Error;
use app::mail::{Content, Entry, Index};
use model::MessageId;
use serde_json::json;
use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap, HashSet};
use wire::jmap::{
    Comparator, EmailFilterCondition, EmailQueryArguments, EmailQueryChangesArguments, Filter, MethodError,
    MethodErrorType, SearchSnippetArguments,
};

/// Messages and letters whose content one query looks at, at most.
const READ_LIMIT: usize = 200_000;
/// How many are read at once.
const CHUNK: usize = 200;

/// What results can be ordered by (RFC 8621 section 4.4.2).
pub const SORTS: [&str; 9] = [
    "receivedAt",
    "sentAt",
    "size",
    "from",
    "to",
    "subject",
    "hasKeyword",
    "allInThreadHaveKeyword",
    "someInThreadHaveKeyword",
];

/// A query, ready to run.
struct Query {
    filter: Option<Wanted>,
    sort: Vec<Comparator>,
    one_per_thread: bool,
}

impl Query {
    fn of(
        filter: Option<Filter<EmailFilterCondition>>,
        sort: Option<Vec<Comparator>>,
        one_per_thread: bool,
    ) -> Result<Self, MethodError> {
        filter::supported(filter.as_ref())?;
        let sort = sort.unwrap_or_default();
        for comparator in &sort {
            let unsupported = |why: &str| Err(MethodError::new(MethodErrorType::UnsupportedSort, why));
            if !SORTS.contains(&comparator.property.as_str()) {
                return unsupported("no such property to sort by");
            }
            if comparator.property.ends_with("Keyword") != comparator.keyword.is_some() {
                return Err(MethodError::invalid_arguments(
                    "`keyword` goes with the properties that have it in their name",
                ));
            }
            let known = ["i;ascii-casemap", "i;unicode-casemap", "i;octet"];
            if comparator.collation.as_deref().is_some_and(|c| !known.contains(&c)) {
                return unsupported("no such collation");
            }
        }
        Ok(Self {
            filter: filter.map(|tree| tree.map(&Condition::of)),
            sort,
            one_per_thread,
        })
    }

    fn sorts_by_content(&self) -> bool {
        self.sort
            .iter()
            .any(|c| matches!(c.property.as_str(), "from" | "to" | "subject" | "sentAt"))
    }

    /// Whether the results come in the order of the index, and nothing has to be read for them.
    fn walks(&self) -> bool {
        let newest_first = match self.sort.as_slice() {
            [] => true,
            [only] => only.property == "receivedAt" && !only.is_ascending,
            _ => false,
        };
        newest_first && !filter::reads(self.filter.as_ref())
    }

    fn compare(&self, index: &Index, a: (&Entry, Option<&Texts>), b: (&Entry, Option<&Texts>)) -> Ordering {
        let by = |c: &Comparator| {
            let property = c.property.as_str();
            let keyword = c.keyword.as_deref().unwrap_or_default();
            let text = |texts: Option<&Texts>| texts.map(|t| t.key(property).to_owned());
            let seconds = |(entry, texts): (&Entry, Option<&Texts>)| {
                texts
                    .and_then(Texts::sent_at)
                    .unwrap_or_else(|| entry.at.unix_seconds())
            };
            let all = |entry: &Entry| index.thread(entry.thread).all(|e| e.has_keyword(keyword));
            let some = |entry: &Entry| index.thread(entry.thread).any(|e| e.has_keyword(keyword));
            let ordering = match property {
                "receivedAt" => a.0.at.cmp(&b.0.at),
                "sentAt" => seconds(a).cmp(&seconds(b)),
                "size" => a.0.size.cmp(&b.0.size),
                // What is marked comes first, as elsewhere.
                "hasKeyword" => b.0.has_keyword(keyword).cmp(&a.0.has_keyword(keyword)),
                "allInThreadHaveKeyword" => all(b.0).cmp(&all(a.0)),
                "someInThreadHaveKeyword" => some(b.0).cmp(&some(a.0)),
                _ => text(a.1).cmp(&text(b.1)),
            };
            if c.is_ascending { ordering } else { ordering.reverse() }
        };
        let rest = || (b.0.at, b.0.id).cmp(&(a.0.at, a.0.id));
        self.sort.iter().map(by).find(|o| o.is_ne()).unwrap_or_else(rest)
    }
}

impl Own<'_> {
    pub(super) async fn email_query(&mut self, arguments: Arguments) -> Outcome {
        let asked = checked!(EmailQueryArguments::parse(arguments));
        let query = checked!(Query::of(asked.filter, asked.sort, asked.collapse_threads));
        let index = self.mail.index().await?;
        let window = Window {
            position: asked.position,
            anchor: asked.anchor,
            anchor_offset: asked.anchor_offset,
            limit: asked.limit,
        };
        let enough = window.enough().filter(|_| !asked.calculate_total);
        let ids = checked!(self.results(&query, &index, enough).await?);
        let state = email_state(index.states());
        let response = checked!(query_response(
            &self.account,
            &state,
            &window,
            &ids,
            asked.calculate_total
        ));
        Ok(Ok(vec![("Email/query", response)]))
    }

    pub(super) async fn email_query_changes(&mut self, arguments: Arguments) -> Outcome {
        let asked = checked!(EmailQueryChangesArguments::parse(arguments));
        let query = checked!(Query::of(asked.filter, asked.sort, asked.collapse_threads));
        let since = checked!(numbers_of::<2>(&asked.since_query_state));
        let index = self.mail.index().await?;
        let Some(happened) = self.emails_since(since, usize::MAX, &index).await? else {
            return Ok(Err(MethodErrorType::CannotCalculateChanges.into()));
        };
        let Since { happened, .. } = happened;
        let gone = happened.values().any(|(_, there)| !there);
        // Which message stands for a conversation, and what all of it is marked with, depends on all of it.
        let by_thread = query.one_per_thread
            || query.sort.iter().any(|c| c.property.contains("InThread"))
            || query
                .filter
                .as_ref()
                .is_some_and(|f| f.conditions().into_iter().any(Condition::looks_at_threads));
        if by_thread && gone {
            return Ok(Err(MethodErrorType::CannotCalculateChanges.into()));
        }
        let mut changed: BTreeSet<String> = happened.keys().cloned().collect();
        if by_thread {
            let threads: HashSet<[u8; 16]> = happened
                .keys()
                .filter_map(|id| self.entry(&index, id))
                .map(|e| e.thread)
                .collect();
            for thread in threads {
                changed.extend(index.thread(thread).map(|e| e.id.to_string()));
            }
        }
        let results = checked!(self.results(&query, &index, None).await?);
        let changed: Vec<String> = changed.into_iter().collect();
        let most = asked
            .max_changes
            .map(|n| usize::try_from(n.get()).unwrap_or(usize::MAX));
        let state = email_state(index.states());
        let response = checked!(query_changes(
            &self.account,
            (&asked.since_query_state, &state),
            &changed,
            &results,
            asked.up_to_id.as_deref(),
            most,
            asked.calculate_total,
        ));
        Ok(Ok(vec![("Email/queryChanges", response)]))
    }

    /// The results of a query, in order: all of them, or the first so many.
    async fn results(
        &self,
        query: &Query,
        index: &Index,
        enough: Option<usize>,
    ) -> Result<Result<Vec<MessageId>, MethodError>, Error> {
        if let (true, Some(enough)) = (query.walks(), enough) {
            let mut threads = HashSet::new();
            let all = index.entries().iter().rev();
            let wanted = all.filter(|entry| filter::matches(query.filter.as_ref(), entry, index, None));
            let found = wanted.filter(|entry| !query.one_per_thread || threads.insert(entry.thread));
            return Ok(Ok(found.take(enough).map(|entry| entry.id).collect()));
        }
        let reads = filter::reads(query.filter.as_ref());
        let mut found: Vec<&Entry> = index.entries().iter().rev().collect();
        let mut texts: HashMap<[u8; 16], Texts> = HashMap::new();
        if reads || query.sorts_by_content() {
            if found.len() > READ_LIMIT {
                let why = format!("this looks at the text of more than {READ_LIMIT} messages");
                return Ok(Err(MethodError::new(MethodErrorType::UnsupportedFilter, why)));
            }
            let mut kept = Vec::new();
            for chunk in found.chunks(CHUNK) {
                let entries: Vec<Entry> = chunk.iter().map(|e| (*e).clone()).collect();
                for (entry, content) in chunk.iter().zip(self.mail.contents(&entries).await?) {
                    let Some(content) = content else { continue };
                    let read = Texts::of(&content, &self.host);
                    if filter::matches(query.filter.as_ref(), entry, index, Some(&read)) {
                        kept.push(*entry);
                        if query.sorts_by_content() {
                            texts.insert(entry.id.0, read);
                        }
                    }
                }
                tokio::task::yield_now().await;
            }
            found = kept;
        } else if query.filter.is_some() {
            found.retain(|entry| filter::matches(query.filter.as_ref(), entry, index, None));
        }
        match query.sort.as_slice() {
            // They are in this order already.
            [] => {}
            [only] if only.property == "receivedAt" && !only.is_ascending => {}
            [only] if only.property == "receivedAt" => found.reverse(),
            _ => found.sort_by(|a, b| query.compare(index, (a, texts.get(&a.id.0)), (b, texts.get(&b.id.0)))),
        }
        if query.one_per_thread {
            let mut threads = HashSet::new();
            found.retain(|entry| threads.insert(entry.thread));
        }
        Ok(Ok(found.into_iter().map(|entry| entry.id).collect()))
    }

    pub(super) async fn search_snippet_get(&mut self, arguments: Arguments) -> Outcome {
        let asked = checked!(SearchSnippetArguments::parse(arguments));
        checked!(filter::supported(asked.filter.as_ref()));
        let words = snippet::Words::of(asked.filter.as_ref());
        let index = self.mail.index().await?;
        let (mut list, mut not_found) = (Vec::new(), Vec::new());
        let mut answered = HashSet::new();
        for id in asked.email_ids.unwrap_or_default() {
            if !answered.insert(id.clone()) {
                continue;
            }
            let Some(entry) = self.entry(&index, &id).cloned() else {
                not_found.push(id);
                continue;
            };
            let content = self.mail.contents(std::slice::from_ref(&entry)).await?.pop().flatten();
            let (subject, text) = match content {
                None => {
                    not_found.push(id);
                    continue;
                }
                Some(Content::Chat(item)) => (item.subject.clone(), item.text.clone()),
                Some(Content::Letter(raw)) => match letter::Letter::parse(&raw) {
                    Ok(letter) => (letter.subject(), Some(letter.body_text())),
                    Err(_) => (None, None),
                },
            };
            list.push(snippet::of(&id, subject.as_deref(), text.as_deref(), &words));
        }
        let not_found = if not_found.is_empty() {
            json!(null)
        } else {
            json!(not_found)
        };
        let response = json!({"accountId": self.account, "list": list, "notFound": not_found});
        Ok(Ok(vec![("SearchSnippet/get", response)]))
    }
}
