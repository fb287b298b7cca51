//! What is counted for one partner, and under which rules: known to clients, both aggregators and the collector alike.

use crate::contribution::{Act, Contribution};
use crate::keys::{PublicKey, TokenHash};
use crate::noise::Sigma;
use crate::seal;
use crate::wire::{Head, INPUT_SHARE, Report, ReportId, Role, about_report};
use crate::{Refusal, Rho};
use model::{Entropy, Time};
use prio::codec::Encode;
use prio::vdaf::Client;
use prio::vdaf::prio3::{Prio3, Prio3L1BoundSum, optimal_chunk_length};
use report::{Calendar, CalendarFault, Domain, DomainFault, Key, Period};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Numbers of a contribution at most: cells of a period, sends and clicks.
const LENGTH_LIMIT: usize = 20_000;
/// Acts of a person at most.
const CAP_LIMIT: u16 = 1_000;
/// Bytes of a partner's id at most.
const PARTNER_LIMIT: usize = 64;
/// Days after a period that reports of it may still be made.
const LATE_LIMIT: u16 = 92;
/// How far a client's clock may be ahead.
const AHEAD: i64 = 3_600;
const HOUR: i64 = 3_600_000;

/// A task as it is written down (docs/private-mode.md shows one).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// The partner's id.
    pub partner: String,
    /// When the agreement starts: the first period starts with that day.
    pub starts: Time,
    /// When it ends.
    pub ends: Time,
    /// Days of a period.
    pub period_days: u16,
    /// Days after a period that reports of it may still be made.
    pub late_days: u16,
    /// The agreement's interfaces.
    pub interface: Vec<String>,
    /// The agreement's initiation surfaces.
    pub initiation_surface: Vec<String>,
    /// The agreement's variants.
    pub variant: Vec<String>,
    /// Acts of one person in one period at most: proved by each report.
    pub cap: u16,
    /// Reports in a batch at least, before anything of it is told.
    pub least_reports: u64,
    /// What all answers about one period may cost together, in millionths of rho.
    pub rho_millionths: Rho,
    /// The leader's key.
    pub leader_key: PublicKey,
    /// The helper's key.
    pub helper_key: PublicKey,
    /// The collector's key.
    pub collector_key: PublicKey,
    /// SHA-256 of the token that uploads come with.
    pub upload_token: TokenHash,
    /// SHA-256 of the token that collections are asked for with.
    pub collect_token: TokenHash,
}

/// Why terms make no task.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum TaskFault {
    #[error(transparent)]
    Calendar(#[from] CalendarFault),
    #[error(transparent)]
    Domain(#[from] DomainFault),
    #[error("a partner's id has 1 to {PARTNER_LIMIT} bytes")]
    Partner,
    #[error("a person counts with 1 to {CAP_LIMIT} acts, not {0}")]
    Cap(u16),
    #[error("a contribution has {0} numbers, more than {LENGTH_LIMIT}")]
    Length(usize),
    #[error("a batch has at least 2 reports, not {0}")]
    Least(u64),
    #[error("a budget is 1 to 10000000 millionths of rho, not {0}")]
    Budget(u32),
    #[error("reports may be late by {LATE_LIMIT} days at most, not {0}")]
    Late(u16),
    #[error("leader, helper and collector must have different keys")]
    SameKey,
    #[error("the proof system refuses the terms: {0}")]
    Proof(String),
}

/// The hash of a task's terms.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub(crate) [u8; 32]);

impl AsRef<[u8]> for TaskId {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Display for TaskId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl std::fmt::Debug for TaskId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// How many bytes the parts of a report have: in one task, all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lengths {
    /// The public share.
    pub public_share: usize,
    /// What is sealed to the leader.
    pub leader: usize,
    /// What is sealed to the helper.
    pub helper: usize,
}

/// Terms that were checked.
#[derive(Debug, Clone)]
pub struct Task {
    terms: Terms,
    id: TaskId,
    domain: Domain,
    calendar: Calendar,
    proof: Prio3L1BoundSum,
    lengths: Lengths,
}

impl Task {
    /// Checks terms.
    pub fn new(terms: Terms) -> Result<Self, TaskFault> {
        let calendar = Calendar::new(terms.starts, terms.ends, terms.period_days, 0)?;
        let domain = Domain::new(&terms.interface, &terms.initiation_surface, &terms.variant)?;
        let length = domain
            .cells_per_day()
            .saturating_mul(usize::from(terms.period_days))
            .saturating_mul(Act::ALL.len());
        if terms.partner.is_empty() || terms.partner.len() > PARTNER_LIMIT {
            return Err(TaskFault::Partner);
        }
        if terms.cap == 0 || terms.cap > CAP_LIMIT {
            return Err(TaskFault::Cap(terms.cap));
        }
        if length > LENGTH_LIMIT {
            return Err(TaskFault::Length(length));
        }
        if terms.least_reports < 2 {
            return Err(TaskFault::Least(terms.least_reports));
        }
        if terms.rho_millionths.0 == 0 || terms.rho_millionths.0 > 10_000_000 {
            return Err(TaskFault::Budget(terms.rho_millionths.0));
        }
        if terms.late_days > LATE_LIMIT {
            return Err(TaskFault::Late(terms.late_days));
        }
        let (leader, helper, collector) = (terms.leader_key, terms.helper_key, terms.collector_key);
        if leader == helper || leader == collector || helper == collector {
            return Err(TaskFault::SameKey);
        }
        let refused = |e: &dyn std::fmt::Display| TaskFault::Proof(e.to_string());
        let bits = usize::try_from(terms.cap.ilog2()).unwrap_or(16) + 1;
        let proof = Prio3::new_l1_bound_sum(
            2,
            u128::from(terms.cap),
            length,
            optimal_chunk_length(bits * (length + 1)),
        )
        .map_err(|e| refused(&e))?;
        // How long shares are is `prio`'s matter, so one is made to see.
        let (public, shares) = proof.shard(b"", &vec![0; length], &[0; 16]).map_err(|e| refused(&e))?;
        let of = |at: usize| {
            shares
                .get(at)
                .and_then(|share| share.get_encoded().ok())
                .map_or(0, |share| share.len())
        };
        let lengths = Lengths {
            public_share: public.get_encoded().map_err(|e| refused(&e))?.len(),
            leader: of(Role::Leader.number()),
            helper: of(Role::Helper.number()),
        };
        let text = serde_json::to_vec(&terms).map_err(|e| refused(&e))?;
        let id = TaskId(
            Sha256::new()
                .chain_update(b"privity aggregate v1 task\0")
                .chain_update(text)
                .finalize()
                .into(),
        );
        Ok(Self {
            terms,
            id,
            domain,
            calendar,
            proof,
            lengths,
        })
    }

    /// As they were given.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Whoever has other terms has another id, and nothing of one task is taken for the other's.
    pub fn id(&self) -> TaskId {
        self.id
    }

    /// The cells.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// A period, if there is one of that number.
    pub fn period(&self, number: u32) -> Option<Period> {
        self.calendar.period(number)
    }

    /// Numbers of a contribution.
    pub fn length(&self) -> usize {
        self.domain.cells_per_day() * usize::from(self.terms.period_days) * Act::ALL.len()
    }

    /// Where a cell's number stands in a contribution; past its end for a day that no period has.
    pub fn place(&self, key: &Key, act: Act) -> usize {
        self.domain.index(key) * Act::ALL.len() + usize::from(act == Act::Click)
    }

    /// The noise of each aggregator for an answer that costs `rho`.
    pub fn sigma(&self, rho: Rho) -> Sigma {
        Sigma::of(self.terms.cap, rho)
    }

    /// The proof system: vectors of [`Self::length`] numbers whose sum is at most the cap.
    pub fn proof(&self) -> &Prio3L1BoundSum {
        &self.proof
    }

    /// How long the parts of a report are.
    pub fn lengths(&self) -> Lengths {
        self.lengths
    }

    /// What proofs of this task are bound to.
    pub fn context(&self) -> Vec<u8> {
        [b"privity aggregate v1 proof ".as_slice(), self.id.as_ref()].concat()
    }

    pub(crate) fn key_of(&self, role: Role) -> PublicKey {
        match role {
            Role::Leader => self.terms.leader_key,
            Role::Helper => self.terms.helper_key,
        }
    }

    /// Whether a report may be of its period: made from the period's first hour on, not later than late reports may be, and
    /// not in the future.
    pub(crate) fn admits(&self, head: &Head, now: Time) -> Result<(), Refusal> {
        let period = self.period(head.period).ok_or(Refusal::Period)?;
        let made = Time(i64::from(head.hour).saturating_mul(HOUR));
        let until = period.ends().plus_days(i64::from(self.terms.late_days));
        match period.first.start() <= made && made < until && made <= now.plus_seconds(AHEAD) {
            true => Ok(()),
            false => Err(Refusal::Period),
        }
    }

    /// Makes a person's report: her contribution in two shares with the proof of the cap, each sealed to one aggregator.
    /// `prio` and, for the proof, only `prio` draws from the system's randomness; `entropy` is for the seals.
    pub fn report(
        &self,
        contribution: &Contribution,
        period: u32,
        id: ReportId,
        now: Time,
        entropy: &dyn Entropy,
    ) -> Result<Report, Refusal> {
        let hour = u32::try_from(now.0.div_euclid(HOUR)).map_err(|_| Refusal::Period)?;
        let head = Head {
            task: self.id.0,
            period,
            id,
            hour,
        };
        self.admits(&head, now)?;
        let (public, shares) = self
            .proof
            .shard(&self.context(), contribution.numbers(), &id)
            .map_err(|_| Refusal::Share)?;
        let public_share = public.get_encoded().map_err(|_| Refusal::Share)?;
        let sealed = |role: Role| {
            let share = shares.get(role.number()).ok_or(Refusal::Share)?;
            let share = share.get_encoded().map_err(|_| Refusal::Share)?;
            let about = about_report(self, role, &head, &public_share);
            seal::seal(&self.key_of(role), INPUT_SHARE, &about, &share, entropy).map_err(|_| Refusal::Sealed)
        };
        let (leader, helper) = (sealed(Role::Leader)?, sealed(Role::Helper)?);
        Ok(Report {
            head,
            public_share,
            leader,
            helper,
        })
    }
}
