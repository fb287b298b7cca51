//! What a partner sees through: one grant, decided message by message, trimmed to what was decided.

use crate::gate::Permit;
use crate::pairwise::Pairwise;
use crate::view::{Address, Author, Item};
use crate::{App, Catalogue, Error};
use model::{
    AccountId, Context, Conversation, ConversationId, Decision, Facts, Field, FieldSet, Grant, GrantId, Message,
    MessageId, Reason, Register, Says, Time, decide,
};
use ring::digest;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// A partner's lens on one inbox, for one answer.
pub(crate) struct Lens {
    grant: Grant,
    register: Arc<Register>,
    now: Time,
    pairwise: Pairwise,
    catalogue: Option<Arc<Catalogue>>,
    permit: Permit,
    /// What the view was seen under: consent, agreement, catalogue. Under the same, the same messages are seen.
    seen_under: [u8; 8],
    says: HashMap<AccountId, Says>,
    /// Conversations as this partner knows them, so that each is translated once an answer.
    talks: HashMap<ConversationId, Talk>,
    asked_about: BTreeSet<AccountId>,
    withheld: BTreeMap<Reason, u64>,
    to_ask: BTreeSet<(AccountId, ConversationId)>,
}

/// What was passed over, and who is to be asked.
pub(crate) type Aside = (BTreeMap<Reason, u64>, BTreeSet<(AccountId, ConversationId)>);

/// A conversation as a partner may know it.
#[derive(Default)]
struct Talk {
    thread: String,
    people: Vec<(AccountId, Address)>,
}

impl Lens {
    /// `moved`: the grant's version, and how often says that concern this inbox have changed.
    pub(crate) async fn new(
        app: &App,
        grant: Grant,
        moved: (u64, u64),
        permit: Permit,
        now: Time,
    ) -> Result<Self, Error> {
        let register = app.register();
        let fields = fields_of(&grant, &register, now);
        let catalogue = match fields.contains(Field::Mentions) {
            true => app.catalogue(&grant.partner).await?,
            false => None,
        };
        let (version, says_moved) = moved;
        let standing = register.in_force(&grant.agreement, now).is_some();
        let catalogued = match catalogue {
            Some(_) => app.catalogue_digest(&grant.partner),
            None => [0; 32],
        };
        let words = format!(
            "{version}-{says_moved}-{}-{}",
            u8::from(standing),
            hex::encode(catalogued)
        );
        let hash = digest::digest(&digest::SHA256, words.as_bytes());
        let seen_under = hash.as_ref().first_chunk().copied().unwrap_or_default();
        Ok(Self {
            pairwise: Pairwise::new(&app.pairwise_secret, &grant.partner, grant.account),
            grant,
            register,
            now,
            catalogue,
            permit,
            seen_under,
            says: HashMap::new(),
            talks: HashMap::new(),
            asked_about: BTreeSet::new(),
            withheld: BTreeMap::new(),
            to_ask: BTreeSet::new(),
        })
    }

    /// With says that were read already, since the permit was given, and by whom if there are any.
    pub(crate) fn knowing(mut self, says: HashMap<AccountId, Says>, people: BTreeSet<AccountId>) -> Self {
        self.says = says;
        self.asked_about = people;
        self
    }

    /// Whose says were asked for.
    pub(crate) fn people(&self) -> impl Iterator<Item = AccountId> {
        self.asked_about.iter().copied()
    }

    /// Decides on each message and trims what may leave; counts what may not.
    pub(crate) async fn look(
        &mut self,
        app: &App,
        owner: AccountId,
        messages: Vec<(Message, &Conversation)>,
    ) -> Result<Vec<Item>, Error> {
        let mut people: BTreeSet<AccountId> = messages.iter().map(|(m, _)| m.author).collect();
        if self.fields().contains(Field::Envelope) {
            people.extend(
                messages
                    .iter()
                    .flat_map(|(_, talk)| talk.participants.iter().map(|p| p.account)),
            );
        }
        self.says_load(app, owner, people).await?;
        let mut items = Vec::with_capacity(messages.len());
        for (message, talk) in messages {
            let facts = Facts {
                author: message.author,
                conversation: message.conversation,
                end_to_end: talk.end_to_end,
            };
            match self.decide(&facts) {
                Decision::Disclose(fields) => items.extend(self.trim(message, talk, fields)),
                Decision::Withhold(reason) => {
                    *self.withheld.entry(reason).or_default() += 1;
                    if reason == Reason::Asked {
                        self.to_ask.insert((message.author, message.conversation));
                    }
                }
            }
        }
        Ok(items)
    }

    async fn says_load(&mut self, app: &App, owner: AccountId, mut unknown: BTreeSet<AccountId>) -> Result<(), Error> {
        unknown.retain(|a| *a != owner && !self.asked_about.contains(a));
        if unknown.is_empty() {
            return Ok(());
        }
        // Registered before they are read: a withdrawal that is written after this read waits for us.
        self.permit.relies_on_says(unknown.iter().copied());
        let accounts: Vec<AccountId> = unknown.iter().copied().collect();
        self.says.extend(app.says_of(&accounts).await?);
        self.asked_about.extend(unknown);
        Ok(())
    }

    fn decide(&self, facts: &Facts) -> Decision {
        decide(
            &Context {
                register: &self.register,
                grant: &self.grant,
                says: &self.says,
                now: self.now,
            },
            facts,
        )
    }

    /// `None` if what may leave is nothing about single messages.
    fn trim(&mut self, message: Message, talk: &Conversation, fields: FieldSet) -> Option<Item> {
        let mine = message.author == self.grant.account;
        let mentions = match (&self.catalogue, fields.contains(Field::Mentions)) {
            (Some(catalogue), true) => Some(catalogue.mentions(&message.text)),
            (None, true) => Some(Vec::new()),
            (_, false) => None,
        };
        if fields.contains(Field::Envelope) {
            let text = fields.contains(Field::Text);
            let id = self.message_name(message.id);
            // Whoever has left the conversation is not among its participants any more.
            let left = talk
                .name_of(message.author)
                .is_none()
                .then(|| self.address(message.author, talk));
            let talk = self.talk(message.conversation, talk);
            let (author, to): (Vec<_>, Vec<_>) = talk.people.iter().partition(|(who, _)| *who == message.author);
            let address = |(_, address): &(AccountId, Address)| address.clone();
            return Some(Item {
                message: message.id,
                id,
                thread: talk.thread.clone(),
                at: message.sent_at,
                author: author
                    .into_iter()
                    .map(address)
                    .next()
                    .or(left)
                    .map_or(Author::Someone, Author::Person),
                to: to.into_iter().map(address).collect(),
                size: message.text.len(),
                // What a conversation is called was written by someone whose say is not known.
                subject: None,
                text: text.then_some(message.text),
                attachments: if text { message.attachments } else { Vec::new() },
                fields,
                mentions,
            });
        }
        // A message that mentions nothing of the catalogue tells nothing the partner asked for: it is not shown.
        let mentions = mentions.filter(|m| !m.is_empty())?;
        Some(Item {
            message: message.id,
            id: self.message_name(message.id),
            thread: self.pairwise.show('o', message.id.0),
            at: message.sent_at.week(),
            author: if mine { Author::You } else { Author::Someone },
            to: Vec::new(),
            subject: None,
            text: None,
            attachments: Vec::new(),
            size: 0,
            fields,
            mentions: Some(mentions),
        })
    }

    fn talk(&mut self, id: ConversationId, talk: &Conversation) -> &Talk {
        if !self.talks.contains_key(&id) {
            let people = talk
                .participants
                .iter()
                .map(|p| (p.account, self.address(p.account, talk)));
            let shown = Talk {
                thread: self.pairwise.show('t', id.0),
                people: people.collect(),
            };
            self.talks.insert(id, shown);
        }
        self.talks.entry(id).or_default()
    }

    /// Names go only with people whose own messages may go: the owner, and whoever's say allows the envelope.
    fn address(&self, account: AccountId, talk: &Conversation) -> Address {
        let facts = Facts {
            author: account,
            conversation: talk.id,
            end_to_end: talk.end_to_end,
        };
        let known = matches!(self.decide(&facts), Decision::Disclose(fields) if fields.contains(Field::Envelope));
        Address {
            id: match known {
                true => self.pairwise.show('p', account.0),
                false => "someone".to_owned(),
            },
            name: if known {
                talk.name_of(account).map(str::to_owned)
            } else {
                None
            },
        }
    }

    pub(crate) fn grant(&self) -> &Grant {
        &self.grant
    }

    pub(crate) fn account_id(&self) -> String {
        self.pairwise.show('a', self.grant.account.0)
    }

    pub(crate) fn fields(&self) -> FieldSet {
        fields_of(&self.grant, &self.register, self.now)
    }

    /// The state of the session object that the grant makes.
    pub(crate) fn session_state(&self) -> String {
        self.grant.updated_at.0.to_string()
    }

    pub(crate) fn state_name(&self, block: [u8; 16]) -> String {
        self.pairwise.show('s', block)
    }

    pub(crate) fn state_read(&self, shown: &str) -> Option<[u8; 16]> {
        self.pairwise.read('s', shown)
    }

    /// Whether the grant covers a conversation at all.
    pub(crate) fn covers(&self, conversation: ConversationId) -> bool {
        self.grant.terms.conversations.contains(conversation)
    }

    pub(crate) const fn grant_id(&self) -> GrantId {
        self.grant.id
    }

    pub(crate) const fn seen_under(&self) -> [u8; 8] {
        self.seen_under
    }

    /// What was passed over so far, and who is to be asked: kept aside while something is looked at on no one's request.
    pub(crate) fn set_aside(&mut self) -> Aside {
        (std::mem::take(&mut self.withheld), std::mem::take(&mut self.to_ask))
    }

    pub(crate) fn take_back(&mut self, aside: Aside) {
        (self.withheld, self.to_ask) = aside;
    }

    pub(crate) fn withheld(&self) -> Vec<(Reason, u64)> {
        self.withheld.iter().map(|(reason, n)| (*reason, *n)).collect()
    }

    pub(crate) fn message_name(&self, id: MessageId) -> String {
        self.pairwise.show('m', id.0)
    }

    pub(crate) fn message_id(&self, shown: &str) -> Option<MessageId> {
        self.pairwise.read('m', shown).map(MessageId)
    }

    pub(crate) fn conversation_id(&self, shown: &str) -> Option<ConversationId> {
        self.pairwise.read('t', shown).map(ConversationId)
    }

    /// The message behind a conversation of its own.
    pub(crate) fn lone_thread(&self, shown: &str) -> Option<MessageId> {
        self.pairwise.read('o', shown).map(MessageId)
    }

    /// What remains after the answer: the grant, the permit, and who is to be asked.
    pub(crate) fn into_parts(self) -> (Grant, Permit, BTreeSet<(AccountId, ConversationId)>) {
        (self.grant, self.permit, self.to_ask)
    }
}

fn fields_of(grant: &Grant, register: &Register, now: Time) -> FieldSet {
    register
        .in_force(&grant.agreement, now)
        .map_or(FieldSet::NONE, |a| a.fields.intersect(grant.terms.fields))
}
