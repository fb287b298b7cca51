//! Entry bundles: up to 256 entries in one file, each with its length in 16 bits, big-endian (tlog-tiles, "Log entries").

use crate::tree::TILE_WIDTH;

/// Bytes of one entry at most.
pub const ENTRY_LIMIT: usize = u16::MAX as usize;
/// Bytes of one bundle at most.
pub const BUNDLE_LIMIT: usize = TILE_WIDTH as usize * (2 + ENTRY_LIMIT);

/// Why entries are not a bundle, or bytes are not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// An entry over [`ENTRY_LIMIT`].
    #[error("an entry has at most 65535 bytes, this one has {0}")]
    EntryTooLong(usize),
    /// More than 256 entries.
    #[error("a bundle has at most 256 entries")]
    TooManyEntries,
    /// Not as many entries as the bundle's path says.
    #[error("the bundle has {found} entries, and must have {expected}")]
    Count {
        /// As the path says.
        expected: usize,
        /// As the file has.
        found: usize,
    },
    /// The file ends inside an entry.
    #[error("the bundle ends inside its entry {0}")]
    Truncated(usize),
}

/// One bundle of these entries.
pub fn encode<E: AsRef<[u8]>>(entries: &[E]) -> Result<Vec<u8>, BundleError> {
    if entries.len() > usize::from(TILE_WIDTH) {
        return Err(BundleError::TooManyEntries);
    }
    let mut bytes = Vec::with_capacity(entries.iter().map(|entry| 2 + entry.as_ref().len()).sum());
    for entry in entries {
        let entry = entry.as_ref();
        let length = u16::try_from(entry.len()).map_err(|_| BundleError::EntryTooLong(entry.len()))?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Ok(bytes)
}

/// The entries of a bundle that must have `width` of them (1 to 256).
pub fn decode(mut bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, BundleError> {
    let mut entries = Vec::with_capacity(usize::from(width));
    while !bytes.is_empty() {
        if entries.len() == usize::from(TILE_WIDTH) {
            return Err(BundleError::TooManyEntries);
        }
        let truncated = BundleError::Truncated(entries.len());
        let (length, rest) = bytes.split_first_chunk::<2>().ok_or(truncated)?;
        let (entry, rest) = rest
            .split_at_checked(usize::from(u16::from_be_bytes(*length)))
            .ok_or(truncated)?;
        entries.push(entry);
        bytes = rest;
    }
    if entries.len() != usize::from(width) {
        return Err(BundleError::Count {
            expected: usize::from(width),
            found: entries.len(),
        });
    }
    Ok(entries)
}
