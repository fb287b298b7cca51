//! A partner's fortnightly report, held to its agreement as the log has it.

use crate::{Agreements, Finding, VerifyError};
use model::{Agreement, Time};
use report::{Calendar, Checked, Domain, Entry, Expected, Fault, Filed, Period, Previous};

/// A report that is what it says.
#[derive(Debug)]
pub struct Fortnight {
    /// What was checked of it.
    pub checked: Checked,
    /// Which days it is about.
    pub period: Period,
    /// The agreement it was held to.
    pub agreement: Box<Agreement>,
    /// Whether it replaces an earlier revision that was not at hand: its hash is as the report says.
    pub previous_unseen: bool,
    /// Where the log says that it was filed, and what became of it there last.
    pub entered: Option<(u64, Filed)>,
}

/// Checks a report (called `name` in findings) by the rules that the platform goes by, except for the comparison with the
/// platform's counts, which are not public. `replaced` is the revision before, if the auditor has it.
pub fn fortnight(
    name: &str,
    zip: &[u8],
    replaced: Option<&[u8]>,
    agreements: &Agreements,
) -> Result<Fortnight, VerifyError> {
    let wrong = |what: String| VerifyError::Wrong(Finding::new(name, None, what));
    let faulty = |faults: Vec<Fault>| {
        let shown: Vec<String> = faults.iter().take(10).map(Fault::to_string).collect();
        wrong(format!("{} faults: {}", faults.len(), shown.join("; ")))
    };
    let claim = report::claim(zip).map_err(faulty)?;
    // An agreement with faults proves nothing of who signed the report.
    let agreement = agreements
        .entries
        .iter()
        .filter(|entry| entry.faults.is_empty())
        .filter_map(|entry| entry.agreement.as_ref())
        .find(|agreement| agreement.reference() == claim.agreement)
        .ok_or_else(|| wrong(format!("the log has no sound agreement {}", claim.agreement)))?;
    let calendar = Calendar::of(agreement).map_err(|e| wrong(e.to_string()))?;
    let period = calendar
        .period(claim.period)
        .ok_or_else(|| wrong(format!("the agreement has no period {}", claim.period)))?;
    let previous = match (claim.revision.checked_sub(1), claim.previous) {
        (Some(revision), Some(hash)) => Some(Previous {
            revision,
            hash: replaced.map_or(hash, report::hash),
        }),
        _ => None,
    };
    let expected = Expected {
        agreement: claim.agreement,
        domain: Domain::of(agreement).map_err(|e| wrong(e.to_string()))?,
        key: agreement
            .partner
            .key
            .parse()
            .map_err(|_| wrong("the agreement's `partner.key` is not a key".to_owned()))?,
        period,
        previous,
        // Whether the period is over is for whoever receives it first; this tool has no clock.
        now: Time(i64::MAX),
    };
    let hash = report::hash(zip);
    let entered = agreements.reports.iter().rev().find_map(|entry| match &entry.says {
        Some(Entry::Filed(filed)) if filed.hash == hash && entry.faults.is_empty() => {
            Some((entry.index, filed.clone()))
        }
        _ => None,
    });
    Ok(Fortnight {
        entered,
        checked: report::check(zip, &expected).map_err(faulty)?,
        period,
        agreement: agreement.clone(),
        previous_unseen: previous.is_some() && replaced.is_none(),
    })
}
