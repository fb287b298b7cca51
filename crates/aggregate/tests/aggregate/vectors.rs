//! The test vectors of the VDAF draft and of the L1-bounded sum, as the package `prio` carries them, through our own machine.

use aggregate::Refusal;
use aggregate::party::{Begun, Party};
use prio::codec::{Encode, ParameterizedDecode};
use prio::field::Field64;
use prio::flp::gadgets::{Mul, ParallelSum};
use prio::flp::types::SumVec;
use prio::vdaf::prio3::{
    Prio3, Prio3Count, Prio3Histogram, Prio3L1BoundSum, Prio3MultihotCountVec, Prio3Sum, Prio3SumVec,
};
use prio::vdaf::xof::XofTurboShake128;
use prio::vdaf::{Aggregator, Collector};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

/// Where cargo keeps the sources of `prio`: there, since this test was built from them.
fn folder() -> PathBuf {
    let answer = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&answer.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let prio = packages.iter().find(|p| p["name"] == "prio").unwrap();
    let manifest = PathBuf::from(prio["manifest_path"].as_str().unwrap());
    manifest.parent().unwrap().join("src/vdaf/test_vec")
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

/// Goes through a vector's operations as each aggregator. Returns how many were compared.
fn pass<V>(vector: &Value, vdaf: V, result: impl Fn(V::AggregateResult) -> Value) -> usize
where
    V: Aggregator<32, 16, AggregationParam = ()> + Collector,
{
    let key: [u8; 32] = bytes(&vector["verify_key"]).try_into().unwrap();
    let parties: Vec<Party<V>> = (0..number(&vector["shares"]))
        .map(|n| Party::new(vdaf.clone(), n, key, bytes(&vector["ctx"])))
        .collect();
    let mut begun: BTreeMap<(usize, usize), Begun<V>> = BTreeMap::new();
    let mut compared = 0;
    for operation in list(&vector["operations"]) {
        let report = operation["report_index"]
            .as_u64()
            .map(|at| usize::try_from(at).unwrap());
        let of = report.map(|at| &vector["reports"][at]);
        let who = operation["aggregator_id"]
            .as_u64()
            .map(|at| usize::try_from(at).unwrap());
        let good = operation["success"].as_bool().unwrap();
        compared += 1;
        match operation["operation"].as_str().unwrap() {
            // Sharding with given randomness is not open to users of the package.
            "shard" => compared -= 1,
            "verify_init" => {
                let (of, who) = (of.unwrap(), who.unwrap());
                let nonce: [u8; 16] = bytes(&of["nonce"]).try_into().unwrap();
                let share = bytes(&of["input_shares"][who]);
                let one = parties[who].begin(&nonce, &bytes(&of["public_share"]), &share).unwrap();
                assert_eq!(one.share, bytes(&of["verifier_shares"][0][who]));
                begun.insert((report.unwrap(), who), one);
            }
            "verifier_shares_to_message" => {
                let of = of.unwrap();
                let shares: Vec<Vec<u8>> = list(&of["verifier_shares"][0]).iter().map(bytes).collect();
                let shares: Vec<&[u8]> = shares.iter().map(Vec::as_slice).collect();
                for (who, party) in parties.iter().enumerate() {
                    let joined = party.join(&begun[&(report.unwrap(), who)].state, &shares);
                    match good {
                        true => assert_eq!(joined.unwrap(), bytes(&of["verifier_messages"][0])),
                        false => assert_eq!(joined, Err(Refusal::Proof)),
                    }
                }
            }
            "verify_next" => {
                let (of, who) = (of.unwrap(), who.unwrap());
                let state = begun[&(report.unwrap(), who)].state.clone();
                let share = parties[who].finish(state, &bytes(&of["verifier_messages"][0]));
                match (good, share) {
                    (true, Ok(share)) => assert_eq!(share.get_encoded().unwrap(), bytes(&of["out_shares"][who])),
                    (false, Err(why)) => assert_eq!(why, Refusal::Proof),
                    (good, _) => panic!("it should have been {good}"),
                }
            }
            "aggregate" => {
                let who = who.unwrap();
                let shares = list(&vector["reports"]).iter().map(|of| {
                    V::OutputShare::get_decoded_with_param(&(&vdaf, &()), &bytes(&of["out_shares"][who])).unwrap()
                });
                let sum = vdaf.aggregate(&(), shares).unwrap();
                assert_eq!(sum.get_encoded().unwrap(), bytes(&vector["agg_shares"][who]));
            }
            "unshard" => {
                let shares = list(&vector["agg_shares"])
                    .iter()
                    .map(|share| V::AggregateShare::get_decoded_with_param(&(&vdaf, &()), &bytes(share)).unwrap());
                let reports = list(&vector["reports"]).len();
                let found = vdaf.unshard(&(), shares, reports).unwrap();
                assert_eq!(result(found), vector["agg_result"]);
            }
            other => panic!("`{other}`"),
        }
    }
    compared
}

fn numbers(found: Vec<u128>) -> Value {
    found
        .into_iter()
        .map(|n| Value::from(u64::try_from(n).unwrap()))
        .collect()
}

#[test]
fn the_published_test_vectors_pass() {
    type Multiproof = Prio3<SumVec<Field64, ParallelSum<Field64, Mul>>, XofTurboShake128, 32>;
    let folder = folder();
    let files = ["18", "l1boundsum"].map(|name| std::fs::read_dir(folder.join(name)).unwrap());
    let mut passed = BTreeMap::<&str, (usize, usize)>::new();
    for file in files.into_iter().flatten() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let Some((kind, _)) = name.split_once('_').filter(|(kind, _)| kind.starts_with("Prio3")) else {
            continue;
        };
        let vector: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let n = u8::try_from(number(&vector["shares"])).unwrap();
        let of = |name: &str| number(&vector[name]);
        let (kind, compared) = match kind {
            "Prio3Count" => ("count", pass(&vector, Prio3Count::new_count(n).unwrap(), Value::from)),
            "Prio3Sum" => {
                let most = u64::try_from(of("max_measurement")).unwrap();
                ("sum", pass(&vector, Prio3Sum::new_sum(n, most).unwrap(), Value::from))
            }
            "Prio3SumVec" => {
                let most = of("max_measurement") as u128;
                let vdaf = Prio3SumVec::new_sum_vec(n, most, of("length"), of("chunk_length")).unwrap();
                ("sum of vectors", pass(&vector, vdaf, numbers))
            }
            "Prio3SumVecWithMultiproof" => {
                let most = of("max_measurement") as u64;
                let sum = SumVec::new(most, of("length"), of("chunk_length")).unwrap();
                let vdaf = Multiproof::new(n, 3, 0xffff_ffff, sum).unwrap();
                let result = |found: Vec<u64>| found.into_iter().map(Value::from).collect();
                ("three proofs", pass(&vector, vdaf, result))
            }
            "Prio3Histogram" => {
                let vdaf = Prio3Histogram::new_histogram(n, of("length"), of("chunk_length")).unwrap();
                ("histogram", pass(&vector, vdaf, numbers))
            }
            "Prio3MultihotCountVec" => {
                let (length, chunk) = (of("length"), of("chunk_length"));
                let vdaf = Prio3MultihotCountVec::new_multihot_count_vec(n, length, of("max_weight"), chunk).unwrap();
                ("multihot", pass(&vector, vdaf, numbers))
            }
            "Prio3L1BoundSum" => {
                let most = of("max_value") as u128;
                let vdaf = Prio3L1BoundSum::new_l1_bound_sum(n, most, of("length"), of("chunk_length")).unwrap();
                ("ours", pass(&vector, vdaf, numbers))
            }
            // A circuit that is there for testing `prio` itself, and not public.
            "Prio3HigherDegree" => continue,
            other => panic!("vectors of another kind: `{other}`"),
        };
        let sum = passed.entry(kind).or_default();
        *sum = (sum.0 + 1, sum.1 + compared);
    }
    let files: BTreeMap<&str, usize> = passed.iter().map(|(kind, (files, _))| (*kind, *files)).collect();
    let expected = [
        ("count", 7),
        ("histogram", 7),
        ("multihot", 3),
        ("ours", 1),
        ("sum", 3),
        ("sum of vectors", 2),
        ("three proofs", 2),
    ];
    assert_eq!(files, BTreeMap::from(expected));
    assert!(passed.values().map(|(_, compared)| compared).sum::<usize>() > 200);
}
