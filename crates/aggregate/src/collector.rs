//! The collector's end: opens both sums, and has counts.

use crate::batch::decoded;
use crate::contribution::Act;
use crate::keys::PrivateKey;
use crate::noise::Sigma;
use crate::wire::{Collected, Role, SUM_SHARE, about_sum};
use crate::{Error, Rho, Task, decode, seal};
use minicbor::{Decode, Encode};
use prio::field::{Field128, FieldElementWithInteger};
use prio::vdaf::{Aggregatable, AggregateShare};
use report::{Key, Period};
use std::fmt::Write;

/// What an aggregator seals to the collector.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Share {
    /// The noise on each number.
    #[n(0)]
    pub sigma: Sigma,
    /// The sums, as the VDAF writes an aggregate share.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub sum: Vec<u8>,
}

/// Counts with noise. A number may be below zero: cutting it off would make sums of cells too large.
#[derive(Debug, Clone, PartialEq)]
pub struct Counted {
    /// The period.
    pub period: Period,
    /// Reports that were counted: exact.
    pub reports: u64,
    /// What the answer cost.
    pub rho: Rho,
    /// The standard deviation of the noise on each number: both aggregators' together.
    pub sigma: f64,
    /// Every cell of the period, sends and clicks.
    pub cells: Vec<(Key, [i128; 2])>,
}

/// Opens an answer with the collector's key.
pub fn open(task: &Task, key: &PrivateKey, collected: &Collected) -> Result<Counted, Error> {
    let number = collected.about.asked.period;
    let period = task.period(number).ok_or(Error::NoPeriod(number))?;
    if collected.about.asked.task != task.id().0 {
        return Err(Error::NoTask);
    }
    if task.terms().collector_key != key.public() {
        return Err(Error::WrongKey("collector"));
    }
    let sum = |role: Role, sealed| -> Result<(Sigma, AggregateShare<Field128>), Error> {
        let fault = || Error::Sealed(role.as_str());
        let about = about_sum(role, &collected.about);
        let share: Share = decode(&seal::open(key, SUM_SHARE, &about, sealed).map_err(|_| fault())?)?;
        Ok((share.sigma, decoded(task, &share.sum).ok_or_else(fault)?))
    };
    let (first, mut both) = sum(Role::Leader, &collected.leader)?;
    let (second, other) = sum(Role::Helper, &collected.helper)?;
    both.merge(&other).map_err(|_| Error::Sealed(Role::Helper.as_str()))?;
    let numbers: Vec<i128> = both.as_ref().iter().map(whole).collect();
    let pairs = numbers
        .chunks_exact(Act::ALL.len())
        .filter_map(|pair| pair.try_into().ok());
    Ok(Counted {
        period,
        reports: collected.about.count,
        rho: collected.about.asked.rho,
        sigma: (first.variance() + second.variance()).sqrt(),
        cells: task.domain().keys(&period).zip(pairs).collect(),
    })
}

/// A number of the field as a whole number: the upper half are those below zero.
fn whole(number: &Field128) -> i128 {
    let number = u128::from(*number);
    let modulus = Field128::modulus();
    match number > modulus / 2 {
        true => i128::try_from(modulus - number).map_or(i128::MIN, |n| -n),
        false => i128::try_from(number).unwrap_or(i128::MAX),
    }
}

impl Counted {
    /// The sums over all cells.
    pub fn totals(&self) -> [i128; 2] {
        self.cells.iter().fold([0, 0], |[sends, clicks], (_, [s, c])| {
            [sends.saturating_add(*s), clicks.saturating_add(*c)]
        })
    }

    /// A CSV (RFC 4180) of every cell with its sigma, in the order of a report's rows.
    pub fn csv(&self, task: &Task) -> String {
        let mut csv = String::from("date,interface,initiation_surface,variant,recipient_kind,sends,clicks,sigma\r\n");
        for (key, [sends, clicks]) in &self.cells {
            let date = self.period.first.plus(i32::from(key.day));
            let [interface, surface, variant] = task.domain().names(key);
            let kind = key.recipient_kind;
            let sigma = self.sigma;
            // Writing to a string does not fail.
            _ = write!(
                csv,
                "{date},{interface},{surface},{variant},{kind},{sends},{clicks},{sigma:.3}\r\n"
            );
        }
        csv
    }
}
