//! Every page a person, a partner or an auditor sees: a typed context each, a template each, one style sheet.
//!
//! `web` fills a context and sends what [`Template::render`] gives. The pages need no script, no font and no picture from
//! anywhere: `default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'` is enough of a policy for them.
//!
//! **Architecture invariants:** no I/O, no clock, nothing of the app: a page shows what its context holds. Whatever a template
//! prints goes through [`escape::Inert`]. Every form is a `POST` with a hidden `csrf` field, or a `GET` that changes nothing.
//! Pages for people use plain words; `tests/pages.rs` holds the list of words they may not use.

mod agreement;
mod allowances;
mod chart;
mod choice;
mod choices;
mod chrome;
mod consent;
mod conversation;
mod diff;
pub mod escape;
mod inbox;
mod landing;
mod ledger;
mod multiples;
mod notice;
mod person;
mod reading;
mod readings;
mod receipt;
mod register;
mod reports;
mod samples;
mod sent;
mod sign_in;
mod style;
mod when;
pub mod words;

pub use agreement::AgreementPage;
pub use allowances::{Allowances, AskCard, GrantCard, Narrow, PartnerSay, TalkSay};
pub use askama::Template;
pub use chart::{WEEKS_LIMIT, readings as chart_readings};
pub use choice::{choice_of, choice_value};
pub use choices::{Choices, TalkPick};
pub use chrome::{Chrome, Page, Tab};
pub use consent::{Consent, Example, Friends};
pub use conversation::{Bubble, Connected, ConversationPage, Piece, Reader, SentWith, TitleCard};
pub use diff::{AgreementDiff, DiffError};
pub use inbox::{Inbox, InboxRow};
pub use landing::Landing;
pub use ledger::{LeafKind, LeafRow, LedgerPage};
pub use multiples::{Facet, Panel, facets};
pub use notice::{ErrorPage, Link, Notice};
pub use reading::{ReadingPage, Told};
pub use readings::{Happened, ReadingRow, Total, WhoHasRead};
pub use receipt::{ReceiptChecked, Step, Verdict};
pub use register::{Register, RegisterRow};
pub use reports::{FiledLine, PeriodLine, ReportPage, ReportsPage};
pub use samples::gallery;
pub use sent::{ChoosePage, FriendPick, MutedRow, SentPage, SentRow, SentState};
pub use sign_in::SignIn;
pub use style::{ICON, STYLE, icon_path, style_path};
