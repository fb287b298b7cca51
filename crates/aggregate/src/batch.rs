//! What one aggregator has counted of one period: its share of the sums, how many reports, and which.

use crate::noise::Sigma;
use crate::wire::ReportId;
use crate::{Error, Refusal, Task, decode, encode};
use minicbor::{Decode, Encode};
use prio::codec::{Encode as _, ParameterizedDecode};
use prio::field::Field128;
use prio::vdaf::xof::SeedStreamTurboShake128;
use prio::vdaf::{Aggregatable, AggregateShare, Aggregator, OutputShare};
use rand_core::SeedableRng;
use sha2::{Digest, Sha256};

/// How a batch stands: nothing of what was counted.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Standing {
    /// Reports counted.
    #[n(0)]
    pub count: u64,
    /// The SHA-256 of their ids, each added to the others bit by bit (XOR): equal for equal sets in any order.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub checksum: [u8; 32],
    /// Reports refused when they were checked, by [`Refusal::ALL`].
    #[n(2)]
    pub refused: Vec<u64>,
}

/// A batch.
#[derive(Debug, Clone)]
pub struct Batch {
    standing: Standing,
    sum: AggregateShare<Field128>,
}

#[derive(Encode, Decode)]
struct Row {
    #[n(0)]
    standing: Standing,
    #[cbor(n(1), with = "minicbor::bytes")]
    sum: Vec<u8>,
}

impl Batch {
    /// Nothing counted yet.
    pub fn new(task: &Task) -> Self {
        Self {
            standing: Standing {
                count: 0,
                checksum: [0; 32],
                refused: vec![0; Refusal::ALL.len()],
            },
            sum: task.proof().aggregate_init(&()),
        }
    }

    /// How it stands.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Counts a report.
    pub fn count(&mut self, id: &ReportId, share: &OutputShare<Field128>) -> Result<(), Refusal> {
        self.sum.accumulate(share).map_err(|_| Refusal::Share)?;
        self.standing.count = self.standing.count.saturating_add(1);
        let hash: [u8; 32] = Sha256::digest(id).into();
        for (sum, byte) in self.standing.checksum.iter_mut().zip(hash) {
            *sum ^= byte;
        }
        Ok(())
    }

    /// Notes that a report was not counted.
    pub fn refuse(&mut self, why: Refusal) {
        let at = Refusal::ALL.iter().position(|refusal| *refusal == why);
        if let Some(number) = at.and_then(|at| self.standing.refused.get_mut(at)) {
            *number = number.saturating_add(1);
        }
    }

    /// The sum with noise. The same seed makes the same noise: it is drawn once, and what it made is kept.
    pub fn noisy(&self, sigma: Sigma, seed: [u8; 32]) -> Result<Vec<u8>, Error> {
        let mut numbers = self.sum.as_ref().to_vec();
        let mut random = SeedStreamTurboShake128::from_seed(seed);
        sigma.sampler()?.add(&mut numbers, &mut random)?;
        encoded(&AggregateShare::from(numbers))
    }

    pub(crate) fn row(&self) -> Result<Vec<u8>, Error> {
        Ok(encode(&Row {
            standing: self.standing.clone(),
            sum: encoded(&self.sum)?,
        }))
    }

    pub(crate) fn of_row(task: &Task, row: &[u8]) -> Result<Self, Error> {
        let row: Row = decode(row)?;
        Ok(Self {
            standing: row.standing,
            sum: decoded(task, &row.sum).ok_or_else(|| Error::Storage("a batch has another length".to_owned()))?,
        })
    }
}

fn encoded(sum: &AggregateShare<Field128>) -> Result<Vec<u8>, Error> {
    sum.get_encoded().map_err(|e| Error::Storage(e.to_string()))
}

/// The numbers of a sum's share, if there are as many as the task has.
pub(crate) fn decoded(task: &Task, bytes: &[u8]) -> Option<AggregateShare<Field128>> {
    AggregateShare::get_decoded_with_param(&(task.proof(), &()), bytes).ok()
}
