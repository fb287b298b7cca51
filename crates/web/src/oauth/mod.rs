//! OAuth 2: FAPI 2.0 Security Profile, without DPoP for now (docs/partner/README.md lists what is still to come).

mod assertion;
mod authorize;
mod detail;
mod metadata;
mod par;
mod token;

pub use assertion::check as check_assertion;
pub use authorize::{answer, ask};
pub use metadata::{authorization_server, protected_resource};
pub use par::push;
pub use token::{revoke, token};

use crate::problem::Failure;
use axum::extract::rejection::FormRejection;
use wire::oauth::{ErrorCode, OAuthError};

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

/// The form of a back-channel request. One that does not read (a parameter given twice) is `invalid_request`.
fn read<T>(form: Result<axum::Form<T>, FormRejection>) -> Result<T, Failure> {
    match form {
        Ok(axum::Form(form)) => Ok(form),
        Err(rejection) => Err(OAuthError::new(ErrorCode::InvalidRequest, rejection.body_text()).into()),
    }
}
