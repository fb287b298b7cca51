//! The agreements in a log: whose keys, which texts, and what changed.

use crate::log::{Draft, Log, agreement, entries, good_agreement, key, public, sides};

/// A log of 300 entries with these public ones from 280 on. Entry 1 is `films@1`, unless `alone`.
fn log_with(more: &[Vec<u8>], alone: bool) -> Log {
    let log = Log::new();
    let mut all = entries(300);
    if alone {
        all[1] = all[0].clone();
    }
    for (place, bytes) in all[280..].iter_mut().zip(more) {
        *place = public(bytes);
    }
    log.write(&all);
    log
}

/// Both commands that look at agreements must find it; gives what `agreement` printed.
fn found(log: &Log, why: &str) -> String {
    let (exit, out) = log.run(&["fsck", "SOURCE"]);
    assert_eq!((exit, out.contains(why)), (1, true), "fsck, {why}: {out}");
    let (exit, out) = log.run(&["agreement", "SOURCE"]);
    assert_eq!((exit, out.contains(why)), (1, true), "agreement, {why}: {out}");
    out
}

#[test]
fn agreements_are_listed_with_the_keys_that_signed_them() {
    let log = log_with(&[good_agreement(2)], false);
    let (exit, out) = log.run(&["agreement", "SOURCE"]);
    assert_eq!(exit, 0, "{out}");
    let [platform, partner] = sides().map(|key| key.verifying_key());
    let listed = format!(
        "2026-11-23T00:00:00Z: agreement films@1 between \"Platform\" and \"Marquee\", 2026-11-01 to 2027-11-01: \
         signed by both keys\n  partner id   marquee\n  platform key {platform}\n  partner key  {partner}\n"
    );
    assert!(out.starts_with(&format!("index 1: {listed}index 280: ")), "{out}");
    assert!(
        out.contains("note: the log cannot tell whose keys these are: ask each partner"),
        "{out}"
    );
    assert!(out.contains("right: 300 entries"), "{out}");
}

#[test]
fn an_agreement_that_one_side_did_not_sign_is_wrong() {
    let [platform, partner] = sides();
    let stranger = key("marquee.example", 99);
    for (bytes, why) in [
        (agreement(1, &[&platform], |text| text), "signature of the partner"),
        (agreement(1, &[&partner], |text| text), "signature of the platform"),
        (
            agreement(1, &[&platform, &stranger], |text| text),
            "signature of the partner",
        ),
        (
            agreement(1, &[&platform, &partner], |text| text.replacen(':', ": ", 1)),
            "not in canonical form",
        ),
        (
            agreement(2, &[&platform, &partner], |text| text),
            "stands where version 1 must",
        ),
    ] {
        let out = found(&log_with(&[bytes], true), why);
        assert!(
            out.contains("wrong: tile/entries/001.p/44: index 280: agreement `films@"),
            "{out}"
        );
    }
}

#[test]
fn one_key_under_two_names_does_not_make_two_sides() {
    let mut draft = Draft::films(1);
    draft.partner = key("marquee.example", 11);
    found(&log_with(&[draft.signed(&[])], true), "names one key for both sides");
}

#[test]
fn a_public_entry_that_is_no_agreement_is_a_finding() {
    for (bytes, why) in [
        (
            b"parameters\n".to_vec(),
            "cannot be read as an agreement: not a signed note",
        ),
        (vec![0xff; 3], "cannot be read as an agreement: not UTF-8 text"),
        (
            tlog::note::sign("{}\n", &[&sides()[0]]).unwrap().into_bytes(),
            "cannot be read as an agreement: not an agreement document",
        ),
    ] {
        let out = found(&log_with(&[bytes], false), why);
        assert!(out.contains("wrong: tile/entries/001.p/44: index 280: "), "{out}");
    }
}

#[test]
fn a_key_that_changed_is_a_finding_unless_the_key_before_signed_the_change() {
    let stranger = key("marquee.example", 99);
    let next = |change: fn(&mut Draft)| {
        let mut draft = Draft::films(2);
        change(&mut draft);
        draft
    };
    let by_stranger = next(|d| d.partner = key("marquee.example", 99));
    let why = "the key of the partner changed";
    let out = found(&log_with(&[by_stranger.signed(&[])], false), why);
    let (old, new) = (sides()[1].verifying_key(), stranger.verifying_key());
    assert!(
        out.contains(&format!(
            "it is {new}, and was {old} in `films@1`, which did not sign this"
        )),
        "{out}"
    );
    let (exit, out) = log_with(&[by_stranger.signed(&[&sides()[1]])], false).run(&["agreement", "SOURCE"]);
    assert_eq!((exit, out.contains("which signed this as well")), (0, true), "{out}");

    // Another agreement of the same partner; a new key of the platform; the agreement handed to another partner.
    let other_agreement = next(|d| (d.id, d.version, d.partner) = ("music", 1, key("marquee.example", 99)));
    found(&log_with(&[other_agreement.signed(&[])], false), why);
    let platform = next(|d| d.platform = key("platform.example", 98));
    found(
        &log_with(&[platform.signed(&[])], false),
        "the key of the platform changed",
    );
    let handed_on = next(|d| d.partner_id = "other");
    found(
        &log_with(&[handed_on.signed(&[])], false),
        "is partner `other`'s, and `films@1` was partner `marquee`'s: ask both",
    );
    // The version after a change is compared with it: each change is told once.
    let third = next(|d| (d.version, d.partner) = (3, key("marquee.example", 99)));
    let log = log_with(&[by_stranger.signed(&[]), third.signed(&[])], false);
    assert_eq!(found(&log, why).matches(why).count(), 1);
}

#[test]
fn keys_can_be_pinned() {
    let log = log_with(&[], false);
    let [platform, partner] = sides().map(|key| key.verifying_key().to_string());
    let stranger = key("marquee.example", 99).verifying_key().to_string();
    let (exit, out) = log.run(&[
        "agreement",
        "SOURCE",
        "--partner-key",
        &partner,
        "--platform-key",
        &platform,
    ]);
    assert_eq!((exit, out.matches("(one you gave)").count()), (0, 2), "{out}");
    assert!(!out.contains("cannot tell whose keys"), "{out}");
    for command in ["agreement", "fsck"] {
        for side in ["partner", "platform"] {
            let (exit, out) = log.run(&[command, "SOURCE", &format!("--{side}-key"), &stranger]);
            let why = format!("agreement `films@1` is signed for the {side} by a key that is not one you gave: ");
            assert_eq!((exit, out.contains(&why)), (1, true), "{out}");
        }
    }
    let args = |id| ["agreement", "SOURCE", "--partner-key", &stranger, "--partner", id].map(str::to_owned);
    for (id, expected) in [("marquee", 1), ("other", 0)] {
        let args = args(id);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        assert_eq!(log.run(&args).0, expected, "{id}");
    }
    assert_eq!(log.run(&["agreement", "SOURCE", "--partner", "marquee"]).0, 2);
}

#[test]
fn the_same_text_twice_is_harmless_and_two_texts_for_a_version_are_not() {
    let log = log_with(&[good_agreement(1), good_agreement(2)], false);
    let (exit, out) = log.run(&["agreement", "SOURCE"]);
    assert_eq!(exit, 0, "{out}");
    assert!(
        out.contains("note         the same text as in entry 1, entered again: harmless"),
        "{out}"
    );
    let mut other = Draft::films(1);
    other.why = "To sell more films.";
    found(
        &log_with(&[other.signed(&[])], false),
        "agreement `films@1` has another text in entry 1: one version, two agreements",
    );
}
