//! Client authentication by `private_key_jwt` (RFC 7523 section 3, FAPI 2.0 5.3.2.1).

use app::{App, Partner};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, insecure_decode};
use model::{ClientId, Time};
use serde::Deserialize;
use std::sync::Arc;

/// The type a client sends with its assertion (RFC 7523 section 2.2).
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const ASSERTION_LIMIT: usize = 8_192;
/// Clocks differ: this far ahead is accepted (FAPI 2.0 5.3.2.1, clause 13).
const AHEAD_SECONDS: i64 = 10;
/// An assertion that lives longer is refused: it would have to be remembered as long.
const LIFE_SECONDS: i64 = 600;

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    /// A string and nothing else: an array that contains us is refused (FAPI 2.0 5.3.2.1, clause 8).
    aud: String,
    exp: f64,
    #[serde(default)]
    iat: Option<f64>,
    #[serde(default)]
    nbf: Option<f64>,
    jti: String,
}

/// An authenticated client.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The client.
    pub client: ClientId,
    /// The partner it belongs to.
    pub partner: Arc<Partner>,
}

/// Why a client is not who it says. The text goes to the client; it tells nothing it could not know.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotAuthenticated(pub &'static str);

/// Checks an assertion and uses it up.
pub async fn check(app: &App, assertion: &str) -> Result<Caller, NotAuthenticated> {
    let refuse = |why| Err(NotAuthenticated(why));
    if assertion.len() > ASSERTION_LIMIT {
        return refuse("the client assertion has more than 8192 bytes");
    }
    let header = decode_header(assertion).map_err(|_| NotAuthenticated("the client assertion is not a signed JWT"))?;
    // The allow-list comes before any key is chosen: `none` and HMAC never reach one.
    if !matches!(header.alg, Algorithm::ES256 | Algorithm::PS256 | Algorithm::EdDSA) {
        return refuse("the client assertion is not signed with ES256, PS256 or EdDSA");
    }
    let unproved = insecure_decode::<Claims>(assertion)
        .map_err(|_| NotAuthenticated("the client assertion lacks iss, sub, aud (a string), exp or jti"))?
        .claims;
    let client: ClientId = unproved.iss.parse().map_err(|_| NotAuthenticated("unknown client"))?;
    let partner = app.partner_of_client(&client).ok_or(NotAuthenticated("unknown client"))?;
    let registered = partner.clients.get(&client).ok_or(NotAuthenticated("unknown client"))?;
    let keys: JwkSet = serde_json::from_value(registered.jwks.clone())
        .map_err(|_| NotAuthenticated("the client's registered keys cannot be read"))?;

    let mut validation = Validation::new(header.alg);
    // Times are checked below, by the platform's own clock and without the library's 60 seconds of leeway.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let proved = keys
        .keys
        .iter()
        .filter(|key| header.kid.is_none() || key.common.key_id == header.kid)
        .filter(|key| is_strong(key))
        .filter_map(|key| DecodingKey::from_jwk(key).ok())
        .find_map(|key| decode::<Claims>(assertion, &key, &validation).ok());
    let Some(proved) = proved else { return refuse("the client assertion's signature is not by a registered key") };

    let claims = proved.claims;
    let now = app.now();
    if claims.iss != claims.sub {
        return refuse("iss and sub of the client assertion differ");
    }
    if claims.aud != app.issuer {
        return refuse("aud of the client assertion is not this issuer");
    }
    let expires = seconds(claims.exp);
    if expires <= now {
        return refuse("the client assertion has expired");
    }
    if expires > now.plus_seconds(LIFE_SECONDS) {
        return refuse("the client assertion lives longer than 600 seconds");
    }
    if claims.iat.into_iter().chain(claims.nbf).any(|t| seconds(t) > now.plus_seconds(AHEAD_SECONDS)) {
        return refuse("the client assertion is from the future");
    }
    if claims.jti.is_empty() || claims.jti.len() > 256 {
        return refuse("jti of the client assertion has no or more than 256 bytes");
    }
    match app.use_once("jti", &format!("{client} {}", claims.jti), expires.plus_seconds(AHEAD_SECONDS)).await {
        Ok(true) => Ok(Caller { client, partner }),
        Ok(false) => refuse("the client assertion was used before"),
        Err(error) => {
            tracing::error!(%error, "a client assertion could not be used up");
            refuse("try again later")
        }
    }
}

/// RSA keys of 2048 bits and more (FAPI 2.0 5.4.1, clause 5).
fn is_strong(key: &Jwk) -> bool {
    use jsonwebtoken::jwk::AlgorithmParameters;
    match &key.algorithm {
        // Base64 without padding: 256 bytes are 342 letters.
        AlgorithmParameters::RSA(rsa) => rsa.n.len() >= 342,
        AlgorithmParameters::EllipticCurve(_) | AlgorithmParameters::OctetKeyPair(_) => true,
        _ => false,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "float to integer saturates, and what saturates is refused")]
fn seconds(since_1970: f64) -> Time {
    Time((since_1970 * 1000.0) as i64)
}
