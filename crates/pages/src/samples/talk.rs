use super::{HOSTILE, NOW, ago, hostile, inside, mentions, message_id, outside, partner_id, talk_id};
use crate::{
    Bubble, Connected, ConversationPage, ErrorPage, Inbox, InboxRow, Landing, Link, Notice, Page, Piece, Reader,
    SentWith, SignIn, Tab, TitleCard,
};
use model::{Attachment, Choice, Field, FieldSet};

impl Page for Landing {
    const TAB: Tab = Tab::Elsewhere;
    fn samples() -> Vec<Self> {
        vec![
            Self {
                chrome: outside(),
                agreements: 3,
                entries: 48_213,
            },
            Self {
                chrome: inside(),
                agreements: 0,
                entries: 0,
            },
            Self {
                chrome: hostile(),
                agreements: u64::MAX,
                entries: u64::MAX,
            },
        ]
    }
}

impl Page for SignIn {
    const TAB: Tab = Tab::Elsewhere;
    fn samples() -> Vec<Self> {
        let plain = Self {
            chrome: outside(),
            next: "/inbox".into(),
            handle: String::new(),
            error: None,
            hint: Some("This is a demonstration. Sign in as ines, joao or mei, each with the password demo.".into()),
        };
        let wrong = Self {
            handle: "ines".into(),
            error: Some("That name and that password do not belong together.".into()),
            hint: None,
            ..plain.clone()
        };
        let extreme = Self {
            chrome: crate::Chrome {
                signed_in: None,
                ..hostile()
            },
            next: HOSTILE.into(),
            handle: HOSTILE.into(),
            error: Some(HOSTILE.into()),
            hint: Some(HOSTILE.into()),
        };
        vec![plain, wrong, extreme]
    }
}

impl Page for Inbox {
    const TAB: Tab = Tab::Inbox;
    fn samples() -> Vec<Self> {
        let row = |n: u8, title: &str, preview: &str, own, hours, count, unread| InboxRow {
            id: talk_id(n),
            title: title.into(),
            preview: preview.into(),
            own,
            at: ago(hours),
            count,
            unread,
        };
        let plain = Self {
            chrome: inside(),
            now: NOW,
            conversations: vec![
                row(
                    1,
                    "Film club",
                    "Metropolis on Thursday? I am bringing the good popcorn",
                    false,
                    1,
                    412,
                    3,
                ),
                row(
                    2,
                    "João Prates",
                    "Then it is settled, see you at eight!",
                    true,
                    5,
                    1_204,
                    0,
                ),
                row(
                    3,
                    "Mei Tanaka",
                    "The General made me laugh so much that the neighbours knocked",
                    false,
                    26,
                    97,
                    0,
                ),
                row(4, "Abuela", "¿Has comido?", false, 50, 5_812, 1),
                row(5, "נועה לוי", "ראית כבר את מטרופוליס?", false, 120, 33, 0),
                row(
                    6,
                    "Tomás, Aoife, Wren",
                    "Attached the tickets, platform 4",
                    false,
                    30 * 24,
                    14,
                    0,
                ),
                row(
                    7,
                    "Landlord",
                    "The heating man comes on Tuesday between 8 and 17",
                    false,
                    700 * 24,
                    6,
                    0,
                ),
            ],
            asks: 1,
            older: Some("/inbox?before=2024".into()),
        };
        let empty = Self {
            conversations: vec![],
            asks: 0,
            older: None,
            ..plain.clone()
        };
        let extreme = Self {
            chrome: hostile(),
            now: NOW,
            conversations: vec![
                row(1, HOSTILE, HOSTILE, true, -9_000, u64::MAX, u64::MAX),
                row(2, "", "", false, 9_000_000, 0, 0),
            ],
            asks: u64::MAX,
            older: Some(HOSTILE.into()),
        };
        vec![plain, empty, extreme]
    }
}

fn said(n: u8, author: &str, hours: i64, pieces: &[(&str, Option<&str>)]) -> Bubble {
    Bubble {
        id: message_id(n),
        author: author.into(),
        own: author == "Ines Duarte",
        at: ago(hours),
        text: pieces
            .iter()
            .map(|(text, title)| Piece {
                text: (*text).into(),
                title: title.map(Into::into),
            })
            .collect(),
        attachments: vec![],
        read_by: vec![],
        via: None,
    }
}

fn reader(partner: &str, hours: i64, fields: FieldSet, index: u64) -> Reader {
    Reader {
        partner: partner.into(),
        at: ago(hours),
        fields,
        index,
    }
}

impl Page for ConversationPage {
    const TAB: Tab = Tab::Inbox;
    fn samples() -> Vec<Self> {
        let envelope = FieldSet::of(&[Field::Mentions, Field::Envelope]);
        let mut first = said(
            1,
            "Mei Tanaka",
            30,
            &[
                ("Last night I finally saw ", None),
                ("The General", Some("The General (1926)")),
                (". I laughed so much that the neighbours knocked.", None),
            ],
        );
        first.read_by = vec![reader("Marquee", 20, mentions(), 4_711)];
        first.via = Some(SentWith {
            partner: "Marquee".into(),
            card: Some(TitleCard {
                name: "Metropolis".into(),
                year: Some(1927),
                link: Some("/r/x0".into()),
            }),
        });
        let mut mine = said(
            3,
            "Ines Duarte",
            27,
            &[
                ("For me it is still ", None),
                ("Nosferatu", Some("Nosferatu (1922)")),
                (
                    " that I would see again any day.\n\nBut I could not sleep afterwards!",
                    None,
                ),
            ],
        );
        mine.read_by = vec![
            reader("Marquee", 2, mentions(), 4_805),
            reader("Reel & Sons", 10, envelope, 4_760),
            reader("Marquee", 20, mentions(), 4_711),
        ];
        let mut tickets = said(6, "João Prates", 1, &[]);
        tickets.attachments = vec![Attachment {
            name: "tickets-thursday.pdf".into(),
            media_type: "application/pdf".into(),
        }];
        let plain = Self {
            chrome: inside(),
            now: NOW,
            id: talk_id(1),
            title: "Film club".into(),
            participants: vec!["Mei Tanaka".into(), "João Prates".into(), "נועה לוי".into()],
            end_to_end: false,
            messages: vec![
                first,
                said(2, "Mei Tanaka", 30, &[("Who is next?", None)]),
                mine,
                said(
                    4,
                    "נועה לוי",
                    26,
                    &[
                        ("ראית כבר את ", None),
                        ("מטרופוליס", Some("Metropolis (1927)")),
                        ("? נהדר!", None),
                    ],
                ),
                said(
                    5,
                    "João Prates",
                    1,
                    &[
                        ("Metropolis", Some("Metropolis (1927)")),
                        (" on Thursday? I am bringing the good popcorn", None),
                    ],
                ),
                tickets,
                said(7, "Ines Duarte", 0, &[("Yes!", None)]),
            ],
            older: Some("/conversations/x?before=1".into()),
            newer: None,
            connected: vec![
                Connected {
                    partner: partner_id("marquee"),
                    name: "Marquee".into(),
                    by: Some("João Prates".into()),
                    choice: Choice::Allow(mentions()),
                },
                Connected {
                    partner: partner_id("reel"),
                    name: "Reel & Sons".into(),
                    by: None,
                    choice: Choice::Withhold,
                },
            ],
            nonce: "bm9uY2U".into(),
            draft: String::new(),
            error: None,
        };
        let empty = Self {
            title: "Yourself".into(),
            participants: vec![],
            end_to_end: true,
            messages: vec![],
            older: None,
            connected: vec![],
            draft: "Milk, bread".into(),
            error: Some("A message has at most 16,384 bytes.".into()),
            ..plain.clone()
        };
        let mut worst = said(1, HOSTILE, -9_000_000, &[(HOSTILE, Some(HOSTILE)), (HOSTILE, None)]);
        worst.attachments = vec![Attachment {
            name: HOSTILE.into(),
            media_type: HOSTILE.into(),
        }];
        worst.via = Some(SentWith {
            partner: HOSTILE.into(),
            card: Some(TitleCard {
                name: HOSTILE.into(),
                year: Some(u16::MAX),
                link: None,
            }),
        });
        worst.read_by = vec![reader(HOSTILE, 0, FieldSet::ALL, u64::MAX); 4];
        let extreme = Self {
            chrome: hostile(),
            title: HOSTILE.into(),
            participants: vec![HOSTILE.into(); 40],
            messages: vec![worst],
            older: Some(HOSTILE.into()),
            newer: Some(HOSTILE.into()),
            connected: vec![Connected {
                partner: partner_id("marquee"),
                name: HOSTILE.into(),
                by: Some(HOSTILE.into()),
                choice: Choice::Ask,
            }],
            nonce: HOSTILE.into(),
            draft: HOSTILE.into(),
            error: Some(HOSTILE.into()),
            ..plain.clone()
        };
        vec![plain, empty, extreme]
    }
}

impl Page for Notice {
    const TAB: Tab = Tab::Elsewhere;
    fn samples() -> Vec<Self> {
        let plain = Self {
            chrome: inside(),
            title: "Taken back".into(),
            text: "From this moment nothing more leaves to Marquee. It has been told to delete what it has.".into(),
            links: vec![Link {
                label: "What I allow".into(),
                path: "/allowances".into(),
            }],
        };
        let empty = Self {
            chrome: outside(),
            title: "Signed out".into(),
            text: "Until next time.".into(),
            links: vec![],
        };
        let extreme = Self {
            chrome: hostile(),
            title: HOSTILE.into(),
            text: HOSTILE.into(),
            links: vec![Link {
                label: HOSTILE.into(),
                path: HOSTILE.into(),
            }],
        };
        vec![plain, empty, extreme]
    }
}

impl Page for ErrorPage {
    const TAB: Tab = Tab::Elsewhere;
    fn samples() -> Vec<Self> {
        let plain = Self {
            chrome: inside(),
            status: 404,
            title: "There is nothing here".into(),
            happened: "The page you asked for does not exist, or it is not yours to see.".into(),
            advice: "Check the address, or start from the front page.".into(),
            request_id: Some("req-7f3a21c0".into()),
        };
        let extreme = Self {
            chrome: hostile(),
            status: u16::MAX,
            title: HOSTILE.into(),
            happened: HOSTILE.into(),
            advice: HOSTILE.into(),
            request_id: Some(HOSTILE.into()),
        };
        vec![
            Self {
                chrome: outside(),
                request_id: None,
                ..plain.clone()
            },
            plain,
            extreme,
        ]
    }
}
