//! Where everything is: the layout of each table, and how its keys and values are put together.
//!
//! Integers are big-endian, so that the order of bytes is the order of numbers; a signed time has its sign bit flipped
//! for the same reason. `‖` joins; numbers are lengths in bytes.
//!
//! Database `mail` (bulk: in the journal when a write returns, on disk after a sync):
//!
//! | keyspace | key | value |
//! |---|---|---|
//! | `messages` | account 16 ‖ sent_at 8 ‖ message 16 | conversation 16 ‖ sealed: the only copy |
//! | `ids` | account 16 ‖ message 16 | sent_at 8, unless the id itself begins with it; empty for a deleted message, so that it stays deleted |
//! | `threads` | account 16 ‖ conversation 16 ‖ sent_at 8 ‖ message 16 | the run before it, oldest first: (sent_at 8 ‖ message 16)… |
//! | `changes` | account 16 ‖ last state 8 | the changes of one batch, oldest first: (kind 1 ‖ message 16 ‖ conversation 16)… |
//! | `inboxes` | `s` ‖ account 16 | state 8 |
//! | | `c` ‖ account 16 ‖ conversation 16 | last_at 8 ‖ messages 8 ‖ sealed |
//! | | `m` ‖ note's key | note |
//! | `shelf` | `d` ‖ account 16 ‖ kind 1 ‖ document 16 | version 8 ‖ body |
//! | | `f` ‖ account 16 ‖ kind 1 ‖ state 8 | event 1 ‖ document 16 (what changed) |
//! | | `n` ‖ account 16 ‖ kind 1 | state 8 |
//! | | `b` ‖ account 16 ‖ blob 16 ‖ number 4 | a piece |
//!
//! Database `ledger` (durable: on disk when a write returns):
//!
//! | keyspace | key | value |
//! |---|---|---|
//! | `rows` | `A` ‖ agreement ‖ 0 ‖ version 4 | body |
//! | | `g` ‖ grant 16 | account 16 ‖ version 8 ‖ body |
//! | | `G` ‖ account 16 ‖ grant 16 | nothing |
//! | | `s` ‖ account 16 | version 8 ‖ body (says) |
//! | | `q` ‖ account 16 ‖ key 16 | body (asks) |
//! | | `v` ‖ account 16 | count 8 (views) |
//! | | `t` ‖ hash 32 | expires_at 8 ‖ body (tokens) |
//! | | `o` ‖ key | expires_at 8 ‖ body (once-things) |
//! | | `e` ‖ expires_at 8 ‖ (`t` ‖ hash, or `o` ‖ key) | nothing: what a sweep reads |
//! | | `a` ‖ account 16 | version 8 ‖ handle's length 2 ‖ handle ‖ body |
//! | | `h` ‖ handle | account 16 |
//! | | `p` ‖ partner | version 8 ‖ body |
//! | | `k` ‖ account 16 ‖ label 4 | wrapped data key |
//! | | `K` ‖ account 16 | nothing: this account's keys were destroyed |
//! | | `H` | epoch 8 ‖ size 8 ‖ checkpoint |
//! | `leaves` | last index 8 | the entries of one commit up to it: (length 2 ‖ entry)… |
//! | `tiles` | level 1 ‖ index 8 | 256 hashes |
//! | `owned` | account 16 ‖ seq 8 | index 8 ‖ sealed |
//!
//! The tables of low volume share a keyspace, told apart by their first byte: each keyspace has files and buffers of its own.

use crate::{Id, StoreError};
use fjall::Slice;

/// Tables of the keyspace `inboxes`.
pub(super) const STATE: u8 = b's';
pub(super) const CONVERSATION: u8 = b'c';
pub(super) const MARK: u8 = b'm';

/// Tables of the keyspace `shelf`.
pub(super) const DOC: u8 = b'd';
pub(super) const DOC_CHANGE: u8 = b'f';
pub(super) const DOCS_STATE: u8 = b'n';
pub(super) const PIECE: u8 = b'b';

/// Tables of the keyspace `rows`.
pub(super) const AGREEMENT: u8 = b'A';
pub(super) const GRANT: u8 = b'g';
pub(super) const GRANT_OF: u8 = b'G';
pub(super) const SAYS: u8 = b's';
pub(super) const ASK: u8 = b'q';
pub(super) const VIEWS: u8 = b'v';
pub(super) const TOKEN: u8 = b't';
pub(super) const ONCE: u8 = b'o';
pub(super) const EXPIRY: u8 = b'e';
pub(super) const ACCOUNT: u8 = b'a';
pub(super) const HANDLE: u8 = b'h';
pub(super) const PARTNER: u8 = b'p';
pub(super) const KEY: u8 = b'k';
pub(super) const DESTROYED: u8 = b'K';
pub(super) const HEAD: u8 = b'H';

/// The highest id, to end a range with.
pub(super) const LAST: Id = [u8::MAX; 16];

/// A key or value put together from its parts.
pub(super) fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// Puts many keys and values together in one place: a batch then takes one allocation for each, not two.
#[derive(Default)]
pub(super) struct Scratch(Vec<u8>);

impl Scratch {
    /// A key or value put together from its parts.
    pub(super) fn of(&mut self, parts: &[&[u8]]) -> Slice {
        self.0.clear();
        for part in parts {
            self.0.extend_from_slice(part);
        }
        Slice::from(self.0.as_slice())
    }
}

/// A key in a table of a shared keyspace.
pub(super) fn row(table: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + parts.iter().map(|p| p.len()).sum::<usize>());
    key.push(table);
    for part in parts {
        key.extend_from_slice(part);
    }
    key
}

/// A time as bytes in the order of time.
pub(super) fn time(at: i64) -> [u8; 8] {
    (at.cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

fn time_of(bytes: [u8; 8]) -> i64 {
    (u64::from_be_bytes(bytes) ^ (1 << 63)).cast_signed()
}

/// Reads a stored key or value part by part.
pub(super) struct Parts<'a> {
    table: &'static str,
    rest: &'a [u8],
}

impl<'a> Parts<'a> {
    /// The bytes of one row of a table; the name is for the error.
    pub(super) fn of(table: &'static str, bytes: &'a [u8]) -> Self {
        Self { table, rest: bytes }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        let (first, rest) = self.rest.split_first_chunk::<N>().ok_or_else(|| self.corrupt())?;
        self.rest = rest;
        Ok(*first)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        self.take()
    }

    pub(super) fn corrupt(&self) -> StoreError {
        StoreError::Corrupt(format!("a row of `{}` cannot be read", self.table))
    }

    pub(super) fn byte(&mut self) -> Result<u8, StoreError> {
        self.take::<1>().map(|[byte]| byte)
    }

    pub(super) fn id(&mut self) -> Result<Id, StoreError> {
        self.take()
    }

    pub(super) fn u16(&mut self) -> Result<u16, StoreError> {
        self.take().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, StoreError> {
        self.take().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, StoreError> {
        self.take().map(u64::from_be_bytes)
    }

    pub(super) fn time(&mut self) -> Result<i64, StoreError> {
        self.take().map(time_of)
    }

    /// So many bytes.
    pub(super) fn bytes(&mut self, length: usize) -> Result<&'a [u8], StoreError> {
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or_else(|| self.corrupt())?;
        self.rest = rest;
        Ok(bytes)
    }

    /// So many bytes, as text.
    pub(super) fn text(&mut self, length: usize) -> Result<String, StoreError> {
        let text = self.bytes(length)?.to_vec();
        String::from_utf8(text).map_err(|_| self.corrupt())
    }

    /// A length of two bytes, and so many bytes as text.
    pub(super) fn short_text(&mut self) -> Result<String, StoreError> {
        let length = self.u16()?;
        self.text(usize::from(length))
    }

    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn rest(self) -> Vec<u8> {
        self.rest.to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_sort_as_bytes() {
        let times = [i64::MIN, -2, -1, 0, 1, 1_700_000_000_000, i64::MAX];
        assert!(times.map(time).is_sorted());
        assert_eq!(times.map(|t| time_of(time(t))), times);
    }

    #[test]
    fn a_short_row_is_corrupt_and_names_its_table() {
        let error = Parts::of("grants", &[1, 2]).u64().unwrap_err();
        assert_eq!(
            error.to_string(),
            "the store is corrupt: a row of `grants` cannot be read"
        );
        assert!(Parts::of("accounts", &[0, 9, b'x']).short_text().is_err());
    }
}
