//! The front door.

use crate::{Chrome, Page, Tab, words};
use askama::Template;

/// `GET /`.
#[derive(Debug, Clone, Template)]
#[template(path = "landing.html")]
pub struct Landing {
    /// Header and footer.
    pub chrome: Chrome,
    /// Agreements in the register.
    pub agreements: u64,
    /// Entries in the ledger.
    pub entries: u64,
}
