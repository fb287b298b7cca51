//! An inbox as its owner sees it, or as a partner does.
//!
//! One pipeline for both: rows are opened, and for a partner each message is decided on and trimmed before anything looks at it. What a
//! partner may not see is not in the view at all: no filter, sort or count can tell that it is there.

use crate::content::{open_conversation, open_message};
use crate::lens::Lens;
use crate::vault::SealingKey;
use crate::{App, Error};
use model::{AccountId, Attachment, Conversation, ConversationId, FieldSet, Mention, Message, MessageId, Time};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use store::{ChangeKind, Changes, Cursor, MessageRow};

const CHUNK: usize = 64;
/// Messages of one conversation that are listed at most.
const THREAD_LIMIT: usize = 10_000;

/// Who wrote a message, as far as it may be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Author {
    /// The owner of the inbox, by no name.
    You,
    /// Someone she talks to.
    Someone,
    /// A participant.
    Person(Address),
}

/// A participant's address: means nothing elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The id, as this viewer knows it.
    pub id: String,
    /// The name, if the viewer may know it.
    pub name: Option<String>,
}

/// A message as this viewer may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub(crate) message: MessageId,
    /// Its id, as this viewer knows it.
    pub id: String,
    /// Its conversation, as this viewer knows it. A message seen without its envelope is a conversation of its own.
    pub thread: String,
    /// When it was sent; without envelope, the Monday of that week.
    pub at: Time,
    /// Who wrote it.
    pub author: Author,
    /// The others in the conversation; empty without envelope.
    pub to: Vec<Address>,
    /// What the participants called the conversation.
    pub subject: Option<String>,
    /// What it says; `None` if the viewer may not know.
    pub text: Option<String>,
    /// Files; names only with `text`.
    pub attachments: Vec<Attachment>,
    /// Bytes of the text; 0 without envelope.
    pub size: usize,
    /// What the viewer sees of it.
    pub fields: FieldSet,
    /// The titles it mentions; `None` if the viewer may not know, or nobody asked.
    pub mentions: Option<Vec<Mention>>,
}

/// What happened since a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Since {
    /// Ids that came and went, and the state to ask from next.
    Changes {
        /// New in the view.
        created: Vec<String>,
        /// Gone from it.
        destroyed: Vec<String>,
        /// The state these lead to.
        new_state: String,
        /// Whether there are more.
        more: bool,
    },
    /// The state is unknown, too old, or consent has changed since: start afresh.
    CannotCalculate,
}

/// Which messages to look for.
pub struct Selection<'a> {
    /// Whether a message is one of them.
    pub accept: &'a (dyn Fn(&Item) -> bool + Send + Sync),
    /// Oldest first instead of newest first.
    pub oldest_first: bool,
    /// Only the first of each conversation.
    pub one_per_thread: bool,
    /// From where.
    pub start: Start,
    /// How many at most.
    pub limit: usize,
}

/// Where a page starts (RFC 8620 section 5.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// At an index; negative: from the end.
    At(i64),
    /// At a message, moved by an offset.
    Anchor(String, i64),
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The messages' ids.
    pub ids: Vec<String>,
    /// The index of the first.
    pub position: usize,
}

/// A place in a walk from the newest message to the oldest.
#[derive(Default)]
pub struct Walk {
    before: Option<Cursor>,
    /// Seen without envelope: kept until their week is over, then told in order of id, so that the order tells no times.
    held: Vec<Item>,
    held_week: Option<Time>,
    ready: VecDeque<Item>,
    ended: bool,
}

/// An inbox, seen by its owner or by a partner.
pub struct View<'app> {
    app: &'app App,
    owner: AccountId,
    key: Arc<SealingKey>,
    lens: Option<Lens>,
    talks: HashMap<ConversationId, Arc<Conversation>>,
    /// Messages already opened for this answer, by the id the viewer knows.
    seen: HashMap<String, Item>,
    /// What a partner was told of, and the id it knows each by.
    told: BTreeMap<MessageId, String>,
    touched: bool,
}

impl<'app> View<'app> {
    /// The owner's own view.
    pub async fn own(app: &'app App, owner: AccountId) -> Result<Self, Error> {
        let key = app.vault.inbox_key(owner).await?;
        Ok(Self::new(app, owner, key, None))
    }

    /// A partner's view: made by `release` alone.
    pub(crate) async fn through(app: &'app App, owner: AccountId, lens: Lens) -> Result<Self, Error> {
        let key = app.vault.inbox_key(owner).await?;
        Ok(Self::new(app, owner, key, Some(lens)))
    }

    fn new(app: &'app App, owner: AccountId, key: Arc<SealingKey>, lens: Option<Lens>) -> Self {
        Self {
            app,
            owner,
            key,
            lens,
            talks: HashMap::new(),
            seen: HashMap::new(),
            told: BTreeMap::new(),
            touched: false,
        }
    }

    /// The account's id, as this viewer knows it.
    pub fn account(&self) -> String {
        match &self.lens {
            None => self.owner.to_string(),
            Some(lens) => lens.account_id(),
        }
    }

    /// What the viewer may see at most.
    pub fn fields(&self) -> FieldSet {
        self.lens.as_ref().map_or(FieldSet::ALL, Lens::fields)
    }

    /// Whether the viewer is a partner.
    pub fn is_partner(&self) -> bool {
        self.lens.is_some()
    }

    /// The state of the view: changes when a message comes or goes, and, for a partner, whenever consent changes.
    pub async fn state(&mut self) -> Result<String, Error> {
        self.touched = true;
        let state = self.app.store.messages_state(self.owner.0).await?;
        Ok(self.state_name(state))
    }

    fn state_name(&self, state: u64) -> String {
        match &self.lens {
            None => state.to_string(),
            Some(lens) => format!("{state}-{}", lens.fingerprint()),
        }
    }

    /// The ids of the messages that a selection asks for.
    ///
    /// From the newest on, the cost is that of the page and what lies before it. Oldest first, from an anchor, or from
    /// the end, everything that matches is looked at.
    pub async fn query(&mut self, selection: &Selection<'_>) -> Result<Option<Found>, Error> {
        let quick = match selection.start {
            Start::At(position) if position >= 0 && !selection.oldest_first => usize::try_from(position).ok(),
            _ => None,
        };
        let enough = quick.map_or(usize::MAX, |position| position.saturating_add(selection.limit));
        let mut walk = Walk::default();
        let mut threads = BTreeSet::new();
        let mut matching = Vec::new();
        while matching.len() < enough {
            let Some(item) = self.next(&mut walk, selection.limit).await? else {
                break;
            };
            if (selection.accept)(&item) && (!selection.one_per_thread || threads.insert(item.thread.clone())) {
                matching.push(item);
            }
        }
        if selection.oldest_first {
            matching.reverse();
        }
        let place = match &selection.start {
            Start::At(position) => Some(*position),
            Start::Anchor(id, offset) => matching
                .iter()
                .position(|item| item.id == *id)
                .map(|at| i64::try_from(at).unwrap_or(i64::MAX).saturating_add(*offset).max(0)),
        };
        let Some(place) = place else { return Ok(None) };
        let position = match usize::try_from(place) {
            Ok(position) => position,
            // Counted from the end (RFC 8620 section 5.5).
            Err(_) => matching
                .len()
                .saturating_sub(usize::try_from(place.unsigned_abs()).unwrap_or(usize::MAX)),
        };
        let found: Vec<Item> = matching.into_iter().skip(position).take(selection.limit).collect();
        let ids = found.iter().map(|item| item.id.clone()).collect();
        for item in found {
            self.tell(&item);
            self.seen.insert(item.id.clone(), item);
        }
        Ok(Some(Found { ids, position }))
    }

    /// How many messages a selection has in all, and, for a partner, how many of the inbox are withheld and why. Reads the
    /// whole inbox.
    pub async fn count(&mut self, selection: &Selection<'_>) -> Result<(u64, Vec<(model::Reason, u64)>), Error> {
        let before = self.lens.as_ref().map(Lens::withheld);
        let mut walk = Walk::default();
        let mut threads = BTreeSet::new();
        let mut count = 0;
        while let Some(item) = self.next(&mut walk, CHUNK).await? {
            let counts = (selection.accept)(&item) && (!selection.one_per_thread || threads.insert(item.thread));
            count += u64::from(counts);
        }
        // Each walk counts what it passes over; this one passed over everything.
        let withheld = match (before, &self.lens) {
            (Some(before), Some(lens)) => lens
                .withheld()
                .into_iter()
                .map(|(reason, n)| {
                    (
                        reason,
                        n - before.iter().find(|(r, _)| *r == reason).map_or(0, |(_, b)| *b),
                    )
                })
                .filter(|(_, n)| *n > 0)
                .collect(),
            _ => Vec::new(),
        };
        Ok((count, withheld))
    }

    /// Messages by id, in the order asked; `None` for what is not in the view.
    pub async fn items(&mut self, ids: &[String]) -> Result<Vec<Option<Item>>, Error> {
        self.touched = true;
        let unknown: Vec<MessageId> = ids
            .iter()
            .filter(|id| !self.seen.contains_key(*id))
            .filter_map(|id| self.message_id(id))
            .collect();
        if !unknown.is_empty() {
            let rows = self
                .app
                .store
                .messages_get(self.owner.0, unknown.iter().map(|i| i.0).collect())
                .await?;
            let rows: Vec<MessageRow> = rows.into_iter().flatten().collect();
            for item in self.open(rows).await? {
                self.seen.insert(item.id.clone(), item);
            }
        }
        let items: Vec<Option<Item>> = ids.iter().map(|id| self.seen.get(id).cloned()).collect();
        for item in items.iter().flatten() {
            self.tell(item);
        }
        Ok(items)
    }

    /// The message ids of a conversation, oldest first; `None` if it is not in the view.
    pub async fn thread(&mut self, id: &str) -> Result<Option<Vec<String>>, Error> {
        self.touched = true;
        if let Some(message) = self.lens.as_ref().and_then(|lens| lens.lone_thread(id)) {
            let shown = self.message_name(message);
            let there = self
                .items(std::slice::from_ref(&shown))
                .await?
                .into_iter()
                .flatten()
                .next();
            return Ok(there.filter(|item| item.thread == id).map(|item| vec![item.id]));
        }
        let Some(conversation) = self.conversation_id(id) else {
            return Ok(None);
        };
        let rows = self
            .app
            .store
            .messages_in(self.owner.0, conversation.0, None, THREAD_LIMIT)
            .await?;
        let mut items = self.open(rows).await?;
        items.retain(|item| item.thread == id);
        items.reverse();
        for item in &items {
            self.tell(item);
        }
        let ids: Vec<String> = items.iter().map(|item| item.id.clone()).collect();
        Ok((!ids.is_empty()).then_some(ids))
    }

    /// What came and went since a state, `limit` changes at most.
    pub async fn changes(&mut self, since: &str, limit: usize) -> Result<Since, Error> {
        self.touched = true;
        let Some(number) = self.state_number(since) else {
            return Ok(Since::CannotCalculate);
        };
        let changes = self.app.store.messages_changes(self.owner.0, number, limit).await?;
        let Changes::Since { changes, current } = changes else {
            return Ok(Since::CannotCalculate);
        };
        // What is gone cannot be decided on any more, so a partner that may or may not have known it starts afresh.
        if self.is_partner() && changes.iter().any(|c| c.kind == ChangeKind::Removed) {
            return Ok(Since::CannotCalculate);
        }
        let reached = changes.last().map_or(number, |c| c.state);
        let removed: BTreeSet<_> = changes
            .iter()
            .filter(|c| c.kind == ChangeKind::Removed)
            .map(|c| c.message)
            .collect();
        let added: Vec<_> = changes
            .iter()
            .filter(|c| c.kind == ChangeKind::Added && !removed.contains(&c.message))
            .map(|c| c.message)
            .collect();
        let rows = match added.is_empty() {
            true => Vec::new(),
            false => self.app.store.messages_get(self.owner.0, added).await?,
        };
        let items = self.open(rows.into_iter().flatten().collect()).await?;
        for item in &items {
            self.tell(item);
        }
        let mut created: Vec<String> = items.into_iter().map(|item| item.id).collect();
        if self.is_partner() {
            // The order of arrival would tell what the week hides.
            created.sort_unstable();
        }
        Ok(Since::Changes {
            created,
            destroyed: removed.into_iter().map(|id| self.message_name(MessageId(id))).collect(),
            new_state: self.state_name(reached),
            more: reached < current,
        })
    }

    /// Whether anything was asked of it.
    pub(crate) fn is_touched(&self) -> bool {
        self.touched
    }

    /// What was told, and the lens it was seen through.
    pub(crate) fn into_told(self) -> (BTreeMap<MessageId, String>, Option<Lens>) {
        (self.told, self.lens)
    }

    async fn next(&mut self, walk: &mut Walk, hint: usize) -> Result<Option<Item>, Error> {
        self.touched = true;
        loop {
            if let Some(item) = walk.ready.pop_front() {
                return Ok(Some(item));
            }
            if walk.ended {
                return Ok(None);
            }
            let chunk = hint.clamp(16, CHUNK);
            let rows = self.app.store.messages_newest(self.owner.0, walk.before, chunk).await?;
            walk.ended = rows.len() < chunk;
            walk.before = rows
                .last()
                .map(|r| Cursor {
                    sent_at: r.sent_at,
                    id: r.id,
                })
                .or(walk.before);
            for item in self.open(rows).await? {
                let coarse = self
                    .lens
                    .as_ref()
                    .is_some_and(|_| !item.fields.contains(model::Field::Envelope));
                let week = item.at.week();
                if walk.held_week.is_some_and(|held| held != week) {
                    walk.release_held();
                }
                if coarse {
                    walk.held_week = Some(week);
                    walk.held.push(item);
                } else {
                    walk.ready.push_back(item);
                }
            }
            if walk.ended {
                walk.release_held();
            }
        }
    }

    /// Opens, decides and trims. For a partner, what is withheld is not in the result.
    async fn open(&mut self, rows: Vec<MessageRow>) -> Result<Vec<Item>, Error> {
        let messages = rows
            .iter()
            .map(|row| open_message(&self.key, self.owner, row))
            .collect::<Result<Vec<Message>, _>>()?;
        self.talks_load(&messages).await?;
        let nobody = Arc::new(Conversation {
            id: ConversationId([0; 16]),
            name: None,
            participants: Vec::new(),
            end_to_end: true,
        });
        match &mut self.lens {
            None => Ok(messages
                .into_iter()
                .map(|m| {
                    let talk = self.talks.get(&m.conversation).unwrap_or(&nobody);
                    own_item(self.owner, m, talk)
                })
                .collect()),
            Some(lens) => {
                let with_talks: Vec<(&Message, &Conversation)> = messages
                    .iter()
                    .map(|m| (m, self.talks.get(&m.conversation).map_or(nobody.as_ref(), Arc::as_ref)))
                    .collect();
                lens.look(self.app, self.owner, &with_talks).await
            }
        }
    }

    async fn talks_load(&mut self, messages: &[Message]) -> Result<(), Error> {
        let missing: BTreeSet<ConversationId> = messages
            .iter()
            .map(|m| m.conversation)
            .filter(|id| !self.talks.contains_key(id))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let rows = self
            .app
            .store
            .conversations_get(self.owner.0, missing.iter().map(|id| id.0).collect())
            .await?;
        for summary in rows.into_iter().flatten() {
            let talk = open_conversation(&self.key, self.owner, &summary.row)?;
            self.talks.insert(talk.id, Arc::new(talk));
        }
        Ok(())
    }

    fn tell(&mut self, item: &Item) {
        if self.lens.is_some() {
            self.told.entry(item.message).or_insert_with(|| item.id.clone());
        }
    }

    fn message_name(&self, id: MessageId) -> String {
        self.lens
            .as_ref()
            .map_or_else(|| id.to_string(), |lens| lens.message_name(id))
    }

    fn message_id(&self, shown: &str) -> Option<MessageId> {
        match &self.lens {
            None => shown.parse().ok(),
            Some(lens) => lens.message_id(shown),
        }
    }

    fn conversation_id(&self, shown: &str) -> Option<ConversationId> {
        match &self.lens {
            None => shown.parse().ok(),
            Some(lens) => lens.conversation_id(shown),
        }
    }

    fn state_number(&self, state: &str) -> Option<u64> {
        match &self.lens {
            None => state.parse().ok(),
            Some(lens) => {
                let (number, fingerprint) = state.split_once('-')?;
                (fingerprint == lens.fingerprint())
                    .then(|| number.parse().ok())
                    .flatten()
            }
        }
    }
}

impl Walk {
    fn release_held(&mut self) {
        self.held.sort_by(|a, b| a.id.cmp(&b.id));
        self.ready.extend(self.held.drain(..));
        self.held_week = None;
    }
}

fn own_item(owner: AccountId, message: Message, talk: &Conversation) -> Item {
    let address = |account: AccountId| Address {
        id: account.to_string(),
        name: talk.name_of(account).map(str::to_owned),
    };
    let to = talk
        .participants
        .iter()
        .filter(|p| p.account != message.author)
        .map(|p| address(p.account))
        .collect();
    Item {
        message: message.id,
        id: message.id.to_string(),
        thread: message.conversation.to_string(),
        at: message.sent_at,
        author: Author::Person(address(message.author)),
        to,
        subject: Some(talk.title_for(owner)),
        size: message.text.len(),
        text: Some(message.text),
        attachments: message.attachments,
        fields: FieldSet::ALL,
        mentions: None,
    }
}
