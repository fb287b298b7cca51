//! Receipts: a proof file whose extra data open the entry, so that whoever holds it can read and check it offline.
//!
//! A partner's receipt opens the body. A person's also opens the private part, which chains her entries.

use crate::Hash;
use crate::body::{Body, BodyError, Private};
use crate::checkpoint::Checkpoint;
use crate::leaf::{Kind, LEAF_BYTES, Leaf, LeafError};
use crate::note::VerifyingKey;
use crate::proof::{Proof, ProofError};
use crate::secret;
use minicbor::{Decode, Encode};

/// What a receipt opens. Encoded as a CBOR array.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Receipt {
    #[n(0)]
    version: u8,
    #[cbor(n(1), with = "minicbor::bytes")]
    leaf: [u8; LEAF_BYTES],
    #[cbor(n(2), with = "minicbor::bytes")]
    opening: Hash,
    #[cbor(n(3), with = "minicbor::bytes")]
    body: Vec<u8>,
    #[cbor(n(4), with = "minicbor::bytes")]
    private: Option<Vec<u8>>,
}

/// A receipt that was checked: everything in it is what the log holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// As the log holds it.
    pub leaf: Leaf,
    /// What happened.
    pub body: Body,
    /// The person's part; a partner's receipt has none.
    pub private: Option<Private>,
    /// The entry's index.
    pub index: u64,
    /// The checkpoint it was proved under.
    pub checkpoint: Checkpoint,
}

/// Why a receipt is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// Of the proof file.
    #[error("{0}")]
    Proof(#[from] ProofError),
    /// A proof file that opens nothing.
    #[error("the proof file is not a receipt: its extra data do not open an entry")]
    NotAReceipt,
    /// Of the leaf.
    #[error("the receipt's leaf is not valid: {0}")]
    Leaf(#[from] LeafError),
    /// A public entry, which needs no opening.
    #[error("a receipt is of a private event, not of a {0}")]
    Kind(&'static str),
    /// The body is not what was entered.
    #[error("the body is not what the entry commits to")]
    Commit,
    /// The body tells another time than the entry.
    #[error("the body's time is not within the entry's window of ten minutes")]
    Window,
    /// The private part is not what was entered.
    #[error("the private part is not what the body's digest says")]
    PrivateDigest,
    /// Of the body or the private part.
    #[error("the receipt's content cannot be read: {0}")]
    Body(#[from] BodyError),
}

impl Receipt {
    /// For the partner: opens the body and nothing else.
    pub fn for_partner(leaf: [u8; LEAF_BYTES], opening: Hash, body: Vec<u8>) -> Self {
        Self {
            version: 1,
            leaf,
            opening,
            body,
            private: None,
        }
    }

    /// For the person: opens the private part too.
    pub fn for_person(leaf: [u8; LEAF_BYTES], opening: Hash, body: Vec<u8>, private: Vec<u8>) -> Self {
        Self {
            private: Some(private),
            ..Self::for_partner(leaf, opening, body)
        }
    }

    /// The receipt's file: a proof file under `checkpoint`, a signed note. Nothing is checked but limits: whoever hands it
    /// out may call [`verify`] on it.
    pub fn write(&self, index: u64, hashes: Vec<Hash>, checkpoint: &str) -> Result<String, ReceiptError> {
        let proof = Proof {
            extra: Some(self.encode()),
            index,
            hashes,
            checkpoint: checkpoint.to_owned(),
        };
        proof.check_limits()?;
        Ok(proof.to_string())
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // Writing to memory cannot fail.
        _ = minicbor::encode(self, &mut bytes);
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let receipt: Self = minicbor::decode(bytes).ok()?;
        (receipt.version == 1 && receipt.encode() == bytes).then_some(receipt)
    }
}

/// Checks a receipt's file against the log's key: the checkpoint's signature, the inclusion of the leaf, that the leaf
/// commits to the body, that the body's time is the leaf's, and that the body names the private part, if there is one.
pub fn verify(file: &str, key: &VerifyingKey) -> Result<Opened, ReceiptError> {
    let proof: Proof = file.parse()?;
    let extra = proof.extra.as_deref().ok_or(ReceiptError::NotAReceipt)?;
    let receipt = Receipt::decode(extra).ok_or(ReceiptError::NotAReceipt)?;
    let checkpoint = proof.verify(&receipt.leaf, key)?;
    let (leaf, _) = Leaf::decode(&receipt.leaf)?;
    if leaf.kind != Kind::Private {
        return Err(ReceiptError::Kind(leaf.kind.name()));
    }
    if secret::commit(&receipt.opening, &receipt.body) != leaf.commit {
        return Err(ReceiptError::Commit);
    }
    let body = Body::decode(&receipt.body)?;
    if u64::try_from(body.at_ms.div_euclid(1000)).map(Leaf::window_of) != Ok(leaf.window) {
        return Err(ReceiptError::Window);
    }
    let private = receipt.private.as_deref().map(Private::decode).transpose()?;
    if let Some(private) = &private
        && private.digest()? != body.private_digest
    {
        return Err(ReceiptError::PrivateDigest);
    }
    Ok(Opened {
        leaf,
        body,
        private,
        index: proof.index,
        checkpoint,
    })
}
