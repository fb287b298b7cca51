//! What is asked of a person, and what she agrees to: part of one agreement.

use crate::{Action, Agreement, ConversationId, FieldSet, Purpose, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Which of a person's conversations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Conversations {
    /// All of them, later ones too.
    All,
    /// These and no others.
    Only(BTreeSet<ConversationId>),
}

impl Conversations {
    /// Whether a conversation is among them.
    pub fn contains(&self, conversation: ConversationId) -> bool {
        match self {
            Self::All => true,
            Self::Only(set) => set.contains(&conversation),
        }
    }

    fn is_subset(&self, of: &Self) -> bool {
        match (self, of) {
            (_, Self::All) => true,
            (Self::All, Self::Only(_)) => false,
            (Self::Only(a), Self::Only(b)) => a.is_subset(b),
        }
    }
}

/// The terms of a grant, or of a request for one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The one purpose.
    pub purpose: Purpose,
    /// What may be done.
    pub actions: BTreeSet<Action>,
    /// How much of a message may leave.
    pub fields: FieldSet,
    /// Of which conversations.
    pub conversations: Conversations,
    /// Until when.
    pub until: Time,
}

/// Why terms are not within an agreement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum TermsFault {
    #[error("the agreement does not name the purpose `{0}`")]
    Purpose(Purpose),
    #[error("the agreement does not allow the action `{0}`")]
    Action(Action),
    #[error("no action is asked for")]
    NoAction,
    #[error("the agreement does not allow the field set `{0}`")]
    Field(crate::Field),
    #[error("no field set is asked for")]
    NoField,
    #[error("`until` is not in the future")]
    Past,
    #[error("`until` is after the end of the agreement, {0}")]
    AfterEnd(Time),
}

impl Terms {
    /// Whether an agreement in force at `now` covers all of this.
    pub fn check(&self, agreement: &Agreement, now: Time) -> Result<(), TermsFault> {
        if !agreement.purposes.contains(&self.purpose) {
            return Err(TermsFault::Purpose(self.purpose));
        }
        if self.actions.is_empty() {
            return Err(TermsFault::NoAction);
        }
        if let Some(action) = self.actions.difference(&agreement.actions).next() {
            return Err(TermsFault::Action(*action));
        }
        if self.fields.is_empty() {
            return Err(TermsFault::NoField);
        }
        if let Some(field) = self.fields.iter().find(|f| !agreement.fields.contains(*f)) {
            return Err(TermsFault::Field(field));
        }
        if self.until <= now {
            return Err(TermsFault::Past);
        }
        if self.until > agreement.ends {
            return Err(TermsFault::AfterEnd(agreement.ends));
        }
        Ok(())
    }

    /// Whether everything these terms allow, those allow too.
    pub fn is_within(&self, those: &Self) -> bool {
        self.purpose == those.purpose
            && self.actions.is_subset(&those.actions)
            && self.fields.is_subset(those.fields)
            && self.conversations.is_subset(&those.conversations)
            && self.until <= those.until
    }
}
