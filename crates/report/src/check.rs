//! From a report to its counts, in the order that lets nothing unsigned be parsed: sizes and zip, signature, hashes, table,
//! rules across the files.

use crate::manifest::{self, Wanted};
use crate::{Counts, Domain, Explanation, Fault, File, Period, Rule, archive, descriptor, readme, table};
use model::{AgreementRef, Time};
use serde::{Deserialize, Serialize};
use tlog::note::VerifyingKey;

/// A revision that was filed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Previous {
    /// From 1.
    pub revision: u32,
    /// The zip's.
    pub hash: tlog::Hash,
}

/// What a report must be about.
#[derive(Debug, Clone)]
pub struct Expected {
    /// Under which version of which agreement.
    pub agreement: AgreementRef,
    /// The agreement's lists.
    pub domain: Domain,
    /// The partner's key in the agreement.
    pub key: VerifyingKey,
    /// Which period.
    pub period: Period,
    /// The revision that is filed already, if any.
    pub previous: Option<Previous>,
    /// When it is checked.
    pub now: Time,
}

/// A report that says what it must.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Its numbers.
    pub counts: Counts,
    /// From 1.
    pub revision: u32,
    /// The hash of the whole file.
    pub hash: tlog::Hash,
    /// Reasons for differences.
    pub explanations: Vec<Explanation>,
}

/// Checks a report. The faults are those of the first stage that found any; there is at least one.
pub fn check(zip: &[u8], expected: &Expected) -> Result<Checked, Vec<Fault>> {
    let files = archive::read(zip)?;
    let revision = expected
        .previous
        .map_or(1, |previous| previous.revision.saturating_add(1));
    let previous = expected.previous.map(|previous| previous.hash);
    manifest::check(
        &files,
        &Wanted {
            agreement: &expected.agreement,
            key: &expected.key,
            period: &expected.period,
            revision,
            previous,
        },
    )?;
    let counts = table::read(&files.counts, &expected.domain, &expected.period)?;
    let explanations = descriptor::check(
        &files.descriptor,
        &counts,
        &files.counts,
        &expected.agreement,
        revision,
        previous,
    )?;
    let said = descriptor::Said {
        agreement: &expected.agreement,
        revision,
        previous,
        explanations: &explanations,
    };
    if files.readme != readme::write(&said, &counts).as_bytes() {
        let said = "it says something else than the other files";
        return Err(vec![Fault::file(File::Readme, Rule::Readme, said)]);
    }
    if expected.now < expected.period.ends() {
        let said = format!("period {} is not over", expected.period);
        return Err(vec![Fault::zip(Rule::TooEarly, said)]);
    }
    Ok(Checked {
        counts,
        revision,
        hash: crate::hash(zip),
        explanations,
    })
}
