//! Her file by itself: each receipt, and how they hang together.

use super::Findings;
use crate::{Finding, SourceError, VerifyError};
use model::Time;
use std::collections::BTreeMap;
use std::io::BufRead;
use tlog::Hash;
use tlog::chain::{self, ChainError, Head, Part};
use tlog::checkpoint::Checkpoint;
use tlog::leaf::Leaf;
use tlog::note::VerifyingKey;
use tlog::{receipt, secret};

/// Receipts in a file at most.
const RECEIPTS_LIMIT: u64 = 1_000_000;
/// Tag keys in a file at most.
const TAGS_LIMIT: usize = 4_000;

/// An entry of hers, as its receipt has it.
pub(super) struct Own {
    pub seq: u64,
    pub index: u64,
    pub leaf: Leaf,
    pub period: u32,
    previous: Hash,
}

/// What the file holds.
pub(super) struct Hers {
    pub head: Head,
    pub receipts: u64,
    /// By her number, then by index.
    pub entries: Vec<Own>,
    /// Her tag key of each period.
    pub tags: BTreeMap<u32, Hash>,
    /// The checkpoint of the largest size that a receipt has.
    pub newest: Option<Checkpoint>,
}

/// Reads the file. A receipt that does not verify is a finding; what is not such a file at all is an error.
pub(super) fn read(
    file: &mut dyn BufRead,
    key: &VerifyingKey,
    findings: &mut Findings<'_>,
) -> Result<Hers, VerifyError> {
    let name = findings.name;
    let wrong = |what: String| VerifyError::Wrong(Finding::new(name, None, what));
    let failed = |error: ChainError| match error {
        ChainError::Read(error) => VerifyError::Unreadable(SourceError::Failed {
            path: name.to_owned(),
            why: error.to_string(),
        }),
        error => wrong(error.to_string()),
    };
    let mut parts = chain::read(file);
    let Some(Part::Head(head)) = parts.next().transpose().map_err(failed)? else {
        return Err(wrong("not a file of receipts".to_owned()));
    };
    let mut hers = Hers {
        head,
        receipts: 0,
        entries: Vec::new(),
        tags: BTreeMap::new(),
        newest: None,
    };
    for part in parts {
        match part.map_err(failed)? {
            Part::Head(_) => {}
            Part::Receipt(_) if hers.receipts == RECEIPTS_LIMIT => {
                return Err(wrong(format!("more than {RECEIPTS_LIMIT} receipts")));
            }
            Part::Receipt(text) => {
                hers.receipts += 1;
                if let Err(why) = hers.open(&text, key) {
                    findings.say(format!("receipt {} of the file: {why}", hers.receipts));
                }
            }
            Part::Tag(..) if hers.tags.len() == TAGS_LIMIT => {
                return Err(wrong(format!("more than {TAGS_LIMIT} tag keys")));
            }
            Part::Tag(period, tag) => {
                if hers.tags.insert(period, tag).is_some_and(|other| other != tag) {
                    findings.say(format!("there are two tag keys for period {period}"));
                }
            }
        }
    }
    hers.entries.sort_by_key(|own| (own.seq, own.index));
    Ok(hers)
}

impl Hers {
    fn open(&mut self, text: &str, key: &VerifyingKey) -> Result<(), String> {
        let opened = receipt::verify(text, key).map_err(|error| error.to_string())?;
        let private = opened
            .private
            .ok_or("a partner's receipt, which does not have her number")?;
        self.entries.push(Own {
            seq: private.seq,
            index: opened.index,
            leaf: opened.leaf,
            period: secret::period(opened.body.at_ms.div_euclid(1000)),
            previous: private.previous,
        });
        if self.newest.as_ref().is_none_or(|at| at.size < opened.checkpoint.size) {
            self.newest = Some(opened.checkpoint);
        }
        Ok(())
    }

    /// When the file says it was made.
    pub(super) fn made(&self) -> Time {
        Time::from_unix_seconds(i64::try_from(self.head.made).unwrap_or(i64::MAX))
    }

    /// Numbers, chain, order and tags.
    pub(super) fn check(&self, findings: &mut Findings<'_>) {
        let mut before: Option<&Own> = None;
        for own in &self.entries {
            let (seq, index) = (own.seq, own.index);
            if let Some(before) = before
                && before.seq == seq
            {
                let first = before.index;
                findings.say(format!(
                    "number {seq} is there twice, as entry {first} and as entry {index}"
                ));
                continue;
            }
            let expected = before.map_or(0, |before| before.seq.saturating_add(1));
            if seq != expected {
                let place = match before {
                    Some(before) => format!("entry {} is number {}", before.index, before.seq),
                    None => "the file begins".to_owned(),
                };
                let missing = numbers(expected, seq.saturating_sub(1));
                findings.say(format!("{missing} missing: {place}, and entry {index} is number {seq}"));
            } else if own.previous != before.map_or([0; 32], |before| before.leaf.commit) {
                findings.say(match before {
                    Some(before) => format!(
                        "number {seq} (entry {index}) says that another entry came before it than number {} (entry {})",
                        before.seq, before.index
                    ),
                    None => format!("number 0 (entry {index}) says that an entry came before it"),
                });
            }
            if let Some(before) = before.filter(|before| before.index >= index) {
                findings.say(format!(
                    "number {seq} is entry {index} of the log, and number {} before it is entry {}",
                    before.seq, before.index
                ));
            }
            self.check_tag(own, findings);
            before = Some(own);
        }
        let end = before.map_or(0, |last| last.seq.saturating_add(1));
        if let Some(last) = self.head.entries.checked_sub(1).filter(|last| *last >= end) {
            let missing = numbers(end, last);
            findings.say(format!(
                "{missing} missing at the end: the file says that it has {}",
                self.head.entries
            ));
        } else if self.receipts != self.head.entries {
            let (says, has) = (self.head.entries, self.receipts);
            findings.say(format!("the file says that it has {says} receipts, and has {has}"));
        }
        self.check_periods(findings);
    }

    /// That nothing is told otherwise than before: with another tag key, a whole period could be hidden.
    pub(super) fn check_older(&self, name: &str, older: &Self, findings: &mut Findings<'_>) {
        for (period, tag) in &older.tags {
            let how = match self.tags.get(period) {
                Some(now) if now == tag => continue,
                Some(_) => "is another one than in",
                None => "is not given any more, as it was in",
            };
            findings.say(format!(
                "the tag key of period {period} {how} {name}: entries of hers could be hidden"
            ));
        }
        for before in &older.entries {
            let now = self.entries.binary_search_by_key(&before.seq, |own| own.seq);
            let now = now.ok().and_then(|place| self.entries.get(place));
            if now.is_none_or(|own| (own.index, own.leaf) != (before.index, before.leaf)) {
                findings.say(format!(
                    "number {} was entry {} in {name}, and is not any more",
                    before.seq, before.index
                ));
            }
        }
    }

    fn check_tag(&self, own: &Own, findings: &mut Findings<'_>) {
        let Own { seq, index, period, .. } = own;
        match self.tags.get(period) {
            // Told once for the whole period.
            None => {}
            Some(key) if secret::tag(key, *seq) == own.leaf.tag => {}
            Some(_) => findings.say(format!(
                "number {seq} (entry {index}) does not carry her tag: it was made under another tag key than the file gives for period {period}"
            )),
        }
    }

    /// The keys of every period from her first entry until the file was made: an entry could stand in each.
    fn check_periods(&self, findings: &mut Findings<'_>) {
        let made = secret::period(self.made().unix_seconds());
        let used = self.entries.iter().map(|own| own.period);
        let first = used.clone().min().unwrap_or(made);
        let last = used.max().unwrap_or(made).max(made);
        let mut known = self.tags.range(first..=last).map(|(period, _)| *period);
        let mut expected = first;
        loop {
            let next = known.next();
            let end = next.unwrap_or_else(|| last.saturating_add(1));
            if expected < end {
                let periods = match end - 1 == expected {
                    true => format!("period {expected}"),
                    false => format!("periods {expected} to {}", end - 1),
                };
                findings.say(format!(
                    "the file has no tag key for {periods}: entries of hers could not be found there"
                ));
            }
            match next {
                Some(period) => expected = period.saturating_add(1),
                None => return,
            }
        }
    }
}

fn numbers(first: u64, last: u64) -> String {
    match first == last {
        true => format!("number {first} is"),
        false => format!("numbers {first} to {last} are"),
    }
}
