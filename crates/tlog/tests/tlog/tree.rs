//! Trees against RFC 6962's recursive definitions, written down as they stand there.

use proptest::prelude::{ProptestConfig, any, proptest};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use tlog::Hash;
use tlog::tree::{
    EMPTY_ROOT, Frontier, InvalidProof, MAX_SIZE, TileSource, TreeError, consistency_proof, inclusion_proof, leaf_hash,
    root_of, tile_width, verify_consistency, verify_inclusion,
};

fn entry(i: usize) -> Vec<u8> {
    format!("entry {i}").into_bytes()
}

fn entries(n: usize) -> Vec<Vec<u8>> {
    (0..n).map(entry).collect()
}

fn sha256(parts: &[&[u8]]) -> Hash {
    Sha256::digest(parts.concat()).into()
}

/// The largest power of two smaller than `n`.
fn split(n: usize) -> usize {
    let mut k = 1;
    while 2 * k < n {
        k *= 2;
    }
    k
}

/// RFC 6962, 2.1.
fn mth(d: &[Vec<u8>]) -> Hash {
    match d.len() {
        0 => sha256(&[]),
        1 => sha256(&[&[0], &d[0]]),
        n => {
            let (left, right) = d.split_at(split(n));
            sha256(&[&[1], &mth(left), &mth(right)])
        }
    }
}

/// RFC 6962, 2.1.1.
fn path(m: usize, d: &[Vec<u8>]) -> Vec<Hash> {
    if d.len() == 1 {
        return Vec::new();
    }
    let k = split(d.len());
    let (left, right) = d.split_at(k);
    let (mut proof, other) = if m < k {
        (path(m, left), mth(right))
    } else {
        (path(m - k, right), mth(left))
    };
    proof.push(other);
    proof
}

/// RFC 6962, 2.1.2.
fn proof(m: usize, d: &[Vec<u8>]) -> Vec<Hash> {
    fn subproof(m: usize, d: &[Vec<u8>], whole: bool) -> Vec<Hash> {
        if m == d.len() {
            return if whole { Vec::new() } else { vec![mth(d)] };
        }
        let k = split(d.len());
        let (left, right) = d.split_at(k);
        let (mut proof, other) = if m <= k {
            (subproof(m, left, whole), mth(right))
        } else {
            (subproof(m - k, right, false), mth(left))
        };
        proof.push(other);
        proof
    }
    subproof(m, d, true)
}

/// All tiles of one tree, as they are published at that size.
#[derive(Default)]
struct Tiles(BTreeMap<(u8, u64), Vec<u8>>);

impl Tiles {
    fn of(n: usize) -> (Self, Frontier) {
        let mut frontier = Frontier::default();
        let mut tiles = Self::default();
        for i in 0..n {
            frontier.append(&entry(i));
            for (level, index, hashes) in frontier.take_full_tiles() {
                assert_eq!(hashes.len(), 8192);
                assert!(
                    tiles.0.insert((level, index), hashes).is_none(),
                    "a tile becomes full once"
                );
            }
        }
        for (level, index, hashes) in frontier.partial_tiles() {
            assert!((1..256).contains(&(hashes.len() / 32)));
            assert!(tiles.0.insert((level, index), hashes).is_none());
        }
        (tiles, frontier)
    }
}

impl TileSource for Tiles {
    type Error = String;

    fn tile(&self, level: u8, index: u64, width: u16) -> Result<Vec<u8>, String> {
        let tile = self.0.get(&(level, index)).ok_or(format!("no tile {level}/{index}"))?;
        // Only the tile as published, never a narrower one: a proof must ask for what is there.
        if tile.len() == 32 * usize::from(width) {
            Ok(tile.clone())
        } else {
            Err(format!("no width {width}"))
        }
    }
}

/// Every size around the borders of tiles, and steps between.
fn sizes() -> impl Iterator<Item = usize> {
    (0..20)
        .chain(250..262)
        .chain(508..518)
        .chain(765..772)
        .chain((20..1500).step_by(97))
}

#[test]
fn the_empty_tree_has_the_hash_of_nothing() {
    let expected = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(hex::encode(EMPTY_ROOT), expected);
    assert_eq!(hex::encode(Frontier::default().root()), expected);
    assert_eq!(root_of([]), EMPTY_ROOT);
    // SHA-256 of the single byte 0: the tree of one empty entry.
    assert_eq!(
        hex::encode(root_of([[].as_slice()])),
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    );
}

#[test]
fn roots_are_those_of_the_recursive_definition() {
    let all = entries(1500);
    for n in sizes() {
        let (_, frontier) = Tiles::of(n);
        let expected = mth(&all[..n]);
        assert_eq!((frontier.size(), frontier.root()), (n as u64, expected), "{n}");
        assert_eq!(root_of(all[..n].iter().map(Vec::as_slice)), expected, "{n}");
    }
}

#[test]
fn tiles_hold_the_hashes_that_the_specification_defines() {
    let all = entries(70_000);
    let (tiles, _) = Tiles::of(70_000);
    // The example of tlog-tiles: 273 full and one of 112; one full and one of 17; one of 1.
    let widths = |level| {
        tiles
            .0
            .iter()
            .filter(move |((l, _), _)| *l == level)
            .map(|(_, tile)| tile.len() / 32)
    };
    assert_eq!(widths(0).filter(|w| *w == 256).count(), 273);
    assert_eq!(widths(0).filter(|w| *w != 256).collect::<Vec<_>>(), [112]);
    assert_eq!(widths(1).collect::<Vec<_>>(), [256, 17]);
    assert_eq!(widths(2).collect::<Vec<_>>(), [1]);
    assert_eq!(tiles.0.len(), 273 + 1 + 2 + 1);
    for ((level, index), tile) in &tiles.0 {
        assert_eq!(usize::from(tile_width(70_000, *level, *index)), tile.len() / 32);
        let span = 256_usize.pow(u32::from(*level));
        for (i, hash) in tile.chunks(32).enumerate().step_by(if *level == 0 { 51 } else { 16 }) {
            let start = (*index as usize * 256 + i) * span;
            assert_eq!(hash, mth(&all[start..start + span]), "{level}/{index} hash {i}");
        }
    }
    assert_eq!(tile_width(256, 0, 0), 256);
    assert_eq!(tile_width(256, 0, 1), 0);
    assert_eq!(tile_width(256, 1, 0), 1);
    assert_eq!(tile_width(u64::MAX, 0, u64::MAX), 0);
    assert_eq!(tile_width(5, 9, 0), 0);
}

#[test]
fn a_tree_resumed_at_any_size_goes_on_as_if_it_had_never_stopped() {
    let (all, mut whole) = Tiles::of(1100);
    for i in 1100..1300 {
        whole.append(&entry(i));
    }
    for n in 0..=1100 {
        let mut resumed = Frontier::resume(n, |level, index, width| {
            assert!((1..256).contains(&width));
            // The beginning of a tile is its earlier self.
            let tile = &all.0[&(level, index)];
            Ok::<_, String>(tile[..32 * usize::from(width)].to_vec())
        })
        .unwrap();
        assert_eq!(resumed.size(), n);
        for i in n..1300 {
            resumed.append(&entry(i as usize));
            for (level, index, hashes) in resumed.take_full_tiles() {
                let before = all.0.get(&(level, index)).filter(|tile| tile.len() == 8192);
                assert!(before.is_none_or(|tile| *tile == hashes), "{n}: {level}/{index}");
            }
        }
        assert_eq!(resumed.root(), whole.root(), "{n}");
        assert_eq!(resumed.partial_tiles(), whole.partial_tiles(), "{n}");
    }
}

#[test]
fn resuming_refuses_what_does_not_fit() {
    let resume =
        |size, bytes: usize| Frontier::resume(size, |_, _, _| Ok::<_, String>(vec![0; bytes])).map(|f| f.size());
    assert_eq!(resume(1, 32), Ok(1));
    assert_eq!(resume(MAX_SIZE, 32), Ok(MAX_SIZE), "a single hash at level 6");
    assert_eq!(resume(MAX_SIZE + 1, 32), Err(TreeError::TooLarge(MAX_SIZE + 1)));
    assert_eq!(
        resume(3, 95),
        Err(TreeError::TileSize {
            level: 0,
            index: 0,
            expected: 96,
            found: 95
        })
    );
    let failed = Frontier::resume(3, |_, _, _| Err("gone".to_owned())).map(|f| f.size());
    assert_eq!(failed, Err(TreeError::Source("gone".to_owned())));
}

#[test]
fn inclusion_proofs_are_those_of_the_recursive_definition() {
    let all = entries(1500);
    for n in sizes().filter(|n| *n > 0) {
        let (tiles, frontier) = Tiles::of(n);
        for m in (0..n).step_by(if n < 30 { 1 } else { 61 }).chain([n - 1]) {
            let built = inclusion_proof(n as u64, m as u64, &tiles).unwrap();
            assert_eq!(built, path(m, &all[..n]), "{m} of {n}");
            let check = |index, hash| verify_inclusion(hash, index, n as u64, frontier.root(), &built);
            assert_eq!(check(m as u64, leaf_hash(&entry(m))), Ok(()));
            assert_eq!(check(m as u64, leaf_hash(&entry(m + 1))), Err(InvalidProof));
            for other in (0..n + 2).filter(|other| *other != m).take(40) {
                assert_eq!(
                    check(other as u64, leaf_hash(&entry(m))),
                    Err(InvalidProof),
                    "{m} as {other} of {n}"
                );
            }
        }
    }
}

#[test]
fn consistency_proofs_are_those_of_the_recursive_definition() {
    let all = entries(1500);
    for new in (0..40).chain([255, 256, 257, 511, 513, 1031]) {
        let (tiles, frontier) = Tiles::of(new);
        for old in (0..=new)
            .step_by(if new < 40 { 1 } else { 17 })
            .chain([new.min(256), new.min(512), new])
        {
            let built = consistency_proof(old as u64, new as u64, &tiles).unwrap();
            if old > 0 {
                assert_eq!(built, proof(old, &all[..new]), "{old} to {new}");
            }
            let (old_root, new_root) = (mth(&all[..old]), frontier.root());
            let check =
                |old, old_root, new_root| verify_consistency(old as u64, old_root, new as u64, new_root, &built);
            assert_eq!(check(old, old_root, new_root), Ok(()), "{old} to {new}");
            assert_eq!(check(old, [1; 32], new_root), Err(InvalidProof), "{old} to {new}");
            if old > 0 {
                assert_eq!(check(old, old_root, [1; 32]), Err(InvalidProof), "{old} to {new}");
                assert_eq!(check(old - 1, old_root, new_root), Err(InvalidProof), "{old} to {new}");
            }
        }
    }
}

#[test]
fn what_cannot_be_proved_says_why() {
    let (tiles, _) = Tiles::of(300);
    assert_eq!(
        inclusion_proof(300, 300, &tiles),
        Err(TreeError::NoEntry { index: 300, size: 300 })
    );
    assert_eq!(
        inclusion_proof(0, 0, &tiles),
        Err(TreeError::NoEntry { index: 0, size: 0 })
    );
    assert_eq!(
        consistency_proof(2, 1, &tiles),
        Err(TreeError::Order { old: 2, new: 1 })
    );
    assert_eq!(inclusion_proof(u64::MAX, 0, &tiles), Err(TreeError::TooLarge(u64::MAX)));
    let missing = Err(TreeError::Source("no tile 0/1".to_owned()));
    let mut holes = Tiles::of(300).0;
    holes.0.remove(&(0, 1));
    assert_eq!(inclusion_proof(300, 0, &holes), missing);
    holes.0.insert((0, 1), Vec::new());
    assert!(matches!(inclusion_proof(300, 0, &holes), Err(TreeError::Source(_))));
    for size in [u64::MAX, MAX_SIZE + 1] {
        assert_eq!(verify_inclusion([0; 32], 0, size, [0; 32], &[]), Err(InvalidProof));
        assert_eq!(verify_consistency(1, [0; 32], size, [0; 32], &[]), Err(InvalidProof));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn one_flipped_bit_anywhere_in_a_proof_spoils_it(n in 2_usize..1500, at in any::<usize>(), flip in any::<usize>()) {
        let (tiles, frontier) = Tiles::of(n);
        let m = at % n;
        let (size, root, leaf) = (n as u64, frontier.root(), leaf_hash(&entry(m)));
        let mut built = inclusion_proof(size, m as u64, &tiles).unwrap();
        assert_eq!(verify_inclusion(leaf, m as u64, size, root, &built), Ok(()));
        let bit = flip % (built.len() * 256);
        built[bit / 256][bit / 8 % 32] ^= 1 << (bit % 8);
        assert_eq!(verify_inclusion(leaf, m as u64, size, root, &built), Err(InvalidProof));
        built[bit / 256][bit / 8 % 32] ^= 1 << (bit % 8);
        built.push([0; 32]);
        assert_eq!(verify_inclusion(leaf, m as u64, size, root, &built), Err(InvalidProof));

        let old = 1 + m;
        let old_root = root_of(entries(old).iter().map(Vec::as_slice));
        let mut built = consistency_proof(old as u64, size, &tiles).unwrap();
        assert_eq!(verify_consistency(old as u64, old_root, size, root, &built), Ok(()));
        if !built.is_empty() {
            let bit = flip % (built.len() * 256);
            built[bit / 256][bit / 8 % 32] ^= 1 << (bit % 8);
            assert_eq!(verify_consistency(old as u64, old_root, size, root, &built), Err(InvalidProof));
            built[bit / 256][bit / 8 % 32] ^= 1 << (bit % 8);
        }
        built.pop();
        assert!(old == n || verify_consistency(old as u64, old_root, size, root, &built).is_err());
    }
}
