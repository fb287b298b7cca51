//! What a scripted person needs of a browser: cookies, forms, no redirects followed behind her back.

use anyhow::{Context, bail, ensure};
use std::time::Duration;

/// A person's browser.
pub struct Browser {
    agent: ureq::Agent,
    origin: String,
    cookie: Option<String>,
    csrf: String,
}

/// An answer.
pub struct Page {
    /// HTTP status.
    pub status: u16,
    /// Where it sends the browser.
    pub location: Option<String>,
    /// The body.
    pub text: String,
}

impl Browser {
    /// A fresh browser, pointed at the platform.
    pub fn new(origin: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(30)))
            .build();
        Self {
            agent: config.into(),
            origin: origin.to_owned(),
            cookie: None,
            csrf: String::new(),
        }
    }

    /// Signs in.
    pub fn sign_in(&mut self, handle: &str, password: &str) -> anyhow::Result<()> {
        let page = self.post(
            "/sign-in",
            &[("handle", handle), ("password", password), ("next", "/inbox")],
        )?;
        ensure!(page.status == 303, "signing in as {handle} answered {}", page.status);
        let inbox = self.get("/inbox")?;
        self.csrf = hidden(&inbox.text, "csrf").context("the inbox has no form token")?;
        Ok(())
    }

    /// The session's cookie, as a header carries it.
    pub fn cookie(&self) -> Option<&str> {
        self.cookie.as_deref()
    }

    /// Opens a page of the platform, by its path or address.
    pub fn get(&mut self, path: &str) -> anyhow::Result<Page> {
        let mut request = self.agent.get(self.address(path));
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        self.finish(request.call())
    }

    /// Sends a form, with the form token.
    pub fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> anyhow::Result<Page> {
        let mut request = self.agent.post(self.address(path));
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let csrf = self.csrf.clone();
        let fields = fields.iter().copied().chain([("csrf", csrf.as_str())]);
        let sent = request.send_form(fields);
        self.finish(sent)
    }

    /// Sends JSON, as a web client with her cookie does.
    pub fn post_json(&mut self, path: &str, body: &serde_json::Value) -> anyhow::Result<Page> {
        let mut request = self.agent.post(self.address(path));
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let sent = request.send_json(body);
        self.finish(sent)
    }

    fn address(&self, path: &str) -> String {
        if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.origin)
        }
    }

    fn finish(&mut self, sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> anyhow::Result<Page> {
        let mut response = match sent {
            Ok(response) => response,
            Err(error) => bail!("no answer: {error}"),
        };
        if let Some(set) = response.headers().get("set-cookie").and_then(|v| v.to_str().ok()) {
            self.cookie = set.split(';').next().map(str::to_owned);
        }
        let location = response
            .headers()
            .get("location")
            .and_then(|v| v.to_str().ok())
            .map(str::to_owned);
        Ok(Page {
            status: response.status().as_u16(),
            location,
            text: response.body_mut().read_to_string()?,
        })
    }
}

/// The value of a hidden field.
pub fn hidden(html: &str, name: &str) -> Option<String> {
    let field = html.split(&format!("name=\"{name}\" value=\"")).nth(1)?;
    Some(unescape(field.split('"').next()?))
}

/// One parameter of an address.
pub fn parameter(address: &str, name: &str) -> Option<String> {
    let query = address.split_once('?')?.1;
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(n, _)| *n == name)
        .map(|(_, v)| percent_decode(v))
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = after
            .get(..2)
            .and_then(|two| std::str::from_utf8(two).ok())
            .and_then(|two| u8::from_str_radix(two, 16).ok());
        match (first, code) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn unescape(text: &str) -> String {
    text.replace("&#38;", "&")
        .replace("&amp;", "&")
        .replace("&#39;", "'")
        .replace("&#34;", "\"")
        .replace("&#60;", "<")
        .replace("&#62;", ">")
}
