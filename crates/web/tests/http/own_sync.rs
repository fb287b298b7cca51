//! Keeping in sync with a person's own mail, over histories that dice make.

use crate::own::{Me, letter};
use crate::site::Site;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use store::suite::Dice;

/// What a client holds of one type: a state, and the objects.
struct Held {
    name: &'static str,
    properties: Value,
    state: String,
    objects: BTreeMap<String, Value>,
}

async fn all(me: &Me<'_>, name: &str, properties: &Value) -> (String, BTreeMap<String, Value>) {
    let ids = match name {
        "Email" => json!(me.ids(json!({})).await),
        _ => Value::Null,
    };
    let got = me
        .call(&format!("{name}/get"), json!({"ids": ids, "properties": properties}))
        .await;
    let list = got["list"].as_array().unwrap().iter();
    let objects = list
        .map(|o| (o["id"].as_str().unwrap().to_owned(), o.clone()))
        .collect();
    (got["state"].as_str().unwrap().to_owned(), objects)
}

impl Held {
    async fn fresh(me: &Me<'_>, name: &'static str, properties: Value) -> Self {
        let (state, objects) = all(me, name, &properties).await;
        Self {
            name,
            properties,
            state,
            objects,
        }
    }

    /// Follows `/changes` to the end, a few at a time, and reads what has changed.
    async fn follow(&mut self, me: &Me<'_>, most: u64) {
        loop {
            let mut arguments = json!({"sinceState": self.state});
            // A folder list is told whole or not at all.
            if self.name != "Mailbox" {
                arguments["maxChanges"] = json!(most);
            }
            let changes = me.call(&format!("{}/changes", self.name), arguments).await;
            let ids = |what: &str| changes[what].as_array().unwrap().clone();
            for id in ids("destroyed") {
                self.objects.remove(id.as_str().unwrap());
            }
            for id in ids("created") {
                assert!(
                    !self.objects.contains_key(id.as_str().unwrap()),
                    "{}: {id} is not new: {changes}",
                    self.name
                );
            }
            let changed = [ids("created"), ids("updated")].concat();
            let got = me
                .call(
                    &format!("{}/get", self.name),
                    json!({"ids": changed, "properties": self.properties}),
                )
                .await;
            for object in got["list"].as_array().unwrap() {
                self.objects
                    .insert(object["id"].as_str().unwrap().to_owned(), object.clone());
            }
            // What has gone since the changes were told is told next time.
            for id in got["notFound"].as_array().unwrap() {
                self.objects.remove(id.as_str().unwrap());
            }
            self.state = changes["newState"].as_str().unwrap().to_owned();
            if changes["hasMoreChanges"] == false {
                return;
            }
        }
    }
}

/// The results of a query, as a client keeps them.
struct Results {
    query: Value,
    state: String,
    ids: Vec<Value>,
}

impl Results {
    async fn fresh(me: &Me<'_>, query: Value) -> Self {
        let result = me.call("Email/query", query.clone()).await;
        Self {
            query,
            state: result["queryState"].as_str().unwrap().to_owned(),
            ids: result["ids"].as_array().unwrap().clone(),
        }
    }

    async fn follow(&mut self, me: &Me<'_>) {
        let mut arguments = self.query.clone();
        arguments["sinceQueryState"] = json!(self.state);
        arguments["accountId"] = json!(me.account);
        let answer = me.answer(json!([["Email/queryChanges", arguments, "q"]])).await;
        let (name, changes) = (&answer["methodResponses"][0][0], &answer["methodResponses"][0][1]);
        if name == "error" {
            assert_eq!(changes["type"], "cannotCalculateChanges", "{changes}");
            *self = Self::fresh(me, self.query.clone()).await;
            return;
        }
        let removed = changes["removed"].as_array().unwrap();
        self.ids.retain(|id| !removed.contains(id));
        for added in changes["added"].as_array().unwrap() {
            let index = added["index"].as_u64().unwrap() as usize;
            self.ids.insert(index, added["id"].clone());
        }
        self.state = changes["newQueryState"].as_str().unwrap().to_owned();
    }
}

/// One thing happens.
async fn step(site: &Site, me: &Me<'_>, dice: &mut Dice, n: usize) {
    let (app, world) = (&site.world.app, &site.world);
    let ids = me.ids(json!({})).await;
    let one = |dice: &mut Dice| ids.get(dice.below(ids.len() as u64) as usize).cloned();
    let folders = me.call("Mailbox/get", json!({"properties": ["role"]})).await;
    let own: Vec<String> = folders["list"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|f| f["role"].is_null())
        .map(|f| f["id"].as_str().unwrap().to_owned())
        .collect();
    let somewhere = |dice: &mut Dice| match own.get(dice.below(own.len() as u64 + 2) as usize) {
        Some(id) => id.clone(),
        None => dice.pick(&["inbox", "archive"]).to_owned(),
    };
    match dice.below(12) {
        0 => {
            _ = app
                .send(world.ana.account, world.talk, "from ana", &format!("a{n}"))
                .await
                .unwrap()
        }
        1 => {
            _ = app
                .send(world.ben.account, world.talk, "from ben", &format!("b{n}"))
                .await
                .unwrap()
        }
        2..=4 => {
            let about = dice.pick(&["Lunch", "Dinner"]);
            let answers = format!("In-Reply-To: <{}@x.example>\r\n", dice.below(n as u64 + 1));
            let at = format!("20{:02}-01-01T00:00:00Z", 10 + dice.below(20));
            let more = json!({"mailboxIds": {somewhere(dice): true}, "receivedAt": at});
            me.import(&letter(&n.to_string(), about, &answers, "text"), more).await;
        }
        5..=7 => {
            if let Some(id) = one(dice) {
                let keyword = format!("keywords/{}", dice.pick(&["$seen", "$flagged", "a"]));
                let value = if dice.below(2) == 0 { json!(true) } else { Value::Null };
                me.call("Email/set", json!({"update": {id: {keyword: value}}})).await;
            }
        }
        8 => {
            if let Some(id) = one(dice) {
                me.call(
                    "Email/set",
                    json!({"update": {id: {"mailboxIds": {somewhere(dice): true}}}}),
                )
                .await;
            }
        }
        9 => {
            if let Some(id) = one(dice) {
                me.call("Email/set", json!({"destroy": [id]})).await;
            }
        }
        10 => {
            _ = me
                .call("Mailbox/set", json!({"create": {"f": {"name": format!("f{n}")}}}))
                .await
        }
        _ => {
            if let Some(folder) = own.first() {
                me.call(
                    "Mailbox/set",
                    json!({"destroy": [folder], "onDestroyRemoveEmails": true}),
                )
                .await;
            }
        }
    }
}

#[tokio::test]
async fn a_client_that_follows_changes_ends_with_what_a_fresh_look_shows() {
    for seed in 0..6 {
        let site = Site::new().await;
        let me = Me::of(&site, &site.world.ana).await;
        let mut dice = Dice::new(seed);
        let mut held = vec![
            Held::fresh(&me, "Email", json!(["mailboxIds", "keywords", "threadId"])).await,
            Held::fresh(
                &me,
                "Mailbox",
                json!(["name", "totalEmails", "unreadEmails", "totalThreads", "unreadThreads"]),
            )
            .await,
            Held::fresh(&me, "Thread", json!(["emailIds"])).await,
        ];
        let mut results = Vec::new();
        for query in [
            json!({}),
            json!({"collapseThreads": true}),
            json!({"filter": {"inMailbox": "inbox"}}),
            json!({"filter": {"hasKeyword": "$flagged"}, "sort": [{"property": "receivedAt"}]}),
            json!({"sort": [{"property": "hasKeyword", "keyword": "a"}, {"property": "subject"}]}),
            json!({"filter": {"someInThreadHaveKeyword": "a"}}),
            json!({"filter": {"text": "ben"}}),
        ] {
            results.push(Results::fresh(&me, query).await);
        }
        for round in 0..12 {
            for n in 0..dice.below(6) {
                step(&site, &me, &mut dice, round * 10 + n as usize).await;
            }
            for held in &mut held {
                held.follow(&me, 1 + dice.below(4)).await;
                let (state, fresh) = all(&me, held.name, &held.properties).await;
                assert_eq!(held.objects, fresh, "{} of seed {seed} after round {round}", held.name);
                assert_eq!(held.state, state, "{} of seed {seed}", held.name);
            }
            for result in &mut results {
                result.follow(&me).await;
                let fresh = Results::fresh(&me, result.query.clone()).await;
                assert_eq!(
                    result.ids, fresh.ids,
                    "{} of seed {seed} after round {round}",
                    result.query
                );
            }
        }
    }
}
