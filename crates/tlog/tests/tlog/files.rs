//! Paths, bundles and proof files.

use proptest::prelude::{ProptestConfig, any, prop, proptest};
use tlog::bundle::{self, BundleError};
use tlog::checkpoint::Checkpoint;
use tlog::note::SigningKey;
use tlog::path::TilePath;
use tlog::proof::{Proof, ProofError};
use tlog::tree::{leaf_hash, node_hash, root_of};

#[test]
fn paths_are_those_of_the_specification() {
    for (path, text) in [
        (
            TilePath::Hashes {
                level: 0,
                index: 1_234_067,
                width: 256,
            },
            "tile/0/x001/x234/067",
        ),
        (
            TilePath::Hashes {
                level: 0,
                index: 0,
                width: 256,
            },
            "tile/0/000",
        ),
        (
            TilePath::Hashes {
                level: 1,
                index: 999,
                width: 17,
            },
            "tile/1/999.p/17",
        ),
        (
            TilePath::Hashes {
                level: 63,
                index: 1_000,
                width: 255,
            },
            "tile/63/x001/000.p/255",
        ),
        (TilePath::Entries { index: 273, width: 112 }, "tile/entries/273.p/112"),
        (
            TilePath::Entries {
                index: 1_000_000,
                width: 256,
            },
            "tile/entries/x001/x000/000",
        ),
    ] {
        assert_eq!(path.to_string(), text);
        assert_eq!(text.parse(), Ok(path), "{text}");
    }
}

#[test]
fn only_the_exact_path_is_a_path() {
    for text in [
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/0000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/+1/000",
        "tile/0/+00",
        "tile/0/001/002",
        "tile/0/x001",
        "tile/0/x001/x002",
        "tile/0/x000/001",
        "tile/0/xx01/001",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/1/",
        "tile/0/000.p/",
        "tile/0/000.p/1.p/1",
        "tile/data/000",
        "tile/8/0/000/x",
        "/tile/0/000",
        "tile/0/../000",
        "tile/0/x018/x446/x744/x073/x709/x551/615",
        "tile/entries/x999/x999/x999/x999/999",
    ] {
        assert!(text.parse::<TilePath>().is_err(), "{text}");
    }
}

#[test]
fn bundles_are_strict() {
    let bytes = bundle::encode(&[b"ab".as_slice(), b"", b"c"]).unwrap();
    assert_eq!(bytes, b"\0\x02ab\0\0\0\x01c");
    assert_eq!(bundle::decode(&bytes, 3), Ok(vec![b"ab".as_slice(), b"", b"c"]));
    assert_eq!(
        bundle::decode(&bytes, 2),
        Err(BundleError::Count { expected: 2, found: 3 })
    );
    assert_eq!(bundle::decode(&bytes[..8], 3), Err(BundleError::Truncated(2)));
    assert_eq!(bundle::decode(&bytes[..7], 3), Err(BundleError::Truncated(2)));
    assert_eq!(bundle::decode(&bytes[..3], 3), Err(BundleError::Truncated(0)));
    assert_eq!(
        bundle::decode(b"", 1),
        Err(BundleError::Count { expected: 1, found: 0 })
    );
    assert_eq!(bundle::decode(&[0; 2 * 256], 256).map(|entries| entries.len()), Ok(256));
    assert_eq!(bundle::decode(&[0; 2 * 257], 256), Err(BundleError::TooManyEntries));
    assert_eq!(bundle::encode(&vec![b""; 257]), Err(BundleError::TooManyEntries));
    assert_eq!(
        bundle::encode(&[vec![0; 65_536]]),
        Err(BundleError::EntryTooLong(65_536))
    );
    assert!(bundle::encode(&[vec![0; 65_535]]).is_ok());
}

fn log_of_three() -> (SigningKey, String) {
    let key = SigningKey::generate("log.example", &[1; 32]).unwrap();
    let root = root_of([b"a".as_slice(), b"b", b"c"]);
    let checkpoint = Checkpoint::new("log.example", 3, root).sign(&key).unwrap();
    (key, checkpoint)
}

#[test]
fn a_proof_file_reads_as_the_specification_shows() {
    let (key, checkpoint) = log_of_three();
    let pair = node_hash(leaf_hash(b"a"), leaf_hash(b"b"));
    let proof = Proof {
        extra: Some(b"hi".to_vec()),
        index: 2,
        hashes: vec![pair],
        checkpoint,
    };
    let text = proof.to_string();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[..3], ["c2sp.org/tlog-proof@v1", "extra aGk=", "index 2"]);
    assert_eq!(
        (lines[3].len(), lines[4], lines[5], lines[6]),
        (44, "", "log.example", "3")
    );
    assert_eq!(text.parse(), Ok(proof.clone()));
    assert_eq!(proof.verify(b"c", &key.verifying_key()).unwrap().size, 3);
    let not_included = Err(ProofError::NotIncluded { index: 2, size: 3 });
    assert_eq!(proof.verify(b"b", &key.verifying_key()), not_included);

    for (from, to) in [
        ("@v1", "@v2"),
        ("index 2", "index 02"),
        ("index 2", "index +2"),
        ("index 2\n", ""),
        ("extra aGk=", "extra aGk"),
        ("extra aGk=", "extra aGl="),
        ("extra", "Extra"),
        ("=\n\nlog", "=\nlog"),
        ("\n\nlog", "\n \n\nlog"),
        ("\nindex", "\r\nindex"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        assert!(changed.parse::<Proof>().is_err(), "{from} -> {to}");
    }
    let without = Proof { extra: None, ..proof };
    assert_eq!(without.to_string().parse(), Ok(without.clone()));
    let empty_extra = Proof {
        extra: Some(Vec::new()),
        ..without
    };
    assert_eq!(empty_extra.to_string().parse(), Ok(empty_extra));
}

#[test]
fn proof_files_have_limits() {
    let (_, checkpoint) = log_of_three();
    let proof = |extra: usize, hashes: usize| {
        let proof = Proof {
            extra: Some(vec![0; extra]),
            index: 0,
            hashes: vec![[0; 32]; hashes],
            checkpoint: checkpoint.clone(),
        };
        proof.to_string().parse::<Proof>().map(|_| ())
    };
    assert_eq!(proof(100_000, 64), Ok(()));
    assert_eq!(proof(100_001, 64), Err(ProofError::ExtraTooLong(100_001)));
    assert_eq!(proof(0, 65), Err(ProofError::TooManyHashes));
    let long = "x".repeat(1_200_001);
    assert_eq!(long.parse::<Proof>(), Err(ProofError::TooLong(1_200_001)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn paths_round_trip(level in 0_u8..64, index in 0_u64..1 << 40, shift in 0_u32..40, width in 1_u16..=256) {
        let index = index >> shift;
        for path in [TilePath::Hashes { level, index, width }, TilePath::Entries { index, width }] {
            assert_eq!(path.to_string().parse(), Ok(path));
        }
    }

    #[test]
    fn any_text_is_refused_or_comes_out_the_same(text in "(tile/)?[0-9xe/.p]{0,24}") {
        if let Ok(path) = text.parse::<TilePath>() {
            assert_eq!(path.to_string(), text);
        }
    }

    #[test]
    fn bundles_round_trip(entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..256)) {
        let bytes = bundle::encode(&entries).unwrap();
        assert_eq!(bundle::decode(&bytes, entries.len() as u16).unwrap(), entries);
        assert!(bundle::decode(&bytes[..bytes.len() - 1], entries.len() as u16).is_err());
    }

    #[test]
    fn any_bytes_are_refused_or_a_bundle(bytes in prop::collection::vec(any::<u8>(), 0..300), width in 0_u16..300) {
        if let Ok(entries) = bundle::decode(&bytes, width) {
            assert_eq!(bundle::encode(&entries), Ok(bytes));
        }
    }
}
