//! The pages, filled by the real thing.

use crate::site::Site;
use axum::http::StatusCode;
use serde_json::json;

#[tokio::test]
async fn ana_sees_her_inbox_writes_and_what_she_wrote_is_there_once() {
    let site = Site::new().await;
    let (cookie, csrf) = site.sign_in("ana").await;
    let inbox = site.get("/inbox", &[("cookie", &cookie)]).await;
    assert!(
        inbox.text.contains("Ben") && inbox.text.contains("Alien"),
        "{}",
        inbox.text
    );
    let path = format!("/conversations/{}", site.world.talk);
    for _ in 0..2 {
        let form = [("csrf", csrf.as_str()), ("text", "hello <b>ben</b>"), ("nonce", "one")];
        let sent = site
            .post(&format!("{path}/messages"), &form, &[("cookie", &cookie)])
            .await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER);
    }
    let page = site.get(&path, &[("cookie", &cookie)]).await.text;
    assert_eq!(
        page.matches("hello &#60;b&#62;ben").count() + page.matches("hello &lt;b&gt;ben").count(),
        1,
        "{page}"
    );
    // What cannot be sent comes back with what was written.
    let long = "x".repeat(20_000);
    let form = [("csrf", csrf.as_str()), ("text", long.as_str()), ("nonce", "two")];
    let refused = site
        .post(&format!("{path}/messages"), &form, &[("cookie", &cookie)])
        .await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(refused.text.contains(&long));
    // Ben has it too; a stranger's conversation is nobody's.
    let (his, _) = site.sign_in("ben").await;
    assert!(site.get(&path, &[("cookie", &his)]).await.text.contains("hello"));
    let unknown = format!("/conversations/cnv_{}", "0".repeat(32));
    assert_eq!(
        site.get(&unknown, &[("cookie", &his)]).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn the_consent_page_shows_her_own_messages_and_never_ticks_text() {
    let site = Site::new().await;
    let uri = site.push(&site.par()).await.json()["request_uri"]
        .as_str()
        .unwrap()
        .to_owned();
    let (cookie, csrf) = site.sign_in("ana").await;
    let look = format!("/oauth/authorize?client_id=marquee-web&request_uri={uri}");
    let page = site.get(&look, &[("cookie", &cookie)]).await.text;
    for part in [
        "Marquee",
        "To suggest films",
        "did you see the movie Heat",
        "I refuse",
        "/register/films/1",
        "14 days",
    ] {
        assert!(page.contains(part), "no `{part}` in {page}");
    }
    assert!(!page.contains("msg from ben"), "her friends' messages are not examples");
    let ticked = |name: &str, page: &str| {
        page.split("<input")
            .any(|i| i.contains(&format!("value=\"{name}\"")) && i.split('>').next().unwrap().contains(" checked"))
    };
    assert!(ticked("mentions", &page) && !ticked("text", &page), "{page}");
    // Nothing ticked is a fault on the page, and the choices stay as they were made.
    let asked = format!("marquee-web {uri}");
    let form = [
        ("request", asked.as_str()),
        ("csrf", &csrf),
        ("conversations", "all"),
        ("action", "agree"),
    ];
    let answer = site.post("/consent", &form, &[("cookie", &cookie)]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!ticked("mentions", &answer.text));
}

#[tokio::test]
async fn she_sees_who_read_what_with_its_proof_and_takes_it_back() {
    let site = Site::new().await;
    let token = site.connect().await;
    let account = site.account(&token).await;
    let read = site
        .jmap(&token, json!([["Email/query", {"accountId": account}, "0"]]))
        .await
        .json();
    let index = read["disclosureProof"]["index"].as_u64().unwrap();
    let (cookie, csrf) = site.sign_in("ana").await;
    let list = site.get("/readings", &[("cookie", &cookie)]).await.text;
    assert!(
        list.contains("Marquee") && list.contains("<svg") && list.contains(&format!("/readings/{index}")),
        "{list}"
    );
    let page = site
        .get(&format!("/readings/{index}"), &[("cookie", &cookie)])
        .await
        .text;
    assert!(
        page.contains("msg from ana") && page.contains("privity-verify"),
        "{page}"
    );
    let receipt = site
        .get(&format!("/readings/{index}/receipt"), &[("cookie", &cookie)])
        .await;
    assert!(receipt.header("content-disposition").contains("attachment"));
    assert!(tlog::receipt::verify(&receipt.text, site.world.app.log_key()).is_ok());
    assert!(list.contains("\"/readings/receipts\""), "{list}");
    let all = site.get("/readings/receipts", &[("cookie", &cookie)]).await;
    assert!(all.header("content-disposition").contains("attachment"));
    assert!(
        all.text.contains("\nentries 2\n") && all.text.contains("\ntag "),
        "{}",
        all.text
    );
    let (his, _) = site.sign_in("ben").await;
    let none = site.get("/readings/receipts", &[("cookie", &his)]).await.text;
    let key = |text: &str| text.lines().last().unwrap().to_owned();
    assert!(none.contains("\nentries 0\n") && key(&none) != key(&all.text), "{none}");
    assert_eq!(
        site.get(&format!("/readings/{index}"), &[("cookie", &his)])
            .await
            .status,
        StatusCode::NOT_FOUND
    );

    let grant = site.world.app.grants(site.world.ana.account).await.unwrap()[0].id;
    let narrow = site
        .get(&format!("/allowances/{grant}/narrow"), &[("cookie", &cookie)])
        .await;
    assert_eq!(narrow.status, StatusCode::OK);
    let path = format!("/allowances/{grant}/revoke");
    assert_eq!(
        site.post(&path, &[("csrf", &csrf)], &[("cookie", &cookie)])
            .await
            .status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(
        site.jmap(&token, json!([["Core/echo", {}, "0"]])).await.status,
        StatusCode::FORBIDDEN
    );
    let after = site.get("/allowances?done=revoked", &[("cookie", &cookie)]).await.text;
    assert!(after.contains("Taken back"), "{after}");
}

#[tokio::test]
async fn the_ledger_page_checks_a_receipt_and_says_what_is_wrong_with_a_bad_one() {
    let site = Site::new().await;
    let token = site.connect().await;
    let (_, index) = site.world.read_indexed(&token).await.unwrap();
    let receipt = site
        .world
        .app
        .receipt_of_person(site.world.ana.account, index)
        .await
        .unwrap();
    let check = |text: String| {
        let body = format!("--B\r\nContent-Disposition: form-data; name=\"receipt\"\r\n\r\n{text}\r\n--B--\r\n");
        axum::http::Request::builder()
            .method("POST")
            .uri("/ledger/check")
            .header("content-type", "multipart/form-data; boundary=B")
            .body(axum::body::Body::from(body))
            .unwrap()
    };
    let good = site.send(check(receipt.replace('\n', "\r\n"))).await;
    assert!(
        good.status == StatusCode::OK && good.text.contains("Right"),
        "{}",
        good.text
    );
    let bad = site.send(check(receipt.replace("index ", "index 1"))).await;
    assert!(bad.text.contains("Wrong"), "{}", bad.text);
    assert_eq!(site.send(check(String::new())).await.status, StatusCode::BAD_REQUEST);
    assert!(
        site.get("/ledger", &[])
            .await
            .text
            .contains("Only the person it concerns")
    );
    assert!(site.get("/register", &[]).await.text.contains("Marquee"));
    assert!(site.get("/register/films/1", &[]).await.text.contains("retention"));
    assert_eq!(site.get("/register/films/2", &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_wrong_password_is_told_kindly_and_not_for_ever() {
    let site = Site::new().await;
    let try_once = |password: &'static str| {
        let site = &site;
        async move {
            let form = [("handle", "ana"), ("password", password), ("next", "//evil.example")];
            site.post("/sign-in", &form, &[]).await
        }
    };
    for _ in 0..10 {
        assert_eq!(try_once("wrong").await.status, StatusCode::UNAUTHORIZED);
    }
    let locked = try_once("correct horse").await;
    assert_eq!(locked.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(!locked.header("retry-after").is_empty());
    site.world.clock.advance_seconds(901);
    let inside = try_once("correct horse").await;
    assert_eq!(
        (inside.status, inside.header("location")),
        (StatusCode::SEE_OTHER, "/inbox")
    );
    let cookie = inside.header("set-cookie");
    for flag in ["__Host-session=", "HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(flag), "{cookie}");
    }
}
