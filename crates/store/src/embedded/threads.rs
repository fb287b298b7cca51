//! The index of a conversation: where its messages are, in order of time.
//!
//! A row is a *run*: a message's place is the key, and the places of those just before it are the value, oldest first. Runs of
//! a conversation never overlap. So a conversation that came in one piece, from an export, has one row for [`RUN`] messages,
//! and one that grows message by message has a row for each, which costs the writer nothing more.

use super::keys::{self, Parts, Scratch};
use super::mail::{Mail, time_in};
use crate::{Cursor, Id, StoreError};
use fjall::{Guard, OwnedWriteBatch, Readable, Snapshot};
use std::collections::HashSet;

/// Messages of a run at most: what one that arrives late makes the writer write again.
pub(super) const RUN: usize = 128;
/// Bytes of a place: time and message.
const PLACE: usize = 24;

impl Mail {
    /// The places of a conversation's messages, newest first, strictly before `before`.
    pub(super) fn places<'a>(
        &'a self,
        snapshot: &'a Snapshot,
        account: Id,
        conversation: Id,
        before: Option<Cursor>,
    ) -> impl Iterator<Item = Result<Cursor, StoreError>> + 'a {
        let prefix = keys::join(&[&account, &conversation]);
        let (newest, older) = match before {
            None => (None, snapshot.prefix(&self.threads, prefix)),
            Some(cursor) => {
                let key = run_key(account, conversation, cursor);
                let end = end_of(account, conversation);
                // The run that ends at this place or later may begin before it.
                let newest = snapshot.range(&self.threads, key.clone()..=end).next();
                (newest, snapshot.range(&self.threads, prefix..key))
            }
        };
        let runs = newest.into_iter().chain(older.rev()).map(|row| self.run(row));
        let places = runs.flat_map(|run| match run {
            Ok(run) => run.into_iter().rev().map(Ok).collect::<Vec<_>>(),
            Err(error) => vec![Err(error)],
        });
        places.filter(move |place| match (place, before) {
            (Ok(place), Some(before)) => *place < before,
            _ => true,
        })
    }

    /// Adds to `known` those ids that are taken: by a message of this conversation, or by one that was deleted.
    pub(super) fn known_in(
        &self,
        snapshot: &Snapshot,
        account: Id,
        conversation: Id,
        ids: Vec<Id>,
        known: &mut HashSet<Id>,
    ) -> Result<(), StoreError> {
        let mut row = Scratch::default();
        for id in &ids {
            let key = row.of(&[&account, id]);
            if snapshot
                .contains_key(&self.ids, key)
                .map_err(|e| self.engine.read_error(e))?
            {
                known.insert(*id);
            }
        }
        // What `ids` does not have stands where the id says, if anywhere.
        let told = ids.into_iter().map(|id| Cursor {
            sent_at: time_in(&id),
            id,
        });
        let mut told: Vec<Cursor> = told.collect();
        told.sort_unstable();
        let Some((first, last)) = told.first().zip(told.last()) else {
            return Ok(());
        };
        let range = run_key(account, conversation, *first)..=end_of(account, conversation);
        for row in snapshot.range(&self.threads, range) {
            let run = self.run(row)?;
            known.extend(
                run.iter()
                    .filter(|place| told.binary_search(place).is_ok())
                    .map(|place| place.id),
            );
            if run.last().is_none_or(|end| end >= last) {
                break;
            }
        }
        Ok(())
    }

    /// Adds new messages to a conversation's index.
    pub(super) fn index(
        &self,
        batch: &mut OwnedWriteBatch,
        snapshot: &Snapshot,
        account: Id,
        conversation: Id,
        mut new: Vec<Cursor>,
    ) -> Result<(), StoreError> {
        new.sort_unstable();
        let mut new = new.as_slice();
        let Some(first) = new.first() else { return Ok(()) };
        let range = run_key(account, conversation, *first)..=end_of(account, conversation);
        for row in snapshot.range(&self.threads, range) {
            let run = self.run(row)?;
            let Some((start, end)) = run.first().zip(run.last()) else {
                continue;
            };
            let (between, rest) = new.split_at(new.partition_point(|place| place < start));
            self.put_runs(batch, account, conversation, between);
            let (within, rest) = rest.split_at(rest.partition_point(|place| place < end));
            if !within.is_empty() {
                let mut merged = [run.as_slice(), within].concat();
                merged.sort_unstable();
                self.put_runs(batch, account, conversation, &merged);
            }
            new = rest;
            if new.is_empty() {
                return Ok(());
            }
        }
        self.put_runs(batch, account, conversation, new);
        Ok(())
    }

    /// Removes messages from a conversation's index.
    pub(super) fn unindex(
        &self,
        batch: &mut OwnedWriteBatch,
        snapshot: &Snapshot,
        account: Id,
        conversation: Id,
        gone: &HashSet<Cursor>,
    ) -> Result<(), StoreError> {
        let mut left: Vec<Cursor> = gone.iter().copied().collect();
        left.sort_unstable();
        let mut left = left.as_slice();
        while let Some(first) = left.first() {
            let range = run_key(account, conversation, *first)..=end_of(account, conversation);
            let row = snapshot.range(&self.threads, range).next();
            let run = self.run(row.ok_or_else(lost)?)?;
            let end = *run.last().ok_or_else(lost)?;
            let kept: Vec<Cursor> = run.iter().copied().filter(|place| !gone.contains(place)).collect();
            let of_run = left.partition_point(|place| *place <= end);
            if kept.len() + of_run != run.len() {
                return Err(lost());
            }
            if kept.last() != Some(&end) {
                batch.remove(&self.threads, run_key(account, conversation, end));
            }
            self.put_runs(batch, account, conversation, &kept);
            left = left.get(of_run..).unwrap_or_default();
        }
        Ok(())
    }

    /// Writes places, oldest first, as runs. What is left over makes the first of them short, so that the last keeps its key.
    fn put_runs(&self, batch: &mut OwnedWriteBatch, account: Id, conversation: Id, places: &[Cursor]) {
        for run in places.rchunks(RUN) {
            let Some((last, before)) = run.split_last() else {
                continue;
            };
            let mut value = Vec::with_capacity(before.len() * PLACE);
            for place in before {
                value.extend_from_slice(&keys::time(place.sent_at));
                value.extend_from_slice(&place.id);
            }
            batch.insert(&self.threads, run_key(account, conversation, *last), value);
        }
    }

    /// The places of one row, oldest first.
    fn run(&self, row: Guard) -> Result<Vec<Cursor>, StoreError> {
        let (key, value) = row.into_inner().map_err(|e| self.engine.read_error(e))?;
        let mut last = Parts::of("threads", &key);
        let _ = (last.id()?, last.id()?);
        let mut before = Parts::of("threads", &value);
        let mut places = Vec::with_capacity(value.len() / PLACE + 1);
        while before.left() > 0 {
            places.push(place(&mut before)?);
        }
        places.push(place(&mut last)?);
        Ok(places)
    }
}

fn place(parts: &mut Parts<'_>) -> Result<Cursor, StoreError> {
    Ok(Cursor {
        sent_at: parts.time()?,
        id: parts.id()?,
    })
}

fn run_key(account: Id, conversation: Id, last: Cursor) -> Vec<u8> {
    keys::join(&[&account, &conversation, &keys::time(last.sent_at), &last.id])
}

fn end_of(account: Id, conversation: Id) -> Vec<u8> {
    let last = Cursor {
        sent_at: i64::MAX,
        id: keys::LAST,
    };
    run_key(account, conversation, last)
}

fn lost() -> StoreError {
    StoreError::Corrupt("a conversation's index has lost a message".to_owned())
}
