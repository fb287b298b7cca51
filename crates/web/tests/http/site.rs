//! A platform that is asked without a socket, and who asks it.

use crate::world::World;
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use marquee::SigningKey;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tower::ServiceExt;

pub struct Site {
    pub world: World,
    pub posted: Arc<Posted>,
    router: Router,
    pem: String,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|v| v.to_str().unwrap()).unwrap_or_default()
    }
}

impl Site {
    pub async fn new() -> Self {
        Self::of(World::new().await).await
    }

    pub async fn of(world: World) -> Self {
        let key = SigningKey::generate().unwrap();
        // Marquee's client gets a key of which this test has the private half.
        let mut partner = (*world.app.partner(&world.partner()).unwrap()).clone();
        partner.clients.get_mut(&world.client()).unwrap().jwks = key.public_jwks();
        world.app.partner_put(partner).await.unwrap();
        let posted = Arc::new(Posted::default());
        let mut options = options();
        options.post = posted.clone();
        let router = web::router(world.app.clone(), options);
        Self {
            world,
            posted,
            router,
            pem: key.to_pem(),
        }
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.answer(request).await;
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 100_000_000).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    /// An answer of which no byte is taken yet.
    pub async fn answer(&self, request: Request<Body>) -> axum::response::Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub async fn post(&self, path: &str, form: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
        let body: Vec<String> = form
            .iter()
            .map(|(n, v)| format!("{}={}", encode(n), encode(v)))
            .collect();
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.join("&"))).unwrap()).await
    }

    /// A signed-in person's cookie and form token.
    pub async fn sign_in(&self, handle: &str) -> (String, String) {
        let password = SecretString::from("correct horse");
        let (secret, _) = self.world.app.sign_in(handle, &password, "test").await.unwrap();
        let csrf = self.world.app.session(&secret).await.unwrap().unwrap().csrf;
        // The issuer is https, so the cookie is bound to the host.
        (format!("__Host-session={secret}"), csrf)
    }

    pub fn claims(&self) -> BTreeMap<&'static str, Value> {
        let now = self.world.app.now().unix_seconds();
        BTreeMap::from([
            ("iss", json!("marquee-web")),
            ("sub", json!("marquee-web")),
            ("aud", json!("https://inbox.example")),
            ("jti", json!(self.world.app.fresh_name())),
            ("iat", json!(now)),
            ("exp", json!(now + 55)),
        ])
    }

    pub fn sign(&self, claims: &BTreeMap<&'static str, Value>) -> String {
        let key = encoding_key(&self.pem);
        jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), claims, &key).unwrap()
    }

    pub fn assertion(&self) -> String {
        self.sign(&self.claims())
    }

    pub fn par(&self) -> BTreeMap<&'static str, String> {
        let until = self.world.app.now().plus_days(20);
        let details = json!([{
            "type": "inbox", "agreement": "films@1", "purpose": "recommendations", "actions": ["read"],
            "fields": ["text", "mentions"], "conversations": "all", "until": until.to_string(),
        }]);
        BTreeMap::from([
            ("client_id", "marquee-web".to_owned()),
            ("response_type", "code".to_owned()),
            ("redirect_uri", self.world.redirect()),
            ("state", "xyz".to_owned()),
            // RFC 7636 appendix B.
            (
                "code_challenge",
                "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".to_owned(),
            ),
            ("code_challenge_method", "S256".to_owned()),
            ("authorization_details", details.to_string()),
            (
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer".to_owned(),
            ),
            ("client_assertion", self.assertion()),
        ])
    }

    pub async fn push(&self, form: &BTreeMap<&'static str, String>) -> Answer {
        let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (*n, v.as_str())).collect();
        self.post("/oauth/par", &form, &[]).await
    }

    /// Ana agrees over HTTP; the address she is sent to.
    pub async fn agree(&self, request_uri: &str, action: &str) -> Answer {
        let (cookie, csrf) = self.sign_in("ana").await;
        let asked = format!("marquee-web {request_uri}");
        let until = self.world.app.now().plus_days(10).to_string();
        let form = [
            ("request", asked.as_str()),
            ("csrf", &csrf),
            ("fields", "text"),
            ("fields", "mentions"),
            ("conversations", "all"),
            ("until", &until),
            ("action", action),
        ];
        self.post("/consent", &form, &[("cookie", &cookie)]).await
    }

    pub async fn redeem(&self, code: &str, change: &[(&'static str, &str)]) -> Answer {
        let assertion = self.assertion();
        let mut form = BTreeMap::from([
            ("grant_type", "authorization_code"),
            ("code", code),
            ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            ("redirect_uri", "https://marquee.example/callback"),
            (
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ),
            ("client_assertion", &assertion),
        ]);
        form.extend(change.iter().copied());
        let form: Vec<(&str, &str)> = form.into_iter().collect();
        self.post("/oauth/token", &form, &[]).await
    }

    /// The whole way over HTTP, to an access token.
    pub async fn connect(&self) -> String {
        let pushed = self.push(&self.par()).await.json();
        let agreed = self.agree(pushed["request_uri"].as_str().unwrap(), "agree").await;
        let code = query(agreed.header("location"), "code");
        self.redeem(&code, &[]).await.json()["access_token"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    pub async fn jmap(&self, token: &str, calls: Value) -> Answer {
        self.jmap_with(&format!("Bearer {token}"), calls).await
    }

    pub async fn jmap_with(&self, authorization: &str, calls: Value) -> Answer {
        self.send(asking(authorization, calls)).await
    }

    /// As a mail app asks, with the name it gave the request.
    pub async fn jmap_using(&self, authorization: &str, calls: Value, key: Option<&str>) -> Answer {
        let mut request = asking(authorization, calls);
        if let Some(key) = key {
            request.headers_mut().insert("idempotency-key", key.parse().unwrap());
        }
        self.send(request).await
    }

    /// The beginning of a partner's answer.
    pub async fn begin(&self, token: &str, calls: Value) -> axum::response::Response {
        self.answer(asking(&format!("Bearer {token}"), calls)).await
    }

    pub async fn account(&self, token: &str) -> String {
        let session = self
            .get("/jmap/session", &[("authorization", &format!("Bearer {token}"))])
            .await
            .json();
        session["primaryAccounts"]["urn:ietf:params:jmap:mail"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

fn asking(authorization: &str, calls: Value) -> Request<Body> {
    let using = [
        "urn:ietf:params:jmap:core",
        "urn:ietf:params:jmap:mail",
        "urn:ietf:params:jmap:submission",
        "urn:ietf:params:jmap:vacationresponse",
        "urn:privity:jmap:disclosure",
    ];
    Request::builder()
        .method(Method::POST)
        .uri("/jmap")
        .header(header::AUTHORIZATION, authorization)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(json!({"using": using, "methodCalls": calls}).to_string()))
        .unwrap()
}

/// A body that fails the test when it is read.
pub fn never_read() -> Body {
    struct NeverRead;
    impl http_body::Body for NeverRead {
        type Data = axum::body::Bytes;
        type Error = std::convert::Infallible;
        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
            panic!("the body was read")
        }
    }
    Body::new(NeverRead)
}

/// A body of which nothing ever comes.
pub fn endless() -> Body {
    struct Endless;
    impl http_body::Body for Endless {
        type Data = axum::body::Bytes;
        type Error = std::convert::Infallible;
        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
            std::task::Poll::Pending
        }
    }
    Body::new(Endless)
}

/// What this platform trusts.
pub const PROXY: &str = "127.0.0.1";

pub fn options() -> web::Options {
    web::Options {
        platform: "Inbox".into(),
        sign_in_hint: None,
        trusted_proxies: vec![PROXY.parse().unwrap()],
        post: Arc::new(Posted::default()),
    }
}

/// Where to, with which headers, what.
type Pushed = (String, Vec<(&'static str, String)>, Vec<u8>);

/// What was pushed: where to, with which headers, what.
#[derive(Default)]
pub struct Posted(Mutex<Vec<Pushed>>);

impl web::Post for Posted {
    fn post(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: Vec<u8>,
        _: std::time::Duration,
    ) -> Result<(), String> {
        let mut posted = self.0.lock().unwrap();
        posted.push((url.to_owned(), headers.to_vec(), body));
        Ok(())
    }
}

impl Posted {
    /// All there is so far, once there is as much as that.
    pub async fn at_least(&self, count: usize) -> Vec<Pushed> {
        for _ in 0..200 {
            let posted = self.0.lock().unwrap().clone();
            if posted.len() >= count {
                return posted;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("nothing was pushed");
    }
}

pub fn query(address: &str, name: &str) -> String {
    let (_, query) = address
        .split_once('?')
        .unwrap_or_else(|| panic!("no query in `{address}`"));
    let found = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
    found.unwrap_or_else(|| panic!("no `{name}` in `{address}`")).to_owned()
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

pub fn encoding_key(pem: &str) -> EncodingKey {
    use base64::Engine;
    let body: String = pem.lines().filter(|l| !l.starts_with('-')).collect();
    EncodingKey::from_ed_der(&base64::prelude::BASE64_STANDARD.decode(body).unwrap())
}
