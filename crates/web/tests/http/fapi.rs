//! FAPI 2.0 Security Profile, clause by clause, from outside. The numbers are those of its section 5.3.2.

use crate::site::{Site, query};
use axum::http::StatusCode;
use serde_json::{Value, json};

async fn refused(site: &Site, change: impl FnOnce(&mut std::collections::BTreeMap<&'static str, String>)) -> String {
    let mut form = site.par();
    change(&mut form);
    let answer = site.push(&form).await;
    assert!(answer.status.is_client_error(), "{} {}", answer.status, answer.text);
    answer.json()["error"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn general_1_metadata_is_published_and_names_no_more_than_is_supported() {
    let site = Site::new().await;
    let metadata = site.get("/.well-known/oauth-authorization-server", &[]).await.json();
    assert_eq!(metadata["issuer"], "https://inbox.example");
    assert_eq!(metadata["require_pushed_authorization_requests"], true);
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(
        metadata["token_endpoint_auth_methods_supported"],
        json!(["private_key_jwt"])
    );
    assert_eq!(metadata["response_types_supported"], json!(["code"]));
}

#[tokio::test]
async fn general_2_and_3_no_password_grant_and_no_public_client() {
    let site = Site::new().await;
    let answer = site.redeem("x", &[("grant_type", "password")]).await;
    assert_eq!(answer.json()["error"], "unsupported_grant_type");
    let answer = site.redeem("x", &[("client_assertion", "")]).await;
    assert_eq!(
        (answer.status, answer.json()["error"].as_str()),
        (StatusCode::UNAUTHORIZED, Some("invalid_client"))
    );
}

#[tokio::test]
async fn general_8_and_13_the_assertion_is_for_us_alone_for_now_and_for_once() {
    let site = Site::new().await;
    let now = site.world.app.now().unix_seconds();
    let cases: [(&'static str, Value); 12] = [
        ("aud", json!(["https://inbox.example"])),
        ("aud", json!("https://inbox.example/oauth/token")),
        ("aud", json!("https://inbox.example/oauth/par")),
        ("iss", json!("someone-else")),
        ("sub", json!("someone-else")),
        ("exp", json!(now)),
        ("exp", json!(now - 300)),
        ("exp", json!(now + 100_000)),
        ("iat", json!(now + 61)),
        ("nbf", json!(now + 61)),
        ("jti", json!("")),
        ("jti", json!("x".repeat(5_000))),
    ];
    for (name, value) in cases {
        let mut claims = site.claims();
        claims.insert(name, value.clone());
        let assertion = site.sign(&claims);
        let error = refused(&site, |form| _ = form.insert("client_assertion", assertion)).await;
        assert_eq!(error, "invalid_client", "{name} = {value}");
    }
    for missing in ["iss", "sub", "aud", "exp", "jti"] {
        let mut claims = site.claims();
        claims.remove(missing);
        let assertion = site.sign(&claims);
        assert_eq!(
            refused(&site, |form| _ = form.insert("client_assertion", assertion)).await,
            "invalid_client"
        );
    }
    // Eight seconds ahead are the clocks' difference.
    let mut claims = site.claims();
    claims.insert("iat", json!(now + 8));
    let mut form = site.par();
    form.insert("client_assertion", site.sign(&claims));
    assert_eq!(site.push(&form).await.status, StatusCode::CREATED);
    // The same assertion once more.
    assert_eq!(site.push(&form).await.json()["error"], "invalid_client");
}

#[tokio::test]
async fn crypto_only_the_named_algorithms_and_only_registered_keys() {
    use jsonwebtoken::{Algorithm, EncodingKey, Header};
    let site = Site::new().await;
    let claims = site.claims();
    let hs256 = jsonwebtoken::encode(
        &Header::new(Algorithm::HS256),
        &claims,
        &EncodingKey::from_secret(b"public"),
    )
    .unwrap();
    let none = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJtYXJxdWVlLXdlYiJ9.";
    let stranger = marquee::SigningKey::generate().unwrap();
    let key = crate::site::encoding_key(&stranger.to_pem());
    let strange = jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &claims, &key).unwrap();
    let good = site.assertion();
    let (head, _) = good.rsplit_once('.').unwrap();
    for bad in [
        hs256,
        none.to_owned(),
        strange,
        format!("{head}.AAAA"),
        "x".to_owned(),
        "x".repeat(9_000),
    ] {
        assert_eq!(
            refused(&site, |form| _ = form.insert("client_assertion", bad)).await,
            "invalid_client"
        );
    }
}

#[tokio::test]
async fn authorization_1_to_6_only_pushed_code_requests_with_pkce_and_a_registered_address() {
    let site = Site::new().await;
    assert_eq!(
        refused(&site, |f| _ = f.insert("response_type", "token".into())).await,
        "unsupported_response_type"
    );
    assert_eq!(
        refused(&site, |f| _ = f.remove("response_type")).await,
        "invalid_request"
    );
    assert_eq!(
        refused(&site, |f| _ = f.remove("code_challenge")).await,
        "invalid_request"
    );
    assert_eq!(
        refused(&site, |f| _ = f.insert("code_challenge_method", "plain".into())).await,
        "invalid_request"
    );
    assert_eq!(
        refused(&site, |f| _ = f.remove("code_challenge_method")).await,
        "invalid_request"
    );
    assert_eq!(
        refused(&site, |f| _ = f.remove("redirect_uri")).await,
        "invalid_request"
    );
    let elsewhere = "https://evil.example/callback".to_owned();
    assert_eq!(
        refused(&site, |f| _ = f.insert("redirect_uri", elsewhere)).await,
        "invalid_request"
    );
    assert_eq!(
        refused(&site, |f| _ = f.insert("request_uri", "urn:x".into())).await,
        "invalid_request"
    );
    assert_eq!(
        refused(&site, |f| _ = f.remove("client_assertion")).await,
        "invalid_client"
    );
    // Without a pushed request there is nothing to show.
    let (cookie, _) = site.sign_in("ana").await;
    let direct = "/oauth/authorize?client_id=marquee-web&response_type=code&redirect_uri=https%3A%2F%2Fmarquee.example%2Fcallback";
    assert_eq!(
        site.get(direct, &[("cookie", &cookie)]).await.status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn authorization_7_10_11_the_answer_is_a_303_with_code_state_and_issuer() {
    let site = Site::new().await;
    let pushed = site.push(&site.par()).await;
    assert_eq!(pushed.status, StatusCode::CREATED);
    let uri = pushed.json()["request_uri"].as_str().unwrap().to_owned();
    assert!(pushed.json()["expires_in"].as_u64().unwrap() < 600);
    // Looking twice is fine: the request is used up by the answer, not by the page.
    let (cookie, _) = site.sign_in("ana").await;
    let look = format!(
        "/oauth/authorize?client_id=marquee-web&request_uri={}",
        uri.replace(':', "%3A")
    );
    for _ in 0..2 {
        assert_eq!(site.get(&look, &[("cookie", &cookie)]).await.status, StatusCode::OK);
    }
    let agreed = site.agree(&uri, "agree").await;
    assert_eq!(agreed.status, StatusCode::SEE_OTHER);
    let location = agreed.header("location");
    assert!(location.starts_with("https://marquee.example/callback?code="));
    assert_eq!(query(location, "state"), "xyz");
    assert_eq!(query(location, "iss"), "https%3A%2F%2Finbox.example");
    assert_eq!(
        site.agree(&uri, "agree").await.status,
        StatusCode::BAD_REQUEST,
        "used up"
    );
}

#[tokio::test]
async fn a_refusal_is_told_and_a_foreign_or_late_request_is_not_shown() {
    let site = Site::new().await;
    let uri = site.push(&site.par()).await.json()["request_uri"]
        .as_str()
        .unwrap()
        .to_owned();
    let refused = site.agree(&uri, "refuse").await;
    assert_eq!(query(refused.header("location"), "error"), "access_denied");
    assert!(refused.header("location").contains("&iss="));

    let uri = site.push(&site.par()).await.json()["request_uri"]
        .as_str()
        .unwrap()
        .to_owned();
    let (cookie, _) = site.sign_in("ana").await;
    let foreign = format!("/oauth/authorize?client_id=another&request_uri={uri}");
    assert_eq!(
        site.get(&foreign, &[("cookie", &cookie)]).await.status,
        StatusCode::BAD_REQUEST
    );
    site.world.clock.advance_seconds(600);
    let late = format!("/oauth/authorize?client_id=marquee-web&request_uri={uri}");
    assert_eq!(
        site.get(&late, &[("cookie", &cookie)]).await.status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn authorization_9_and_general_11_a_code_is_for_one_use_one_minute_one_verifier() {
    let site = Site::new().await;
    let code = || async {
        let uri = site.push(&site.par()).await.json()["request_uri"]
            .as_str()
            .unwrap()
            .to_owned();
        query(site.agree(&uri, "agree").await.header("location"), "code")
    };
    let good = code().await;
    let first = site.redeem(&good, &[]).await;
    assert_eq!(first.status, StatusCode::OK);
    assert_eq!(first.header("cache-control"), "no-store");
    assert_eq!(first.json()["token_type"], "Bearer");
    assert_eq!(first.json()["authorization_details"][0]["type"], "inbox");
    assert_eq!(site.redeem(&good, &[]).await.json()["error"], "invalid_grant");
    let wrong = "A".repeat(43);
    let other = site.redeem(&code().await, &[("code_verifier", &wrong)]).await;
    assert_eq!(other.json()["error"], "invalid_grant");
    assert_eq!(
        site.redeem(&code().await, &[("code_verifier", "")]).await.json()["error"],
        "invalid_request"
    );
    let address = site
        .redeem(&code().await, &[("redirect_uri", "https://marquee.example/other")])
        .await;
    assert_eq!(address.json()["error"], "invalid_grant");
    let late = code().await;
    site.world.clock.advance_seconds(61);
    assert_eq!(site.redeem(&late, &[]).await.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn rar_what_is_not_exactly_the_type_inbox_is_refused() {
    let site = Site::new().await;
    let details = |change: Value| {
        let mut detail: Value = serde_json::from_str(&site.par()["authorization_details"]).unwrap();
        for (name, value) in change.as_object().unwrap() {
            detail[0][name] = value.clone();
        }
        detail.to_string()
    };
    for change in [
        json!({"type": "payment"}),
        json!({"invented": 1}),
        json!({"fields": "text"}),
        json!({"fields": ["everything"]}),
        json!({"fields": []}),
        json!({"purpose": "advertising"}),
        json!({"actions": ["delete"]}),
        json!({"agreement": "films@2"}),
        json!({"agreement": "other@1"}),
        json!({"until": "2020-01-01T00:00:00Z"}),
        json!({"until": "2099-01-01T00:00:00Z"}),
        json!({"until": 7}),
        json!({"conversations": ["t1"]}),
    ] {
        let text = details(change.clone());
        let error = refused(&site, |form| _ = form.insert("authorization_details", text)).await;
        assert_eq!(error, "invalid_authorization_details", "{change}");
    }
    assert_eq!(
        refused(&site, |f| _ = f.insert("authorization_details", "[]".into())).await,
        "invalid_authorization_details"
    );
    assert_eq!(
        refused(&site, |f| _ = f.remove("authorization_details")).await,
        "invalid_request"
    );
}

#[tokio::test]
async fn a_refresh_token_is_not_rotated_and_ends_with_the_grant() {
    let site = Site::new().await;
    let uri = site.push(&site.par()).await.json()["request_uri"]
        .as_str()
        .unwrap()
        .to_owned();
    let code = query(site.agree(&uri, "agree").await.header("location"), "code");
    let tokens = site.redeem(&code, &[]).await.json();
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let again = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    for _ in 0..2 {
        let answer = site.redeem("x", &again).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        assert!(answer.json().get("refresh_token").is_none());
    }
    // The client gives it back (RFC 7009), and what it stood for is gone; an unknown token is answered alike.
    for token in [refresh, "unknown"] {
        let assertion = site.assertion();
        let form = [
            ("token", token),
            (
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ),
            ("client_assertion", &assertion),
        ];
        assert_eq!(site.post("/oauth/revoke", &form, &[]).await.status, StatusCode::OK);
    }
    assert_eq!(site.redeem("x", &again).await.json()["error"], "invalid_grant");
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(
        site.jmap(access, json!([["Core/echo", {}, "0"]])).await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn resource_1_to_4_the_token_comes_in_the_header_in_any_case_and_is_looked_up_each_time() {
    let site = Site::new().await;
    let token = site.connect().await;
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let answer = site
            .jmap_with(&format!("{scheme} {token}"), json!([["Core/echo", {}, "0"]]))
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{scheme}");
    }
    for wrong in ["Bearer x", "Basic x", "Bearer"] {
        let answer = site.jmap_with(wrong, json!([["Core/echo", {}, "0"]])).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{wrong}");
        assert!(answer.header("www-authenticate").starts_with("Bearer"), "{wrong}");
    }
    let in_query = site.get(&format!("/jmap/session?access_token={token}"), &[]).await;
    assert_eq!(in_query.status, StatusCode::UNAUTHORIZED);
    site.world.clock.advance_seconds(3_601);
    assert_eq!(
        site.jmap(&token, json!([["Core/echo", {}, "0"]])).await.status,
        StatusCode::UNAUTHORIZED,
        "expired"
    );
}
