//! Writing a message: from what a client says in `Email/set` (RFC 8621 section 4.6) to bytes.

use crate::encode;
use crate::fields::Fields;
use crate::header::{Field, SHORT};
use crate::{DEPTH_LIMIT, PARTS_LIMIT};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Bytes of a message at most.
const LIMIT: usize = 50_000_000;

/// What a message has if its writer does not say.
#[derive(Debug, Clone)]
pub struct Defaults {
    /// When it is sent, in seconds since 1970.
    pub date: i64,
    /// Its id, without angle brackets.
    pub message_id: String,
}

/// Why a message was not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildError {
    /// `invalidProperties`, which, and why.
    Invalid {
        /// As the client named them.
        properties: Vec<String>,
        /// For its developer.
        description: String,
    },
    /// `blobNotFound`: these.
    BlobsNotFound(Vec<String>),
    /// It would be longer than a message may be.
    TooLarge,
}

type Members = Map<String, Value>;
type Blobs<'a> = &'a mut dyn FnMut(&str) -> Option<Vec<u8>>;

pub(crate) fn invalid(property: &str, description: &str) -> BuildError {
    BuildError::Invalid {
        properties: vec![property.to_owned()],
        description: description.to_owned(),
    }
}

/// A part that is to be written.
enum Node {
    Leaf {
        fields: String,
        bytes: Vec<u8>,
    },
    Many {
        kind: String,
        fields: String,
        parts: Vec<Node>,
    },
}

/// Writes a message from an `Email` as a client makes it, without what is not content (`mailboxIds`, `keywords`, `receivedAt`).
/// `blob` finds what was uploaded.
pub fn build(create: &Members, blob: Blobs<'_>, defaults: &Defaults) -> Result<Vec<u8>, BuildError> {
    let mut fields = Fields::default();
    for (name, value) in create {
        match name.as_str() {
            "bodyStructure" | "textBody" | "htmlBody" | "attachments" | "bodyValues" => {}
            name if name.starts_with("header:") => fields.asked(name, value, true)?,
            name => match SHORT.into_iter().find(|(short, ..)| *short == name) {
                Some((short, field, form)) => fields.add(short, field, form, false, value)?,
                None => return Err(invalid(name, "a new message has no such property")),
            },
        }
    }
    let node = body(create, blob, &mut fields)?;
    if !fields.has("Message-ID") {
        fields
            .lines
            .push_str(&format!("Message-ID: <{}>\r\n", defaults.message_id));
    }
    if !fields.has("Date") {
        fields
            .lines
            .push_str(&format!("Date: {}\r\n", encode::date(defaults.date, 0)));
    }
    let mut out = fields.lines.into_bytes();
    out.extend_from_slice(b"MIME-Version: 1.0\r\n");
    let mut boundaries = Boundaries {
        stem: defaults
            .message_id
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(24)
            .collect(),
        next: 0,
    };
    write(node, &mut boundaries, &mut out)?;
    Ok(out)
}

fn list_of<'a>(create: &'a Members, name: &str) -> Result<Vec<&'a Members>, BuildError> {
    match create.get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(parts)) => {
            let object = |part: &'a Value| part.as_object().ok_or_else(|| invalid(name, "a list of parts"));
            parts.iter().map(object).collect()
        }
        Some(_) => Err(invalid(name, "a list of parts")),
    }
}

fn body(create: &Members, blob: Blobs<'_>, fields: &mut Fields) -> Result<Node, BuildError> {
    let empty = Members::new();
    let values = match create.get("bodyValues") {
        None | Some(Value::Null) => &empty,
        Some(Value::Object(values)) => values,
        Some(_) => return Err(invalid("bodyValues", "an object of values")),
    };
    let mut writer = Writer {
        values,
        blob,
        missing: Vec::new(),
        parts: 0,
        bytes: 0,
    };
    let node = match create.get("bodyStructure").filter(|value| !value.is_null()) {
        Some(structure) => {
            if let Some(both) = ["textBody", "htmlBody", "attachments"]
                .iter()
                .find(|name| create.get(**name).is_some_and(|v| !v.is_null()))
            {
                return Err(invalid(both, "this goes without `bodyStructure`"));
            }
            let structure = structure
                .as_object()
                .ok_or_else(|| invalid("bodyStructure", "a part"))?;
            writer.part("bodyStructure", structure, Some(fields), 0)?
        }
        None => writer.usual(create)?,
    };
    match writer.missing.is_empty() {
        true => Ok(node),
        false => Err(BuildError::BlobsNotFound(writer.missing)),
    }
}

struct Writer<'a, 'b> {
    values: &'a Members,
    blob: Blobs<'b>,
    missing: Vec<String>,
    parts: usize,
    bytes: usize,
}

impl Writer<'_, '_> {
    /// The structure that mail clients expect of a text, its HTML, pictures in it, and files.
    fn usual(&mut self, create: &Members) -> Result<Node, BuildError> {
        let mut one = |name: &'static str, kind: &str| -> Result<Option<Node>, BuildError> {
            let parts = list_of(create, name)?;
            match parts.as_slice() {
                [] => Ok(None),
                [part] if part.get("type").is_none_or(|t| t == kind) => {
                    let mut part = (*part).clone();
                    part.insert("type".to_owned(), Value::from(kind));
                    self.part(name, &part, None, 0).map(Some)
                }
                [_] => Err(invalid(name, &format!("its type is {kind}"))),
                _ => Err(invalid(name, "exactly one part")),
            }
        };
        let (text, html) = (one("textBody", "text/plain")?, one("htmlBody", "text/html")?);
        let (mut inline, mut files) = (Vec::new(), Vec::new());
        for part in list_of(create, "attachments")? {
            let in_text = part.get("cid").is_some_and(|cid| !cid.is_null())
                && part.get("disposition").is_some_and(|d| d == "inline");
            let mut part = part.clone();
            if part.get("disposition").is_none_or(Value::is_null) {
                part.insert("disposition".to_owned(), Value::from("attachment"));
            }
            let node = self.part("attachments", &part, None, 0)?;
            if in_text && html.is_some() {
                inline.push(node)
            } else {
                files.push(node)
            }
        }
        let many = |kind: &str, parts: Vec<Node>| Node::Many {
            kind: kind.to_owned(),
            fields: String::new(),
            parts,
        };
        let html = html.map(|html| match inline.is_empty() {
            true => html,
            false => many("related", std::iter::once(html).chain(inline).collect()),
        });
        let body = match (text, html) {
            (Some(text), Some(html)) => Some(many("alternative", vec![text, html])),
            (text, html) => text.or(html),
        };
        Ok(match (body, files.is_empty()) {
            (Some(body), true) => body,
            (None, true) => Node::Leaf {
                fields: "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n".to_owned(),
                bytes: Vec::new(),
            },
            (body, false) => many("mixed", body.into_iter().chain(files).collect()),
        })
    }

    /// A part as a client describes it (RFC 8621 section 4.6). Fields of the outermost go to the message.
    fn part(
        &mut self,
        property: &str,
        part: &Members,
        message: Option<&mut Fields>,
        depth: usize,
    ) -> Result<Node, BuildError> {
        self.parts += 1;
        if self.parts > PARTS_LIMIT || depth > DEPTH_LIMIT {
            return Err(invalid(property, "too many parts, or too deep"));
        }
        let is_message = message.is_some();
        let mut own = Fields::default();
        let mut known = BTreeSet::new();
        {
            let fields = match message {
                Some(fields) => fields,
                None => &mut own,
            };
            for (name, value) in part.iter().filter(|(name, _)| name.starts_with("header:")) {
                let field = Field::parse(name).map_err(|_| invalid(name, "no such header property"))?;
                known.insert(field.name.to_ascii_lowercase());
                fields.asked(name, value, false)?;
            }
        }
        let text = |name: &str| -> Result<Option<&str>, BuildError> {
            match part.get(name) {
                None | Some(Value::Null) => Ok(None),
                Some(Value::String(text)) if !text.contains(['\r', '\n', '\0']) => Ok(Some(text)),
                Some(_) => Err(invalid(&format!("{property}/{name}"), "this is of another type")),
            }
        };
        for name in part.keys() {
            let all = [
                "partId",
                "blobId",
                "size",
                "name",
                "type",
                "charset",
                "disposition",
                "cid",
                "language",
                "location",
                "subParts",
            ];
            if !all.contains(&name.as_str()) && !name.starts_with("header:") {
                return Err(invalid(
                    &format!("{property}/{name}"),
                    "a new part has no such property",
                ));
            }
        }
        let kind = text("type")?.unwrap_or(if part.contains_key("subParts") {
            "multipart/mixed"
        } else {
            "text/plain"
        });
        let kind = kind.to_ascii_lowercase();
        let token = |t: &str| {
            !t.is_empty()
                && t.bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
        };
        if !kind.split_once('/').is_some_and(|(a, b)| token(a) && token(b)) {
            return Err(invalid(&format!("{property}/type"), "this is no media type"));
        }
        let sub_parts = part.get("subParts").filter(|value| !value.is_null());
        if let Some(multi) = kind.strip_prefix("multipart/") {
            let parts = match sub_parts {
                Some(Value::Array(parts)) if !parts.is_empty() => parts,
                _ => return Err(invalid(&format!("{property}/subParts"), "what is in it")),
            };
            if part.get("partId").is_some_and(|v| !v.is_null()) || part.get("blobId").is_some_and(|v| !v.is_null()) {
                return Err(invalid(property, "a multipart has parts, and no content of its own"));
            }
            let mut nodes = Vec::new();
            for inner in parts {
                let inner = inner
                    .as_object()
                    .ok_or_else(|| invalid(&format!("{property}/subParts"), "parts"))?;
                nodes.push(self.part(property, inner, None, depth + 1)?);
            }
            return Ok(Node::Many {
                kind: multi.to_owned(),
                fields: own.lines,
                parts: nodes,
            });
        }
        if sub_parts.is_some() {
            return Err(invalid(&format!("{property}/subParts"), "only a multipart has them"));
        }
        let is_text = kind.starts_with("text/");
        let charset = text("charset")?;
        let (bytes, charset, from_text) = match (text("partId")?, text("blobId")?) {
            (Some(id), None) => {
                if !is_text {
                    return Err(invalid(
                        &format!("{property}/partId"),
                        "only text has its content in `bodyValues`",
                    ));
                }
                if charset.is_some() {
                    return Err(invalid(
                        &format!("{property}/charset"),
                        "the server sets it for what is in `bodyValues`",
                    ));
                }
                (self.value(id)?, Some("utf-8"), true)
            }
            (None, Some(id)) => match (self.blob)(id) {
                Some(bytes) => (bytes, charset, false),
                None => {
                    self.missing.push(id.to_owned());
                    (Vec::new(), charset, false)
                }
            },
            (Some(_), Some(_)) => return Err(invalid(property, "`partId` or `blobId`, not both")),
            (None, None) => return Err(invalid(property, "`partId` or `blobId` says what is in it")),
        };
        self.bytes = self.bytes.saturating_add(bytes.len());
        if self.bytes > LIMIT {
            return Err(BuildError::TooLarge);
        }
        let mut fields = own.lines;
        let name = text("name")?;
        let mut field = |header: &str, value: &dyn Fn() -> String| {
            if !known.contains(&header.to_ascii_lowercase()) {
                fields.push_str(&format!("{header}: {}\r\n", value()));
            }
        };
        field("Content-Type", &|| {
            let charset = charset
                .map(|charset| encode::parameter("charset", charset))
                .unwrap_or_default();
            let name = name.map(|name| encode::parameter("name", name)).unwrap_or_default();
            format!("{kind}{charset}{name}")
        });
        if let Some(disposition) =
            text("disposition")?.or(name.map(|_| "attachment").filter(|_| !is_message && !is_text))
        {
            if !token(disposition) {
                return Err(invalid(&format!("{property}/disposition"), "`inline` or `attachment`"));
            }
            field("Content-Disposition", &|| {
                let name = name.map(|name| encode::parameter("filename", name)).unwrap_or_default();
                format!("{disposition}{name}")
            });
        }
        if let Some(cid) = text("cid")? {
            let odd = |c: char| c.is_whitespace() || c.is_control() || c == '<' || c == '>';
            if cid.contains(odd) || !cid.is_ascii() {
                return Err(invalid(&format!("{property}/cid"), "this cannot be an id"));
            }
            field("Content-ID", &|| format!("<{cid}>"));
        }
        if let Some(location) = text("location")? {
            field("Content-Location", &|| {
                location.chars().filter(char::is_ascii).collect()
            });
        }
        match part.get("language") {
            None | Some(Value::Null) => {}
            Some(Value::Array(tags)) => {
                let tags: Option<Vec<&str>> = tags.iter().map(|tag| tag.as_str().filter(|tag| token(tag))).collect();
                let tags = tags.ok_or_else(|| invalid(&format!("{property}/language"), "a list of language tags"))?;
                field("Content-Language", &|| tags.join(", "));
            }
            Some(_) => return Err(invalid(&format!("{property}/language"), "a list of language tags")),
        }
        let (encoding, bytes) = encode::body(&bytes, from_text, kind == "message/rfc822");
        fields.push_str(&format!("Content-Transfer-Encoding: {encoding}\r\n"));
        Ok(Node::Leaf { fields, bytes })
    }

    fn value(&self, id: &str) -> Result<Vec<u8>, BuildError> {
        let name = format!("bodyValues/{id}");
        let value = self
            .values
            .get(id)
            .and_then(Value::as_object)
            .ok_or_else(|| invalid(&name, "it is not there"))?;
        for flag in ["isEncodingProblem", "isTruncated"] {
            if value.get(flag).is_some_and(|value| *value != Value::Bool(false)) {
                return Err(invalid(&format!("{name}/{flag}"), "a new value is whole"));
            }
        }
        if let Some(unknown) = value
            .keys()
            .find(|k| !["value", "isEncodingProblem", "isTruncated"].contains(&k.as_str()))
        {
            return Err(invalid(&format!("{name}/{unknown}"), "a value has no such property"));
        }
        let text = value
            .get("value")
            .and_then(Value::as_str)
            .ok_or_else(|| invalid(&name, "a text"))?;
        Ok(text.as_bytes().to_vec())
    }
}

/// Lines that stand between parts. None is within a part.
struct Boundaries {
    stem: String,
    next: usize,
}

impl Boundaries {
    fn between(&mut self, parts: &[Vec<u8>]) -> String {
        loop {
            self.next += 1;
            let boundary = format!("=_{}_{}", self.next, self.stem);
            let line = boundary.as_bytes();
            let found = parts
                .iter()
                .any(|part| part.windows(line.len()).any(|window| window == line));
            if !found {
                return boundary;
            }
        }
    }
}

fn write(node: Node, boundaries: &mut Boundaries, out: &mut Vec<u8>) -> Result<(), BuildError> {
    match node {
        Node::Leaf { fields, bytes } => {
            out.extend_from_slice(fields.as_bytes());
            out.extend_from_slice(b"\r\n");
            out.extend_from_slice(&bytes);
        }
        Node::Many { kind, fields, parts } => {
            let mut inner = Vec::new();
            for part in parts {
                let mut bytes = Vec::new();
                write(part, boundaries, &mut bytes)?;
                inner.push(bytes);
            }
            let boundary = boundaries.between(&inner);
            out.extend_from_slice(fields.as_bytes());
            let start = format!("Content-Type: multipart/{kind};\r\n boundary=\"{boundary}\"\r\n\r\n");
            out.extend_from_slice(start.as_bytes());
            for part in inner {
                out.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
                out.extend_from_slice(&part);
                out.extend_from_slice(b"\r\n");
            }
            out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        }
    }
    match out.len() > 2 * LIMIT {
        true => Err(BuildError::TooLarge),
        false => Ok(()),
    }
}
