//! What the pages show, as data; the templates hold the words around it.

use super::poster::Poster;
use super::visitors::{Connected, Notice};
use crate::{Catalogue, Shelf};
use askama::Template;
use std::cmp::Reverse;
use wire::oauth::{AuthorizationDetail, Conversations, Field};

/// After an answer nobody waited for.
pub const NOT_ASKED: &str = "This browser has no open question with us, or the answer came late. Nothing was shared. Go back to the \
     front page and connect from there.";
/// After a form from another site.
pub const ELSEWHERE: &str = "Another site sent this form, so we did nothing.";
/// Instead of a receipt.
pub const NO_RECEIPT: &str = "The platform did not give us the receipt. Try again in a moment.";
/// For every other address.
pub const NOTHING_HERE: &str = "There is no page at this address.";

#[derive(Template)]
#[template(path = "landing.html")]
struct Landing {
    notice: Option<NoticeText>,
    front_row: Vec<Card>,
}

#[derive(Template)]
#[template(path = "connected.html")]
struct Home<'a> {
    notice: Option<NoticeText>,
    has_read: bool,
    row: Vec<Card>,
    messages: String,
    withheld: Vec<String>,
    entry: Option<u64>,
    platform: &'a str,
    terms: Vec<(&'static str, String)>,
    front_row: Vec<Card>,
}

#[derive(Template)]
#[template(path = "plain.html")]
struct Plain<'a> {
    title: &'a str,
    text: &'a str,
}

struct NoticeText {
    title: &'static str,
    text: &'static str,
}

struct Card {
    poster: Poster,
    title: String,
    year: Option<u16>,
    /// Why it is there; empty in the front row.
    why: String,
    liked: bool,
}

/// The front page.
pub fn landing(catalogue: &Catalogue, notice: Option<Notice>) -> Result<String, askama::Error> {
    Landing {
        notice: notice.map(text_of),
        front_row: front_row(catalogue),
    }
    .render()
}

/// The front page of someone who is connected; `platform` is the address of the place her permission comes from.
pub fn connected(
    catalogue: &Catalogue,
    connected: &Connected,
    platform: &str,
    notice: Option<Notice>,
) -> Result<String, askama::Error> {
    let nothing = Shelf::default();
    let shelf = connected.shelf.as_deref().unwrap_or(&nothing);
    let mut withheld: Vec<(&String, &u64)> = shelf.withheld.iter().collect();
    withheld.sort_by_key(|(_, count)| Reverse(**count));
    Home {
        notice: notice.map(text_of),
        has_read: connected.shelf.is_some(),
        row: row(catalogue, shelf),
        messages: counted(u64::try_from(shelf.messages).unwrap_or(u64::MAX)),
        withheld: withheld
            .into_iter()
            .map(|(reason, count)| withheld_text(reason, *count))
            .collect(),
        entry: shelf.entry,
        platform,
        terms: connected.token.authorization_details.iter().flat_map(terms).collect(),
        front_row: front_row(catalogue),
    }
    .render()
}

/// A page with a sentence.
pub fn plain(title: &str, text: &str) -> Result<String, askama::Error> {
    Plain { title, text }.render()
}

fn text_of(notice: Notice) -> NoticeText {
    let (title, text) = match notice {
        Notice::Declined => ("You said no.", "Nothing was shared, and nothing changes for you here."),
        Notice::TakenBack => ("You took back your permission.", "We deleted what we had."),
        Notice::RanOut => (
            "Our permission has run out.",
            "We deleted what we had. You can connect again if you like.",
        ),
        Notice::Disconnected => ("Disconnected.", "We gave the permission back and deleted what we had."),
        Notice::DisconnectedUntold => (
            "Disconnected.",
            "We deleted what we had, but could not tell the platform. You can end the permission there too.",
        ),
        Notice::Busy => (
            "Your messaging platform is not answering just now.",
            "Try again in a moment.",
        ),
        Notice::Broken => (
            "That did not work, so we stopped.",
            "Nothing was read. You can try again.",
        ),
    };
    NoticeText { title, text }
}

fn front_row(catalogue: &Catalogue) -> Vec<Card> {
    catalogue
        .front_row()
        .map(|title| Card {
            poster: Poster::of(&title.id, &title.title),
            title: title.title.clone(),
            year: title.year,
            why: String::new(),
            liked: false,
        })
        .collect()
}

fn row(catalogue: &Catalogue, shelf: &Shelf) -> Vec<Card> {
    let card = |found: &crate::ShelfTitle| {
        let title = catalogue.get(&found.id)?;
        let who = match (found.by_you, found.by_someone) {
            (true, true) => "by you and by someone you talk to",
            (true, false) => "by you",
            (false, _) => "by someone you talk to",
        };
        let when = week(&found.week)
            .map(|week| format!(", week of {week}"))
            .unwrap_or_default();
        Some(Card {
            poster: Poster::of(&title.id, &title.title),
            title: title.title.clone(),
            year: title.year,
            why: format!("Mentioned {who}{when}"),
            liked: found.liked,
        })
    };
    shelf.titles.iter().filter_map(card).collect()
}

fn withheld_text(reason: &str, count: u64) -> String {
    let why = match reason {
        "counterparty" => "by people who have not agreed",
        "asked" => "by people who were asked and have not answered",
        "conversation" => "in conversations you did not share",
        "fields" => "of which nothing may be shared at this level",
        "retention" => "too old to be shared",
        _ => "for another reason",
    };
    format!("{} {why}", counted(count))
}

/// `1 message`, `1,204 messages`.
fn counted(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out.push_str(if count == 1 { " message" } else { " messages" });
    out
}

/// `films@1`, for people.
fn agreement(reference: &str) -> String {
    match reference.split_once('@') {
        Some((id, version)) => format!("{id}, version {version}"),
        None => reference.to_owned(),
    }
}

fn terms(detail: &AuthorizationDetail) -> [(&'static str, String); 4] {
    let fields: Vec<&str> = detail
        .fields
        .iter()
        .map(|field| match field {
            Field::Ranking => "a ranked list of films",
            Field::Mentions => "which films are mentioned, whether they were liked, and in which week",
            Field::Envelope => "who wrote to whom and when",
            Field::Text => "the messages themselves",
        })
        .collect();
    let conversations = match &detail.conversations {
        Conversations::All => "all of yours".to_owned(),
        Conversations::Only(ids) => format!("{} you picked", ids.len()),
    };
    [
        ("We see", fields.join("; ")),
        ("Conversations", conversations),
        ("Until", week(&detail.until).unwrap_or_else(|| detail.until.clone())),
        (
            "Agreement",
            format!("{}, for {}", agreement(&detail.agreement), detail.purpose.name()),
        ),
    ]
}

/// The date at the start of a date-time, for people: `23 November 2026`.
fn week(date: &str) -> Option<String> {
    let mut parts = date.get(..10)?.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let month = match month {
        "01" => "January",
        "02" => "February",
        "03" => "March",
        "04" => "April",
        "05" => "May",
        "06" => "June",
        "07" => "July",
        "08" => "August",
        "09" => "September",
        "10" => "October",
        "11" => "November",
        "12" => "December",
        _ => return None,
    };
    Some(format!("{} {month} {year}", day.parse::<u8>().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Token;
    use crate::shelf::ShelfTitle;
    use std::sync::Arc;
    use wire::oauth::{Action, Purpose};

    const PLATFORM: &str = "https://inbox.example";
    const HOSTILE: &str = "<script>alert(1)</script> \" ' & </title>";

    fn hostile_catalogue() -> Catalogue {
        let quoted = HOSTILE.replace('"', "\"\"");
        Catalogue::read(format!("id,title,year\nx<y,\"{quoted}\",2001\n").as_bytes()).unwrap()
    }

    fn home(withheld: &[(&str, u64)]) -> String {
        let token = Token {
            access_token: "sesame-token".to_owned().into(),
            expires_at: 0,
            authorization_details: vec![AuthorizationDetail {
                agreement: "films@1".into(),
                purpose: Purpose::Recommendations,
                actions: vec![Action::Read],
                fields: vec![Field::Mentions],
                conversations: Conversations::All,
                until: "2027-02-01T00:00:00Z".into(),
            }],
            grant_id: None,
        };
        let shelf = Shelf {
            titles: vec![ShelfTitle {
                id: "x<y".into(),
                score: 3,
                liked: true,
                by_you: false,
                by_someone: true,
                week: "2026-11-23".into(),
            }],
            messages: 41,
            withheld: withheld.iter().map(|(reason, n)| ((*reason).to_owned(), *n)).collect(),
            entry: Some(17),
        };
        let state = Connected {
            token: Arc::new(token),
            shelf: Some(Arc::new(shelf)),
        };
        connected(&hostile_catalogue(), &state, PLATFORM, None).unwrap()
    }

    #[test]
    fn hostile_titles_and_reasons_are_text_on_every_page() {
        for html in [
            landing(&hostile_catalogue(), Some(Notice::TakenBack)).unwrap(),
            home(&[("<b>x", 1)]),
            plain(HOSTILE, HOSTILE).unwrap(),
        ] {
            assert!(
                !html.contains("<script") && !html.contains("<b>x") && !html.contains("\" '"),
                "{html}"
            );
            assert!(html.contains("&#60;script&#62;"));
        }
    }

    #[test]
    fn the_page_of_a_connected_person_says_what_was_read_and_what_was_not() {
        let html = home(&[("counterparty", 1_204), ("asked", 1)]);
        for text in [
            "Mentioned by someone you talk to, week of 23 November 2026",
            "41 messages",
            "1,204 messages by people who have not agreed",
            "1 message by people who were asked and have not answered",
            "entry 17 of the ledger",
            "1 February 2027",
            "films, version 1, for recommendations",
            "href=\"https://inbox.example\"",
        ] {
            assert!(html.contains(text), "{text} in {html}");
        }
        assert!(
            html.find("1,204 messages") < html.find("1 message by"),
            "the larger count comes first"
        );
        assert!(!html.contains("sesame-token"));
    }

    #[test]
    fn no_page_asks_for_anything_from_elsewhere_or_runs_a_script() {
        for html in [
            landing(&hostile_catalogue(), None).unwrap(),
            home(&[]),
            plain("a", "b").unwrap(),
        ] {
            // A link a person may follow is not something a page asks for.
            let html = html.replace(&format!("<a href=\"{PLATFORM}\">"), "<a>");
            for forbidden in ["http:", "https:", "<script", "style=", " onclick", " onload"] {
                assert!(!html.contains(forbidden), "{forbidden}");
            }
        }
    }

    #[test]
    fn every_notice_has_its_words() {
        assert_eq!(text_of(Notice::TakenBack).title, "You took back your permission.");
        assert_eq!(text_of(Notice::TakenBack).text, "We deleted what we had.");
        let html = landing(&Catalogue::default(), Some(Notice::Declined)).unwrap();
        assert!(html.contains("You said no."));
    }

    #[test]
    fn dates_are_for_people() {
        assert_eq!(week("2026-11-03T00:00:00Z").as_deref(), Some("3 November 2026"));
        for bad in ["", "soon", "2026-13-01", "2026-1-1", "ééééééé"] {
            assert_eq!(week(bad), None, "{bad}");
        }
    }
}
