//! The ledger's anchor: the last signed checkpoint, kept outside the engine.
//!
//! An engine whose log lost its tail to a flipped bit may open without a word. Whoever starts the ledger compares its
//! head with the anchor: a head below it means that committed entries are gone.

use crate::{StoreError, file};
use std::path::{Path, PathBuf};

/// A file that holds one signed checkpoint.
#[derive(Debug)]
pub struct Anchor {
    path: PathBuf,
}

impl Anchor {
    /// The anchor in a folder, which is created if need be. Nothing is read yet.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(folder).map_err(|e| file::unavailable(folder, &e))?;
        Ok(Self {
            path: folder.join("ANCHOR"),
        })
    }

    /// Replaces the checkpoint. Durable on return; a crash leaves the old one or the new one, whole.
    pub fn write(&self, checkpoint: &[u8]) -> Result<(), StoreError> {
        crate::limits::at_most("bytes of a checkpoint", checkpoint.len(), crate::limits::CHECKPOINT)?;
        file::replace(&self.path, checkpoint)
    }

    /// The checkpoint, or `None` if none was ever written.
    pub fn read(&self) -> Result<Option<Vec<u8>>, StoreError> {
        file::read(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_checkpoint_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let anchor = Anchor::open(&folder.path().join("deep")).unwrap();
        assert_eq!(anchor.read().unwrap(), None);
        for checkpoint in [b"one".as_slice(), b"three and more", b"2"] {
            anchor.write(checkpoint).unwrap();
            assert_eq!(anchor.read().unwrap().unwrap(), checkpoint);
        }
        let too_long = vec![0; crate::limits::CHECKPOINT + 1];
        assert!(matches!(anchor.write(&too_long), Err(StoreError::Rejected(_))));
        assert_eq!(anchor.read().unwrap().unwrap(), b"2");
    }

    #[test]
    fn a_crash_while_writing_leaves_the_checkpoint_before() {
        let folder = tempfile::tempdir().unwrap();
        let anchor = Anchor::open(folder.path()).unwrap();
        anchor.write(b"whole").unwrap();
        std::fs::write(folder.path().join("ANCHOR.new"), b"ha").unwrap();
        assert_eq!(Anchor::open(folder.path()).unwrap().read().unwrap().unwrap(), b"whole");
        anchor.write(b"next").unwrap();
        assert_eq!(anchor.read().unwrap().unwrap(), b"next");
    }
}
