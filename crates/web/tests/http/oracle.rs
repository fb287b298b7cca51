//! Filters, sorts, snippets, states and pushes are no oracles: inboxes that differ only in what is withheld give the same bytes.

use crate::site::Site;
use app::About;
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use model::{Attachment, Choice, Conversation, ConversationId, Field, FieldSet, Message, MessageId, Participant};
use serde_json::{Value, json};
use std::time::Duration;
use store::Messages as _;
use store::suite::Dice;

/// Conversations of Ana's: with Ben, whose say is known there; with Ben and Cem; and one that the grant does not cover.
const GRANTED: [ConversationId; 2] = [ConversationId([7; 16]), ConversationId([8; 16])];
const OUTSIDE: ConversationId = ConversationId([9; 16]);

/// The same inbox but for what is withheld.
pub struct Twin {
    pub site: Site,
    pub token: String,
    pub account: String,
    cem: model::AccountId,
    says: Choice,
    at: i64,
}

/// What may be withheld, and in which of the twins it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hidden {
    Nothing,
    This,
    That,
}

impl Twin {
    /// Ben says `says` of the conversation with Ana alone, and nothing of the others. Cem says nothing.
    pub async fn new(fields: &[Field], says: Choice) -> Self {
        let site = Site::new().await;
        let (app, world) = (&site.world.app, &site.world);
        let password = secrecy::SecretString::from("correct horse");
        let cem = app.account_add("cem", "Cem", &password).await.unwrap();
        let talk = |id, people: &[&app::Person]| Conversation {
            id,
            name: Some("A name that is hidden".into()),
            participants: people
                .iter()
                .map(|p| Participant {
                    account: p.account,
                    name: p.name.clone(),
                })
                .collect(),
            end_to_end: false,
        };
        let talks = [
            talk(GRANTED[1], &[&world.ana, &world.ben, &cem]),
            talk(OUTSIDE, &[&world.ana, &world.ben]),
        ];
        app.take_in(world.ana.account, &talks, &[]).await.unwrap();
        let about = About::Conversation(world.partner(), GRANTED[0]);
        app.say(world.ben.account, about, says).await.unwrap();
        let token = world.connect_within(fields, &GRANTED).await.access;
        let account = site.account(&token).await;
        Self {
            site,
            token,
            account,
            cem: cem.account,
            says,
            at: 0,
        }
    }

    async fn take_in(&self, message: Message) {
        let world = &self.site.world;
        world.app.take_in(world.ana.account, &[], &[message]).await.unwrap();
        world.app.take_in_done().await.unwrap();
    }

    fn message(&self, id: u64, conversation: ConversationId, author: model::AccountId, text: &str) -> Message {
        let mut bytes = [0xee; 16];
        bytes[..8].copy_from_slice(&id.to_be_bytes());
        Message {
            id: MessageId(bytes),
            conversation,
            author,
            // Days apart, now and then, so that there are several weeks.
            sent_at: self.site.world.app.now().plus_seconds(self.at - 3_000_000),
            text: text.to_owned(),
            attachments: match id % 4 {
                0 => vec![Attachment {
                    name: "Heat.png".into(),
                    media_type: "image/png".into(),
                }],
                _ => vec![],
            },
            via: None,
        }
    }

    /// Something that is in view comes, in each twin the same; before it, something that is not, in each twin another.
    pub async fn step(&mut self, n: u64, dice: &mut Dice, hidden: Hidden) {
        let text = dice.pick(&[
            "Heat (1995), the movie, was great",
            "Alien (1979) was awful",
            "lunch?",
            "HEAT and ben",
        ]);
        let place = GRANTED[dice.below(2) as usize];
        let by_ben = dice.below(2) == 0 && matches!(self.says, Choice::Allow(_));
        self.at += dice.below(400_000) as i64;
        let withheld = dice.below(3);
        let (ana, ben) = (self.site.world.ana.account, self.site.world.ben.account);
        let secret = match hidden {
            Hidden::Nothing => None,
            Hidden::This => Some("Heat (1995), the movie: ana, ben, cem, lunch"),
            Hidden::That => {
                Some("a much longer text about nothing at all, but Alien (1979) is a movie, and so on and on")
            }
        };
        if let Some(secret) = secret {
            let copies = if hidden == Hidden::That { 3 } else { 1 };
            for copy in 0..copies {
                let (place, author) = match withheld {
                    0 => (GRANTED[1], self.cem),
                    1 => (GRANTED[1], ben),
                    _ => (OUTSIDE, ana),
                };
                let id = 1_000_000 + n * 10 + copy;
                self.take_in(self.message(id, place, author, secret)).await;
                // Some of it goes again.
                if copy == 1 {
                    let gone = self.message(id, place, author, secret).id.0;
                    let store = self.site.world.store();
                    assert_eq!(store.messages_delete(ana.0, vec![gone]).await.unwrap(), 1);
                }
            }
        }
        let (place, author) = if by_ben { (GRANTED[0], ben) } else { (place, ana) };
        self.take_in(self.message(n, place, author, text)).await;
    }

    /// Only something withheld happens: another says something elsewhere, and messages come.
    pub async fn hide_more(&mut self, n: u64, hidden: Hidden) {
        if hidden == Hidden::Nothing {
            return;
        }
        let world = &self.site.world;
        for copy in 0..3 {
            let message = self.message(2_000_000 + n * 10 + copy, GRANTED[1], self.cem, "Heat (1995) in secret");
            self.take_in(message).await;
        }
        let choice = if hidden == Hidden::This {
            Choice::Ask
        } else {
            Choice::Withhold
        };
        let about = About::Conversation("another".parse().unwrap(), GRANTED[1]);
        world.app.say(self.cem, about, choice).await.unwrap();
        let about = About::Conversation(world.partner(), OUTSIDE);
        world
            .app
            .say(world.ben.account, about, Choice::Allow(FieldSet::ALL))
            .await
            .unwrap();
    }

    /// An answer as it is on the wire, and how many entries it made.
    async fn ask(&self, calls: &[Value], using_ours: bool) -> (String, u64) {
        let before = self.site.world.entries().await;
        let mut using = vec!["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"];
        if using_ours {
            using.push("urn:privity:jmap:disclosure");
        }
        let request = Request::post("/jmap")
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json")
            .body(Body::from(json!({"using": using, "methodCalls": calls}).to_string()));
        let answer = self.site.send(request.unwrap()).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let mut text = answer.text;
        if using_ours {
            // The proof is of another entry, and how much is withheld is told to who asks for a total.
            let mut json: Value = serde_json::from_str(&text).unwrap();
            let proof = json.as_object_mut().unwrap().remove("disclosureProof");
            for response in json["methodResponses"].as_array_mut().unwrap() {
                response[1].as_object_mut().unwrap().remove("withheld");
            }
            text = format!("{} {json}", proof.is_some());
        }
        (text, self.site.world.entries().await - before)
    }
}

/// Every condition of RFC 8621 section 4.4.1, with values that some messages match.
fn conditions(now: &str) -> Vec<Value> {
    vec![
        json!({"inMailbox": "inbox"}),
        json!({"inMailbox": "other"}),
        json!({"inMailboxOtherThan": ["inbox"]}),
        json!({"inMailboxOtherThan": ["other"]}),
        json!({"before": now}),
        json!({"after": now}),
        json!({"minSize": 20}),
        json!({"maxSize": 20}),
        json!({"allInThreadHaveKeyword": "$seen"}),
        json!({"someInThreadHaveKeyword": "$flagged"}),
        json!({"noneInThreadHaveKeyword": "$flagged"}),
        json!({"hasKeyword": "$seen"}),
        json!({"notKeyword": "$seen"}),
        json!({"hasAttachment": true}),
        json!({"hasAttachment": false}),
        json!({"text": "heat"}),
        json!({"text": "cem"}),
        json!({"from": "ben"}),
        json!({"from": "cem"}),
        json!({"to": "cem"}),
        json!({"to": "someone"}),
        json!({"cc": "cem"}),
        json!({"bcc": "cem"}),
        json!({"subject": "hidden"}),
        json!({"body": "secret"}),
        json!({"header": ["Subject"]}),
    ]
}

fn filters(now: &str, dice: &mut Dice) -> Vec<Value> {
    let single = conditions(now);
    let mut all = vec![Value::Null];
    all.extend(single.iter().cloned());
    for operator in ["AND", "OR", "NOT"] {
        for _ in 0..12 {
            let one = |dice: &mut Dice| single[dice.below(single.len() as u64) as usize].clone();
            let inner = json!({"operator": dice.pick(&["AND", "OR", "NOT"]), "conditions": [one(dice), one(dice)]});
            all.push(json!({"operator": operator, "conditions": [one(dice), inner]}));
        }
    }
    all
}

const SORTS: [&str; 9] = [
    "receivedAt",
    "sentAt",
    "size",
    "from",
    "to",
    "subject",
    "hasKeyword",
    "allInThreadHaveKeyword",
    "someInThreadHaveKeyword",
];

/// Everything that can be asked: each filter with some sort, each sort with some filter, what was found, its snippets, its
/// conversations, and what has changed since.
fn questions(account: &str, states: &[String], now: &str, dice: &mut Dice) -> Vec<Vec<Value>> {
    let filters = filters(now, dice);
    let mut asked = Vec::new();
    for (n, filter) in filters.iter().enumerate() {
        for sort in [SORTS[n % SORTS.len()], SORTS[(n * 5 + 3) % SORTS.len()]] {
            let mut query = json!({
                "accountId": account, "filter": filter,
                "sort": [{"property": sort, "isAscending": dice.below(2) == 0, "keyword": "$seen"}],
                "collapseThreads": dice.below(2) == 0,
            });
            let mut changes = query.clone();
            changes["calculateTotal"] = json!(true);
            changes["sinceQueryState"] = json!(states[dice.below(states.len() as u64) as usize]);
            query["calculateTotal"] = json!(dice.below(2) == 0);
            query["position"] = json!(dice.below(8) as i64 - 4);
            query["limit"] = json!(dice.below(8));
            let ids = json!({"resultOf": "q", "name": "Email/query", "path": "/ids"});
            asked.push(vec![
                json!(["Email/query", query, "q"]),
                json!(["Email/queryChanges", changes, "c"]),
                json!(["SearchSnippet/get", {"accountId": account, "filter": filter, "#emailIds": ids}, "s"]),
                json!(["Email/get", {"accountId": account, "#ids": ids, "fetchAllBodyValues": true}, "g"]),
                json!(["Thread/get", {"accountId": account,
                    "#ids": {"resultOf": "g", "name": "Email/get", "path": "/list/*/threadId"}}, "t"]),
            ]);
        }
    }
    for state in states {
        let since = json!({"accountId": account, "sinceState": state});
        let few = json!({"accountId": account, "sinceState": state, "maxChanges": 2});
        let query = json!({"accountId": account, "sinceQueryState": state});
        asked.push(vec![
            json!(["Email/changes", since, "e"]),
            json!(["Email/changes", few, "f"]),
            json!(["Thread/changes", since, "t"]),
            json!(["Thread/changes", few, "u"]),
            json!(["Mailbox/changes", since, "m"]),
            json!(["Mailbox/queryChanges", query, "n"]),
            json!(["Mailbox/get", {"accountId": account}, "g"]),
            json!(["Mailbox/query", {"accountId": account, "calculateTotal": true}, "o"]),
            json!(["Email/get", {"accountId": account, "ids": null}, "a"]),
            json!(["Core/echo", {"a": 1}, "x"]),
        ]);
    }
    asked
}

async fn state(twin: &Twin) -> String {
    let (text, _) = twin
        .ask(
            &[json!(["Email/get", {"accountId": twin.account, "ids": []}, "0"])],
            false,
        )
        .await;
    let answer: Value = serde_json::from_str(&text).unwrap();
    answer["methodResponses"][0][1]["state"].as_str().unwrap().to_owned()
}

/// What twins are told while things happen to them, and how many entries that makes.
#[tokio::test]
async fn inboxes_that_differ_only_in_what_is_withheld_are_told_the_same_at_the_same_steps() {
    let mut known: Option<Vec<(String, u64)>> = None;
    for which in [Hidden::Nothing, Hidden::This, Hidden::That] {
        let mut twin = Twin::new(&[Field::Text], Choice::Allow(FieldSet::ALL)).await;
        let request = Request::get("/jmap/events").header("authorization", format!("Bearer {}", twin.token));
        let stream = twin.site.answer(request.body(Body::empty()).unwrap()).await;
        let mut stream = stream.into_body();
        let mut dice = Dice::new(7);
        tokio::time::pause();
        let mut told = Vec::new();
        for n in 0..6 {
            let before = twin.site.world.entries().await;
            if n % 2 == 0 {
                twin.step(n, &mut dice, which).await;
            } else if which != Hidden::Nothing {
                let message = twin.message(3_000_000 + n, GRANTED[1], twin.cem, "in secret");
                twin.take_in(message).await;
            }
            let mut frames = String::new();
            while let Ok(Some(frame)) = tokio::time::timeout(Duration::from_secs(60), stream.frame()).await {
                frames.push_str(std::str::from_utf8(frame.unwrap().data_ref().unwrap()).unwrap());
            }
            told.push((frames, twin.site.world.entries().await - before));
        }
        tokio::time::resume();
        for (n, (frames, entries)) in told.iter().enumerate() {
            let expected = usize::from(n % 2 == 0);
            assert_eq!(
                frames.matches("event: state").count(),
                expected,
                "{which:?} step {n}: {frames}"
            );
            assert_eq!(*entries, expected as u64, "{which:?} step {n}");
        }
        assert!(known.as_ref().is_none_or(|known| *known == told), "{which:?}");
        known = Some(told);
    }
}

async fn look_the_same(fields: &[Field], says: Choice, seed: u64) {
    let hidden = [Hidden::Nothing, Hidden::This, Hidden::That];
    let mut twins = Vec::new();
    let mut states: Vec<String> = Vec::new();
    for which in hidden {
        let mut twin = Twin::new(fields, says).await;
        let mut dice = Dice::new(seed);
        let mut seen = vec![state(&twin).await];
        for n in 0..14 {
            twin.step(n, &mut dice, which).await;
            seen.push(state(&twin).await);
        }
        // Nothing but what is withheld, and says that change nothing here: no state moves.
        twin.hide_more(99, which).await;
        assert_eq!(&state(&twin).await, seen.last().unwrap(), "{fields:?} {which:?}");
        assert!(
            states.is_empty() || seen == states,
            "{fields:?} {which:?}: the states differ"
        );
        states = seen;
        twins.push(twin);
    }
    let since = [0, 3, 9, 13, 14].map(|n| states[n].clone());
    let now = twins[0].site.world.app.now().plus_seconds(-1_500_000).to_string();
    let questions = questions(&twins[0].account, &since, &now, &mut Dice::new(seed + 1));
    let mut told = 0;
    for calls in &questions {
        for using_ours in [false, true] {
            let first = twins[0].ask(calls, using_ours).await;
            told += usize::from(first.0.contains("\"list\":[{"));
            for (twin, which) in twins.iter().zip(hidden).skip(1) {
                let other = twin.ask(calls, using_ours).await;
                assert_eq!(first, other, "{fields:?} {which:?}: {}", json!(calls));
            }
        }
    }
    // A test in which nothing is ever found shows nothing.
    assert!(told > questions.len() / 8, "{told} of {}", questions.len());
}

#[tokio::test]
async fn inboxes_that_differ_only_in_what_is_withheld_give_the_same_bytes_under_text() {
    look_the_same(&[Field::Text], Choice::Allow(FieldSet::ALL), 1).await;
    look_the_same(&[Field::Text, Field::Mentions], Choice::Withhold, 2).await;
}

#[tokio::test]
async fn inboxes_that_differ_only_in_what_is_withheld_give_the_same_bytes_under_envelope() {
    look_the_same(&[Field::Envelope], Choice::Allow(FieldSet::of(&[Field::Envelope])), 3).await;
    // Some messages with their envelope, and some without.
    look_the_same(
        &[Field::Envelope, Field::Mentions],
        Choice::Allow(FieldSet::of(&[Field::Mentions])),
        4,
    )
    .await;
}

#[tokio::test]
async fn inboxes_that_differ_only_in_what_is_withheld_give_the_same_bytes_under_mentions() {
    look_the_same(&[Field::Mentions], Choice::Allow(FieldSet::ALL), 5).await;
    look_the_same(&[Field::Mentions, Field::Ranking], Choice::Withhold, 6).await;
}
