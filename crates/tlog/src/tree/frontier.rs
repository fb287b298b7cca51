//! The right edge of a tree: what must be kept to append.

use super::{MAX_SIZE, TILE_WIDTH, TreeError, hashes_of, leaf_hash, root_of_edge, root_of_hashes, tile_width};
use crate::Hash;

/// Level, index in the level, and 256 hashes of 32 bytes.
pub type FullTile = (u8, u64, Vec<u8>);

/// A tree that can grow, in O(log n) memory: the partial tile of each level, and the full tiles not yet taken.
#[derive(Debug, Clone, Default)]
pub struct Frontier {
    size: u64,
    /// The hashes of the partial tile of each level, level 0 first; fewer than 256 each.
    edge: Vec<Vec<Hash>>,
    full: Vec<FullTile>,
}

impl Frontier {
    /// Of a tree of `size` entries, whose partial tiles `read` gives by level, index and width (1 to 255).
    pub fn resume<E>(
        size: u64,
        mut read: impl FnMut(u8, u64, u16) -> Result<Vec<u8>, E>,
    ) -> Result<Self, TreeError<E>> {
        if size > MAX_SIZE {
            return Err(TreeError::TooLarge(size));
        }
        let mut edge = Vec::new();
        for level in 0_u8..7 {
            let hashes = size >> (8 * level);
            if hashes == 0 {
                break;
            }
            let index = hashes / u64::from(TILE_WIDTH);
            let width = tile_width(size, level, index);
            if width == 0 {
                edge.push(Vec::new());
                continue;
            }
            let bytes = read(level, index, width).map_err(TreeError::Source)?;
            let expected = 32 * usize::from(width);
            let wrong = TreeError::TileSize {
                level,
                index,
                expected,
                found: bytes.len(),
            };
            edge.push(hashes_of(&bytes).filter(|_| bytes.len() == expected).ok_or(wrong)?);
        }
        Ok(Self {
            size,
            edge,
            full: Vec::new(),
        })
    }

    /// Adds an entry.
    pub fn append(&mut self, entry: &[u8]) {
        self.append_hash(leaf_hash(entry));
    }

    /// Adds an entry by its leaf hash.
    pub fn append_hash(&mut self, mut hash: Hash) {
        let entry = self.size;
        self.size += 1;
        for level in 0_u8.. {
            if self.edge.len() <= usize::from(level) {
                self.edge.push(Vec::new());
            }
            let Some(tile) = self.edge.get_mut(usize::from(level)) else {
                return;
            };
            tile.push(hash);
            if tile.len() < usize::from(TILE_WIDTH) {
                return;
            }
            let hashes = std::mem::take(tile);
            let index = entry.checked_shr(8 * (u32::from(level) + 1)).unwrap_or(0);
            self.full.push((level, index, hashes.concat()));
            hash = root_of_hashes(hashes);
        }
    }

    /// Entries.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The RFC 6962 root.
    pub fn root(&self) -> Hash {
        root_of_edge(self.edge.iter().map(Vec::as_slice))
    }

    /// The tiles that became full since the last call, children before parents.
    pub fn take_full_tiles(&mut self) -> Vec<FullTile> {
        std::mem::take(&mut self.full)
    }

    /// The partial tiles of this tree: level, index, and 1 to 255 hashes of 32 bytes.
    pub fn partial_tiles(&self) -> Vec<FullTile> {
        let tiles = (0_u8..).zip(&self.edge).filter(|(_, hashes)| !hashes.is_empty());
        tiles
            .map(|(level, hashes)| {
                let index = self.size.checked_shr(8 * (u32::from(level) + 1)).unwrap_or(0);
                (level, index, hashes.concat())
            })
            .collect()
    }
}
