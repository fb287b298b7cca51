//! A log's newest checkpoint, and whether it goes on from an older one.

use crate::{Finding, Source, SourceError, VerifyError};
use tlog::checkpoint::Checkpoint;
use tlog::note::VerifyingKey;
use tlog::path::{self, TilePath};
use tlog::tree::{TILE_WIDTH, TileSource, TreeError, consistency_proof, verify_consistency};

/// The source's newest checkpoint, signed by the log's key.
pub fn checkpoint(source: &dyn Source, key: &VerifyingKey) -> Result<Checkpoint, VerifyError> {
    let bytes = source.get(path::CHECKPOINT)?;
    let wrong = |what: String| VerifyError::Wrong(Finding::new(path::CHECKPOINT, None, what));
    let note = String::from_utf8(bytes).map_err(|_| wrong("not UTF-8 text".to_owned()))?;
    Checkpoint::verify(&note, key).map_err(|error| wrong(error.to_string()))
}

/// Checks that the source's newest checkpoint is of the same log as `old`, grown: nothing changed, nothing removed.
pub fn consistency(old: &Checkpoint, source: &dyn Source, key: &VerifyingKey) -> Result<Checkpoint, VerifyError> {
    let new = checkpoint(source, key)?;
    let wrong = |what: String| VerifyError::Wrong(Finding::new(path::CHECKPOINT, None, what));
    if new.origin != old.origin {
        return Err(wrong(format!(
            "the log is `{}`, the older checkpoint is of `{}`",
            new.origin, old.origin
        )));
    }
    if new.size < old.size {
        let (new, old) = (new.size, old.size);
        return Err(wrong(format!(
            "the log shows {new} entries, fewer than the {old} of the older checkpoint"
        )));
    }
    if new.size == old.size {
        return match new.root == old.root {
            true => Ok(new),
            false => Err(wrong(format!("two different logs of {} entries were signed", new.size))),
        };
    }
    let proof = consistency_proof(old.size, new.size, &Tiles(source)).map_err(|error| match error {
        TreeError::Source(SourceError::Failed { path, why }) => {
            VerifyError::Unreadable(SourceError::Failed { path, why })
        }
        TreeError::TileSize { level, index, .. } => {
            let width = tlog::tree::tile_width(new.size, level, index);
            VerifyError::Wrong(Finding::new(TilePath::Hashes { level, index, width }, None, &error))
        }
        TreeError::Source(SourceError::Missing(file)) => {
            VerifyError::Wrong(Finding::new(file, None, "the file is missing"))
        }
        error => wrong(error.to_string()),
    })?;
    verify_consistency(old.size, old.root, new.size, new.root, &proof).map_err(|_| {
        wrong(format!(
            "the log of {} entries is not that of {} entries with more added, or its tiles are damaged (`fsck` tells)",
            new.size, old.size
        ))
    })?;
    Ok(new)
}

/// The hash tiles of a source.
pub(crate) struct Tiles<'a>(pub &'a dyn Source);

impl TileSource for Tiles<'_> {
    type Error = SourceError;

    fn tile(&self, level: u8, index: u64, width: u16) -> Result<Vec<u8>, SourceError> {
        let (_, mut bytes) = get_tile(self.0, TilePath::Hashes { level, index, width })?;
        bytes.truncate(32 * usize::from(width));
        Ok(bytes)
    }
}

/// A tile or bundle, and the path under which it was found: a partial one may be gone once the full one is there.
pub(crate) fn get_tile(source: &dyn Source, path: TilePath) -> Result<(TilePath, Vec<u8>), SourceError> {
    let full = match path {
        TilePath::Hashes { level, index, .. } => TilePath::Hashes {
            level,
            index,
            width: TILE_WIDTH,
        },
        TilePath::Entries { index, .. } => TilePath::Entries {
            index,
            width: TILE_WIDTH,
        },
    };
    match source.get(&path.to_string()) {
        Err(SourceError::Missing(name)) if full != path => match source.get(&full.to_string()) {
            Err(SourceError::Missing(_)) => Err(SourceError::Missing(name)),
            read => Ok((full, read?)),
        },
        read => Ok((path, read?)),
    }
}
