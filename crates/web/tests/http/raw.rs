//! Raw messages for a partner: what the consent covers, through the door, as a mail parser reads it.

use crate::site::{Answer, Site};
use app::About;
use axum::http::StatusCode;
use letter::Letter;
use model::{Choice, Field, FieldSet};
use serde_json::{Value, json};

async fn emails(site: &Site, token: &str) -> Vec<Value> {
    let account = site.account(token).await;
    let calls = json!([
        ["Email/query", {"accountId": account}, "q"],
        ["Email/get", {"accountId": account, "#ids": {"resultOf": "q", "name": "Email/query", "path": "/ids"},
            "fetchAllBodyValues": true}, "g"]
    ]);
    let answer = site.jmap(token, calls).await.json();
    answer["methodResponses"][1][1]["list"].as_array().unwrap().clone()
}

async fn download(site: &Site, token: &str, blob: &str, range: Option<&str>) -> Answer {
    let account = site.account(token).await;
    let bearer = format!("Bearer {token}");
    let mut headers = vec![("authorization", bearer.as_str())];
    headers.extend(range.map(|range| ("range", range)));
    site.get(
        &format!("/jmap/download/{account}/{blob}/message.eml?accept=message/rfc822"),
        &headers,
    )
    .await
}

#[tokio::test]
async fn a_raw_message_reads_as_the_partner_sees_it_and_has_its_entry() {
    let site = Site::new().await;
    let token = site.connect().await;
    let list = emails(&site, &token).await;
    let [email] = &list[..] else { panic!("{list:?}") };
    let before = site.world.entries().await;
    let answer = download(&site, &token, email["blobId"].as_str().unwrap(), None).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(site.world.entries().await, before + 1);
    assert_eq!(answer.header("privity-disclosure"), before.to_string());
    assert_eq!(answer.header("content-type"), "message/rfc822");
    let reading = &site.world.app.readings(site.world.ana.account, None, 1).await.unwrap()[0];
    assert_eq!(reading.messages, 1);

    let letter = Letter::parse(answer.text.as_bytes()).unwrap();
    let part = letter.part("0").unwrap();
    assert_eq!(part.media_type, "text/plain");
    let text = String::from_utf8(part.bytes.clone()).unwrap();
    assert_eq!(json!(text.trim_end()), email["bodyValues"]["1"]["value"]);
    assert_eq!(letter.subject(), None);
    let head = answer.text.split("\r\n\r\n").next().unwrap();
    for address in [&email["from"][0], &email["to"][0]] {
        assert!(head.contains(address["email"].as_str().unwrap()), "{head}");
    }
    assert!(head.contains(email["messageId"][0].as_str().unwrap()), "{head}");
    // Nothing of who has not agreed, no id of the platform's own.
    let world = &site.world;
    for secret in [
        "Ben",
        "msg from ben",
        &world.ana.account.to_string(),
        &world.talk.to_string(),
    ] {
        assert!(!answer.text.contains(secret), "{secret}");
    }

    let text = download(&site, &token, &format!("{}-1", email["blobId"].as_str().unwrap()), None).await;
    assert_eq!(json!(text.text), email["bodyValues"]["1"]["value"]);
    let some = download(&site, &token, email["blobId"].as_str().unwrap(), Some("bytes=5-9")).await;
    assert_eq!(some.status, StatusCode::PARTIAL_CONTENT);
    assert_eq!(some.text.as_bytes(), &answer.text.as_bytes()[5..10]);
    assert_eq!(some.header("content-range"), format!("bytes 5-9/{}", answer.text.len()));
    let past = download(&site, &token, email["blobId"].as_str().unwrap(), Some("bytes=99999-")).await;
    assert_eq!(past.status, StatusCode::RANGE_NOT_SATISFIABLE);
}

#[tokio::test]
async fn a_raw_message_is_for_who_may_see_text_and_of_who_has_agreed() {
    let site = Site::new().await;
    let world = &site.world;
    let text = world.connect(&[Field::Text]).await.access;
    let hers = emails(&site, &text).await[0]["blobId"].as_str().unwrap().to_owned();
    world
        .app
        .say(
            world.ben.account,
            About::Everyone,
            Choice::Allow(FieldSet::of(&[Field::Envelope])),
        )
        .await
        .unwrap();
    let blobs: Vec<String> = emails(&site, &text)
        .await
        .iter()
        .map(|email| email["blobId"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(blobs.len(), 2);
    // His is seen without its text: there is no such file, as there is none of what is not there at all, and of attachments.
    let nobodys = format!("bm{}", "00".repeat(16));
    for blob in blobs
        .iter()
        .filter(|blob| **blob != hers)
        .chain([&nobodys, &format!("{hers}-2")])
    {
        let before = world.entries().await;
        let answer = download(&site, &text, blob, None).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (StatusCode::NOT_FOUND, ""),
            "{blob}"
        );
        assert_eq!(world.entries().await, before + 1, "that it is not in view is told");
    }
    assert_eq!(download(&site, &text, "x", None).await.status, StatusCode::NOT_FOUND);
    let elsewhere = format!("/jmap/download/{}/{hers}/x", world.ana.account);
    let bearer = format!("Bearer {text}");
    let answer = site.get(&elsewhere, &[("authorization", &bearer)]).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);

    // A consent that does not cover text: refused by name, whatever is asked for.
    for fields in [&[Field::Envelope][..], &[Field::Mentions], &[Field::Ranking]] {
        let token = world.connect(fields).await.access;
        for blob in [&hers, &nobodys] {
            let before = world.entries().await;
            let answer = download(&site, &token, blob, None).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{fields:?}");
            assert_eq!(answer.json()["type"], "urn:privity:problem:insufficient_scope");
            assert_eq!(world.entries().await, before);
        }
    }
    let grant = world.app.grant_presented(&text).await.unwrap();
    world.app.grant_revoke(grant.account, grant.id).await.unwrap();
    let answer = site
        .get(&format!("/jmap/download/a/{hers}/x"), &[("authorization", &bearer)])
        .await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}
