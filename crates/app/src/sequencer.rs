//! One pen for the ledger: collects entries, commits them together, answers when they are durable.
//!
//! Three words, and what happens if the process dies there. *Sequenced*: an entry has its index; lost with the process,
//! and nobody was answered. *Durable*: the commit returned; the answer may leave. *Published*: the checkpoint is served
//! and anchored outside the store; on the next start the head is found again in the store.

mod entry;
mod pen;

use crate::vault::{LedgerKeys, SealingKey};
use crate::{App, Error};
use model::{AccountId, FieldSet, MessageId, Reason, Time};
use pen::Pen;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use store::{Anchor, LedgerHead, Store};
use tlog::body::Event;
use tlog::leaf::Kind;
use tlog::note::SigningKey;
use tokio::sync::{mpsc, oneshot, watch};

/// Entries that may wait for the pen; more callers wait to get in line.
const QUEUE: usize = 4_096;

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

impl LogHead {
    fn of(head: &LedgerHead) -> Self {
        Self {
            size: head.size,
            checkpoint: String::from_utf8_lossy(&head.checkpoint).into(),
        }
    }
}

enum Pending {
    Private(Box<PrivatePending>),
    Public(Kind, Vec<u8>, Time, Reply),
}

struct PrivatePending {
    note: Note,
    at: Time,
    salt: [u8; 16],
    nonce: Once,
    quarter: u32,
    keys: Arc<LedgerKeys>,
    seal: Arc<SealingKey>,
    reply: Reply,
    /// Until the entry is made: then it is not on its way any more.
    coming: Option<Coming>,
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
    /// Takes the pen (others lose it: for good, or, with several processes, until they need it), checks the log against its anchor, and starts writing.
    pub(crate) async fn start(
        store: Store,
        key: SigningKey,
        anchor: Option<Anchor>,
        several: bool,
    ) -> Result<Self, Error> {
        let head = store.ledger_fence().await?;
        let frontier = crate::ledger::frontier_of(&store, head.size).await?;
        crate::ledger::check_head(&store, &head, &frontier, &key.verifying_key(), anchor.as_ref()).await?;
        let (publish, published) = watch::channel(LogHead::of(&head));
        let (queue, waiting) = mpsc::channel(QUEUE);
        if let Some(anchor) = anchor {
            tokio::spawn(crate::ledger::keep_anchor(anchor, publish.subscribe()));
        }
        let coming = Arc::new(AtomicUsize::new(0));
        let pen = Pen::new(store, key, &head, frontier, publish, Arc::clone(&coming), several);
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

    /// Enters public bytes of a kind; durable on return.
    pub(crate) async fn append_public(&self, kind: Kind, bytes: Vec<u8>, at: Time) -> Result<Entered, Error> {
        let (reply, answer) = oneshot::channel();
        self.queue
            .send(Pending::Public(kind, bytes, at, reply))
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
        let (salt, nonce) = self.salt_and_nonce();
        let pending = PrivatePending {
            note,
            at,
            salt,
            nonce: Once(nonce),
            quarter,
            keys,
            seal,
            reply,
            coming: Some(coming),
        };
        self.sequencer
            .queue
            .send(Pending::Private(Box::new(pending)))
            .await
            .map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

impl App {
    /// Both drawn in one call, which costs as much as for one.
    fn salt_and_nonce(&self) -> ([u8; 16], [u8; 12]) {
        let drawn: [u8; 28] = self.vault.random();
        let (mut salt, mut nonce) = ([0; 16], [0; 12]);
        let mut drawn = drawn.into_iter();
        salt.fill_with(|| drawn.next().unwrap_or_default());
        nonce.fill_with(|| drawn.next().unwrap_or_default());
        (salt, nonce)
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

impl Pending {
    /// It has come.
    fn arrived(&mut self) {
        if let Self::Private(pending) = self {
            pending.coming = None;
        }
    }

    fn into_reply(self) -> Reply {
        match self {
            Self::Private(pending) => pending.reply,
            Self::Public(.., reply) => reply,
        }
    }
}

fn invalid(error: impl std::fmt::Display) -> Error {
    Error::Invalid(error.to_string())
}
