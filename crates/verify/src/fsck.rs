//! The whole log, from its files: every entry, every hash, up to the signed root.
//!
//! The signed root is what is known. From it the hash tiles are known one by one downwards, and from the lowest tiles the
//! entries: so the file that is wrong is named, not one that merely disagrees with it. Where the way down is broken, the
//! hashes are computed upwards from the entries, and whichever of two disagreeing files fits the hash above is right.
//! Memory is a few tiles, whatever the log's size.

use crate::head::{checkpoint, get_tile};
use crate::{Finding, Source, SourceError, VerifyError};
use std::collections::BTreeMap;
use tlog::Hash;
use tlog::bundle;
use tlog::checkpoint::Checkpoint;
use tlog::leaf::{Kind, Leaf};
use tlog::note::VerifyingKey;
use tlog::path::{CHECKPOINT, TilePath};
use tlog::tree::{TILE_WIDTH, hashes_of, leaf_hash, root_of_edge, root_of_hashes, tile_width};

/// Findings after which the check stops.
pub const FINDINGS_LIMIT: usize = 100;

/// What a check of the whole log found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FsckReport {
    /// The signed checkpoint it was checked against.
    pub checkpoint: Checkpoint,
    /// How many entries there are of each kind.
    pub kinds: BTreeMap<Kind, u64>,
    /// Tiles and bundles that were read.
    pub files: u64,
    /// The first disagreement in each file. Empty: the log is sound.
    pub findings: Vec<Finding>,
    /// Whether the check stopped at [`FINDINGS_LIMIT`].
    pub stopped: bool,
}

impl FsckReport {
    /// Whether every file is what the signed checkpoint says.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }
}

/// What looks on while a log is checked.
pub trait Watch {
    /// So many of so many entries were read.
    fn progress(&mut self, _done: u64, _total: u64) {}

    /// An entry that could be decoded, in the order of the log. What is wrong with it becomes a finding.
    fn entry(&mut self, _index: u64, _leaf: &Leaf, _public: &[u8]) -> Result<(), String> {
        Ok(())
    }
}

struct Nobody;

impl Watch for Nobody {}

/// Reads all bundles and hash tiles of the source and recomputes everything. Wrong files are in the report; the error is
/// for a checkpoint that cannot be trusted, and for what could not be read at all.
pub fn fsck(source: &dyn Source, key: &VerifyingKey) -> Result<FsckReport, VerifyError> {
    fsck_watched(source, key, &mut Nobody)
}

/// [`fsck`], watched.
pub fn fsck_watched(source: &dyn Source, key: &VerifyingKey, watch: &mut dyn Watch) -> Result<FsckReport, VerifyError> {
    let checkpoint = checkpoint(source, key)?;
    let report = FsckReport {
        checkpoint,
        kinds: BTreeMap::new(),
        files: 0,
        findings: Vec::new(),
        stopped: false,
    };
    let mut walk = Walk {
        source,
        watch,
        size: report.checkpoint.size,
        done: 0,
        report,
    };
    match walk.tree() {
        Ok(()) => {}
        Err(Halt::TooMany) => walk.report.stopped = true,
        Err(Halt::Unreadable(error)) => return Err(VerifyError::Unreadable(error)),
    }
    Ok(walk.report)
}

/// Why the walk ends before the end.
enum Halt {
    Unreadable(SourceError),
    TooMany,
}

/// What is known of the hash over a subtree before it is read.
#[derive(Clone, Copy)]
enum Above {
    /// It leads to the signed root.
    Proved(Hash),
    /// It stands in a tile that is itself in doubt.
    Claimed(Hash),
    Unknown,
}

struct Walk<'a> {
    source: &'a dyn Source,
    watch: &'a mut dyn Watch,
    size: u64,
    done: u64,
    report: FsckReport,
}

impl Walk<'_> {
    /// The right edge: the partial tiles, highest level first, since that one covers the first entries.
    fn tree(&mut self) -> Result<(), Halt> {
        let size = self.size;
        let mut edge = Vec::new();
        for level in (0_u8..7).take_while(|level| size >> (8 * level) > 0) {
            let index = size >> (8 * (u32::from(level) + 1));
            let width = tile_width(size, level, index);
            let hashes = if width == 0 {
                Some(Vec::new())
            } else {
                self.hashes(level, index, width)?
            };
            edge.push((level, index, width, hashes));
        }
        let signed = self.report.checkpoint.root;
        let proved = edge
            .iter()
            .map(|(.., hashes)| hashes.as_deref())
            .collect::<Option<Vec<_>>>()
            .map(root_of_edge)
            == Some(signed);
        let mut below = Vec::new();
        for (level, index, width, hashes) in edge.iter().rev() {
            let first = index * u64::from(TILE_WIDTH);
            let known = |at: u16| match hashes.as_ref().and_then(|hashes| hashes.get(usize::from(at))) {
                Some(hash) if proved => Above::Proved(*hash),
                Some(hash) => Above::Claimed(*hash),
                None => Above::Unknown,
            };
            below.push(match level.checked_sub(1) {
                Some(lower) => {
                    let mut computed = Vec::new();
                    for at in 0..*width {
                        computed.push(self.subtree(lower, first + u64::from(at), known(at))?);
                    }
                    computed.into_iter().collect::<Option<Vec<_>>>()
                }
                None if *width == 0 => Some(Vec::new()),
                None => self.bundle(*index, *width, hashes.as_deref().filter(|_| proved))?,
            });
        }
        if proved { Ok(()) } else { self.judge_edge(&edge, &below) }
    }

    /// The edge tiles do not lead to the signed root. Says which of them, or the entries below them, are to blame.
    fn judge_edge(
        &mut self,
        edge: &[(u8, u64, u16, Option<Vec<Hash>>)],
        below: &[Option<Vec<Hash>>],
    ) -> Result<(), Halt> {
        let root = |lowest: Option<&[Hash]>| {
            let upper = below.iter().rev().skip(1).map(|hashes| hashes.as_deref());
            std::iter::once(lowest)
                .chain(upper)
                .collect::<Option<Vec<_>>>()
                .map(root_of_edge)
        };
        let signed = Some(self.report.checkpoint.root);
        let read = edge.first().and_then(|(.., hashes)| hashes.as_deref());
        let entries = below.last().and_then(|hashes| hashes.as_deref());
        // Either may be the damaged one: the lowest tile, or the bundle under it.
        let bundle_is_wrong = root(entries) != signed && root(read) == signed;
        for ((level, index, width, hashes), computed) in edge.iter().rev().zip(below) {
            let (Some(hashes), Some(computed)) = (hashes, computed) else {
                continue;
            };
            let Some(at) = first_difference(hashes, computed) else {
                continue;
            };
            let at = Some(index * u64::from(TILE_WIDTH) + at);
            if *level == 0 && bundle_is_wrong {
                let file = TilePath::Entries {
                    index: *index,
                    width: *width,
                };
                self.find(Finding::new(file, at, "the entry is not the one under the signed root"))?;
            } else {
                let file = TilePath::Hashes {
                    level: *level,
                    index: *index,
                    width: *width,
                };
                self.find(Finding::new(file, at, "the hash is not that of what is below it"))?;
            }
        }
        if self.report.findings.is_empty() || (root(entries) != signed && root(read) != signed) {
            self.find(Finding::new(
                CHECKPOINT,
                None,
                "the entries and tiles do not lead to the signed root",
            ))?;
        }
        Ok(())
    }

    /// A full tile and everything below it. Gives the hash over it as far as it can be known.
    fn subtree(&mut self, level: u8, index: u64, above: Above) -> Result<Option<Hash>, Halt> {
        let file = TilePath::Hashes {
            level,
            index,
            width: TILE_WIDTH,
        };
        let read = self.hashes(level, index, TILE_WIDTH)?;
        let own = read.clone().map(root_of_hashes);
        if let (Above::Proved(proved), Some(hashes)) = (above, &read)
            && own == Some(proved)
        {
            self.below(level, index, Some(hashes), true)?;
            return Ok(own);
        }
        let below = self.below(level, index, read.as_deref(), false)?;
        let computed = below.clone().map(root_of_hashes);
        let (proved, claimed) = match above {
            Above::Proved(hash) => (Some(hash), Some(hash)),
            Above::Claimed(hash) => (None, Some(hash)),
            Above::Unknown => (None, None),
        };
        // Only the entries themselves are blamed from here: a tile below has been judged in its own turn.
        let entries = (level == 0).then_some(TilePath::Entries {
            index,
            width: TILE_WIDTH,
        });
        if let (Some(proved), Some(computed), Some(entries)) = (proved, computed, entries)
            && proved != computed
        {
            self.find(Finding::new(
                entries,
                None,
                "the entries do not lead to the signed root",
            ))?;
        }
        let (Some(read), Some(below)) = (read, below) else {
            // One of them is missing, which is a finding already; the other may be wrong as well.
            if proved.is_some() && own.is_some() {
                self.find(Finding::new(file, None, "the tile does not lead to the signed root"))?;
            }
            return Ok(own.or(computed));
        };
        let Some(at) = first_difference(&read, &below) else {
            if proved.is_some() {
                self.find(Finding::new(file, None, "the tile does not lead to the signed root"))?;
            }
            return Ok(own);
        };
        let at = index * u64::from(TILE_WIDTH) + at;
        if claimed.is_some() && claimed == own {
            let (file, at) = match entries {
                Some(entries) => (entries, Some(at)),
                None => (
                    TilePath::Hashes {
                        level: level.saturating_sub(1),
                        index: at,
                        width: TILE_WIDTH,
                    },
                    None,
                ),
            };
            self.find(Finding::new(file, at, "not what the tiles above say"))?;
            return Ok(own);
        }
        self.find(Finding::new(file, Some(at), "the hash is not that of what is below it"))?;
        if let Some(entries) = entries
            && (claimed.is_none() || claimed != computed)
        {
            // The tile above is damaged as well, or missing.
            let what = "the entry is not that of the tile above it, and nothing tells which of them is right";
            self.find(Finding::new(entries, Some(at), what))?;
        }
        Ok(computed)
    }

    /// The hashes of a full tile as they follow from what is below it; `None` if something is missing there.
    fn below(
        &mut self,
        level: u8,
        index: u64,
        hashes: Option<&[Hash]>,
        proved: bool,
    ) -> Result<Option<Vec<Hash>>, Halt> {
        let Some(lower) = level.checked_sub(1) else {
            return self.bundle(index, TILE_WIDTH, hashes.filter(|_| proved));
        };
        let mut computed = Vec::new();
        for at in 0..TILE_WIDTH {
            let above = match hashes.and_then(|hashes| hashes.get(usize::from(at))) {
                Some(hash) if proved => Above::Proved(*hash),
                Some(hash) => Above::Claimed(*hash),
                None => Above::Unknown,
            };
            computed.push(self.subtree(lower, index * u64::from(TILE_WIDTH) + u64::from(at), above)?);
        }
        Ok(computed.into_iter().collect())
    }

    /// A bundle: its entries against the hashes that are proved, and each by itself. Gives their leaf hashes.
    fn bundle(&mut self, index: u64, width: u16, proved: Option<&[Hash]>) -> Result<Option<Vec<Hash>>, Halt> {
        let path = TilePath::Entries { index, width };
        let first = index * u64::from(TILE_WIDTH);
        let read = self.read(path)?;
        self.done += u64::from(width);
        self.watch.progress(self.done, self.size);
        let Some((path, bytes)) = read else { return Ok(None) };
        let found = if path == (TilePath::Entries { index, width }) {
            width
        } else {
            TILE_WIDTH
        };
        let mut entries = match bundle::decode(&bytes, found) {
            Ok(entries) => entries,
            Err(error) => {
                self.find(Finding::new(path, None, error))?;
                return Ok(None);
            }
        };
        entries.truncate(usize::from(width));
        let hashes: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        if let Some(at) = proved.and_then(|proved| first_difference(proved, &hashes)) {
            let what = "the entry is not the one under the signed root";
            self.find(Finding::new(path, Some(first + at), what))?;
        }
        for (at, entry) in (first..).zip(entries) {
            let fault = match Leaf::decode(entry) {
                Ok((leaf, public)) => {
                    *self.report.kinds.entry(leaf.kind).or_insert(0) += 1;
                    self.watch.entry(at, &leaf, public).err()
                }
                Err(error) => Some(error.to_string()),
            };
            if let Some(fault) = fault {
                self.find(Finding::new(path, Some(at), fault))?;
            }
        }
        Ok(Some(hashes))
    }

    /// A tile's hashes; `None` if it is missing or of the wrong size, which is a finding.
    fn hashes(&mut self, level: u8, index: u64, width: u16) -> Result<Option<Vec<Hash>>, Halt> {
        let path = TilePath::Hashes { level, index, width };
        let Some((found, bytes)) = self.read(path)? else {
            return Ok(None);
        };
        let expected = 32 * usize::from(if found == path { width } else { TILE_WIDTH });
        if let Some(mut hashes) = hashes_of(&bytes).filter(|_| bytes.len() == expected) {
            hashes.truncate(usize::from(width));
            return Ok(Some(hashes));
        }
        self.find(Finding::new(
            found,
            None,
            format!("the tile has {} bytes, and must have {expected}", bytes.len()),
        ))?;
        Ok(None)
    }

    fn read(&mut self, path: TilePath) -> Result<Option<(TilePath, Vec<u8>)>, Halt> {
        self.report.files += 1;
        let what = match get_tile(self.source, path) {
            Ok(read) => return Ok(Some(read)),
            Err(SourceError::Missing(_)) => "the file is missing",
            Err(SourceError::TooLong(_)) => "the file is longer than any tile or bundle",
            Err(error) => return Err(Halt::Unreadable(error)),
        };
        self.find(Finding::new(path, None, what))?;
        Ok(None)
    }

    /// Keeps the first finding of each file.
    fn find(&mut self, finding: Finding) -> Result<(), Halt> {
        let findings = &mut self.report.findings;
        if findings.iter().any(|earlier| earlier.file == finding.file) {
            return Ok(());
        }
        if findings.len() == FINDINGS_LIMIT {
            return Err(Halt::TooMany);
        }
        findings.push(finding);
        Ok(())
    }
}

fn first_difference(a: &[Hash], b: &[Hash]) -> Option<u64> {
    (0..).zip(a.iter().zip(b)).find(|(_, (a, b))| a != b).map(|(at, _)| at)
}
