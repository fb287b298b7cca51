//! The numbers of a report.

use crate::{Domain, Period, RecipientKind};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One cell, by places in the domain's lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Days after the period's first.
    pub day: u16,
    /// In [`Domain::interfaces`].
    pub interface: usize,
    /// In [`Domain::surfaces`].
    pub surface: usize,
    /// In [`Domain::variants`].
    pub variant: usize,
    /// Whether the recipient has an inbox here.
    pub recipient_kind: RecipientKind,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Recommendations sent.
    Sends,
    /// People on whose behalf they were.
    UniqueSenders,
    /// Clicks of recipients, by the rules of counting.
    Clicks,
    /// Recipients who clicked.
    UniqueClickers,
}

impl Measure {
    /// In the order of the columns.
    pub const ALL: [Self; 4] = [Self::Sends, Self::UniqueSenders, Self::Clicks, Self::UniqueClickers];

    /// The column's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sends => "sends",
            Self::UniqueSenders => "unique_senders",
            Self::Clicks => "clicks",
            Self::UniqueClickers => "unique_clickers",
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The numbers of one cell, or sums of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Measures {
    pub sends: u64,
    pub unique_senders: u64,
    pub clicks: u64,
    pub unique_clickers: u64,
}

impl Measures {
    /// One of them.
    pub const fn get(&self, measure: Measure) -> u64 {
        match measure {
            Measure::Sends => self.sends,
            Measure::UniqueSenders => self.unique_senders,
            Measure::Clicks => self.clicks,
            Measure::UniqueClickers => self.unique_clickers,
        }
    }

    /// One of them, to change.
    pub const fn get_mut(&mut self, measure: Measure) -> &mut u64 {
        match measure {
            Measure::Sends => &mut self.sends,
            Measure::UniqueSenders => &mut self.unique_senders,
            Measure::Clicks => &mut self.clicks,
            Measure::UniqueClickers => &mut self.unique_clickers,
        }
    }

    /// Adds others to these.
    pub fn add(&mut self, others: &Self) {
        for measure in Measure::ALL {
            let sum = self.get_mut(measure);
            *sum = sum.saturating_add(others.get(measure));
        }
    }
}

/// The numbers of every cell of a period, zeros included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    domain: Domain,
    period: Period,
    cells: Vec<Measures>,
}

impl Counts {
    /// Nothing counted yet.
    pub fn new(domain: Domain, period: Period) -> Self {
        let cells = vec![Measures::default(); domain.cells(&period)];
        Self { domain, period, cells }
    }

    /// What it is about.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// Which days it is about.
    pub fn period(&self) -> &Period {
        &self.period
    }

    /// The numbers of a cell; zeros of one that is not in the domain.
    pub fn get(&self, key: &Key) -> Measures {
        self.cells.get(self.domain.index(key)).copied().unwrap_or_default()
    }

    /// The numbers of a cell, to change; nothing for one that is not in the domain.
    pub fn get_mut(&mut self, key: &Key) -> Option<&mut Measures> {
        let at = self.domain.index(key);
        self.cells.get_mut(at)
    }

    /// Every cell, in the order of a report's rows.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &Measures)> {
        self.domain.keys(&self.period).zip(&self.cells)
    }

    /// Sums over all cells. Of people, that counts each once per cell.
    pub fn totals(&self) -> Measures {
        let mut totals = Measures::default();
        for cell in &self.cells {
            totals.add(cell);
        }
        totals
    }
}
