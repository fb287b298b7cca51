//! Signing in: who may try, how often, and from where.

use crate::site::{PROXY, Site};
use app::{Denied, Error};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};
use secrecy::SecretString;
use std::net::SocketAddr;
use tokio::task::JoinSet;

/// Someone behind the proxy, or without it, tries.
async fn tried(site: &Site, peer: &str, forwarded: Option<&str>, form: String) -> StatusCode {
    let mut request = Request::builder()
        .method("POST")
        .uri("/sign-in")
        .header("content-type", "application/x-www-form-urlencoded");
    if let Some(forwarded) = forwarded {
        request = request.header("x-forwarded-for", forwarded);
    }
    let mut request = request.body(Body::from(form)).unwrap();
    let peer = SocketAddr::new(peer.parse().unwrap(), 4711);
    request.extensions_mut().insert(ConnectInfo(peer));
    site.send(request).await.status
}

fn wrong(n: usize) -> String {
    format!("handle=nobody{n}&password=wrong")
}

fn right() -> String {
    "handle=ana&password=correct+horse".to_owned()
}

#[tokio::test]
async fn wrong_tries_behind_the_proxy_lock_out_only_where_they_come_from() {
    let site = Site::new().await;
    let (guesser, ana) = ("192.0.2.1, 203.0.113.66", "198.51.100.7");
    for n in 0..100 {
        assert_eq!(
            tried(&site, PROXY, Some(guesser), wrong(n)).await,
            StatusCode::UNAUTHORIZED
        );
    }
    // What it writes itself does not make it another.
    let disguised = "198.51.100.7, 203.0.113.66";
    assert_eq!(
        tried(&site, PROXY, Some(disguised), right()).await,
        StatusCode::TOO_MANY_REQUESTS
    );
    assert_eq!(tried(&site, PROXY, Some(ana), right()).await, StatusCode::SEE_OTHER);
    // Not behind the proxy, nobody is believed.
    assert_eq!(
        tried(&site, "203.0.113.66", Some(ana), right()).await,
        StatusCode::TOO_MANY_REQUESTS
    );
}

#[tokio::test]
async fn guesses_at_the_same_time_are_counted_before_they_are_checked() {
    let site = Site::new().await;
    let mut guesses = JoinSet::new();
    for n in 0..25 {
        let app = site.world.app.clone();
        let password = SecretString::from(format!("guess number {n}"));
        guesses.spawn(async move { app.sign_in("ana", &password, "test").await.map(|_| ()) });
    }
    let checked = guesses
        .join_all()
        .await
        .into_iter()
        .filter(|done| matches!(done, Err(Error::Denied(Denied::Credentials))))
        .count();
    assert_eq!(checked, 10);
}

#[tokio::test]
async fn signing_in_again_and_again_uses_nothing_up() {
    let site = Site::new().await;
    for _ in 0..30 {
        assert_eq!(
            tried(&site, "203.0.113.5", None, wrong(0).replace("nobody0", "ben")).await,
            StatusCode::UNAUTHORIZED
        );
        let form = right().replace("ana", "ben");
        assert_eq!(tried(&site, "203.0.113.5", None, form).await, StatusCode::SEE_OTHER);
    }
}

/// Nobody can have it: it takes no memory and no time.
#[tokio::test]
async fn a_handle_that_nobody_can_have_is_refused_before_anything_is_noted() {
    let site = Site::new().await;
    for n in 0..150 {
        let form = format!("handle={}{n}&password=x", "h".repeat(65));
        assert_eq!(tried(&site, "203.0.113.5", None, form).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(tried(&site, "203.0.113.5", None, right()).await, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_form_of_another_site_signs_nobody_in() {
    let site = Site::new().await;
    let form = [("handle", "ana"), ("password", "correct horse")];
    for foreign in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
        let answer = site.post("/sign-in", &form, &[foreign]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(answer.header("set-cookie").is_empty());
    }
    let own = site
        .post(
            "/sign-in",
            &form,
            &[("sec-fetch-site", "same-origin"), ("origin", "null")],
        )
        .await;
    assert_eq!(own.status, StatusCode::SEE_OTHER);
    assert!(!own.header("set-cookie").is_empty());
}
