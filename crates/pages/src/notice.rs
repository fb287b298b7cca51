//! Short pages: something was done, or went wrong.

use crate::{Chrome, Page, Tab};
use askama::Template;

/// A link a person can follow.
#[derive(Debug, Clone)]
pub struct Link {
    /// What it says.
    pub label: String,
    /// A path on this site.
    pub path: String,
}

/// Something was done.
#[derive(Debug, Clone, Template)]
#[template(path = "notice.html")]
pub struct Notice {
    /// Header and footer.
    pub chrome: Chrome,
    /// What was done.
    pub title: String,
    /// What follows from it.
    pub text: String,
    /// Where to go.
    pub links: Vec<Link>,
}

/// Something went wrong.
#[derive(Debug, Clone, Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    /// Header and footer.
    pub chrome: Chrome,
    /// The HTTP status.
    pub status: u16,
    /// In a few words.
    pub title: String,
    /// What happened, in plain words.
    pub happened: String,
    /// What the person can do.
    pub advice: String,
    /// What to tell support.
    pub request_id: Option<String>,
}
