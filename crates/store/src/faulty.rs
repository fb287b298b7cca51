//! A store whose writes fail as planned: the ways in which a disk, a network or a coordinator lets a caller down.
//! Reads never fail. For tests of what is built on a store.

use crate::suite::Dice;
use crate::*;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How a write fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Not done, and the caller is told so: `Unavailable`.
    Lost,
    /// Not done, but the caller cannot know: `Unknown`.
    Unsure,
    /// Done, but the caller cannot know: `Unknown`.
    Kept,
}

/// Which writes fail.
#[derive(Debug, Clone)]
pub enum Plan {
    /// None.
    Never,
    /// The first, second … of all writes from now on, counted from 0.
    At(BTreeMap<u64, Fault>),
    /// The next one of a method, by its name as in the contract; none after it.
    Next(&'static str, Fault),
    /// Every one of a method.
    Every(&'static str, Fault),
    /// One in `one_in`, each kind of fault as often; the same ones for the same seed and order of writes.
    Seeded {
        /// Where the dice start.
        seed: u64,
        /// 1 fails every write; 0 is taken for 1.
        one_in: u64,
    },
}

/// A store that does what another does, but for planned faults.
#[derive(Debug)]
pub struct Faulty<S> {
    inner: S,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    plan: Plan,
    dice: Dice,
    writes: u64,
    struck: Vec<(&'static str, Fault)>,
}

impl<S: AnyStore> Faulty<S> {
    /// Wraps a store.
    pub fn new(inner: S, plan: Plan) -> Self {
        let faulty = Self {
            inner,
            state: Mutex::new(State {
                plan: Plan::Never,
                dice: Dice::new(0),
                writes: 0,
                struck: Vec::new(),
            }),
        };
        faulty.plan(plan);
        faulty
    }

    /// Changes the plan and counts writes from 0 again.
    pub fn plan(&self, plan: Plan) {
        let mut state = self.state();
        if let Plan::Seeded { seed, .. } = plan {
            state.dice = Dice::new(seed);
        }
        state.plan = plan;
        state.writes = 0;
    }

    /// How many writes were asked for since the plan began.
    pub fn writes(&self) -> u64 {
        self.state().writes
    }

    /// Every fault so far: of which method, and how.
    pub fn struck(&self) -> Vec<(&'static str, Fault)> {
        self.state().struck.clone()
    }

    /// The store within.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn write<T>(
        &self,
        method: &'static str,
        write: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let fault = self.state().next(method);
        match fault {
            None => write.await,
            Some(Fault::Lost) => Err(StoreError::Unavailable(format!("`{method}` was made to fail"))),
            Some(Fault::Unsure) => Err(StoreError::Unknown(format!("`{method}` was made to fail"))),
            Some(Fault::Kept) => {
                write.await?;
                Err(StoreError::Unknown(format!("`{method}` was made to fail")))
            }
        }
    }
}

impl State {
    fn next(&mut self, method: &'static str) -> Option<Fault> {
        let number = self.writes;
        self.writes += 1;
        let fault = match &self.plan {
            Plan::Never => None,
            Plan::At(faults) => faults.get(&number).copied(),
            Plan::Next(name, fault) | Plan::Every(name, fault) => (*name == method).then_some(*fault),
            Plan::Seeded { one_in, .. } => {
                let strikes = self.dice.below((*one_in).max(1)) == 0;
                strikes.then(|| self.dice.pick(&[Fault::Lost, Fault::Unsure, Fault::Kept]))
            }
        }?;
        if matches!(self.plan, Plan::Next(..)) {
            self.plan = Plan::Never;
        }
        self.struck.push((method, fault));
        Some(fault)
    }
}

/// Passes methods on: `read` as they are, `write` past the plan.
macro_rules! pass {
    ($contract:ident: $($kind:ident $method:ident($($name:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl<S: AnyStore> $contract for Faulty<S> {
            $(async fn $method(&self, $($name: $type),*) -> Result<$answer, StoreError> {
                pass!($kind self $method($($name),*))
            })*
        }
    };
    (read $self:ident $method:ident($($name:ident),*)) => { $self.inner.$method($($name),*).await };
    (write $self:ident $method:ident($($name:ident),*)) => {
        $self.write(stringify!($method), $self.inner.$method($($name),*)).await
    };
}

pass! { Messages:
    write messages_append(account: Id, conversations: Vec<ConversationRow>, messages: Vec<MessageRow>) -> Appended;
    write messages_sync() -> ();
    read messages_newest(account: Id, before: Option<Cursor>, limit: usize) -> Vec<MessageRow>;
    read messages_in(account: Id, conversation: Id, before: Option<Cursor>, limit: usize) -> Vec<MessageRow>;
    read messages_get(account: Id, ids: Vec<Id>) -> Vec<Option<MessageRow>>;
    read conversations_list(account: Id, after: Option<Id>, limit: usize) -> Vec<ConversationSummary>;
    read conversations_get(account: Id, ids: Vec<Id>) -> Vec<Option<ConversationSummary>>;
    read messages_state(account: Id) -> u64;
    read messages_changes(account: Id, since: u64, limit: usize) -> Changes;
    write messages_delete(account: Id, ids: Vec<Id>) -> u64;
    write messages_purge(account: Id) -> ();
}

pass! { Shelf:
    read docs_get(account: Id, kind: u8, ids: Vec<Id>) -> Vec<Option<Versioned>>;
    read docs_list(account: Id, kind: u8, after: Option<Id>, limit: usize) -> Vec<(Id, Versioned)>;
    write docs_write(account: Id, kind: u8, writes: Vec<DocWrite>) -> Cas;
    read docs_state(account: Id, kind: u8) -> u64;
    read docs_changes(account: Id, kind: u8, since: u64, limit: usize) -> DocChanges;
    write piece_put(account: Id, blob: Id, number: u32, body: Vec<u8>) -> ();
    read piece_get(account: Id, blob: Id, number: u32) -> Option<Vec<u8>>;
    write pieces_delete(account: Id, blob: Id, count: u32) -> ();
    write shelf_purge(account: Id) -> ();
}

pass! { Consent:
    write agreement_publish(row: AgreementRow) -> Cas;
    read agreements_list() -> Vec<AgreementRow>;
    write grant_create(id: Id, account: Id, body: Vec<u8>) -> Cas;
    read grant_get(id: Id, read: Read) -> Option<GrantRow>;
    write grant_transition(id: Id, expected: u64, body: Vec<u8>) -> Cas;
    read grants_of(account: Id) -> Vec<GrantRow>;
    read says_get(accounts: Vec<Id>, read: Read) -> Vec<Option<Versioned>>;
    write says_put(account: Id, expected: u64, body: Vec<u8>) -> Cas;
    write ask_put(account: Id, key: Id, body: Vec<u8>) -> Cas;
    read asks_of(account: Id) -> Vec<(Id, Vec<u8>)>;
    write ask_delete(account: Id, key: Id) -> ();
    write views_bump(accounts: Vec<Id>) -> ();
    read views_get(account: Id) -> u64;
    write token_put(hash: [u8; 32], row: TokenRow) -> ();
    read token_get(hash: [u8; 32], read: Read) -> Option<TokenRow>;
    write token_delete(hash: [u8; 32]) -> ();
    write once_put(key: Vec<u8>, row: TokenRow) -> Cas;
    read once_get(key: Vec<u8>) -> Option<TokenRow>;
    write once_take(key: Vec<u8>) -> Option<TokenRow>;
    write sweep(now: i64) -> u64;
}

pass! { Accounts:
    write account_create(id: Id, handle: String, body: Vec<u8>) -> Cas;
    read account_get(id: Id) -> Option<AccountRow>;
    read account_by_handle(handle: String) -> Option<AccountRow>;
    write account_update(id: Id, expected: u64, body: Vec<u8>) -> Cas;
    write account_delete(id: Id) -> ();
    read accounts_list(after: Option<Id>, limit: usize) -> Vec<AccountRow>;
    write partner_put(id: String, expected: u64, body: Vec<u8>) -> Cas;
    read partners_list() -> Vec<(String, Versioned)>;
    write catalogue_put(partner: String, body: Vec<u8>) -> ();
    read catalogue_get(partner: String) -> Option<Vec<u8>>;
}

pass! { Ledger:
    read ledger_head() -> LedgerHead;
    write ledger_fence() -> LedgerHead;
    write ledger_commit(commit: LedgerCommit) -> Cas;
    read ledger_leaves(from: u64, limit: usize) -> Vec<Vec<u8>>;
    read ledger_tile(level: u8, index: u64) -> Option<Vec<u8>>;
    read ledger_owned(account: Id, before_seq: Option<u64>, limit: usize) -> Vec<OwnedEntry>;
}

pass! { Keys:
    write key_create(account: Id, label: u32, wrapped: Vec<u8>) -> Cas;
    read key_get(account: Id, label: u32) -> KeyState;
    write keys_destroy(account: Id) -> ();
}

pass! { Work:
    read mark_get(key: Vec<u8>) -> Option<Vec<u8>>;
    write mark_put(key: Vec<u8>, body: Vec<u8>) -> ();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_lost_write_is_not_there_and_a_kept_one_is() {
        let store = Faulty::new(MemoryStore::new(), Plan::Next("grant_create", Fault::Lost));
        let create = |id| store.grant_create([id; 16], [0; 16], vec![id]);
        assert!(matches!(create(1).await, Err(StoreError::Unavailable(_))));
        assert_eq!(create(2).await.unwrap(), Cas::Applied);
        store.plan(Plan::Every("grant_create", Fault::Kept));
        assert!(matches!(create(3).await, Err(StoreError::Unknown(_))));
        store.plan(Plan::At(BTreeMap::from([(1, Fault::Unsure)])));
        assert_eq!(create(4).await.unwrap(), Cas::Applied);
        assert!(matches!(create(5).await, Err(StoreError::Unknown(_))));
        let ids: Vec<u8> = store
            .grants_of([0; 16])
            .await
            .unwrap()
            .iter()
            .map(|grant| grant.body[0])
            .collect();
        assert_eq!(ids, [2, 3, 4]);
        assert_eq!(store.writes(), 2);
        let struck = [Fault::Lost, Fault::Kept, Fault::Unsure].map(|fault| ("grant_create", fault));
        assert_eq!(store.struck(), struck);
    }

    #[tokio::test]
    async fn the_same_seed_strikes_the_same_writes() {
        let run = async |seed| {
            let store = Faulty::new(MemoryStore::new(), Plan::Seeded { seed, one_in: 4 });
            let mut failed = Vec::new();
            for n in 0..100u8 {
                failed.push(store.mark_put(vec![n], vec![]).await.is_err());
            }
            failed
        };
        let first = run(7).await;
        assert_eq!(first, run(7).await);
        assert_ne!(first, run(8).await);
        let struck = first.iter().filter(|failed| **failed).count();
        assert!((10..45).contains(&struck), "{struck} of 100");
    }
}
