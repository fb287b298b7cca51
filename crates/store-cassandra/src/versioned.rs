//! Rows that change by compare-and-set of their version.

use crate::attempt::Attempt;
use crate::decide::Standing;
use store::StoreError;

/// A row's version and who wrote it.
pub(crate) type Written = Option<(i64, Vec<u8>)>;

/// How our write from version `expected` (0: there was no row) stands, by what a serial read found.
pub(crate) fn standing(found: Written, expected: i64, ours: Attempt) -> Result<Standing, StoreError> {
    let version = found.as_ref().map_or(0, |(version, _)| *version);
    if found.is_some_and(|(_, attempt)| attempt == ours) {
        return Ok(Standing::Ours);
    }
    match version {
        version if version == expected => Ok(Standing::Before),
        // Another took the only step that ours could have taken; or there never was such a version.
        version if version == expected + 1 || version < expected => Ok(Standing::Theirs),
        version => Err(StoreError::Unknown(format!(
            "version {expected} was replaced, and by whom is not known any more: it is at {version}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_tells_whose_step_it_was() {
        let ours = [7; 16];
        let found = |version, attempt: u8| standing(Some((version, vec![attempt; 16])), 3, ours);
        assert_eq!(found(4, 7), Ok(Standing::Ours));
        assert_eq!(found(3, 1), Ok(Standing::Before));
        assert_eq!(found(4, 1), Ok(Standing::Theirs));
        assert_eq!(found(2, 1), Ok(Standing::Theirs));
        assert!(matches!(found(5, 1), Err(StoreError::Unknown(_))));
        assert_eq!(standing(None, 3, ours), Ok(Standing::Theirs));
        assert_eq!(standing(None, 0, ours), Ok(Standing::Before));
    }
}
