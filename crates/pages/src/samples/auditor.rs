use super::{HOSTILE, NOW, ago, hostile, inside, outside, partner_id};
use crate::{
    AgreementDiff, AgreementPage, LeafKind, LeafRow, LedgerPage, Page, ReceiptChecked, Register, RegisterRow, Step,
    Tab, Verdict,
};
use model::{
    Action, Agreement, Ceilings, Field, FieldSet, Party, Purpose, ReportDimensions, ReportDuty, Standing, Time,
};

fn party(name: &str) -> Party {
    Party {
        name: name.into(),
        key: "marquee.example/agreements+5f1d2a3b+AX9JmM2Zf0cBqkqv2Tq3k4Q6Zg9o1cSxYH0X7u1bY2nW".into(),
        breach_contact: "security@marquee.example".into(),
        data_protection_officer: "dpo@marquee.example".into(),
    }
}

fn agreement(version: u32, partner: &str) -> Agreement {
    let list = |items: &[&str]| items.iter().map(|i| (*i).to_owned()).collect();
    Agreement {
        id: super::agreement_ref("films@1").id,
        version,
        why: "Suggest films that you and your friends have been talking about.".into(),
        partner_id: partner_id("marquee"),
        platform: party("Courier"),
        partner: party(partner),
        purposes: [Purpose::Recommendations].into(),
        actions: [Action::Read, Action::Send].into(),
        fields: FieldSet::of(&[Field::Ranking, Field::Mentions]),
        retention_days: if version > 1 { 90 } else { 365 },
        starts: NOW.plus_days(-200),
        ends: NOW.plus_days(400),
        ceilings: Ceilings {
            people_per_day: 50_000,
            people_per_30_days: 400_000,
            requests_per_second: 200,
            messages_per_person_per_day: 5_000,
            new_grants_per_day: 20_000,
            sends_per_person_per_day: Some(10),
        },
        report: ReportDuty {
            period_days: 14,
            grace_days: 7,
            dimensions: ReportDimensions {
                interface: list(&["tv", "web", "ios", "android"]),
                initiation_surface: list(&["post_play", "details_page"]),
                variant: list(if version > 1 {
                    &["classic", "card"]
                } else {
                    &["classic"]
                }),
            },
            consequence: "Until the report is filed, the grants under this agreement answer nothing.".into(),
        },
        price: (version > 1).then(|| "none".to_owned()),
    }
}

impl Page for Register {
    const TAB: Tab = Tab::Register;
    fn samples() -> Vec<Self> {
        let row = |reference: &str, partner: &str, fields, standing, starts: Time, ends| RegisterRow {
            reference: super::agreement_ref(reference),
            partner: partner.into(),
            purposes: vec![Purpose::Recommendations, Purpose::Ranking],
            fields,
            starts,
            ends,
            standing,
        };
        let plain = Self {
            chrome: inside(),
            now: NOW,
            agreements: vec![
                row(
                    "films@2",
                    "Marquee",
                    super::mentions(),
                    Standing::Good,
                    ago(4_800),
                    NOW.plus_days(400),
                ),
                row(
                    "reel@1",
                    "Reel & Sons",
                    FieldSet::of(&[Field::Envelope]),
                    Standing::Suspended,
                    ago(4_800),
                    NOW.plus_days(90),
                ),
                row(
                    "moving@1",
                    "Porter",
                    FieldSet::ALL,
                    Standing::Good,
                    NOW.plus_days(10),
                    NOW.plus_days(90),
                ),
                row(
                    "old@3",
                    "Calends",
                    FieldSet::of(&[Field::Ranking]),
                    Standing::Good,
                    ago(9_800),
                    ago(48),
                ),
            ],
        };
        let extreme = Self {
            chrome: hostile(),
            now: NOW,
            agreements: vec![row(
                "films@4294967295",
                HOSTILE,
                FieldSet::ALL,
                Standing::Good,
                Time(i64::MIN),
                Time(i64::MAX),
            )],
        };
        vec![
            plain,
            Self {
                chrome: outside(),
                now: NOW,
                agreements: vec![],
            },
            extreme,
        ]
    }
}

impl Page for AgreementPage {
    const TAB: Tab = Tab::Register;
    fn samples() -> Vec<Self> {
        let document = agreement(2, "Marquee");
        let text = document.canonical().unwrap_or_default();
        let plain = Self {
            chrome: outside(),
            now: NOW,
            note: format!(
                "{text}\n\n\u{2014} courier.example/agreements qv2Tq3k4Q6Zg9o1cSxYH0X7u1bY2nW0m3aJ8kL5pTzE=\n\u{2014} marquee.example/agreements 9o1cSxYH0X7u1bY2nW0m3aJ8kL5pTzEqv2Tq3k4Q6Zg=\n"
            ),
            agreement: document,
            standing: Standing::Good,
            index: 12,
            published_at: ago(4_900),
            versions: vec![1, 2],
        };
        let single = Self {
            agreement: agreement(1, "Marquee"),
            versions: vec![1],
            standing: Standing::Suspended,
            note: text,
            ..plain.clone()
        };
        let mut worst = agreement(u32::MAX, HOSTILE);
        worst.why = HOSTILE.into();
        worst.platform = Party {
            name: HOSTILE.into(),
            key: HOSTILE.into(),
            breach_contact: HOSTILE.into(),
            data_protection_officer: HOSTILE.into(),
        };
        worst.report.dimensions.variant = vec![HOSTILE.into(); 50];
        worst.price = Some(HOSTILE.into());
        let extreme = Self {
            chrome: hostile(),
            agreement: worst,
            note: format!("{HOSTILE}\n\n{HOSTILE}"),
            versions: (1..60).collect(),
            index: u64::MAX,
            ..plain.clone()
        };
        vec![plain, single, extreme]
    }
}

impl Page for AgreementDiff {
    const TAB: Tab = Tab::Register;
    fn samples() -> Vec<Self> {
        let mut worst = agreement(3, HOSTILE);
        worst.why = HOSTILE.into();
        [
            Self::between(outside(), &agreement(2, "Marquee"), &agreement(1, "Marquee")),
            Self::between(inside(), &agreement(1, "Marquee"), &agreement(1, "Marquee")),
            Self::between(hostile(), &agreement(2, "Marquee"), &worst),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl Page for LedgerPage {
    const TAB: Tab = Tab::Ledger;
    fn samples() -> Vec<Self> {
        let kinds = [
            LeafKind::Private,
            LeafKind::Private,
            LeafKind::Report,
            LeafKind::Private,
            LeafKind::Public,
            LeafKind::Private,
            LeafKind::Summary,
        ];
        let plain = Self {
            chrome: outside(),
            size: 48_213,
            root: "qv2Tq3k4Q6Zg9o1cSxYH0X7u1bY2nW0m3aJ8kL5pTzE=".into(),
            origin: "courier.example/log".into(),
            key: "courier.example/log+5f1d2a3b+AX9JmM2Zf0cBqkqv2Tq3k4Q6Zg9o1cSxYH0X7u1bY2nW".into(),
            checkpoint: "courier.example/log\n48213\nqv2Tq3k4Q6Zg9o1cSxYH0X7u1bY2nW0m3aJ8kL5pTzE=\n\n\u{2014} courier.example/log Xx1dKjv0X7u1bY2nW0m3aJ8kL5pTzEqv2Tq3k4Q6Zg9o1cSxYH\n".into(),
            entries: kinds.iter().zip(0..).map(|(kind, n)| LeafRow { index: 48_212 - n, kind: *kind, window: Time(NOW.0 / 600_000 * 600_000).plus_seconds(-600 * i64::try_from(n).unwrap_or(0)) }).collect(),
            newer: Some("/ledger?before=48300".into()),
            older: Some("/ledger?before=48206".into()),
            error: None,
        };
        let empty = Self {
            size: 0,
            entries: vec![],
            newer: None,
            older: None,
            error: Some("The file is not a receipt: its first line is not c2sp.org/tlog-proof@v1.".into()),
            ..plain.clone()
        };
        let extreme = Self {
            chrome: hostile(),
            size: u64::MAX,
            root: HOSTILE.into(),
            origin: HOSTILE.into(),
            key: HOSTILE.into(),
            checkpoint: HOSTILE.into(),
            entries: vec![LeafRow {
                index: u64::MAX,
                kind: LeafKind::Private,
                window: Time(i64::MIN),
            }],
            newer: Some(HOSTILE.into()),
            older: Some(HOSTILE.into()),
            error: Some(HOSTILE.into()),
        };
        vec![plain, empty, extreme]
    }
}

impl Page for ReceiptChecked {
    const TAB: Tab = Tab::Ledger;
    fn samples() -> Vec<Self> {
        let step = |what: &str, verdict, detail: &str| Step {
            what: what.into(),
            verdict,
            detail: detail.into(),
        };
        let good = Self {
            chrome: outside(),
            ok: true,
            steps: vec![
                step(
                    "The file is a receipt",
                    Verdict::Right,
                    "c2sp.org/tlog-proof@v1, entry 4805",
                ),
                step(
                    "The checkpoint in it is signed by this ledger",
                    Verdict::Right,
                    "courier.example/log, 48,213 entries",
                ),
                step(
                    "The entry is in the tree under that checkpoint",
                    Verdict::Right,
                    "16 hashes lead to qv2Tq3k4Q6Zg9o1cSxYH0X7u1bY2nW0m3aJ8kL5pTzE=",
                ),
                step(
                    "What the receipt opens is what the entry was sealed with",
                    Verdict::Right,
                    "the commitment matches",
                ),
            ],
            facts: [
                ("What", "disclosure"),
                ("When", "25 November 2026, 12:05"),
                ("Partner", "marquee"),
                ("Agreement", "films@2"),
                ("Messages", "37"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        };
        let bad = Self {
            ok: false,
            steps: vec![
                step(
                    "The file is a receipt",
                    Verdict::Right,
                    "c2sp.org/tlog-proof@v1, entry 4805",
                ),
                step(
                    "The checkpoint in it is signed by this ledger",
                    Verdict::Wrong,
                    "the signature under the checkpoint is not by the key courier.example/log+5f1d2a3b",
                ),
                step(
                    "The entry is in the tree under that checkpoint",
                    Verdict::NotReached,
                    "",
                ),
            ],
            facts: vec![],
            ..good.clone()
        };
        let extreme = Self {
            chrome: hostile(),
            ok: false,
            steps: vec![step(HOSTILE, Verdict::Wrong, HOSTILE)],
            facts: vec![(HOSTILE.into(), HOSTILE.into())],
        };
        vec![good, bad, extreme]
    }
}
