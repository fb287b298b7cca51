//! What surrounds every page: header, navigation, footer.

use askama::Template;

/// An entry of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// Her conversations.
    Inbox,
    /// Who has read her messages.
    Readings,
    /// What she allows.
    Allowances,
    /// The public register of agreements.
    Register,
    /// The public ledger.
    Ledger,
    /// None of them.
    Elsewhere,
}

/// What surrounds every page.
#[derive(Debug, Clone)]
pub struct Chrome {
    /// The platform's name.
    pub platform: String,
    /// The name of the person who is signed in, if anyone is.
    pub signed_in: Option<String>,
    /// Goes into every form; empty if nobody is signed in and the page has no form.
    pub csrf: String,
}

/// One page.
pub trait Page: Template + Sized {
    /// Which entry of the navigation it belongs to.
    const TAB: Tab;

    /// The page with ordinary, with empty and with extreme content; the last one is hostile in every text it holds.
    fn samples() -> Vec<Self>;
}
