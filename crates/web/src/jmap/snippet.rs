//! `SearchSnippet/get`: where the words that were searched for stand. For a partner, only in what it sees.

use super::filter;
use super::methods::{Context, Outcome, check, own_account, respond};
use app::view::{Item, View};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use wire::jmap::{
    EmailFilterCondition, Filter, MethodCall, MethodResponse, Operator, SearchSnippet, SearchSnippetArguments,
    SearchSnippetResponse,
};

/// Bytes of a preview (RFC 8621 section 5).
const PREVIEW: usize = 255;
/// Characters kept before the first word that was found.
const BEFORE: usize = 40;

impl Context {
    pub(super) async fn search_snippet_get(
        &self,
        view: &mut View<'_>,
        call: &MethodCall,
        arguments: Map<String, Value>,
    ) -> Outcome<MethodResponse> {
        let asked = check!(SearchSnippetArguments::parse(arguments));
        check!(own_account(view, &asked.account_id));
        check!(filter::supported(asked.filter.as_ref(), view));
        let words = Words::of(asked.filter.as_ref());
        let mut ids = asked.email_ids.unwrap_or_default();
        let mut answered = BTreeSet::new();
        ids.retain(|id| answered.insert(id.clone()));
        let items = view.items(&ids).await?;
        let (mut list, mut not_found) = (Vec::new(), Vec::new());
        for (id, item) in ids.into_iter().zip(items) {
            match item {
                Some(item) => list.push(snippet(&item, &words)),
                None => not_found.push(id),
            }
        }
        let response = SearchSnippetResponse {
            account_id: asked.account_id,
            list,
            not_found: (!not_found.is_empty()).then_some(not_found),
        };
        Ok(Ok(respond(call, &response)))
    }
}

/// What is looked for, in lower case.
#[derive(Default)]
pub(super) struct Words {
    subject: Vec<Vec<char>>,
    body: Vec<Vec<char>>,
}

impl Words {
    pub(super) fn of(filter: Option<&Filter<EmailFilterCondition>>) -> Self {
        let mut words = Self::default();
        if let Some(filter) = filter {
            words.add(filter);
        }
        words
    }

    /// What stands under `NOT` is not there to be marked.
    fn add(&mut self, filter: &Filter<EmailFilterCondition>) {
        match filter {
            Filter::Operator(inner) if inner.operator != Operator::Not => {
                inner.conditions.iter().for_each(|c| self.add(c));
            }
            Filter::Operator(_) => {}
            Filter::Condition(c) => {
                let lower = |text: &String| text.chars().map(lower).collect::<Vec<char>>();
                let not_empty = |text: &&String| !text.is_empty();
                self.subject
                    .extend([&c.text, &c.subject].into_iter().flatten().filter(not_empty).map(lower));
                self.body
                    .extend([&c.text, &c.body].into_iter().flatten().filter(not_empty).map(lower));
            }
        }
    }
}

fn snippet(item: &Item, words: &Words) -> SearchSnippet {
    of(&item.id, item.subject.as_deref(), item.text.as_deref(), words)
}

/// The snippet of a subject and a text.
pub(super) fn of(id: &str, subject: Option<&str>, text: Option<&str>, words: &Words) -> SearchSnippet {
    SearchSnippet {
        email_id: id.to_owned(),
        subject: subject.and_then(|text| marked(text, &words.subject, usize::MAX)),
        preview: text.and_then(|text| marked(text, &words.body, PREVIEW)),
    }
}

/// One character to one, so that places in the lower-case text are places in the text.
fn lower(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// The text as HTML, from shortly before the first word, with the words marked, and of at most `most` bytes; `None` if no word
/// is in it.
fn marked(text: &str, words: &[Vec<char>], most: usize) -> Option<String> {
    let chars: Vec<char> = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let lowered: Vec<char> = chars.iter().copied().map(lower).collect();
    let word_at = |at: usize| {
        let rest = lowered.get(at..).unwrap_or_default();
        words.iter().filter(|word| rest.starts_with(word)).map(Vec::len).max()
    };
    let first = (0..chars.len()).find(|at| word_at(*at).is_some())?;
    let mut at = if most == usize::MAX {
        0
    } else {
        first.saturating_sub(BEFORE)
    };
    let mut html = String::new();
    while at < chars.len() {
        let length = word_at(at);
        let piece: String = chars
            .iter()
            .skip(at)
            .take(length.unwrap_or(1))
            .map(|c| match c {
                '&' => "&amp;".to_owned(),
                '<' => "&lt;".to_owned(),
                '>' => "&gt;".to_owned(),
                '"' => "&quot;".to_owned(),
                c => c.to_string(),
            })
            .collect();
        let piece = if length.is_some() {
            format!("<mark>{piece}</mark>")
        } else {
            piece
        };
        if html.len().saturating_add(piece.len()) > most {
            break;
        }
        html.push_str(&piece);
        at += length.unwrap_or(1);
    }
    Some(html)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(text: &str, word: &str, most: usize) -> Option<String> {
        marked(text, &[word.chars().collect()], most)
    }

    #[test]
    fn words_are_marked_in_any_case_and_the_rest_is_no_markup() {
        let html = mark("<b>Heat</b> & heat", "heat", PREVIEW).unwrap();
        assert_eq!(html, "&lt;b&gt;<mark>Heat</mark>&lt;/b&gt; &amp; <mark>heat</mark>");
        assert_eq!(mark("nothing", "heat", PREVIEW), None);
        assert_eq!(
            mark("İstanbul ÉCOLE", "école", PREVIEW).unwrap(),
            "İstanbul <mark>ÉCOLE</mark>"
        );
    }

    #[test]
    fn a_preview_has_at_most_255_bytes_and_the_word_in_it() {
        let text = format!("{} heat {}", "é<".repeat(300), "&".repeat(300));
        let html = mark(&text, "heat", PREVIEW).unwrap();
        assert!(html.len() <= PREVIEW, "{}", html.len());
        assert!(html.contains("<mark>heat</mark>") && !html.contains("&a "), "{html}");
    }

    #[test]
    fn what_must_not_be_there_is_not_marked() {
        let filter = serde_json::json!({"operator": "AND", "conditions": [
            {"text": "Yes"}, {"operator": "NOT", "conditions": [{"text": "no"}]}
        ]});
        let filter: Filter<EmailFilterCondition> = serde_json::from_value(filter).unwrap();
        let words = Words::of(Some(&filter));
        assert_eq!(words.body, vec!["yes".chars().collect::<Vec<char>>()]);
    }
}
