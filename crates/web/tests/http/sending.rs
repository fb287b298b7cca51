//! What a partner sends over JMAP, and what becomes of it on the pages.

use crate::site::Site;
use axum::http::StatusCode;
use model::{Action, Choice, Field, FieldSet};
use serde_json::{Value, json};

/// A site where Marquee may read and send for Ana, knows Ben's address; its token and account, and that address.
pub async fn sending(fields: &[Field]) -> (Site, String, String, String) {
    let site = Site::new().await;
    let world = &site.world;
    let token = world.connect_to(&[Action::Read, Action::Send], fields).await.access;
    let allow = Choice::Allow(FieldSet::of(&[Field::Envelope]));
    world
        .app
        .say(world.ben.account, app::About::Partner(world.partner()), allow)
        .await
        .unwrap();
    let account = site.account(&token).await;
    let calls = json!([
        ["Email/query", {"accountId": account}, "0"],
        ["Email/get", {"accountId": account, "properties": ["from", "messageId"],
                       "#ids": {"resultOf": "0", "name": "Email/query", "path": "/ids"}}, "1"]
    ]);
    let seen = site.jmap(&token, calls).await.json();
    let list = seen["methodResponses"][1][1]["list"].as_array().unwrap().clone();
    let ben = list
        .iter()
        .map(|e| &e["from"][0])
        .find(|from| from["name"] == "Ben")
        .map(|from| from["email"].as_str().unwrap().to_owned())
        .unwrap_or_default();
    (site, token, account, ben)
}

pub fn result(answer: &Value, at: usize) -> &Value {
    &answer["methodResponses"][at][1]
}

fn draft(says: &str, to: &str) -> Value {
    json!({
        "mailboxIds": {"drafts": true}, "keywords": {"$draft": true}, "to": [{"email": to}],
        "textBody": [{"partId": "t", "type": "text/plain"}], "bodyValues": {"t": {"value": says}},
    })
}

fn recommendation(to: Option<&str>) -> Value {
    let mut draft = json!({
        "mailboxIds": {"drafts": true},
        "recommendation": {"title": "title-heat", "note": "you would love it", "interface": "tv",
                           "initiationSurface": "post_play", "variant": "a"},
    });
    if let Some(to) = to {
        draft["to"] = json!([{"email": to}]);
    }
    draft
}

fn send(account: &str, draft: &Value) -> Value {
    json!([
        ["Email/set", {"accountId": account, "create": {"d": draft}}, "0"],
        ["EmailSubmission/set", {"accountId": account,
            "create": {"s": {"identityId": "you", "emailId": "#d"}},
            "onSuccessUpdateEmail": {"#s": {"mailboxIds/drafts": null, "mailboxIds/sent": true, "keywords/$draft": null}}}, "1"]
    ])
}

async fn deliver(site: &Site) {
    site.world.clock.advance_seconds(app::sends::UNDO_SECONDS);
    site.world.app.deliver_due().await.unwrap();
}

async fn page(site: &Site, who: &str, path: &str) -> String {
    let (cookie, _) = site.sign_in(who).await;
    site.get(path, &[("cookie", &cookie)]).await.text
}

async fn post(site: &Site, who: &str, path: &str, form: &[(&str, &str)]) -> crate::site::Answer {
    let (cookie, csrf) = site.sign_in(who).await;
    let mut all = vec![("csrf", csrf.as_str())];
    all.extend_from_slice(form);
    site.post(path, &all, &[("cookie", &cookie)]).await
}

#[tokio::test]
async fn a_partner_sends_as_rfc_8621_says_and_the_message_says_who_sent_it() {
    let (site, token, account, ben) = sending(&[Field::Text]).await;
    let session = site
        .get("/jmap/session", &[("authorization", &format!("Bearer {token}"))])
        .await
        .json();
    assert_eq!(session["accounts"][&account]["isReadOnly"], false);
    assert_eq!(
        session["primaryAccounts"]["urn:ietf:params:jmap:submission"],
        json!(account)
    );
    let calls = json!([
        ["Identity/get", {"accountId": account}, "0"],
        ["Mailbox/query", {"accountId": account, "filter": {"role": "drafts"}}, "1"],
        ["Mailbox/get", {"accountId": account, "ids": null}, "2"]
    ]);
    let there = site.jmap(&token, calls).await.json();
    assert_eq!(result(&there, 0)["list"][0]["email"], "you@inbox.example");
    assert_eq!(result(&there, 1)["ids"], json!(["drafts"]));
    assert_eq!(result(&there, 2)["list"].as_array().unwrap().len(), 3);

    let sent = site
        .jmap(&token, send(&account, &draft("see you at eight", &ben)))
        .await
        .json();
    let email = result(&sent, 0)["created"]["d"]["id"].as_str().unwrap().to_owned();
    let submission = &result(&sent, 1)["created"]["s"];
    assert_eq!(submission["undoStatus"], "pending", "{sent}");
    assert_eq!(submission["envelope"]["rcptTo"][0]["email"], json!(ben));
    assert_eq!(sent["methodResponses"][2][0], "Email/set");
    assert_eq!(result(&sent, 2)["updated"], json!({ email.clone(): null }));
    let talk = format!("/conversations/{}", site.world.talk);
    assert!(!page(&site, "ben", &talk).await.contains("see you at eight"));
    deliver(&site).await;
    let seen = page(&site, "ben", &talk).await;
    assert!(
        seen.contains("see you at eight") && seen.contains("Sent with <bdi>Marquee</bdi> on <bdi>Ana</bdi>’s behalf"),
        "{seen}"
    );
    assert!(page(&site, "ana", "/sent").await.contains("see you at eight"));
    assert!(
        page(&site, "ana", "/readings")
            .await
            .contains("Marquee sent 1 message in your name.")
    );

    let calls = json!([
        ["EmailSubmission/query", {"accountId": account, "filter": {"undoStatus": "final"}}, "0"],
        ["EmailSubmission/get", {"accountId": account,
            "#ids": {"resultOf": "0", "name": "EmailSubmission/query", "path": "/ids"}}, "1"],
        ["Email/get", {"accountId": account, "ids": [email], "fetchTextBodyValues": true}, "2"],
        ["Email/query", {"accountId": account, "filter": {"inMailbox": "sent"}}, "3"]
    ]);
    let after = site.jmap(&token, calls).await.json();
    let status = &result(&after, 1)["list"][0]["deliveryStatus"][&ben];
    assert_eq!(
        (&status["delivered"], &status["displayed"]),
        (&json!("unknown"), &json!("unknown")),
        "{after}"
    );
    let own = &result(&after, 2)["list"][0];
    assert_eq!(own["mailboxIds"], json!({"sent": true}));
    assert_eq!(own["bodyValues"]["1"]["value"], "see you at eight");
    assert_eq!(result(&after, 3)["ids"], json!([email]));
}

#[tokio::test]
async fn the_same_request_of_a_partner_again_sends_nothing_twice() {
    let (site, token, account, ben) = sending(&[Field::Text]).await;
    let authorization = format!("Bearer {token}");
    let calls = || send(&account, &draft("once", &ben));
    let first = site.jmap_using(&authorization, calls(), Some("k1")).await.json();
    let again = site.jmap_using(&authorization, calls(), Some("k1")).await.json();
    let made = |answer: &Value| {
        (
            result(answer, 0)["created"].clone(),
            result(answer, 1)["created"].clone(),
        )
    };
    assert_eq!(made(&first), made(&again));
    deliver(&site).await;
    site.jmap_using(&authorization, calls(), Some("k1")).await;
    deliver(&site).await;
    let ben = site
        .world
        .app
        .messages_newest(site.world.ben.account, None, 100)
        .await
        .unwrap();
    assert_eq!(ben.iter().filter(|m| m.text == "once").count(), 1);
}

#[tokio::test]
async fn what_a_partner_may_not_or_cannot_send_is_a_typed_error() {
    let (site, token, account, ben) = sending(&[Field::Text]).await;
    let set = |draft: Value| json!([["Email/set", {"accountId": account, "create": {"d": draft}}, "0"]]);
    let mut cases: Vec<(Value, &str, &str)> = Vec::new();
    let with = |name: &str, value: Value| {
        let mut d = draft("hello", &ben);
        d[name] = value;
        d
    };
    cases.push((
        with("mailboxIds", json!({"inbox": true})),
        "invalidProperties",
        "mailboxIds",
    ));
    cases.push((
        with("from", json!([{"email": "eve@inbox.example"}])),
        "invalidProperties",
        "from",
    ));
    cases.push((
        with("to", json!([{"email": "eve@inbox.example"}])),
        "invalidProperties",
        "to",
    ));
    cases.push((
        with("to", json!([{"email": "eve@elsewhere.example"}])),
        "invalidProperties",
        "to",
    ));
    cases.push((with("to", json!("eve")), "invalidProperties", "to"));
    cases.push((
        with("htmlBody", json!([{"partId": "t"}])),
        "invalidProperties",
        "htmlBody",
    ));
    cases.push((with("bodyValues", json!({})), "invalidProperties", "bodyValues"));
    cases.push((
        with("bodyValues", json!({"t": {"value": "  "}})),
        "invalidProperties",
        "bodyValues",
    ));
    cases.push((
        with("bodyValues", json!({"t": {"value": "x".repeat(16_385)}})),
        "invalidProperties",
        "bodyValues",
    ));
    cases.push((
        with("keywords", json!({"$flagged": true})),
        "invalidProperties",
        "keywords",
    ));
    cases.push((
        with("receivedAt", json!("2026-01-01T00:00:00Z")),
        "invalidProperties",
        "receivedAt",
    ));
    cases.push((with("attachments", json!([])), "invalidProperties", "attachments"));
    cases.push((
        with("inReplyTo", json!(["m1@inbox.example"])),
        "invalidProperties",
        "inReplyTo",
    ));
    let r = |name: &str, value: Value| {
        let mut d = recommendation(Some(&ben));
        d["recommendation"][name] = value;
        d
    };
    cases.push((
        r("interface", json!("fridge")),
        "invalidProperties",
        "recommendation/interface",
    ));
    cases.push((
        r("initiationSurface", json!("")),
        "invalidProperties",
        "recommendation/initiationSurface",
    ));
    cases.push((r("variant", json!("c")), "invalidProperties", "recommendation/variant"));
    cases.push((
        r("recipientKind", json!("alien")),
        "invalidProperties",
        "recommendation/recipientKind",
    ));
    cases.push((
        r("title", json!("no-such")),
        "invalidProperties",
        "recommendation/title",
    ));
    cases.push((
        r("note", json!("x".repeat(1_001))),
        "invalidProperties",
        "recommendation/note",
    ));
    cases.push((
        r("url", json!("https://evil.example")),
        "invalidProperties",
        "recommendation",
    ));
    for (draft, kind, property) in cases {
        let answer = site.jmap(&token, set(draft.clone())).await.json();
        let error = &result(&answer, 0)["notCreated"]["d"];
        assert_eq!(
            (&error["type"], &error["properties"][0]),
            (&json!(kind), &json!(property)),
            "{draft}: {answer}"
        );
    }
    // Six submissions, of which the agreement allows five a day.
    let mut last = Value::Null;
    for n in 0..6 {
        last = site
            .jmap(&token, send(&account, &draft(&format!("{n}"), &ben)))
            .await
            .json();
    }
    let error = &result(&last, 1)["notCreated"]["s"];
    assert_eq!(error["type"], "rateLimit", "{last}");
    assert!(error["retryAfter"].as_i64().unwrap() > 0);
    let nobody = site.jmap(&token, send(&account, &recommendation(None))).await.json();
    assert_eq!(result(&nobody, 1)["notCreated"]["s"]["type"], "noRecipients");
    // Someone else's message is not its to file, and what it may not do at all is said so.
    let query = site
        .jmap(&token, json!([["Email/query", {"accountId": account}, "0"]]))
        .await
        .json();
    let hers = result(&query, 0)["ids"][0].as_str().unwrap().to_owned();
    let calls = json!([["Email/set", {"accountId": account, "destroy": [hers], "update": {hers.clone(): {"keywords/$flagged": true}}}, "0"]]);
    let answer = site.jmap(&token, calls).await.json();
    assert_eq!(result(&answer, 0)["notDestroyed"][&hers]["type"], "forbidden");
    let reader = site.connect().await;
    let account = site.account(&reader).await;
    let calls = send(&account, &draft("hello", &ben));
    let answer = site.jmap(&reader, calls).await.json();
    assert_eq!(answer["methodResponses"][0][1]["type"], "unknownMethod");
    assert_eq!(answer["methodResponses"][1][1]["type"], "unknownMethod");
}

#[tokio::test]
async fn who_may_only_send_sees_nothing_of_the_inbox() {
    let site = Site::new().await;
    let token = site.world.connect_to(&[Action::Send], &[Field::Mentions]).await.access;
    let account = site.account(&token).await;
    let before = site.world.entries().await;
    for method in [
        "Email/query",
        "Email/get",
        "Email/changes",
        "Thread/get",
        "SearchSnippet/get",
        "Mailbox/changes",
    ] {
        let answer = site
            .jmap(
                &token,
                json!([[method, {"accountId": account, "ids": [], "sinceState": "x"}, "0"]]),
            )
            .await
            .json();
        assert_eq!(
            answer["methodResponses"][0][1]["type"], "forbidden",
            "{method}: {answer}"
        );
    }
    let there = site
        .jmap(
            &token,
            json!([["Mailbox/get", {"accountId": account, "ids": null}, "0"]]),
        )
        .await;
    let there = there.json();
    let ids: Vec<&Value> = result(&there, 0)["list"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| &m["id"])
        .collect();
    assert_eq!(ids, [&json!("drafts"), &json!("sent")]);
    let made = site.jmap(&token, send(&account, &recommendation(None))).await.json();
    assert!(
        result(&made, 0)["created"]["d"]["chooseUrl"]
            .as_str()
            .unwrap()
            .starts_with("https://inbox.example/sent/")
    );
    assert_eq!(
        site.world.entries().await,
        before,
        "nothing was disclosed, so nothing is entered"
    );
}

#[tokio::test]
async fn a_submission_can_be_taken_back_until_it_leaves() {
    let (site, token, account, ben) = sending(&[Field::Text]).await;
    let mut held = send(&account, &draft("later", &ben));
    held[1][1]["create"]["s"]["envelope"] = json!({
        "mailFrom": {"email": "you@inbox.example", "parameters": {"HOLDFOR": "600"}}, "rcptTo": [{"email": ben}],
    });
    let sent = site.jmap(&token, held).await.json();
    let id = result(&sent, 1)["created"]["s"]["id"].as_str().unwrap().to_owned();
    site.world.clock.advance_seconds(599);
    site.world.app.deliver_due().await.unwrap();
    let undo = |id: &str| json!([["EmailSubmission/set", {"accountId": account, "update": {id: {"undoStatus": "canceled"}}}, "0"]]);
    let undone = site.jmap(&token, undo(&id)).await.json();
    assert_eq!(result(&undone, 0)["updated"], json!({ id: null }), "{undone}");
    let sent = site.jmap(&token, send(&account, &draft("gone", &ben))).await.json();
    let id = result(&sent, 1)["created"]["s"]["id"].as_str().unwrap().to_owned();
    deliver(&site).await;
    let late = site.jmap(&token, undo(&id)).await.json();
    assert_eq!(result(&late, 0)["notUpdated"][&id]["type"], "cannotUnsend");
    let ben = site
        .world
        .app
        .messages_newest(site.world.ben.account, None, 100)
        .await
        .unwrap();
    let texts: Vec<&str> = ben.iter().map(|m| m.text.as_str()).collect();
    assert!(texts.contains(&"gone") && !texts.contains(&"later"), "{texts:?}");
}

#[tokio::test]
async fn she_chooses_friends_here_and_the_partner_learns_only_how_many() {
    let (site, token, account, _) = sending(&[Field::Mentions]).await;
    let made = site
        .jmap(
            &token,
            json!([["Email/set", {"accountId": account, "create": {"d": recommendation(None)}}, "0"]]),
        )
        .await
        .json();
    let url = result(&made, 0)["created"]["d"]["chooseUrl"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = url.strip_prefix("https://inbox.example").unwrap();
    let shown = page(&site, "ana", path).await;
    assert!(
        shown.contains("Heat") && shown.contains("Ben") && shown.contains("you would love it"),
        "{shown}"
    );
    let ben = site.world.ben.account.to_string();
    assert_eq!(
        post(&site, "ana", path, &[]).await.status,
        StatusCode::BAD_REQUEST,
        "nobody chosen"
    );
    assert_eq!(
        post(&site, "ben", path, &[("friend", &ben)]).await.status,
        StatusCode::NOT_FOUND,
        "it is Ana's"
    );
    let done = post(&site, "ana", path, &[("friend", &ben), ("note", "my own words")]).await;
    assert_eq!(done.header("location"), "/sent?done=sent");
    deliver(&site).await;
    let got = page(&site, "ben", &format!("/conversations/{}", site.world.talk)).await;
    assert!(
        got.contains("my own words") && got.contains("Heat") && got.contains("href=\"/r/"),
        "{got}"
    );
    let calls = json!([["EmailSubmission/get", {"accountId": account, "ids": null}, "0"]]);
    let told = site.jmap(&token, calls).await.text;
    assert!(
        told.contains("someone@inbox.example") && !told.contains("Ben"),
        "{told}"
    );
    // What she wrote herself is not the partner's to read: it has no consent to text, and no entry would say so.
    let id = result(&made, 0)["created"]["d"]["id"].clone();
    let read = json!([["Email/get", {"accountId": account, "ids": [id], "fetchAllBodyValues": true}, "0"]]);
    let read = site.jmap(&token, read).await.text;
    assert!(
        read.contains("you would love it") && !read.contains("my own words"),
        "{read}"
    );
    let back = post_get(&site, "ana", &path.replace("/choose", "/back")).await;
    assert_eq!(back.header("location"), "https://marquee.example");
}

async fn post_get(site: &Site, who: &str, path: &str) -> crate::site::Answer {
    let (cookie, _) = site.sign_in(who).await;
    site.get(path, &[("cookie", &cookie)]).await
}

#[tokio::test]
async fn a_click_is_a_persons_and_leads_where_the_partner_is_registered_with_nothing_in_it() {
    let (site, token, account, ben) = sending(&[Field::Text]).await;
    site.jmap(&token, send(&account, &recommendation(Some(&ben)))).await;
    deliver(&site).await;
    let got = page(&site, "ben", &format!("/conversations/{}", site.world.talk)).await;
    let link = got.split("href=\"/r/").nth(1).unwrap().split('"').next().unwrap();
    let link = format!("/r/{link}");
    let hers = page(&site, "ana", &format!("/conversations/{}", site.world.talk)).await;
    assert!(
        hers.contains("Heat") && !hers.contains("/r/"),
        "who sent it has no link"
    );
    let clicks = async || {
        let agreement = "films@1".parse().unwrap();
        let published = site.world.app.published(&agreement).unwrap().agreement;
        let period = report::Calendar::of(&published).unwrap().period(1).unwrap();
        let counts = site.world.app.platform_counts(&agreement, &period).await.unwrap();
        counts.totals().clicks
    };
    let browser = ("user-agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0");
    for nobody in [
        vec![],
        vec![("user-agent", "Mozilla/5.0 (compatible; Googlebot/2.1)")],
        vec![("user-agent", "facebookexternalhit/1.1")],
        vec![("user-agent", "Mozilla/5.0 Slackbot-LinkExpanding")],
    ] {
        let answer = site.get(&link, &nobody).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{nobody:?}");
        assert_eq!(clicks().await, 0, "{nobody:?}");
    }
    for ahead in [
        ("sec-purpose", "prefetch;prerender"),
        ("purpose", "prefetch"),
        ("x-moz", "prefetch"),
    ] {
        let answer = site.get(&link, &[browser, ahead]).await;
        assert_eq!(
            (answer.status, clicks().await),
            (StatusCode::SERVICE_UNAVAILABLE, 0),
            "{ahead:?}"
        );
    }
    let head = axum::http::Request::builder()
        .method("HEAD")
        .uri(&link)
        .header(browser.0, browser.1);
    let head = site.send(head.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!((head.status, clicks().await), (StatusCode::SEE_OTHER, 0));

    let answer = site.get(&link, &[browser]).await;
    assert_eq!(answer.header("location"), "https://marquee.example/title/title-heat");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    assert_eq!(answer.header("cache-control"), "no-store");
    site.get(&link, &[browser]).await;
    assert_eq!(clicks().await, 1, "a double click is one");
    site.world.clock.advance_seconds(31);
    site.get(&link, &[browser]).await;
    assert_eq!(clicks().await, 2);
    assert_eq!(site.get("/r/nothing", &[browser]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn below_a_message_its_reader_mutes_and_reports() {
    let (site, token, account, ben) = sending(&[Field::Text]).await;
    site.jmap(&token, send(&account, &recommendation(Some(&ben)))).await;
    deliver(&site).await;
    let message = site
        .world
        .app
        .messages_newest(site.world.ben.account, None, 1)
        .await
        .unwrap()
        .pop()
        .unwrap();
    let path = format!("/sent/messages/{}", message.id);
    assert_eq!(
        post(&site, "ben", &path, &[("do", "")]).await.status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        post(&site, "ana", &path, &[("do", "report")]).await.status,
        StatusCode::NOT_FOUND
    );
    post(&site, "ben", &path, &[("do", "report")]).await;
    assert_eq!(site.world.app.reported().await.unwrap().len(), 1);
    let done = post(&site, "ben", &path, &[("do", "mute-partner")]).await;
    assert_eq!(done.header("location"), "/sent?done=muted#muted");
    assert!(
        page(&site, "ben", "/sent")
            .await
            .contains("name=\"partner\" value=\"marquee\"")
    );
    site.jmap(&token, send(&account, &draft("still there?", &ben))).await;
    deliver(&site).await;
    let talk = format!("/conversations/{}", site.world.talk);
    assert!(!page(&site, "ben", &talk).await.contains("still there?"));
    assert!(page(&site, "ana", &talk).await.contains("still there?"));
    post(&site, "ben", "/sent/mutes", &[("partner", "marquee")]).await;
    site.jmap(&token, send(&account, &draft("and now?", &ben))).await;
    deliver(&site).await;
    assert!(page(&site, "ben", &talk).await.contains("and now?"));
}
