//! "Who has read my messages": her own ledger entries.

use crate::{Chrome, Page, Tab, chart, when, words};
use askama::Template;
use model::{FieldSet, Purpose, Time};

/// Answers this close to each other are one visit.
const PAUSE_MILLISECONDS: i64 = 60_000;

/// `GET /readings`.
#[derive(Debug, Clone, Template)]
#[template(path = "readings.html")]
pub struct WhoHasRead {
    /// Header and footer.
    pub chrome: Chrome,
    /// The partners' names, in the order of the numbers of each week.
    pub partners: Vec<String>,
    /// Messages told to each partner, per week (its Monday), oldest week first.
    pub weeks: Vec<(Time, Vec<u32>)>,
    /// All partners that ever read.
    pub totals: Vec<Total>,
    /// Newest first.
    pub entries: Vec<ReadingRow>,
    /// Where older entries are.
    pub older: Option<String>,
    /// Where all her receipts can be fetched.
    pub receipts: Option<String>,
}

/// All that one partner was told.
#[derive(Debug, Clone)]
pub struct Total {
    /// Its name.
    pub partner: String,
    /// How often it read.
    pub readings: u64,
    /// Messages it was told something of, all readings together.
    pub messages: u64,
    /// When it last read.
    pub last: Time,
}

/// What an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// A partner was told something.
    Read,
    /// She agreed to something.
    Agreed,
    /// She allowed less.
    Narrowed,
    /// She took it back.
    TakenBack,
    /// She had a say about her messages in a friend's inbox.
    Say,
    /// Her inbox was erased.
    Erased,
    /// A partner sent something in her name.
    Sent,
    /// A partner removed from her inbox what it had sent.
    Removed,
    /// Nothing: an entry that hides how much happens.
    Nothing,
}

/// One entry.
#[derive(Debug, Clone)]
pub struct ReadingRow {
    /// Its index in the ledger: `/readings/{index}`.
    pub index: u64,
    /// What happened.
    pub happened: Happened,
    /// When.
    pub at: Time,
    /// The partner's name; empty if none was concerned.
    pub partner: String,
    /// What for, if a partner read.
    pub purpose: Option<Purpose>,
    /// At which levels.
    pub fields: FieldSet,
    /// Of how many messages.
    pub messages: u64,
    /// How many were passed over.
    pub withheld: u64,
    /// How many people wrote those messages, where that is known.
    pub people: Option<u64>,
}

impl Happened {
    /// As a heading.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Read => "Read",
            Self::Agreed => "Agreed",
            Self::Narrowed => "Allowed less",
            Self::TakenBack => "Taken back",
            Self::Say => "Your say",
            Self::Erased => "Erased",
            Self::Sent => "Sent in your name",
            Self::Removed => "Removed",
            Self::Nothing => "Nothing",
        }
    }

    /// In a sentence.
    pub(crate) fn sentence(self, partner: &str, fields: &FieldSet, messages: &u64) -> String {
        let partner = if partner.is_empty() { "any partner" } else { partner };
        match self {
            Self::Read => format!("{partner} read {}.", words::was_read(fields, messages)),
            Self::Agreed => format!("You agreed that {partner} may read {}.", words::may_read(fields)),
            Self::Narrowed => format!("You allowed {partner} less: {}.", words::may_read(fields)),
            Self::TakenBack => format!("You took back what you allowed {partner}."),
            Self::Say => {
                format!(
                    "In your friends’ inboxes {partner} may read this of you: {}.",
                    words::may_read(fields)
                )
            }
            Self::Erased => "Your inbox was erased.".to_owned(),
            Self::Sent => format!(
                "{partner} sent {} in your name.",
                words::count(messages, "message", "messages")
            ),
            Self::Removed => format!(
                "{partner} removed from your inbox {} it had sent in your name.",
                words::count(messages, "message", "messages")
            ),
            Self::Nothing => "Nothing. This entry only hides how often something happens.".to_owned(),
        }
    }
}

/// Entries a person thinks of as one thing: a partner that read page after page. Never empty, newest first.
struct Visit<'a> {
    entries: &'a [ReadingRow],
}

impl ReadingRow {
    /// Whether an older entry belongs to the same visit: the same partner read the same way a little earlier.
    fn continues(&self, older: &Self) -> bool {
        let same = |a: &Self, b: &Self| a.partner == b.partner && a.purpose == b.purpose && a.fields == b.fields;
        self.happened == Happened::Read
            && older.happened == Happened::Read
            && same(self, older)
            && self.at.0.saturating_sub(older.at.0) <= PAUSE_MILLISECONDS
    }
}

impl Visit<'_> {
    fn newest(&self) -> Option<&ReadingRow> {
        self.entries.first()
    }

    fn at(&self) -> Time {
        self.newest().map_or(Time(0), |entry| entry.at)
    }

    fn is_reading(&self) -> bool {
        self.newest().is_some_and(|entry| entry.happened == Happened::Read)
    }

    fn purpose(&self) -> Option<&Purpose> {
        self.newest().and_then(|entry| entry.purpose.as_ref())
    }

    fn sentence(&self) -> String {
        let messages = self.entries.iter().fold(0u64, |sum, e| sum.saturating_add(e.messages));
        let tell = |e: &ReadingRow| e.happened.sentence(&e.partner, &e.fields, &messages);
        self.newest().map(tell).unwrap_or_default()
    }

    /// Each answer counts what it passed over from the beginning, so the largest says it for all.
    fn withheld(&self) -> u64 {
        self.entries.iter().map(|entry| entry.withheld).max().unwrap_or(0)
    }

    /// Known for one answer only: the same person may have written in several.
    fn people(&self) -> Option<&u64> {
        match self.entries {
            [entry] => entry.people.as_ref(),
            _ => None,
        }
    }
}

impl WhoHasRead {
    fn visits(&self) -> Vec<Visit<'_>> {
        let together = self.entries.chunk_by(ReadingRow::continues);
        together.map(|entries| Visit { entries }).collect()
    }

    /// The chart's numbers as a table, newest week first; each row as long as there are partners.
    fn table(&self) -> Vec<(String, Vec<String>)> {
        let number = |row: &[u32], at: usize| words::number(&row.get(at).copied().map_or(0, u64::from));
        let rows = self.weeks.iter().rev();
        rows.map(|(monday, row)| {
            (
                when::day(monday),
                (0..self.partners.len()).map(|at| number(row, at)).collect(),
            )
        })
        .collect()
    }

    fn chart(&self) -> String {
        chart::readings(&self.weeks, &self.partners)
    }

    fn has_chart(&self) -> bool {
        self.weeks.iter().any(|(_, numbers)| numbers.iter().any(|n| *n > 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_close_to_each_other_are_one_visit_and_nothing_else_is() {
        let page = WhoHasRead::samples().swap_remove(0);
        let read = page.entries[0].clone();
        let later = |entry: &ReadingRow, milliseconds| ReadingRow {
            at: Time(entry.at.0 + milliseconds),
            ..entry.clone()
        };
        let visits = |entries: Vec<ReadingRow>| -> Vec<usize> {
            let page = WhoHasRead {
                entries,
                ..page.clone()
            };
            page.visits().iter().map(|v| v.entries.len()).collect()
        };
        let mut other = read.clone();
        other.partner = "Reel & Sons".into();
        let mut agreed = read.clone();
        agreed.happened = Happened::Agreed;
        let long = later(&read, PAUSE_MILLISECONDS + 1);
        assert_eq!(visits(vec![later(&read, 1), read.clone(), read.clone()]), [3]);
        assert_eq!(visits(vec![long, read.clone()]), [1, 1]);
        assert_eq!(visits(vec![read.clone(), other, read.clone()]), [1, 1, 1]);
        assert_eq!(visits(vec![agreed.clone(), agreed, read]), [1, 1, 1]);
        assert!(visits(vec![]).is_empty());
        let two = &page.visits()[0];
        assert_eq!(
            two.sentence(),
            "Marquee read which films and series come up in 37 messages."
        );
        assert_eq!((two.withheld(), two.people()), (10, None));
    }
}
