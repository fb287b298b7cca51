//! A small platform to talk to, written from the specs: it checks what a FAPI 2.0 server would check.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post, put};
use axum::{Form, Json, Router};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};
use wire::jmap::{DisclosureProof, MethodResponse, References, Request, resolve_arguments};
use wire::oauth::{
    AuthorizationServerMetadata, ClientAssertionClaims, PushedAuthorizationRequest, PushedParameters,
    RevocationRequest, TokenGrant, TokenRequest,
};

#[derive(Default)]
pub struct World {
    pub issuer: String,
    pub jwks: Value,
    pub pushed: HashMap<String, PushedParameters>,
    pub codes: HashMap<String, PushedParameters>,
    pub tokens: HashSet<String>,
    pub catalogue: String,
    /// Every assertion's `exp` minus now, and its `jti`.
    pub assertions: Vec<(i64, String)>,
    pub answers: u64,
    pub emails: Vec<Value>,
    /// Ways to misbehave.
    pub metadata_issuer: Option<String>,
    pub api_url: Option<String>,
    pub busy: bool,
}

#[derive(Clone)]
pub struct Platform(Arc<Mutex<World>>);

impl Platform {
    /// Starts one on a port of its own, for the client with these keys.
    pub async fn start(jwks: Value) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let platform = Self(Arc::new(Mutex::new(World {
            issuer,
            jwks,
            ..World::default()
        })));
        let routes = Router::new()
            .route("/.well-known/oauth-authorization-server", get(metadata))
            .route("/.well-known/jmap", get(|| async { Redirect::temporary("/session") }))
            .route("/par", post(par))
            .route("/token", post(token))
            .route("/revoke", post(revoke))
            .route("/session", get(session))
            .route("/jmap", post(jmap))
            .route("/ledger/receipts/{index}", get(receipt))
            .route("/partner/catalogue", put(catalogue))
            .with_state(platform.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        platform
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    pub fn issuer(&self) -> String {
        self.world().issuer.clone()
    }

    /// The person says yes: the code that goes back with the browser, for the request in this address.
    pub fn say_yes(&self, authorize_url: &str) -> String {
        let request_uri = authorize_url.split("request_uri=").nth(1).unwrap().replace("%3A", ":");
        let mut world = self.world();
        let request = world.pushed.remove(&request_uri).unwrap();
        let code = format!("code-{}", world.codes.len());
        world.codes.insert(code.clone(), request);
        code
    }
}

fn now() -> i64 {
    #[allow(clippy::disallowed_methods)]
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64
}

fn refuse(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({"error": error, "error_description": "no"}))).into_response()
}

impl World {
    fn authenticate(&mut self, assertion: &str) -> Result<(), Response> {
        let header = jsonwebtoken::decode_header(assertion).unwrap();
        let keys: JwkSet = serde_json::from_value(self.jwks.clone()).unwrap();
        let key = DecodingKey::from_jwk(keys.find(&header.kid.unwrap()).unwrap()).unwrap();
        let mut validation = Validation::new(header.alg);
        validation.validate_aud = false;
        let claims = jsonwebtoken::decode::<ClientAssertionClaims>(assertion, &key, &validation)
            .map_err(|_| refuse(StatusCode::UNAUTHORIZED, "invalid_client"))?
            .claims;
        claims
            .check("marquee-web", &self.issuer, now())
            .map_err(|_| refuse(StatusCode::UNAUTHORIZED, "invalid_client"))?;
        self.assertions.push((claims.exp - now(), claims.jti));
        Ok(())
    }

    fn allow(&self, headers: &HeaderMap) -> Result<(), Response> {
        if self.busy {
            return Err((StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "7")]).into_response());
        }
        let token = headers[header::AUTHORIZATION]
            .to_str()
            .unwrap()
            .strip_prefix("Bearer ")
            .unwrap()
            .to_owned();
        if self.tokens.contains(&token) {
            Ok(())
        } else {
            let problem = json!({"type": "urn:privity:problem:invalid_token", "detail": "no"});
            Err((StatusCode::UNAUTHORIZED, Json(problem)).into_response())
        }
    }
}

async fn metadata(State(platform): State<Platform>) -> Json<AuthorizationServerMetadata> {
    let world = platform.world();
    let at = |path: &str| format!("{}{path}", world.issuer);
    let issuer = world.metadata_issuer.as_ref().unwrap_or(&world.issuer);
    Json(AuthorizationServerMetadata::fapi(
        issuer,
        &at("/authorize"),
        &at("/token"),
        &at("/par"),
        &at("/revoke"),
    ))
}

async fn par(State(platform): State<Platform>, Form(form): Form<PushedAuthorizationRequest>) -> Response {
    let mut world = platform.world();
    if let Err(no) = world.authenticate(form.client_authentication().unwrap().assertion.expose()) {
        return no;
    }
    let uri = format!("urn:ietf:params:oauth:request_uri:{}", world.pushed.len());
    world.pushed.insert(uri.clone(), form.check().unwrap());
    (
        StatusCode::CREATED,
        Json(json!({"request_uri": uri, "expires_in": 590})),
    )
        .into_response()
}

async fn token(State(platform): State<Platform>, Form(form): Form<TokenRequest>) -> Response {
    let mut world = platform.world();
    if let Err(no) = world.authenticate(form.client_authentication().unwrap().assertion.expose()) {
        return no;
    }
    let TokenGrant::Code {
        code,
        redirect_uri,
        code_verifier,
    } = form.check().unwrap()
    else {
        panic!()
    };
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(code_verifier.expose()));
    match world.codes.remove(code.expose()) {
        Some(asked) if asked.code_challenge == challenge && asked.redirect_uri == redirect_uri => {
            let token = format!("token-{}", world.tokens.len());
            world.tokens.insert(token.clone());
            Json(
                json!({"access_token": token, "token_type": "Bearer", "expires_in": 3600, "grant_id": "grt_1",
                        "authorization_details": asked.authorization_details}),
            )
            .into_response()
        }
        _ => refuse(StatusCode::BAD_REQUEST, "invalid_grant"),
    }
}

async fn revoke(State(platform): State<Platform>, Form(form): Form<RevocationRequest>) -> Response {
    let mut world = platform.world();
    if let Err(no) = world.authenticate(form.client_authentication().unwrap().assertion.expose()) {
        return no;
    }
    world.tokens.remove(form.check().unwrap().expose());
    StatusCode::OK.into_response()
}

async fn session(State(platform): State<Platform>, headers: HeaderMap) -> Response {
    let world = platform.world();
    if let Err(no) = world.allow(&headers) {
        return no;
    }
    let api_url = world
        .api_url
        .clone()
        .unwrap_or_else(|| format!("{}/jmap", world.issuer));
    Json(json!({
        "capabilities": {}, "accounts": {"a1": {"name": "An inbox", "isPersonal": false, "isReadOnly": true, "accountCapabilities": {}}},
        "primaryAccounts": {"urn:ietf:params:jmap:mail": "a1"}, "username": "", "apiUrl": api_url,
        "downloadUrl": "", "uploadUrl": "", "eventSourceUrl": "", "state": "0"
    }))
    .into_response()
}

async fn jmap(State(platform): State<Platform>, headers: HeaderMap, body: Bytes) -> Response {
    let mut world = platform.world();
    if let Err(no) = world.allow(&headers) {
        return no;
    }
    let request = Request::parse(&body).unwrap();
    let mut method_responses: Vec<MethodResponse> = Vec::new();
    for call in request.method_calls {
        let arguments = resolve_arguments(call.arguments, &method_responses, &mut References::default()).unwrap();
        assert_eq!(arguments["accountId"], "a1");
        let result = match call.name.as_str() {
            "Email/query" => {
                let position = arguments["position"].as_u64().unwrap() as usize;
                let limit = arguments["limit"].as_u64().unwrap() as usize;
                let ids: Vec<&Value> = world
                    .emails
                    .iter()
                    .map(|e| &e["id"])
                    .skip(position)
                    .take(limit)
                    .collect();
                let mut result = json!({"accountId": "a1", "queryState": "0", "canCalculateChanges": false,
                                        "position": position, "ids": ids});
                if arguments["calculateTotal"] == true {
                    result["withheld"] = json!({"counterparty": 12});
                }
                result
            }
            "Email/get" => {
                let ids = arguments["ids"].as_array().unwrap();
                let list: Vec<&Value> = world.emails.iter().filter(|e| ids.contains(&e["id"])).collect();
                json!({"accountId": "a1", "state": "0", "list": list, "notFound": []})
            }
            other => panic!("{other}"),
        };
        method_responses.push(MethodResponse::new(&call.name, &result, &call.call_id));
    }
    world.answers += 1;
    Json(wire::jmap::Response {
        method_responses,
        created_ids: None,
        session_state: "0".into(),
        disclosure_proof: Some(DisclosureProof {
            index: 100 + world.answers,
            checkpoint: "p.example/log\n1\n".into(),
        }),
    })
    .into_response()
}

async fn receipt(State(platform): State<Platform>, headers: HeaderMap, Path(index): Path<u64>) -> Response {
    match platform.world().allow(&headers) {
        Ok(()) => format!("c2sp.org/tlog-proof@v1\nindex {index}\n").into_response(),
        Err(no) => no,
    }
}

async fn catalogue(State(platform): State<Platform>, headers: HeaderMap, body: String) -> Response {
    let mut world = platform.world();
    assert_eq!(headers[header::CONTENT_TYPE], "text/csv");
    let assertion = headers[header::AUTHORIZATION]
        .to_str()
        .unwrap()
        .strip_prefix("Bearer ")
        .unwrap()
        .to_owned();
    if let Err(no) = world.authenticate(&assertion) {
        return no;
    }
    world.catalogue = body;
    StatusCode::NO_CONTENT.into_response()
}
