use super::{HOSTILE, NOW, ago, agreement_ref, hostile, inside, outside};
use crate::multiples::{Facet, Panel};
use crate::{FiledLine, Page, PeriodLine, ReportPage, ReportsPage, Tab};
use model::{Standing, Time};
use report::{Day, Outcome, Period, State};

fn filed(revision: u32, outcome: Option<Outcome>) -> FiledLine {
    FiledLine {
        revision,
        at: ago(30),
        outcome,
        compared: 1_204,
        differences: 2,
        sends: 48_120,
        clicks: 19_377,
        entry: Some(4_805),
        hash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into(),
    }
}

fn line(number: i32, state: State, filed: Option<FiledLine>) -> PeriodLine {
    let period = Period {
        number: number.unsigned_abs(),
        first: Day::of(NOW).plus(14 * number - 70),
        days: 14,
    };
    PeriodLine {
        period,
        overdue_from: period.ends().plus_days(7),
        state,
        suspended: (state == State::Suspended).then_some(4_700),
        filed,
    }
}

fn facets(name: &str) -> Vec<Facet> {
    let panel = |name: &str, of: u64| Panel {
        name: name.into(),
        sends: (0..14).map(|day| (day * 37 % 11 + 3) * of).collect(),
        clicks: (0..14).map(|day| (day * 29 % 7 + 1) * of / 2).collect(),
    };
    let facet = |title, names: &[&str]| Facet {
        title,
        panels: (1..).zip(names).map(|(n, name)| panel(name, 40 * n)).collect(),
    };
    vec![
        facet("All", &["all"]),
        facet("Interface", &["android", "ios", "tv", name]),
        facet("Initiation surface", &["details_page", "post_play"]),
        facet("Variant", &["card", "classic"]),
        facet("Kind of recipient", &["non_platform", "platform"]),
    ]
}

impl Page for ReportsPage {
    const TAB: Tab = Tab::Register;
    fn samples() -> Vec<Self> {
        let plain = Self {
            chrome: outside(),
            agreement: agreement_ref("films@2"),
            partner: "Marquee".into(),
            standing: Standing::Suspended,
            owes_none: None,
            periods: vec![
                line(5, State::Open, None),
                line(4, State::Due, None),
                line(3, State::NotCompared, Some(filed(1, None))),
                line(2, State::Accepted, Some(filed(2, Some(Outcome::Accepted)))),
                line(1, State::Suspended, None),
            ],
        };
        let none = Self {
            owes_none: Some("the list `variant` is empty".into()),
            standing: Standing::Good,
            periods: vec![],
            ..plain.clone()
        };
        let extreme = Self {
            chrome: hostile(),
            partner: HOSTILE.into(),
            ..plain.clone()
        };
        vec![plain, none, extreme]
    }
}

impl Page for ReportPage {
    const TAB: Tab = Tab::Register;
    fn samples() -> Vec<Self> {
        let plain = Self {
            chrome: inside(),
            agreement: agreement_ref("films@2"),
            partner: "Marquee".into(),
            line: line(2, State::Accepted, None),
            filed: vec![
                filed(2, Some(Outcome::Accepted)),
                filed(2, Some(Outcome::Refused)),
                filed(1, Some(Outcome::ToExplain)),
                filed(1, Some(Outcome::Explained)),
            ],
            facets: facets("web"),
        };
        let none = Self {
            line: line(1, State::Suspended, None),
            filed: vec![],
            facets: vec![],
            ..plain.clone()
        };
        let mut last = filed(u32::MAX, None);
        (last.sends, last.hash, last.at) = (u64::MAX, HOSTILE.into(), Time(i64::MAX));
        let extreme = Self {
            chrome: hostile(),
            partner: HOSTILE.into(),
            filed: vec![last],
            facets: facets(HOSTILE),
            ..plain.clone()
        };
        vec![plain, none, extreme]
    }
}
