//! Every cell that a report has: the agreement's lists, multiplied out over the period's days.

use crate::{Day, Key, Measure, Period};
use model::Agreement;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Names in one of an agreement's lists at most.
pub const NAMES_LIMIT: usize = 100;
/// Characters of a name at most.
const NAME_LIMIT: usize = 64;
/// Cells of one day at most.
const CELLS_LIMIT: usize = 10_000;

/// Whether a recipient has an inbox here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecipientKind {
    /// Uses the partner's service: the partner delivers there, and says so.
    NonPlatform,
    /// Gets a message with a card in her inbox here.
    Platform,
}

impl RecipientKind {
    /// In the order of their names.
    pub const ALL: [Self; 2] = [Self::NonPlatform, Self::Platform];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NonPlatform => "non_platform",
            Self::Platform => "platform",
        }
    }
}

impl fmt::Display for RecipientKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RecipientKind {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// Why an agreement's lists make no report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum DomainFault {
    #[error("the list `{0}` is empty")]
    Empty(&'static str),
    #[error("the list `{0}` has more than 100 names")]
    TooMany(&'static str),
    #[error("`{1}` in the list `{0}` is not a letter of a-z and then up to 63 of a-z, 0-9 and `_`")]
    Name(&'static str, String),
    #[error("`{1}` is twice in the list `{0}`")]
    Twice(&'static str, String),
    #[error("the lists make {0} cells a day, more than 10000")]
    Cells(usize),
}

/// The lists of an agreement, each in the order of its bytes: the order of a report's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    interfaces: Vec<String>,
    surfaces: Vec<String>,
    variants: Vec<String>,
}

/// Part of a report: the names that are given, and any for those that are not. With all of them it is one cell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Place {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Day>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initiation_surface: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient_kind: Option<RecipientKind>,
}

impl Place {
    /// Whether that place is in this one.
    pub fn covers(&self, that: &Self) -> bool {
        fn of<T: PartialEq>(this: &Option<T>, that: &Option<T>) -> bool {
            this.is_none() || this == that
        }
        of(&self.date, &that.date)
            && of(&self.interface, &that.interface)
            && of(&self.initiation_surface, &that.initiation_surface)
            && of(&self.variant, &that.variant)
            && of(&self.recipient_kind, &that.recipient_kind)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        parts.extend(self.date.map(|day| day.to_string()));
        parts.extend(
            [&self.interface, &self.initiation_surface, &self.variant]
                .into_iter()
                .flatten()
                .cloned(),
        );
        parts.extend(self.recipient_kind.map(|kind| kind.to_string()));
        match parts.is_empty() {
            true => f.write_str("the whole period"),
            false => f.write_str(&parts.join(", ")),
        }
    }
}

impl Domain {
    /// Of one version of an agreement.
    pub fn of(agreement: &Agreement) -> Result<Self, DomainFault> {
        let lists = &agreement.report.dimensions;
        Self::new(&lists.interface, &lists.initiation_surface, &lists.variant)
    }

    /// Of lists of interfaces, initiation surfaces and variants, in any order.
    pub fn new(interfaces: &[String], surfaces: &[String], variants: &[String]) -> Result<Self, DomainFault> {
        let domain = Self {
            interfaces: sorted("interface", interfaces)?,
            surfaces: sorted("initiation_surface", surfaces)?,
            variants: sorted("variant", variants)?,
        };
        match domain.cells_per_day() {
            cells if cells > CELLS_LIMIT => Err(DomainFault::Cells(cells)),
            _ => Ok(domain),
        }
    }

    /// The interfaces, in order.
    pub fn interfaces(&self) -> &[String] {
        &self.interfaces
    }

    /// The initiation surfaces, in order.
    pub fn surfaces(&self) -> &[String] {
        &self.surfaces
    }

    /// The variants, in order.
    pub fn variants(&self) -> &[String] {
        &self.variants
    }

    /// Cells of one day.
    pub fn cells_per_day(&self) -> usize {
        self.interfaces.len() * self.surfaces.len() * self.variants.len() * RecipientKind::ALL.len()
    }

    /// Cells of a period.
    pub fn cells(&self, period: &Period) -> usize {
        self.cells_per_day() * usize::from(period.days)
    }

    /// The key of these names, if all are in the lists; else the column whose name is not.
    pub fn key(
        &self,
        day: u16,
        interface: &str,
        surface: &str,
        variant: &str,
        recipient_kind: &str,
    ) -> Result<Key, &'static str> {
        let find = |list: &[String], name: &str| list.binary_search_by(|n| n.as_str().cmp(name)).ok();
        Ok(Key {
            day,
            interface: find(&self.interfaces, interface).ok_or("interface")?,
            surface: find(&self.surfaces, surface).ok_or("initiation_surface")?,
            variant: find(&self.variants, variant).ok_or("variant")?,
            recipient_kind: recipient_kind.parse().map_err(|()| "recipient_kind")?,
        })
    }

    /// The place of a key among the rows, from 0.
    pub fn index(&self, key: &Key) -> usize {
        let mut at = usize::from(key.day);
        at = at * self.interfaces.len() + key.interface;
        at = at * self.surfaces.len() + key.surface;
        at = at * self.variants.len() + key.variant;
        at * RecipientKind::ALL.len() + key.recipient_kind as usize
    }

    /// Every key of a period, in order.
    pub fn keys(&self, period: &Period) -> impl Iterator<Item = Key> + '_ {
        (0..period.days).flat_map(move |day| {
            (0..self.interfaces.len()).flat_map(move |interface| {
                (0..self.surfaces.len()).flat_map(move |surface| {
                    (0..self.variants.len()).flat_map(move |variant| {
                        RecipientKind::ALL.into_iter().map(move |recipient_kind| Key {
                            day,
                            interface,
                            surface,
                            variant,
                            recipient_kind,
                        })
                    })
                })
            })
        })
    }

    /// A key's names.
    pub fn names(&self, key: &Key) -> [&str; 3] {
        [
            self.interfaces.get(key.interface).map_or("", String::as_str),
            self.surfaces.get(key.surface).map_or("", String::as_str),
            self.variants.get(key.variant).map_or("", String::as_str),
        ]
    }

    /// The place that is this cell.
    pub fn place(&self, period: &Period, key: &Key) -> Place {
        let [interface, surface, variant] = self.names(key).map(str::to_owned);
        Place {
            date: Some(period.first.plus(i32::from(key.day))),
            interface: Some(interface),
            initiation_surface: Some(surface),
            variant: Some(variant),
            recipient_kind: Some(key.recipient_kind),
        }
    }

    /// Whether the platform counts this measure too. What a partner delivers in its own service is clicked there.
    pub fn platform_counts(kind: RecipientKind, measure: Measure) -> bool {
        kind == RecipientKind::Platform || matches!(measure, Measure::Sends | Measure::UniqueSenders)
    }
}

fn sorted(list: &'static str, names: &[String]) -> Result<Vec<String>, DomainFault> {
    if names.is_empty() {
        return Err(DomainFault::Empty(list));
    }
    if names.len() > NAMES_LIMIT {
        return Err(DomainFault::TooMany(list));
    }
    for name in names {
        // A name that starts with a letter is no formula to any spreadsheet.
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        let starts = name.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        if !starts || name.len() > NAME_LIMIT || !name.bytes().all(plain) {
            return Err(DomainFault::Name(list, name.chars().take(80).collect()));
        }
    }
    let mut sorted = names.to_vec();
    sorted.sort();
    let twice = sorted
        .iter()
        .zip(sorted.iter().skip(1))
        .find(|(a, b)| a == b)
        .map(|(a, _)| a.clone());
    match twice {
        Some(name) => Err(DomainFault::Twice(list, name)),
        None => Ok(sorted),
    }
}
