//! What one person did in one period, up to the cap.

use crate::wire::ReportId;
use crate::{Secret, Task};
use minicbor::{Decode, Encode};
use report::Key;

/// What is counted of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Act {
    /// A recommendation was sent on her behalf.
    #[n(0)]
    Send,
    /// She clicked on one.
    #[n(1)]
    Click,
}

impl Act {
    /// In the order of the columns.
    pub const ALL: [Self; 2] = [Self::Send, Self::Click];
}

/// The person did more than may be counted of her.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a person counts with {0} acts a period at most")]
pub struct OverCap(pub u16);

/// A person's acts of one period: a number for each cell and act, all together not above the cap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contribution {
    numbers: Vec<u128>,
    acts: u16,
    cap: u16,
}

impl Contribution {
    /// Nothing yet. Whoever did nothing contributes too: then whether a person reports tells nothing of her.
    pub fn new(task: &Task) -> Self {
        Self {
            numbers: vec![0; task.length()],
            acts: 0,
            cap: task.terms().cap,
        }
    }

    /// One act more. Refused beyond the cap, and then nothing is changed. A key that is not in the domain is `false`.
    pub fn add(&mut self, task: &Task, key: &Key, act: Act) -> Result<bool, OverCap> {
        if self.acts >= self.cap {
            return Err(OverCap(self.cap));
        }
        match self.numbers.get_mut(task.place(key, act)) {
            Some(number) => *number += 1,
            None => return Ok(false),
        }
        self.acts += 1;
        Ok(true)
    }

    /// How many acts.
    pub fn acts(&self) -> u16 {
        self.acts
    }

    pub(crate) fn numbers(&self) -> &Vec<u128> {
        &self.numbers
    }
}

/// The id of a person's report of a period. The same person, period and secret make the same id, so that a second upload is
/// known as such; without the secret the id tells nothing.
pub fn report_id(secret: &Secret, task: &Task, period: u32, person: &str) -> ReportId {
    let seed = secret.derive(
        b"privity aggregate v1 report id",
        &[task.id().as_ref(), &period.to_be_bytes(), person.as_bytes()],
    );
    let mut id = [0; 16];
    for (to, from) in id.iter_mut().zip(seed.iter()) {
        *to = *from;
    }
    id
}
