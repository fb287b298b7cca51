//! A small JMAP client that shares nothing with the server: bytes over HTTP, and JSON.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::time::Duration;

/// What every request of ours opts into.
pub const USING: [&str; 4] = [
    "urn:ietf:params:jmap:core",
    "urn:ietf:params:jmap:mail",
    "urn:ietf:params:jmap:submission",
    "urn:ietf:params:jmap:vacationresponse",
];

/// A person's app.
pub struct Ask {
    agent: ureq::Agent,
    /// Where the server itself listens.
    server: String,
    /// Where it says it is.
    origin: String,
    token: String,
    /// The account.
    pub account: String,
    /// Her address.
    pub me: String,
    /// Someone else's app.
    pub other: Option<Box<Ask>>,
}

/// An answer over HTTP.
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Headers, in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> anyhow::Result<Value> {
        serde_json::from_slice(&self.body)
            .with_context(|| format!("{} and no JSON: {}", self.status, String::from_utf8_lossy(&self.body)))
    }

    /// A header.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(there, _)| there == name);
        found.map_or("", |(_, value)| value)
    }
}

impl Ask {
    /// Signs in.
    pub fn new(server: &str, origin: &str, token: &str, me: &str, other: Option<Box<Self>>) -> anyhow::Result<Self> {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(60)))
            .build();
        let mut ask = Self {
            agent: config.into(),
            server: server.to_owned(),
            origin: origin.to_owned(),
            token: token.to_owned(),
            account: String::new(),
            me: me.to_owned(),
            other,
        };
        let session = ask.session()?;
        ask.account = text(&session, "/primaryAccounts/urn:ietf:params:jmap:mail")?;
        Ok(ask)
    }

    /// The session object.
    pub fn session(&self) -> anyhow::Result<Value> {
        self.get("/jmap/session", &[])?.json()
    }

    /// An address that the server has given, at the server itself.
    pub fn local(&self, url: &str) -> anyhow::Result<String> {
        let path = url
            .strip_prefix(&self.origin)
            .with_context(|| format!("`{url}` is elsewhere"))?;
        Ok(path.to_owned())
    }

    /// `GET`, with her token.
    pub fn get(&self, path: &str, headers: &[(&str, &str)]) -> anyhow::Result<Answer> {
        let mut request = self.agent.get(format!("{}{path}", self.server));
        if !headers.iter().any(|(name, _)| *name == "authorization") {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request.call())
    }

    /// `POST`, with her token.
    pub fn post(&self, path: &str, media_type: &str, body: &[u8]) -> anyhow::Result<Answer> {
        let request = self
            .agent
            .post(format!("{}{path}", self.server))
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", media_type);
        answer(request.send(body))
    }

    /// A request as its bytes.
    pub fn raw(&self, body: &[u8]) -> anyhow::Result<Answer> {
        self.post("/jmap", "application/json", body)
    }

    /// A request of several calls: the whole response.
    pub fn request(&self, calls: Value) -> anyhow::Result<Value> {
        let answer = self.raw(json!({"using": USING, "methodCalls": calls}).to_string().as_bytes())?;
        ensure!(
            answer.status == 200,
            "{}: {}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        );
        answer.json()
    }

    /// The responses to several calls.
    pub fn calls(&self, calls: Value) -> anyhow::Result<Vec<(String, Value, String)>> {
        Ok(serde_json::from_value(
            at(&self.request(calls)?, "/methodResponses").clone(),
        )?)
    }

    fn outcome(&self, method: &str, mut arguments: Value) -> anyhow::Result<(String, Value)> {
        if let Value::Object(members) = &mut arguments
            && !method.starts_with("PushSubscription/")
        {
            members.entry("accountId").or_insert_with(|| json!(self.account));
        }
        let (name, result, _) = self
            .calls(json!([[method, arguments, "c"]]))?
            .into_iter()
            .next()
            .context("no response")?;
        Ok((name, result))
    }

    /// One call's result.
    pub fn call(&self, method: &str, arguments: Value) -> anyhow::Result<Value> {
        let shown = arguments.to_string();
        let (name, result) = self.outcome(method, arguments)?;
        ensure!(name == method, "{method} {shown} came to {name} {result}");
        Ok(result)
    }

    /// One call's error.
    pub fn error(&self, method: &str, arguments: Value) -> anyhow::Result<String> {
        let shown = arguments.to_string();
        let (name, result) = self.outcome(method, arguments)?;
        ensure!(name == "error", "{method} {shown} is no error, but {result}");
        text(&result, "/type")
    }

    /// Holds one call to an error.
    pub fn refused(&self, method: &str, arguments: Value, kind: &str) -> anyhow::Result<()> {
        let shown = arguments.to_string();
        let error = self.error(method, arguments)?;
        ensure!(error == kind, "{method} {shown} is `{error}`, not `{kind}`");
        Ok(())
    }

    /// Uploads; the blob's id.
    pub fn upload(&self, media_type: &str, bytes: &[u8]) -> anyhow::Result<String> {
        let answer = self.post(&format!("/jmap/upload/{}/", self.account), media_type, bytes)?;
        ensure!(
            (200..300).contains(&answer.status),
            "the upload was answered with {}",
            answer.status
        );
        text(&answer.json()?, "/blobId")
    }

    /// Downloads.
    pub fn download(&self, blob: &str, headers: &[(&str, &str)]) -> anyhow::Result<Answer> {
        self.get(
            &format!("/jmap/download/{}/{blob}/a%20file.txt?type=text/plain", self.account),
            headers,
        )
    }

    /// The id of the mailbox with a role.
    pub fn mailbox(&self, role: &str) -> anyhow::Result<String> {
        let found = self.call("Mailbox/query", json!({"filter": {"role": role}}))?;
        text(&found, "/ids/0")
    }

    /// Imports a letter: its id. `more`: header lines, each ended.
    pub fn letter(&self, subject: &str, more: &str, body: &str) -> anyhow::Result<String> {
        let raw = format!(
            "From: Joe <joe@elsewhere.example>\r\nTo: {}\r\nSubject: {subject}\r\nDate: Fri, 20 Nov 2026 10:00:00 +0100\r\n{more}\r\n{body}",
            self.me
        );
        self.import(raw.as_bytes(), json!({}))
    }

    /// Imports bytes: the id.
    pub fn import(&self, raw: &[u8], more: Value) -> anyhow::Result<String> {
        let blob = self.upload("message/rfc822", raw)?;
        let mut email = json!({"blobId": blob, "mailboxIds": {self.mailbox("inbox")?: true}});
        if let (Value::Object(email), Value::Object(more)) = (&mut email, more) {
            email.extend(more);
        }
        let made = self.call("Email/import", json!({"emails": {"e": email}}))?;
        text(&made, "/created/e/id").with_context(|| made.to_string())
    }

    /// The ids that a query finds.
    pub fn found(&self, arguments: Value) -> anyhow::Result<Vec<String>> {
        Ok(serde_json::from_value(
            at(&self.call("Email/query", arguments)?, "/ids").clone(),
        )?)
    }

    /// One message.
    pub fn email(&self, id: &str, mut arguments: Value) -> anyhow::Result<Value> {
        if let Value::Object(members) = &mut arguments {
            members.insert("ids".to_owned(), json!([id]));
        }
        let got = self.call("Email/get", arguments)?;
        Ok(at(&got, "/list/0").clone())
    }
}

fn answer(sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> anyhow::Result<Answer> {
    let mut response = sent.context("no answer")?;
    let headers = response.headers().iter();
    Ok(Answer {
        status: response.status().as_u16(),
        headers: headers
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect(),
        body: response.body_mut().with_config().limit(64 << 20).read_to_vec()?,
    })
}

/// A member, or null. A `/` in a name is written `~1`.
pub fn at<'v>(value: &'v Value, pointer: &str) -> &'v Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

/// A text that must be there.
pub fn text(value: &Value, pointer: &str) -> anyhow::Result<String> {
    let found = at(value, pointer).as_str();
    Ok(found
        .with_context(|| format!("no text at {pointer} in {value}"))?
        .to_owned())
}

/// Holds a member to a value.
pub fn same(value: &Value, pointer: &str, expected: Value) -> anyhow::Result<()> {
    let there = at(value, pointer);
    ensure!(*there == expected, "{pointer} is {there}, not {expected}, in {value}");
    Ok(())
}

/// Holds an object to its members being there, whatever they are.
pub fn members(value: &Value, names: &[&str]) -> anyhow::Result<()> {
    for name in names {
        ensure!(value.get(*name).is_some(), "`{name}` is not in {value}");
    }
    Ok(())
}

/// Whether a list has a text.
pub fn lists(value: &Value, pointer: &str, wanted: &str) -> bool {
    at(value, pointer)
        .as_array()
        .is_some_and(|list| list.iter().any(|item| item == wanted))
}
