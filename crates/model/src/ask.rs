//! A question put to a counterparty who said `ask`.

use crate::{AccountId, AgreementRef, ConversationId, FieldSet, PartnerId, Time};
use serde::{Deserialize, Serialize};

/// "May this partner have what you wrote in this conversation?" Answered by a [`crate::Choice`] in the person's says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Which partner wants it.
    pub partner: PartnerId,
    /// Under which agreement.
    pub agreement: AgreementRef,
    /// In which conversation.
    pub conversation: ConversationId,
    /// Whose grant it concerns: the participant who connected the partner.
    pub asked_for: AccountId,
    /// What would leave, at most.
    pub fields: FieldSet,
    /// Until when.
    pub until: Time,
    /// When it was asked.
    pub asked_at: Time,
}
