//! Inclusion and consistency proofs (RFC 6962, 2.1.1 and 2.1.2): built from tiles, checked against roots.

use super::{EMPTY_ROOT, MAX_SIZE, TreeError};
use crate::Hash;
use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use tlog_tiles::{Error, Hash as NodeHash, HashReader, Tile};

const TILE_HEIGHT: u8 = 8;

/// Where hash tiles are read.
pub trait TileSource {
    /// Why one cannot be.
    type Error;

    /// The tile's `width` hashes (1 to 256), 32 bytes each. A source that holds a wider tile gives the first `width`.
    fn tile(&self, level: u8, index: u64, width: u16) -> Result<Vec<u8>, Self::Error>;
}

/// A proof that proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the proof does not hold")]
pub struct InvalidProof;

/// The proof that entry `index` is in the tree of the first `size` entries, from the leaf's sibling up.
///
/// The tiles are taken as they come: whoever does not trust the source checks the proof against a signed root.
pub fn inclusion_proof<S: TileSource>(size: u64, index: u64, tiles: &S) -> Result<Vec<Hash>, TreeError<S::Error>> {
    if index >= size {
        return Err(TreeError::NoEntry { index, size });
    }
    let reader = Reader::new(size, tiles)?;
    let proof = tlog_tiles::prove_record(size, index, &reader);
    reader.finish(proof)
}

/// The proof that the tree of the first `old` entries is the beginning of that of the first `new`.
pub fn consistency_proof<S: TileSource>(old: u64, new: u64, tiles: &S) -> Result<Vec<Hash>, TreeError<S::Error>> {
    if old > new {
        return Err(TreeError::Order { old, new });
    }
    let reader = Reader::new(new, tiles)?;
    if old == 0 {
        return Ok(Vec::new());
    }
    let proof = tlog_tiles::prove_tree(new, old, &reader);
    reader.finish(proof)
}

/// Checks that the tree of `size` entries with this root has an entry `index` with this leaf hash.
pub fn verify_inclusion(
    leaf_hash: Hash,
    index: u64,
    size: u64,
    root: Hash,
    proof: &[Hash],
) -> Result<(), InvalidProof> {
    if size > MAX_SIZE || proof.len() > 64 {
        return Err(InvalidProof);
    }
    let proof = proof.iter().copied().map(NodeHash).collect();
    tlog_tiles::check_record(&proof, size, NodeHash(root), index, NodeHash(leaf_hash)).map_err(|_| InvalidProof)
}

/// Checks that the tree of `old` entries is the beginning of the tree of `new` entries. An empty tree is the beginning of
/// every tree.
pub fn verify_consistency(
    old: u64,
    old_root: Hash,
    new: u64,
    new_root: Hash,
    proof: &[Hash],
) -> Result<(), InvalidProof> {
    if new > MAX_SIZE || proof.len() > 128 {
        return Err(InvalidProof);
    }
    if old == 0 {
        let fits = old_root == EMPTY_ROOT && proof.is_empty() && (new > 0 || new_root == EMPTY_ROOT);
        return if fits { Ok(()) } else { Err(InvalidProof) };
    }
    let proof = proof.iter().copied().map(NodeHash).collect();
    tlog_tiles::check_tree(&proof, new, NodeHash(new_root), old, NodeHash(old_root)).map_err(|_| InvalidProof)
}

/// Gives the maintained algorithm the hashes it asks for, and keeps the source's own error for the caller.
struct Reader<'a, S: TileSource> {
    size: u64,
    tiles: &'a S,
    error: RefCell<Option<TreeError<S::Error>>>,
}

impl<'a, S: TileSource> Reader<'a, S> {
    fn new(size: u64, tiles: &'a S) -> Result<Self, TreeError<S::Error>> {
        if size > MAX_SIZE {
            return Err(TreeError::TooLarge(size));
        }
        Ok(Self {
            size,
            tiles,
            error: RefCell::new(None),
        })
    }

    fn read(&self, tile: &Tile) -> Result<Vec<u8>, TreeError<S::Error>> {
        let (level, index) = (tile.level(), tile.level_index());
        let width = u16::try_from(tile.width()).unwrap_or(super::TILE_WIDTH);
        let bytes = self.tiles.tile(level, index, width).map_err(TreeError::Source)?;
        let expected = 32 * usize::from(width);
        if bytes.len() != expected {
            return Err(TreeError::TileSize {
                level,
                index,
                expected,
                found: bytes.len(),
            });
        }
        Ok(bytes)
    }

    fn finish(self, proof: Result<Vec<NodeHash>, Error>) -> Result<Vec<Hash>, TreeError<S::Error>> {
        match (proof, self.error.into_inner()) {
            (Ok(proof), None) => Ok(proof.into_iter().map(|hash| hash.0).collect()),
            (_, Some(error)) => Err(error),
            // The sizes were checked before, so that only the reader can fail.
            (Err(_), None) => Err(TreeError::TooLarge(self.size)),
        }
    }
}

impl<S: TileSource> HashReader for Reader<'_, S> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<NodeHash>, Error> {
        let mut cache = HashMap::new();
        let mut hashes = Vec::with_capacity(indexes.len());
        for &index in indexes {
            let narrow = Tile::from_index(TILE_HEIGHT, index);
            // As wide as it is in this tree, since only that tile is published.
            let tile = narrow.parent(0, self.size).ok_or(Error::IndexesNotInTree)?;
            let bytes = match cache.entry(tile) {
                Entry::Occupied(read) => read.into_mut(),
                Entry::Vacant(place) => match self.read(&tile) {
                    Ok(bytes) => place.insert(bytes),
                    Err(error) => {
                        self.error.replace(Some(error));
                        return Err(Error::InvalidTile);
                    }
                },
            };
            hashes.push(tile.hash_at_index(bytes, index)?);
        }
        Ok(hashes)
    }
}
