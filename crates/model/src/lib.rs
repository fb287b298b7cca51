//! The nouns of Privity and the one pure decision.
//!
//! **Architecture invariant:** no I/O, no async, no clock, no randomness, and nothing of ours below it. Whatever needs
//! one of those takes a [`Clock`] or an [`Entropy`] as an argument.

mod agreement;
mod ask;
mod conversation;
mod decide;
mod facet;
mod fields;
mod grant;
mod id;
mod mention;
mod outside;
mod purpose;
mod register;
mod say;
mod terms;
mod time;

pub use agreement::{Agreement, AgreementFault, Ceilings, Party, ReportDimensions, ReportDuty};
pub use ask::Ask;
pub use conversation::{Attachment, Card, Conversation, Message, Participant, Via};
pub use decide::{Context, Decision, Facts, Reason, decide, may, may_in};
pub use facet::{Facet, Facets};
pub use fields::{Field, FieldSet};
pub use grant::{Grant, GrantState, InvalidTransition};
pub use id::{
    AccountId, AgreementId, AgreementRef, ClientId, ConversationId, GrantId, InvalidId, MessageId, PartnerId,
};
pub use mention::{Mention, Sentiment, Title, TitleId};
pub use outside::{Clock, Entropy};
pub use purpose::{Action, Purpose};
pub use register::{Register, Standing};
pub use say::{Choice, Says};
pub use terms::{Conversations, Terms, TermsFault};
pub use time::Time;
