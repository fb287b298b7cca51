//! What a private entry commits to, in two parts: the [`Body`], which the partner may see, and the [`Private`] part, which
//! only the person sees. The body holds no more of the private part than a salted digest, so that a partner's receipt does
//! not tell how many other disclosures the person had.

use crate::{Hash, tree};
use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

/// Bytes of each text in a body at most.
pub const TEXT_LIMIT: usize = 256;
/// A body's size is a multiple of this, so that bodies look alike.
pub const BLOCK: usize = 512;
/// Bytes of an encoded body at most: all texts full, and the rest.
pub const BODY_LIMIT: usize = 8 * BLOCK;
/// Different reasons in `withheld` at most.
pub const REASONS_LIMIT: usize = 32;
/// The only version there is.
pub const VERSION: u8 = 1;

const PRIVATE_DOMAIN: &[u8] = b"privity-ledger/v1 private";

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Event {
    /// Personal data was disclosed to a partner.
    #[n(1)]
    Disclosure,
    /// A person gave a grant.
    #[n(2)]
    Grant,
    /// A counterparty had her say.
    #[n(3)]
    Say,
    /// A grant was revoked.
    #[n(4)]
    Revocation,
    /// An inbox was erased.
    #[n(5)]
    Erasure,
    /// A grant was narrowed.
    #[n(6)]
    Narrowing,
    /// Nothing happened: an entry that hides how much does.
    #[n(7)]
    Padding,
    /// A partner sent something on the person's behalf.
    #[n(8)]
    Sent,
    /// A partner removed from the inbox what it had sent.
    #[n(9)]
    Removal,
}

/// What the entry commits to. Encoded as a deterministic CBOR array, padded with zeros to a multiple of [`BLOCK`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Body {
    /// [`VERSION`].
    #[n(0)]
    pub version: u8,
    /// What happened.
    #[n(1)]
    pub event: Event,
    /// When: milliseconds since 1970 UTC.
    #[n(2)]
    pub at_ms: i64,
    /// The partner's id; empty if none is concerned, as with every text here.
    #[n(3)]
    pub partner: String,
    /// The OAuth client's id.
    #[n(4)]
    pub client: String,
    /// The grant's id.
    #[n(5)]
    pub grant: String,
    /// The agreement's id and version, as `films@1`.
    #[n(6)]
    pub agreement: String,
    /// Why the data may be used.
    #[n(7)]
    pub purpose: String,
    /// What left, as bits: ranking 1, mentions 2, envelope 4, text 8.
    #[n(8)]
    pub fields: u8,
    /// Messages that were disclosed.
    #[n(9)]
    pub messages: u64,
    /// [`ids_root`] of their ids, as the partner saw them, in ascending order.
    #[cbor(n(10), with = "minicbor::bytes")]
    pub ids_root: Hash,
    /// Bytes of the answer.
    #[n(11)]
    pub answer_bytes: u64,
    /// [`crate::secret::answer_mac`] of the answer.
    #[cbor(n(12), with = "minicbor::bytes")]
    pub answer_mac: Hash,
    /// The request's id.
    #[n(13)]
    pub request_id: String,
    /// [`Private::digest`].
    #[cbor(n(14), with = "minicbor::bytes")]
    pub private_digest: Hash,
}

/// What only the person sees of her entry.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Private {
    /// Random, so that the digest cannot be guessed.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub salt: [u8; 16],
    /// The number of the entry among this person's, from 0, without gaps.
    #[n(1)]
    pub seq: u64,
    /// The commitment of the entry before; zeros for the first.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub previous: Hash,
    /// How many messages were withheld, by the reason's code.
    #[n(3)]
    pub withheld: Vec<(u8, u64)>,
    /// A word for the person.
    #[n(4)]
    pub note: String,
}

/// Why a body cannot be written or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// A text over [`TEXT_LIMIT`].
    #[error("`{0}` has at most 256 bytes")]
    TextTooLong(&'static str),
    /// More than [`REASONS_LIMIT`] reasons.
    #[error("`withheld` names at most 32 reasons")]
    TooManyReasons,
    /// Another version.
    #[error("unknown body version {0}")]
    Version(u8),
    /// A size that no encoding has.
    #[error("a body has a multiple of 512 bytes, at most 4096; this one has {0}")]
    Size(usize),
    /// Bytes after the content that are not zero, or more of them than needed.
    #[error("the padding is not what it must be")]
    Padding,
    /// Not the CBOR that [`Body::encode`] or [`Private::encode`] writes.
    #[error("not the deterministic CBOR of a body")]
    Syntax,
}

/// The RFC 6962 root over message ids, each a leaf of its UTF-8 bytes; SHA-256 of nothing if there are none.
pub fn ids_root<'a>(ids: impl IntoIterator<Item = &'a str>) -> Hash {
    tree::root_of(ids.into_iter().map(str::as_bytes))
}

impl Body {
    /// The bytes that are committed to: length (u32, big-endian), CBOR, zeros up to the next multiple of [`BLOCK`].
    pub fn encode(&self) -> Result<Vec<u8>, BodyError> {
        self.check()?;
        let cbor = to_cbor(self);
        let length = u32::try_from(cbor.len()).map_err(|_| BodyError::Size(cbor.len()))?;
        let mut bytes = Vec::with_capacity((4 + cbor.len()).next_multiple_of(BLOCK));
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&cbor);
        bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
        Ok(bytes)
    }

    /// Reads what [`Body::encode`] wrote, and nothing else.
    pub fn decode(bytes: &[u8]) -> Result<Self, BodyError> {
        if bytes.is_empty() || bytes.len() > BODY_LIMIT || !bytes.len().is_multiple_of(BLOCK) {
            return Err(BodyError::Size(bytes.len()));
        }
        let (length, rest) = bytes.split_first_chunk::<4>().ok_or(BodyError::Size(bytes.len()))?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| BodyError::Padding)?;
        let (cbor, padding) = rest.split_at_checked(length).ok_or(BodyError::Padding)?;
        if padding.len() >= BLOCK || padding.iter().any(|byte| *byte != 0) {
            return Err(BodyError::Padding);
        }
        let body: Self = from_cbor(cbor)?;
        body.check()?;
        Ok(body)
    }

    fn check(&self) -> Result<(), BodyError> {
        if self.version != VERSION {
            return Err(BodyError::Version(self.version));
        }
        let texts = [
            ("partner", &self.partner),
            ("client", &self.client),
            ("grant", &self.grant),
            ("agreement", &self.agreement),
            ("purpose", &self.purpose),
            ("request_id", &self.request_id),
        ];
        match texts.into_iter().find(|(_, text)| text.len() > TEXT_LIMIT) {
            Some((name, _)) => Err(BodyError::TextTooLong(name)),
            None => Ok(()),
        }
    }
}

impl Private {
    /// The CBOR that [`Private::digest`] is over.
    pub fn encode(&self) -> Result<Vec<u8>, BodyError> {
        self.check()?;
        Ok(to_cbor(self))
    }

    /// Reads what [`Private::encode`] wrote, and nothing else.
    pub fn decode(bytes: &[u8]) -> Result<Self, BodyError> {
        let private: Self = from_cbor(bytes)?;
        private.check()?;
        Ok(private)
    }

    /// What the body holds of this part.
    pub fn digest(&self) -> Result<Hash, BodyError> {
        Ok(Self::digest_of(&self.encode()?))
    }

    /// The same of what [`Private::encode`] wrote.
    pub fn digest_of(encoded: &[u8]) -> Hash {
        let hash = Sha256::new().chain_update(PRIVATE_DOMAIN).chain_update(encoded);
        hash.finalize().into()
    }

    fn check(&self) -> Result<(), BodyError> {
        if self.note.len() > TEXT_LIMIT {
            return Err(BodyError::TextTooLong("note"));
        }
        if self.withheld.len() > REASONS_LIMIT {
            return Err(BodyError::TooManyReasons);
        }
        Ok(())
    }
}

fn to_cbor<T: Encode<()>>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(BLOCK);
    // Writing to memory cannot fail, and neither can the encoding of these types.
    _ = minicbor::encode(value, &mut bytes);
    bytes
}

/// Reads CBOR that is exactly what we would write: shortest integers, no further items, nothing after the end.
fn from_cbor<'b, T: Decode<'b, ()> + Encode<()>>(bytes: &'b [u8]) -> Result<T, BodyError> {
    let value: T = minicbor::decode(bytes).map_err(|_| BodyError::Syntax)?;
    if to_cbor(&value) == bytes {
        Ok(value)
    } else {
        Err(BodyError::Syntax)
    }
}
