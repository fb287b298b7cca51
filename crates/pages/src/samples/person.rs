use super::{HOSTILE, NOW, ago, agreement_ref, grant_id, hostile, inside, mentions, partner_id, talk_id};
use crate::{
    Allowances, AskCard, Choices, Consent, Example, Friends, GrantCard, Happened, Narrow, Page, PartnerSay,
    ReadingPage, ReadingRow, Tab, TalkPick, TalkSay, Told, Total, WhoHasRead,
};
use model::{Action, Choice, Field, FieldSet, GrantState, Purpose, Sentiment, Time};

fn choices(offered: FieldSet, chosen: FieldSet, all: bool) -> Choices {
    let talk = |n: u8, title: &str, people, picked| TalkPick {
        id: talk_id(n),
        title: title.into(),
        people,
        last: ago(30 * i64::from(n)),
        picked,
    };
    Choices {
        offered,
        chosen,
        may_all: true,
        all,
        talks: vec![
            talk(1, "Film club", 3, true),
            talk(2, "João Prates", 1, true),
            talk(4, "Abuela", 1, false),
            talk(5, "נועה לוי", 1, false),
        ],
        until: NOW.plus_days(400),
        latest: NOW.plus_days(400),
        now: NOW,
    }
}

impl Page for Consent {
    const TAB: Tab = Tab::Elsewhere;
    fn samples() -> Vec<Self> {
        let example = |text: &str, talk: &str, days: i64, mentions: &[(&str, Sentiment)]| Example {
            text: text.into(),
            conversation: talk.into(),
            at: ago(24 * days),
            mentions: mentions.iter().map(|(title, s)| ((*title).into(), *s)).collect(),
        };
        let plain = Self {
            chrome: inside(),
            request: "urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c".into(),
            partner: "Marquee".into(),
            why: "We would like to suggest films you and your friends have been talking about, so that you spend your evenings watching instead of searching.".into(),
            purpose: Purpose::Recommendations,
            actions: vec![Action::Read, Action::Send],
            agreement: agreement_ref("films@2"),
            choices: choices(FieldSet::of(&[Field::Ranking, Field::Mentions, Field::Envelope]), mentions(), true),
            examples: vec![
                example("For me it is still Nosferatu that I would see again any day. But I could not sleep afterwards!", "Film club", 1, &[("Nosferatu", Sentiment::Liked)]),
                example("We left after half an hour, The Lodger is not for me. Metropolis next?", "João Prates", 9, &[("The Lodger", Sentiment::Disliked), ("Metropolis", Sentiment::Neutral)]),
                example("I am at the doctor’s, talk later", "Abuela", 12, &[]),
            ],
            friends: Friends { people: 7, allow: 2, withhold: 4, ask: 1 },
            retention_days: 90,
            report_days: 14,
            breach_contact: "security@marquee.example".into(),
            price: None,
            errors: vec![],
        };
        let single = Self {
            actions: vec![Action::Read],
            purpose: Purpose::Advertising,
            choices: Choices {
                talks: vec![],
                ..choices(FieldSet::of(&[Field::Ranking]), FieldSet::of(&[Field::Ranking]), true)
            },
            examples: vec![],
            friends: Friends::default(),
            price: Some("EUR 0.02 per person and month".into()),
            ..plain.clone()
        };
        let picked = Self {
            choices: choices(FieldSet::ALL, FieldSet::ALL, false),
            errors: vec!["Tick at least one conversation, or choose all.".into()],
            ..plain.clone()
        };
        let extreme = Self {
            chrome: hostile(),
            request: HOSTILE.into(),
            partner: HOSTILE.into(),
            why: HOSTILE.into(),
            choices: Choices {
                talks: vec![TalkPick {
                    id: talk_id(1),
                    title: HOSTILE.into(),
                    people: u64::MAX,
                    last: Time(i64::MAX),
                    picked: true,
                }],
                until: Time(0),
                latest: Time(i64::MAX),
                ..choices(FieldSet::ALL, FieldSet::ALL, true)
            },
            examples: vec![example(HOSTILE, HOSTILE, 0, &[(HOSTILE, Sentiment::Liked)])],
            friends: Friends {
                people: u64::MAX,
                allow: u64::MAX,
                withhold: 0,
                ask: 1,
            },
            retention_days: u64::MAX,
            report_days: 1,
            breach_contact: HOSTILE.into(),
            price: Some(HOSTILE.into()),
            errors: vec![HOSTILE.into()],
            ..plain.clone()
        };
        vec![plain, single, picked, extreme]
    }
}

fn row(index: u64, happened: Happened, hours: i64, partner: &str, fields: FieldSet, messages: u64) -> ReadingRow {
    ReadingRow {
        index,
        happened,
        at: ago(hours),
        partner: partner.into(),
        purpose: (happened == Happened::Read).then_some(Purpose::Recommendations),
        fields,
        messages,
        withheld: messages / 3,
        people: (messages > 0).then_some(3),
    }
}

impl Page for WhoHasRead {
    const TAB: Tab = Tab::Readings;
    fn samples() -> Vec<Self> {
        let weeks = [[42, 0], [61, 0], [12, 9], [0, 4], [88, 31], [140, 6], [95, 0], [37, 12]];
        let total = |partner: &str, readings, messages, hours| Total {
            partner: partner.into(),
            readings,
            messages,
            last: ago(hours),
        };
        let plain = Self {
            chrome: inside(),
            partners: vec!["Marquee".into(), "Reel & Sons".into()],
            weeks: (0i64..)
                .zip(&weeks)
                .map(|(n, row)| (NOW.week().plus_days(7 * (n - 7)), row.to_vec()))
                .collect(),
            totals: vec![total("Marquee", 31, 475, 2), total("Reel & Sons", 8, 62, 10)],
            entries: vec![
                row(4_806, Happened::Read, 2, "Marquee", mentions(), 7),
                row(4_805, Happened::Read, 2, "Marquee", mentions(), 30),
                row(
                    4_760,
                    Happened::Read,
                    10,
                    "Reel & Sons",
                    FieldSet::of(&[Field::Envelope]),
                    12,
                ),
                row(4_752, Happened::Say, 12, "Reel & Sons", FieldSet::NONE, 0),
                row(4_711, Happened::Read, 20, "Marquee", FieldSet::of(&[Field::Ranking]), 0),
                row(4_600, Happened::Narrowed, 90, "Marquee", mentions(), 0),
                row(4_580, Happened::Sent, 100, "Marquee", FieldSet::NONE, 2),
                row(4_570, Happened::Removed, 101, "Marquee", FieldSet::NONE, 1),
                row(4_550, Happened::Nothing, 120, "", FieldSet::NONE, 0),
                row(4_100, Happened::Agreed, 400, "Marquee", FieldSet::ALL, 0),
            ],
            older: Some("/readings?before=4100".into()),
            receipts: Some("/readings/receipts".into()),
        };
        let empty = Self {
            partners: vec![],
            weeks: vec![],
            totals: vec![],
            entries: vec![],
            older: None,
            receipts: None,
            ..plain.clone()
        };
        let extreme = Self {
            chrome: hostile(),
            partners: vec![HOSTILE.into(); 9],
            weeks: (0..60).map(|n| (Time(n * 604_800_000), vec![u32::MAX; 9])).collect(),
            totals: vec![total(HOSTILE, u64::MAX, u64::MAX, 0)],
            entries: vec![
                row(u64::MAX, Happened::Read, 0, HOSTILE, FieldSet::ALL, u64::MAX),
                row(0, Happened::Say, 0, HOSTILE, FieldSet::ALL, 0),
            ],
            older: Some(HOSTILE.into()),
            receipts: Some(HOSTILE.into()),
        };
        vec![plain, empty, extreme]
    }
}

impl Page for ReadingPage {
    const TAB: Tab = Tab::Readings;
    fn samples() -> Vec<Self> {
        let told = |n: u8, author: &str, text: &str, mentions: &[(&str, Sentiment)]| Told {
            conversation: talk_id(n),
            title: "Film club".into(),
            author: author.into(),
            own: author.is_empty(),
            at: ago(30),
            text: text.into(),
            mentions: mentions.iter().map(|(title, s)| ((*title).into(), *s)).collect(),
        };
        let plain = Self {
            chrome: inside(),
            index: 4_805,
            seq: 58,
            happened: Happened::Read,
            at: ago(2),
            partner: "Marquee".into(),
            agreement: Some(agreement_ref("films@2")),
            purpose: Some(Purpose::Recommendations),
            fields: mentions(),
            messages: 37,
            withheld: 12,
            told: vec![
                told(
                    1,
                    "",
                    "For me it is still Nosferatu that I would see again any day.",
                    &[("Nosferatu", Sentiment::Liked)],
                ),
                told(
                    2,
                    "Mei Tanaka",
                    "Last night I finally saw The General. I laughed so much that the neighbours knocked.",
                    &[("The General", Sentiment::Liked)],
                ),
            ],
            more: 35,
            verified: true,
            size: 48_213,
            steps: 16,
            root: "qv2Tq3k4Q6Zg9o1cSxYH0X7u1bY2nW0m3aJ8kL5pTzE=".into(),
            command: "privity-verify receipt 4805.tlog-proof --key 'courier.example/log+5f1d2a3b+AbCdEf…'".into(),
        };
        let other = Self {
            happened: Happened::TakenBack,
            fields: FieldSet::NONE,
            purpose: None,
            messages: 0,
            withheld: 0,
            told: vec![],
            more: 0,
            verified: false,
            ..plain.clone()
        };
        let extreme = Self {
            chrome: hostile(),
            index: u64::MAX,
            seq: u64::MAX,
            partner: HOSTILE.into(),
            fields: FieldSet::ALL,
            messages: u64::MAX,
            told: vec![Told {
                title: HOSTILE.into(),
                ..told(1, HOSTILE, HOSTILE, &[(HOSTILE, Sentiment::Disliked)])
            }],
            more: u64::MAX,
            root: HOSTILE.into(),
            command: HOSTILE.into(),
            ..plain.clone()
        };
        vec![plain, other, extreme]
    }
}

impl Page for Allowances {
    const TAB: Tab = Tab::Allowances;
    fn samples() -> Vec<Self> {
        let ask = AskCard {
            key: "00112233445566778899aabbccddeeff".into(),
            partner: "Marquee".into(),
            asked_for: "João Prates".into(),
            conversation: "Film club".into(),
            fields: mentions(),
            purpose: Purpose::Recommendations,
            agreement: agreement_ref("films@2"),
            until: NOW.plus_days(180),
            asked_at: ago(20),
        };
        let grant = GrantCard {
            id: grant_id(1),
            partner: "Marquee".into(),
            purpose: Purpose::Recommendations,
            fields: mentions(),
            conversations: Some(vec!["Film club".into(), "João Prates".into()]),
            agreement: agreement_ref("films@2"),
            since: ago(400),
            until: NOW.plus_days(180),
            state: GrantState::Narrowed,
            suspended: true,
            readings: 31,
            last: Some(ago(2)),
        };
        let waiting = GrantCard {
            id: grant_id(2),
            partner: "Porter".into(),
            purpose: Purpose::Portability,
            fields: FieldSet::ALL,
            conversations: None,
            agreement: agreement_ref("moving@1"),
            state: GrantState::Requested,
            suspended: false,
            readings: 0,
            last: None,
            ..grant.clone()
        };
        let over = GrantCard {
            id: grant_id(3),
            partner: "Reel & Sons".into(),
            fields: FieldSet::of(&[Field::Envelope]),
            agreement: agreement_ref("reel@1"),
            state: GrantState::Revoked,
            ..grant.clone()
        };
        let partner = |slug: &str, name: &str, choice| PartnerSay {
            partner: partner_id(slug),
            name: name.into(),
            choice,
        };
        let talk = |n: u8, title: &str, choice| TalkSay {
            partner: partner_id("marquee"),
            name: "Marquee".into(),
            conversation: talk_id(n),
            title: title.into(),
            choice,
        };
        let plain = Self {
            chrome: inside(),
            notice: Some("Saved. Marquee is asked to keep to it from now on.".into()),
            asks: vec![ask.clone()],
            grants: vec![grant.clone(), waiting, over],
            default: Choice::Withhold,
            partners: vec![
                partner("marquee", "Marquee", Some(Choice::Ask)),
                partner("reel", "Reel & Sons", None),
            ],
            conversations: vec![
                talk(1, "Film club", Some(Choice::Allow(mentions()))),
                talk(2, "João Prates", None),
            ],
        };
        let empty = Self {
            notice: None,
            asks: vec![],
            grants: vec![],
            partners: vec![],
            conversations: vec![],
            ..plain.clone()
        };
        let extreme = Self {
            chrome: hostile(),
            notice: Some(HOSTILE.into()),
            asks: vec![AskCard {
                key: HOSTILE.into(),
                partner: HOSTILE.into(),
                asked_for: HOSTILE.into(),
                conversation: HOSTILE.into(),
                ..ask
            }],
            grants: vec![GrantCard {
                partner: HOSTILE.into(),
                conversations: Some(vec![HOSTILE.into(); 30]),
                fields: FieldSet::ALL,
                readings: u64::MAX,
                ..grant
            }],
            default: Choice::Allow(FieldSet::of(&[Field::Ranking])),
            partners: vec![partner("marquee", HOSTILE, Some(Choice::Allow(FieldSet::ALL)))],
            conversations: vec![TalkSay {
                name: HOSTILE.into(),
                ..talk(1, HOSTILE, None)
            }],
        };
        vec![plain, empty, extreme]
    }
}

impl Page for Narrow {
    const TAB: Tab = Tab::Allowances;
    fn samples() -> Vec<Self> {
        let plain = Self {
            chrome: inside(),
            id: grant_id(1),
            partner: "Marquee".into(),
            purpose: Purpose::Recommendations,
            choices: choices(mentions(), mentions(), false),
            errors: vec![],
        };
        let extreme = Self {
            chrome: hostile(),
            partner: HOSTILE.into(),
            choices: Choices {
                may_all: false,
                talks: vec![],
                ..choices(FieldSet::NONE, FieldSet::NONE, false)
            },
            errors: vec![HOSTILE.into()],
            ..plain.clone()
        };
        vec![plain, extreme]
    }
}
