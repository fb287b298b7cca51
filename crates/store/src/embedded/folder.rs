//! The data folder: whose it is, and in which format.
//!
//! ```text
//! FORMAT        the version of all that follows, as text
//! LOCK          locked by the process that has the folder open
//! ledger/       the durable database: ledger, consent, accounts, keys
//! mail/         the bulk database: inboxes, notes of work in progress
//! catalogues/   one file per partner, named by its id in hexadecimal
//! ```

use crate::{StoreError, file};
use std::fs::{File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The version this engine reads and writes.
const FORMAT: &str = "privity store 2\n";

/// An open data folder. Locked until dropped.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Locks a folder and checks its format; an empty one gets the newest.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let fail = |e| file::unavailable(path, &e);
        // Nobody else's business: keys are wrapped, but handles and counts are not sealed.
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(fail)?;
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path.join("LOCK"))
            .map_err(fail)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let path = path.display();
                return Err(StoreError::Rejected(format!(
                    "another process has the data folder `{path}` open"
                )));
            }
            Err(TryLockError::Error(e)) => return Err(fail(e)),
        }
        let folder = Self {
            path: path.to_owned(),
            _lock: lock,
        };
        folder.check_format()?;
        Ok(folder)
    }

    fn check_format(&self) -> Result<(), StoreError> {
        let place = self.path.join("FORMAT");
        let found = file::read(&place)?;
        let path = self.path.display();
        match found {
            Some(bytes) if bytes == FORMAT.as_bytes() => Ok(()),
            Some(bytes) => {
                let found: String = String::from_utf8_lossy(&bytes).trim().chars().take(80).collect();
                let known = FORMAT.trim();
                Err(StoreError::Rejected(format!(
                    "the data folder `{path}` has format `{found}`, not `{known}`"
                )))
            }
            None if self.join("ledger").exists() || self.join("mail").exists() => Err(StoreError::Rejected(format!(
                "the data folder `{path}` has data but no file `FORMAT`"
            ))),
            None => file::replace(&place, FORMAT.as_bytes()),
        }
    }

    /// A path within the folder.
    pub(super) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Where a partner's catalogue is.
    pub(super) fn catalogue(&self, partner: &str) -> PathBuf {
        let hex: String = partner.bytes().map(|byte| format!("{byte:02x}")).collect();
        self.join("catalogues").join(hex)
    }
}
