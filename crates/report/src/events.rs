//! From a partner's own list of events to counts, in one pass and bounded memory.
//!
//! A CSV (RFC 4180) with a header of [`COLUMNS`] in any order, one row per event. What is kept of a person or a
//! recommendation while counting is a hash of eight bytes; two of them among two million are the same with a chance of one in
//! ten million, and a count is then one too low.

use crate::fault::quoted;
use crate::{Counts, Day, Domain, Key, Period};
use csv::{ReaderBuilder, StringRecord};
use model::Time;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};
use std::io::Read;

/// The columns of a list of events. `person` is the sender of a `send` and the recipient of a `click`, by whatever name the
/// partner has for her; `recommendation` is the same in a send and its clicks.
pub const COLUMNS: [&str; 8] = [
    "at",
    "event",
    "recommendation",
    "person",
    "interface",
    "initiation_surface",
    "variant",
    "recipient_kind",
];
/// Rows at most.
pub const ROWS_LIMIT: u64 = 20_000_000;
/// Bytes of a name of a person or a recommendation at most.
pub const NAME_LIMIT: usize = 200;
/// Clicks of one person on one recommendation within so many milliseconds of one that counts are the same click.
pub const SAME_CLICK: i64 = 30_000;

/// What was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Rows of events.
    pub rows: u64,
    /// Events outside the period.
    pub outside: u64,
    /// Sends that had been counted: retries.
    pub repeated_sends: u64,
    /// Clicks that were the same click.
    pub repeated_clicks: u64,
}

/// Why events cannot be counted. Nothing is left out silently: the first row that cannot be read ends it.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum EventsFault {
    #[error("the list of events cannot be read: {0}")]
    Csv(#[from] csv::Error),
    #[error("row 1: the column `{0}` is missing")]
    Missing(&'static str),
    #[error("row {row}: {column}: {said}")]
    Cell {
        row: u64,
        column: &'static str,
        said: String,
    },
    #[error("there are more than {ROWS_LIMIT} events")]
    TooMany,
}

/// One thing that counts, of one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Act<'a> {
    /// Who, by the partner's name for her.
    pub person: &'a str,
    /// Where.
    pub key: Key,
    /// She clicked; otherwise it was sent on her behalf.
    pub click: bool,
}

/// Counts the events of a period.
pub fn read(events: impl Read, domain: &Domain, period: &Period) -> Result<(Counts, Summary), EventsFault> {
    let mut counts = Counts::new(domain.clone(), *period);
    let (mut senders, mut clickers) = (HashSet::<u64, Build>::default(), HashSet::<u64, Build>::default());
    let summary = each(events, domain, period, |act| {
        let people = if act.click { &mut clickers } else { &mut senders };
        let new = people.insert(hash((act.key, act.person)));
        if let Some(cell) = counts.get_mut(&act.key) {
            let (acts, who) = match act.click {
                true => (&mut cell.clicks, &mut cell.unique_clickers),
                false => (&mut cell.sends, &mut cell.unique_senders),
            };
            *acts = acts.saturating_add(1);
            *who = who.saturating_add(u64::from(new));
        }
    })?;
    Ok((counts, summary))
}

/// Hands over each event of a period that counts, in the order of the list.
pub fn each(
    events: impl Read,
    domain: &Domain,
    period: &Period,
    mut take: impl FnMut(Act<'_>),
) -> Result<Summary, EventsFault> {
    let mut csv = ReaderBuilder::new().buffer_capacity(1 << 16).from_reader(events);
    let header = csv.headers()?.clone();
    let mut columns = [0; COLUMNS.len()];
    for (at, name) in columns.iter_mut().zip(COLUMNS) {
        *at = header
            .iter()
            .position(|n| n == name)
            .ok_or(EventsFault::Missing(name))?;
    }
    let mut sifting = Sifting::default();
    let mut record = StringRecord::new();
    while csv.read_record(&mut record)? {
        if sifting.summary.rows >= ROWS_LIMIT {
            return Err(EventsFault::TooMany);
        }
        sifting.summary.rows += 1;
        let row = sifting.summary.rows.saturating_add(1);
        let cells = columns.map(|at| record.get(at).unwrap_or_default());
        let cell = |(column, said)| EventsFault::Cell { row, column, said };
        let event = Event::read(cells, domain, period).map_err(cell)?;
        if let Some(act) = sifting.event(event).map_err(cell)? {
            take(act);
        }
    }
    Ok(sifting.summary)
}

/// A hash of a person's or a recommendation's name is random enough as it is.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

type Build = BuildHasherDefault<AsItIs>;

fn hash(what: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

struct Event<'a> {
    /// `None` outside the period.
    key: Option<Key>,
    at: Time,
    click: bool,
    recommendation: &'a str,
    person: &'a str,
}

impl<'a> Event<'a> {
    fn read(cells: [&'a str; 8], domain: &Domain, period: &Period) -> Result<Self, (&'static str, String)> {
        let [at, event, recommendation, person, interface, surface, variant, kind] = cells;
        let at: Time = at.parse().map_err(|said| ("at", said))?;
        let click = match event {
            "send" => false,
            "click" => true,
            _ => return Err(("event", format!("{} is neither `send` nor `click`", quoted(event)))),
        };
        for (column, name) in [("recommendation", recommendation), ("person", person)] {
            if name.is_empty() || name.len() > NAME_LIMIT {
                return Err((column, format!("a name has 1 to {NAME_LIMIT} bytes")));
            }
        }
        let day = u16::try_from(Day::of(at).since(period.first))
            .ok()
            .filter(|day| *day < period.days);
        // Names are checked outside the period too: a list that is wrong there is wrong.
        let key = domain
            .key(day.unwrap_or(0), interface, surface, variant, kind)
            .map_err(|column| (column, "the name is not in the agreement's list".to_owned()))?;
        Ok(Self {
            key: day.map(|_| key),
            at,
            click,
            recommendation,
            person,
        })
    }
}

/// What it takes to count nothing twice.
#[derive(Default)]
struct Sifting {
    summary: Summary,
    sent: HashSet<u64, Build>,
    /// When a person's last click on a recommendation counted.
    clicked: HashMap<u64, i64, Build>,
}

impl Sifting {
    fn event<'a>(&mut self, event: Event<'a>) -> Result<Option<Act<'a>>, (&'static str, String)> {
        if event.click && !self.click_counts(&event)? {
            self.summary.repeated_clicks += 1;
            return Ok(None);
        }
        if !event.click && !self.sent.insert(hash(event.recommendation)) {
            self.summary.repeated_sends += 1;
            return Ok(None);
        }
        let Some(key) = event.key else {
            self.summary.outside += 1;
            return Ok(None);
        };
        Ok(Some(Act {
            person: event.person,
            key,
            click: event.click,
        }))
    }

    fn click_counts(&mut self, event: &Event<'_>) -> Result<bool, (&'static str, String)> {
        match self.clicked.entry(hash((event.recommendation, event.person))) {
            Entry::Vacant(first) => {
                first.insert(event.at.0);
                Ok(true)
            }
            Entry::Occupied(mut last) => match event.at.0.saturating_sub(*last.get()) {
                before if before < 0 => Err((
                    "at",
                    "the clicks of one person on one recommendation are not in the order of time".to_owned(),
                )),
                after if after < SAME_CLICK => Ok(false),
                _ => {
                    last.insert(event.at.0);
                    Ok(true)
                }
            },
        }
    }
}
