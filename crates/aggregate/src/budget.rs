//! How much privacy may be spent on a partner's period. zCDP (Bun and Steinke 2016) adds up: two answers with rho of 0.02 and
//! 0.03 together have 0.05. So a budget is a sum that does not pass its limit.

use crate::Error;
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Rho in millionths: whole numbers add up exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
#[cbor(transparent)]
#[serde(transparent)]
pub struct Rho(#[n(0)] pub u32);

impl fmt::Display for Rho {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

/// What was spent of a limit. Never more than it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Budget {
    #[n(0)]
    limit: Rho,
    #[n(1)]
    spent: Rho,
}

impl Budget {
    /// Nothing spent.
    pub fn new(limit: Rho) -> Self {
        Self { limit, spent: Rho(0) }
    }

    /// What was spent.
    pub fn spent(&self) -> Rho {
        self.spent
    }

    /// What is left.
    pub fn left(&self) -> Rho {
        Rho(self.limit.0.saturating_sub(self.spent.0))
    }

    /// With this spent too. An answer without noise does not exist, so neither does one that costs nothing.
    pub fn spend(self, rho: Rho) -> Result<Self, Error> {
        match self.spent.0.checked_add(rho.0) {
            Some(spent) if rho.0 > 0 && spent <= self.limit.0 => Ok(Self {
                spent: Rho(spent),
                ..self
            }),
            _ => Err(Error::Exhausted {
                asked: rho.0,
                left: self.left().0,
            }),
        }
    }
}
