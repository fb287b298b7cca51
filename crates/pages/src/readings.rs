//! "Who has read my messages": her own ledger entries.

use crate::{Chrome, Page, Tab, chart, when, words};
use askama::Template;
use model::{FieldSet, Purpose, Time};

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
            Self::Nothing => "Nothing. This entry only hides how often something happens.".to_owned(),
        }
    }
}

impl ReadingRow {
    fn sentence(&self) -> String {
        self.happened.sentence(&self.partner, &self.fields, &self.messages)
    }
}

impl WhoHasRead {
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
