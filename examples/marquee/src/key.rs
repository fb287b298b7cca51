//! The client's signing key: Ed25519 or P-256, as PKCS#8 PEM (what `openssl genpkey` writes).

use crate::outside;
use anyhow::{Context, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use std::fmt;

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";
/// Everything of an Ed25519 PKCS#8 document (RFC 8410 section 7) but the 32 bytes of the key.
const ED25519_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
/// The object identifier of the curve P-256 (RFC 5480 section 2.1.1.1).
const P256_OID: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const MAX_PEM: usize = 4096;

/// A private key that signs with EdDSA or ES256.
#[derive(Clone)]
pub struct SigningKey {
    key: EncodingKey,
    algorithm: Algorithm,
    public: Jwk,
}

impl SigningKey {
    /// A new Ed25519 key.
    pub fn generate() -> anyhow::Result<Self> {
        let seed: [u8; 32] = outside::random();
        Self::from_der([ED25519_PREFIX.as_slice(), &seed].concat())
    }

    /// Reads a private key.
    pub fn from_pem(pem: &str) -> anyhow::Result<Self> {
        if pem.len() > MAX_PEM {
            bail!("a key of more than {MAX_PEM} bytes");
        }
        let body = pem.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
        let body: String = body
            .context("not a `PRIVATE KEY` in PEM form")?
            .split_whitespace()
            .collect();
        Self::from_der(BASE64_STANDARD.decode(body).context("the key is not base64")?)
    }

    fn from_der(der: Vec<u8>) -> anyhow::Result<Self> {
        let (key, algorithm) = if der.starts_with(&ED25519_PREFIX) {
            (EncodingKey::from_ed_der(&der), Algorithm::EdDSA)
        } else if der.windows(P256_OID.len()).any(|w| w == P256_OID) {
            (EncodingKey::from_ec_der(&der), Algorithm::ES256)
        } else {
            bail!("the key is neither Ed25519 nor P-256");
        };
        let mut public = Jwk::from_encoding_key(&key, algorithm).context("the key is damaged")?;
        public.common.key_id = Some(
            public
                .thumbprint(ThumbprintHash::SHA256)
                .context("the key is damaged")?,
        );
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self { key, algorithm, public })
    }

    /// The private key, to be kept secret.
    pub fn to_pem(&self) -> String {
        format!("{BEGIN}\n{}\n{END}\n", BASE64_STANDARD.encode(self.key.as_bytes()))
    }

    /// The public half as a JWK set (RFC 7517 section 5), for the platform to register.
    pub fn public_jwks(&self) -> serde_json::Value {
        serde_json::to_value(JwkSet {
            keys: vec![self.public.clone()],
        })
        .unwrap_or_default()
    }

    /// A JWT of these claims.
    pub(crate) fn sign(&self, claims: &impl Serialize) -> Result<String, jsonwebtoken::errors::Error> {
        let header = Header {
            kid: self.public.common.key_id.clone(),
            ..Header::new(self.algorithm)
        };
        jsonwebtoken::encode(&header, claims, &self.key)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({:?})", self.algorithm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jsonwebtoken::{DecodingKey, Validation};
    use serde_json::{Value, json};

    /// A P-256 key as PKCS#8, its optional public half left out.
    fn p256() -> String {
        let prefix = hex::decode("3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420").unwrap();
        let der = [prefix.as_slice(), &[7; 32]].concat();
        format!("{BEGIN}\n{}\n{END}\n", BASE64_STANDARD.encode(der))
    }

    fn signs_what_its_public_half_verifies(key: &SigningKey) {
        let jwt = key.sign(&json!({"a": 1})).unwrap();
        let set: JwkSet = serde_json::from_value(key.public_jwks()).unwrap();
        let header = jsonwebtoken::decode_header(&jwt).unwrap();
        let public = set.find(&header.kid.unwrap()).unwrap();
        let mut validation = Validation::new(header.alg);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        let read = jsonwebtoken::decode::<Value>(&jwt, &DecodingKey::from_jwk(public).unwrap(), &validation).unwrap();
        assert_eq!(read.claims, json!({"a": 1}));
    }

    #[test]
    fn a_generated_key_signs_and_reads_back() {
        let key = SigningKey::generate().unwrap();
        signs_what_its_public_half_verifies(&key);
        let again = SigningKey::from_pem(&key.to_pem()).unwrap();
        assert_eq!(again.public_jwks(), key.public_jwks());
        assert_ne!(SigningKey::generate().unwrap().public_jwks(), key.public_jwks());
    }

    #[test]
    fn a_p256_key_signs() {
        let key = SigningKey::from_pem(&p256()).unwrap();
        assert_eq!(key.public_jwks()["keys"][0]["alg"], "ES256");
        signs_what_its_public_half_verifies(&key);
        assert_eq!(
            SigningKey::from_pem(&key.to_pem()).unwrap().public_jwks(),
            key.public_jwks()
        );
    }

    #[test]
    fn the_public_set_has_no_private_member() {
        let jwks = SigningKey::generate().unwrap().public_jwks();
        assert!(jwks["keys"][0].get("d").is_none());
        assert_eq!(jwks["keys"][0]["use"], "sig");
    }

    #[test]
    fn what_is_not_such_a_key_is_refused() {
        for bad in [
            "",
            "-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----",
            "-----BEGIN RSA PRIVATE KEY-----",
        ] {
            assert!(SigningKey::from_pem(bad).is_err());
        }
        let other = format!("{BEGIN}\n{}\n{END}", BASE64_STANDARD.encode([0x30; 60]));
        assert!(
            SigningKey::from_pem(&other)
                .unwrap_err()
                .to_string()
                .contains("neither")
        );
        assert!(SigningKey::from_pem(&"x".repeat(4097)).is_err());
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", SigningKey::generate().unwrap()), "SigningKey(EdDSA)");
    }
}
