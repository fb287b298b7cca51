//! The one decision: may this message leave, and how much of it?

use crate::{AccountId, Action, Agreement, Choice, ConversationId, FieldSet, Grant, Register, Says, Time};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

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
    /// The grant or the agreement does not have the action.
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
    let agreement = match may(context, Action::Read) {
        Ok(agreement) => agreement,
        Err(reason) => return Decision::Withhold(reason),
    };
    let Context { grant, says, .. } = *context;
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

/// May the partner do this at all, on the grant's owner's behalf? The questions that come before any message; the agreement
/// it may do it under.
pub fn may<'a>(context: &Context<'a>, action: Action) -> Result<&'a Arc<Agreement>, Reason> {
    let Context {
        register, grant, now, ..
    } = *context;
    if !grant.is_live(now) {
        return Err(Reason::Grant);
    }
    let agreement = register.answering(&grant.agreement, now)?;
    if agreement.partner_id != grant.partner || !agreement.purposes.contains(&grant.terms.purpose) {
        return Err(Reason::Agreement);
    }
    if !(agreement.actions.contains(&action) && grant.terms.actions.contains(&action)) {
        return Err(Reason::Action);
    }
    Ok(agreement)
}

/// May it do this in a conversation? For what writes: nobody's words are disclosed by it, so nobody else's say is asked.
/// Whoever receives may close her door to it herself.
pub fn may_in<'a>(
    context: &Context<'a>,
    action: Action,
    conversation: ConversationId,
    end_to_end: bool,
) -> Result<&'a Arc<Agreement>, Reason> {
    let agreement = may(context, action)?;
    if end_to_end || !context.grant.terms.conversations.contains(conversation) {
        return Err(Reason::Conversation);
    }
    Ok(agreement)
}
