//! One pen for the ledger: collects entries, commits them together, answers when they are durable.
//!
//! Three words, and what happens if the process dies there. *Sequenced*: an entry has its index; lost with the process,
//! and nobody was answered. *Durable*: the commit returned; the answer may leave. *Published*: the checkpoint is served
//! and anchored outside the store; on the next start the head is found again in the store.

use crate::record::{EntryRecord, reason_code};
use crate::vault::{LedgerKeys, SealingKey};
use crate::{App, Error};
use model::{AccountId, FieldSet, MessageId, Reason, Time};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use store::{Anchor, Cas, LedgerCommit, LedgerHead, OwnedEntry, Store, TileRow};
use tlog::body::{self, Body, Event, Private, ids_root};
use tlog::checkpoint::Checkpoint;
use tlog::leaf::{Kind, Leaf};
use tlog::note::SigningKey;
use tlog::secret;
use tlog::tree::Frontier;
use tokio::sync::{mpsc, oneshot, watch};

/// Entries in one commit at most.
const BATCH: usize = 1_000;
/// Entries that may wait for the pen; more callers wait to get in line.
const QUEUE: usize = 4_096;
/// How long an entry waits for others on their way, so that one disk sync serves them all.
const GATHER: Duration = Duration::from_millis(2);
/// People whose place in their own chain is remembered.
const PEOPLE_LIMIT: usize = 50_000;

/// What is to be entered about one person.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    pub event: Event,
    pub account: AccountId,
    pub partner: String,
    pub client: String,
    pub grant: String,
    pub agreement: String,
    pub purpose: String,
    pub fields: FieldSet,
    /// The disclosed messages, and the ids under which the partner knows them; in the order of those.
    pub told: Vec<(MessageId, String)>,
    pub withheld: Vec<(Reason, u64)>,
    pub answer_bytes: u64,
    /// SHA-256 of the answer.
    pub answer_hash: [u8; 32],
    pub request_id: String,
}

impl Note {
    pub(crate) fn new(event: Event, account: AccountId) -> Self {
        Self {
            event,
            account,
            partner: String::new(),
            client: String::new(),
            grant: String::new(),
            agreement: String::new(),
            purpose: String::new(),
            fields: FieldSet::NONE,
            told: Vec::new(),
            withheld: Vec::new(),
            answer_bytes: 0,
            answer_hash: [0; 32],
            request_id: String::new(),
        }
    }
}

/// A durable entry.
#[derive(Debug, Clone)]
pub struct Entered {
    /// Its index in the log.
    pub index: u64,
    /// A signed checkpoint that covers it.
    pub checkpoint: Arc<str>,
}

/// The newest checkpoint.
#[derive(Debug, Clone)]
pub struct LogHead {
    /// Entries.
    pub size: u64,
    /// The signed checkpoint; empty before the first entry.
    pub checkpoint: Arc<str>,
}

enum Pending {
    Private(Box<PrivatePending>),
    Public(Vec<u8>, Time, Reply),
}

struct PrivatePending {
    note: Note,
    at: Time,
    salt: [u8; 16],
    nonces: Box<dyn model::Entropy>,
    quarter: u32,
    keys: Arc<LedgerKeys>,
    seal: Arc<SealingKey>,
    reply: Reply,
    _coming: Coming,
}

/// Whoever is about to enter something. The pen waits a moment for those on their way.
pub(crate) struct Coming(Arc<AtomicUsize>);

impl Drop for Coming {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

type Reply = oneshot::Sender<Result<Entered, Error>>;

/// The way to the pen.
pub struct Sequencer {
    queue: mpsc::Sender<Pending>,
    head: watch::Receiver<LogHead>,
    coming: Arc<AtomicUsize>,
}

impl Sequencer {
    /// Takes the pen (older processes lose it), checks the log against its anchor, and starts writing.
    pub(crate) async fn start(store: Store, key: SigningKey, anchor: Option<Anchor>) -> Result<Self, Error> {
        let head = store.ledger_fence().await?;
        let frontier = crate::ledger::frontier_of(&store, head.size).await?;
        crate::ledger::check_head(&store, &head, &frontier, &key.verifying_key(), anchor.as_ref()).await?;
        let (publish, published) = watch::channel(LogHead {
            size: head.size,
            checkpoint: String::from_utf8_lossy(&head.checkpoint).into(),
        });
        let (queue, waiting) = mpsc::channel(QUEUE);
        if let Some(anchor) = anchor {
            tokio::spawn(crate::ledger::keep_anchor(anchor, publish.subscribe()));
        }
        let coming = Arc::new(AtomicUsize::new(0));
        let pen = Pen {
            coming: Arc::clone(&coming),
            store,
            key,
            head,
            frontier,
            people: HashMap::new(),
            publish,
            doubt: None,
            lost: false,
        };
        tokio::spawn(pen.run(waiting));
        Ok(Self {
            queue,
            head: published,
            coming,
        })
    }

    /// Announces an entry.
    pub(crate) fn coming(&self) -> Coming {
        self.coming.fetch_add(1, Ordering::Relaxed);
        Coming(Arc::clone(&self.coming))
    }

    /// The newest checkpoint.
    pub fn head(&self) -> LogHead {
        self.head.borrow().clone()
    }

    /// Enters public bytes; durable on return.
    pub(crate) async fn append_public(&self, bytes: Vec<u8>, at: Time) -> Result<Entered, Error> {
        let (reply, answer) = oneshot::channel();
        self.queue
            .send(Pending::Public(bytes, at, reply))
            .await
            .map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

impl App {
    /// Enters something about a person; durable on return.
    pub(crate) async fn record(&self, note: Note) -> Result<Entered, Error> {
        self.record_announced(note, self.sequencer.coming()).await
    }

    /// The same, announced earlier.
    pub(crate) async fn record_announced(&self, note: Note, coming: Coming) -> Result<Entered, Error> {
        let at = self.clock.now();
        let (quarter, keys) = self.vault.ledger_keys(note.account, at).await?;
        let seal = self.vault.inbox_key(note.account).await?;
        let (reply, answer) = oneshot::channel();
        let pending = PrivatePending {
            note,
            at,
            salt: self.vault.random(),
            nonces: Box::new(Once(self.vault.random())),
            quarter,
            keys,
            seal,
            reply,
            _coming: coming,
        };
        self.sequencer
            .queue
            .send(Pending::Private(Box::new(pending)))
            .await
            .map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

fn gone() -> Error {
    Error::Unavailable("the ledger is not being written; nothing can be disclosed".into())
}

/// A nonce drawn before the pen is reached, so that the pen itself draws nothing.
struct Once([u8; 12]);

impl model::Entropy for Once {
    fn fill(&self, buffer: &mut [u8]) {
        for (to, from) in buffer.iter_mut().zip(self.0) {
            *to = from;
        }
    }
}

/// Where a person's own chain stands: her next number, and the commitment before it.
#[derive(Clone, Copy)]
struct Place {
    seq: u64,
    previous: [u8; 32],
}

/// What a batch leads to, if its commit is durable.
struct Step {
    frontier: Frontier,
    people: HashMap<AccountId, Place>,
    checkpoint: Arc<str>,
}

struct Pen {
    coming: Arc<AtomicUsize>,
    store: Store,
    key: SigningKey,
    head: LedgerHead,
    frontier: Frontier,
    people: HashMap<AccountId, Place>,
    publish: watch::Sender<LogHead>,
    /// A commit whose outcome is not known. Settled before the next one.
    doubt: Option<Step>,
    /// Another process has the pen.
    lost: bool,
}

impl Pen {
    async fn run(mut self, mut waiting: mpsc::Receiver<Pending>) {
        while let Some(first) = waiting.recv().await {
            let batch = self.gather(first, &mut waiting).await;
            self.write(batch).await;
        }
    }

    /// Everything in line, and, for a moment, everyone on the way. Whoever is alone waits for nobody.
    async fn gather(&self, first: Pending, waiting: &mut mpsc::Receiver<Pending>) -> Vec<Pending> {
        let until = tokio::time::Instant::now() + GATHER;
        let mut batch = vec![first];
        loop {
            while batch.len() < BATCH
                && let Ok(next) = waiting.try_recv()
            {
                batch.push(next);
            }
            if batch.len() >= BATCH.min(self.coming.load(Ordering::Relaxed)) {
                return batch;
            }
            match tokio::time::timeout_at(until, waiting.recv()).await {
                Ok(Some(next)) => batch.push(next),
                _ => return batch,
            }
        }
    }

    async fn write(&mut self, batch: Vec<Pending>) {
        if let Err(error) = self.settle().await {
            return refuse(batch.into_iter().map(Pending::into_reply), &error);
        }
        let mut step = Step {
            frontier: self.frontier.clone(),
            people: HashMap::new(),
            checkpoint: Arc::from(""),
        };
        let mut commit = LedgerCommit {
            epoch: self.head.epoch,
            size: self.head.size,
            leaves: Vec::with_capacity(batch.len()),
            owned: Vec::new(),
            tiles: Vec::new(),
            checkpoint: Vec::new(),
        };
        let mut replies = Vec::with_capacity(batch.len());
        for pending in batch {
            let index = step.frontier.size();
            match self.entry(&pending, index, &mut step).await {
                Ok((leaf, owned)) => {
                    step.frontier.append(&leaf);
                    commit.leaves.push(leaf);
                    commit.owned.extend(owned);
                    replies.push((index, pending.into_reply()));
                }
                Err(error) => refuse([pending.into_reply()].into_iter(), &error),
            }
        }
        if replies.is_empty() {
            return;
        }
        commit.tiles = step
            .frontier
            .take_full_tiles()
            .into_iter()
            .map(|(level, index, hashes)| TileRow { level, index, hashes })
            .collect();
        let signed = Checkpoint::new(self.key.name(), step.frontier.size(), step.frontier.root()).sign(&self.key);
        step.checkpoint = match signed {
            Ok(text) => text.into(),
            Err(e) => {
                let error = Error::Corrupt(e.to_string());
                return refuse(replies.into_iter().map(|(_, reply)| reply), &error);
            }
        };
        commit.checkpoint = step.checkpoint.as_bytes().to_vec();

        match self.store.ledger_commit(commit).await {
            Ok(Cas::Applied) => {
                let checkpoint = Arc::clone(&step.checkpoint);
                self.adopt(step);
                for (index, reply) in replies {
                    // A caller that has gone away leaves an entry without an answer, which harms nobody.
                    _ = reply.send(Ok(Entered {
                        index,
                        checkpoint: Arc::clone(&checkpoint),
                    }));
                }
            }
            Ok(Cas::Conflict) => {
                self.doubt = Some(step);
                let settled = self.settle().await;
                let error = settled.err().unwrap_or_else(gone);
                refuse(replies.into_iter().map(|(_, reply)| reply), &error);
            }
            Err(error) => {
                tracing::error!(%error, "ledger commit failed; its outcome is looked up before the next one");
                self.doubt = Some(step);
                refuse(replies.into_iter().map(|(_, reply)| reply), &Error::from(error));
            }
        }
    }

    /// Finds out what became of a commit in doubt.
    async fn settle(&mut self) -> Result<(), Error> {
        if self.lost {
            return Err(Error::Unavailable("another process writes the ledger".into()));
        }
        let Some(step) = self.doubt.take() else { return Ok(()) };
        let head = match self.store.ledger_head().await {
            Ok(head) => head,
            Err(error) => {
                self.doubt = Some(step);
                return Err(error.into());
            }
        };
        if head.epoch == self.head.epoch && head.size == self.head.size {
            return Ok(()); // it was lost
        }
        if head.epoch == self.head.epoch && head.checkpoint == step.checkpoint.as_bytes() {
            self.adopt(step); // it was kept: entries without answers
            return Ok(());
        }
        self.lost = true;
        tracing::error!(
            ours = self.head.epoch,
            theirs = head.epoch,
            "another process has taken the pen"
        );
        Err(Error::Unavailable("another process writes the ledger".into()))
    }

    fn adopt(&mut self, step: Step) {
        self.head.size = step.frontier.size();
        self.head.checkpoint = step.checkpoint.as_bytes().to_vec();
        self.frontier = step.frontier;
        if self.people.len() + step.people.len() > PEOPLE_LIMIT {
            self.people.clear();
        }
        self.people.extend(step.people);
        self.publish.send_replace(LogHead {
            size: self.head.size,
            checkpoint: step.checkpoint,
        });
    }

    async fn entry(
        &self,
        pending: &Pending,
        index: u64,
        step: &mut Step,
    ) -> Result<(Vec<u8>, Option<OwnedEntry>), Error> {
        match pending {
            Pending::Public(bytes, at, _) => {
                let leaf = Leaf::public(Kind::Public, at.unix_seconds().unsigned_abs(), bytes)
                    .map_err(|e| Error::TooLarge(e.to_string()))?;
                Ok((leaf, None))
            }
            Pending::Private(pending) => self.private_entry(pending, index, step).await,
        }
    }

    async fn private_entry(
        &self,
        pending: &PrivatePending,
        index: u64,
        step: &mut Step,
    ) -> Result<(Vec<u8>, Option<OwnedEntry>), Error> {
        let note = &pending.note;
        let place = match step
            .people
            .get(&note.account)
            .or_else(|| self.people.get(&note.account))
        {
            Some(place) => *place,
            None => self.place_of(note.account, &pending.seal).await?,
        };
        let opening = secret::opening(&pending.keys.open, place.seq);
        let private = Private {
            salt: pending.salt,
            seq: place.seq,
            previous: place.previous,
            withheld: note
                .withheld
                .iter()
                .map(|(reason, n)| (reason_code(*reason), *n))
                .collect(),
            note: String::new(),
        };
        let private_bytes = private.encode().map_err(invalid)?;
        let body = Body {
            version: body::VERSION,
            event: note.event,
            at_ms: pending.at.0,
            partner: note.partner.clone(),
            client: note.client.clone(),
            grant: note.grant.clone(),
            agreement: note.agreement.clone(),
            purpose: note.purpose.clone(),
            fields: note.fields.bits(),
            messages: note.told.len() as u64,
            ids_root: ids_root(note.told.iter().map(|(_, shown)| shown.as_str())),
            answer_bytes: note.answer_bytes,
            answer_mac: secret::answer_mac(&opening, &note.answer_hash),
            request_id: note.request_id.clone(),
            private_digest: private.digest().map_err(invalid)?,
        };
        let body_bytes = body.encode().map_err(invalid)?;
        let commit = secret::commit(&opening, &body_bytes);
        let leaf = Leaf {
            kind: Kind::Private,
            window: Leaf::window_of(pending.at.unix_seconds().unsigned_abs()),
            tag: secret::tag(&pending.keys.tag, place.seq),
            commit,
        }
        .encode()
        .to_vec();
        let record = EntryRecord {
            leaf: leaf.clone(),
            quarter: pending.quarter,
            opening,
            body: body_bytes,
            private: private_bytes,
            told: note.told.iter().map(|(id, _)| *id).collect(),
        };
        let sealed = record.seal(&pending.seal, pending.nonces.as_ref(), note.account, place.seq)?;
        step.people.insert(
            note.account,
            Place {
                seq: place.seq.saturating_add(1),
                previous: commit,
            },
        );
        let owned = OwnedEntry {
            index,
            account: note.account.0,
            seq: place.seq,
            sealed,
        };
        Ok((leaf, Some(owned)))
    }

    async fn place_of(&self, account: AccountId, seal: &SealingKey) -> Result<Place, Error> {
        let Some(last) = self.store.ledger_owned(account.0, None, 1).await?.into_iter().next() else {
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
}

impl Pending {
    fn into_reply(self) -> Reply {
        match self {
            Self::Private(pending) => pending.reply,
            Self::Public(_, _, reply) => reply,
        }
    }
}

fn refuse(replies: impl Iterator<Item = Reply>, error: &Error) {
    for reply in replies {
        _ = reply.send(Err(Error::Unavailable(error.to_string())));
    }
}

fn invalid(error: impl std::fmt::Display) -> Error {
    Error::Invalid(error.to_string())
}
