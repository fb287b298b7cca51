//! Reading the ledger: tiles, proofs, receipts, and the check on start.

use crate::record::EntryRecord;
use crate::sequencer::LogHead;
use crate::{App, Denied, Error};
use model::AccountId;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use store::{Anchor, LedgerHead, Store};
use tlog::Hash;
use tlog::checkpoint::Checkpoint;
use tlog::leaf::Leaf;
use tlog::note::VerifyingKey;
use tlog::path::TilePath;
use tlog::receipt::Receipt;
use tlog::tree::{self, Frontier, TileSource};
use tokio::sync::watch;

/// Tiles that are kept from one proof to the next at most, of 8 KiB each.
const TILES_KEPT: usize = 256;
/// Hashes in a full tile.
pub const TILE: u64 = 256;

impl App {
    /// The newest checkpoint.
    pub fn log_head(&self) -> LogHead {
        self.sequencer.head()
    }

    /// The ledger's public key.
    pub fn log_key(&self) -> &VerifyingKey {
        &self.log_key
    }

    /// A file of the log by its C2SP path (`tile/0/000.p/3`, `tile/entries/000`); `NotFound` beyond the log.
    pub async fn log_file(&self, path: &str) -> Result<Vec<u8>, Error> {
        let size = self.log_head().size;
        match path.parse().map_err(|_| Error::NotFound)? {
            TilePath::Hashes { level, index, width } => tile_of(&self.store, size, level, index, width).await,
            TilePath::Entries { index, width } => {
                let start = index.checked_mul(TILE).ok_or(Error::NotFound)?;
                if start.checked_add(u64::from(width)).is_none_or(|end| end > size) {
                    return Err(Error::NotFound);
                }
                let leaves = self.store.ledger_leaves(start, usize::from(width)).await?;
                if leaves.len() != usize::from(width) {
                    return Err(Error::Corrupt(format!("entries of bundle {index} are missing")));
                }
                tlog::bundle::encode(&leaves).map_err(|e| Error::Corrupt(e.to_string()))
            }
        }
    }

    /// Entries from `from` on, `limit` at most, with their index: what anyone can read in the log.
    pub async fn log_entries(&self, from: u64, limit: usize) -> Result<Vec<(u64, Leaf, Vec<u8>)>, Error> {
        let mut entries = Vec::new();
        for (index, bytes) in (from..).zip(self.store.ledger_leaves(from, limit).await?) {
            let (leaf, public) = Leaf::decode(&bytes).map_err(|e| Error::Corrupt(e.to_string()))?;
            entries.push((index, leaf, public.to_vec()));
        }
        Ok(entries)
    }

    /// Checks a receipt as an auditor would: against the ledger's public key alone.
    pub fn receipt_check(&self, text: &str) -> Result<tlog::receipt::Opened, Error> {
        tlog::receipt::verify(text, &self.log_key).map_err(|e| Error::Invalid(e.to_string()))
    }

    /// A person's receipt for one of her entries: a tlog-proof file with everything that opens it.
    pub async fn receipt_of_person(&self, account: AccountId, index: u64) -> Result<String, Error> {
        let record = self.record_at(account, index).await?;
        self.receipt(index, &record, true, &self.log_head(), &mut Tiles::default())
            .await
    }

    /// A partner's receipt for a disclosure it was given. Tells nothing of other disclosures.
    pub async fn receipt_of_partner(&self, token: &str, index: u64) -> Result<String, Error> {
        let grant = self.grant_presented(token).await?;
        let record = self.record_at(grant.account, index).await?;
        let body = tlog::body::Body::decode(&record.body).map_err(|e| Error::Corrupt(e.to_string()))?;
        if body.grant != grant.id.to_string() {
            return Err(Error::NotFound);
        }
        use tlog::body::Event::{Disclosure, Removal, Sent};
        if !matches!(body.event, Disclosure | Sent | Removal) {
            return Err(Denied::Token.into());
        }
        self.receipt(index, &record, false, &self.log_head(), &mut Tiles::default())
            .await
    }

    pub(crate) async fn record_at(&self, account: AccountId, index: u64) -> Result<EntryRecord, Error> {
        let key = self.vault.inbox_key(account).await?;
        let newest = |before| self.store.ledger_owned(account.0, before, 1);
        // Her own numbers have no gaps and grow with the index, so halving finds the one with this index.
        let mut end = match newest(None).await?.first() {
            Some(last) if last.index >= index => last.seq.saturating_add(1),
            _ => return Err(Error::NotFound),
        };
        let mut start = 0;
        while start < end {
            let middle = start + (end - start) / 2;
            let page = newest(Some(middle.saturating_add(1))).await?;
            let row = page
                .first()
                .filter(|row| row.seq == middle)
                .ok_or_else(|| Error::Corrupt(format!("a person's entry {middle} is missing")))?;
            match row.index.cmp(&index) {
                Ordering::Equal => return EntryRecord::open(&key, account, row),
                Ordering::Less => start = middle.saturating_add(1),
                Ordering::Greater => end = middle,
            }
        }
        Err(Error::NotFound)
    }

    /// A receipt under this checkpoint. `tiles` are of the log of its size.
    pub(crate) async fn receipt(
        &self,
        index: u64,
        record: &EntryRecord,
        with_private: bool,
        head: &LogHead,
        tiles: &mut Tiles,
    ) -> Result<String, Error> {
        let proof = prove(&self.store, head.size, tiles, |tiles| {
            tree::inclusion_proof(head.size, index, tiles)
        })
        .await?;
        let leaf = record
            .leaf
            .as_slice()
            .try_into()
            .map_err(|_| Error::Corrupt("a stored leaf".into()))?;
        let receipt = match with_private {
            true => Receipt::for_person(leaf, record.opening, record.body.clone(), record.private.clone()),
            false => Receipt::for_partner(leaf, record.opening, record.body.clone()),
        };
        receipt
            .write(index, proof, &head.checkpoint)
            .map_err(|e| Error::Corrupt(e.to_string()))
    }
}

/// The proof that an entry is in the log of `size`.
pub(crate) async fn inclusion(store: &Store, size: u64, index: u64) -> Result<Vec<Hash>, Error> {
    let prover = |tiles: &Tiles| tree::inclusion_proof(size, index, tiles);
    prove(store, size, &mut Tiles::default(), prover).await
}

/// The right edge of the stored log.
pub(crate) async fn frontier_of(store: &Store, size: u64) -> Result<Frontier, Error> {
    prove(store, size, &mut Tiles::default(), |tiles| {
        Frontier::resume(size, |l, i, w| tiles.tile(l, i, w))
    })
    .await
}

/// Refuses to go on with a log that contradicts its own checkpoint or the one anchored outside the store.
pub(crate) async fn check_head(
    store: &Store,
    head: &LedgerHead,
    frontier: &Frontier,
    key: &VerifyingKey,
    anchor: Option<&Anchor>,
) -> Result<(), Error> {
    if head.size > 0 {
        let text = String::from_utf8_lossy(&head.checkpoint);
        let checkpoint = Checkpoint::verify(&text, key)
            .map_err(|e| Error::Corrupt(format!("the stored checkpoint of size {}: {e}", head.size)))?;
        if checkpoint.size != head.size || checkpoint.root != frontier.root() {
            return Err(Error::Corrupt(format!(
                "the ledger's tiles do not lead to its checkpoint of size {}; run `privity-verify fsck`",
                head.size
            )));
        }
    }
    let Some(anchor) = anchor else { return Ok(()) };
    let Some(bytes) = anchor.read().map_err(Error::from)? else {
        return Ok(());
    };
    let anchored = Checkpoint::verify(&String::from_utf8_lossy(&bytes), key)
        .map_err(|e| Error::Corrupt(format!("the anchor: {e}")))?;
    if anchored.size > head.size {
        return Err(Error::Corrupt(format!(
            "the ledger has {} entries, but {} were published: entries are lost; restore from a backup or a mirror",
            head.size, anchored.size
        )));
    }
    if anchored.size > 0 {
        let then = frontier_of(store, anchored.size).await?;
        if then.root() != anchored.root {
            return Err(Error::Corrupt(format!(
                "the first {} entries are not those that were published; run `privity-verify fsck`",
                anchored.size
            )));
        }
    }
    Ok(())
}

/// Keeps the anchor close behind the head: at most four times a second.
pub(crate) async fn keep_anchor(anchor: Anchor, mut head: watch::Receiver<LogHead>) {
    let anchor = Arc::new(anchor);
    while head.changed().await.is_ok() {
        let newest = head.borrow_and_update().checkpoint.clone();
        let writer = Arc::clone(&anchor);
        let written = tokio::task::spawn_blocking(move || writer.write(newest.as_bytes())).await;
        match written {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the anchor could not be written"),
            Err(_) => return,
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

/// `width` hashes of a tile of a log of `size`: stored if the tile is full, computed from the level below if not.
async fn tile_of(store: &Store, size: u64, level: u8, index: u64, width: u16) -> Result<Vec<u8>, Error> {
    let available = size.checked_shr(8 * u32::from(level)).unwrap_or(0);
    let start = index.checked_mul(TILE).ok_or(Error::NotFound)?;
    let end = start.checked_add(u64::from(width)).ok_or(Error::NotFound)?;
    if width == 0 || u64::from(width) > TILE || end > available {
        return Err(Error::NotFound);
    }
    if start.saturating_add(TILE) <= available {
        let mut full = store
            .ledger_tile(level, index)
            .await?
            .ok_or_else(|| Error::Corrupt(format!("the full tile {level}/{index} is missing")))?;
        full.truncate(usize::from(width) * 32);
        return Ok(full);
    }
    let mut hashes = Vec::with_capacity(usize::from(width) * 32);
    if level == 0 {
        for leaf in store.ledger_leaves(start, usize::from(width)).await? {
            hashes.extend_from_slice(&tree::leaf_hash(&leaf));
        }
    } else {
        for below in start..end {
            let full = store
                .ledger_tile(level - 1, below)
                .await?
                .ok_or_else(|| Error::Corrupt(format!("the full tile {}/{below} is missing", level - 1)))?;
            let full = tree::hashes_of(&full).ok_or_else(|| Error::Corrupt("a tile of the wrong size".into()))?;
            hashes.extend_from_slice(&tree::root_of_hashes(full));
        }
    }
    if hashes.len() != usize::from(width) * 32 {
        return Err(Error::Corrupt(format!("entries of tile {level}/{index} are missing")));
    }
    Ok(hashes)
}

/// Runs a computation over tiles: what it misses is fetched, then it runs again. A proof touches a handful of tiles.
async fn prove<T, E: std::fmt::Display>(
    store: &Store,
    size: u64,
    tiles: &mut Tiles,
    compute: impl Fn(&Tiles) -> Result<T, E>,
) -> Result<T, Error> {
    // Never within a computation, which would fetch them again and again.
    if tiles.known.len() > TILES_KEPT {
        tiles.known.clear();
    }
    loop {
        let computed = compute(tiles);
        let missed = std::mem::take(&mut *tiles.missed.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        match (computed, missed) {
            (Ok(value), _) => return Ok(value),
            (Err(error), None) => return Err(Error::Corrupt(error.to_string())),
            (Err(_), Some((level, index, width))) => {
                let hashes = tile_of(store, size, level, index, width).await?;
                tiles.known.insert((level, index, width), hashes);
            }
        }
    }
}

/// Tiles that are at hand, all of a log of one size.
#[derive(Default)]
pub(crate) struct Tiles {
    known: HashMap<(u8, u64, u16), Vec<u8>>,
    missed: std::sync::Mutex<Option<(u8, u64, u16)>>,
}

/// The tile has to be fetched first.
#[derive(Debug, thiserror::Error)]
#[error("tile {0}/{1} is not at hand")]
pub(crate) struct Missed(u8, u64);

impl TileSource for Tiles {
    type Error = Missed;
    fn tile(&self, level: u8, index: u64, width: u16) -> Result<Vec<u8>, Missed> {
        if let Some(hashes) = self.known.get(&(level, index, width)) {
            return Ok(hashes.clone());
        }
        *self.missed.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some((level, index, width));
        Err(Missed(level, index))
    }
}
