//! The row "From your conversations": titles counted from mentions, and nothing else kept of any message.

use crate::Catalogue;
use crate::client::{PartnerClient, PartnerError, Token};
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use wire::jmap::{
    CORE, DISCLOSURE, Email, GetResponse, MAIL, MethodCall, MethodError, MethodErrorType, QueryResponse, Response,
    Sentiment,
};

const PAGE: usize = 50;
/// 2,000 messages at most: a row of films needs no more.
const MAX_PAGES: usize = 40;
const MAX_TITLES: usize = 24;

/// What was read, boiled down.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shelf {
    /// Best first, at most 24.
    pub titles: Vec<ShelfTitle>,
    /// Messages that were disclosed.
    pub messages: usize,
    /// Messages that were not, by reason.
    pub withheld: BTreeMap<String, u64>,
    /// The ledger's entry of the last answer.
    pub entry: Option<u64>,
}

/// A title on the shelf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShelfTitle {
    /// In our catalogue.
    pub id: String,
    /// Two for each message that liked it, one for each that just named it.
    pub score: u32,
    /// Whether anyone liked it.
    pub liked: bool,
    /// Whether the person herself spoke of it.
    pub by_you: bool,
    /// Whether someone she talks to did.
    pub by_someone: bool,
    /// The week it last came up in: the date of its Monday.
    pub week: String,
}

/// Reads the inbox of a token, page by page, newest first.
pub fn read(client: &PartnerClient, token: &Token, catalogue: &Catalogue) -> Result<Shelf, PartnerError> {
    let session = client.session(token)?;
    let account = session
        .mail_account()
        .ok_or_else(|| PartnerError::Protocol("a session without a mail account".to_owned()))?;
    let mut count = Count::default();
    for page in 0..MAX_PAGES {
        let answer = client.jmap(token, &[CORE, MAIL, DISCLOSURE], calls(account, page))?;
        let found: QueryResponse = result(&answer, "query")?;
        let emails: GetResponse<Email> = result(&answer, "get")?;
        count.add(&emails.list, catalogue);
        // The whole inbox is counted with the first page only; the reasons are of all of it.
        count.shelf.withheld.extend(
            found
                .withheld
                .into_iter()
                .flatten()
                .map(|(reason, n)| (reason.into_owned(), n)),
        );
        count.shelf.entry = answer.disclosure_proof.map(|proof| proof.index).or(count.shelf.entry);
        if found.ids.len() < PAGE {
            break;
        }
    }
    Ok(count.finish())
}

/// A page: the query, and by result reference what it found.
fn calls(account: &str, page: usize) -> Vec<MethodCall> {
    let query = json!({
        "accountId": account,
        "sort": [{"property": "receivedAt", "isAscending": false}],
        "position": page * PAGE,
        "limit": PAGE,
        "calculateTotal": page == 0,
    });
    let get = json!({
        "accountId": account,
        "#ids": {"resultOf": "query", "name": "Email/query", "path": "/ids"},
        "properties": ["id", "receivedAt", "from", "disclosure"],
    });
    vec![
        MethodCall::new("Email/query", query, "query"),
        MethodCall::new("Email/get", get, "get"),
    ]
}

fn result<T: serde::de::DeserializeOwned>(answer: &Response, call: &str) -> Result<T, PartnerError> {
    let found = answer
        .answer_to(call)
        .ok_or_else(|| PartnerError::Protocol(format!("no answer to the call `{call}`")))?;
    found.result().map_err(meaning)
}

/// What a method's error means for the permission.
fn meaning(error: MethodError) -> PartnerError {
    let status = match error.kind {
        MethodErrorType::Forbidden => 403,
        MethodErrorType::AccountNotFound => 404,
        MethodErrorType::ServerUnavailable => return PartnerError::Unavailable { retry_after: None },
        _ => return PartnerError::Protocol(error.to_string()),
    };
    PartnerError::Refused {
        status,
        error: format!("{:?}", error.kind),
        description: error.description.unwrap_or_default(),
    }
}

#[derive(Default)]
struct Count {
    titles: HashMap<String, ShelfTitle>,
    shelf: Shelf,
}

impl Count {
    fn add(&mut self, emails: &[Email], catalogue: &Catalogue) {
        for email in emails {
            self.shelf.messages += 1;
            let by_you = is_by_you(email);
            // Only the date: the platform tells no more than the week.
            let week: String = email
                .received_at
                .as_deref()
                .unwrap_or_default()
                .chars()
                .take(10)
                .collect();
            for mention in email.disclosure.iter().flatten().flat_map(|d| &d.mentions) {
                let weight = match mention.sentiment {
                    Sentiment::Liked => 2,
                    Sentiment::Neutral => 1,
                    // Spoken of badly is no recommendation, and no reason to count against a film either.
                    Sentiment::Disliked => continue,
                };
                if catalogue.get(&mention.title).is_none() {
                    continue;
                }
                let title = self.titles.entry(mention.title.clone()).or_insert_with(|| ShelfTitle {
                    id: mention.title.clone(),
                    score: 0,
                    liked: false,
                    by_you: false,
                    by_someone: false,
                    week: String::new(),
                });
                title.score = title.score.saturating_add(weight);
                title.liked |= mention.sentiment == Sentiment::Liked;
                title.by_you |= by_you;
                title.by_someone |= !by_you;
                if week > title.week {
                    title.week.clone_from(&week);
                }
            }
        }
    }

    fn finish(mut self) -> Shelf {
        let mut titles: Vec<ShelfTitle> = self.titles.into_values().collect();
        titles.sort_by(|a, b| {
            b.score
                .cmp(&a.score)
                .then_with(|| b.week.cmp(&a.week))
                .then_with(|| a.id.cmp(&b.id))
        });
        titles.truncate(MAX_TITLES);
        self.shelf.titles = titles;
        self.shelf
    }
}

/// Under `mentions` an author is `you` or `someone`, and no more.
fn is_by_you(email: &Email) -> bool {
    let author = email.from.iter().flatten().flatten().next();
    author.and_then(|a| a.name.as_deref()) == Some("you")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue() -> Catalogue {
        Catalogue::read(b"id,title,year\n1,Up,2009\n2,Alien,1979\n3,Heat,1995\n").unwrap()
    }

    fn email(who: &str, week: &str, mentions: &[(&str, &str)]) -> Email {
        let mentions: Vec<_> = mentions
            .iter()
            .map(|(t, s)| json!({"title": t, "sentiment": s}))
            .collect();
        serde_json::from_value(json!({
            "id": "m", "receivedAt": format!("{week}T00:00:00Z"), "from": [{"name": who, "email": "x@p.example"}],
            "disclosure": {"fields": ["mentions"], "withheld": null, "mentions": mentions}
        }))
        .unwrap()
    }

    #[test]
    fn liked_counts_double_and_disliked_not_at_all() {
        let mut count = Count::default();
        count.add(
            &[
                email("you", "2026-11-16", &[("1", "neutral"), ("2", "disliked")]),
                email("someone", "2026-11-23", &[("3", "liked")]),
                email("someone", "2026-11-09", &[("3", "neutral"), ("not ours", "liked")]),
            ],
            &catalogue(),
        );
        let shelf = count.finish();
        let rows: Vec<_> = shelf
            .titles
            .iter()
            .map(|t| (t.id.as_str(), t.score, t.by_you, t.by_someone))
            .collect();
        assert_eq!(rows, [("3", 3, false, true), ("1", 1, true, false)]);
        assert_eq!(shelf.titles[0].week, "2026-11-23");
        assert!(shelf.titles[0].liked && !shelf.titles[1].liked);
        assert_eq!(shelf.messages, 3);
    }

    #[test]
    fn a_message_without_a_disclosure_counts_nothing() {
        let mut count = Count::default();
        count.add(
            &[serde_json::from_str(r#"{"id":"m","from":null,"disclosure":null}"#).unwrap()],
            &catalogue(),
        );
        assert_eq!(count.finish().titles, []);
    }

    #[test]
    fn a_method_error_that_ends_the_permission_is_a_refusal() {
        let gone = |kind: MethodErrorType| meaning(kind.into()).is_permission_gone();
        assert!(gone(MethodErrorType::Forbidden) && gone(MethodErrorType::AccountNotFound));
        assert!(!gone(MethodErrorType::ServerFail) && !gone(MethodErrorType::ServerUnavailable));
    }
}
