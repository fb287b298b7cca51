//! The private mode of the fortnightly report: counts of what people did, made by two aggregators neither of which sees
//! what any person did.
//!
//! A person's acts of a period become one [`Contribution`] of at most so many acts (the task's cap). It is split into two
//! shares, each sealed to one aggregator ([`Task::report`]), with a proof in two halves that the cap was kept (Prio3 with the
//! L1-bounded sum). [`Leader`] and [`Helper`] check the proof together without opening it, add up their shares, and each adds
//! noise of its own before it seals its sum to the [`collector`]. Only both sums together are counts, and only with the noise.
//!
//! | word | meaning |
//! |---|---|
//! | task | what is counted for one partner, under which rules ([`Terms`]); its id is a hash of all of them |
//! | report | one person's sealed contribution of one period |
//! | job | reports that the aggregators check together |
//! | batch | what was counted of one task's period so far |
//! | collection | one answer about a batch, with its noise; asked again, the same answer |
//!
//! Leader and helper are state machines over a [`Book`] each: what they are told is durable before they answer, and each step
//! may be repeated. Whoever calls them brings messages from one to the other (`privity aggregator`).
//!
//! **Architecture invariant:** no network and no clock. A person's name comes in nowhere but in [`report_id`], and leaves
//! that as a keyed hash.

mod batch;
mod book;
mod budget;
pub mod collector;
mod contribution;
mod error;
mod helper;
mod keys;
mod leader;
pub mod noise;
pub mod party;
mod seal;
mod side;
mod task;
mod wire;

pub use batch::{Batch, Standing};
pub use book::Book;
pub use budget::{Budget, Rho};
pub use contribution::{Act, Contribution, OverCap, report_id};
pub use error::{Error, Refusal};
pub use helper::Helper;
pub use keys::{KeyFault, PrivateKey, PublicKey, Secret, TokenHash};
pub use leader::{JOB, Leader, Step};
pub use seal::Sealed;
pub use task::{Lengths, Task, TaskFault, TaskId, Terms};
pub use wire::{
    CollectRequest, Collected, Head, JobAnswer, JobRequest, Outcome, Prepare, Report, ReportId, Role, ShareAnswer,
    ShareRequest, decode, encode,
};
