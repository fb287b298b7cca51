//! The store contract. Every engine passes the same suite (`suite`, behind the feature `suite`).
//!
//! For all methods: a write that returned `Ok` survives the process being killed at any later moment (**durable on
//! return**), unless its doc says otherwise. A write that returned an error left either everything or nothing. What is
//! over a limit of [`crate::limits`] is `Rejected`.

use crate::*;
use async_trait::async_trait;
use std::sync::Arc;

/// Inboxes. An account's rows live in its own partition.
#[async_trait]
pub trait Messages: Send + Sync {
    /// Adds messages, their conversations, and one change each. All or nothing to a reader of the change feed; idempotent
    /// by message id (a known or deleted id is counted in `known` and changes nothing). An id is of one conversation: the
    /// caller makes it from that, and never gives it in another. A conversation that exists gets the new `sealed`.
    /// A new message's conversation is in the batch or stored already, else the whole batch is `Rejected`; so is one of more
    /// than 1,000 messages. Not durable before [`Messages::messages_sync`] returns.
    async fn messages_append(
        &self,
        account: Id,
        conversations: Vec<ConversationRow>,
        messages: Vec<MessageRow>,
    ) -> Result<Appended, StoreError>;

    /// Makes every append that returned before this call durable. Many callers share one disk sync.
    async fn messages_sync(&self) -> Result<(), StoreError>;

    /// Up to `limit` messages of the account, newest first, strictly before `before`. Reads an ordered index: the cost
    /// is the page's, not the inbox's.
    async fn messages_newest(
        &self,
        account: Id,
        before: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<MessageRow>, StoreError>;

    /// The same within one conversation.
    async fn messages_in(
        &self,
        account: Id,
        conversation: Id,
        before: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<MessageRow>, StoreError>;

    /// Messages by id, in the order asked; `None` for an id that is not there.
    async fn messages_get(&self, account: Id, ids: Vec<Id>) -> Result<Vec<Option<MessageRow>>, StoreError>;

    /// Up to `limit` conversations in order of id, strictly after `after`.
    async fn conversations_list(
        &self,
        account: Id,
        after: Option<Id>,
        limit: usize,
    ) -> Result<Vec<ConversationSummary>, StoreError>;

    /// Conversations by id, in the order asked.
    async fn conversations_get(
        &self,
        account: Id,
        ids: Vec<Id>,
    ) -> Result<Vec<Option<ConversationSummary>>, StoreError>;

    /// The account's state: the number of changes so far. 0 for an account without messages.
    async fn messages_state(&self, account: Id) -> Result<u64, StoreError>;

    /// Its state, up to `limit` of its newest messages, and some of its conversations: what whoever was here before looks at
    /// again. An engine that is far away answers with one wait, if little has changed since.
    async fn inbox_glance(&self, account: Id, limit: usize, conversations: Vec<Id>) -> Result<Glance, StoreError> {
        // In this order, so that each is at least as new as the one before.
        Ok(Glance {
            state: self.messages_state(account).await?,
            newest: self.messages_newest(account, None, limit).await?,
            conversations: self.conversations_get(account, conversations).await?,
        })
    }

    /// Up to `limit` changes after `since`.
    async fn messages_changes(&self, account: Id, since: u64, limit: usize) -> Result<Changes, StoreError>;

    /// Removes messages for good, with one change each; returns how many were there. Durable on return.
    async fn messages_delete(&self, account: Id, ids: Vec<Id>) -> Result<u64, StoreError>;

    /// Removes every row of the account, its change feed included. Safe to repeat after a crash in the middle.
    async fn messages_purge(&self, account: Id) -> Result<(), StoreError>;
}

/// What a person keeps beside her messages (folders, letters, marks on messages …): small sealed documents of several
/// kinds, each kind with a change feed of its own; and long bytes in pieces.
#[async_trait]
pub trait Shelf: Send + Sync {
    /// Documents by id, in the order asked.
    async fn docs_get(&self, account: Id, kind: u8, ids: Vec<Id>) -> Result<Vec<Option<Versioned>>, StoreError>;

    /// Up to `limit` documents in order of id, strictly after `after`.
    async fn docs_list(
        &self,
        account: Id,
        kind: u8,
        after: Option<Id>,
        limit: usize,
    ) -> Result<Vec<(Id, Versioned)>, StoreError>;

    /// Writes all of these, with one change each in the order given, or, if one is not at its expected version, none
    /// (`Conflict`). An id twice, or more than 1,000, is `Rejected`. Durable on return.
    async fn docs_write(&self, account: Id, kind: u8, writes: Vec<DocWrite>) -> Result<Cas, StoreError>;

    /// The number of changes of a kind so far. 0 if there was none.
    async fn docs_state(&self, account: Id, kind: u8) -> Result<u64, StoreError>;

    /// Up to `limit` changes after `since`.
    async fn docs_changes(&self, account: Id, kind: u8, since: u64, limit: usize) -> Result<DocChanges, StoreError>;

    /// Stores a piece, replacing it if it is there. Durable on return.
    async fn piece_put(&self, account: Id, blob: Id, number: u32, body: Vec<u8>) -> Result<(), StoreError>;

    /// A piece.
    async fn piece_get(&self, account: Id, blob: Id, number: u32) -> Result<Option<Vec<u8>>, StoreError>;

    /// Removes the pieces `0..count`. Removing what is not there is no error.
    async fn pieces_delete(&self, account: Id, blob: Id, count: u32) -> Result<(), StoreError>;

    /// Removes everything of the account. Safe to repeat after a crash in the middle.
    async fn shelf_purge(&self, account: Id) -> Result<(), StoreError>;
}

/// Agreements, grants, says, tokens, and things that may be used once.
#[async_trait]
pub trait Consent: Send + Sync {
    /// Publishes a version that is not there yet; `Conflict` if it is, or if the version before it is not.
    async fn agreement_publish(&self, row: AgreementRow) -> Result<Cas, StoreError>;
    /// Every published version, by id and version.
    async fn agreements_list(&self) -> Result<Vec<AgreementRow>, StoreError>;

    /// Creates a grant at version 1; `Conflict` if the id is taken.
    async fn grant_create(&self, id: Id, account: Id, body: Vec<u8>) -> Result<Cas, StoreError>;
    /// One grant.
    async fn grant_get(&self, id: Id, read: Read) -> Result<Option<GrantRow>, StoreError>;
    /// Replaces a grant's body if its version is `expected`; the new version is `expected + 1`.
    async fn grant_transition(&self, id: Id, expected: u64, body: Vec<u8>) -> Result<Cas, StoreError>;
    /// All grants of a person, by id.
    async fn grants_of(&self, account: Id) -> Result<Vec<GrantRow>, StoreError>;

    /// The says of several people, in the order asked.
    async fn says_get(&self, accounts: Vec<Id>, read: Read) -> Result<Vec<Option<Versioned>>, StoreError>;
    /// Replaces a person's says; `expected` 0 means there are none yet.
    async fn says_put(&self, account: Id, expected: u64, body: Vec<u8>) -> Result<Cas, StoreError>;

    /// Puts a question to a person, once: `Conflict` if it is there already.
    async fn ask_put(&self, account: Id, key: Id, body: Vec<u8>) -> Result<Cas, StoreError>;
    /// Her open questions, by key.
    async fn asks_of(&self, account: Id) -> Result<Vec<(Id, Vec<u8>)>, StoreError>;
    /// Removes an answered question. Removing what is not there is no error.
    async fn ask_delete(&self, account: Id, key: Id) -> Result<(), StoreError>;

    /// Counts one change of consent that concerns what partners see of these people's inboxes. Durable on return.
    async fn views_bump(&self, accounts: Vec<Id>) -> Result<(), StoreError>;
    /// How many such changes there were. 0 for an account that has none.
    async fn views_get(&self, account: Id) -> Result<u64, StoreError>;

    /// Stores a token under its hash.
    async fn token_put(&self, hash: [u8; 32], row: TokenRow) -> Result<(), StoreError>;
    /// A token, expired or not: the caller compares `expires_at`.
    async fn token_get(&self, hash: [u8; 32], read: Read) -> Result<Option<TokenRow>, StoreError>;
    /// Removes a token. Removing what is not there is no error.
    async fn token_delete(&self, hash: [u8; 32]) -> Result<(), StoreError>;

    /// Puts something that may be used once (a code, a request, a `jti`): `Conflict` if the key is there and not swept.
    async fn once_put(&self, key: Vec<u8>, row: TokenRow) -> Result<Cas, StoreError>;
    /// Looks at it without using it.
    async fn once_get(&self, key: Vec<u8>) -> Result<Option<TokenRow>, StoreError>;
    /// Uses it: of any number of callers at once, exactly one gets `Some`.
    async fn once_take(&self, key: Vec<u8>) -> Result<Option<TokenRow>, StoreError>;
    /// Drops tokens and once-things that expired before `now` (milliseconds); returns how many.
    async fn sweep(&self, now: i64) -> Result<u64, StoreError>;
}

/// People and partners.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Creates an account at version 1; `Conflict` if the id or the handle is taken.
    async fn account_create(&self, id: Id, handle: String, body: Vec<u8>) -> Result<Cas, StoreError>;
    /// By id.
    async fn account_get(&self, id: Id) -> Result<Option<AccountRow>, StoreError>;
    /// By handle, exactly as written.
    async fn account_by_handle(&self, handle: String) -> Result<Option<AccountRow>, StoreError>;
    /// Replaces the body if the version is `expected`.
    async fn account_update(&self, id: Id, expected: u64, body: Vec<u8>) -> Result<Cas, StoreError>;
    /// Frees the handle and removes the row. Removing what is not there is no error.
    async fn account_delete(&self, id: Id) -> Result<(), StoreError>;
    /// Up to `limit` accounts in order of id, strictly after `after`.
    async fn accounts_list(&self, after: Option<Id>, limit: usize) -> Result<Vec<AccountRow>, StoreError>;

    /// Creates (`expected` 0) or replaces a partner.
    async fn partner_put(&self, id: String, expected: u64, body: Vec<u8>) -> Result<Cas, StoreError>;
    /// All partners, by id.
    async fn partners_list(&self) -> Result<Vec<(String, Versioned)>, StoreError>;
    /// Stores a partner's catalogue, replacing the one before (64 MiB at most, else `Rejected`).
    async fn catalogue_put(&self, partner: String, body: Vec<u8>) -> Result<(), StoreError>;
    /// A partner's catalogue.
    async fn catalogue_get(&self, partner: String) -> Result<Option<Vec<u8>>, StoreError>;
}

/// The transparency log.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Where the log stands. Epoch 0 and size 0 before the first fence.
    async fn ledger_head(&self) -> Result<LedgerHead, StoreError>;
    /// Takes the pen: raises the epoch by one and returns the head with it. Commits of older epochs fail from then on.
    async fn ledger_fence(&self) -> Result<LedgerHead, StoreError>;
    /// Commits a batch if epoch and size are the head's: entries, owned bodies, tiles, head, in one go. **Durable on return**,
    /// and not visible before. `Rejected` if an owned body is not of one of these entries, or its `seq` is not the next.
    async fn ledger_commit(&self, commit: LedgerCommit) -> Result<Cas, StoreError>;
    /// Entries `from..from+limit` as far as they are committed.
    async fn ledger_leaves(&self, from: u64, limit: usize) -> Result<Vec<Vec<u8>>, StoreError>;
    /// A full tile's hashes.
    async fn ledger_tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, StoreError>;
    /// Up to `limit` entries about a person, newest first, with `seq` strictly below `before_seq`.
    async fn ledger_owned(
        &self,
        account: Id,
        before_seq: Option<u64>,
        limit: usize,
    ) -> Result<Vec<OwnedEntry>, StoreError>;
}

/// Wrapped data keys. A key is named by its account and a label (`0` the inbox's key; ledger epochs count from 1).
#[async_trait]
pub trait Keys: Send + Sync {
    /// Stores a key; `Conflict` if that name is taken or the account's keys were destroyed.
    async fn key_create(&self, account: Id, label: u32, wrapped: Vec<u8>) -> Result<Cas, StoreError>;
    /// A key.
    async fn key_get(&self, account: Id, label: u32) -> Result<KeyState, StoreError>;
    /// Destroys all of an account's keys, for good: a permanent marker stays.
    async fn keys_destroy(&self, account: Id) -> Result<(), StoreError>;
}

/// Notes of work in progress (an import's place), so that it can go on after a crash.
#[async_trait]
pub trait Work: Send + Sync {
    /// A note.
    async fn mark_get(&self, key: Vec<u8>) -> Result<Option<Vec<u8>>, StoreError>;
    /// Writes a note. May be lost with the process; what it speaks of must be safe to repeat.
    async fn mark_put(&self, key: Vec<u8>, body: Vec<u8>) -> Result<(), StoreError>;
}

/// A whole store.
pub trait AnyStore: Messages + Shelf + Consent + Accounts + Ledger + Keys + Work {}
impl<T: Messages + Shelf + Consent + Accounts + Ledger + Keys + Work> AnyStore for T {}

/// A store behind the crate border.
pub type Store = Arc<dyn AnyStore>;
