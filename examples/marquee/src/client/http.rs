//! Plain HTTP: which addresses are safe, and what an answer means.

use super::PartnerError;
use serde::Deserialize;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;
use ureq::config::RedirectAuthHeaders;
use ureq::http::{Response, header};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// A page of messages.
pub const MAX_ANSWER: u64 = 16 << 20;
/// Metadata, tokens, sessions, receipts.
pub const MAX_SMALL_ANSWER: u64 = 256 << 10;
const PATIENCE: Duration = Duration::from_secs(70);

/// An agent that keeps connections, and whose `Authorization` header never follows a redirect to another host.
///
/// With an authority's certificate (PEM), that one vouches for the platform, and no other.
pub fn agent(issuer: &str, authority: Option<&[u8]>) -> Result<ureq::Agent, PartnerError> {
    let mut config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .redirect_auth_headers(RedirectAuthHeaders::SameHost)
        .max_redirects(3)
        .max_idle_connections_per_host(16)
        .timeout_global(Some(PATIENCE))
        .user_agent("marquee");
    if !issuer.starts_with("https://") {
        // No proxy can reach this machine's own addresses.
        config = config.proxy(None);
    }
    if let Some(pem) = authority {
        let certificate = Certificate::from_pem(pem)
            .map_err(|error| PartnerError::Protocol(format!("the authority's certificate: {error}")))?;
        let roots = RootCerts::Specific(Arc::new(vec![certificate]));
        config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
    }
    Ok(config.build().into())
}

/// Https, or http to this very machine.
pub fn require_safe(url: &str) -> Result<(), PartnerError> {
    let loopback = url.strip_prefix("http://").is_some_and(|rest| {
        ["127.0.0.1", "[::1]", "localhost"].iter().any(|host| {
            rest.strip_prefix(host)
                .is_some_and(|after| after.is_empty() || after.starts_with([':', '/']))
        })
    });
    if (url.starts_with("https://") || loopback) && !url.contains('@') {
        Ok(())
    } else {
        let shown: String = url.chars().take(120).collect();
        Err(PartnerError::Protocol(format!(
            "`{shown}` is neither https nor on this machine"
        )))
    }
}

/// Whether both are the same scheme, host and port.
pub fn is_same_origin(url: &str, other: &str) -> bool {
    fn origin(url: &str) -> Option<(&str, &str)> {
        let (scheme, rest) = url.split_once("://")?;
        Some((scheme, rest.split(['/', '?', '#']).next()?))
    }
    origin(url).is_some() && origin(url) == origin(other)
}

/// An address with parameters, percent-encoded.
pub fn with_query(address: &str, parameters: &[(&str, &str)]) -> String {
    let mut url = address.to_owned();
    for (name, value) in parameters {
        url.push(if url.contains('?') { '&' } else { '?' });
        url.push_str(name);
        url.push('=');
        for byte in value.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => url.push(char::from(byte)),
                _ => {
                    // Writing to a string cannot fail.
                    let _ = write!(url, "%{byte:02X}");
                }
            }
        }
    }
    url
}

/// The body of a successful answer of at most so many bytes; any other answer as the error it is.
pub fn body(sent: Result<Response<ureq::Body>, ureq::Error>, max: u64) -> Result<Vec<u8>, PartnerError> {
    answered(sent, max, &[]).map(|(_, body)| body)
}

/// The same with the status, and with the body of refusals that say more than a sentence.
pub fn answered(
    sent: Result<Response<ureq::Body>, ureq::Error>,
    max: u64,
    telling: &[u16],
) -> Result<(u16, Vec<u8>), PartnerError> {
    let mut answer = sent.map_err(|e| PartnerError::Network(e.to_string()))?;
    let status = answer.status().as_u16();
    let retry_after = answer
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|v| v.to_str().ok()?.trim().parse().ok());
    let body = answer
        .body_mut()
        .with_config()
        .limit(max)
        .read_to_vec()
        .map_err(|e| match e {
            ureq::Error::BodyExceedsLimit(max) => PartnerError::Protocol(format!("an answer of more than {max} bytes")),
            e => PartnerError::Network(e.to_string()),
        });
    match status {
        200..=299 => body.map(|body| (status, body)),
        status if telling.contains(&status) => body.map(|body| (status, body)),
        429 | 500..=599 => Err(PartnerError::Unavailable { retry_after }),
        400..=499 => Err(refusal(status, &body.unwrap_or_default())),
        _ => Err(PartnerError::Protocol(format!("an answer with status {status}"))),
    }
}

/// The two ways a platform says why: an OAuth error (RFC 6749) and problem details (RFC 9457).
#[derive(Default, Deserialize)]
#[serde(default)]
struct Reason {
    error: Option<String>,
    error_description: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    detail: Option<String>,
}

fn refusal(status: u16, body: &[u8]) -> PartnerError {
    let reason: Reason = serde_json::from_slice(body).unwrap_or_default();
    let kind = reason
        .kind
        .as_deref()
        .and_then(|k| k.rsplit(':').next())
        .map(str::to_owned);
    let short = |text: Option<String>| text.unwrap_or_default().chars().take(300).collect();
    PartnerError::Refused {
        status,
        error: short(reason.error.or(kind)),
        description: short(reason.error_description.or(reason.detail)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_this_machine_are_safe() {
        for safe in [
            "https://p.example",
            "http://127.0.0.1:8080/x",
            "http://localhost",
            "http://[::1]:1/",
        ] {
            assert!(require_safe(safe).is_ok(), "{safe}");
        }
        for unsafe_one in [
            "http://p.example",
            "http://127.0.0.1.evil.example/",
            "http://localhost@evil.example/",
            "https://p.example@evil.example/",
            "ftp://127.0.0.1",
            "",
        ] {
            assert!(require_safe(unsafe_one).is_err(), "{unsafe_one}");
        }
    }

    #[test]
    fn origins_compare_scheme_host_and_port() {
        assert!(is_same_origin("https://p.example/jmap?x", "https://p.example"));
        assert!(!is_same_origin("https://p.example:8443/jmap", "https://p.example"));
        assert!(!is_same_origin("http://p.example/jmap", "https://p.example"));
        assert!(!is_same_origin("https://p.example.evil/jmap", "https://p.example"));
        assert!(!is_same_origin("", ""));
    }

    #[test]
    fn parameters_are_encoded() {
        assert_eq!(
            with_query("https://p/a", &[("x", "urn:a b&c"), ("y", "1")]),
            "https://p/a?x=urn%3Aa%20b%26c&y=1"
        );
        assert_eq!(with_query("https://p/a?t=1", &[("x", "é")]), "https://p/a?t=1&x=%C3%A9");
    }

    #[test]
    fn a_refusal_says_why_in_either_dialect() {
        let refused = |status, body: &str| match refusal(status, body.as_bytes()) {
            PartnerError::Refused { error, description, .. } => (error, description),
            other => panic!("{other}"),
        };
        assert_eq!(
            refused(400, r#"{"error":"invalid_grant","error_description":"used"}"#),
            ("invalid_grant".into(), "used".into())
        );
        assert_eq!(
            refused(400, r#"{"type":"urn:ietf:params:jmap:error:notJSON","detail":"no"}"#),
            ("notJSON".into(), "no".into())
        );
        assert_eq!(refused(404, "<html>"), (String::new(), String::new()));
    }
}
