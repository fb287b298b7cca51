//! What can be wrong, with a report and with a request.

use minicbor::{Decode, Encode};
use std::fmt;

/// Why one report is not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Refusal {
    /// The aggregator does not serve that task.
    #[n(0)]
    Task,
    /// Not in a period of the task, or made at a time that is not in it.
    #[n(1)]
    Period,
    /// A report with that id came before: it counts once.
    #[n(2)]
    Replayed,
    /// The share cannot be opened: sealed to another key, under another head, or damaged.
    #[n(3)]
    Sealed,
    /// What was in the seal is not a share of this task: cut short, too long, or not numbers of the field.
    #[n(4)]
    Share,
    /// The two halves of the proof do not verify: more than the cap, or made up.
    #[n(5)]
    Proof,
}

impl Refusal {
    /// All, in the order of their codes.
    pub const ALL: [Self; 6] = [
        Self::Task,
        Self::Period,
        Self::Replayed,
        Self::Sealed,
        Self::Share,
        Self::Proof,
    ];

    /// One word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::Period => "period",
            Self::Replayed => "replayed",
            Self::Sealed => "sealed",
            Self::Share => "share",
            Self::Proof => "proof",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Task => "no such task is served here",
            Self::Period => "the report is not of a period of the task, or was not made in its time",
            Self::Replayed => "a report with this id came before; it counts once",
            Self::Sealed => "the share cannot be opened: another key, another head, or damaged",
            Self::Share => "what was sealed is not a share of this task",
            Self::Proof => "the proof does not verify",
        })
    }
}

/// Why an aggregator does not do what it was asked.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum Error {
    #[error("no such task is served here")]
    NoTask,
    #[error("the task has no period {0}")]
    NoPeriod(u32),
    #[error("period {0} is not over")]
    NotOver(u32),
    #[error("the message cannot be read: {0}")]
    Malformed(String),
    #[error("the batch has {found} reports, fewer than {least}")]
    TooFew { found: u64, least: u64 },
    #[error("the privacy budget of this partner and period does not have {asked} left, but {left} (millionths of rho)")]
    Exhausted { asked: u32, left: u32 },
    #[error("collection {0} was asked for with other terms before")]
    Conflict(u32),
    #[error("reports of this period are being checked, or another collection of it is under way; ask again")]
    Working,
    #[error("leader and helper did not count the same reports: {leader} and {helper}")]
    Disagree { leader: u64, helper: u64 },
    #[error("job {found} cannot follow job {last}")]
    OutOfOrder { last: u64, found: u64 },
    #[error("job {0} was asked for with other reports before")]
    OtherJob(u64),
    #[error("no job is under way")]
    NoJob,
    #[error("a job has up to {limit} reports, not {found}")]
    TooMany { limit: usize, found: usize },
    #[error("the key in the key file is not the task's key of the {0}")]
    WrongKey(&'static str),
    #[error("the partner `{0}` has another task in this data folder; its budget belongs to that one")]
    OtherTask(String),
    #[error("the sealed sum of the {0} cannot be opened: another key, or damaged")]
    Sealed(&'static str),
    #[error("the noise cannot be drawn: {0}")]
    Noise(String),
    #[error("another process has the data folder `{0}` open")]
    Locked(String),
    #[error("the data folder `{0}` is not an aggregator's of this version and role")]
    Format(String),
    #[error("the data folder: {0}")]
    Storage(String),
}

impl Error {
    /// One word for it, for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoTask => "no_task",
            Self::NoPeriod(_) => "no_period",
            Self::NotOver(_) => "not_over",
            Self::Malformed(_) => "malformed",
            Self::TooFew { .. } => "too_few",
            Self::Exhausted { .. } => "exhausted",
            Self::Conflict(_) => "conflict",
            Self::Working => "working",
            Self::Disagree { .. } => "disagree",
            Self::OutOfOrder { .. } => "out_of_order",
            Self::OtherJob(_) => "other_job",
            Self::NoJob => "no_job",
            Self::TooMany { .. } => "too_many",
            Self::WrongKey(_) => "wrong_key",
            Self::OtherTask(_) => "other_task",
            Self::Sealed(_) => "sealed",
            Self::Noise(_) => "noise",
            Self::Locked(_) => "locked",
            Self::Format(_) => "format",
            Self::Storage(_) => "storage",
        }
    }
}
