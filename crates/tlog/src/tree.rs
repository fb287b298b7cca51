//! The Merkle tree of RFC 6962, kept as the tiles of tlog-tiles: 256 hashes each.

mod frontier;
mod proofs;

pub use frontier::{Frontier, FullTile};
pub use proofs::{InvalidProof, TileSource, consistency_proof, inclusion_proof, verify_consistency, verify_inclusion};

use crate::Hash;

/// Hashes in a full tile.
pub const TILE_WIDTH: u16 = 256;
/// Entries of a log at most: 2^48, so that no arithmetic on sizes and indexes overflows.
pub const MAX_SIZE: u64 = 1 << 48;
/// The root of a tree without entries: SHA-256 of nothing (RFC 6962, 2.1).
pub const EMPTY_ROOT: Hash = tlog_tiles::EMPTY_HASH.0;

/// Why a tree cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError<E> {
    /// Over [`MAX_SIZE`].
    #[error("a log has at most 2^48 entries, not {0}")]
    TooLarge(u64),
    /// An entry that is not there.
    #[error("there is no entry {index} in a log of {size}")]
    NoEntry {
        /// As asked for.
        index: u64,
        /// As the log has.
        size: u64,
    },
    /// A proof from a larger tree to a smaller.
    #[error("a log of {old} entries cannot be the beginning of one of {new}")]
    Order {
        /// The tree that comes first.
        old: u64,
        /// The tree that comes later.
        new: u64,
    },
    /// A tile of another size than asked for.
    #[error("tile {index} of level {level} has {found} bytes, and must have {expected}")]
    TileSize {
        /// The tile's level.
        level: u8,
        /// Which tile of the level.
        index: u64,
        /// 32 for each hash.
        expected: usize,
        /// As was read.
        found: usize,
    },
    /// A tile that could not be read.
    #[error("{0}")]
    Source(E),
}

/// The hash of an entry: SHA-256(0x00 || entry).
pub fn leaf_hash(entry: &[u8]) -> Hash {
    tlog_tiles::record_hash(entry).0
}

/// The hash of an inner node: SHA-256(0x01 || left || right).
pub fn node_hash(left: Hash, right: Hash) -> Hash {
    tlog_tiles::node_hash(tlog_tiles::Hash(left), tlog_tiles::Hash(right)).0
}

/// The root over these entries.
pub fn root_of<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Hash {
    root_of_hashes(entries.into_iter().map(leaf_hash).collect())
}

/// The root over these leaf hashes, or over the roots of subtrees of equal size. The last subtree may be smaller.
pub fn root_of_hashes(mut hashes: Vec<Hash>) -> Hash {
    // Joining neighbours level by level and carrying an odd last one up unchanged gives RFC 6962's tree: its left half is
    // always the largest power of two.
    while hashes.len() > 1 {
        hashes = hashes
            .chunks(2)
            .filter_map(|pair| match *pair {
                [left, right] => Some(node_hash(left, right)),
                [alone] => Some(alone),
                _ => None,
            })
            .collect();
    }
    hashes.first().copied().unwrap_or(EMPTY_ROOT)
}

/// The root of a tree from the hashes of its partial tiles, level 0 first; a level without a partial tile is empty.
pub fn root_of_edge<'a>(levels: impl IntoIterator<Item = &'a [Hash]>) -> Hash {
    let mut right: Option<Hash> = None;
    for level in levels {
        let mut hashes = level.to_vec();
        hashes.extend(right);
        if !hashes.is_empty() {
            right = Some(root_of_hashes(hashes));
        }
    }
    right.unwrap_or(EMPTY_ROOT)
}

/// The hashes of a tile's bytes; `None` if they do not divide by 32.
pub fn hashes_of(tile: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, rest) = tile.as_chunks::<32>();
    rest.is_empty().then(|| hashes.to_vec())
}

/// How many hashes the tile at this place has in a log of `size` entries: 0 to 256.
pub fn tile_width(size: u64, level: u8, index: u64) -> u16 {
    let hashes = size.checked_shr(8 * u32::from(level)).unwrap_or(0);
    let before = index.saturating_mul(u64::from(TILE_WIDTH));
    u16::try_from(hashes.saturating_sub(before))
        .unwrap_or(TILE_WIDTH)
        .min(TILE_WIDTH)
}
