//! The noise that each aggregator adds to each number of its sum: discrete Gaussian (Canonne, Kamath and Steinke 2020), by the
//! exact sampler of `prio`.
//!
//! **How much.** A person's contribution is numbers from 0 on that add up to at most the cap C. If she had done something else,
//! the sums would be another pair u, v of such vectors apart: |u - v|² is at most |u|² + |v|², and so at most 2C². Gaussian noise
//! of variance s² on every number then has rho = 2C² / 2s² of zero-concentrated differential privacy, so s² = C² / rho. How many
//! reported is published as it is, which is why neighbours differ in what a person did and not in whether she reported.
//!
//! **Why each.** Either sum alone has the whole noise, so the answer is as private if one of the two aggregators tells everything
//! it knows. The price: the noise of an answer has twice that variance, and that is the sigma that is published.

use crate::{Error, Rho};
use minicbor::{Decode, Encode};
use prio::dp::Rational;
use prio::dp::distributions::DiscreteGaussian;
use prio::field::Field128;
use rand::distr::Distribution;
use rand_core::Rng;

/// The parts of one that a standard deviation is counted in.
const PARTS: u64 = 1_024;

/// The standard deviation of an aggregator's noise, in 1024ths: rounded up, so that the noise is never too small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct Sigma(#[n(0)] u64);

impl Sigma {
    /// For a cap and what one answer costs: C / √rho.
    pub fn of(cap: u16, rho: Rho) -> Self {
        let squared = u128::from(cap).pow(2) * 1_000_000 * u128::from(PARTS).pow(2);
        let squared = squared.div_ceil(u128::from(rho.0.max(1)));
        let root = squared.isqrt();
        let up = u128::from(root * root < squared);
        Self(u64::try_from(root + up).unwrap_or(u64::MAX))
    }

    /// As a number. For showing: no computation of noise uses it.
    pub fn get(self) -> f64 {
        // Far below 2^53 for every cap and rho there are.
        #[expect(
            clippy::cast_precision_loss,
            reason = "a cap of 16 bits over a rho of millionths has 36 bits"
        )]
        let parts = self.0 as f64;
        parts / 1024.0
    }

    /// The variance, as a number.
    pub fn variance(self) -> f64 {
        self.get().powi(2)
    }

    /// Draws from the discrete Gaussian of mean 0 with this standard deviation as its parameter.
    pub fn sampler(self) -> Result<Sampler, Error> {
        let noise = |e: prio::dp::DpError| Error::Noise(e.to_string());
        let deviation = Rational::from_unsigned(self.0, PARTS).map_err(noise)?;
        Ok(Sampler(DiscreteGaussian::new(deviation).map_err(noise)?))
    }
}

/// Draws noise.
pub struct Sampler(DiscreteGaussian);

impl Sampler {
    /// One number.
    pub fn draw(&self, random: &mut impl Rng) -> Result<i128, Error> {
        i128::try_from(self.0.sample(random)).map_err(|_| Error::Noise("it has more than 127 bits".to_owned()))
    }

    /// Adds a number of its own to each.
    pub fn add(&self, numbers: &mut [Field128], random: &mut impl Rng) -> Result<(), Error> {
        for number in numbers {
            let drawn = self.draw(random)?;
            let size = Field128::from(drawn.unsigned_abs());
            match drawn < 0 {
                true => *number -= size,
                false => *number += size,
            }
        }
        Ok(())
    }
}
