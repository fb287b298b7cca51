//! What is a person's own stays apart from what partners see.

use crate::own::{Me, letter};
use crate::site::Site;
use serde_json::{Value, json};

/// Everything a partner can ask about the inbox, without the proof, which names another entry each time.
async fn asked(site: &Site, token: &str, account: &str) -> Vec<Value> {
    let calls = json!([
        ["Mailbox/get", {"accountId": account}, "0"],
        ["Email/query", {"accountId": account, "calculateTotal": true, "filter": {"hasKeyword": "$seen"}}, "1"],
        ["Email/get", {"accountId": account, "#ids": {"resultOf": "1", "name": "Email/query", "path": "/ids"}}, "2"],
        ["Thread/get", {"accountId": account, "#ids": {"resultOf": "2", "name": "Email/get", "path": "/list/*/threadId"}}, "3"],
        ["Email/query", {"accountId": account, "calculateTotal": true, "filter": {"text": "secret"}}, "4"],
        ["Email/query", {"accountId": account, "calculateTotal": true, "filter": {"inMailbox": "trash"}}, "5"],
        ["Mailbox/query", {"accountId": account, "calculateTotal": true}, "6"]
    ]);
    let answer = site.jmap(token, calls).await.json();
    answer["methodResponses"].as_array().unwrap().clone()
}

#[tokio::test]
async fn no_partner_sees_a_letter_a_folder_or_a_mark() {
    let site = Site::new().await;
    let token = site.connect().await;
    let account = site.account(&token).await;
    let before = asked(&site, &token, &account).await;

    let me = Me::of(&site, &site.world.ana).await;
    let ids = me.ids(json!({})).await;
    let made = me
        .call("Mailbox/set", json!({"create": {"f": {"name": "secret folder"}}}))
        .await;
    let folder = made["created"]["f"]["id"].as_str().unwrap();
    me.import(
        &letter("1", "secret", "", "a secret"),
        json!({"mailboxIds": {folder: true}}),
    )
    .await;
    me.call(
        "Email/set",
        json!({"update": {&ids[0]: {"mailboxIds": {"trash": true}, "keywords": {"secret": true}}}}),
    )
    .await;
    me.call(
        "VacationResponse/set",
        json!({"update": {"singleton": {"isEnabled": true}}}),
    )
    .await;

    assert_eq!(
        asked(&site, &token, &account).await,
        before,
        "not even a state has moved"
    );
}

#[tokio::test]
async fn a_partner_has_none_of_the_methods_that_write() {
    let site = Site::new().await;
    let token = site.connect().await;
    let account = site.account(&token).await;
    for method in [
        "Mailbox/set",
        "Email/set",
        "Email/import",
        "Email/parse",
        "Email/copy",
        "Identity/get",
        "EmailSubmission/set",
        "VacationResponse/get",
    ] {
        let answer = site
            .jmap(&token, json!([[method, {"accountId": account}, "0"]]))
            .await
            .json();
        assert_eq!(
            answer["methodResponses"][0][1]["type"], "unknownMethod",
            "{method}: {answer}"
        );
    }
    let blob = site
        .get(
            &format!("/jmap/download/{account}/b0/x"),
            &[("authorization", &format!("Bearer {token}"))],
        )
        .await;
    assert_eq!(blob.status, axum::http::StatusCode::NOT_FOUND);
}
