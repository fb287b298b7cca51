//! Running an import: a reader in a thread of its own, sealing and storing beside it, a note of what is finished.

use crate::accounts::hash_of;
use crate::intake::BATCH;
use crate::{App, Error};
use ::import::{ImportError, Reader, Sink, SinkError, Summary};
use model::{AccountId, Conversation, ConversationId, Message};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{Appended, ConversationRow, MessageRow, Store, StoreError};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Batches that wait between reader and store: what bounds an import's memory.
const WAITING: usize = 4;
/// Finished parts are noted, after a sync, at most this often.
const NOTE_EVERY: Duration = Duration::from_secs(2);
/// Conversations whose participants are remembered while their messages are read.
const TALKS_LIMIT: usize = 10_000;

/// Where an import goes.
#[derive(Debug, Clone)]
pub struct Intake {
    /// The inboxes that take it in. A conversation goes into those of its participants.
    pub inboxes: Vec<AccountId>,
    /// What the export is: the same text for the same bytes, so that a repeated import goes on where it stopped.
    pub export: String,
}

/// How far an import is.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Bytes read.
    pub bytes: u64,
    /// Bytes in all; 0 if unknown.
    pub total: u64,
    /// Messages read.
    pub messages: u64,
}

/// What an import did.
#[derive(Debug, Clone)]
pub struct Imported {
    /// What was found in the export.
    pub summary: Summary,
    /// Messages that were new, over all inboxes.
    pub added: u64,
    /// Messages that were there already.
    pub known: u64,
}

enum Op {
    Batch(Vec<Conversation>, Vec<Message>),
    PartDone(String),
}

impl App {
    /// Imports everything a reader reads. Safe to repeat; what was told when it fails is kept. Durable on return.
    pub async fn import(
        self: &Arc<Self>,
        mut reader: Box<dyn Reader>,
        intake: Intake,
        progress: Arc<dyn Fn(Progress) + Send + Sync>,
    ) -> Result<Imported, Error> {
        let (send, mut receive) = mpsc::channel(WAITING);
        let mut sink = Feed {
            app: Arc::clone(self),
            runtime: tokio::runtime::Handle::current(),
            export: intake.export.clone(),
            send,
            conversations: Vec::new(),
            messages: Vec::new(),
            total: reader.total_bytes().unwrap_or(0),
            count: 0,
            progress,
        };
        let reading = tokio::task::spawn_blocking(move || {
            let read = reader.read(&mut sink);
            // What was read before a fault is kept.
            let flushed = sink.flush();
            read.and_then(|summary| flushed.map_err(ImportError::Sink).map(|()| summary))
        });
        let stored = self.store_all(&mut receive, &intake).await;
        // The reader stops at its next batch if nobody takes them any more.
        drop(receive);
        let read = reading
            .await
            .map_err(|_| Error::Unavailable("the import was stopped".into()))?;
        let (added, known) = stored?;
        match read {
            Ok(summary) => Ok(Imported { summary, added, known }),
            Err(error) => Err(Error::Invalid(error.to_string())),
        }
    }

    async fn store_all(&self, ops: &mut mpsc::Receiver<Op>, intake: &Intake) -> Result<(u64, u64), Error> {
        let mut appending = Appending::default();
        let mut talks: HashMap<ConversationId, Vec<AccountId>> = HashMap::new();
        let mut finished: Vec<String> = Vec::new();
        let mut noted = Instant::now();
        while let Some(op) = ops.recv().await {
            match op {
                Op::Batch(conversations, messages) => {
                    for talk in &conversations {
                        if talks.len() >= TALKS_LIMIT {
                            talks.clear();
                        }
                        let inboxes = talk.participants.iter().map(|p| p.account);
                        talks.insert(talk.id, inboxes.filter(|a| intake.inboxes.contains(a)).collect());
                    }
                    for inbox in &intake.inboxes {
                        let goes = |id: &ConversationId| talks.get(id).is_none_or(|inboxes| inboxes.contains(inbox));
                        let told: Vec<_> = conversations.iter().filter(|c| goes(&c.id)).cloned().collect();
                        if !told.is_empty() {
                            // What is known of them may just be on its way.
                            appending.settle().await?;
                        }
                        let told = self.with_those_known(*inbox, told).await?;
                        let rows = if intake.inboxes.len() == 1 {
                            self.sealed(*inbox, &told, &messages).await?
                        } else {
                            let messages: Vec<_> = messages.iter().filter(|m| goes(&m.conversation)).cloned().collect();
                            if told.is_empty() && messages.is_empty() {
                                continue;
                            }
                            self.sealed(*inbox, &told, &messages).await?
                        };
                        appending.settle().await?;
                        appending.begin(&self.store, *inbox, rows);
                    }
                }
                Op::PartDone(part) => {
                    finished.push(part);
                    if noted.elapsed() >= NOTE_EVERY {
                        appending.settle().await?;
                        self.note_parts(&intake.export, &mut finished).await?;
                        noted = Instant::now();
                    }
                }
            }
        }
        appending.settle().await?;
        self.note_parts(&intake.export, &mut finished).await?;
        Ok((appending.added, appending.known))
    }

    /// A conversation that is told again may name fewer people than are known already: nobody is taken away.
    async fn with_those_known(&self, inbox: AccountId, told: Vec<Conversation>) -> Result<Vec<Conversation>, Error> {
        let mut merged = Vec::with_capacity(told.len());
        for mut talk in told {
            match self.talk(inbox, talk.id).await {
                Ok(known) => {
                    for participant in known.conversation.participants {
                        if talk.name_of(participant.account).is_none() {
                            talk.participants.push(participant);
                        }
                    }
                    talk.name = talk.name.or(known.conversation.name);
                }
                Err(Error::NotFound) => {}
                Err(other) => return Err(other),
            }
            merged.push(talk);
        }
        Ok(merged)
    }

    /// A part is noted as finished only after its messages are durable.
    async fn note_parts(&self, export: &str, finished: &mut Vec<String>) -> Result<(), Error> {
        self.take_in_done().await?;
        for part in finished.drain(..) {
            self.store.mark_put(part_key(export, &part), Vec::new()).await?;
        }
        Ok(())
    }
}

/// One append under way while the next batch is sealed.
#[derive(Default)]
struct Appending {
    under_way: Option<JoinHandle<Result<Appended, StoreError>>>,
    added: u64,
    known: u64,
}

impl Appending {
    fn begin(&mut self, store: &Store, inbox: AccountId, (talks, messages): (Vec<ConversationRow>, Vec<MessageRow>)) {
        let store = Arc::clone(store);
        self.under_way = Some(tokio::spawn(async move {
            store.messages_append(inbox.0, talks, messages).await
        }));
    }

    /// Waits for the one under way.
    async fn settle(&mut self) -> Result<(), Error> {
        if let Some(under_way) = self.under_way.take() {
            let done = under_way
                .await
                .map_err(|_| Error::Unavailable("the import was stopped".into()))??;
            self.added += done.added;
            self.known += done.known;
        }
        Ok(())
    }
}

fn part_key(export: &str, part: &str) -> Vec<u8> {
    hash_of("import part", &format!("{export}\n{part}")).to_vec()
}

fn no_more() -> SinkError {
    SinkError("the inbox takes no more".into())
}

/// Collects what a reader tells into batches.
struct Feed {
    app: Arc<App>,
    runtime: tokio::runtime::Handle,
    export: String,
    send: mpsc::Sender<Op>,
    conversations: Vec<Conversation>,
    messages: Vec<Message>,
    total: u64,
    count: u64,
    progress: Arc<dyn Fn(Progress) + Send + Sync>,
}

impl Feed {
    fn flush(&mut self) -> Result<(), SinkError> {
        if self.conversations.is_empty() && self.messages.is_empty() {
            return Ok(());
        }
        let batch = Op::Batch(
            std::mem::take(&mut self.conversations),
            std::mem::take(&mut self.messages),
        );
        self.send.blocking_send(batch).map_err(|_| no_more())
    }
}

impl Sink for Feed {
    fn is_done(&mut self, part: &str) -> bool {
        let store = &self.app.store;
        // If the note cannot be read the part is read again, which adds nothing.
        let noted = self.runtime.block_on(store.mark_get(part_key(&self.export, part)));
        noted.is_ok_and(|note| note.is_some())
    }

    fn conversation(&mut self, conversation: &Conversation) -> Result<(), SinkError> {
        self.conversations.push(conversation.clone());
        if self.conversations.len() >= BATCH {
            self.flush()
        } else {
            Ok(())
        }
    }

    fn message(&mut self, message: Message) -> Result<(), SinkError> {
        self.count += 1;
        self.messages.push(message);
        if self.messages.len() >= BATCH {
            self.flush()
        } else {
            Ok(())
        }
    }

    fn part_done(&mut self, part: &str) -> Result<(), SinkError> {
        self.flush()?;
        self.send
            .blocking_send(Op::PartDone(part.to_owned()))
            .map_err(|_| no_more())
    }

    fn progress(&mut self, bytes_read: u64) {
        (self.progress)(Progress {
            bytes: bytes_read,
            total: self.total,
            messages: self.count,
        });
    }
}
