//! Recommendations that the platform had sent itself, by people of its own, through the partner's service: what is missing of
//! them was left out.

use crate::{Counts, Day, Difference, Measure, Outcome, Period, RecipientKind, Verdict};
use model::Time;
use serde::{Deserialize, Serialize};

/// One recommendation that was sent to see whether it is reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seed {
    /// When it was sent.
    pub at: Time,
    /// Where in the partner's service.
    pub interface: String,
    /// From what.
    pub initiation_surface: String,
    /// In which variant.
    pub variant: String,
    /// To whom.
    pub recipient_kind: RecipientKind,
    /// How often it was clicked.
    #[serde(default)]
    pub clicks: u32,
}

/// Why a seed is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum SeedFault {
    #[error("`{0}` is not in the agreement's lists")]
    Name(&'static str),
    #[error("it was not sent in the period {0}")]
    Day(Period),
}

impl Seed {
    /// Adds it to counts of its period.
    pub fn add_to(&self, counts: &mut Counts) -> Result<(), SeedFault> {
        let period = *counts.period();
        let day = Day::of(self.at);
        if !period.contains(day) {
            return Err(SeedFault::Day(period));
        }
        let day = u16::try_from(day.since(period.first)).map_err(|_| SeedFault::Day(period))?;
        let (interface, surface, variant) = (&self.interface, &self.initiation_surface, &self.variant);
        let key = counts
            .domain()
            .key(day, interface, surface, variant, self.recipient_kind.as_str())
            .map_err(SeedFault::Name)?;
        let cell = counts.get_mut(&key).ok_or(SeedFault::Name("cell"))?;
        cell.sends = cell.sends.saturating_add(1);
        cell.clicks = cell.clicks.saturating_add(u64::from(self.clicks));
        Ok(())
    }
}

/// Holds a report to seeds. A cell with fewer sends, or fewer clicks, than were seeded in it is refused: they were made, and
/// no loss by chance leaves all others of a cell and takes these. Clicks inside the partner's service count here: these were
/// the platform's own.
pub fn seeded(partner: &Counts, seeds: &Counts, verdict: &mut Verdict) {
    for (key, seed) in seeds.iter() {
        let theirs = partner.get(&key);
        for measure in [Measure::Sends, Measure::Clicks] {
            let (partner_says, made) = (theirs.get(measure), seed.get(measure));
            if made == 0 {
                continue;
            }
            verdict.compared += 1;
            if partner_says >= made {
                continue;
            }
            verdict.outcome = Outcome::Refused;
            verdict.found += 1;
            verdict.differences.push(Difference {
                place: partner.domain().place(partner.period(), &key),
                measure,
                partner: partner_says,
                platform: made,
                fails: true,
                reason: None,
            });
        }
    }
}
