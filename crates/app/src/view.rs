//! An inbox as its owner sees it, or as a partner does.
//!
//! One pipeline for both: rows are opened, and for a partner each message is decided on and trimmed before anything looks at it. What a
//! partner may not see is not in the view at all: no filter, sort or count can tell that it is there.

use crate::content::{open_conversation, open_message};
use crate::lens::Lens;
use crate::sends::Sending;
use crate::vault::SealingKey;
use crate::{App, Error};
use item::own_item;
pub use item::{Address, Author, Item};
use model::{AccountId, Action, Conversation, ConversationId, FieldSet, Message, MessageId};
pub(crate) use standing::Standings;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use store::{ChangeKind, Changes, Glance, MessageRow};
pub use sync::{SinceQuery, SinceThreads};
pub use walk::{Compare, Found, Selection, Start, Walk};

mod item;
mod standing;
mod sync;
mod walk;

/// Messages of one conversation that are listed at most.
const THREAD_LIMIT: usize = 10_000;
/// Changes a partner can catch up with; after more it reads afresh.
const CHANGES_LIMIT: usize = 10_000;
/// Messages opened for one answer at most: some walks of a large inbox, not more.
const OPENED_LIMIT: usize = 500_000;

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
    /// The state is unknown or too old, or more has changed in the view than that messages came: start afresh.
    CannotCalculate,
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
    opened: usize,
    ahead: Option<Ahead>,
    /// How many of the newest messages the first walk asked for.
    walked: usize,
}

/// The beginning of an inbox, read before anybody asked for it.
pub(crate) struct Ahead {
    /// How many messages were asked for.
    pub(crate) limit: usize,
    /// What came.
    pub(crate) glance: Glance,
}

impl<'app> View<'app> {
    /// The owner's own view.
    pub async fn own(app: &'app App, owner: AccountId) -> Result<Self, Error> {
        let key = app.vault.inbox_key(owner).await?;
        Ok(Self::new(app, owner, key, None))
    }

    /// A partner's view: made by `release` alone.
    pub(crate) async fn through(
        app: &'app App,
        owner: AccountId,
        lens: Lens,
        ahead: Option<Ahead>,
    ) -> Result<Self, Error> {
        let key = app.vault.inbox_key(owner).await?;
        let mut view = Self::new(app, owner, key, Some(lens));
        for summary in ahead.iter().flat_map(|ahead| &ahead.glance.conversations).flatten() {
            let talk = open_conversation(&view.key, owner, &summary.row)?;
            view.talks.insert(talk.id, Arc::new(talk));
        }
        view.ahead = ahead;
        Ok(view)
    }

    /// How many of the newest messages were looked at first, and the conversations of what was looked at.
    pub(crate) fn walked(&self) -> (usize, impl Iterator<Item = ConversationId>) {
        (self.walked, self.talks.keys().copied())
    }

    /// Whose says were asked for.
    pub(crate) fn people(&self) -> impl Iterator<Item = AccountId> {
        self.lens.iter().flat_map(Lens::people)
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
            opened: 0,
            ahead: None,
            walked: 0,
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

    /// Whether the viewer may do this.
    pub fn may(&self, action: Action) -> bool {
        self.lens
            .as_ref()
            .is_none_or(|lens| self.app.may(lens.grant(), action).is_ok())
    }

    /// Something was written since the view was made: what was read ahead does not count any more.
    pub fn look_again(&mut self) {
        self.ahead = None;
    }

    /// The partner's grant at work; `None` for the owner, who sends by herself.
    pub async fn sending(&self) -> Result<Option<Sending<'app>>, Error> {
        match &self.lens {
            None => Ok(None),
            Some(lens) => Ok(Some(Sending::new(self.app, lens.grant().clone()).await?)),
        }
    }

    /// Whether the viewer is a partner.
    pub fn is_partner(&self) -> bool {
        self.lens.is_some()
    }

    /// The state of what the session object says: moves with the grant. Nothing of the inbox is looked at.
    pub fn session_state(&self) -> String {
        self.lens.as_ref().map_or_else(|| "0".to_owned(), Lens::session_state)
    }

    /// The state of the view: changes when something in it does, and for nothing else.
    pub async fn state(&mut self) -> Result<String, Error> {
        self.touched = true;
        if self.is_partner() {
            let (standing, _) = self.standing().await?;
            return Ok(self.standing_name(standing));
        }
        Ok(self.app.store.messages_state(self.owner.0).await?.to_string())
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

    /// What came and went since a state, `limit` changes at most. A partner gets all of them or none: one by one they would
    /// tell in which order messages came.
    pub async fn changes(&mut self, since: &str, limit: usize) -> Result<Since, Error> {
        self.touched = true;
        if self.is_partner() {
            return self.came_since(since, limit).await;
        }
        let Ok(number) = since.parse() else {
            return Ok(Since::CannotCalculate);
        };
        let changes = self.app.store.messages_changes(self.owner.0, number, limit).await?;
        let Changes::Since { changes, current } = changes else {
            return Ok(Since::CannotCalculate);
        };
        let reached = changes.last().map_or(number, |c| c.state);
        let of = |kind: ChangeKind| changes.iter().filter(move |c| c.kind == kind).map(|c| c.message);
        let removed: BTreeSet<_> = of(ChangeKind::Removed).collect();
        let added: Vec<_> = of(ChangeKind::Added).filter(|id| !removed.contains(id)).collect();
        let rows = match added.is_empty() {
            true => Vec::new(),
            false => self.app.store.messages_get(self.owner.0, added).await?,
        };
        let items = self.open(rows.into_iter().flatten().collect()).await?;
        Ok(Since::Changes {
            created: items.into_iter().map(|item| item.id).collect(),
            destroyed: removed.into_iter().map(|id| MessageId(id).to_string()).collect(),
            new_state: reached.to_string(),
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

    /// Opens, decides and trims. For a partner, what is withheld is not in the result.
    async fn open(&mut self, rows: Vec<MessageRow>) -> Result<Vec<Item>, Error> {
        self.opened += rows.len();
        if self.opened > OPENED_LIMIT {
            return Err(Error::TooLarge(
                "this request looks at too many messages: ask for fewer at once".into(),
            ));
        }
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
                let with_talks = messages
                    .into_iter()
                    .map(|m| {
                        let talk = self.talks.get(&m.conversation).unwrap_or(&nobody);
                        (m, talk.as_ref())
                    })
                    .collect();
                lens.look(self.app, self.owner, with_talks).await
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
}
