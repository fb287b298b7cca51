//! What is kept, sealed, of each entry in the person's own partition: everything that opens it.

use crate::Error;
use crate::vault::{Place, SealingKey};
use minicbor::{Decode, Encode};
use model::{AccountId, Entropy, MessageId, Reason};
use store::OwnedEntry;

/// An entry's openings.
pub(crate) struct EntryRecord {
    pub leaf: Vec<u8>,
    pub quarter: u32,
    pub opening: [u8; 32],
    pub body: Vec<u8>,
    pub private: Vec<u8>,
    /// Which messages, for the person's page; the body commits to the ids the partner saw.
    pub told: Vec<MessageId>,
}

#[derive(Encode, Decode)]
struct Content {
    #[cbor(n(0), with = "minicbor::bytes")]
    leaf: Vec<u8>,
    #[n(1)]
    quarter: u32,
    #[cbor(n(2), with = "minicbor::bytes")]
    opening: [u8; 32],
    #[cbor(n(3), with = "minicbor::bytes")]
    body: Vec<u8>,
    #[cbor(n(4), with = "minicbor::bytes")]
    private: Vec<u8>,
    #[cbor(n(5), with = "minicbor::bytes")]
    told: Vec<u8>,
}

impl EntryRecord {
    pub(crate) fn seal(
        self,
        key: &SealingKey,
        entropy: &dyn Entropy,
        account: AccountId,
        seq: u64,
    ) -> Result<Vec<u8>, Error> {
        let content = Content {
            leaf: self.leaf,
            quarter: self.quarter,
            opening: self.opening,
            body: self.body,
            private: self.private,
            told: self.told.iter().flat_map(|id| id.0).collect(),
        };
        let plain = minicbor::to_vec(&content).map_err(|_| Error::TooLarge("an entry too long to store".into()))?;
        key.seal(
            entropy,
            &Place {
                table: "entry",
                account,
                row: &seq.to_be_bytes(),
            },
            &plain,
        )
    }

    pub(crate) fn open(key: &SealingKey, account: AccountId, row: &OwnedEntry) -> Result<Self, Error> {
        let plain = key.open(
            &Place {
                table: "entry",
                account,
                row: &row.seq.to_be_bytes(),
            },
            &row.sealed,
        )?;
        let content: Content =
            minicbor::decode(&plain).map_err(|_| Error::Corrupt("a stored entry does not decode".into()))?;
        Ok(Self {
            leaf: content.leaf,
            quarter: content.quarter,
            opening: content.opening,
            body: content.body,
            private: content.private,
            told: content
                .told
                .as_chunks::<16>()
                .0
                .iter()
                .map(|id| MessageId(*id))
                .collect(),
        })
    }
}

/// The number of a reason in an entry. Never reused.
pub(crate) fn reason_code(reason: Reason) -> u8 {
    match reason {
        Reason::Grant => 1,
        Reason::Agreement => 2,
        Reason::Action => 3,
        Reason::Conversation => 4,
        Reason::Counterparty => 5,
        Reason::Asked => 6,
        Reason::Fields => 7,
        Reason::Suspended => 8,
    }
}
