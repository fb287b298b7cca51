//! All entries of a person: that her receipts are an unbroken chain, and that the log has none of hers beside them.

mod hers;
mod log;

use crate::fsck::{FINDINGS_LIMIT, FsckReport};
use crate::{Finding, Source, VerifyError, head};
use model::Time;
use std::collections::BTreeSet;
use std::io::BufRead;
use tlog::note::VerifyingKey;

/// How many numbers after her last the log is searched for, and around the edges of a period.
const LOOKAHEAD: u64 = 32;

/// What a check of a person's file of receipts found.
#[derive(Debug, Clone)]
pub struct Chain {
    /// When the file says it was made. She knows whether that is when she fetched it.
    pub made: Time,
    /// How many entries the log had then, as the file says.
    pub size: u64,
    /// Receipts in the file.
    pub receipts: u64,
    /// The periods whose tag keys the file has.
    pub periods: BTreeSet<u32>,
    /// The check of the whole log as it is now.
    pub report: FsckReport,
    /// What is wrong with the chain, [`FINDINGS_LIMIT`] at most.
    pub findings: Vec<Finding>,
    /// Entries of hers that were made after the file was: index and number.
    pub later: Vec<(u64, u64)>,
}

impl Chain {
    /// Whether log and chain are whole.
    pub fn is_sound(&self) -> bool {
        self.report.is_sound() && self.findings.is_empty()
    }
}

/// Checks a person's file of receipts (called `name` in findings) against a log, all of which is read:
///
/// - each receipt is proved by a checkpoint of this log, and opens her own part;
/// - her numbers go from 0 without a gap, none twice, each naming the commitment of the one before, in the log's order;
/// - each carries her tag, and stands in the log at its index as the receipt says;
/// - no other entry of the log carries a tag of hers;
/// - what an `older` file of hers (its name, and the file) says of entries and tag keys still holds.
///
/// An entry under a tag key that she was never given cannot be found by this; a partner's receipt gives it away.
pub fn chain(
    name: &str,
    file: &mut dyn BufRead,
    older: Option<(&str, &mut dyn BufRead)>,
    source: &dyn Source,
    key: &VerifyingKey,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Chain, VerifyError> {
    let mut findings = Findings {
        name,
        found: Vec::new(),
    };
    let hers = hers::read(file, key, &mut findings)?;
    hers.check(&mut findings);
    let mut checkpoints = vec![hers.newest.clone()];
    if let Some((name, file)) = older {
        let mut of_older = Findings {
            name,
            found: Vec::new(),
        };
        let older = hers::read(file, key, &mut of_older)?;
        of_older.found.into_iter().for_each(|finding| findings.push(finding));
        hers.check_older(name, &older, &mut findings);
        checkpoints.push(older.newest);
    }
    for newest in checkpoints.into_iter().flatten() {
        match head::consistency(&newest, source, key) {
            Err(VerifyError::Wrong(finding)) => findings.push(finding),
            other => _ = other?,
        }
    }
    let (report, later) = log::compare(&hers, source, key, progress, &mut findings)?;
    Ok(Chain {
        made: hers.made(),
        size: hers.head.size,
        receipts: hers.receipts,
        periods: hers.tags.keys().copied().collect(),
        report,
        findings: findings.found,
        later,
    })
}

/// What is wrong so far, up to a limit.
struct Findings<'a> {
    name: &'a str,
    found: Vec<Finding>,
}

impl Findings<'_> {
    /// Something wrong with the file.
    fn say(&mut self, what: String) {
        self.push(Finding::new(self.name, None, what));
    }

    fn push(&mut self, finding: Finding) {
        if self.found.len() < FINDINGS_LIMIT {
            self.found.push(finding);
        }
    }
}
