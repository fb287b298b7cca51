//! Client authentication by `private_key_jwt` (RFC 7523 section 3, FAPI 2.0 5.3.2.1).

use app::{App, Partner};
use jsonwebtoken::dangerous::insecure_decode;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use model::{ClientId, Time};
use std::sync::Arc;
use wire::oauth::{ClientAssertionClaims, ClientAuthentication, ErrorCode, OAuthError};

/// An authenticated client.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The client.
    pub client: ClientId,
    /// The partner it belongs to.
    pub partner: Arc<Partner>,
}

/// Checks a client's assertion and uses it up.
pub async fn check(app: &App, authentication: &ClientAuthentication<'_>) -> Result<Caller, OAuthError> {
    let assertion = authentication.assertion.expose();
    let header = decode_header(assertion).map_err(|_| refused("the client assertion is not a signed JWT"))?;
    // The allow-list comes before any key is chosen: `none` and HMAC never reach one.
    if !matches!(header.alg, Algorithm::ES256 | Algorithm::PS256 | Algorithm::EdDSA) {
        return Err(refused("the client assertion is not signed with ES256, PS256 or EdDSA"));
    }
    let unproved = insecure_decode::<ClientAssertionClaims>(assertion)
        .map_err(|_| refused("the client assertion lacks iss, sub, aud (a string), exp or jti"))?
        .claims;
    let client: ClientId = unproved.iss.parse().map_err(|_| refused("unknown client"))?;
    if authentication.client_id.is_some_and(|id| id != client.as_str()) {
        return Err(refused("`client_id` is not the client of the assertion"));
    }
    let partner = app
        .partner_of_client(&client)
        .ok_or_else(|| refused("unknown client"))?;
    let registered = partner.clients.get(&client).ok_or_else(|| refused("unknown client"))?;
    let keys: JwkSet = serde_json::from_value(registered.jwks.clone())
        .map_err(|_| refused("the client's registered keys cannot be read"))?;

    let mut validation = Validation::new(header.alg);
    // Times are checked below, by the platform's own clock and without the library's 60 seconds of leeway.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let claims = keys
        .keys
        .iter()
        .filter(|key| header.kid.is_none() || key.common.key_id == header.kid)
        .filter(|key| is_strong(key))
        .filter_map(|key| DecodingKey::from_jwk(key).ok())
        .find_map(|key| decode::<ClientAssertionClaims>(assertion, &key, &validation).ok())
        .ok_or_else(|| refused("the client assertion's signature is not by a registered key"))?
        .claims;
    claims.check(client.as_str(), &app.issuer, app.now().unix_seconds())?;
    let until = Time::from_unix_seconds(claims.exp).plus_seconds(60);
    match app.use_once("jti", &format!("{client} {}", claims.jti), until).await {
        Ok(true) => Ok(Caller { client, partner }),
        Ok(false) => Err(refused("the client assertion was used before")),
        Err(error) => {
            tracing::error!(%error, "a client assertion could not be used up");
            Err(OAuthError::new(
                ErrorCode::TemporarilyUnavailable,
                "try again in a moment",
            ))
        }
    }
}

fn refused(why: &str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidClient, why)
}

/// RSA keys of 2048 bits and more (FAPI 2.0 5.4.1).
fn is_strong(key: &Jwk) -> bool {
    match &key.algorithm {
        // 256 bytes in base64 without padding are 342 letters.
        AlgorithmParameters::RSA(rsa) => rsa.n.len() >= 342,
        AlgorithmParameters::EllipticCurve(_) | AlgorithmParameters::OctetKeyPair(_) => true,
        _ => false,
    }
}
