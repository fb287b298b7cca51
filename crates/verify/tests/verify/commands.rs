//! Each command on sound logs, and what it refuses.

use crate::log::{DISCLOSURE, Log, entries, key, run_with};
use std::process::Command;
use tlog::leaf::Kind;
use tlog::note;
use verify::{Folder, VerifyError};

#[test]
fn a_sound_log_of_any_size_passes() {
    for n in [0, 1, 6, 255, 256, 257, 512, 600] {
        let log = Log::new();
        log.write(&entries(n));
        let (exit, out) = log.run(&["fsck", "SOURCE"]);
        assert_eq!(exit, 0, "{n}: {out}");
        assert!(out.starts_with(&format!("right: {n} entries in ")), "{out}");
        let (exit, out) = log.run(&["checkpoint", "SOURCE"]);
        assert_eq!((exit, out.contains(&format!("entries      {n}\n"))), (0, true), "{out}");
    }
}

#[test]
fn a_check_counts_the_entries_by_kind() {
    let log = Log::new();
    let report = verify::fsck(
        &Folder(log.write(&entries(600)).folder.clone()),
        &log.key.verifying_key(),
    )
    .unwrap();
    assert!(report.is_sound());
    let kinds = [
        (Kind::Private, 597),
        (Kind::Report, 1),
        (Kind::Public, 1),
        (Kind::Summary, 1),
    ];
    assert_eq!(report.kinds, kinds.into_iter().collect());
    assert_eq!((report.checkpoint.size, report.files), (600, 3 + 1 + 3));
}

#[test]
fn a_log_that_grew_is_consistent_and_one_that_changed_is_not() {
    let log = Log::new();
    let old = |name: &str| log.folder.join(name).to_str().unwrap().to_owned();
    for n in [0, 1, 200, 256, 300, 600] {
        log.write(&entries(n));
        log.put(&format!("old-{n}"), &log.get("checkpoint"));
    }
    for n in [0, 1, 200, 256, 300, 600] {
        let (exit, out) = log.run(&["consistency", &old(&format!("old-{n}")), "SOURCE"]);
        assert_eq!(exit, 0, "{n}: {out}");
        assert_eq!(
            out,
            format!("right: the log of 600 entries is that of {n} with more added\n")
        );
    }
    let mut other = entries(700);
    other[7] = other[8].clone();
    log.write(&other);
    for (n, exit) in [(0, 0), (1, 0), (200, 1), (256, 1), (300, 1), (600, 1)] {
        assert_eq!(
            log.run(&["consistency", &old(&format!("old-{n}")), "SOURCE"]).0,
            exit,
            "{n}"
        );
    }
    assert_eq!(
        log.run(&["fsck", "SOURCE"]).0,
        0,
        "it is sound by itself: only the older checkpoint tells"
    );
    log.write(&entries(500));
    let (exit, out) = log.run(&["consistency", &old("old-600"), "SOURCE"]);
    assert_eq!(
        (exit, out.contains("shows 500 entries, fewer than the 600")),
        (1, true),
        "{out}"
    );
    log.write(&other[..600]);
    let (exit, out) = log.run(&["consistency", &old("old-600"), "SOURCE"]);
    assert_eq!(
        (exit, out.contains("two different logs of 600 entries")),
        (1, true),
        "{out}"
    );
    assert_eq!(log.run(&["consistency", &old("none"), "SOURCE"]).0, 3);
}

#[test]
fn receipts_say_who_when_what_and_how_much() {
    let log = Log::new();
    let [person, partner] = log.write(&entries(300)).receipts();
    log.put("person", person.as_bytes());
    log.put("partner", partner.as_bytes());
    let file = |name: &str| log.folder.join(name).to_str().unwrap().to_owned();
    let (exit, out) = log.run(&["receipt", &file("person"), "--log", "SOURCE"]);
    assert_eq!(exit, 0, "{out}");
    let ids = hex_root(["a", "b", "c"]);
    assert_eq!(
        out,
        format!(
            "right: the receipt is proved by the log's signed checkpoint, which belongs to the log as it is now
entry {DISCLOSURE} of the log `log.example` (300 entries)
2026-11-23T00:00:01.5Z: partner `marquee` was given data of this inbox
  client       cl_tv
  grant        grt_1
  agreement    films@1
  purpose      recommendations
  fields       mentions
  messages     3
  message ids  {ids}
  bytes sent   777
  request      req_1
for the person only: number 4 of her entries
  withheld     12 messages: its author has not agreed
  withheld     1 message: its author wants to be asked
"
        )
    );
    let (exit, out) = log.run(&["receipt", &file("partner")]);
    assert_eq!(
        (exit, out.contains("given data"), out.contains("withheld")),
        (0, true, false),
        "{out}"
    );

    // The log goes on, and the receipt still belongs to it; or it is exchanged, and the receipt gives that away.
    log.write(&entries(600));
    assert_eq!(log.run(&["receipt", &file("person"), "--log", "SOURCE"]).0, 0);
    let mut other = entries(600);
    other[DISCLOSURE] = other[7].clone();
    log.write(&other);
    assert_eq!(log.run(&["receipt", &file("person")]).0, 0);
    assert_eq!(log.run(&["receipt", &file("person"), "--log", "SOURCE"]).0, 1);

    log.put("person", person.replacen("index 2", "index 3", 1).as_bytes());
    let (exit, out) = log.run(&["receipt", &file("person")]);
    assert_eq!(
        (exit, out.contains("person: entry 3 is not in the log")),
        (1, true),
        "{out}"
    );
    assert_eq!(run_with(&key("log.example", 2), &["receipt", &file("partner")]).0, 1);
    assert_eq!(log.run(&["receipt", &file("nothing")]).0, 3);
}

fn hex_root<const N: usize>(ids: [&str; N]) -> String {
    tlog::body::ids_root(ids)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[test]
fn witnesses_may_sign_too_and_only_the_logs_key_counts() {
    let log = Log::new();
    log.write(&entries(10));
    let checkpoint = String::from_utf8(log.get("checkpoint")).unwrap();
    let cosigned = note::add_signature(&checkpoint, &key("witness.example", 7)).unwrap();
    log.put("checkpoint", cosigned.as_bytes());
    assert_eq!(log.run(&["fsck", "SOURCE"]).0, 0);
    let folder = log.folder.to_str().unwrap();
    for stranger in [key("log.example", 2), key("witness.example", 7)] {
        let (exit, out) = run_with(&stranger, &["fsck", folder]);
        assert_eq!((exit, out.starts_with("wrong: checkpoint: ")), (1, true), "{out}");
    }
    let source = Folder(log.folder.clone());
    let error = verify::fsck(&source, &key("log.example", 2).verifying_key()).unwrap_err();
    assert!(matches!(error, VerifyError::Wrong(finding) if finding.file == "checkpoint"));
}

#[test]
fn the_program_answers_with_its_exit_code() {
    let log = Log::new();
    log.write(&entries(10));
    let key = log.key.verifying_key().to_string();
    let folder = log.folder.to_str().unwrap();
    let run = |args: &[&str]| {
        let run = Command::new(env!("CARGO_BIN_EXE_privity-verify"))
            .args(args)
            .output()
            .unwrap();
        (
            run.status.code().unwrap(),
            String::from_utf8(run.stdout).unwrap(),
            String::from_utf8(run.stderr).unwrap(),
        )
    };
    assert_eq!(run(&["fsck", folder, "--key", &key]).0, 0);
    assert_eq!(run(&["fsck", folder]).0, 2);
    assert_eq!(run(&["fsck", folder, "--key", "nonsense"]).0, 2);
    assert_eq!(run(&["nonsense"]).0, 2);
    assert_eq!(run(&[]).0, 2);
    let (exit, out, err) = run(&["--help"]);
    assert_eq!((exit, out.contains("Exit codes"), err.as_str()), (0, true, ""), "{out}");
    let (exit, out, _) = run(&["fsck", "no/such/folder", "--key", &key]);
    assert_eq!(
        (exit, out.contains("no/such/folder: neither a folder nor")),
        (3, true),
        "{out}"
    );
    log.put("checkpoint", b"nonsense");
    assert_eq!(run(&["fsck", folder, "--key", &key]).0, 1);
    log.remove("checkpoint");
    let (exit, out, _) = run(&["fsck", folder, "--key", &key]);
    assert_eq!(
        (exit, out.as_str()),
        (3, "could not be read: checkpoint: there is no such file\n")
    );
}
