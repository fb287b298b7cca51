//! What the log says of partners' reports: each entry signed by the platform, of a period of an agreement that stands before
//! it, and each revision the next one after the one that it names.

use model::{Agreement, AgreementRef};
use report::{Calendar, Entry, Filed, Outcome, Suspension};
use std::collections::BTreeMap;
use tlog::Hash;
use tlog::note::VerifyingKey;

/// An entry about a report.
#[derive(Debug, Clone)]
pub struct ReportEntry {
    /// Its index.
    pub index: u64,
    /// What it says; `None` if it cannot be read.
    pub says: Option<Entry>,
    /// What is wrong.
    pub faults: Vec<String>,
}

/// What is known of reports so far.
#[derive(Debug, Default)]
pub(crate) struct Filings {
    agreements: BTreeMap<AgreementRef, Agreement>,
    /// The newest revision that was not refused, of each period.
    newest: BTreeMap<(AgreementRef, u32), (u32, Hash)>,
    /// Periods because of which grants answer nothing.
    suspended: BTreeMap<(AgreementRef, u32), u64>,
}

impl Filings {
    /// A sound agreement that stands in the log.
    pub fn agreement(&mut self, agreement: &Agreement) {
        self.agreements.insert(agreement.reference(), agreement.clone());
    }

    /// An entry of the kind for reports.
    pub fn entry(&mut self, index: u64, public: &[u8]) -> ReportEntry {
        let mut entry = ReportEntry {
            index,
            says: None,
            faults: Vec::new(),
        };
        match self.read(public) {
            Err(fault) => entry.faults.push(fault),
            Ok(says) => {
                let checked = match &says {
                    Entry::Filed(filed) => self.filed(filed),
                    Entry::Standing(standing) => self.standing(index, standing),
                };
                entry.faults.extend(checked.err());
                entry.says = Some(says);
            }
        }
        entry
    }

    fn read(&self, public: &[u8]) -> Result<Entry, String> {
        let text = std::str::from_utf8(public)
            .ok()
            .and_then(|text| tlog::note::unverified_text(text).ok())
            .ok_or("an entry about a report that is not a signed note")?;
        let unproved: Entry = text.parse().map_err(|error| format!("{error}"))?;
        let (reference, period) = match &unproved {
            Entry::Filed(filed) => (&filed.agreement, &filed.period),
            Entry::Standing(standing) => (&standing.agreement, &standing.period),
        };
        let agreement = self
            .agreements
            .get(reference)
            .ok_or_else(|| format!("a report under `{reference}`, which does not stand before it"))?;
        let key: VerifyingKey = agreement
            .platform
            .key
            .parse()
            .map_err(|_| format!("`{reference}`: `platform.key`"))?;
        let known = Calendar::of(agreement)
            .ok()
            .and_then(|calendar| calendar.period(period.number));
        if known != Some(*period) {
            return Err(format!("`{reference}` has no period {period}"));
        }
        report::receipt::read(public, &key).map_err(|error| format!("a report under `{reference}`: {error}"))
    }

    fn filed(&mut self, filed: &Filed) -> Result<(), String> {
        let place = (filed.agreement.clone(), filed.period.number);
        let newest = self.newest.get(&place).copied();
        let (revision, previous) = match newest {
            // The operator's later word on the same report.
            Some((revision, hash)) if hash == filed.hash => {
                return match filed.revision == revision {
                    true => Ok(()),
                    false => Err(format!("report {}: one file with two revisions", filed.period)),
                };
            }
            Some((revision, hash)) => (revision.saturating_add(1), Some(hash)),
            None => (1, None),
        };
        if filed.outcome != Some(Outcome::Refused) {
            self.newest.insert(place, (filed.revision, filed.hash));
        }
        match (filed.revision, filed.previous) == (revision, previous) {
            true => Ok(()),
            false => Err(format!(
                "report {} under `{}`: revision {} stands where {revision} must, or names another before it",
                filed.period, filed.agreement, filed.revision
            )),
        }
    }

    fn standing(&mut self, index: u64, standing: &Suspension) -> Result<(), String> {
        let place = (standing.agreement.clone(), standing.period.number);
        let was = match standing.suspended {
            true => self.suspended.insert(place, index).is_some(),
            false => self.suspended.remove(&place).is_some(),
        };
        match was != standing.suspended {
            true => Ok(()),
            false => Err(format!(
                "`{}` stood so already because of period {}",
                standing.agreement, standing.period
            )),
        }
    }
}
