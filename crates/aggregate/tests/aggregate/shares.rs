//! What one aggregator alone holds of a person is random numbers.

use crate::made::{contribution, task};
use aggregate::{Act, Task};
use prio::codec::Encode;
use prio::flp::Type;
use prio::vdaf::Client;

/// Chi-square of bytes against the uniform distribution, 255 degrees of freedom.
fn chi_square(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let expected = bytes.len() as f64 / 256.0;
    counts
        .iter()
        .map(|n| (f64::from(*n) - expected).powi(2) / expected)
        .sum()
}

/// Mean 255 and standard deviation 22.6: above 400 once in some millions of runs.
const LIMIT: f64 = 400.0;

/// Bytes of both shares of many reports of one contribution. Of the leader's numbers, those that a uniform number of the field
/// has uniform: the field's size is just below 2^128, so all but the highest.
fn held(task: &Task, acts: &[(usize, Act)]) -> [Vec<u8>; 2] {
    let mut numbers = vec![0; task.length()];
    for (cell, act) in acts {
        numbers[cell * 2 + usize::from(*act == Act::Click)] += 1;
    }
    assert_eq!(usize::from(contribution(task, acts).acts()), acts.len());
    let (mut leader, mut helper) = (Vec::new(), Vec::new());
    for id in 0..200_u128 {
        let (_, shares) = task
            .proof()
            .shard(&task.context(), &numbers, &id.to_be_bytes())
            .unwrap();
        let share = shares[0].get_encoded().unwrap();
        for number in share[..4 * task.length() * 16].chunks(16) {
            leader.extend(&number[..12]);
        }
        helper.extend(shares[1].get_encoded().unwrap());
    }
    [leader, helper]
}

#[test]
fn leader_or_helper_alone_holds_random_numbers_whatever_a_person_did() {
    let task = task();
    let nothing: &[(usize, Act)] = &[];
    for acts in [nothing, &[(3, Act::Send); 8], &[(0, Act::Send), (1, Act::Click)]] {
        for bytes in held(&task, acts) {
            let found = chi_square(&bytes);
            assert!(found < LIMIT, "{found} over {} bytes", bytes.len());
        }
    }
}

#[test]
fn the_same_test_sees_numbers_that_are_not_split() {
    let task = task();
    let numbers = vec![0; task.length()];
    let plain = prio::flp::types::L1BoundSum::<
        prio::field::Field128,
        prio::flp::gadgets::ParallelSum<prio::field::Field128, prio::flp::gadgets::Mul>,
    >::new(8, task.length(), 10)
    .unwrap()
    .encode_measurement(&numbers)
    .unwrap();
    let bytes: Vec<u8> = plain.iter().flat_map(|n| n.get_encoded().unwrap()).collect();
    assert!(chi_square(&bytes) > LIMIT);
    // One zero byte too many in a hundred is seen too.
    let [mut leader, _] = held(&task, &[]);
    leader.iter_mut().step_by(100).for_each(|byte| *byte = 0);
    assert!(chi_square(&leader) > LIMIT);
}
