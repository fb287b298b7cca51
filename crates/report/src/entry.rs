//! What the log says of reports: that one was filed and what became of it, and that grants stop answering or answer again.
//! Public text, signed by the platform.

use crate::{Outcome, Period};
use model::{AgreementRef, Time};
use std::fmt;
use std::str::FromStr;

const FILED: &str = "privity report filed v1";
const STANDING: &str = "privity report standing v1";
const NOT_COMPARED: &str = "not_compared";

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A report came that is in order, and what became of it.
    Filed(Filed),
    /// The grants of an agreement stop answering because of a period, or that period is no reason any more.
    Standing(Suspension),
}

/// A report that is in order, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filed {
    /// Under which version of which agreement.
    pub agreement: AgreementRef,
    /// Which days.
    pub period: Period,
    /// From 1. One that was refused takes no number: the next has it again.
    pub revision: u32,
    /// The zip's hash.
    pub hash: tlog::Hash,
    /// The hash of the revision before.
    pub previous: Option<tlog::Hash>,
    /// What became of it; `None` if the platform had no counts of its own to compare it with.
    pub outcome: Option<Outcome>,
    /// How many numbers were compared.
    pub compared: u64,
    /// How many of them differed by more than passes.
    pub differences: u64,
    /// Recommendations sent, as the partner says.
    pub sends: u64,
    /// Clicks, as the partner says.
    pub clicks: u64,
    /// When.
    pub at: Time,
}

/// A period for which grants stop answering, or answer again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspension {
    /// Whose report is owed. All versions of the agreement stop answering.
    pub agreement: AgreementRef,
    /// Which one.
    pub period: Period,
    /// `true`: they stop. `false`: this period is no reason any more.
    pub suspended: bool,
    /// When.
    pub at: Time,
}

/// The text is not an entry about reports.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an entry about reports: {0}")]
pub struct InvalidEntry(&'static str);

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Filed(filed) => {
                writeln!(f, "{FILED}")?;
                head(f, &filed.agreement, &filed.period)?;
                writeln!(f, "revision {}", filed.revision)?;
                writeln!(f, "report {}", hex::encode(filed.hash))?;
                writeln!(f, "previous {}", filed.previous.map_or("-".to_owned(), hex::encode))?;
                writeln!(f, "verdict {}", filed.outcome.map_or(NOT_COMPARED, Outcome::as_str))?;
                writeln!(f, "compared {}", filed.compared)?;
                writeln!(f, "differences {}", filed.differences)?;
                writeln!(f, "sends {}", filed.sends)?;
                writeln!(f, "clicks {}", filed.clicks)?;
                writeln!(f, "at {}", filed.at)
            }
            Self::Standing(standing) => {
                writeln!(f, "{STANDING}")?;
                head(f, &standing.agreement, &standing.period)?;
                writeln!(f, "suspended {}", if standing.suspended { "yes" } else { "no" })?;
                writeln!(f, "at {}", standing.at)
            }
        }
    }
}

fn head(f: &mut fmt::Formatter<'_>, agreement: &AgreementRef, period: &Period) -> fmt::Result {
    writeln!(f, "agreement {agreement}")?;
    writeln!(f, "period {} {} {}", period.number, period.first, period.last())
}

impl FromStr for Entry {
    type Err = InvalidEntry;

    /// Accepts exactly what [`fmt::Display`] writes: one text for each entry.
    fn from_str(text: &str) -> Result<Self, InvalidEntry> {
        let mut lines = Lines(text.lines());
        let entry = match lines.0.next() {
            Some(FILED) => Self::Filed(filed(&mut lines)?),
            Some(STANDING) => Self::Standing(Suspension {
                agreement: lines.parsed("agreement")?,
                period: period(&mut lines)?,
                suspended: match lines.value("suspended")? {
                    "yes" => true,
                    "no" => false,
                    _ => return Err(InvalidEntry("suspended")),
                },
                at: lines.parsed("at")?,
            }),
            _ => return Err(InvalidEntry("another first line")),
        };
        match entry.to_string() == text {
            true => Ok(entry),
            false => Err(InvalidEntry("it is not written as entries are")),
        }
    }
}

fn filed(lines: &mut Lines<'_>) -> Result<Filed, InvalidEntry> {
    Ok(Filed {
        agreement: lines.parsed("agreement")?,
        period: period(lines)?,
        revision: lines.parsed("revision")?,
        hash: hash(lines.value("report")?).ok_or(InvalidEntry("report"))?,
        previous: match lines.value("previous")? {
            "-" => None,
            digits => Some(hash(digits).ok_or(InvalidEntry("previous"))?),
        },
        outcome: match lines.value("verdict")? {
            NOT_COMPARED => None,
            word => Some(
                Outcome::ALL
                    .into_iter()
                    .find(|outcome| outcome.as_str() == word)
                    .ok_or(InvalidEntry("verdict"))?,
            ),
        },
        compared: lines.parsed("compared")?,
        differences: lines.parsed("differences")?,
        sends: lines.parsed("sends")?,
        clicks: lines.parsed("clicks")?,
        at: lines.parsed("at")?,
    })
}

fn hash(digits: &str) -> Option<tlog::Hash> {
    let mut hash = [0; 32];
    hex::decode_to_slice(digits, &mut hash).ok().map(|()| hash)
}

fn period(lines: &mut Lines<'_>) -> Result<Period, InvalidEntry> {
    let wrong = InvalidEntry("period");
    let mut parts = lines.value("period")?.split(' ');
    let mut part = || parts.next().ok_or(wrong.clone());
    let number = part()?.parse().map_err(|_| wrong.clone())?;
    let first: crate::Day = part()?.parse().map_err(|_| wrong.clone())?;
    let last: crate::Day = part()?.parse().map_err(|_| wrong.clone())?;
    let days = last.since(first).saturating_add(1);
    Ok(Period {
        number,
        first,
        days: u16::try_from(days).map_err(|_| wrong.clone())?,
    })
}

struct Lines<'a>(std::str::Lines<'a>);

impl<'a> Lines<'a> {
    fn value(&mut self, name: &'static str) -> Result<&'a str, InvalidEntry> {
        let line = self.0.next().ok_or(InvalidEntry(name))?;
        let rest = line.strip_prefix(name).and_then(|rest| rest.strip_prefix(' '));
        rest.ok_or(InvalidEntry(name))
    }

    fn parsed<T: FromStr>(&mut self, name: &'static str) -> Result<T, InvalidEntry> {
        self.value(name)?.parse().map_err(|_| InvalidEntry(name))
    }
}
