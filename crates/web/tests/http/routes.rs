//! The route table: what a route may do is what it does.

use crate::site::Site;
use axum::http::StatusCode;
use serde_json::json;
use web::{Class, ROUTES};

fn filled(path: &str, site: &Site) -> String {
    path.replace("/conversations/{id}", &format!("/conversations/{}", site.world.talk))
        .replace("/register/{id}/{version}", "/register/films/1")
        .replace("{period}", "1")
        .replace("{*path}", "0/000.p/1")
        .replace("/jmap/events", "/jmap/events?closeafter=never")
        .replace("{index}", "1")
        .replace("{grant}", "grt_00000000000000000000000000000000")
        .replace("{key}", "00000000000000000000000000000000")
}

#[tokio::test]
async fn a_disclosing_route_adds_exactly_one_entry_and_any_other_none() {
    let site = Site::new().await;
    let token = site.connect().await;
    let bearer = format!("Bearer {token}");
    let mut disclosing = 0;
    for route in ROUTES {
        let path = filled(route.path, &site);
        for method in route.methods.split(' ') {
            // Signed in afresh each time: one of the routes signs out.
            let (cookie, csrf) = site.sign_in("ana").await;
            let before = site.world.entries().await;
            let answer = match (route.class, method) {
                (Class::Disclosing, _) => {
                    let account = site.account(&token).await;
                    disclosing += 1;
                    site.jmap(&token, json!([["Email/query", {"accountId": account}, "0"]]))
                        .await
                }
                (_, "GET") => {
                    site.get(&path, &[("cookie", &cookie), ("authorization", &bearer)])
                        .await
                }
                (_, "PUT") => {
                    let request = axum::http::Request::builder()
                        .method("PUT")
                        .uri(&path)
                        .header("authorization", &bearer);
                    site.send(request.body(axum::body::Body::empty()).unwrap()).await
                }
                // An empty form with the right token: understood, and nothing to be done.
                (_, _) => site.post(&path, &[("csrf", &csrf)], &[("cookie", &cookie)]).await,
            };
            assert_ne!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert!(
                !answer.status.is_server_error(),
                "{method} {path}: {} {}",
                answer.status,
                answer.text
            );
            let added = site.world.entries().await - before;
            let expected = u64::from(route.class == Class::Disclosing);
            assert_eq!(
                added, expected,
                "{method} {path} answered {} and added {added} entries",
                answer.status
            );
        }
    }
    // The list of doors may only shrink.
    assert_eq!(disclosing, 1);
}

#[tokio::test]
async fn a_person_who_is_not_signed_in_sees_nothing_of_anyone() {
    let site = Site::new().await;
    for route in ROUTES.iter().filter(|r| r.class == Class::Person) {
        let path = filled(route.path, &site);
        let answer = match route.methods.starts_with("GET") {
            true => site.get(&path, &[]).await,
            false => site.post(&path, &[], &[]).await,
        };
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
        assert!(answer.header("location").starts_with("/sign-in?next="), "{path}");
    }
}

#[tokio::test]
async fn an_app_without_a_token_gets_and_gives_nothing() {
    let site = Site::new().await;
    for route in ROUTES.iter().filter(|r| matches!(r.class, Class::App | Class::Both)) {
        let path = filled(route.path, &site);
        let answer = match route.methods.starts_with("GET") {
            true => site.get(&path, &[]).await,
            false => site.post(&path, &[], &[]).await,
        };
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
        // Nor does a form that another site sends with her cookie.
        let (cookie, _) = site.sign_in("ana").await;
        let forged = site.post(&path, &[], &[("cookie", &cookie)]).await;
        assert!(!forged.status.is_success(), "{path}");
    }
}

#[tokio::test]
async fn a_form_without_its_token_changes_nothing() {
    let site = Site::new().await;
    let token = site.connect().await;
    let (cookie, _) = site.sign_in("ana").await;
    let grant = site.world.app.grants(site.world.ana.account).await.unwrap()[0].id;
    for csrf in ["", "wrong"] {
        let path = format!("/allowances/{grant}/revoke");
        let answer = site.post(&path, &[("csrf", csrf)], &[("cookie", &cookie)]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    }
    let account = site.account(&token).await;
    assert_eq!(
        site.jmap(&token, json!([["Core/echo", {}, "0"]])).await.status,
        StatusCode::OK,
        "{account}"
    );
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_keep_browsers_in_line() {
    let site = Site::new().await;
    for path in ["/", "/sign-in", "/nothing/here", "/ledger/checkpoint"] {
        let answer = site.get(path, &[]).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert!(
            answer.header("content-security-policy").contains("default-src 'none'"),
            "{path}"
        );
        assert!(answer.header("strict-transport-security").contains("max-age"), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
        assert!(!answer.header("x-request-id").is_empty(), "{path}");
    }
}
