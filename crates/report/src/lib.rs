//! The fortnightly report: what a partner counted of the recommendations it sent, by day, interface, surface, variant and
//! kind of recipient; how that is written, signed, read, checked and compared with what the platform counted.
//!
//! A partner turns its own events into [`Counts`] with [`events::read`], and counts into a file with [`build`]. Whoever
//! receives the file calls [`check`], and [`reconcile()`] with counts of its own.
//!
//! **Architecture invariant:** no storage, no clock, no randomness, no people. A report is counts; nothing in this room
//! keeps who was counted for longer than it takes to count her once.

mod archive;
mod build;
mod calendar;
mod check;
mod counts;
mod descriptor;
mod domain;
mod duty;
mod entry;
pub mod events;
mod fault;
pub mod ical;
mod manifest;
mod readme;
pub mod receipt;
mod reconcile;
mod seeds;
mod table;

pub use archive::{File, ZIP_LIMIT};
pub use build::{BuildError, Head, build};
pub use calendar::{Calendar, CalendarFault, Day, InvalidDay, Period};
pub use check::{Checked, Expected, Previous, check};
pub use counts::{Counts, Key, Measure, Measures};
pub use domain::{Domain, DomainFault, NAMES_LIMIT, Place, RecipientKind};
pub use duty::{Duty, InvalidTransition, State};
pub use entry::{Entry, Filed, InvalidEntry, Suspension};
pub use fault::{FAULTS_LIMIT, Fault, Rule};
pub use manifest::{Claim, claim};
pub use reconcile::{Difference, Explanation, Outcome, REASON_LIMIT, Tolerance, Verdict, reconcile};
pub use seeds::{Seed, SeedFault, seeded};

/// The hash of a report: of the whole zip file.
pub fn hash(zip: &[u8]) -> tlog::Hash {
    use sha2::Digest;
    sha2::Sha256::digest(zip).into()
}
