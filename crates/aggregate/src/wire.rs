//! The messages, in CBOR (RFC 8949), and what is authenticated with a share.

use crate::{Error, Refusal, Rho, Sealed, Task};
use minicbor::{Decode, Encode};

/// The id of a report: also the nonce of its proof.
pub type ReportId = [u8; 16];

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Takes the reports in, and is asked for counts.
    Leader,
    /// Answers the leader. Meant for somebody else's machine: the auditor's.
    Helper,
}

impl Role {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Leader => "leader",
            Self::Helper => "helper",
        }
    }

    /// Its number in the proof (VDAF "aggregator id").
    pub const fn number(self) -> usize {
        match self {
            Self::Leader => 0,
            Self::Helper => 1,
        }
    }
}

/// What everybody may see of a report, and nobody may change.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Head {
    /// The task's id.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub task: [u8; 32],
    /// The number of the period.
    #[n(1)]
    pub period: u32,
    /// The report's id.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub id: ReportId,
    /// When it was made, in whole hours since 1970: no finer.
    #[n(3)]
    pub hour: u32,
}

/// A person's contribution on its way to the leader.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Report {
    /// What it is.
    #[n(0)]
    pub head: Head,
    /// What both need for the proof; tells nothing.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub public_share: Vec<u8>,
    /// The leader's share.
    #[n(2)]
    pub leader: Sealed,
    /// The helper's share.
    #[n(3)]
    pub helper: Sealed,
}

/// One report on its way from leader to helper.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Prepare {
    /// As the client made it.
    #[n(0)]
    pub head: Head,
    /// As the client made it.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub public_share: Vec<u8>,
    /// As the client made it.
    #[n(2)]
    pub helper: Sealed,
    /// The leader's half of the check.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub verifier_share: Vec<u8>,
}

/// Reports to check.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct JobRequest {
    /// The task.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub task: [u8; 32],
    /// From 1, without gaps: the same number is the same job.
    #[n(1)]
    pub number: u64,
    /// All of one period.
    #[n(2)]
    pub period: u32,
    /// The reports.
    #[n(3)]
    pub reports: Vec<Prepare>,
}

/// What came of one report at the helper.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Outcome {
    /// It is counted there; this is what the leader needs to count it too.
    #[n(0)]
    Counted(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>),
    /// It is counted by nobody.
    #[n(1)]
    Refused(#[n(0)] Refusal),
}

/// The helper's answer: an outcome for each report, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct JobAnswer {
    /// Of this job.
    #[n(0)]
    pub number: u64,
    /// In the order of the job's reports.
    #[n(1)]
    pub outcomes: Vec<Outcome>,
}

/// The collector asks for counts.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct CollectRequest {
    /// The task.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub task: [u8; 32],
    /// The period.
    #[n(1)]
    pub period: u32,
    /// The collection's number: the same number is the same answer.
    #[n(2)]
    pub number: u32,
    /// What it may cost of the budget.
    #[n(3)]
    pub rho: Rho,
}

/// The leader asks the helper for its sum.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ShareRequest {
    /// What the collector asked for.
    #[n(0)]
    pub asked: CollectRequest,
    /// How many reports the leader counted.
    #[n(1)]
    pub count: u64,
    /// Which.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub checksum: [u8; 32],
}

/// The helper's sum with its noise, sealed to the collector.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ShareAnswer {
    /// A [`crate::collector::Share`].
    #[n(0)]
    pub sealed: Sealed,
}

/// The leader's answer to the collector.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Collected {
    /// What it is about.
    #[n(0)]
    pub about: ShareRequest,
    /// The leader's sum with its noise.
    #[n(1)]
    pub leader: Sealed,
    /// The helper's.
    #[n(2)]
    pub helper: Sealed,
}

/// What is sealed, by kind: one cannot be taken for the other.
pub(crate) const INPUT_SHARE: &[u8] = b"privity aggregate v1 input share";
pub(crate) const SUM_SHARE: &[u8] = b"privity aggregate v1 sum";

/// What a share of a report belongs to: for whom it is, the partner, the head, and the public share.
pub(crate) fn about_report(task: &Task, role: Role, head: &Head, public_share: &[u8]) -> Vec<u8> {
    let mut about = Vec::with_capacity(160);
    let partner = task.terms().partner.as_bytes();
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes();
    about.extend(u8::try_from(role.number()).unwrap_or(u8::MAX).to_be_bytes());
    about.extend(head.task);
    about.extend(length(partner));
    about.extend(partner);
    about.extend(head.period.to_be_bytes());
    about.extend(head.id);
    about.extend(head.hour.to_be_bytes());
    about.extend(length(public_share));
    about.extend(public_share);
    about
}

/// What a sum belongs to.
pub(crate) fn about_sum(role: Role, request: &ShareRequest) -> Vec<u8> {
    let mut about = Vec::with_capacity(96);
    about.extend(u8::try_from(role.number()).unwrap_or(u8::MAX).to_be_bytes());
    about.extend(request.asked.task);
    about.extend(request.asked.period.to_be_bytes());
    about.extend(request.asked.number.to_be_bytes());
    about.extend(request.asked.rho.0.to_be_bytes());
    about.extend(request.count.to_be_bytes());
    about.extend(request.checksum);
    about
}

/// A message's bytes. One message has one text.
pub fn encode<T: Encode<()>>(message: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to memory does not fail, and nothing here has a fallible encoding.
    match minicbor::encode(message, &mut bytes) {
        Ok(()) => bytes,
        Err(_) => Vec::new(),
    }
}

/// A message of its bytes, all of them.
pub fn decode<T: for<'b> Decode<'b, ()>>(bytes: &[u8]) -> Result<T, Error> {
    let mut decoder = minicbor::Decoder::new(bytes);
    let message = decoder.decode().map_err(|e| Error::Malformed(e.to_string()))?;
    match decoder.position() == bytes.len() {
        true => Ok(message),
        false => Err(Error::Malformed("there is more after its end".to_owned())),
    }
}
