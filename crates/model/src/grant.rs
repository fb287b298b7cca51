//! One person's consent to part of one agreement version.

use crate::{AccountId, AgreementRef, ClientId, GrantId, PartnerId, Terms, Time};
use serde::{Deserialize, Serialize};

/// Where a grant stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GrantState {
    /// The person agreed; the partner has not fetched its token yet.
    Requested,
    /// In force as first agreed.
    Active,
    /// In force with less than first agreed.
    Narrowed,
    /// Taken back by the person. Final.
    Revoked,
    /// Past its end. Final.
    Expired,
}

/// One person's consent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Its public name.
    pub id: GrantId,
    /// Whose inbox.
    pub account: AccountId,
    /// Which partner.
    pub partner: PartnerId,
    /// Through which of its clients.
    pub client: ClientId,
    /// Under which agreement version: a later one never applies silently.
    pub agreement: AgreementRef,
    /// To what.
    pub terms: Terms,
    /// Where it stands.
    pub state: GrantState,
    /// When it was given.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
    /// A change that is not in the ledger yet: kept with the grant, so that a crash between the two is made good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unentered: Option<GrantState>,
}

/// A grant cannot go from here to there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a grant that is {from:?} cannot become {to:?}")]
pub struct InvalidTransition {
    /// The state it is in.
    pub from: GrantState,
    /// The state that was asked for.
    pub to: GrantState,
}

impl Grant {
    /// Whether anything can be disclosed under it at `now`. The only question `decide` asks of a grant's state.
    pub fn is_live(&self, now: Time) -> bool {
        matches!(self.state, GrantState::Active | GrantState::Narrowed) && now < self.terms.until
    }

    /// The partner fetched its token.
    pub fn activate(self, now: Time) -> Result<Self, InvalidTransition> {
        match self.state {
            GrantState::Requested => Ok(self.to(GrantState::Active, now)),
            from => Err(InvalidTransition {
                from,
                to: GrantState::Active,
            }),
        }
    }

    /// The person allows less. Terms that are not within the present ones are refused: widening needs a new consent.
    pub fn narrow(mut self, terms: Terms, now: Time) -> Result<Self, InvalidTransition> {
        let narrower = terms.is_within(&self.terms);
        match self.state {
            GrantState::Active | GrantState::Narrowed if narrower => {
                self.terms = terms;
                Ok(self.to(GrantState::Narrowed, now))
            }
            from => Err(InvalidTransition {
                from,
                to: GrantState::Narrowed,
            }),
        }
    }

    /// The person takes it back. Revoking twice is no error: the second changes nothing.
    pub fn revoke(self, now: Time) -> Result<Self, InvalidTransition> {
        match self.state {
            GrantState::Revoked => Ok(self),
            GrantState::Expired => Err(InvalidTransition {
                from: GrantState::Expired,
                to: GrantState::Revoked,
            }),
            _ => Ok(self.to(GrantState::Revoked, now)),
        }
    }

    /// Its time is over.
    pub fn expire(self, now: Time) -> Result<Self, InvalidTransition> {
        match self.state {
            GrantState::Requested | GrantState::Active | GrantState::Narrowed if now >= self.terms.until => {
                Ok(self.to(GrantState::Expired, now))
            }
            from => Err(InvalidTransition {
                from,
                to: GrantState::Expired,
            }),
        }
    }

    /// The change to `state` is in the ledger.
    #[must_use]
    pub fn entered(mut self, state: GrantState) -> Self {
        self.unentered = self.unentered.filter(|waiting| *waiting != state);
        self
    }

    fn to(self, state: GrantState, now: Time) -> Self {
        Self {
            state,
            updated_at: now,
            // That its time is over is no act of anyone.
            unentered: Some(state).filter(|s| *s != GrantState::Expired),
            ..self
        }
    }
}
