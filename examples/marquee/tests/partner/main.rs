//! The reference partner against a small platform written from the specs: the client's duties, and the pages.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::result_large_err,
    missing_docs
)]

mod platform;

use marquee::client::{PartnerClient, PartnerError, Token};
use marquee::{Catalogue, Config, SigningKey, read_shelf};
use platform::Platform;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::time::Duration;
use ureq::http::Response;
use wire::oauth::{Action, AuthorizationDetail, Conversations, Field, Purpose};

const CATALOGUE: &str = "id,title,year\n1,Up & Away,2009\n2,Alien,1979\n3,Heat,1995\n";

fn detail() -> AuthorizationDetail {
    AuthorizationDetail {
        agreement: "films@1".into(),
        purpose: Purpose::Recommendations,
        actions: vec![Action::Read],
        fields: vec![Field::Mentions],
        conversations: Conversations::All,
        until: "2027-02-01T00:00:00Z".into(),
    }
}

fn email(n: usize, who: &str, title: &str, sentiment: &str) -> Value {
    json!({"id": format!("m{n}"), "receivedAt": "2026-11-23T00:00:00Z", "from": [{"name": who, "email": format!("{who}@p.example")}],
           "disclosure": {"fields": ["mentions"], "withheld": null, "mentions": [{"title": title, "sentiment": sentiment}]}})
}

/// Blocking work beside the platform's own tasks.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

fn connect(platform: &Platform, client: &PartnerClient) -> Token {
    let started = client.push(&[detail()], "http://m.example/callback").unwrap();
    let code = platform.say_yes(&started.authorize_url);
    client.redeem(&code, &started, &platform.issuer()).unwrap()
}

async fn with_client<T: Send + 'static>(work: impl FnOnce(Platform, PartnerClient) -> T + Send + 'static) -> T {
    let key = SigningKey::generate().unwrap();
    let platform = Platform::start(key.public_jwks()).await;
    blocking(move || {
        let client = PartnerClient::discover(&platform.issuer(), "marquee-web", key).unwrap();
        work(platform, client)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_connects_reads_keeps_its_receipt_and_gives_the_permission_back() {
    with_client(|platform, client| {
        let catalogue = Catalogue::read(CATALOGUE.as_bytes()).unwrap();
        client.upload_catalogue(&catalogue).unwrap();
        assert!(platform.world().catalogue.contains("1,Up & Away,2009,"));
        // 120 messages are three pages.
        platform.world().emails = (0..120)
            .map(|n| match n {
                0 => email(n, "you", "1", "liked"),
                1 => email(n, "someone", "2", "disliked"),
                _ => email(n, "someone", "3", "neutral"),
            })
            .collect();
        let token = connect(&platform, &client);
        assert_eq!(token.grant_id.as_deref(), Some("grt_1"));
        assert_eq!(token.authorization_details, [detail()]);
        let shelf = read_shelf(&client, &token, &catalogue).unwrap();
        let rows: Vec<_> = shelf.titles.iter().map(|t| (t.id.as_str(), t.score)).collect();
        assert_eq!(rows, [("3", 118), ("1", 2)]);
        assert_eq!(
            (shelf.messages, shelf.withheld["counterparty"], shelf.entry),
            (120, 12, Some(103))
        );
        assert!(client.receipt(&token, 103).unwrap().contains("index 103"));
        client.revoke(&token).unwrap();
        let refused = read_shelf(&client, &token, &catalogue).unwrap_err();
        assert!(refused.is_permission_gone());
        assert!(matches!(refused, PartnerError::Refused { status: 401, ref error, .. } if error == "invalid_token"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_assertion_is_fresh_and_short() {
    with_client(|platform, client| {
        for _ in 0..3 {
            let token = connect(&platform, &client);
            client.revoke(&token).unwrap();
        }
        let world = platform.world();
        assert_eq!(world.assertions.len(), 9);
        assert!(world.assertions.iter().all(|(ahead, _)| (1..=60).contains(ahead)));
        assert_eq!(
            world
                .assertions
                .iter()
                .map(|(_, jti)| jti)
                .collect::<HashSet<_>>()
                .len(),
            9
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_client_id_and_request_uri_go_to_the_authorization_endpoint() {
    with_client(|platform, client| {
        let one = client.push(&[detail()], "http://m.example/callback").unwrap();
        let two = client.push(&[detail()], "http://m.example/callback").unwrap();
        assert_eq!(
            one.authorize_url,
            format!(
                "{}/authorize?client_id=marquee-web&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3A0",
                platform.issuer()
            )
        );
        assert_ne!(one.state, two.state);
        assert_ne!(one.verifier, two.verifier);
        let world = platform.world();
        let challenges: HashSet<_> = world.pushed.values().map(|p| p.code_challenge.clone()).collect();
        assert_eq!(challenges.len(), 2, "a verifier for each request");
        assert!(!format!("{one:?}").contains(one.verifier.expose()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_answer_of_another_issuer_is_not_redeemed() {
    with_client(|platform, client| {
        let started = client.push(&[detail()], "http://m.example/callback").unwrap();
        let code = platform.say_yes(&started.authorize_url);
        let refused = client.redeem(&code, &started, "https://mix-up.example").unwrap_err();
        assert!(matches!(refused, PartnerError::Protocol(_)));
        assert!(
            platform.world().codes.contains_key(&code),
            "the code was sent to nobody"
        );
        let other = client.push(&[detail()], "http://m.example/callback").unwrap();
        let refused = client.redeem(&code, &other, &platform.issuer()).unwrap_err();
        assert!(matches!(refused, PartnerError::Refused { status: 400, ref error, .. } if error == "invalid_grant"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metadata_of_another_issuer_is_refused() {
    let key = SigningKey::generate().unwrap();
    let platform = Platform::start(key.public_jwks()).await;
    platform.world().metadata_issuer = Some("https://other.example".into());
    let issuer = platform.issuer();
    let found = blocking(move || PartnerClient::discover(&issuer, "marquee-web", key).map(drop)).await;
    assert!(matches!(found, Err(PartnerError::Protocol(_))));
    let plain = blocking(|| {
        PartnerClient::discover("http://p.example", "marquee-web", SigningKey::generate().unwrap()).map(drop)
    });
    assert!(
        matches!(plain.await, Err(PartnerError::Protocol(_))),
        "no secret goes over plain http"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_sent_to_no_other_host_and_a_busy_platform_says_when() {
    with_client(|platform, client| {
        let token = connect(&platform, &client);
        platform.world().api_url = Some("https://elsewhere.example/jmap".into());
        assert!(matches!(client.session(&token), Err(PartnerError::Protocol(_))));
        assert!(matches!(
            client.jmap(&token, &[], vec![]),
            Err(PartnerError::Protocol(_))
        ));
        platform.world().busy = true;
        assert!(matches!(
            client.session(&token),
            Err(PartnerError::Unavailable { retry_after: Some(7) })
        ));
        assert!(!format!("{token:?}").contains(token.access_token.expose()));
    })
    .await;
}

/// A browser without a script: it follows no redirect by itself and keeps one cookie.
struct Browser {
    agent: ureq::Agent,
    site: String,
    cookie: String,
}

impl Browser {
    async fn open(platform: &Platform, key: SigningKey) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let site = format!("http://{}", listener.local_addr().unwrap());
        let catalogue =
            std::env::temp_dir().join(format!("marquee-test-{}.csv", listener.local_addr().unwrap().port()));
        std::fs::write(&catalogue, CATALOGUE).unwrap();
        let config = Config {
            own_url: site.clone(),
            platform_issuer: platform.issuer(),
            client_id: "marquee-web".into(),
            signing_key: key,
            agreement: "films@1".into(),
            catalogue: catalogue.clone(),
        };
        tokio::spawn(marquee::serve(config, listener));
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(20)))
            .build()
            .into();
        for _ in 0..200 {
            if !platform.world().catalogue.is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        std::fs::remove_file(catalogue).unwrap();
        Self {
            agent,
            site,
            cookie: String::new(),
        }
    }

    fn keep(&mut self, answer: &Response<ureq::Body>) {
        if let Some(cookie) = answer.headers().get("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"));
            self.cookie = cookie.split(';').next().unwrap().to_owned();
        }
    }

    fn get(&mut self, path: &str) -> (u16, String) {
        let mut answer = self
            .agent
            .get(format!("{}{path}", self.site))
            .header("Cookie", &self.cookie)
            .call()
            .unwrap();
        self.keep(&answer);
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    }

    /// Where a form leads.
    fn post(&mut self, path: &str, origin: &str) -> (u16, String) {
        let request = self
            .agent
            .post(format!("{}{path}", self.site))
            .header("Cookie", &self.cookie)
            .header("Origin", origin);
        let answer = request.send_empty().unwrap();
        self.keep(&answer);
        let location = answer.headers().get("location").map(|l| l.to_str().unwrap().to_owned());
        (answer.status().as_u16(), location.unwrap_or_default())
    }

    fn press(&mut self, path: &str) -> String {
        let site = self.site.clone();
        let (status, location) = self.post(path, &site);
        assert_eq!(status, 303);
        location
    }

    /// Presses the button, says yes at the platform, and comes back.
    fn connect(&mut self, platform: &Platform) -> u16 {
        let authorize_url = self.press("/connect");
        let state = asked_state(platform);
        let code = platform.say_yes(&authorize_url);
        self.get(&format!(
            "/callback?code={code}&state={state}&iss={}",
            platform.issuer()
        ))
        .0
    }
}

fn asked_state(platform: &Platform) -> String {
    let world = platform.world();
    assert_eq!(world.pushed.len(), 1);
    world.pushed.values().next().unwrap().state.clone().unwrap()
}

async fn with_browser(work: impl FnOnce(Platform, Browser) + Send + 'static) {
    let key = SigningKey::generate().unwrap();
    let platform = Platform::start(key.public_jwks()).await;
    platform.world().emails = vec![email(0, "you", "1", "liked"), email(1, "someone", "3", "neutral")];
    let browser = Browser::open(&platform, key).await;
    blocking(move || work(platform, browser)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visitor_connects_sees_her_shelf_reads_again_and_disconnects() {
    with_browser(|platform, mut browser| {
        assert!(platform.world().catalogue.contains("Alien"));
        let (status, html) = browser.get("/");
        assert!(status == 200 && html.contains("Connect your inbox") && html.contains("Up &#38; Away"));
        assert_eq!(browser.connect(&platform), 303);
        let (_, html) = browser.get("/");
        assert!(html.contains("From your conversations"), "{html}");
        assert!(html.contains("Mentioned by you, week of 23 November 2026"));
        assert!(html.contains("entry 101 of the ledger"));
        assert!(!html.contains("token-"));
        let (status, receipt) = browser.get("/receipt");
        assert!(status == 200 && receipt.contains("index 101"));
        assert_eq!(browser.press("/again"), "/");
        assert!(browser.get("/").1.contains("entry 102 of the ledger"));
        assert_eq!(browser.press("/disconnect"), "/");
        assert!(platform.world().tokens.is_empty());
        let (_, html) = browser.get("/");
        assert!(html.contains("deleted what we had") && html.contains("Connect your inbox"));
        assert!(!browser.get("/").1.contains("deleted what we had"), "told once");
        assert_eq!(browser.get("/receipt").0, 404);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_permission_is_taken_back_the_shelf_is_dropped_at_the_next_look() {
    with_browser(|platform, mut browser| {
        browser.connect(&platform);
        assert!(browser.get("/").1.contains("Mentioned by you"));
        platform.world().busy = true;
        assert!(
            browser.get("/").1.contains("Mentioned by you"),
            "not answering is not taking back"
        );
        platform.world().busy = false;
        let kept: Vec<String> = platform.world().tokens.drain().collect();
        let (_, html) = browser.get("/");
        assert!(
            html.contains("You took back your permission.") && html.contains("We deleted what we had."),
            "{html}"
        );
        assert!(!html.contains("Mentioned by you"));
        // Were the token to work again, nothing would be left to show.
        platform.world().tokens.extend(kept);
        assert!(!browser.get("/").1.contains("Mentioned by you"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_no_is_a_no_in_plain_words() {
    with_browser(|platform, mut browser| {
        browser.press("/connect");
        let state = asked_state(&platform);
        let (status, _) = browser.get(&format!(
            "/callback?error=access_denied&state={state}&iss={}",
            platform.issuer()
        ));
        assert_eq!(status, 303);
        assert!(browser.get("/").1.contains("You said no."));
        assert_eq!(platform.world().answers, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_with_another_state_or_issuer_or_to_another_browser_is_not_taken() {
    with_browser(|platform, mut browser| {
        let authorize_url = browser.press("/connect");
        let state = asked_state(&platform);
        let code = platform.say_yes(&authorize_url);
        let iss = platform.issuer();
        assert_eq!(
            browser.get(&format!("/callback?code={code}&state=other&iss={iss}")).0,
            400
        );
        assert_eq!(browser.get(&format!("/callback?code={code}&iss={iss}")).0, 400);
        let cookie = std::mem::take(&mut browser.cookie);
        assert_eq!(
            browser.get(&format!("/callback?code={code}&state={state}&iss={iss}")).0,
            400,
            "another browser"
        );
        browser.cookie = cookie;
        assert_eq!(
            browser
                .get(&format!(
                    "/callback?code={code}&state={state}&iss=https://mix-up.example"
                ))
                .0,
            303
        );
        assert!(browser.get("/").1.contains("so we stopped"));
        // The question is used up.
        assert_eq!(
            browser.get(&format!("/callback?code={code}&state={state}&iss={iss}")).0,
            400
        );
        assert!(
            platform.world().codes.contains_key(&code),
            "the code was redeemed by nobody"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_of_another_site_does_nothing() {
    with_browser(|platform, mut browser| {
        for path in ["/connect", "/again", "/disconnect"] {
            assert_eq!(browser.post(path, "https://evil.example").0, 403);
            assert_eq!(browser.post(path, "null").0, 403);
        }
        assert!(platform.world().pushed.is_empty());
        let (status, html) = browser.get("/nowhere");
        assert!(status == 404 && html.contains("Nothing on this screen"));
    })
    .await;
}
