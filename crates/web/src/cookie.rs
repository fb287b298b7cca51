//! The session cookie and the form token.

use crate::Web;
use axum::http::{HeaderMap, HeaderValue, header};

/// Reads a cookie by name.
pub fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

impl Web {
    /// `__Host-` binds the cookie to this host and to https; on loopback http there is no https to bind to.
    pub fn cookie_name(&self, name: &str) -> String {
        if self.is_https() {
            format!("__Host-{name}")
        } else {
            name.to_owned()
        }
    }

    /// A cookie that scripts cannot read and other sites cannot send along.
    pub fn cookie(&self, name: &str, value: &str, seconds: i64) -> Option<HeaderValue> {
        let secure = if self.is_https() { "; Secure" } else { "" };
        let text = format!(
            "{}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}",
            self.cookie_name(name)
        );
        HeaderValue::from_str(&text).ok()
    }

    fn is_https(&self) -> bool {
        self.app.issuer.starts_with("https://")
    }
}
