//! Every file damaged in turn, in every way: the check names that file and no other.

use crate::log::{Log, entries};
use tlog::bundle;
use tlog::checkpoint::Checkpoint;
use tlog::leaf::Leaf;
use tlog::tree::Frontier;
use verify::{Folder, FsckReport};

fn fsck(log: &Log) -> FsckReport {
    verify::fsck(&Folder(log.folder.clone()), &log.key.verifying_key()).unwrap()
}

fn blamed(log: &Log) -> Vec<String> {
    let mut files: Vec<_> = fsck(log).findings.into_iter().map(|finding| finding.file).collect();
    files.sort();
    files
}

fn damages(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let n = bytes.len();
    let mut all = vec![
        ("cut", bytes[..n - 1].to_vec()),
        ("halved", bytes[..n / 2].to_vec()),
        ("emptied", Vec::new()),
        ("lengthened", [bytes, b"\0"].concat()),
        ("zeroed", vec![0; n]),
    ];
    for at in [0, 1, 2, 3, 40, n / 3, n / 2, n.saturating_sub(33), n - 1] {
        let mut flipped = bytes.to_vec();
        flipped[at.min(n - 1)] ^= 4;
        all.push(("flipped", flipped));
    }
    all
}

#[test]
fn each_damaged_file_is_named_and_no_other() {
    for n in [1, 256, 300, 600] {
        let log = Log::new();
        let files = log.write(&entries(n)).files();
        for file in &files {
            let good = log.get(file);
            for (how, bad) in damages(&good) {
                log.put(file, &bad);
                let (exit, out) = log.run(&["fsck", "SOURCE"]);
                assert_eq!(exit, 1, "{n}: {file} {how}: {out}");
                assert!(out.contains(&format!("wrong: {file}: ")), "{n}: {file} {how}: {out}");
                if file != "checkpoint" {
                    assert_eq!(blamed(&log), [file.as_str()], "{n}: {how}");
                }
            }
            log.remove(file);
            let (exit, out) = log.run(&["fsck", "SOURCE"]);
            let expected = if file == "checkpoint" { 3 } else { 1 };
            assert_eq!(
                (exit, out.contains(file.as_str())),
                (expected, true),
                "{n}: {file} removed: {out}"
            );
            log.put(file, &good);
        }
        assert_eq!(log.run(&["fsck", "SOURCE"]).0, 0, "{n}: mended");
    }
}

#[test]
fn the_index_of_the_first_wrong_entry_or_hash_is_told() {
    let log = Log::new();
    let all = entries(600);
    log.write(&all);
    let first = |path: &str, bytes: &[u8]| {
        let good = log.get(path);
        log.put(path, bytes);
        let findings = fsck(&log).findings;
        log.put(path, &good);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].file, path);
        findings[0].index
    };
    for entry in [0, 100, 255, 256, 511, 512, 599] {
        let (bundle, start) = (entry / 256, entry / 256 * 256);
        let mut chunk = all[start..(start + 256).min(600)].to_vec();
        chunk[entry - start][70] ^= 1;
        chunk.last_mut().unwrap()[71] ^= 1;
        let width = if bundle == 2 { ".p/88" } else { "" };
        let path = format!("tile/entries/{bundle:03}{width}");
        assert_eq!(first(&path, &bundle::encode(&chunk).unwrap()), Some(entry as u64));
        let path = format!("tile/0/{bundle:03}{width}");
        let mut tile = log.get(&path);
        tile[(entry - start) * 32] ^= 1;
        assert_eq!(first(&path, &tile), Some(entry as u64));
    }
    let mut tile = log.get("tile/1/000.p/2");
    tile[63] ^= 1;
    assert_eq!(first("tile/1/000.p/2", &tile), Some(1));
}

#[test]
fn damage_to_several_files_names_each() {
    let flip = |log: &Log, path: &str, at: usize| {
        let mut bytes = log.get(path);
        bytes[at] ^= 1;
        log.put(path, &bytes);
    };
    for files in [
        ["tile/0/000", "tile/entries/000"],
        ["tile/0/000", "tile/entries/001"],
        ["tile/0/000", "tile/entries/002.p/88"],
        ["tile/0/002.p/88", "tile/entries/000"],
        ["tile/0/002.p/88", "tile/1/000.p/2"],
        ["tile/1/000.p/2", "tile/entries/001"],
        ["tile/entries/000", "tile/entries/001"],
    ] {
        let log = Log::new();
        log.write(&entries(600));
        files
            .iter()
            .for_each(|file| flip(&log, file, 1000 % log.get(file).len()));
        let blamed = blamed(&log);
        for file in files {
            assert!(blamed.iter().any(|blamed| blamed == file), "{files:?}: {blamed:?}");
        }
    }
}

#[test]
fn a_log_rewritten_under_its_checkpoint_is_noticed() {
    let log = Log::new();
    let mut all = entries(600);
    let signed = log.write(&all).get("checkpoint");
    all[300] = all[301].clone();
    log.write(&all).put("checkpoint", &signed);
    assert_eq!(blamed(&log), ["checkpoint"]);
    assert_eq!(log.run(&["fsck", "SOURCE"]).0, 1);

    // Only its newest part: the tile and the bundle agree with each other, and not with the root.
    let log = Log::new();
    let mut all = entries(600);
    let signed = log.write(&all).get("checkpoint");
    all.swap(598, 599);
    log.write(&all).put("checkpoint", &signed);
    assert_eq!(blamed(&log), ["checkpoint"]);

    // An old part, with the tiles above left as they were.
    let log = Log::new();
    let mut all = entries(600);
    log.write(&all);
    let edge = ["checkpoint", "tile/1/000.p/2"].map(|path| (path, log.get(path)));
    all.swap(7, 8);
    log.write(&all);
    edge.iter().for_each(|(path, bytes)| log.put(path, bytes));
    assert_eq!(blamed(&log), ["tile/0/000", "tile/entries/000"]);
}

#[test]
fn an_entry_that_is_no_leaf_is_named_even_if_it_is_signed() {
    for (at, entry, why) in [
        (3, b"junk".to_vec(), "at least 80 bytes"),
        (
            270,
            [Leaf::decode(&entries(1)[0]).unwrap().0.encode().as_slice(), b"x"].concat(),
            "no public bytes",
        ),
        (
            9,
            [&entries(4)[1][..80], b"other"].concat(),
            "not the SHA-256 of the public bytes",
        ),
    ] {
        let log = Log::new();
        let mut all = entries(300);
        all[at] = entry;
        log.write(&all);
        let findings = fsck(&log).findings;
        assert_eq!(
            (findings.len(), findings[0].index),
            (1, Some(at as u64)),
            "{findings:?}"
        );
        assert!(findings[0].what.contains(why), "{findings:?}");
    }
}

#[test]
fn a_full_tile_serves_for_a_partial_one_that_is_gone() {
    let log = Log::new();
    log.write(&entries(520));
    let signed = log.write(&entries(500)).get("checkpoint");
    log.write(&entries(520)).put("checkpoint", &signed);
    log.remove("tile/0/001.p/244");
    log.remove("tile/entries/001.p/244");
    let (exit, out) = log.run(&["fsck", "SOURCE"]);
    assert_eq!(exit, 0, "{out}");
    let old = log.folder.join("old");
    log.put("old", &signed);
    log.write(&entries(500));
    log.remove("tile/0/001.p/244");
    assert_eq!(log.run(&["consistency", old.to_str().unwrap(), "SOURCE"]).0, 0);
}

#[test]
fn a_hopeless_log_ends_the_check_early() {
    let log = Log::new();
    let mut frontier = Frontier::default();
    (0_u32..60_000).for_each(|i| frontier.append(&i.to_be_bytes()));
    let checkpoint = Checkpoint::new("log.example", 60_000, frontier.root());
    log.put("checkpoint", checkpoint.sign(&log.key).unwrap().as_bytes());
    let report = fsck(&log);
    assert_eq!((report.findings.len(), report.stopped), (verify::FINDINGS_LIMIT, true));
    let (exit, out) = log.run(&["fsck", "SOURCE"]);
    assert_eq!(
        (exit, out.contains("stopped after 100 wrong files")),
        (1, true),
        "{out}"
    );
}

/// 66,000 entries: the level-1 tile is full, and there is a level 2.
#[test]
fn deep_tiles_are_checked_as_well() {
    let log = Log::new();
    log.write(&entries(66_000));
    assert_eq!(blamed(&log), [""; 0]);
    for file in [
        "tile/1/000",
        "tile/1/001.p/1",
        "tile/2/000.p/1",
        "tile/0/200",
        "tile/entries/200",
        "tile/0/257.p/208",
    ] {
        let good = log.get(file);
        let mut bad = good.clone();
        bad[17] ^= 1;
        log.put(file, &bad);
        assert_eq!(blamed(&log), [file]);
        log.remove(file);
        assert_eq!(blamed(&log), [file]);
        log.put(file, &good);
    }
    // The deep tile is gone, and an old entry was changed meanwhile.
    log.remove("tile/1/000");
    let good = log.get("tile/entries/003");
    let mut bad = good.clone();
    bad[60] ^= 1;
    log.put("tile/entries/003", &bad);
    let blamed = blamed(&log);
    assert!(
        blamed.contains(&"tile/1/000".to_owned()) && blamed.len() >= 2,
        "{blamed:?}"
    );
}
