//! The one decision: may this message leave, and how much of it?

use crate::{AccountId, Action, Choice, ConversationId, FieldSet, Grant, Register, Says, Time};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// What is the same for all messages of one answer.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The published agreements.
    pub register: &'a Register,
    /// The grant the partner presented.
    pub grant: &'a Grant,
    /// The says of the participants. Someone who is not in here has said nothing, which means withhold.
    pub says: &'a HashMap<AccountId, Says>,
    /// Now.
    pub now: Time,
}

/// What of a message the decision depends on.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// Who wrote it.
    pub author: AccountId,
    /// Where.
    pub conversation: ConversationId,
    /// Whether the platform could read it at all.
    pub end_to_end: bool,
}

/// Why a message is withheld.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// The grant is not live: not yet claimed, revoked, or past its end.
    Grant,
    /// The agreement is not published, or not in force.
    Agreement,
    /// The agreement is suspended: its partner owes a report.
    Suspended,
    /// The grant or the agreement does not have the action `read`.
    Action,
    /// The grant does not cover the conversation, or nobody but its participants can read it.
    Conversation,
    /// Its author has not agreed.
    Counterparty,
    /// Its author wants to be asked, and has not answered.
    Asked,
    /// Agreement, grant and author allow no level in common.
    Fields,
}

/// May this message leave?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Yes, at these levels and no more.
    Disclose(FieldSet),
    /// No.
    Withhold(Reason),
}

/// Decides for one message. Pure and total; denies by default; monotone: taking away a consent, a say or a term of the
/// agreement never widens what is disclosed (property-tested in `tests/decide.rs`).
pub fn decide(context: &Context<'_>, message: &Facts) -> Decision {
    let Context {
        register,
        grant,
        says,
        now,
    } = *context;
    if !grant.is_live(now) {
        return Decision::Withhold(Reason::Grant);
    }
    let agreement = match register.answering(&grant.agreement, now) {
        Ok(agreement) => agreement,
        Err(reason) => return Decision::Withhold(reason),
    };
    if agreement.partner_id != grant.partner || !agreement.purposes.contains(&grant.terms.purpose) {
        return Decision::Withhold(Reason::Agreement);
    }
    if !(agreement.actions.contains(&Action::Read) && grant.terms.actions.contains(&Action::Read)) {
        return Decision::Withhold(Reason::Action);
    }
    if message.end_to_end || !grant.terms.conversations.contains(message.conversation) {
        return Decision::Withhold(Reason::Conversation);
    }
    let own = message.author == grant.account;
    let author_allows = if own {
        FieldSet::ALL
    } else {
        match says
            .get(&message.author)
            .map(|s| s.about(&grant.partner, message.conversation))
            .unwrap_or_default()
        {
            Choice::Withhold => return Decision::Withhold(Reason::Counterparty),
            Choice::Ask => return Decision::Withhold(Reason::Asked),
            Choice::Allow(fields) => fields,
        }
    };
    let fields = agreement.fields.intersect(grant.terms.fields).intersect(author_allows);
    if fields.is_empty() {
        Decision::Withhold(Reason::Fields)
    } else {
        Decision::Disclose(fields)
    }
}
