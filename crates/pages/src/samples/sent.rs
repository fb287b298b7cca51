use super::{HOSTILE, NOW, ago, hostile, inside};
use crate::{ChoosePage, FriendPick, MutedRow, Page, SentPage, SentRow, SentState, Tab, TitleCard};
use model::{AccountId, Time};

fn card(name: &str) -> TitleCard {
    TitleCard {
        name: name.into(),
        year: Some(1927),
        link: None,
    }
}

fn row(n: u8, state: SentState, at: Time, text: &str, title: Option<&str>, to: &[&str]) -> SentRow {
    SentRow {
        id: hex_of(n),
        partner: "Marquee".into(),
        text: text.into(),
        card: title.map(card),
        to: to.iter().map(|name| (*name).into()).collect(),
        elsewhere: false,
        state,
        at,
    }
}

fn hex_of(n: u8) -> String {
    format!("{n:02x}").repeat(16)
}

impl Page for SentPage {
    const TAB: Tab = Tab::Allowances;
    fn samples() -> Vec<Self> {
        let friends = ["João Prates", "Mei Tanaka"];
        let mut inside_marquee = row(4, SentState::Sent, ago(300), "", Some("The General"), &[]);
        inside_marquee.elsewhere = true;
        let plain = Self {
            chrome: inside(),
            notice: Some("It leaves in half a minute.".into()),
            rows: vec![
                row(
                    1,
                    SentState::Waiting,
                    NOW,
                    "You have to see this on a big screen",
                    Some("Metropolis"),
                    &friends,
                ),
                row(2, SentState::Draft, ago(2), "", Some("Sunrise"), &[]),
                row(3, SentState::Sent, ago(30), "Shall we say eight?", None, &["Film club"]),
                inside_marquee,
                row(5, SentState::Canceled, ago(400), "", Some("Wings"), &["Abuela"]),
            ],
            muted: vec![
                MutedRow {
                    name: "Reel & Sons".into(),
                    field: "partner",
                    value: "reel".into(),
                },
                MutedRow {
                    name: "Landlord".into(),
                    field: "person",
                    value: AccountId([7; 16]).to_string(),
                },
            ],
        };
        let empty = Self {
            notice: None,
            rows: vec![],
            muted: vec![],
            ..plain.clone()
        };
        let extreme = Self {
            chrome: hostile(),
            notice: Some(HOSTILE.into()),
            rows: vec![SentRow {
                partner: HOSTILE.into(),
                ..row(1, SentState::Waiting, NOW, HOSTILE, Some(HOSTILE), &[HOSTILE; 20])
            }],
            muted: vec![MutedRow {
                name: HOSTILE.into(),
                field: "partner",
                value: HOSTILE.into(),
            }],
        };
        vec![plain, empty, extreme]
    }
}

impl Page for ChoosePage {
    const TAB: Tab = Tab::Allowances;
    fn samples() -> Vec<Self> {
        let pick = |n: u8, name: &str, picked| FriendPick {
            account: AccountId([n; 16]),
            name: name.into(),
            picked,
        };
        let plain = Self {
            chrome: inside(),
            id: hex_of(2),
            partner: "Marquee".into(),
            card: card("Metropolis"),
            note: "You have to see this on a big screen".into(),
            friends: vec![
                pick(1, "Abuela", false),
                pick(2, "João Prates", true),
                pick(3, "Mei Tanaka", false),
                pick(4, "נועה לוי", true),
            ],
            most: 20,
            error: Some("Choose at least one.".into()),
        };
        let empty = Self {
            note: String::new(),
            friends: vec![],
            error: None,
            ..plain.clone()
        };
        let extreme = Self {
            chrome: hostile(),
            id: hex_of(9),
            partner: HOSTILE.into(),
            card: card(HOSTILE),
            note: HOSTILE.into(),
            friends: (0..200).map(|n| pick(n, HOSTILE, true)).collect(),
            most: u64::MAX,
            error: Some(HOSTILE.into()),
        };
        vec![plain, empty, extreme]
    }
}
