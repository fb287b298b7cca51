//! The noise is what is stated.

use aggregate::Rho;
use aggregate::noise::Sigma;
use prio::vdaf::xof::SeedStreamTurboShake128;
use proptest::prelude::*;
use rand_core::SeedableRng;

/// Probabilities of the discrete Gaussian: exp(-x² / 2s²), divided by their sum.
fn probability(sigma: f64) -> impl Fn(i128) -> f64 {
    let weight = move |x: i128| (-(x as f64).powi(2) / (2.0 * sigma * sigma)).exp();
    let far = (sigma * 12.0) as i128 + 12;
    let sum: f64 = (-far..=far).map(weight).sum();
    move |x| weight(x) / sum
}

/// Chi-square of drawn numbers against those probabilities, and its degrees of freedom. Numbers that are expected less than ten
/// times go together.
fn chi_square(drawn: &[i128], sigma: f64) -> (f64, f64) {
    let probability = probability(sigma);
    let far = drawn.iter().map(|x| x.abs()).max().unwrap().max((sigma * 6.0) as i128);
    let (mut chi, mut bins) = (0.0, 0.0);
    let (mut found, mut expected) = (0.0, 0.0);
    for x in -far..=far {
        found += drawn.iter().filter(|d| **d == x).count() as f64;
        expected += probability(x) * drawn.len() as f64;
        if expected >= 10.0 {
            chi += (found - expected).powi(2) / expected;
            bins += 1.0;
            (found, expected) = (0.0, 0.0);
        }
    }
    (chi, bins - 1.0)
}

fn draw(sigma: Sigma, times: usize, seed: u8) -> Vec<i128> {
    let mut random = SeedStreamTurboShake128::from_seed([seed; 32]);
    let sampler = sigma.sampler().unwrap();
    (0..times).map(|_| sampler.draw(&mut random).unwrap()).collect()
}

#[test]
fn the_noise_has_the_stated_probabilities() {
    for (at, (cap, rho)) in (0..).zip([(1, 10_000_000), (8, 10_000_000), (8, 50_000), (3, 500_000)]) {
        let sigma = Sigma::of(cap, Rho(rho));
        let drawn = draw(sigma, 20_000, at);
        let (chi, freedom) = chi_square(&drawn, sigma.get());
        // Seeded: it passes always or never. Five standard deviations over the mean.
        assert!(
            chi < freedom + 5.0 * (2.0 * freedom).sqrt(),
            "cap {cap}, rho {rho}: {chi} of {freedom}"
        );
        let mean = drawn.iter().sum::<i128>() as f64 / 20_000.0;
        assert!(mean.abs() < 5.0 * sigma.get() / 20_000_f64.sqrt(), "mean {mean}");
    }
}

#[test]
fn the_same_test_sees_noise_that_is_too_small_by_a_twentieth() {
    let sigma = Sigma::of(8, Rho(10_000_000));
    let drawn = draw(sigma, 20_000, 1);
    for factor in [0.95, 1.05] {
        let (chi, freedom) = chi_square(&drawn, sigma.get() * factor);
        assert!(chi > freedom + 5.0 * (2.0 * freedom).sqrt(), "{chi} of {freedom}");
    }
}

#[test]
fn both_signs_and_every_number_get_noise_of_their_own() {
    use prio::field::{Field128, FieldElement};
    let sampler = Sigma::of(8, Rho(50_000)).sampler().unwrap();
    let mut random = SeedStreamTurboShake128::from_seed([4; 32]);
    let mut numbers = vec![Field128::zero(); 200];
    sampler.add(&mut numbers, &mut random).unwrap();
    let drawn = draw(Sigma::of(8, Rho(50_000)), 200, 4);
    for (number, drawn) in numbers.iter().zip(&drawn) {
        let expected = Field128::from(drawn.unsigned_abs());
        assert_eq!(*number, if *drawn < 0 { -expected } else { expected });
    }
    assert!(drawn.iter().any(|x| *x < 0) && drawn.iter().any(|x| *x > 0));
}

proptest! {
    /// sigma² ≥ C² / rho, by whole numbers, and a 1024th less would be too little.
    #[test]
    fn the_noise_is_never_smaller_than_the_budget_asks(cap in 1_u16..=1_000, rho in 1_u32..=10_000_000) {
        let parts = (Sigma::of(cap, Rho(rho)).get() * 1_024.0) as u128;
        let least = u128::from(cap).pow(2) * 1_000_000 * 1_024 * 1_024;
        prop_assert!(parts * parts * u128::from(rho) >= least);
        prop_assert!((parts - 1) * (parts - 1) * u128::from(rho) < least);
    }
}
