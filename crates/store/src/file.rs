//! One file that changes as a whole.

use crate::StoreError;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::Path;

/// Writes a file whole: beside it, synced, renamed over it, and the folder synced. Durable on return.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let fail = |e| unavailable(path, &e);
    let beside = path.with_extension("new");
    let mut file = File::create(&beside).map_err(fail)?;
    file.write_all(bytes).map_err(fail)?;
    file.sync_all().map_err(fail)?;
    std::fs::rename(&beside, path).map_err(fail)?;
    // From here on it may be there after a crash or not, so a failure to sync the folder is not "it did not happen".
    match path.parent().map(File::open) {
        Some(folder) => folder
            .and_then(|f| f.sync_all())
            .map_err(|e| StoreError::Unknown(describe(path, &e))),
        None => Ok(()),
    }
}

/// A file's bytes, or `None` if it is not there.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(unavailable(path, &e)),
    }
}

/// What the operating system said about a path.
pub(crate) fn unavailable(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Unavailable(describe(path, error))
}

fn describe(path: &Path, error: &std::io::Error) -> String {
    format!("`{}`: {error}", path.display())
}
