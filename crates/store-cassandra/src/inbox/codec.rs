//! What the head and the commits of an inbox hold, as bytes.

use crate::attempt::Attempt;
use crate::trouble::corrupt;
use store::{Change, ChangeKind, Cursor, Id, StoreError};

/// Rows after which a bucket is closed.
const ROWS: u32 = 20_000;
/// Bytes after which a bucket is closed.
const BYTES: u64 = 16 << 20;

/// A bucket's directory entry: 28 bytes. What is deleted is not taken off: it says at most how much there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bucket {
    pub(super) rows: u32,
    pub(super) bytes: u64,
    pub(super) oldest: i64,
    pub(super) newest: i64,
}

impl Bucket {
    /// One with nothing in it.
    pub(super) const EMPTY: Self = Self {
        rows: 0,
        bytes: 0,
        oldest: i64::MAX,
        newest: i64::MIN,
    };

    /// Whether so much more still belongs into it.
    pub(super) fn takes(&self, rows: u32, bytes: u64) -> bool {
        self.rows == 0 || (self.rows + rows <= ROWS && self.bytes + bytes <= BYTES)
    }

    /// With a message more in it.
    pub(super) fn with(self, sent_at: i64, bytes: u64) -> Self {
        Self {
            rows: self.rows + 1,
            bytes: self.bytes + bytes,
            oldest: self.oldest.min(sent_at),
            newest: self.newest.max(sent_at),
        }
    }
}

/// A message's rows, by all that is in their keys: 60 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) id: Id,
    pub(super) attempt: Attempt,
    pub(super) bucket: i32,
    pub(super) sent_at: i64,
    pub(super) conversation: Id,
}

impl Place {
    /// Where it stands among others.
    pub(super) fn cursor(&self) -> Cursor {
        Cursor {
            sent_at: self.sent_at,
            id: self.id,
        }
    }
}

/// Reads bytes piece by piece.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        let (piece, rest) = self
            .0
            .split_first_chunk::<N>()
            .ok_or_else(|| corrupt("an inbox's row is cut short"))?;
        self.0 = rest;
        Ok(*piece)
    }
}

/// Reads pieces until the bytes end.
fn all<T>(bytes: &[u8], piece: impl Fn(&mut Reader<'_>) -> Result<T, StoreError>) -> Result<Vec<T>, StoreError> {
    let mut reader = Reader(bytes);
    let mut pieces = Vec::new();
    while !reader.0.is_empty() {
        pieces.push(piece(&mut reader)?);
    }
    Ok(pieces)
}

pub(super) fn pack_buckets(buckets: &[Bucket]) -> Vec<u8> {
    let pack = |b: &Bucket| {
        let (rows, bytes) = (b.rows.to_be_bytes(), b.bytes.to_be_bytes());
        [&rows[..], &bytes[..], &b.oldest.to_be_bytes(), &b.newest.to_be_bytes()].concat()
    };
    buckets.iter().flat_map(pack).collect()
}

pub(super) fn buckets(bytes: &[u8]) -> Result<Vec<Bucket>, StoreError> {
    all(bytes, |reader| {
        Ok(Bucket {
            rows: u32::from_be_bytes(reader.take()?),
            bytes: u64::from_be_bytes(reader.take()?),
            oldest: i64::from_be_bytes(reader.take()?),
            newest: i64::from_be_bytes(reader.take()?),
        })
    })
}

pub(super) fn pack_places(places: &[Place]) -> Vec<u8> {
    let pack = |p: &Place| {
        let (bucket, sent_at) = (p.bucket.to_be_bytes(), p.sent_at.to_be_bytes());
        [&p.id[..], &p.attempt, &bucket, &sent_at, &p.conversation].concat()
    };
    places.iter().flat_map(pack).collect()
}

pub(super) fn places(bytes: &[u8]) -> Result<Vec<Place>, StoreError> {
    all(bytes, |reader| {
        Ok(Place {
            id: reader.take()?,
            attempt: reader.take()?,
            bucket: i32::from_be_bytes(reader.take()?),
            sent_at: i64::from_be_bytes(reader.take()?),
            conversation: reader.take()?,
        })
    })
}

/// The changes of one commit: 33 bytes each.
pub(super) fn pack_changes(kind: ChangeKind, messages: impl Iterator<Item = (Id, Id)>) -> Vec<u8> {
    let kind = u8::from(kind == ChangeKind::Removed);
    messages
        .flat_map(|(id, conversation)| [&[kind][..], &id, &conversation].concat())
        .collect()
}

/// The changes of the commit that led to a state.
pub(super) fn changes(state: u64, bytes: &[u8]) -> Result<Vec<Change>, StoreError> {
    let mut changes = all(bytes, |reader| {
        let kind = match reader.take::<1>()? {
            [0] => ChangeKind::Added,
            [_] => ChangeKind::Removed,
        };
        Ok(Change {
            state: 0,
            kind,
            message: reader.take()?,
            conversation: reader.take()?,
        })
    })?;
    let before = state
        .checked_sub(changes.len() as u64)
        .ok_or_else(|| corrupt("a commit has too many changes"))?;
    for (change, state) in changes.iter_mut().zip(before + 1..) {
        change.state = state;
    }
    Ok(changes)
}

/// A state as the key of its commit: in the order of numbers.
pub(super) fn state_key(state: u64) -> [u8; 8] {
    state.to_be_bytes()
}

/// The state of a commit's key.
pub(super) fn state_of(key: &[u8]) -> Result<u64, StoreError> {
    let bytes = key.try_into().map_err(|_| corrupt("a commit's key is no state"))?;
    Ok(u64::from_be_bytes(bytes))
}

/// A generation that is to be deleted, and how many buckets of it there may be.
pub(super) fn pack_unswept(generation: i32, buckets: i32) -> Vec<u8> {
    [generation.to_be_bytes(), buckets.to_be_bytes()].concat()
}

pub(super) fn unswept(bytes: &[u8]) -> Result<(i32, i32), StoreError> {
    let mut reader = Reader(bytes);
    Ok((i32::from_be_bytes(reader.take()?), i32::from_be_bytes(reader.take()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_back() {
        let bucket = Bucket::EMPTY.with(-5, 100).with(7, 30);
        assert_eq!(
            bucket,
            Bucket {
                rows: 2,
                bytes: 130,
                oldest: -5,
                newest: 7
            }
        );
        assert_eq!(
            buckets(&pack_buckets(&[bucket, Bucket::EMPTY])).unwrap(),
            [bucket, Bucket::EMPTY]
        );
        let place = Place {
            id: [1; 16],
            attempt: [2; 16],
            bucket: 3,
            sent_at: i64::MIN,
            conversation: [4; 16],
        };
        assert_eq!(pack_places(&[place]).len(), 60);
        assert_eq!(places(&pack_places(&[place, place])).unwrap(), [place, place]);
        assert_eq!(unswept(&pack_unswept(7, 2)).unwrap(), (7, 2));
        assert_eq!(state_of(&state_key(77)).unwrap(), 77);
    }

    #[test]
    fn changes_count_up_to_their_commits_state() {
        let ids = [([1; 16], [9; 16]), ([2; 16], [9; 16])];
        let packed = pack_changes(ChangeKind::Removed, ids.into_iter());
        let told = changes(12, &packed).unwrap();
        let states: Vec<_> = told.iter().map(|c| (c.state, c.kind, c.message[0])).collect();
        assert_eq!(states, [(11, ChangeKind::Removed, 1), (12, ChangeKind::Removed, 2)]);
        assert!(changes(1, &packed).is_err());
        assert!(changes(12, &packed[1..]).is_err());
    }

    #[test]
    fn a_bucket_is_closed_by_rows_or_bytes_but_takes_one_batch_of_any_size() {
        assert!(Bucket::EMPTY.takes(1_000, 1 << 30));
        let full = Bucket {
            rows: ROWS - 1,
            bytes: 5,
            oldest: 0,
            newest: 0,
        };
        assert!(full.takes(1, 1) && !full.takes(2, 1) && !full.takes(1, BYTES));
    }
}
