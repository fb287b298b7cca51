//! A receipt, checked step by step.

use crate::{Chrome, Page, Tab};
use askama::Template;

/// The answer to `POST /ledger/check`.
#[derive(Debug, Clone, Template)]
#[template(path = "receipt.html")]
pub struct ReceiptChecked {
    /// Header and footer.
    pub chrome: Chrome,
    /// Whether everything is right.
    pub ok: bool,
    /// What was checked, in order.
    pub steps: Vec<Step>,
    /// What the receipt opens, as name and value; empty if it was refused.
    pub facts: Vec<(String, String)>,
}

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is right.
    Right,
    /// It is wrong.
    Wrong,
    /// It was not come to, because an earlier one is wrong.
    NotReached,
}

/// One step.
#[derive(Debug, Clone)]
pub struct Step {
    /// What was checked.
    pub what: String,
    /// How it went.
    pub verdict: Verdict,
    /// What was found.
    pub detail: String,
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Right => "Right",
            Self::Wrong => "Wrong",
            Self::NotReached => "Not checked",
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Wrong => "wrong",
            Self::NotReached => "unreached",
        }
    }
}
