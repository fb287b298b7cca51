use crate::made::{agreement, counts, domain, key, period};
use model::Time;
use report::{
    Counts, Entry, Filed, Outcome, RecipientKind, Seed, SeedFault, Suspension, Tolerance, receipt, reconcile, seeded,
};
use tlog::leaf::{Kind, Leaf};
use tlog::tree::{Frontier, leaf_hash};
use tlog::{checkpoint, note};

fn filed() -> Filed {
    Filed {
        agreement: agreement().reference(),
        period: period(),
        revision: 2,
        hash: [7; 32],
        previous: Some([8; 32]),
        outcome: Some(Outcome::Explained),
        compared: 300,
        differences: 2,
        sends: 41,
        clicks: 12,
        at: period().ends(),
    }
}

#[test]
fn an_entry_has_one_text_and_reads_back() {
    let suspension = Suspension {
        agreement: agreement().reference(),
        period: period(),
        suspended: true,
        at: period().ends(),
    };
    let mut all = vec![
        Entry::Standing(suspension.clone()),
        Entry::Standing(Suspension {
            suspended: false,
            ..suspension
        }),
        Entry::Filed(Filed {
            previous: None,
            outcome: None,
            ..filed()
        }),
    ];
    all.extend(Outcome::ALL.map(|outcome| {
        Entry::Filed(Filed {
            outcome: Some(outcome),
            ..filed()
        })
    }));
    for entry in all {
        let text = entry.to_string();
        assert_eq!(text.parse::<Entry>().unwrap(), entry);
        for bad in [
            text.to_uppercase(),
            format!("{text}more\n"),
            text.trim_end().to_owned(),
            text.replacen("period 2", "period 02", 1),
            text.replacen("v1", "v2", 1),
            text.replacen("at ", "at  ", 1),
        ] {
            assert!(bad.parse::<Entry>().is_err(), "{bad}");
        }
    }
}

#[test]
fn a_receipt_is_of_one_report_and_one_log_and_signed_by_the_platform() {
    let (log, platform, other) = (key(2), key(3), key(4));
    let entry_of = |entry: Entry, kind| {
        let note = note::sign(&entry.to_string(), &[&platform]).unwrap();
        Leaf::public(kind, 0, note.as_bytes()).unwrap()
    };
    let proved = |entry: &[u8]| {
        let mut tree = Frontier::default();
        tree.append(entry);
        let head = checkpoint::Checkpoint {
            origin: log.name().to_owned(),
            size: 1,
            root: leaf_hash(entry),
        };
        assert_eq!(tree.root(), head.root);
        receipt::write(entry, 0, Vec::new(), &head.sign(&log).unwrap()).unwrap()
    };
    let text = proved(&entry_of(Entry::Filed(filed()), Kind::Report));
    let check = |text: &str, log: &note::SigningKey, by: &note::SigningKey, hash| {
        receipt::verify(text, &log.verifying_key(), &by.verifying_key(), &hash)
    };
    let right = check(&text, &log, &platform, [7; 32]).unwrap();
    assert_eq!((right.filed, right.index), (filed(), 0));
    assert!(check(&text, &other, &platform, [7; 32]).is_err(), "another log");
    assert!(check(&text, &log, &other, [7; 32]).is_err(), "another platform");
    assert!(check(&text, &log, &platform, [9; 32]).is_err(), "another report");
    let public = proved(&entry_of(Entry::Filed(filed()), Kind::Public));
    assert!(check(&public, &log, &platform, [7; 32]).is_err(), "another kind");
    let changed = text.replacen("extra ", "extra AAAA", 1);
    assert!(check(&changed, &log, &platform, [7; 32]).is_err(), "another entry");
}

fn seed(at: Time, variant: &str) -> Seed {
    Seed {
        at,
        interface: "tv".into(),
        initiation_surface: "search".into(),
        variant: variant.into(),
        recipient_kind: RecipientKind::NonPlatform,
        clicks: 1,
    }
}

#[test]
fn a_report_without_what_was_seeded_is_refused_and_one_with_it_is_not() {
    let at = period().first.plus(3).start().plus_seconds(7_200);
    let mut seeds = Counts::new(domain(), period());
    for _ in 0..2 {
        seed(at, "a").add_to(&mut seeds).unwrap();
    }
    let mut told = counts();
    let cell = told.domain().key(3, "tv", "search", "a", "non_platform").unwrap();
    let verdict_of = |told: &Counts| {
        let mut verdict = reconcile(told, told, &[], &Tolerance::default());
        seeded(told, &seeds, &mut verdict);
        verdict
    };
    *told.get_mut(&cell).unwrap() = report::Measures {
        sends: 2,
        unique_senders: 1,
        clicks: 2,
        unique_clickers: 1,
    };
    assert_eq!(verdict_of(&told).outcome, Outcome::Accepted);
    told.get_mut(&cell).unwrap().sends = 1;
    let verdict = verdict_of(&told);
    assert_eq!((verdict.outcome, verdict.found), (Outcome::Refused, 1));
    let found = &verdict.differences[0];
    assert_eq!((found.partner, found.platform, found.fails), (1, 2, true));

    assert_eq!(seed(at, "c").add_to(&mut seeds), Err(SeedFault::Name("variant")));
    let late = period().ends();
    assert_eq!(seed(late, "a").add_to(&mut seeds), Err(SeedFault::Day(period())));
}

#[test]
fn a_report_that_cannot_be_compared_is_neither_accepted_nor_owed() {
    let calendar = report::Calendar::of(&agreement()).unwrap();
    let duty = report::Duty::open(period());
    assert!(duty.file_uncompared(period().first.start(), &calendar).is_err());
    let late = calendar.overdue_from(&period());
    let filed = duty.at(late, &calendar).file_uncompared(late, &calendar).unwrap();
    assert_eq!(filed.state, report::State::NotCompared);
    assert_eq!(filed.at(late.plus_days(900), &calendar), filed);
    let accepted = filed.file(Outcome::Accepted, late, &calendar).unwrap();
    assert!(accepted.file_uncompared(late, &calendar).is_err());
}
