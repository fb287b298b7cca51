//! Her file against the log: what the receipts say is there, and nothing else of hers is.

use super::hers::{Hers, Own};
use super::{Findings, LOOKAHEAD};
use crate::fsck::{FsckReport, Watch, fsck_watched};
use crate::{Finding, Source, VerifyError};
use std::collections::{BTreeMap, HashMap};
use tlog::Hash;
use tlog::leaf::{Leaf, WINDOW_SECONDS};
use tlog::note::VerifyingKey;
use tlog::path::TilePath;
use tlog::secret;
use tlog::tree::{TILE_WIDTH, tile_width};

/// Reads the whole log. Gives its check, and her entries in it that came after the file: index and number.
pub(super) fn compare(
    hers: &Hers,
    source: &dyn Source,
    key: &VerifyingKey,
    progress: &mut dyn FnMut(u64, u64),
    findings: &mut Findings<'_>,
) -> Result<(FsckReport, Vec<(u64, u64)>), VerifyError> {
    let mut search = Search {
        progress,
        receipts: hers.entries.iter().map(|own| (own.index, own)).collect(),
        tags: tags(hers),
        differs: Vec::new(),
        others: Vec::new(),
    };
    let report = fsck_watched(source, key, &mut search)?;
    let size = report.checkpoint.size;
    let at = |index: u64, what: String| {
        let (tile, place) = (index / u64::from(TILE_WIDTH), Some(index));
        let width = tile_width(size, 0, tile);
        Finding::new(TilePath::Entries { index: tile, width }, place, what)
    };
    for own in hers.entries.iter().filter(|own| own.index >= size) {
        let (seq, index) = (own.seq, own.index);
        findings.say(format!(
            "number {seq} is entry {index}, and the log has {size} entries only"
        ));
    }
    for (index, seq) in search.differs {
        findings.push(at(
            index,
            format!("the entry is not the one of her receipt of number {seq}"),
        ));
    }
    let mut later = Vec::new();
    for other in search.others {
        let (index, seq) = (other.index, other.seq);
        let known = hers.entries.binary_search_by_key(&seq, |own| own.seq).ok();
        let known = known.and_then(|place| hers.entries.get(place));
        // An entry tells its time to ten minutes.
        let entered_by = other.window.saturating_add(1).saturating_mul(WINDOW_SECONDS);
        match known {
            Some(own) => findings.push(at(
                index,
                format!(
                    "the entry carries the tag of her number {seq}, which is entry {} in her file: one of them was hidden from her",
                    own.index
                ),
            )),
            None if index < hers.head.size => findings.push(at(
                index,
                format!("the entry is hers, number {seq}, and was left out of her file"),
            )),
            None if entered_by <= hers.head.made => findings.push(at(
                index,
                format!("the entry is hers, number {seq}, was there when the file was made, and was left out of it"),
            )),
            None => later.push((index, seq)),
        }
    }
    Ok((report, later))
}

/// Every tag that an entry of hers could have: in each period the numbers of that period, and some more on either side.
fn tags(hers: &Hers) -> HashMap<Hash, u64> {
    let mut tags = HashMap::new();
    for (period, key) in &hers.tags {
        let from = hers.entries.iter().filter(|own| own.period >= *period);
        let upto = hers.entries.iter().filter(|own| own.period <= *period);
        let after = |own: &Own| own.seq.saturating_add(1);
        let end = upto.map(after).max().unwrap_or(0);
        let start = from.map(|own| own.seq).min().unwrap_or(end).min(end);
        for seq in start.saturating_sub(LOOKAHEAD)..end.saturating_add(LOOKAHEAD) {
            tags.insert(secret::tag(key, seq), seq);
        }
    }
    tags
}

struct Search<'a> {
    progress: &'a mut dyn FnMut(u64, u64),
    receipts: BTreeMap<u64, &'a Own>,
    /// Her numbers by tag.
    tags: HashMap<Hash, u64>,
    /// Entries that are not what their receipt says: index and number.
    differs: Vec<(u64, u64)>,
    others: Vec<Other>,
}

/// An entry with a tag of hers that no receipt is about.
struct Other {
    index: u64,
    seq: u64,
    window: u64,
}

impl Watch for Search<'_> {
    fn progress(&mut self, done: u64, total: u64) {
        (self.progress)(done, total);
    }

    fn entry(&mut self, index: u64, leaf: &Leaf, _: &[u8]) -> Result<(), String> {
        match (self.receipts.get(&index), self.tags.get(&leaf.tag)) {
            (Some(own), _) if own.leaf != *leaf => self.differs.push((index, own.seq)),
            (None, Some(seq)) => self.others.push(Other {
                index,
                seq: *seq,
                window: leaf.window,
            }),
            _ => {}
        }
        Ok(())
    }
}
