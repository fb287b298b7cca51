//! A partner keeps in sync, over histories that dice make: messages, edits, deletions, says, narrowings, revocations.

use crate::site::Site;
use app::About;
use axum::http::StatusCode;
use model::{Choice, Field, FieldSet, Message, MessageId};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use store::Messages as _;
use store::suite::Dice;

/// What a partner's client holds of an inbox.
#[derive(Debug, PartialEq, Default, Clone)]
struct Copy {
    emails: BTreeMap<String, Value>,
    threads: BTreeMap<String, Value>,
    inbox: Value,
    results: Vec<Vec<Value>>,
}

struct Client<'a> {
    site: &'a Site,
    token: String,
    account: String,
    copy: Copy,
    state: String,
    /// How often it could follow, and how often it had to start afresh.
    followed: usize,
    afresh: usize,
}

const QUERIES: [&str; 5] = [
    r#"{}"#,
    r#"{"collapseThreads": true}"#,
    r#"{"sort": [{"property": "receivedAt"}]}"#,
    r#"{"filter": {"before": "2026-11-20T00:00:00Z"}}"#,
    r#"{"filter": {"operator": "NOT", "conditions": [{"hasKeyword": "$draft"}]}, "sort": [{"property": "sentAt"}]}"#,
];

impl<'a> Client<'a> {
    async fn new(site: &'a Site, fields: &[Field]) -> Self {
        let token = site.world.connect(fields).await.access;
        let account = site.account(&token).await;
        let mut client = Self {
            site,
            token,
            account,
            copy: Copy::default(),
            state: String::new(),
            followed: 0,
            afresh: 0,
        };
        (client.copy, client.state) = client.fresh().await;
        client
    }

    async fn call(&self, method: &str, mut arguments: Value) -> Value {
        arguments["accountId"] = json!(self.account);
        let answer = self.site.jmap(&self.token, json!([[method, arguments, "0"]])).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer.json()["methodResponses"][0][1].clone()
    }

    async fn query(&self, query: &str) -> Value {
        self.call("Email/query", serde_json::from_str(query).unwrap()).await
    }

    async fn get(&self, name: &str, ids: &Value) -> (BTreeMap<String, Value>, String) {
        let got = self.call(&format!("{name}/get"), json!({"ids": ids})).await;
        let list = got["list"].as_array().unwrap_or_else(|| panic!("{got}"));
        let objects = list.iter().map(|o| (o["id"].as_str().unwrap().to_owned(), o.clone()));
        (objects.collect(), got["state"].as_str().unwrap().to_owned())
    }

    /// All there is, read afresh.
    async fn fresh(&self) -> (Copy, String) {
        let found = self.query("{}").await;
        let (emails, state) = self.get("Email", &found["ids"]).await;
        assert_eq!(found["queryState"], json!(state));
        let mut threads: Vec<&str> = emails.values().map(|e| e["threadId"].as_str().unwrap()).collect();
        threads.sort_unstable();
        threads.dedup();
        let threads = self.get("Thread", &json!(threads)).await.0;
        let inbox = self.call("Mailbox/get", json!({})).await["list"][0].clone();
        let mut results = Vec::new();
        for query in QUERIES {
            results.push(self.query(query).await["ids"].as_array().unwrap().clone());
        }
        let copy = Copy {
            emails,
            threads,
            inbox,
            results,
        };
        (copy, state)
    }

    /// Follows what has changed; `None` if that cannot be told.
    async fn follow(&self) -> Option<(Copy, String)> {
        let mut copy = self.copy.clone();
        let since = json!({"sinceState": self.state});
        let told = |answer: &Value| {
            let refused = answer["type"] == "cannotCalculateChanges";
            assert!(refused || answer.get("type").is_none(), "{answer}");
            !refused
        };
        let emails = self.call("Email/changes", since.clone()).await;
        if !told(&emails) {
            return None;
        }
        assert_eq!(emails["hasMoreChanges"], false);
        for id in emails["destroyed"].as_array().unwrap() {
            copy.emails.remove(id.as_str().unwrap());
        }
        let (created, state) = self.get("Email", &emails["created"]).await;
        assert_eq!(created.len(), emails["created"].as_array().unwrap().len());
        for (id, email) in created {
            assert!(copy.emails.insert(id.clone(), email).is_none(), "{id} is not new");
        }
        assert_eq!(emails["newState"], json!(state));
        let threads = self.call("Thread/changes", since.clone()).await;
        assert!(told(&threads), "messages are told, conversations are not: {threads}");
        for (which, is_known) in [("created", false), ("updated", true)] {
            for (id, thread) in self.get("Thread", &threads[which]).await.0 {
                assert_eq!(copy.threads.insert(id, thread).is_some(), is_known, "{threads}");
            }
        }
        let inbox = self.call("Mailbox/changes", since).await;
        if !inbox["updated"].as_array().unwrap().is_empty() {
            let properties = json!({"ids": inbox["updated"], "properties": inbox["updatedProperties"]});
            let got = self.call("Mailbox/get", properties).await["list"][0].clone();
            for (name, value) in got.as_object().unwrap() {
                copy.inbox[name] = value.clone();
            }
        }
        for (query, ids) in QUERIES.iter().zip(&mut copy.results) {
            let mut arguments: Value = serde_json::from_str(query).unwrap();
            arguments["sinceQueryState"] = json!(self.state);
            let changes = self.call("Email/queryChanges", arguments).await;
            assert!(told(&changes), "{query}: {changes}");
            let removed = changes["removed"].as_array().unwrap();
            ids.retain(|id| !removed.contains(id));
            for added in changes["added"].as_array().unwrap() {
                ids.insert(added["index"].as_u64().unwrap() as usize, added["id"].clone());
            }
        }
        Some((copy, state))
    }

    async fn keep_up(&mut self) {
        match self.follow().await {
            Some((copy, state)) => {
                (self.copy, self.state) = (copy, state);
                self.followed += 1;
            }
            // Whoever cannot be told what changed forgets all of it.
            None => {
                (self.copy, self.state) = self.fresh().await;
                self.afresh += 1;
            }
        }
    }
}

/// One thing happens; whether it can move the view other than by messages that come.
async fn step(site: &Site, dice: &mut Dice, n: u8, ids: &mut Vec<[u8; 16]>) -> bool {
    let (app, world) = (&site.world.app, &site.world);
    let text = dice.pick(&[
        "the movie Heat (1995) was great",
        "the movie Alien (1979) was awful",
        "lunch",
    ]);
    let author = [world.ana.account, world.ben.account][dice.below(2) as usize];
    let comes = |id: [u8; 16], dice: &mut Dice| Message {
        id: MessageId(id),
        conversation: world.talk,
        author,
        // Old ones come, too: an import.
        sent_at: app.now().plus_seconds(-(dice.below(3_000_000) as i64)),
        text: text.to_owned(),
        attachments: vec![],
        via: None,
    };
    let ana = world.ana.account;
    match dice.below(10) {
        0..=4 => {
            let id = [n.wrapping_add(10); 16];
            app.take_in(ana, &[], &[comes(id, dice)]).await.unwrap();
            ids.push(id);
            false
        }
        5 => {
            let Some(id) = ids.pop() else { return false };
            world.store().messages_delete(ana.0, vec![id]).await.unwrap();
            true
        }
        // An edit: the message goes and comes with another id.
        6 => {
            let Some(id) = ids.pop() else { return false };
            world.store().messages_delete(ana.0, vec![id]).await.unwrap();
            let mut edited = [n.wrapping_add(10); 16];
            edited[0] = 0xed;
            app.take_in(ana, &[], &[comes(edited, dice)]).await.unwrap();
            ids.push(edited);
            true
        }
        7 => {
            let choices = [
                Choice::Withhold,
                Choice::Ask,
                Choice::Allow(FieldSet::of(&[Field::Mentions])),
                Choice::Allow(FieldSet::ALL),
            ];
            let choice = dice.pick(&choices);
            app.say(world.ben.account, About::Partner(world.partner()), choice)
                .await
                .unwrap();
            true
        }
        8 => {
            let choice = dice.pick(&[Choice::Ask, Choice::Allow(FieldSet::ALL)]);
            let about = About::Conversation("another".parse().unwrap(), world.talk);
            app.say(world.ben.account, about, choice).await.unwrap();
            false
        }
        _ => {
            world.clock.advance_seconds(60);
            false
        }
    }
}

#[tokio::test]
async fn a_partner_that_follows_changes_ends_with_what_a_fresh_look_shows() {
    let kinds: [&[Field]; 4] = [
        &[Field::Text],
        &[Field::Envelope],
        &[Field::Mentions],
        &[Field::Text, Field::Mentions],
    ];
    let (mut followed, mut afresh) = (0, 0);
    for seed in 0..12 {
        let site = Site::new().await;
        let mut dice = Dice::new(seed);
        let mut ids = Vec::new();
        let fields = kinds[seed as usize % kinds.len()];
        let mut client = Client::new(&site, fields).await;
        let mut renewed = false;
        for round in 0..14u8 {
            let mut only_came = true;
            for n in 0..dice.below(4) as u8 {
                only_came &= !step(&site, &mut dice, round * 4 + n, &mut ids).await;
            }
            let before = client.followed;
            client.keep_up().await;
            assert!(
                !only_came || renewed || client.followed > before,
                "seed {seed}, round {round}: told nothing"
            );
            let (fresh, state) = client.fresh().await;
            assert_eq!(client.copy, fresh, "seed {seed} after round {round}");
            assert_eq!(client.state, state, "seed {seed} after round {round}");
            renewed = round == 9;
            if renewed {
                // Taken back: nothing is answered any more. A new consent may be another, and its states are its own.
                let grant = site.world.app.grant_presented(&client.token).await.unwrap().id;
                site.world
                    .app
                    .grant_revoke(site.world.ana.account, grant)
                    .await
                    .unwrap();
                let refused = site.jmap(&client.token, json!([["Core/echo", {}, "0"]])).await;
                assert_eq!(refused.status, StatusCode::FORBIDDEN);
                let again = Client::new(&site, kinds[dice.below(4) as usize]).await;
                (client.token, client.account) = (again.token, again.account);
            }
        }
        followed += client.followed;
        afresh += client.afresh;
    }
    assert!(followed > 40 && afresh > 10, "{followed} followed, {afresh} afresh");
}
