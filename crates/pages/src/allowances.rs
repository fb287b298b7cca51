//! "What I allow": her grants, her say about her messages in friends' inboxes, and the questions that wait for her.

use crate::choice::OFFERED;
use crate::{Choices, Chrome, Page, Tab, choice_value, person, when, words};
use askama::Template;
use model::{AgreementRef, Choice, ConversationId, FieldSet, GrantId, GrantState, PartnerId, Purpose, Time};

/// `GET /allowances`.
///
/// Forms: `/allowances/{grant}/revoke`; `/allowances/says` with `about` (`everyone`, `partner`, `conversation`), `partner`,
/// `conversation` and `choice` (see [`crate::choice_of`]); `/allowances/asks/{key}` with `answer` (`allow`, `refuse`, `always-refuse`).
#[derive(Debug, Clone, Template)]
#[template(path = "allowances.html")]
pub struct Allowances {
    /// Header and footer.
    pub chrome: Chrome,
    /// What was just done.
    pub notice: Option<String>,
    /// Questions that wait for her.
    pub asks: Vec<AskCard>,
    /// Live ones first.
    pub grants: Vec<GrantCard>,
    /// What she says when she said nothing more specific.
    pub default: Choice,
    /// What she says about each partner there is.
    pub partners: Vec<PartnerSay>,
    /// What she says about a partner in a conversation.
    pub conversations: Vec<TalkSay>,
}

/// A partner wants to know something of her messages in a friend's inbox.
#[derive(Debug, Clone)]
pub struct AskCard {
    /// Its name in the form's path: hexadecimal.
    pub key: String,
    /// The partner's name.
    pub partner: String,
    /// Whose grant it concerns.
    pub asked_for: String,
    /// In which conversation.
    pub conversation: String,
    /// What would leave, at most.
    pub fields: FieldSet,
    /// What for.
    pub purpose: Purpose,
    /// Under which agreement.
    pub agreement: AgreementRef,
    /// Until when.
    pub until: Time,
    /// When it was asked.
    pub asked_at: Time,
}

/// One grant.
#[derive(Debug, Clone)]
pub struct GrantCard {
    /// Which.
    pub id: GrantId,
    /// The partner's name.
    pub partner: String,
    /// What for.
    pub purpose: Purpose,
    /// How much.
    pub fields: FieldSet,
    /// Of which conversations, by title; `None` for all.
    pub conversations: Option<Vec<String>>,
    /// Under which agreement.
    pub agreement: AgreementRef,
    /// Since when.
    pub since: Time,
    /// Until when.
    pub until: Time,
    /// Where it stands.
    pub state: GrantState,
    /// Whether nothing is answered for now, because the partner owes a report.
    pub suspended: bool,
    /// How often it was used to read.
    pub readings: u64,
    /// When it last was.
    pub last: Option<Time>,
}

/// What she says about one partner.
#[derive(Debug, Clone)]
pub struct PartnerSay {
    /// Which.
    pub partner: PartnerId,
    /// Its name.
    pub name: String,
    /// What she says; `None` if she has not said anything about it.
    pub choice: Option<Choice>,
}

/// What she says about one partner in one conversation.
#[derive(Debug, Clone)]
pub struct TalkSay {
    /// Which partner.
    pub partner: PartnerId,
    /// Its name.
    pub name: String,
    /// Which conversation.
    pub conversation: ConversationId,
    /// What that is called.
    pub title: String,
    /// What she says; `None` if she has not said anything about it.
    pub choice: Option<Choice>,
}

/// `GET /allowances/{grant}/narrow`; its form posts the fields of [`Choices`] to the same path.
#[derive(Debug, Clone, Template)]
#[template(path = "narrow.html")]
pub struct Narrow {
    /// Header and footer.
    pub chrome: Chrome,
    /// Which grant.
    pub id: GrantId,
    /// The partner's name.
    pub partner: String,
    /// What for.
    pub purpose: Purpose,
    /// What can still be chosen: never more than now.
    pub choices: Choices,
    /// What has to be put right.
    pub errors: Vec<String>,
}

impl Allowances {
    fn default_choice(&self) -> Option<Choice> {
        Some(self.default)
    }

    /// Whether a button stands for the choice made; nothing chosen yet is no button's.
    fn is_chosen(choice: &Option<Choice>, value: &str) -> bool {
        choice.as_ref().is_some_and(|c| choice_value(c) == value)
    }
}

impl TalkSay {
    /// What the ids of its radio buttons begin with.
    fn group(&self) -> String {
        format!("{}-{}", self.conversation, self.partner)
    }
}
