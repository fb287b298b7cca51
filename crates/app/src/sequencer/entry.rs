//! One private entry: what the log gets, and what the person keeps of it. Pure: the same notes at the same place give the
//! same bytes.

use super::{PrivatePending, invalid};
use crate::Error;
use crate::record::{EntryRecord, reason_code};
use store::OwnedEntry;
use tlog::body::{self, Body, Private, ids_root};
use tlog::leaf::{Kind, Leaf};
use tlog::secret;

/// Where a person's own chain stands: her next number, and the commitment before it.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub seq: u64,
    pub previous: [u8; 32],
}

/// An entry at its place.
pub(super) struct Made {
    pub leaf: Vec<u8>,
    pub owned: OwnedEntry,
    /// The place after it.
    pub next: Place,
}

/// Makes the entry that will have this index.
pub(super) fn make(pending: &PrivatePending, index: u64, place: Place) -> Result<Made, Error> {
    let note = &pending.note;
    let opening = secret::opening(&pending.keys.open, place.seq);
    let private = Private {
        salt: pending.salt,
        seq: place.seq,
        previous: place.previous,
        withheld: note
            .withheld
            .iter()
            .map(|(reason, n)| (reason_code(*reason), *n))
            .collect(),
        note: String::new(),
    };
    let private_bytes = private.encode().map_err(invalid)?;
    let body = Body {
        version: body::VERSION,
        event: note.event,
        at_ms: pending.at.0,
        partner: note.partner.clone(),
        client: note.client.clone(),
        grant: note.grant.clone(),
        agreement: note.agreement.clone(),
        purpose: note.purpose.clone(),
        fields: note.fields.bits(),
        messages: note.told.len() as u64,
        ids_root: ids_root(note.told.iter().map(|(_, shown)| shown.as_str())),
        answer_bytes: note.answer_bytes,
        answer_mac: secret::answer_mac(&opening, &note.answer_hash),
        request_id: note.request_id.clone(),
        private_digest: Private::digest_of(&private_bytes),
    };
    let body_bytes = body.encode().map_err(invalid)?;
    let commit = secret::commit(&opening, &body_bytes);
    let leaf = Leaf {
        kind: Kind::Private,
        window: Leaf::window_of(pending.at.unix_seconds().unsigned_abs()),
        tag: secret::tag(&pending.keys.tag, place.seq),
        commit,
    }
    .encode()
    .to_vec();
    let record = EntryRecord {
        leaf: leaf.clone(),
        quarter: pending.quarter,
        opening,
        body: body_bytes,
        private: private_bytes,
        told: note.told.iter().map(|(id, _)| *id).collect(),
    };
    let sealed = record.seal(&pending.seal, &pending.nonce, note.account, place.seq)?;
    Ok(Made {
        leaf,
        owned: OwnedEntry {
            index,
            account: note.account.0,
            seq: place.seq,
            sealed,
        },
        next: Place {
            seq: place.seq.saturating_add(1),
            previous: commit,
        },
    })
}
