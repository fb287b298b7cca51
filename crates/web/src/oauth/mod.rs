//! OAuth 2: FAPI 2.0 Security Profile, without DPoP for now (docs/partner/README.md lists what is still to come).

mod assertion;
mod authorize;
mod details;
mod metadata;
mod par;
mod token;

pub use assertion::{ASSERTION_TYPE, Caller, NotAuthenticated, check as check_assertion};
pub use authorize::{answer, ask};
pub use metadata::{authorization_server, protected_resource};
pub use par::push;
pub use token::{revoke, token};

use crate::Web;
use crate::problem::Failure;

/// Percent-encodes one query value (RFC 3986 section 2.3: unreserved characters stay).
pub fn form_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// The form of an OAuth request: names and values, each name at most once (RFC 6749 section 3.1).
pub struct Form(Vec<(String, String)>);

impl Form {
    /// From the pairs that axum decoded. A repeated name is refused.
    pub fn new(pairs: Vec<(String, String)>) -> Result<Self, Failure> {
        for (i, (name, _)) in pairs.iter().enumerate() {
            if pairs.iter().skip(i + 1).any(|(other, _)| other == name) {
                return Err(Failure::oauth("invalid_request", format!("`{name}` is given twice")));
            }
        }
        Ok(Self(pairs))
    }

    /// A value; an empty one counts as absent (RFC 6749 section 3.1).
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str()).filter(|v| !v.is_empty())
    }

    /// A value that must be there.
    pub fn need(&self, name: &str) -> Result<&str, Failure> {
        self.get(name).ok_or_else(|| Failure::oauth("invalid_request", format!("`{name}` is missing")))
    }
}

/// Authenticates the client of a back-channel request.
async fn caller(web: &Web, form: &Form) -> Result<Caller, Failure> {
    if form.get("client_assertion_type") != Some(ASSERTION_TYPE) {
        return Err(Failure::oauth("invalid_client", format!("`client_assertion_type` is not `{ASSERTION_TYPE}`")));
    }
    let assertion = form
        .get("client_assertion")
        .ok_or_else(|| Failure::oauth("invalid_client", "`client_assertion` is missing"))?;
    let caller = check_assertion(&web.app, assertion)
        .await
        .map_err(|e| Failure::oauth("invalid_client", e.to_string()))?;
    if form.get("client_id").is_some_and(|id| id != caller.client.as_str()) {
        return Err(Failure::oauth("invalid_client", "`client_id` is not the client of the assertion"));
    }
    Ok(caller)
}
