//! The pen: the one place that writes the log.
//!
//! While one batch is being committed the next is already made, on top of it: if the commit fails, both are refused. Nobody
//! is answered before the commit of his own batch has returned.
//!
//! With several processes on one store the pen is passed on: whoever has something to enter and has lost it takes it back
//! by the store's fence, a turn after it lost it at the earliest. What it had made and not committed it makes again, at the end of the
//! log as it is then. A process that was paused and comes back finds that its commits fail: it can do no harm.

use super::entry::{self, Place};
use super::{Entered, LogHead, Pending, PrivatePending, gone};
use crate::Error;
use crate::record::EntryRecord;
use crate::vault::SealingKey;
use model::AccountId;
use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use store::{Cas, LedgerCommit, LedgerHead, OwnedEntry, Store, StoreError, TileRow};
use tlog::checkpoint::Checkpoint;
use tlog::leaf::Leaf;
use tlog::note::SigningKey;
use tlog::tree::Frontier;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior};

/// Entries in one commit at most.
const BATCH: usize = 1_000;
/// Entries that are worth a disk sync of their own: while the disk is busy with them, the next ones are made. To gather more of
/// them first would leave it idle.
const ENOUGH: usize = 64;
/// People whose place in their own chain is remembered, at most; always many more than two batches hold.
const PEOPLE_LIMIT: usize = 50_000;
/// How long another process keeps the pen at least.
const TURN: Duration = Duration::from_millis(100);
/// How often a process that need not write looks how far the log is.
const LOOK: Duration = Duration::from_secs(1);

pub(super) struct Pen {
    store: Store,
    key: SigningKey,
    epoch: u64,
    /// The right edge of the log with everything made so far, committed or not.
    frontier: Frontier,
    people: People,
    publish: watch::Sender<LogHead>,
    coming: Arc<AtomicUsize>,
    standing: Standing,
    several: bool,
    /// Made once, and to be made again.
    again: VecDeque<Pending>,
}

enum Standing {
    Sound,
    /// A commit failed or its outcome is not known: looked up before anything else is made.
    Doubt,
    /// Another process has the pen; noticed when.
    Lost(Instant),
}

/// Entries made and not handed to the store yet.
#[derive(Default)]
struct Batch {
    leaves: Vec<Vec<u8>>,
    owned: Vec<OwnedEntry>,
    made: Vec<(u64, Pending)>,
}

/// A batch that the store is committing.
struct Flight {
    outcome: Pin<Box<dyn Future<Output = Result<Cas, StoreError>> + Send>>,
    head: LogHead,
    made: Vec<(u64, Pending)>,
}

/// Entries that the store has committed.
#[derive(Default)]
struct Landed {
    made: Vec<(u64, Pending)>,
    checkpoint: Arc<str>,
}

impl Landed {
    fn answer(self) {
        for (index, pending) in self.made {
            // A caller that has gone away leaves an entry without an answer, which harms nobody.
            _ = pending.into_reply().send(Ok(Entered {
                index,
                checkpoint: Arc::clone(&self.checkpoint),
            }));
        }
    }
}

impl Pen {
    pub(super) fn new(
        store: Store,
        key: SigningKey,
        head: &LedgerHead,
        frontier: Frontier,
        publish: watch::Sender<LogHead>,
        coming: Arc<AtomicUsize>,
        several: bool,
    ) -> Self {
        Self {
            store,
            key,
            epoch: head.epoch,
            frontier,
            people: People::default(),
            publish,
            coming,
            standing: Standing::Sound,
            several,
            again: VecDeque::new(),
        }
    }

    /// Writes until nobody can ask any more.
    pub(super) async fn run(mut self, mut waiting: mpsc::Receiver<Pending>) {
        let mut batch = Batch::default();
        let mut flight: Option<Flight> = None;
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            while flight.is_none()
                && batch.made.len() < BATCH
                && let Some(pending) = self.again.pop_front()
            {
                self.push(&mut batch, pending).await;
            }
            if flight.is_none() && !batch.made.is_empty() {
                self.gather(&mut batch, &mut waiting).await;
                flight = self.launch(std::mem::take(&mut batch));
            }
            tokio::select! {
                biased;
                Some(outcome) = async { Some((&mut flight.as_mut()?.outcome).await) } => {
                    if let Some(landing) = flight.take() {
                        let landed = self.land(landing, outcome, &mut batch).await;
                        if batch.made.len() >= ENOUGH {
                            // The disk first: answering many takes a while.
                            flight = self.launch(std::mem::take(&mut batch));
                        }
                        landed.answer();
                    }
                }
                next = waiting.recv(), if batch.made.len() < BATCH => match next {
                    Some(pending) => self.push(&mut batch, pending).await,
                    None if flight.is_none() => return,
                    // The last ones are still being committed.
                    None => tokio::task::yield_now().await,
                },
                _ = look.tick(), if self.several && flight.is_none() => self.look().await,
            }
        }
    }

    /// Everyone in line. If someone is on the way, everyone who can run runs first, so that one disk sync serves them all;
    /// as long as that brings someone. Nobody waits for a clock, and whoever is alone for nobody.
    async fn gather(&mut self, batch: &mut Batch, waiting: &mut mpsc::Receiver<Pending>) {
        while batch.made.len() < ENOUGH {
            let before = batch.made.len();
            while batch.made.len() < BATCH
                && let Ok(next) = waiting.try_recv()
            {
                self.push(batch, next).await;
            }
            let grown = batch.made.len() > before;
            if batch.made.len() >= BATCH || self.coming.load(Ordering::Relaxed) == 0 {
                return;
            }
            tokio::task::yield_now().await;
            if !grown && waiting.is_empty() {
                return;
            }
        }
    }

    /// Makes an entry at the end of the log.
    async fn push(&mut self, batch: &mut Batch, mut pending: Pending) {
        pending.arrived();
        if let Err(error) = self.settle().await {
            return refuse([(0, pending)], &error);
        }
        let index = self.frontier.size();
        match self.entry(&pending, index).await {
            Ok((leaf, owned)) => {
                self.frontier.append(&leaf);
                batch.leaves.push(leaf);
                batch.owned.extend(owned);
                batch.made.push((index, pending));
            }
            Err(error) => refuse([(index, pending)], &error),
        }
    }

    async fn entry(&mut self, pending: &Pending, index: u64) -> Result<(Vec<u8>, Option<OwnedEntry>), Error> {
        match pending {
            Pending::Public(kind, bytes, at, _) => {
                let leaf = Leaf::public(*kind, at.unix_seconds().unsigned_abs(), bytes)
                    .map_err(|e| Error::TooLarge(e.to_string()))?;
                Ok((leaf, None))
            }
            Pending::Private(pending) => {
                let place = self.place(pending).await?;
                let made = entry::make(pending, index, place)?;
                self.people.put(pending.note.account, made.next);
                Ok((made.leaf, Some(made.owned)))
            }
        }
    }

    async fn place(&self, pending: &PrivatePending) -> Result<Place, Error> {
        let account = pending.note.account;
        match self.people.get(account) {
            Some(place) => Ok(place),
            None => stored_place(&self.store, account, &pending.seal).await,
        }
    }

    /// Hands a batch to the store.
    fn launch(&mut self, batch: Batch) -> Option<Flight> {
        let size = self.frontier.size();
        let signed = Checkpoint::new(self.key.name(), size, self.frontier.root()).sign(&self.key);
        let checkpoint: Arc<str> = match signed {
            Ok(text) => text.into(),
            Err(error) => {
                self.standing = Standing::Doubt;
                refuse(batch.made, &Error::Corrupt(error.to_string()));
                return None;
            }
        };
        let tiles = self.frontier.take_full_tiles().into_iter();
        let commit = LedgerCommit {
            epoch: self.epoch,
            size: size - batch.leaves.len() as u64,
            leaves: batch.leaves,
            owned: batch.owned,
            tiles: tiles
                .map(|(level, index, hashes)| TileRow { level, index, hashes })
                .collect(),
            checkpoint: checkpoint.as_bytes().to_vec(),
        };
        let store = Arc::clone(&self.store);
        Some(Flight {
            outcome: Box::pin(async move { store.ledger_commit(commit).await }),
            head: LogHead { size, checkpoint },
            made: batch.made,
        })
    }

    /// Those whose batch has been committed are to be answered. Or refuses them and those whose entries stand on theirs; or makes all of
    /// them again, if another process has the pen and so nothing of them was written.
    async fn land(&mut self, flight: Flight, outcome: Result<Cas, StoreError>, above: &mut Batch) -> Landed {
        let error = match outcome {
            Ok(Cas::Applied) => {
                let checkpoint = Arc::clone(&flight.head.checkpoint);
                self.publish.send_replace(flight.head);
                return Landed {
                    made: flight.made,
                    checkpoint,
                };
            }
            Ok(Cas::Conflict) => {
                self.standing = Standing::Doubt;
                let error = self.find_out().await.err().unwrap_or_else(gone);
                if self.several && matches!(self.standing, Standing::Lost(_)) {
                    let made = flight.made.into_iter().chain(std::mem::take(above).made);
                    self.again.extend(made.map(|(_, pending)| pending));
                    return Landed::default();
                }
                error
            }
            Err(error) => {
                tracing::error!(%error, "ledger commit failed; its outcome is looked up before the next one");
                self.standing = Standing::Doubt;
                error.into()
            }
        };
        refuse(flight.made, &error);
        refuse(std::mem::take(above).made, &error);
        Landed::default()
    }

    /// Before anything is made: knows where the log ends, and has the pen.
    async fn settle(&mut self) -> Result<(), Error> {
        self.find_out().await.or_else(|error| match self.standing {
            Standing::Lost(_) if self.several => Ok(()),
            _ => Err(error),
        })?;
        match self.standing {
            Standing::Lost(since) => self.take_back(since).await,
            Standing::Sound | Standing::Doubt => Ok(()),
        }
    }

    /// The pen, after the others had their turn.
    async fn take_back(&mut self, lost: Instant) -> Result<(), Error> {
        tokio::time::sleep_until(lost + TURN).await;
        let head = self.store.ledger_fence().await?;
        self.epoch = head.epoch;
        self.stand_at(&head).await?;
        self.standing = Standing::Sound;
        Ok(())
    }

    /// Publishes what others have written.
    async fn look(&mut self) {
        let seen = async {
            let head = self.store.ledger_head().await?;
            if head.epoch != self.epoch {
                if !matches!(self.standing, Standing::Lost(_)) {
                    self.standing = Standing::Lost(Instant::now());
                }
                if head.size != self.frontier.size() {
                    self.stand_at(&head).await?;
                }
            }
            Ok::<_, Error>(())
        };
        if let Err(error) = seen.await {
            tracing::warn!(%error, "looking at the ledger's head");
        }
    }

    /// Takes a head of the store for the end of the log, if it is one.
    async fn stand_at(&mut self, head: &LedgerHead) -> Result<(), Error> {
        let frontier = crate::ledger::frontier_of(&self.store, head.size).await?;
        crate::ledger::check_head(&self.store, head, &frontier, &self.key.verifying_key(), None).await?;
        self.frontier = frontier;
        self.people = People::default();
        self.publish.send_replace(LogHead::of(head));
        Ok(())
    }

    /// After a commit that failed: what the store holds is what happened. Nobody else can have written in this epoch.
    async fn find_out(&mut self) -> Result<(), Error> {
        match self.standing {
            Standing::Sound => return Ok(()),
            Standing::Lost(_) => return Err(lost()),
            Standing::Doubt => {}
        }
        let head = self.store.ledger_head().await?;
        if head.epoch != self.epoch {
            if !self.several {
                tracing::error!(
                    ours = self.epoch,
                    theirs = head.epoch,
                    "another process has taken the pen"
                );
            }
            self.standing = Standing::Lost(Instant::now());
            return Err(lost());
        }
        self.stand_at(&head).await?;
        self.standing = Standing::Sound;
        Ok(())
    }
}

fn lost() -> Error {
    Error::Unavailable("another process writes the ledger".into())
}

/// A person's place as the store has it.
async fn stored_place(store: &Store, account: AccountId, seal: &SealingKey) -> Result<Place, Error> {
    let Some(last) = store.ledger_owned(account.0, None, 1).await?.into_iter().next() else {
        return Ok(Place {
            seq: 0,
            previous: [0; 32],
        });
    };
    let record = EntryRecord::open(seal, account, &last)?;
    let leaf = Leaf::decode(&record.leaf).map_err(|e| Error::Corrupt(e.to_string()))?.0;
    Ok(Place {
        seq: last.seq.saturating_add(1),
        previous: leaf.commit,
    })
}

/// The places of those written about of late. Forgets the longest untouched half, never one whose entry may still be on its
/// way to the store.
#[derive(Default)]
struct People {
    recent: HashMap<AccountId, Place>,
    older: HashMap<AccountId, Place>,
}

impl People {
    fn get(&self, account: AccountId) -> Option<Place> {
        self.recent.get(&account).or_else(|| self.older.get(&account)).copied()
    }

    fn put(&mut self, account: AccountId, place: Place) {
        if self.recent.len() >= PEOPLE_LIMIT / 2 {
            self.older = std::mem::take(&mut self.recent);
        }
        self.recent.insert(account, place);
    }
}

fn refuse(made: impl IntoIterator<Item = (u64, Pending)>, error: &Error) {
    for (_, pending) in made {
        _ = pending.into_reply().send(Err(Error::Unavailable(error.to_string())));
    }
}
