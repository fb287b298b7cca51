//! A partner's report, held to its agreement in the log.

use crate::log::{Draft, Log, entries, public, sides};
use model::Agreement;
use report::{Calendar, Counts, Domain, Filed, Head, Previous};

/// A log with `films@1`, and a report of its first period.
fn report_of(sends: u64, replaces: Option<Previous>) -> Vec<u8> {
    let agreement = Agreement::parse(&Draft::films(1).text()).unwrap();
    let period = Calendar::of(&agreement).unwrap().period(1).unwrap();
    let mut counts = Counts::new(Domain::of(&agreement).unwrap(), period);
    let key = counts.domain().key(3, "tv", "search", "a", "platform").unwrap();
    let cell = counts.get_mut(&key).unwrap();
    (cell.sends, cell.unique_senders) = (sends, 1);
    let head = Head {
        agreement: agreement.reference(),
        replaces,
        explanations: Vec::new(),
    };
    report::build(&counts, &head, &sides()[1]).unwrap()
}

fn log() -> Log {
    let log = Log::new();
    log.write(&entries(300));
    log
}

fn run(log: &Log, zip: &[u8], more: &[&str]) -> (u8, String) {
    log.put("report.zip", zip);
    let file = log.folder.join("report.zip").to_str().unwrap().to_owned();
    log.run(&[&["report", &file, "SOURCE"], more].concat())
}

#[test]
fn a_report_under_an_agreement_in_the_log_is_right_and_told() {
    let (log, zip) = (log(), report_of(41, None));
    let key = sides()[1].verifying_key().to_string();
    let (exit, out) = run(&log, &zip, &["--partner-key", &key]);
    assert_eq!(exit, 0, "{out}");
    let told = format!(
        "right: the report of period 1 (2026-11-01 to 2026-11-14) under films@1 is in order, and signed by `{key}`\n  \
         revision     1\n  SHA-256      {}\n  sends           41\n",
        hex::encode(report::hash(&zip))
    );
    assert!(out.starts_with(&told), "{out}");
}

#[test]
fn a_tampered_report_and_one_under_no_sound_agreement_are_wrong() {
    let (log, mut zip) = (log(), report_of(41, None));
    let middle = zip.len() / 2;
    zip[middle] ^= 1;
    let (exit, out) = run(&log, &zip, &[]);
    assert_eq!((exit, out.contains("report.zip: 1 faults: ")), (1, true), "{out}");

    // The only agreement in the log is not signed by both.
    let unsigned = Log::new();
    let mut all = entries(300);
    all[1] = all[0].clone();
    all[280] = public(Draft::films(1).text().as_bytes());
    unsigned.write(&all);
    let (exit, out) = run(&unsigned, &report_of(41, None), &[]);
    assert_eq!((exit, out.contains("no sound agreement films@1")), (1, true), "{out}");

    // The key that the partner told the auditor is another.
    let other = crate::log::key("marquee.example", 99).verifying_key().to_string();
    let (exit, out) = run(&log, &report_of(41, None), &["--partner-key", &other]);
    assert_eq!((exit, out.contains("no sound agreement films@1")), (1, true), "{out}");
}

#[test]
fn a_revision_names_the_one_before() {
    let (log, first) = (log(), report_of(41, None));
    let previous = Previous {
        revision: 1,
        hash: report::hash(&first),
    };
    let second = report_of(42, Some(previous));
    log.put("first.zip", &first);
    log.put("other.zip", &report_of(40, None));
    let file = |name: &str| log.folder.join(name).to_str().unwrap().to_owned();
    let (exit, out) = run(&log, &second, &["--replaces", &file("first.zip")]);
    assert_eq!(
        (
            exit,
            out.contains("revision     2\n"),
            out.contains("note: the revision")
        ),
        (0, true, false),
        "{out}"
    );
    let (exit, out) = run(&log, &second, &["--replaces", &file("other.zip")]);
    assert_eq!(
        (exit, out.contains("manifest.note:6:previous: previous: ")),
        (1, true),
        "{out}"
    );
    let (exit, out) = run(&log, &second, &[]);
    assert_eq!(
        (exit, out.contains("note: the revision before was not given")),
        (0, true),
        "{out}"
    );
}

#[test]
fn the_log_says_which_reports_were_filed_and_a_chain_with_a_hole_or_another_signature_is_found() {
    use crate::log::{filed, reported, said};
    use report::{Entry, Outcome, Suspension};
    let zip = report_of(41, None);
    let hash = report::hash(&zip);
    let first = |outcome| said(1, hash, None, outcome);
    let all = |reports: Vec<Vec<u8>>| {
        let mut all = entries(12);
        all[4] = all[3].clone();
        all.extend(reports);
        let log = Log::new();
        log.write(&all);
        log
    };
    let sound = all(vec![
        filed(&said(1, [1; 32], None, Some(Outcome::Refused))),
        filed(&first(Some(Outcome::Explained))),
        // The operator's word on the same.
        filed(&first(Some(Outcome::Accepted))),
        filed(&said(2, [2; 32], Some(hash), None)),
    ]);
    let (exit, out) = run(&sound, &zip, &[]);
    assert_eq!((exit, out.contains("entry 14: accepted")), (0, true), "{out}");
    assert_eq!(sound.run(&["fsck", "SOURCE"]).0, 0);

    let suspension = |suspended| {
        let Filed {
            agreement, period, at, ..
        } = first(None);
        reported(&Entry::Standing(Suspension {
            agreement,
            period,
            suspended,
            at,
        }))
    };
    assert_eq!(
        all(vec![suspension(true), suspension(false)])
            .run(&["fsck", "SOURCE"])
            .0,
        0
    );
    let mut other = first(None);
    other.agreement = "films@2".parse().unwrap();
    let mut period = first(None);
    period.period.number = 2;
    let signed_by_another = {
        let note = tlog::note::sign(&Entry::Filed(first(None)).to_string(), &[&sides()[1]]).unwrap();
        tlog::leaf::Leaf::public(tlog::leaf::Kind::Report, crate::log::START, note.as_bytes()).unwrap()
    };
    for (wrong, why) in [
        (
            vec![filed(&said(2, [2; 32], Some([1; 32]), None))],
            "stands where 1 must",
        ),
        (
            vec![filed(&first(None)), filed(&said(2, [2; 32], Some([9; 32]), None))],
            "names another before it",
        ),
        (vec![filed(&other)], "does not stand before it"),
        (vec![filed(&period)], "has no period"),
        (vec![suspension(false)], "stood so already"),
        (vec![signed_by_another], "not signed by the platform"),
    ] {
        let (exit, out) = all(wrong).run(&["fsck", "SOURCE"]);
        assert_eq!((exit, out.contains(why)), (1, true), "{why}: {out}");
    }
    let unfiled = all(vec![]);
    let (exit, out) = run(&unfiled, &zip, &[]);
    assert_eq!(
        (exit, out.contains("note: the log does not say that it was filed")),
        (0, true),
        "{out}"
    );
}
