//! JMAP from outside, for a partner and for the person.

use crate::site::{Site, never_read};
use app::About;
use axum::http::StatusCode;
use model::{Choice, Field, FieldSet};
use serde_json::{Value, json};

fn response(answer: &Value, at: usize) -> &Value {
    &answer["methodResponses"][at][1]
}

#[tokio::test]
async fn query_and_get_in_one_request_with_a_proof_that_verifies() {
    let site = Site::new().await;
    let token = site.connect().await;
    let account = site.account(&token).await;
    let calls = json!([
        ["Email/query", {"accountId": account, "calculateTotal": true}, "q"],
        ["Email/get", {
            "accountId": account, "fetchTextBodyValues": true,
            "properties": ["threadId", "from", "to", "subject", "receivedAt", "bodyValues", "textBody", "disclosure"],
            "#ids": {"resultOf": "q", "name": "Email/query", "path": "/ids"}
        }, "g"],
        ["Thread/get", {"accountId": account, "#ids": {"resultOf": "g", "name": "Email/get", "path": "/list/*/threadId"}}, "t"],
        ["Mailbox/get", {"accountId": account}, "m"]
    ]);
    let answer = site.jmap(&token, calls).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let json = answer.json();
    let (query, get) = (response(&json, 0), response(&json, 1));
    assert_eq!(
        (query["total"].as_u64(), &query["withheld"]),
        (Some(1), &json!({"counterparty": 1}))
    );
    let email = &get["list"][0];
    assert!(
        email["bodyValues"]["1"]["value"]
            .as_str()
            .unwrap()
            .contains("msg from ana")
    );
    assert_eq!(email["from"][0]["name"], "Ana");
    assert_eq!(
        email["to"][0],
        json!({"name": null, "email": "someone@inbox.example"}),
        "Ben has not agreed"
    );
    assert_eq!(email["disclosure"]["mentions"][0]["title"], "title-heat");
    assert_eq!(response(&json, 2)["list"][0]["emailIds"], json!([email["id"]]));
    assert_eq!(response(&json, 3)["list"][0]["totalEmails"], 1);
    assert!(!answer.text.contains("msg from ben"));

    let index = json["disclosureProof"]["index"].as_u64().unwrap();
    let checkpoint = json["disclosureProof"]["checkpoint"].as_str().unwrap();
    let checkpoint = tlog::checkpoint::Checkpoint::verify(checkpoint, site.world.app.log_key()).unwrap();
    assert!(index < checkpoint.size);
    let bearer = format!("Bearer {token}");
    let receipt = site
        .get(&format!("/ledger/receipts/{index}"), &[("authorization", &bearer)])
        .await
        .text;
    let opened = tlog::receipt::verify(&receipt, site.world.app.log_key()).unwrap();
    // The entry's MAC is over the object without its last member.
    let (bare, _) = answer.text.split_once(",\"disclosureProof\"").unwrap();
    assert_eq!(opened.body.answer_bytes as usize, bare.len() + 1);
}

#[tokio::test]
async fn without_our_capability_the_answer_is_plain_jmap() {
    let site = Site::new().await;
    let token = site.connect().await;
    let account = site.account(&token).await;
    let using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"];
    let body =
        json!({"using": using, "methodCalls": [["Email/query", {"accountId": account, "calculateTotal": true}, "0"]]});
    let request = axum::http::Request::builder()
        .method("POST")
        .uri("/jmap")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(axum::body::Body::from(body.to_string()))
        .unwrap();
    let answer = site.send(request).await;
    assert!(answer.json().get("disclosureProof").is_none());
    assert!(response(&answer.json(), 0).get("withheld").is_none());
    assert!(
        !answer.header("privity-disclosure").is_empty(),
        "the entry is there all the same"
    );
}

#[tokio::test]
async fn changes_follow_messages_and_start_afresh_when_consent_changes() {
    let site = Site::new().await;
    let token = site.connect().await;
    let account = site.account(&token).await;
    let state = |answer: &Value| response(answer, 0)["state"].as_str().unwrap().to_owned();
    let get = json!([["Email/get", {"accountId": account, "ids": []}, "0"]]);
    let first = state(&site.jmap(&token, get.clone()).await.json());
    let changes = |since: &str| json!([["Email/changes", {"accountId": account, "sinceState": since}, "0"]]);
    let none = site.jmap(&token, changes(&first)).await.json();
    assert_eq!(
        (
            response(&none, 0)["created"].as_array().unwrap().len(),
            &response(&none, 0)["newState"]
        ),
        (0, &json!(first))
    );

    let (app, world) = (&site.world.app, &site.world);
    app.send(world.ana.account, world.talk, "a new one from ana", "n1")
        .await
        .unwrap();
    app.send(world.ben.account, world.talk, "a new one from ben", "n2")
        .await
        .unwrap();
    let some = site.jmap(&token, changes(&first)).await.json();
    assert_eq!(
        response(&some, 0)["created"].as_array().unwrap().len(),
        1,
        "hers, not his: {some}"
    );

    let yes = Choice::Allow(FieldSet::of(&[Field::Text]));
    app.say(world.ben.account, About::Everyone, yes).await.unwrap();
    let stale = site.jmap(&token, changes(&first)).await.json();
    assert_eq!(response(&stale, 0)["type"], "cannotCalculateChanges", "{stale}");
    for unknown in ["0", "x", "99999999-1-0-1", "-"] {
        let answer = site.jmap(&token, changes(unknown)).await.json();
        assert_eq!(response(&answer, 0)["type"], "cannotCalculateChanges", "{unknown}");
    }
}

#[tokio::test]
async fn a_filter_is_no_oracle_for_what_is_withheld() {
    let site = Site::new().await;
    let token = site.connect().await;
    let account = site.account(&token).await;
    for filter in [
        json!({"text": "ben"}),
        json!({"body": "Alien"}),
        json!({"from": "Ben"}),
        json!({"to": "Ben"}),
        json!({"operator": "NOT", "conditions": [{"text": "msg from ana"}]}),
    ] {
        let answer = site
            .jmap(
                &token,
                json!([["Email/query", {"accountId": account, "filter": filter}, "0"]]),
            )
            .await
            .json();
        assert_eq!(response(&answer, 0)["ids"], json!([]), "{filter}");
    }
    let id = format!("m{}", "00".repeat(16));
    let get = json!([["Email/get", {"accountId": account, "ids": [id, site.world.talk.to_string()]}, "0"]]);
    let answer = site.jmap(&token, get).await.json();
    assert_eq!(response(&answer, 0)["notFound"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn errors_are_those_of_the_rfc() {
    let site = Site::new().await;
    let token = site.connect().await;
    let account = site.account(&token).await;
    for (call, kind) in [
        (json!(["Foo/get", {}, "0"]), "unknownMethod"),
        (
            json!(["Email/get", {"accountId": "other", "ids": []}, "0"]),
            "accountNotFound",
        ),
        (
            json!(["Email/get", {"accountId": account, "ids": [], "properties": ["invented"]}, "0"]),
            "invalidArguments",
        ),
        (
            json!(["Email/get", {"accountId": account, "invented": 1}, "0"]),
            "invalidArguments",
        ),
        (
            json!(["Email/query", {"accountId": account, "sort": [{"property": "colour"}]}, "0"]),
            "unsupportedSort",
        ),
        (
            json!(["Email/query", {"accountId": account, "filter": {"header": ["x"]}}, "0"]),
            "unsupportedFilter",
        ),
        (
            json!(["Email/query", {"accountId": account, "anchor": "m00"}, "0"]),
            "anchorNotFound",
        ),
        (
            json!(["Email/get", {"accountId": account, "#ids": {"resultOf": "z", "name": "n", "path": "/"}}, "0"]),
            "invalidResultReference",
        ),
        (
            json!(["Thread/get", {"accountId": account, "ids": null}, "0"]),
            "requestTooLarge",
        ),
    ] {
        let answer = site.jmap(&token, json!([call])).await.json();
        assert_eq!(response(&answer, 0)["type"], kind, "{call}");
    }
}

#[tokio::test]
async fn the_person_reads_all_of_her_own_inbox_and_makes_no_entry() {
    let site = Site::new().await;
    let (cookie, _) = site.sign_in("ana").await;
    let session = site.get("/jmap/session", &[("cookie", &cookie)]).await.json();
    let account = session["primaryAccounts"]["urn:ietf:params:jmap:mail"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(session["accounts"][&account]["isPersonal"], true);
    let before = site.world.entries().await;
    let body = json!({"using": ["urn:ietf:params:jmap:mail"], "methodCalls": [
        ["Email/query", {"accountId": account, "sort": [{"property": "receivedAt", "isAscending": true}]}, "q"],
        ["Email/get", {"accountId": account, "properties": ["preview", "from"], "#ids": {"resultOf": "q", "name": "Email/query", "path": "/ids"}}, "g"]
    ]});
    let request = |kind: &'static str| {
        axum::http::Request::builder()
            .method("POST")
            .uri("/jmap")
            .header("cookie", &cookie)
            .header("content-type", kind)
            .body(axum::body::Body::from(body.to_string()))
            .unwrap()
    };
    let answer = site.send(request("application/json")).await.json();
    let previews: Vec<&str> = response(&answer, 1)["list"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["preview"].as_str().unwrap())
        .collect();
    assert!(
        previews[0].starts_with("msg from ana") && previews[1].starts_with("msg from ben"),
        "oldest first"
    );
    assert_eq!(site.world.entries().await, before);
    // A form of another site cannot send this type.
    assert_eq!(site.send(request("text/plain")).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_answer_of_answers_does_not_grow_without_bound() {
    let site = Site::new().await;
    let token = site.connect().await;
    let many = |of: &str, references: usize| {
        let reference = json!({"resultOf": of, "name": "Core/echo", "path": ""});
        let arguments: serde_json::Map<String, Value> =
            (0..references).map(|n| (format!("#{n}"), reference.clone())).collect();
        arguments
    };
    // The second is little in memory, and six times as much when it is written.
    for (filler, references) in [("x".repeat(400_000), 10), ("\u{1}".repeat(150_000), 20)] {
        let calls = json!([
            ["Core/echo", {"filler": filler}, "0"],
            ["Core/echo", many("0", references), "1"],
            ["Core/echo", many("1", references), "2"],
            ["Core/echo", {"small": 1}, "3"],
        ]);
        let answer = site.jmap(&token, calls).await;
        assert!(answer.text.len() < 17 * 1024 * 1024, "{}", answer.text.len());
        let answer = answer.json();
        assert_eq!(response(&answer, 0)["filler"], json!(filler));
        assert!(answer["methodResponses"].to_string().contains("requestTooLarge"));
        assert_eq!(response(&answer, 3), &json!({"small": 1}), "the others are answered");
    }
}

#[tokio::test]
async fn a_filter_finds_text_in_any_case_and_its_texts_are_bounded() {
    let site = Site::new().await;
    let token = site.connect().await;
    let account = site.account(&token).await;
    let query = |filter: Value| json!([["Email/query", {"accountId": account, "filter": filter}, "0"]]);
    let mut found = Vec::new();
    for text in ["msg from ana", "MSG From ANA"] {
        let either = json!({"operator": "OR", "conditions": [{"body": "nowhere"}, {"text": text}]});
        let answer = site.jmap(&token, query(either)).await.json();
        found.push(response(&answer, 0)["ids"].clone());
    }
    assert_ne!(found[0], json!([]));
    assert_eq!(found[0], found[1]);
    let answer = site
        .jmap(&token, query(json!({"text": "x".repeat(1_001)})))
        .await
        .json();
    assert_eq!(response(&answer, 0)["type"], "invalidArguments");
}

#[tokio::test]
async fn one_grant_has_so_many_answers_at_a_time_and_the_others_are_not_its() {
    let site = Site::new().await;
    let (token, other) = (site.connect().await, site.connect().await);
    let echo = json!([["Core/echo", {}, "0"]]);
    let mut under_way = Vec::new();
    let refused = loop {
        let answer = site.begin(&token, echo.clone()).await;
        match answer.status() {
            StatusCode::OK => under_way.push(answer),
            _ => break answer,
        }
        assert!(under_way.len() < 100);
    };
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.headers()["retry-after"], "1");
    let body = axum::body::to_bytes(refused.into_body(), 10_000).await.unwrap();
    let problem: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem["type"], "urn:ietf:params:jmap:error:limit");
    assert_eq!(problem["limit"], "maxConcurrentRequests");
    assert!(under_way.len() >= wire::limits::MAX_CONCURRENT_REQUESTS);
    assert_eq!(site.jmap(&other, echo.clone()).await.status, StatusCode::OK);
    under_way.pop();
    assert_eq!(site.jmap(&token, echo).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_body_is_read_only_from_who_may_ask() {
    let site = Site::new().await;
    for headers in [
        vec![("authorization", "Bearer unknown")],
        vec![("content-type", "application/json")],
        vec![],
    ] {
        let mut request = axum::http::Request::builder().method("POST").uri("/jmap");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = site.send(request.body(never_read()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
}

/// A client's results, kept up to date by `Email/queryChanges` as RFC 8620 section 5.6 says.
fn follow(mut ids: Vec<Value>, changes: &Value) -> Vec<Value> {
    let removed = changes["removed"].as_array().unwrap();
    ids.retain(|id| !removed.contains(id));
    for added in changes["added"].as_array().unwrap() {
        let index = added["index"].as_u64().unwrap() as usize;
        ids.insert(index, added["id"].clone());
    }
    ids
}

#[tokio::test]
async fn a_client_that_follows_query_changes_ends_with_what_a_fresh_query_shows() {
    let site = Site::new().await;
    let token = site.connect().await;
    let account = site.account(&token).await;
    let (app, world) = (&site.world.app, &site.world);
    let queries = [
        json!({}),
        json!({"collapseThreads": true}),
        json!({"sort": [{"property": "receivedAt"}]}),
        json!({"sort": [{"property": "receivedAt"}], "collapseThreads": true}),
        json!({"filter": {"text": "even"}}),
        json!({"sort": [{"property": "size", "isAscending": false}], "collapseThreads": true}),
        json!({"sort": [{"property": "from"}, {"property": "size"}]}),
    ];
    let with = |extra: &Value, since: Option<&str>| {
        let mut arguments = extra.clone();
        arguments["accountId"] = json!(account);
        arguments["calculateTotal"] = json!(true);
        if let Some(since) = since {
            arguments["sinceQueryState"] = json!(since);
        }
        arguments
    };
    let mut held = Vec::new();
    for query in &queries {
        let answer = site
            .jmap(&token, json!([["Email/query", with(query, None), "q"]]))
            .await
            .json();
        let result = response(&answer, 0);
        assert_eq!(result["canCalculateChanges"], true, "{answer}");
        held.push((
            result["ids"].as_array().unwrap().clone(),
            result["queryState"].as_str().unwrap().to_owned(),
        ));
    }
    for round in 0..4 {
        for n in 0..=round {
            let text = if n % 2 == 0 {
                "an even one"
            } else {
                "an odd one, and a longer one"
            };
            app.send(world.ana.account, world.talk, text, &format!("r{round}n{n}"))
                .await
                .unwrap();
            app.send(
                world.ben.account,
                world.talk,
                "even he, who says nothing",
                &format!("b{round}n{n}"),
            )
            .await
            .unwrap();
        }
        for (query, (ids, state)) in queries.iter().zip(&mut held) {
            let calls = json!([
                ["Email/queryChanges", with(query, Some(state)), "c"],
                ["Email/query", with(query, None), "q"]
            ]);
            let answer = site.jmap(&token, calls).await.json();
            let (changes, fresh) = (response(&answer, 0), response(&answer, 1));
            *ids = follow(std::mem::take(ids), changes);
            assert_eq!(json!(ids), fresh["ids"], "round {round}, {query}: {answer}");
            assert_eq!(changes["total"], fresh["total"]);
            assert_eq!(changes["newQueryState"], fresh["queryState"]);
            *state = changes["newQueryState"].as_str().unwrap().to_owned();
        }
    }
    let mut few = with(&json!({}), Some(&held[0].1));
    few["maxChanges"] = json!(1);
    for n in ["x1", "x2"] {
        app.send(world.ana.account, world.talk, "more", n).await.unwrap();
    }
    let answer = site
        .jmap(&token, json!([["Email/queryChanges", few, "c"]]))
        .await
        .json();
    assert_eq!(response(&answer, 0)["type"], "tooManyChanges", "{answer}");
}

#[tokio::test]
async fn mailboxes_and_threads_tell_what_changed_and_nothing_of_what_is_withheld() {
    let site = Site::new().await;
    let token = site.connect().await;
    let account = site.account(&token).await;
    let (app, world) = (&site.world.app, &site.world);
    let state = site
        .jmap(&token, json!([["Email/get", {"accountId": account, "ids": []}, "0"]]))
        .await;
    let state = response(&state.json(), 0)["state"].as_str().unwrap().to_owned();
    let since = |state: &str| {
        let arguments = json!({"accountId": account, "sinceState": state});
        let query = json!({"accountId": account, "sinceQueryState": state});
        json!([
            ["Mailbox/changes", arguments, "m"],
            ["Thread/changes", arguments, "t"],
            ["Mailbox/queryChanges", query, "q"]
        ])
    };
    app.send(world.ben.account, world.talk, "withheld", "w1").await.unwrap();
    let answer = site.jmap(&token, since(&state)).await.json();
    assert_eq!(response(&answer, 0)["updated"], json!([]), "{answer}");
    assert_eq!(response(&answer, 0)["updatedProperties"], Value::Null);
    assert_eq!(
        (&response(&answer, 1)["created"], &response(&answer, 1)["updated"]),
        (&json!([]), &json!([]))
    );

    app.send(world.ana.account, world.talk, "hers", "w2").await.unwrap();
    let answer = site.jmap(&token, since(&state)).await.json();
    assert_eq!(response(&answer, 0)["updated"], json!(["inbox"]), "{answer}");
    assert_eq!(
        response(&answer, 0)["updatedProperties"],
        json!(["totalEmails", "totalThreads"])
    );
    assert_eq!(response(&answer, 1)["created"], json!([]), "the conversation was there");
    assert_eq!(response(&answer, 1)["updated"].as_array().unwrap().len(), 1, "{answer}");
    assert_eq!(response(&answer, 2)["added"], json!([]));

    let stale = site.jmap(&token, since("x")).await.json();
    for at in 0..3 {
        assert_eq!(response(&stale, at)["type"], "cannotCalculateChanges", "{stale}");
    }
    let queries = json!([
        ["Mailbox/query", {"accountId": account, "filter": {"role": "inbox"}, "calculateTotal": true}, "0"],
        ["Mailbox/query", {"accountId": account, "filter": {"role": "sent"}, "calculateTotal": true}, "1"],
        ["Mailbox/query", {"accountId": account, "anchor": "sent"}, "2"],
        ["Mailbox/query", {"accountId": account, "position": 1}, "3"]
    ]);
    let answer = site.jmap(&token, queries).await.json();
    assert_eq!(
        (&response(&answer, 0)["ids"], &response(&answer, 0)["total"]),
        (&json!(["inbox"]), &json!(1))
    );
    assert_eq!(
        (&response(&answer, 1)["ids"], &response(&answer, 1)["total"]),
        (&json!([]), &json!(0))
    );
    assert_eq!(response(&answer, 2)["type"], "anchorNotFound");
    assert_eq!(response(&answer, 3)["ids"], json!([]));
}

#[tokio::test]
async fn a_snippet_marks_only_in_what_the_partner_sees() {
    let site = Site::new().await;
    let token = site.connect().await;
    let account = site.account(&token).await;
    let calls = json!([
        ["Email/query", {"accountId": account}, "q"],
        ["SearchSnippet/get", {
            "accountId": account, "filter": {"text": "msg"},
            "#emailIds": {"resultOf": "q", "name": "Email/query", "path": "/ids"}
        }, "s"],
        ["SearchSnippet/get", {"accountId": account, "filter": {"text": "msg"}, "emailIds": ["m0", "m0"]}, "n"]
    ]);
    let answer = site.jmap(&token, calls).await;
    let json = answer.json();
    let list = response(&json, 1)["list"].as_array().unwrap();
    assert_eq!(list.len(), 1, "{json}");
    assert!(
        list[0]["preview"]
            .as_str()
            .unwrap()
            .contains("<mark>msg</mark> from ana"),
        "{json}"
    );
    assert!(!answer.text.contains("from ben"));
    assert_eq!(response(&json, 1)["notFound"], Value::Null);
    assert_eq!(response(&json, 2)["notFound"], json!(["m0"]));
    let session = site
        .get("/jmap/session", &[("authorization", &format!("Bearer {token}"))])
        .await;
    assert_eq!(
        session.json()["state"],
        json["sessionState"],
        "a client need not read it again"
    );
}
