//! Telling a person's apps that something has changed (RFC 8620 section 7).

use crate::own::Me;
use crate::site::{Site, options};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::time::Duration;

async fn listen(site: &Site, me: &Me<'_>, query: &str, last: Option<&str>) -> (StatusCode, Body) {
    let mut request = Request::get(format!("/jmap/events?{query}")).header("authorization", me.bearer());
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let answer = site.answer(request.body(Body::empty()).unwrap()).await;
    (answer.status(), answer.into_body())
}

/// All of a stream that ends by itself.
async fn whole(body: Body) -> String {
    let all = tokio::time::timeout(Duration::from_secs(20), body.collect()).await;
    String::from_utf8(all.expect("the stream ends").unwrap().to_bytes().to_vec()).unwrap()
}

fn data(events: &str) -> Value {
    let line = events.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    serde_json::from_str(line).unwrap()
}

#[tokio::test]
async fn an_event_stream_tells_what_changed_and_nothing_else() {
    let site = Site::new().await;
    let me = Me::of(&site, &site.world.ana).await;
    let (status, body) = listen(&site, &me, "types=*&closeafter=state&ping=0", None).await;
    assert_eq!(status, StatusCode::OK);
    me.call("Mailbox/set", json!({"create": {"m": {"name": "A secret folder"}}}))
        .await;
    let events = whole(body).await;
    let told = data(&events);
    assert!(events.contains("event: state"), "{events}");
    assert_eq!(told["@type"], "StateChange");
    let state = me.call("Mailbox/get", json!({"ids": []})).await["state"].clone();
    // No text, no id, no count: type and state.
    assert_eq!(
        told,
        json!({"@type": "StateChange", "changed": {&me.account: {"Mailbox": state}}})
    );

    // Of the types asked for only; a change of another is not told.
    let (_, body) = listen(&site, &me, "types=Identity,Unheard&closeafter=state&ping=0", None).await;
    me.call("Mailbox/set", json!({"create": {"m": {"name": "Another"}}}))
        .await;
    me.call(
        "Identity/set",
        json!({"create": {"i": {"name": "A", "email": "ana@inbox.example"}}}),
    )
    .await;
    let told = data(&whole(body).await);
    let types: Vec<&String> = told["changed"][&me.account].as_object().unwrap().keys().collect();
    assert_eq!(types, ["Identity"]);

    // Who was cut off and comes back hears at once; who missed nothing does not.
    let id = events.lines().find_map(|line| line.strip_prefix("id: ")).unwrap();
    let (_, body) = listen(&site, &me, "types=*&closeafter=state&ping=0", Some(id)).await;
    assert!(
        data(&whole(body).await)["changed"][&me.account]
            .get("Mailbox")
            .is_some()
    );
}

#[tokio::test]
async fn an_event_stream_is_for_a_persons_own_app_and_ends_with_its_token() {
    let site = Site::new().await;
    let me = Me::of(&site, &site.world.ana).await;
    for wrong in ["closeafter=never", "ping=soon"] {
        assert_eq!(
            listen(&site, &me, wrong, None).await.0,
            StatusCode::BAD_REQUEST,
            "{wrong}"
        );
    }
    let stranger = site.get("/jmap/events", &[("authorization", "Bearer nobody")]).await;
    assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);

    let mut streams = Vec::new();
    for _ in 0..wire::limits::MAX_EVENT_STREAMS {
        let (status, body) = listen(&site, &me, "types=*&closeafter=no&ping=5", None).await;
        assert_eq!(status, StatusCode::OK);
        streams.push(body);
    }
    let (status, _) = listen(&site, &me, "", None).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    // One that goes makes room.
    drop(streams.pop());
    assert_eq!(listen(&site, &me, "", None).await.0, StatusCode::OK);
    // A sign of life, at the shortest interval there is.
    let frame = streams.pop().unwrap().frame().await;
    let last = frame.unwrap().unwrap().into_data().unwrap();
    let ping = String::from_utf8(last.to_vec()).unwrap();
    assert!(
        ping.contains("event: ping") && ping.contains(r#"{"interval":5}"#),
        "{ping}"
    );
}

#[tokio::test]
async fn a_push_is_verified_first_then_told_once_and_says_states_only() {
    let site = Site::new().await;
    let me = Me::of(&site, &site.world.ana).await;
    let subscription =
        json!({"deviceClientId": "phone", "url": "https://push.example/1", "types": ["Mailbox", "Email"]});
    let created = me
        .call("PushSubscription/set", json!({"create": {"p": subscription}}))
        .await;
    let id = created["created"]["p"]["id"].as_str().unwrap().to_owned();
    assert!(created["created"]["p"]["expires"].is_string(), "{created}");
    let [(url, headers, body)] = &site.posted.at_least(1).await[..] else {
        panic!()
    };
    assert_eq!(url, "https://push.example/1");
    assert!(headers.contains(&("content-type", "application/json".to_owned())));
    let verification: Value = serde_json::from_slice(body).unwrap();
    assert_eq!(verification["@type"], "PushVerification");
    assert_eq!(verification["pushSubscriptionId"], json!(id));

    // Not verified: nothing is pushed, and no other code is taken.
    me.call("Mailbox/set", json!({"create": {"m": {"name": "One"}}})).await;
    let wrong = json!({"update": {&id: {"verificationCode": "guessed"}}});
    let refused = me.call("PushSubscription/set", wrong).await;
    assert_eq!(refused["notUpdated"][&id]["type"], "invalidProperties");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(site.posted.at_least(1).await.len(), 1);

    let right = json!({"update": {&id: {"verificationCode": verification["verificationCode"]}}});
    let taken = me.call("PushSubscription/set", right).await;
    assert!(taken["updated"].get(&id).is_some(), "{taken}");
    // Time for it to be noted where things stand.
    tokio::time::sleep(Duration::from_secs(5)).await;
    // A second process pushes, too; each change is pushed once by both together.
    let mut second = options();
    second.post = site.posted.clone();
    let _second = web::router(site.world.app.clone(), second);
    me.call("Mailbox/set", json!({"create": {"m": {"name": "Two"}}})).await;
    let state = me.call("Mailbox/get", json!({"ids": []})).await["state"].clone();
    let posted = site.posted.at_least(2).await;
    let told: Value = serde_json::from_slice(&posted[1].2).unwrap();
    assert_eq!(
        told,
        json!({"@type": "StateChange", "changed": {&me.account: {"Mailbox": state}}})
    );
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(site.posted.at_least(2).await.len(), 2, "told once");
    // Of a type that was not asked for: nothing.
    me.call(
        "Identity/set",
        json!({"create": {"i": {"name": "A", "email": "ana@inbox.example"}}}),
    )
    .await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(site.posted.at_least(2).await.len(), 2);

    // Where it goes to is told to nobody again.
    let got = me.call("PushSubscription/get", json!({})).await;
    assert!(!got.to_string().contains("push.example"), "{got}");
    assert_eq!(got["list"][0]["verificationCode"], verification["verificationCode"]);
    assert_eq!(got.get("accountId"), None);
    for secret in ["url", "keys"] {
        let arguments = json!({"properties": [secret]});
        assert_eq!(me.error("PushSubscription/get", arguments).await, "forbidden");
    }
    let gone = me.call("PushSubscription/set", json!({"destroy": [id]})).await;
    assert_eq!(gone["destroyed"], json!([id]));
    assert_eq!(me.call("PushSubscription/get", json!({})).await["list"], json!([]));
}

#[tokio::test]
async fn a_push_to_a_key_is_encrypted_for_it_and_a_wrong_subscription_is_refused() {
    let site = Site::new().await;
    let me = Me::of(&site, &site.world.ana).await;
    // A point on the curve: the example of RFC 8291, section 5.
    let keys = json!({
        "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "auth": "BTBZMqHH6r4Tts7J_aSIgg",
    });
    let wanted = json!({"deviceClientId": "phone", "url": "https://push.example/1", "keys": keys});
    me.call("PushSubscription/set", json!({"create": {"p": wanted}})).await;
    let [(_, headers, body)] = &site.posted.at_least(1).await[..] else {
        panic!()
    };
    assert!(headers.contains(&("content-encoding", "aes128gcm".to_owned())));
    assert!(!String::from_utf8_lossy(body).contains("PushVerification"));

    for (wrong, property) in [
        (json!({"deviceClientId": "a", "url": "http://push.example/"}), "url"),
        (json!({"deviceClientId": "a"}), "url"),
        (json!({"url": "https://push.example/"}), "deviceClientId"),
        (
            json!({"deviceClientId": "a", "url": "https://p/", "keys": {"p256dh": "AA", "auth": "AA"}}),
            "keys",
        ),
        (
            json!({"deviceClientId": "a", "url": "https://p/", "types": "Email"}),
            "types",
        ),
        (
            json!({"deviceClientId": "a", "url": "https://p/", "expires": "2001-01-01T00:00:00Z"}),
            "expires",
        ),
        (
            json!({"deviceClientId": "a", "url": "https://p/", "verificationCode": "a"}),
            "verificationCode",
        ),
        (json!({"deviceClientId": "a", "url": "https://p/", "id": "a"}), "id"),
    ] {
        let result = me.call("PushSubscription/set", json!({"create": {"p": wrong}})).await;
        let error = &result["notCreated"]["p"];
        assert_eq!(error["properties"], json!([property]), "{result}");
    }
    // A long life is cut to what there is.
    let long = json!({"deviceClientId": "a", "url": "https://p/", "expires": "2999-01-01T00:00:00Z"});
    let result = me.call("PushSubscription/set", json!({"create": {"p": long}})).await;
    assert_ne!(result["created"]["p"]["expires"], "2999-01-01T00:00:00Z");
}

/// What a browser's `EventSource` can do: an address, and no header.
#[tokio::test]
async fn a_ticket_in_the_address_opens_the_stream_of_its_token_and_nothing_else() {
    let site = Site::new().await;
    let me = Me::of(&site, &site.world.ana).await;
    let session = site
        .get("/jmap/session", &[("authorization", &me.bearer())])
        .await
        .json();
    let address = session["eventSourceUrl"].as_str().unwrap();
    let address = address
        .replace("{types}", "*")
        .replace("{closeafter}", "state")
        .replace("{ping}", "0");
    let path = address
        .split_once("/jmap/")
        .map(|(_, rest)| format!("/jmap/{rest}"))
        .unwrap();
    assert!(!path.contains(me.bearer().trim_start_matches("Bearer ")));
    let open = |path: String| {
        let site = &site;
        async move { site.answer(Request::get(path).body(Body::empty()).unwrap()).await }
    };
    let answer = open(path.clone()).await;
    assert_eq!(answer.status(), StatusCode::OK);
    me.call("Mailbox/set", json!({"create": {"m": {"name": "New"}}})).await;
    let told = data(&whole(answer.into_body()).await);
    assert!(told["changed"][&me.account].get("Mailbox").is_some());

    // It signs in to nothing else, and one that was tampered with opens nothing.
    let ticket = path.split_once("ticket=").unwrap().1.to_owned();
    let other = site.get(&format!("/jmap/session?ticket={ticket}"), &[]).await;
    assert_eq!(other.status, StatusCode::UNAUTHORIZED);
    let as_token = site
        .get("/jmap/session", &[("authorization", &format!("Bearer {ticket}"))])
        .await;
    assert_eq!(as_token.status, StatusCode::UNAUTHORIZED);
    let last = if ticket.ends_with('A') { 'B' } else { 'A' };
    for wrong in [
        format!("{}{last}", path.strip_suffix(|_: char| true).unwrap()),
        "/jmap/events?ticket=".to_owned(),
    ] {
        assert_eq!(open(wrong.clone()).await.status(), StatusCode::UNAUTHORIZED, "{wrong}");
    }

    // It is good for the hour it was made in and the next.
    site.world.clock.advance_seconds(2 * 3_600);
    assert_eq!(open(path.clone()).await.status(), StatusCode::UNAUTHORIZED);
    let later = site
        .get("/jmap/session", &[("authorization", &me.bearer())])
        .await
        .json();
    assert_ne!(later["state"], session["state"]);
    let address = later["eventSourceUrl"].as_str().unwrap().to_owned();
    let path = address
        .split_once("/jmap/")
        .map(|(_, rest)| format!("/jmap/{rest}"))
        .unwrap();
    let path = path
        .replace("{types}", "*")
        .replace("{closeafter}", "no")
        .replace("{ping}", "0");
    assert_eq!(open(path.clone()).await.status(), StatusCode::OK);

    // With the token it is gone.
    let mail = site.world.app.mail(site.world.ana.account).await.unwrap();
    for token in mail.tokens().await.unwrap() {
        mail.token_revoke(&token.id).await.unwrap();
    }
    assert_eq!(open(path).await.status(), StatusCode::UNAUTHORIZED);
}

/// Frames of a partner's stream, until nothing has come for so long.
async fn frames(body: &mut Body, quiet: Duration) -> String {
    let mut all = String::new();
    while let Ok(frame) = tokio::time::timeout(quiet, body.frame()).await {
        let Some(frame) = frame else {
            all.push_str("THE END");
            break;
        };
        let data = frame.unwrap().into_data().unwrap();
        all.push_str(std::str::from_utf8(&data).unwrap());
    }
    all
}

async fn listen_as_partner(site: &Site, token: &str, query: &str, last: Option<&str>) -> Body {
    let mut request = Request::get(format!("/jmap/events?{query}")).header("authorization", format!("Bearer {token}"));
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let answer = site.answer(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::OK);
    answer.into_body()
}

#[tokio::test]
async fn a_partner_is_told_the_state_of_its_view_once_entered_and_no_more_after_the_revocation() {
    let site = Site::new().await;
    let (app, world) = (&site.world.app, &site.world);
    let token = site.connect().await;
    let account = site.account(&token).await;
    let mut body = listen_as_partner(&site, &token, "types=Email,Mailbox&closeafter=no&ping=0", None).await;
    let before = world.entries().await;
    tokio::time::pause();
    // Withheld: no push, and no entry.
    app.send(world.ben.account, world.talk, "withheld", "1").await.unwrap();
    assert_eq!(frames(&mut body, Duration::from_secs(60)).await, "");
    assert_eq!(world.entries().await, before);
    // Some messages soon after each other: told together.
    for n in ["2", "3", "4"] {
        app.send(world.ana.account, world.talk, "hers", n).await.unwrap();
    }
    let told = frames(&mut body, Duration::from_secs(60)).await;
    assert_eq!(told.matches("event: state").count(), 1, "{told}");
    assert_eq!(world.entries().await, before + 1);
    let get = json!([["Email/get", {"accountId": account, "ids": []}, "0"]]);
    let state = site.jmap(&token, get).await.json()["methodResponses"][0][1]["state"].clone();
    let change = json!({"@type": "StateChange", "changed": {&account: {"Email": state, "Mailbox": state}}});
    assert_eq!(data(&told), change);
    // Who was cut off and says what it saw last hears what it has missed, or nothing if it missed nothing.
    let id = told.lines().find_map(|line| line.strip_prefix("id: ")).unwrap();
    let mut again = listen_as_partner(&site, &token, "types=*&closeafter=state&ping=0", Some(id)).await;
    assert_eq!(frames(&mut again, Duration::from_secs(30)).await, "");
    app.send(world.ana.account, world.talk, "hers", "5").await.unwrap();
    assert!(frames(&mut again, Duration::from_secs(30)).await.ends_with("THE END"));
    _ = frames(&mut body, Duration::from_secs(30)).await;

    let entries = world.entries().await;
    let grant = app.grant_presented(&token).await.unwrap();
    app.grant_revoke(grant.account, grant.id).await.unwrap();
    app.send(world.ana.account, world.talk, "too late", "6").await.unwrap();
    assert_eq!(frames(&mut body, Duration::from_secs(60)).await, "THE END");
    assert_eq!(world.entries().await, entries + 1, "the revocation's own");
}

#[tokio::test]
async fn under_mentions_a_partner_is_told_many_minutes_later() {
    let site = Site::new().await;
    let (app, world) = (&site.world.app, &site.world);
    let token = world.connect(&[model::Field::Mentions]).await.access;
    let mut body = listen_as_partner(&site, &token, "", None).await;
    tokio::time::pause();
    app.send(world.ana.account, world.talk, "lunch?", "1").await.unwrap();
    assert_eq!(
        frames(&mut body, Duration::from_secs(3_000)).await,
        "",
        "it mentions nothing"
    );
    app.send(world.ana.account, world.talk, "I loved the movie Heat (1995)", "2")
        .await
        .unwrap();
    let sent = tokio::time::Instant::now();
    let frame = tokio::time::timeout(Duration::from_secs(1_300), body.frame()).await;
    let frame = frame.expect("told").unwrap().unwrap().into_data().unwrap();
    assert!(frame.starts_with(b"event: state"));
    assert!(sent.elapsed() < Duration::from_secs(1_201));
    assert_eq!(frames(&mut body, Duration::from_secs(3_000)).await, "", "told once");
}

#[tokio::test]
async fn a_partners_push_is_verified_told_once_entered_and_gone_with_its_grant() {
    let site = Site::new().await;
    let (app, world) = (&site.world.app, &site.world);
    let token = site.connect().await;
    let account = site.account(&token).await;
    let call = async |token: &str, method: &str, arguments: Value| {
        let answer = site.jmap(token, json!([[method, arguments, "0"]])).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer.json()["methodResponses"][0][1].clone()
    };
    let entries = world.entries().await;
    let wanted = json!({"deviceClientId": "server", "url": "https://push.example/p", "types": ["Email"]});
    let made = call(&token, "PushSubscription/set", json!({"create": {"p": wanted}})).await;
    let id = made["created"]["p"]["id"]
        .as_str()
        .unwrap_or_else(|| panic!("{made}"))
        .to_owned();
    let verification: Value = serde_json::from_slice(&site.posted.at_least(1).await[0].2).unwrap();
    assert_eq!(verification["@type"], "PushVerification");
    let right = json!({"update": {&id: {"verificationCode": verification["verificationCode"]}}});
    let taken = call(&token, "PushSubscription/set", right).await;
    assert!(taken["updated"].get(&id).is_some(), "{taken}");
    // Another grant of the same partner does not see it, nor does the person's own app.
    let other = world.connect(&[model::Field::Text]).await.access;
    assert_eq!(call(&other, "PushSubscription/get", json!({})).await["list"], json!([]));
    let gone = call(&other, "PushSubscription/set", json!({"destroy": [id]})).await;
    assert_eq!(gone["notDestroyed"][&id]["type"], "notFound", "{gone}");
    let me = Me::of(&site, &world.ana).await;
    assert_eq!(me.call("PushSubscription/get", json!({})).await["list"], json!([]));
    let listed = call(&token, "PushSubscription/get", json!({})).await;
    assert_eq!(listed["list"][0]["id"], json!(id));
    assert!(!listed.to_string().contains("push.example"), "{listed}");
    let connected = 1;
    assert_eq!(
        world.entries().await,
        entries + connected,
        "nothing of the inbox was looked at"
    );

    tokio::time::sleep(Duration::from_secs(4)).await;
    app.send(world.ben.account, world.talk, "withheld", "1").await.unwrap();
    tokio::time::sleep(Duration::from_secs(13)).await;
    assert_eq!(site.posted.at_least(1).await.len(), 1);
    let before = world.entries().await;
    app.send(world.ana.account, world.talk, "hers", "2").await.unwrap();
    let posted = site.posted.at_least(2).await;
    assert_eq!(world.entries().await, before + 1);
    let get = json!([["Email/get", {"accountId": account, "ids": []}, "0"]]);
    let state = site.jmap(&token, get).await.json()["methodResponses"][0][1]["state"].clone();
    let told: Value = serde_json::from_slice(&posted[1].2).unwrap();
    assert_eq!(
        told,
        json!({"@type": "StateChange", "changed": {&account: {"Email": state}}})
    );

    let grant = app.grant_presented(&token).await.unwrap();
    app.grant_revoke(grant.account, grant.id).await.unwrap();
    app.send(world.ana.account, world.talk, "too late", "3").await.unwrap();
    tokio::time::sleep(Duration::from_secs(13)).await;
    assert_eq!(site.posted.at_least(2).await.len(), 2);
    assert!(app.subscriptions_of(grant.account).await.unwrap().is_empty());
}
