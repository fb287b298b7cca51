//! From the cluster's types to the contract's.

use crate::trouble::corrupt;
use store::{Id, StoreError};

/// 16 bytes.
pub(crate) fn id(bytes: &[u8]) -> Result<Id, StoreError> {
    bytes
        .try_into()
        .map_err(|_| corrupt(format!("an id of {} bytes", bytes.len())))
}

/// A number that is never negative.
pub(crate) fn number(stored: i64) -> Result<u64, StoreError> {
    u64::try_from(stored).map_err(|_| corrupt(format!("{stored} where a count belongs")))
}

/// A number that the cluster can keep; one that is larger than it can count stands for the largest.
pub(crate) fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A key that a caller may leave empty, which Cassandra does not allow.
pub(crate) fn key(key: &[u8]) -> Vec<u8> {
    [b"k", key].concat()
}
