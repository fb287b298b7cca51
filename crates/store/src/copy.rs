//! Moving everything from a data folder to another engine.
//!
//! Every step may be repeated: what is there already is left, what is missing is added, so a copy that was interrupted goes on.
//! The change feed of an inbox is played again, deletions included, so that every state a client holds means the same
//! afterwards. The ledger's checkpoint comes last: an installation that was not copied to its end does not start.
//!
//! What is lost, because nobody could read it any more: the sealed bodies of entries about people whose keys were destroyed.

use crate::Accounts;
use crate::{
    AccountRow, AnyStore, Cas, Changes, Consent, DocChanges, DocEvent, DocWrite, EmbeddedStore, GrantRow, Id, Ledger,
    LedgerCommit, LedgerHead, MessageRow, Messages, OwnedEntry, Read, Shelf, StoreError, TileRow, Unlisted,
};
use std::collections::{BTreeMap, BTreeSet};

/// Rows at a time.
const BATCH: usize = 500;
/// Accounts at a time.
const PEOPLE: usize = 100;
/// Hashes in a full tile, as a power of two.
const TILE_BITS: u32 = 8;
/// Stands where a checkpoint belongs until the whole log is there.
const UNFINISHED: &[u8] = b"privity: the copy of this log is not finished\n";

/// What was copied, and then found the same on both sides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Copied {
    /// People.
    pub people: u64,
    /// Conversations.
    pub conversations: u64,
    /// Messages.
    pub messages: u64,
    /// Grants.
    pub grants: u64,
    /// Entries of the ledger.
    pub entries: u64,
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Keys, tokens, partners, agreements.
    Platform,
    /// A person's consents and inbox: this many of so many.
    Person(u64, u64),
    /// Entries of the ledger: this many of so many.
    Ledger(u64, u64),
    /// Comparing both sides: this many people of so many.
    Compare(u64, u64),
}

/// Copies, then compares. `Rejected` if the other engine holds something else than a part of this installation.
pub async fn copy(
    from: &EmbeddedStore,
    to: &dyn AnyStore,
    tell: &mut (dyn FnMut(Step) + Send),
) -> Result<Copied, StoreError> {
    tell(Step::Platform);
    platform(from, to).await?;
    let people = people(from).await?;
    let all = people.len() as u64;
    for (person, n) in people.iter().zip(1..) {
        tell(Step::Person(n, all));
        account(to, person).await?;
        consents(from, to, person.id).await?;
        inbox(from, to, person.id).await?;
        shelf(from, to, person.id).await?;
    }
    to.messages_sync().await?;
    ledger(from, to, &people, tell).await?;
    let mut copied = Copied::default();
    for (person, n) in people.iter().zip(1..) {
        tell(Step::Compare(n, all));
        compare(from, to, person.id, &mut copied).await?;
    }
    copied.people = all;
    copied.entries = compare_ledger(from, to).await?;
    Ok(copied)
}

async fn platform(from: &EmbeddedStore, to: &dyn AnyStore) -> Result<(), StoreError> {
    for row in from.unlisted()? {
        match row? {
            Unlisted::Destroyed(account) => to.keys_destroy(account).await?,
            Unlisted::Key(account, label, wrapped) => {
                if to.key_create(account, label, wrapped.clone()).await? == Cas::Conflict {
                    let there = to.key_get(account, label).await?;
                    same("a key", &there, &crate::KeyState::Live(wrapped))?;
                }
            }
            Unlisted::Token(hash, row) => to.token_put(hash, row).await?,
            // Whatever was used there meanwhile stays used.
            Unlisted::Once(key, row) => _ = to.once_put(key, row).await?,
            Unlisted::Mark(key, body) => to.mark_put(key, body).await?,
        }
    }
    for (id, row) in from.partners_list().await? {
        let there = to.partners_list().await?.into_iter().find(|(there, _)| *there == id);
        let version = there.as_ref().map_or(0, |(_, row)| row.version);
        if there.is_none_or(|(_, there)| there.body != row.body) {
            let put = to.partner_put(id.clone(), version, row.body).await?;
            same("a partner", &put, &Cas::Applied)?;
        }
        if let Some(catalogue) = from.catalogue_get(id.clone()).await? {
            to.catalogue_put(id, catalogue).await?;
        }
    }
    // What the platform keeps under the account that nobody has.
    for number in 0..crate::limits::PLATFORM_SHELVES {
        shelf(from, to, crate::limits::platform_shelf(number)).await?;
    }
    for row in from.agreements_list().await? {
        if to.agreement_publish(row.clone()).await? == Cas::Conflict {
            let there = to.agreements_list().await?;
            let there = there.iter().find(|r| (&r.id, r.version) == (&row.id, row.version));
            same("an agreement", &there, &Some(&row))?;
        }
    }
    Ok(())
}

async fn people(from: &EmbeddedStore) -> Result<Vec<AccountRow>, StoreError> {
    let mut people: Vec<AccountRow> = Vec::new();
    loop {
        let page = from.accounts_list(people.last().map(|row| row.id), PEOPLE).await?;
        if page.is_empty() {
            return Ok(people);
        }
        people.extend(page);
    }
}

async fn account(to: &dyn AnyStore, row: &AccountRow) -> Result<(), StoreError> {
    let created = to.account_create(row.id, row.handle.clone(), row.body.clone()).await?;
    if created == Cas::Conflict {
        let there = to.account_get(row.id).await?;
        let there = there.ok_or_else(|| StoreError::Rejected("someone else has a person's name there".to_owned()))?;
        same("a person's name", &there.handle, &row.handle)?;
        if there.body != row.body {
            let updated = to.account_update(row.id, there.version, row.body.clone()).await?;
            same("a person", &updated, &Cas::Applied)?;
        }
    }
    Ok(())
}

/// Grants and says keep their versions, and views their counts: the states that partners hold are made of them.
async fn consents(from: &EmbeddedStore, to: &dyn AnyStore, account: Id) -> Result<(), StoreError> {
    for row in from.grants_of(account).await? {
        grant(to, row).await?;
    }
    if let Some(says) = from
        .says_get(vec![account], Read::Serial)
        .await?
        .into_iter()
        .flatten()
        .next()
    {
        let there = to
            .says_get(vec![account], Read::Serial)
            .await?
            .into_iter()
            .flatten()
            .next();
        let mut version = there.map_or(0, |there| there.version);
        while version < says.version {
            same(
                "says",
                &to.says_put(account, version, says.body.clone()).await?,
                &Cas::Applied,
            )?;
            version += 1;
        }
    }
    for (key, body) in from.asks_of(account).await? {
        // Asked there already.
        let _put_once = to.ask_put(account, key, body).await?;
    }
    let views = from.views_get(account).await?;
    for _ in to.views_get(account).await?..views {
        to.views_bump(vec![account]).await?;
    }
    Ok(())
}

async fn grant(to: &dyn AnyStore, row: GrantRow) -> Result<(), StoreError> {
    let mut version = match to.grant_get(row.id, Read::Serial).await? {
        Some(there) => there.version,
        None => {
            let created = to.grant_create(row.id, row.account, row.body.clone()).await?;
            same("a grant", &created, &Cas::Applied)?;
            1
        }
    };
    while version < row.version {
        let changed = to.grant_transition(row.id, version, row.body.clone()).await?;
        same("a grant", &changed, &Cas::Applied)?;
        version += 1;
    }
    Ok(())
}

async fn inbox(from: &EmbeddedStore, to: &dyn AnyStore, account: Id) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let page = from.conversations_list(account, after, BATCH).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.row.id);
        let rows = page.into_iter().map(|talk| talk.row).collect();
        to.messages_append(account, rows, Vec::new()).await?;
    }
    loop {
        let since = to.messages_state(account).await?;
        let Changes::Since { changes, .. } = from.messages_changes(account, since, BATCH).await? else {
            return Err(other("an inbox"));
        };
        let Some(first) = changes.first() else { return Ok(()) };
        // As many as are of one kind: an append and a deletion are two writes.
        let run = changes.iter().take_while(|change| change.kind == first.kind);
        let ids: Vec<Id> = run.clone().map(|change| change.message).collect();
        match first.kind {
            crate::ChangeKind::Added => {
                let found = from.messages_get(account, ids).await?;
                let rows = found.into_iter().zip(run).map(|(row, change)| {
                    // It was deleted later, and here it will be too.
                    row.unwrap_or(MessageRow {
                        id: change.message,
                        conversation: change.conversation,
                        sent_at: 0,
                        sealed: Vec::new(),
                    })
                });
                to.messages_append(account, Vec::new(), rows.collect()).await?;
            }
            crate::ChangeKind::Removed => _ = to.messages_delete(account, ids).await?,
        }
        if to.messages_state(account).await? <= since {
            return Err(other("an inbox"));
        }
    }
}

/// Plays the feeds of her documents again, then copies her pieces. A version that is gone is played with the newest text.
async fn shelf(from: &EmbeddedStore, to: &dyn AnyStore, account: Id) -> Result<(), StoreError> {
    for kind in from.docs_kinds(account)? {
        loop {
            let since = to.docs_state(account, kind).await?;
            let DocChanges::Since { changes, .. } = from.docs_changes(account, kind, since, BATCH).await? else {
                return Err(other("a shelf"));
            };
            if changes.is_empty() {
                break;
            }
            // As many as name each document once.
            let mut named = BTreeSet::new();
            let ids: Vec<Id> = changes
                .iter()
                .map(|c| c.id)
                .take_while(|id| named.insert(*id))
                .collect();
            let (here, there) = (
                from.docs_get(account, kind, ids.clone()).await?,
                to.docs_get(account, kind, ids).await?,
            );
            let writes = changes
                .iter()
                .zip(here.into_iter().zip(there))
                .map(|(change, (here, there))| DocWrite {
                    id: change.id,
                    expected: there.map_or(0, |doc| doc.version),
                    body: (change.event != DocEvent::Removed).then(|| here.map_or_else(Vec::new, |doc| doc.body)),
                });
            same(
                "a shelf",
                &to.docs_write(account, kind, writes.collect()).await?,
                &Cas::Applied,
            )?;
        }
    }
    let mut after = None;
    loop {
        let page = from.pieces_list(account, after, PEOPLE)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(*last);
        for (blob, number) in page {
            if let Some(body) = from.piece_get(account, blob, number).await? {
                to.piece_put(account, blob, number, body).await?;
            }
        }
    }
}

async fn ledger(
    from: &EmbeddedStore,
    to: &dyn AnyStore,
    people: &[AccountRow],
    tell: &mut (dyn FnMut(Step) + Send),
) -> Result<(), StoreError> {
    let head = from.ledger_head().await?;
    let owners = owners(from, people).await?;
    let LedgerHead { epoch, mut size, .. } = to.ledger_fence().await?;
    if size > head.size {
        return Err(other("the ledger"));
    }
    while size < head.size {
        tell(Step::Ledger(size, head.size));
        let leaves = from.ledger_leaves(size, BATCH).await?;
        let end = size + leaves.len() as u64;
        let mut owned = Vec::new();
        for (index, (account, seq)) in owners.range(size..end) {
            let body = from.ledger_owned(*account, Some(seq + 1), 1).await?.into_iter().next();
            owned.extend(body.filter(|body: &OwnedEntry| body.index == *index));
        }
        let mut tiles = Vec::new();
        for level in 0..u8::try_from(64 / TILE_BITS).unwrap_or(u8::MAX) {
            let bits = TILE_BITS * (u32::from(level) + 1);
            let full = |size: u64| size.checked_shr(bits).unwrap_or(0);
            for index in full(size)..full(end) {
                let hashes = from.ledger_tile(level, index).await?;
                let hashes = hashes.ok_or_else(|| StoreError::Corrupt(format!("tile {level}/{index} is missing")))?;
                tiles.push(TileRow { level, index, hashes });
            }
        }
        let commit = LedgerCommit {
            epoch,
            size,
            leaves,
            owned,
            tiles,
            checkpoint: if end == head.size {
                head.checkpoint.clone()
            } else {
                UNFINISHED.to_vec()
            },
        };
        same("the ledger", &to.ledger_commit(commit).await?, &Cas::Applied)?;
        size = end;
    }
    Ok(())
}

/// Whose each entry is, and her number for it.
async fn owners(from: &EmbeddedStore, people: &[AccountRow]) -> Result<BTreeMap<u64, (Id, u64)>, StoreError> {
    let mut owners = BTreeMap::new();
    for person in people {
        let mut before = None;
        loop {
            let page = from.ledger_owned(person.id, before, BATCH).await?;
            let Some(last) = page.last() else { break };
            before = Some(last.seq);
            owners.extend(page.iter().map(|entry| (entry.index, (entry.account, entry.seq))));
        }
    }
    Ok(owners)
}

async fn compare(from: &EmbeddedStore, to: &dyn AnyStore, account: Id, copied: &mut Copied) -> Result<(), StoreError> {
    same(
        "the state of an inbox",
        &to.messages_state(account).await?,
        &from.messages_state(account).await?,
    )?;
    let mut after = None;
    loop {
        let page = from.conversations_list(account, after, BATCH).await?;
        same(
            "conversations",
            &to.conversations_list(account, after, BATCH).await?,
            &page,
        )?;
        let Some(last) = page.last() else { break };
        after = Some(last.row.id);
        copied.conversations += page.len() as u64;
    }
    let mut before = None;
    loop {
        let page = from.messages_newest(account, before, BATCH).await?;
        same("messages", &to.messages_newest(account, before, BATCH).await?, &page)?;
        let Some(last) = page.last() else { break };
        before = Some(crate::Cursor {
            sent_at: last.sent_at,
            id: last.id,
        });
        copied.messages += page.len() as u64;
    }
    for kind in from.docs_kinds(account)? {
        same(
            "the state of a shelf",
            &to.docs_state(account, kind).await?,
            &from.docs_state(account, kind).await?,
        )?;
        let mut after = None;
        loop {
            let page = from.docs_list(account, kind, after, BATCH).await?;
            same("a shelf", &to.docs_list(account, kind, after, BATCH).await?, &page)?;
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
        }
    }
    let grants = from.grants_of(account).await?;
    same("grants", &to.grants_of(account).await?, &grants)?;
    copied.grants += grants.len() as u64;
    let says = |store: Vec<Option<crate::Versioned>>| store;
    same(
        "says",
        &says(to.says_get(vec![account], Read::Serial).await?),
        &from.says_get(vec![account], Read::Serial).await?,
    )
}

async fn compare_ledger(from: &EmbeddedStore, to: &dyn AnyStore) -> Result<u64, StoreError> {
    let (here, there) = (from.ledger_head().await?, to.ledger_head().await?);
    same(
        "the checkpoint",
        &(there.size, there.checkpoint),
        &(here.size, here.checkpoint),
    )?;
    let mut from_index = 0;
    while from_index < here.size {
        let page = from.ledger_leaves(from_index, BATCH).await?;
        same(
            "entries of the ledger",
            &to.ledger_leaves(from_index, BATCH).await?,
            &page,
        )?;
        from_index += page.len() as u64;
    }
    Ok(here.size)
}

fn same<T: PartialEq>(what: &str, there: &T, here: &T) -> Result<(), StoreError> {
    if there == here { Ok(()) } else { Err(other(what)) }
}

fn other(what: &str) -> StoreError {
    StoreError::Rejected(format!(
        "{what}: what is there is not of this installation, or someone writes to it"
    ))
}
