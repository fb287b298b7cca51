//! Signing in.

use crate::{Chrome, Page, Tab};
use askama::Template;

/// `GET /sign-in`; its form posts `handle`, `password` and `next` to `/sign-in`.
#[derive(Debug, Clone, Template)]
#[template(path = "sign_in.html")]
pub struct SignIn {
    /// Header and footer.
    pub chrome: Chrome,
    /// Where to go afterwards: a path on this site.
    pub next: String,
    /// What was typed before.
    pub handle: String,
    /// Why it did not work.
    pub error: Option<String>,
    /// Who may sign in to a demonstration, and how.
    pub hint: Option<String>,
}
