//! What the contract has no list of, because nobody who serves needs one: for moving to another engine.

use super::EmbeddedStore;
use super::keys::{self, Parts};
use crate::{Id, StoreError, TokenRow};
use fjall::{Keyspace, Readable};

/// A row that only whoever knows its name can ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unlisted {
    /// A wrapped data key: account, label, bytes.
    Key(Id, u32, Vec<u8>),
    /// An account whose keys were destroyed.
    Destroyed(Id),
    /// A token by its hash.
    Token([u8; 32], TokenRow),
    /// Something that may be used once.
    Once(Vec<u8>, TokenRow),
    /// A note.
    Mark(Vec<u8>, Vec<u8>),
}

impl EmbeddedStore {
    /// All of them, as of now. What was destroyed comes first.
    pub fn unlisted(&self) -> Result<impl Iterator<Item = Result<Unlisted, StoreError>> + Send, StoreError> {
        let (durable, mail) = (&self.ledger, &self.mail);
        let rows = |table| (&durable.rows, table);
        let tables: [(&Keyspace, u8); 5] = [
            rows(keys::DESTROYED),
            rows(keys::KEY),
            rows(keys::TOKEN),
            rows(keys::ONCE),
            (&mail.inboxes, keys::MARK),
        ];
        let snapshots = (durable.engine.snapshot()?, mail.engine.snapshot()?);
        let iterators = tables.map(|(rows, table)| {
            let snapshot = if table == keys::MARK {
                &snapshots.1
            } else {
                &snapshots.0
            };
            (table, snapshot.prefix(rows, [table]))
        });
        let all = iterators
            .into_iter()
            .flat_map(|(table, rows)| rows.map(move |row| (table, row)));
        let engine = std::sync::Arc::clone(&durable.engine);
        Ok(all.map(move |(table, row)| {
            let (key, value) = row.into_inner().map_err(|e| engine.read_error(e))?;
            parse(table, &key, &value)
        }))
    }
}

fn parse(table: u8, key: &[u8], value: &[u8]) -> Result<Unlisted, StoreError> {
    let (mut key, mut value) = (Parts::of("rows", key), Parts::of("rows", value));
    key.byte()?;
    Ok(match table {
        keys::DESTROYED => Unlisted::Destroyed(key.id()?),
        keys::KEY => Unlisted::Key(key.id()?, key.u32()?, value.rest()),
        keys::TOKEN | keys::ONCE => {
            let row = TokenRow {
                expires_at: value.time()?,
                body: value.rest(),
            };
            match table {
                keys::TOKEN => Unlisted::Token(key.array()?, row),
                _ => Unlisted::Once(key.rest(), row),
            }
        }
        _ => Unlisted::Mark(key.rest(), value.rest()),
    })
}
