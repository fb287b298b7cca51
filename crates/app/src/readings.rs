//! "Who has read my messages": a person's own entries, opened.

use crate::record::EntryRecord;
use crate::{App, Error};
use model::{AccountId, FieldSet, MessageId, Time};
use tlog::body::{Body, Event, Private};

/// One of a person's entries.
#[derive(Debug, Clone)]
pub struct Reading {
    /// Its index in the public ledger.
    pub index: u64,
    /// Her own count, from 0, without gaps.
    pub seq: u64,
    /// What happened.
    pub event: Event,
    /// When.
    pub at: Time,
    /// Which partner; empty if none was concerned.
    pub partner: String,
    /// Under which grant; empty for a say.
    pub grant: String,
    /// Under which agreement version.
    pub agreement: String,
    /// Why.
    pub purpose: String,
    /// At which levels.
    pub fields: FieldSet,
    /// How many messages.
    pub messages: u64,
    /// How many were passed over in making the answer.
    pub withheld: u64,
    /// Size of the answer in bytes.
    pub answer_bytes: u64,
    /// The partner's request.
    pub request_id: String,
    /// Which messages.
    pub told: Vec<MessageId>,
}

impl App {
    /// A person's entries, newest first, strictly before her number `before`.
    pub async fn readings(&self, account: AccountId, before: Option<u64>, limit: usize) -> Result<Vec<Reading>, Error> {
        let key = self.vault.inbox_key(account).await?;
        let rows = self.store.ledger_owned(account.0, before, limit).await?;
        rows.iter()
            .map(|row| reading(row.index, row.seq, EntryRecord::open(&key, account, row)?))
            .collect()
    }

    /// One of a person's entries.
    pub async fn reading(&self, account: AccountId, index: u64) -> Result<Reading, Error> {
        let record = self.record_at(account, index).await?;
        let private = Private::decode(&record.private).map_err(|e| Error::Corrupt(e.to_string()))?;
        reading(index, private.seq, record)
    }
}

fn reading(index: u64, seq: u64, record: EntryRecord) -> Result<Reading, Error> {
    let corrupt = |e: tlog::body::BodyError| Error::Corrupt(e.to_string());
    let body = Body::decode(&record.body).map_err(corrupt)?;
    let private = Private::decode(&record.private).map_err(corrupt)?;
    Ok(Reading {
        index,
        seq,
        event: body.event,
        at: Time(body.at_ms),
        partner: body.partner,
        grant: body.grant,
        agreement: body.agreement,
        purpose: body.purpose,
        fields: FieldSet::from_bits(body.fields).unwrap_or_default(),
        messages: body.messages,
        withheld: private.withheld.iter().map(|(_, n)| n).sum(),
        answer_bytes: body.answer_bytes,
        request_id: body.request_id,
        told: record.told,
    })
}
