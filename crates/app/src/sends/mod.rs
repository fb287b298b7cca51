//! What partners send on a person's behalf: drafts, their submission, its delivery, and what is counted of it.
//!
//! A partner writes a draft and submits it; for a while it can be taken back; then it is delivered under the grant as it
//! stands *then*: entered in the ledger, and after that written. A partner learns of recipients what it brought along and
//! nothing else: whether someone is there, has muted it, has read or clicked looks the same to it.
//!
//! **Architecture invariant:** what a partner may do is asked of [`model::may_in`] each time, and nothing of an inbox goes
//! from here to a partner: only what it wrote itself.

mod counted;
mod deliver;
mod draft;
mod mutes;
mod own;
mod submit;

pub use counted::{Followed, LINK_DAYS};
pub use draft::{NewDraft, NewWhat};
pub use mutes::{Muted, Mutes, Reported};
pub use own::{Friend, InMyName};
pub use submit::{HOLD_LIMIT, UNDO_SECONDS};

use crate::mail::{Kind, Mail};
use crate::pairwise::Pairwise;
use crate::view::{Address, Author, Item};
use crate::{App, Error};
use model::{
    AccountId, Action, AgreementRef, Card, ClientId, Context, ConversationId, Field, FieldSet, Grant, GrantId,
    MessageId, PartnerId, Reason, Register, Time,
};
use report::RecipientKind;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;
use store::Id;

/// Recipients of one message at most.
pub const RECIPIENTS_LIMIT: usize = 20;
/// Bytes of a note at most.
pub const NOTE_LIMIT: usize = 1_000;

/// Something a partner sends, or has sent, on a person's behalf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    /// Who.
    pub partner: PartnerId,
    /// Through which client.
    pub client: ClientId,
    /// Under which grant.
    pub grant: GrantId,
    /// Under which agreement.
    pub agreement: AgreementRef,
    /// When it was written.
    pub made_at: Time,
    /// What it says, as the partner wrote it.
    pub what: What,
    /// What she wrote herself instead of the partner's words: for whom it is sent to. The partner does not see it here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_words: Option<String>,
    /// Whom it is for.
    pub to: Target,
    /// The addresses the partner gave, if it gave any: if not, it does not know whom it is for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addressed: Vec<String>,
    /// How far it is.
    pub stage: Stage,
    /// When it was submitted: the day whose ceiling it counts under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_at: Option<Time>,
    /// Whether the partner has removed it from her inbox again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removed: bool,
}

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A message.
    Text(String),
    /// A title, to friends.
    Recommendation(Recommendation),
}

/// A title that is recommended, and where that began: names of the agreement's lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Recommendation {
    pub title: model::TitleId,
    /// As the catalogue named it.
    pub name: String,
    pub year: Option<u16>,
    /// A few words, as the partner suggests them; may be empty.
    pub note: String,
    pub interface: String,
    pub initiation_surface: String,
    pub variant: String,
    pub recipient_kind: RecipientKind,
}

/// Whom it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Nobody yet.
    Nobody,
    /// A conversation.
    Talk(ConversationId),
    /// Each of these, in the conversation she has with that person alone.
    People(Vec<AccountId>),
    /// Someone in the partner's own service: the partner delivers, and says so.
    Elsewhere,
}

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Written.
    Draft,
    /// Submitted; leaves at this time.
    Waiting {
        /// When.
        send_at: Time,
        /// Since when someone is delivering it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        claimed: Option<Time>,
    },
    /// Delivered.
    Sent {
        /// When.
        send_at: Time,
    },
    /// Taken back, or not allowed any more when its time had come.
    Canceled {
        /// When it would have left.
        send_at: Time,
    },
}

impl Outgoing {
    /// How many recipients it has.
    pub fn recipients(&self) -> usize {
        match &self.to {
            Target::Nobody => 0,
            Target::Talk(_) | Target::Elsewhere => 1,
            Target::People(people) => people.len(),
        }
    }

    /// When it leaves, or left, if it was submitted.
    pub fn send_at(&self) -> Option<Time> {
        match self.stage {
            Stage::Draft => None,
            Stage::Waiting { send_at, .. } | Stage::Sent { send_at } | Stage::Canceled { send_at } => Some(send_at),
        }
    }

    /// The names its messages' ids are made of.
    pub(crate) fn names(&self) -> Vec<String> {
        match &self.to {
            Target::People(people) => people.iter().map(|p| deliver::name_of(Some(*p))).collect(),
            Target::Talk(_) => vec![deliver::name_of(None)],
            Target::Nobody | Target::Elsewhere => Vec::new(),
        }
    }

    /// What it says to whom it is sent, as text.
    pub fn text(&self) -> &str {
        self.own_words.as_deref().unwrap_or_else(|| self.written())
    }

    /// What the partner wrote, as text: all of the words that it may be shown.
    pub fn written(&self) -> &str {
        match &self.what {
            What::Text(text) => text,
            What::Recommendation(recommendation) => &recommendation.note,
        }
    }

    /// The title it recommends.
    pub fn card(&self) -> Option<Card> {
        match &self.what {
            What::Text(_) => None,
            What::Recommendation(r) => Some(Card {
                title: r.title.clone(),
                name: r.name.clone(),
                year: r.year,
            }),
        }
    }
}

/// Why something is not done. What it may be told is the partner's own business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendRefused {
    /// Grant or agreement do not allow it.
    Forbidden(Reason),
    /// There is no such thing of this partner's.
    NotFound,
    /// A property is wrong: which, and how.
    Invalid(&'static str, String),
    /// These addresses lead to nobody she writes with.
    InvalidRecipients(Vec<String>),
    /// It is to nobody.
    NoRecipients,
    /// More than so many.
    TooManyRecipients(usize),
    /// More than so many recipients a day; ask again in so many seconds.
    DayIsFull {
        /// The limit.
        most: u32,
        /// Seconds.
        again_in: i64,
    },
    /// It has left, or was submitted before.
    TooLate,
}

/// What a partner comes to: refused, or a failure of the whole request.
pub type Asked<T> = Result<Result<T, SendRefused>, Error>;

/// Leaves with the refusal.
macro_rules! granted {
    ($checked:expr) => {
        match $checked {
            Ok(value) => value,
            Err(refused) => return Ok(Err(refused)),
        }
    };
}
pub(crate) use granted;

/// A grant at work: sends and removes on its owner's behalf.
pub struct Sending<'app> {
    pub(crate) app: &'app App,
    pub(crate) mail: Mail<'app>,
    pub(crate) grant: Grant,
    pub(crate) pairwise: Pairwise,
}

impl<'app> Sending<'app> {
    pub(crate) async fn new(app: &'app App, grant: Grant) -> Result<Self, Error> {
        Ok(Self {
            app,
            mail: app.mail(grant.account).await?,
            pairwise: Pairwise::new(&app.pairwise_secret, &grant.partner, grant.account),
            grant,
        })
    }

    /// Whether the grant has an action at all.
    pub fn may(&self, action: Action) -> Result<(), SendRefused> {
        self.app.may(&self.grant, action).map_err(SendRefused::Forbidden)
    }

    /// Everything this partner wrote on her behalf, newest first.
    pub async fn all(&self) -> Result<Vec<(Id, Outgoing)>, Error> {
        let mut all = self.app.outgoing(&self.mail).await?;
        all.retain(|(_, outgoing)| outgoing.partner == self.grant.partner && !outgoing.removed);
        Ok(all)
    }

    /// One of them.
    pub async fn one(&self, id: Id) -> Result<Option<Outgoing>, Error> {
        let doc = self.mail.doc::<Outgoing>(Kind::Outgoing, id).await?;
        Ok(doc
            .map(|doc| doc.body)
            .filter(|o| o.partner == self.grant.partner && !o.removed))
    }

    /// Its name, as this partner knows it.
    pub fn show(&self, id: Id) -> String {
        self.pairwise.show('d', id)
    }

    /// What a name stands for.
    pub fn read(&self, shown: &str) -> Option<Id> {
        self.pairwise.read('d', shown)
    }

    /// The conversation it is shown in: one of its own, so that it tells nothing of hers.
    pub fn thread(&self, id: Id) -> String {
        self.pairwise.show('o', id)
    }

    /// What a conversation of its own stands for.
    pub fn read_thread(&self, shown: &str) -> Option<Id> {
        self.pairwise.read('o', shown)
    }

    /// The name of its submission.
    pub fn show_submission(&self, id: Id) -> String {
        self.pairwise.show('u', id)
    }

    /// What the name of a submission stands for.
    pub fn read_submission(&self, shown: &str) -> Option<Id> {
        self.pairwise.read('u', shown)
    }

    /// Recipients of what is sent on her behalf in a day, at most.
    pub fn most_a_day(&self) -> Result<u32, Error> {
        Ok(self.app.ceilings_of(&self.grant)?.sends())
    }

    /// Whether a name has the form of a message's.
    pub fn pairwise_message(&self, shown: &str) -> bool {
        self.pairwise.read('m', shown).is_some()
    }

    /// Which of them was sent as this message; `None` if none was.
    pub async fn sent_as(&self, shown: &str) -> Result<Option<Id>, Error> {
        let Some(message) = self.pairwise.read('m', shown).map(MessageId) else {
            return Ok(None);
        };
        let all = self.all().await?;
        let is_it = |(id, outgoing): &&(Id, Outgoing)| {
            let names = outgoing.names();
            names.iter().any(|name| self.mail.message_of(*id, name) == message)
        };
        Ok(all.iter().find(is_it).map(|(id, _)| *id))
    }

    /// It as a message of this partner's: nothing is in it that the partner did not write.
    pub fn item(&self, id: Id, outgoing: &Outgoing) -> Item {
        let to = |address: &String| Address {
            id: address.clone(),
            name: None,
        };
        Item {
            message: MessageId(id),
            id: self.show(id),
            thread: self.thread(id),
            at: outgoing.send_at().unwrap_or(outgoing.made_at),
            author: Author::You,
            to: outgoing.addressed.iter().map(to).collect(),
            subject: None,
            text: Some(outgoing.written().to_owned()),
            attachments: Vec::new(),
            size: outgoing.written().len(),
            fields: FieldSet::of(&[Field::Text]),
            mentions: None,
        }
    }

    /// Where she chooses the recipients herself, so that the partner need not know them.
    pub fn choose_url(&self, id: Id) -> String {
        format!("{}/sent/{}/choose", self.app.issuer, crate::mail::show_id(id))
    }
}

impl App {
    /// Everything partners wrote on her behalf, newest first.
    pub(crate) async fn outgoing(&self, mail: &Mail<'_>) -> Result<Vec<(Id, Outgoing)>, Error> {
        let docs = mail.docs::<Outgoing>(Kind::Outgoing).await?;
        let mut all: Vec<(Id, Outgoing)> = docs.into_iter().map(|(id, doc)| (id, doc.body)).collect();
        all.sort_by_key(|(id, outgoing)| std::cmp::Reverse((outgoing.made_at, *id)));
        Ok(all)
    }

    pub(crate) fn may(&self, grant: &Grant, action: Action) -> Result<(), Reason> {
        let register = self.register();
        model::may(&self.context(&register, grant, &HashMap::new()), action).map(|_| ())
    }

    pub(crate) fn may_in(
        &self,
        grant: &Grant,
        action: Action,
        conversation: ConversationId,
        end_to_end: bool,
    ) -> Result<(), Reason> {
        let register = self.register();
        let nothing_said = HashMap::new();
        let context = self.context(&register, grant, &nothing_said);
        model::may_in(&context, action, conversation, end_to_end).map(|_| ())
    }

    fn context<'a>(
        &self,
        register: &'a Arc<Register>,
        grant: &'a Grant,
        says: &'a HashMap<AccountId, model::Says>,
    ) -> Context<'a> {
        Context {
            register,
            grant,
            says,
            now: self.clock.now(),
        }
    }
}

impl Mail<'_> {
    /// The message to one recipient, or to a conversation: the same however often it is delivered.
    pub(crate) fn message_of(&self, outgoing: Id, recipient: &str) -> MessageId {
        MessageId(self.derived_id(&["outgoing", &crate::mail::show_id(outgoing), recipient]))
    }
}
