//! What the log holds of an entry: 80 bytes that look alike for every private event.
//!
//! ```text
//! "IDL1" | kind u8 | 0,0,0 | window u64 | tag[32] | commit[32] | public bytes        big-endian
//! ```

use crate::Hash;
use sha2::{Digest, Sha256};

/// Bytes of a leaf without public bytes.
pub const LEAF_BYTES: usize = 80;
/// Most public bytes after the 80: an entry bundle counts an entry's length in 16 bits.
pub const PUBLIC_LIMIT: usize = 60_000;
/// Seconds in a window: how exactly the log tells when something was entered.
pub const WINDOW_SECONDS: u64 = 600;

const MAGIC: [u8; 4] = *b"IDL1";

/// What sort of entry it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A disclosure, grant, say, revocation, erasure, narrowing or padding; only the person can tell which.
    Private = 1,
    /// A report was filed, with its verdict. May carry public bytes.
    Report = 2,
    /// An agreement, parameters or keys. Carries public bytes.
    Public = 3,
    /// The summary of a day. Carries public bytes.
    Summary = 4,
}

impl Kind {
    /// Every kind, by its byte.
    pub const ALL: [Self; 4] = [Self::Private, Self::Report, Self::Public, Self::Summary];

    /// In plain words, in the singular.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Private => "private event",
            Self::Report => "report filed",
            Self::Public => "public entry",
            Self::Summary => "daily summary",
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// The first 80 bytes of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaf {
    /// What sort of entry it is.
    pub kind: Kind,
    /// Unix seconds divided by 600.
    pub window: u64,
    /// Lets the person find her entries ([`crate::secret::tag`]); zeros if public bytes follow.
    pub tag: Hash,
    /// Commits to the body ([`crate::secret::commit`]), or is the SHA-256 of the public bytes.
    pub commit: Hash,
}

/// Why bytes are not a leaf.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LeafError {
    /// Under 80 bytes.
    #[error("a leaf has at least 80 bytes, this one has {0}")]
    Short(usize),
    /// Not `IDL1`.
    #[error("a leaf starts with `IDL1`")]
    Magic,
    /// A kind that is not defined.
    #[error("unknown kind {0}")]
    Kind(u8),
    /// The three bytes after the kind.
    #[error("the three bytes after the kind must be zero")]
    Reserved,
    /// Public bytes after a private event.
    #[error("a private event carries no public bytes, this one has {0}")]
    Unexpected(usize),
    /// A public entry or summary without its bytes.
    #[error("an entry of this kind carries public bytes, this one has none")]
    Missing,
    /// Over [`PUBLIC_LIMIT`].
    #[error("an entry carries at most 60000 public bytes, this one has {0}")]
    TooLong(usize),
    /// A tag beside public bytes.
    #[error("the tag of an entry with public bytes must be zero")]
    Tag,
    /// Public bytes that were exchanged.
    #[error("the commitment is not the SHA-256 of the public bytes")]
    Commit,
}

impl Leaf {
    /// The window of a moment.
    pub const fn window_of(unix_seconds: u64) -> u64 {
        unix_seconds / WINDOW_SECONDS
    }

    /// A whole entry of public bytes (an agreement, parameters, keys, a report's verdict, a daily summary).
    pub fn public(kind: Kind, unix_seconds: u64, bytes: &[u8]) -> Result<Vec<u8>, LeafError> {
        let leaf = Self {
            kind,
            window: Self::window_of(unix_seconds),
            tag: [0; 32],
            commit: Sha256::digest(bytes).into(),
        };
        if bytes.is_empty() {
            return Err(LeafError::Missing);
        }
        leaf.check(bytes)?;
        let mut entry = leaf.encode().to_vec();
        entry.extend_from_slice(bytes);
        Ok(entry)
    }

    /// The 80 bytes.
    pub fn encode(&self) -> [u8; LEAF_BYTES] {
        let parts = [
            MAGIC.as_slice(),
            &[self.kind as u8, 0, 0, 0],
            &self.window.to_be_bytes(),
            &self.tag,
            &self.commit,
        ];
        let mut bytes = [0; LEAF_BYTES];
        for (to, from) in bytes.iter_mut().zip(parts.into_iter().flatten()) {
            *to = *from;
        }
        bytes
    }

    /// Reads an entry: its leaf, and the public bytes after it (empty for a private event). Checks everything that can be
    /// checked without a secret.
    pub fn decode(entry: &[u8]) -> Result<(Self, &[u8]), LeafError> {
        let short = LeafError::Short(entry.len());
        let Some((magic, rest)) = entry.split_first_chunk::<4>() else {
            return Err(short);
        };
        let Some(([kind, reserved @ ..], rest)) = rest.split_first_chunk::<4>() else {
            return Err(short);
        };
        let Some((window, rest)) = rest.split_first_chunk::<8>() else {
            return Err(short);
        };
        let Some((tag, rest)) = rest.split_first_chunk::<32>() else {
            return Err(short);
        };
        let Some((commit, public)) = rest.split_first_chunk::<32>() else {
            return Err(short);
        };
        if *magic != MAGIC {
            return Err(LeafError::Magic);
        }
        if *reserved != [0; 3] {
            return Err(LeafError::Reserved);
        }
        let leaf = Self {
            kind: Kind::from_byte(*kind).ok_or(LeafError::Kind(*kind))?,
            window: u64::from_be_bytes(*window),
            tag: *tag,
            commit: *commit,
        };
        leaf.check(public)?;
        Ok((leaf, public))
    }

    fn check(&self, public: &[u8]) -> Result<(), LeafError> {
        match (self.kind, public.len()) {
            (Kind::Private | Kind::Report, 0) => return Ok(()),
            (Kind::Private, n) => return Err(LeafError::Unexpected(n)),
            (Kind::Public | Kind::Summary, 0) => return Err(LeafError::Missing),
            (_, n) if n > PUBLIC_LIMIT => return Err(LeafError::TooLong(n)),
            _ => {}
        }
        if self.tag != [0; 32] {
            return Err(LeafError::Tag);
        }
        if self.commit != Hash::from(Sha256::digest(public)) {
            return Err(LeafError::Commit);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_stand_where_the_design_puts_them() {
        let leaf = Leaf {
            kind: Kind::Private,
            window: Leaf::window_of(600 * 258 + 599),
            tag: [7; 32],
            commit: [9; 32],
        };
        let bytes = leaf.encode();
        let expected = format!(
            "49444c31{}{}{}{}",
            "01000000",
            "0000000000000102",
            "07".repeat(32),
            "09".repeat(32)
        );
        assert_eq!(hex::encode(bytes), expected);
        assert_eq!(Leaf::decode(&bytes), Ok((leaf, [].as_slice())));
    }

    #[test]
    fn a_public_entry_carries_its_bytes_and_their_hash() {
        let entry = Leaf::public(Kind::Public, 1_200, b"abc").unwrap();
        let (leaf, public) = Leaf::decode(&entry).unwrap();
        assert_eq!((public, leaf.window, leaf.tag), (b"abc".as_slice(), 2, [0; 32]));
        assert_eq!(
            hex::encode(leaf.commit),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // FIPS 180-2, "abc"
        );
        assert!(Leaf::public(Kind::Public, 0, &vec![1; PUBLIC_LIMIT]).is_ok());
        assert_eq!(
            Leaf::public(Kind::Public, 0, &vec![1; PUBLIC_LIMIT + 1]),
            Err(LeafError::TooLong(60_001))
        );
        assert_eq!(Leaf::public(Kind::Summary, 0, b""), Err(LeafError::Missing));
        assert_eq!(Leaf::public(Kind::Private, 0, b"x"), Err(LeafError::Unexpected(1)));
    }

    #[test]
    fn each_fault_has_its_own_error() {
        let good = Leaf {
            kind: Kind::Private,
            window: 1,
            tag: [1; 32],
            commit: [2; 32],
        }
        .encode();
        let with = |at: usize, byte: u8| {
            let mut bytes = good;
            bytes[at] = byte;
            Leaf::decode(&bytes).map(|_| ())
        };
        for n in 0..LEAF_BYTES {
            assert_eq!(Leaf::decode(&good[..n]), Err(LeafError::Short(n)));
        }
        assert_eq!(with(0, b'i'), Err(LeafError::Magic));
        assert_eq!(with(4, 0), Err(LeafError::Kind(0)));
        assert_eq!(with(4, 5), Err(LeafError::Kind(5)));
        assert_eq!(with(6, 1), Err(LeafError::Reserved));
        assert_eq!(with(4, 3), Err(LeafError::Missing));
        assert_eq!(with(4, 2), Ok(()));
        let mut entry = Leaf::public(Kind::Public, 0, b"abc").unwrap();
        entry[82] ^= 1;
        assert_eq!(Leaf::decode(&entry), Err(LeafError::Commit));
        entry[82] ^= 1;
        entry[16] = 1;
        assert_eq!(Leaf::decode(&entry), Err(LeafError::Tag));
    }
}
