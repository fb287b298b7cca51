//! How much room the answers to a request have.

use serde::Serialize;
use std::io::{ErrorKind, Write};
use wire::jmap::{MethodError, MethodErrorType};
use wire::limits::MAX_SIZE_RESPONSES;

/// What a call gets whose answer would be too long.
pub(super) fn no_room() -> MethodError {
    let why = format!("the answers to a request come to more than {MAX_SIZE_RESPONSES} bytes");
    MethodError::new(MethodErrorType::RequestTooLarge, why)
}

/// Whether a result has more than `most` bytes when it is written. Nothing is.
pub(super) fn is_longer(result: &impl Serialize, most: usize) -> bool {
    struct Room(usize);
    impl Write for Room {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    serde_json::to_writer(Room(most), result).is_err()
}
