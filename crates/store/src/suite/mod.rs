//! The contract suite: what every engine must do, one function per guarantee, seen only through the contract.
//!
//! An engine's test calls [`run`] with a way to make empty stores, and lets a few [`Walk`]s go beside the model. What only
//! the engine can be asked (reopening, kill -9, a full disk) is tested where the engine is.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed assertion is how a test suite answers"
)]

mod accounts;
mod consent;
mod dice;
mod inboxes;
mod ledger;
mod messages;
mod races;
mod shelf;
mod walk;

pub use dice::Dice;
pub use walk::Walk;

use crate::{ConversationRow, Id, MessageRow, Store};
use std::pin::Pin;

/// What a case or a maker of stores gives back.
pub type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// One guarantee: its name, and the test of it on an empty store.
pub struct Case {
    /// The guarantee as a sentence, with underscores.
    pub name: &'static str,
    /// The test; panics if the guarantee does not hold.
    pub test: fn(Store) -> Boxed<()>,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// Lists functions as cases.
macro_rules! guarantees {
    ($($name:ident),* $(,)?) => {
        pub(super) const CASES: &[super::Case] =
            &[$(super::Case { name: stringify!($name), test: |store| Box::pin($name(store)) }),*];
    };
}
use guarantees;

/// Every guarantee of the contract.
pub fn cases() -> impl Iterator<Item = &'static Case> {
    let all = [
        messages::CASES,
        inboxes::CASES,
        consent::CASES,
        accounts::CASES,
        ledger::CASES,
        races::CASES,
        shelf::CASES,
    ];
    all.into_iter().flatten()
}

/// Runs every case, each on a fresh empty store. Panics, naming all guarantees that do not hold. Needs a tokio runtime
/// with several threads.
pub async fn run(fresh: &(dyn Fn() -> Boxed<Store> + Send + Sync)) {
    let mut broken = Vec::new();
    for case in cases() {
        let store = fresh().await;
        if tokio::spawn((case.test)(store)).await.is_err() {
            broken.push(case.name);
        }
    }
    assert!(broken.is_empty(), "guarantees that do not hold: {broken:#?}");
}

/// An id that only repeats one byte.
const fn id(byte: u8) -> Id {
    [byte; 16]
}

/// Whose inbox most cases use.
const ANA: Id = id(0xa0);
/// Someone else.
const BEN: Id = id(0xb0);

fn talk(byte: u8) -> ConversationRow {
    ConversationRow {
        id: id(byte),
        sealed: vec![byte; 5],
    }
}

fn message(byte: u8, conversation: u8, sent_at: i64) -> MessageRow {
    MessageRow {
        id: id(byte),
        conversation: id(conversation),
        sent_at,
        sealed: vec![byte; 3],
    }
}

/// The first bytes of rows' ids, which tell the test's messages apart.
fn names(rows: &[MessageRow]) -> Vec<u8> {
    rows.iter().map(|row| row.id[0]).collect()
}
