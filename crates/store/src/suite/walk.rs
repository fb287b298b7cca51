//! A random walk: the same operations on an engine and on the model, and the same answers expected.

use super::{Dice, id};
use crate::*;

/// A walk through the contract, the same for the same seed. The engine may be closed and opened again between two
/// stretches; the model, which the walk carries along, goes on.
pub struct Walk {
    seed: u64,
    step: u64,
    dice: Dice,
    model: MemoryStore,
    /// What ledger commits need to hit: epoch, size, and the next `seq` of each of four people.
    epoch: u64,
    size: u64,
    seqs: [u64; 4],
}

impl std::fmt::Debug for Walk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "seed {} at step {}", self.seed, self.step)
    }
}

/// Does one thing to both and compares.
macro_rules! same {
    ($walk:ident, $store:ident, $method:ident($($arg:ident),*)) => {{
        let theirs = $store.$method($($arg.clone()),*).await;
        let ours = $walk.model.$method($($arg.clone()),*).await;
        let told = format!("{:?}: {}{:?}", $walk, stringify!($method), ($(&$arg,)*));
        match (theirs, ours) {
            (Ok(theirs), Ok(ours)) => assert_eq!(theirs, ours, "{told}"),
            (Err(StoreError::Rejected(_)), Err(StoreError::Rejected(_))) => {}
            (theirs, ours) => panic!("{told}: {theirs:?} instead of {ours:?}"),
        }
    }};
}

impl Walk {
    /// A walk from the beginning, for an empty engine.
    pub fn new(seed: u64) -> Self {
        let (step, epoch, size, seqs) = Default::default();
        Self {
            seed,
            step,
            dice: Dice::new(seed),
            model: MemoryStore::new(),
            epoch,
            size,
            seqs,
        }
    }

    /// Takes steps on an engine. Panics with the seed, the step and the operation if an answer differs.
    pub async fn steps(&mut self, store: &Store, count: u64) {
        for _ in 0..count {
            self.step += 1;
            match self.dice.below(11) {
                0..=3 => self.inbox_step(store).await,
                10 => self.shelf_step(store).await,
                4..=6 => self.consent_step(store).await,
                7 => self.account_step(store).await,
                _ => self.ledger_step(store).await,
            }
        }
        self.compare(store).await;
    }

    fn account(&mut self) -> Id {
        id(self.dice.pick(&[0, 1, 2, 0xff]))
    }

    /// Half of the ids begin with a time: sometimes the one that the message has.
    fn message_id(&mut self) -> Id {
        let n = self.dice.byte(40);
        let mut name = id(n);
        if n.is_multiple_of(2) {
            name[..6].copy_from_slice(&[0, 0, 0, 0, 0, n / 2 % 8]);
        }
        name
    }

    fn time(&mut self) -> i64 {
        self.dice.below(12).cast_signed() - 4
    }

    fn cursor(&mut self) -> Option<Cursor> {
        (self.dice.below(3) > 0).then(|| Cursor {
            sent_at: self.time(),
            id: self.message_id(),
        })
    }

    fn limit(&mut self) -> usize {
        usize::from(self.dice.byte(30))
    }

    fn batch(&mut self) -> (Vec<ConversationRow>, Vec<MessageRow>) {
        let talks = (0..self.dice.below(3))
            .map(|_| ConversationRow {
                id: id(self.dice.byte(4)),
                sealed: self.dice.bytes(20),
            })
            .collect();
        let messages = (0..self.dice.below(8))
            .map(|_| {
                let name = self.message_id();
                MessageRow {
                    id: name,
                    conversation: id(name[15] / 2 % 4),
                    sent_at: self.time(),
                    sealed: self.dice.bytes(60),
                }
            })
            .collect();
        (talks, messages)
    }

    async fn inbox_step(&mut self, store: &Store) {
        let account = self.account();
        let (cursor, limit, conversation) = (self.cursor(), self.limit(), id(self.dice.byte(4)));
        let ids: Vec<Id> = (0..self.dice.below(5)).map(|_| self.message_id()).collect();
        match self.dice.below(40) {
            0..=14 => {
                let (talks, messages) = self.batch();
                same!(self, store, messages_append(account, talks, messages));
            }
            15..=18 => same!(self, store, messages_delete(account, ids)),
            19 => same!(self, store, messages_purge(account)),
            20 => same!(self, store, messages_sync()),
            21..=24 => same!(self, store, messages_newest(account, cursor, limit)),
            25..=28 => same!(self, store, messages_in(account, conversation, cursor, limit)),
            29..=30 => same!(self, store, messages_get(account, ids)),
            31..=32 => {
                let after = cursor.map(|_| conversation);
                same!(self, store, conversations_list(account, after, limit));
            }
            33..=34 => {
                let asked = vec![conversation, id(0)];
                same!(self, store, conversations_get(account, asked));
            }
            35 => same!(self, store, messages_state(account)),
            36..=38 => {
                let since = self.dice.below(60);
                same!(self, store, messages_changes(account, since, limit));
            }
            _ => {
                let (key, body) = (self.dice.bytes(2), self.dice.bytes(9));
                same!(self, store, mark_put(key, body));
            }
        }
    }

    async fn shelf_step(&mut self, store: &Store) {
        let (account, kind, limit) = (self.account(), self.dice.byte(2), self.limit());
        let (blob, number) = (id(self.dice.byte(3)), u32::from(self.dice.byte(3)));
        match self.dice.below(20) {
            0..=9 => {
                let writes: Vec<DocWrite> = (0..self.dice.below(4))
                    .map(|_| DocWrite {
                        id: id(self.dice.byte(6)),
                        expected: self.dice.below(3),
                        body: (self.dice.below(4) > 0).then(|| self.dice.bytes(20)),
                    })
                    .collect();
                same!(self, store, docs_write(account, kind, writes));
            }
            10 => {
                let ids = vec![id(1), id(9), blob];
                same!(self, store, docs_get(account, kind, ids));
            }
            11 => {
                let after = (limit > 9).then_some(blob);
                same!(self, store, docs_list(account, kind, after, limit));
            }
            12..=13 => {
                let since = self.dice.below(20);
                same!(self, store, docs_changes(account, kind, since, limit));
            }
            14 => same!(self, store, docs_state(account, kind)),
            15..=16 => {
                let body = self.dice.bytes(30);
                same!(self, store, piece_put(account, blob, number, body));
            }
            17 => same!(self, store, piece_get(account, blob, number)),
            18 => same!(self, store, pieces_delete(account, blob, number)),
            _ => same!(self, store, shelf_purge(account)),
        }
    }

    async fn consent_step(&mut self, store: &Store) {
        let (account, expected, body) = (self.account(), self.dice.below(4), self.dice.bytes(12));
        let (grant, hash, key) = (id(self.dice.byte(6)), [self.dice.byte(6); 32], vec![self.dice.byte(6)]);
        let read = self.dice.pick(&[Read::Relaxed, Read::Acknowledged, Read::Serial]);
        let row = TokenRow {
            body: body.clone(),
            expires_at: self.time(),
        };
        match self.dice.below(24) {
            0 => {
                let name = self.dice.pick(&["a", "ab", "b"]).to_owned();
                let version = u32::try_from(expected).unwrap();
                let agreement = AgreementRow {
                    id: name,
                    version,
                    body,
                };
                same!(self, store, agreement_publish(agreement));
            }
            1..=2 => same!(self, store, grant_create(grant, account, body)),
            3..=5 => same!(self, store, grant_transition(grant, expected, body)),
            6 => same!(self, store, grant_get(grant, read)),
            7 => same!(self, store, grants_of(account)),
            8..=9 => same!(self, store, says_put(account, expected, body)),
            10 => {
                let accounts = vec![account, id(1)];
                same!(self, store, says_get(accounts, read));
            }
            11 => same!(self, store, ask_put(account, grant, body)),
            12 => same!(self, store, ask_delete(account, grant)),
            13 => same!(self, store, asks_of(account)),
            14..=15 => same!(self, store, token_put(hash, row)),
            16 => same!(self, store, token_get(hash, read)),
            17 => same!(self, store, token_delete(hash)),
            18..=19 => same!(self, store, once_put(key, row)),
            20 => same!(self, store, once_get(key)),
            21 => same!(self, store, once_take(key)),
            22 => {
                let accounts = vec![account, id(2), account];
                same!(self, store, views_bump(accounts));
            }
            _ => {
                let now = self.time();
                same!(self, store, sweep(now));
            }
        }
    }

    async fn account_step(&mut self, store: &Store) {
        let (account, expected, body) = (self.account(), self.dice.below(4), self.dice.bytes(12));
        let name = self.dice.pick(&["ana", "ben", "", "cleo"]).to_owned();
        let (label, limit) = (u32::from(self.dice.byte(3)), self.limit());
        match self.dice.below(14) {
            0..=1 => same!(self, store, account_create(account, name, body)),
            2 => same!(self, store, account_get(account)),
            3 => same!(self, store, account_by_handle(name)),
            4..=5 => same!(self, store, account_update(account, expected, body)),
            6 => same!(self, store, account_delete(account)),
            7 => {
                let after = (limit > 9).then_some(account);
                same!(self, store, accounts_list(after, limit));
            }
            8 => same!(self, store, partner_put(name, expected, body)),
            9 => same!(self, store, catalogue_put(name, body)),
            10 => same!(self, store, catalogue_get(name)),
            11 => same!(self, store, key_create(account, label, body)),
            12 => same!(self, store, key_get(account, label)),
            // Rarely: it is for good.
            _ if self.dice.below(5) == 0 => same!(self, store, keys_destroy(account)),
            _ => same!(self, store, partners_list()),
        }
    }

    async fn ledger_step(&mut self, store: &Store) {
        let (account, from, limit) = (id(self.dice.byte(4)), self.dice.below(self.size + 3), self.limit());
        match self.dice.below(12) {
            0 => {
                same!(self, store, ledger_fence());
                self.epoch += 1;
            }
            1..=6 => self.commit(store).await,
            7 => same!(self, store, ledger_head()),
            8 => same!(self, store, ledger_leaves(from, limit)),
            9 => {
                let (level, index) = (self.dice.byte(3), self.dice.below(4));
                same!(self, store, ledger_tile(level, index));
            }
            _ => {
                let before = (limit > 9).then_some(from);
                same!(self, store, ledger_owned(account, before, limit));
            }
        }
    }

    /// A commit that mostly fits: sometimes its epoch, size, or a person's count is wrong.
    async fn commit(&mut self, store: &Store) {
        let epoch = self.epoch - u64::from(self.epoch > 0 && self.dice.below(10) == 0);
        let size = self.size + u64::from(self.dice.below(10) == 0);
        let leaves: Vec<_> = (0..self.dice.below(6)).map(|_| self.dice.bytes(50)).collect();
        let mut seqs = self.seqs;
        let mut owned = Vec::new();
        for index in size..size + leaves.len() as u64 {
            let person = usize::from(self.dice.byte(4));
            let seq = seqs[person] + u64::from(self.dice.below(20) == 0);
            seqs[person] += 1;
            owned.push(OwnedEntry {
                index,
                account: id(person as u8),
                seq,
                sealed: self.dice.bytes(30),
            });
        }
        let tile = |dice: &mut Dice| TileRow {
            level: dice.byte(3),
            index: dice.below(4),
            hashes: vec![dice.byte(u8::MAX); limits::TILE],
        };
        let tiles = (0..self.dice.below(2)).map(|_| tile(&mut self.dice)).collect();
        let commit = LedgerCommit {
            epoch,
            size,
            leaves,
            owned,
            tiles,
            checkpoint: self.dice.bytes(90),
        };
        same!(self, store, ledger_commit(commit));
        let head = self.model.ledger_head().await.unwrap();
        if head.size > self.size {
            (self.size, self.seqs) = (head.size, seqs);
        }
    }

    /// Reads everything that can be listed.
    async fn compare(&mut self, store: &Store) {
        let all = limits::PAGE;
        let none: Option<Cursor> = None;
        for account in [0, 1, 2, 3, 0xff].map(id) {
            same!(self, store, messages_newest(account, none, all));
            for conversation in (0..4).map(id) {
                same!(self, store, messages_in(account, conversation, none, all));
            }
            let ids: Vec<Id> = (0..400).map(|_| self.message_id()).collect();
            same!(self, store, messages_get(account, ids));
            let (start, after, seq): (u64, Option<Id>, Option<u64>) = Default::default();
            same!(self, store, conversations_list(account, after, all));
            same!(self, store, messages_changes(account, start, all));
            for kind in 0..2u8 {
                same!(self, store, docs_list(account, kind, after, all));
                same!(self, store, docs_changes(account, kind, start, all));
            }
            for (blob, number) in (0..3).flat_map(|blob| (0..3u32).map(move |number| (id(blob), number))) {
                same!(self, store, piece_get(account, blob, number));
            }
            same!(self, store, grants_of(account));
            same!(self, store, asks_of(account));
            same!(self, store, views_get(account));
            same!(self, store, ledger_owned(account, seq, all));
            for label in 0..3u32 {
                same!(self, store, key_get(account, label));
            }
        }
        let (start, after): (u64, Option<Id>) = Default::default();
        same!(self, store, ledger_head());
        same!(self, store, ledger_leaves(start, all));
        same!(self, store, agreements_list());
        same!(self, store, accounts_list(after, all));
        same!(self, store, partners_list());
    }
}
