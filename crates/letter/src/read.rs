//! Reading a message: from bytes to the members of an `Email`.

use crate::header::{self, BodyKind, Field, Form, Kind, address};
use crate::{BodyProperty, DEPTH_LIMIT, HEADER_LIMIT, PARTS_LIMIT, Property, subject};
use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::html::html_to_text;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{Encoding, Header, HeaderValue, Message, MessageParser, MessagePart, MimeHeaders, PartType};
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// Characters of a preview (RFC 8621 section 4.1.4).
const PREVIEW: usize = 256;
/// Bytes of text that a preview is looked for in.
const PREVIEW_OF: usize = 16 << 10;

/// Bytes that are no message: without any header field, or with more fields or parts than a message has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no message")]
pub struct NotALetter;

/// A message that was read.
#[derive(Debug, Clone)]
pub struct Letter(Message<'static>);

/// A part of a message, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its bytes, without their transfer encoding.
    pub bytes: Vec<u8>,
    /// Its media type, in lower case.
    pub media_type: String,
    /// What its file is called.
    pub name: Option<String>,
}

/// What is asked for of a message.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// Members of the message.
    pub properties: &'a [Property],
    /// Members of each part.
    pub body_properties: &'a [BodyProperty],
    /// Whether `bodyValues` has the parts of `textBody`.
    pub text_values: bool,
    /// Whether `bodyValues` has the parts of `htmlBody`.
    pub html_values: bool,
    /// Whether `bodyValues` has every text part.
    pub all_values: bool,
    /// Bytes of each value; 0: all.
    pub max_bytes: u64,
    /// The `blobId` of a part.
    pub blob: &'a (dyn Fn(&str) -> String + Send + Sync),
}

impl Letter {
    /// Reads a message.
    pub fn parse(raw: &[u8]) -> Result<Self, NotALetter> {
        let message = MessageParser::default().parse(raw).ok_or(NotALetter)?;
        let root = message.parts.first().ok_or(NotALetter)?;
        let header = root.offset_body.saturating_sub(root.offset_header);
        let named = root
            .headers
            .iter()
            .any(|h| !h.name().is_empty() && header::is_field_name(h.name()));
        if !named
            || header as usize > HEADER_LIMIT
            || message.parts.len() > PARTS_LIMIT
            || depth(&message) > DEPTH_LIMIT
        {
            return Err(NotALetter);
        }
        Ok(Self(message.into_owned()))
    }

    /// The members of an `Email` that come from its content, as far as they are asked for.
    pub fn members(&self, wanted: &Wanted<'_>) -> Map<String, Value> {
        let mut members = Map::new();
        for Property(kind) in wanted.properties {
            let (name, value) = match kind {
                Kind::Short(name, field, form) => (*name, self.short(field, *form)),
                Kind::Field(field) => (field.asked.as_str(), self.field(&self.root().headers, field)),
                Kind::Headers => ("headers", self.headers(&self.root().headers)),
                Kind::BodyStructure => ("bodyStructure", self.body_part(0, wanted, true)),
                Kind::BodyValues => ("bodyValues", self.body_values(wanted)),
                Kind::TextBody => ("textBody", self.body_parts(&self.0.text_body, wanted)),
                Kind::HtmlBody => ("htmlBody", self.body_parts(&self.0.html_body, wanted)),
                Kind::Attachments => ("attachments", self.body_parts(&self.0.attachments, wanted)),
                Kind::HasAttachment => ("hasAttachment", Value::from(self.has_attachment())),
                Kind::Preview => ("preview", Value::from(self.preview())),
            };
            members.insert(name.to_owned(), value);
        }
        members
    }

    /// A part by its `partId`.
    pub fn part(&self, part_id: &str) -> Option<Part> {
        let part = self.at(part_id.parse().ok()?)?;
        if matches!(part.body, PartType::Multipart(_)) {
            return None;
        }
        Some(Part {
            bytes: self.decoded(part),
            media_type: media_type(part),
            name: part.attachment_name().map(str::to_owned),
        })
    }

    /// The subject; `None` if there is no such field.
    pub fn subject(&self) -> Option<String> {
        self.last("Subject").map(header::text)
    }

    /// Authors, as `Name <address>`.
    pub fn from(&self) -> Vec<String> {
        self.people("From")
    }

    /// Recipients, as `Name <address>`.
    pub fn to(&self) -> Vec<String> {
        self.people("To")
    }

    /// Recipients of copies, as `Name <address>`.
    pub fn cc(&self) -> Vec<String> {
        self.people("Cc")
    }

    /// Recipients of secret copies, as `Name <address>`.
    pub fn bcc(&self) -> Vec<String> {
        self.people("Bcc")
    }

    /// All that the text parts say; HTML without its marks.
    pub fn body_text(&self) -> String {
        let texts = self.0.parts.iter().filter_map(|part| match &part.body {
            PartType::Html(html) => Some(Cow::Owned(html_to_text(html))),
            PartType::Text(text) => Some(Cow::Borrowed(text.as_ref())),
            _ => None,
        });
        // What is there as text and as HTML says the same: the text is enough.
        let both = |ids: &[u32]| {
            ids.iter().any(|id| {
                self.at(*id as usize)
                    .is_some_and(|p| matches!(p.body, PartType::Text(_)))
            })
        };
        match both(&self.0.text_body) {
            true => {
                let plain = self
                    .0
                    .text_body
                    .iter()
                    .filter_map(|id| match &self.at(*id as usize)?.body {
                        PartType::Text(text) => Some(text.replace("\r\n", "\n")),
                        PartType::Html(html) => Some(html_to_text(html)),
                        _ => None,
                    });
                plain.collect::<Vec<_>>().join("\n")
            }
            false => texts.collect::<Vec<_>>().join("\n"),
        }
    }

    /// The values of every field of a name, decoded.
    pub fn header(&self, name: &str) -> Vec<String> {
        self.named(&self.root().headers, name).map(header::text).collect()
    }

    /// Whether there is a field of a name.
    pub fn has_header(&self, name: &str) -> bool {
        self.named(&self.root().headers, name).next().is_some()
    }

    /// Whether a client should show a paper clip: there is a file that is more than a picture in the text.
    pub fn has_attachment(&self) -> bool {
        self.0
            .attachments
            .iter()
            .filter_map(|id| self.at(*id as usize))
            .any(|part| {
                let inline = part.content_disposition().is_some_and(|d| d.is_inline()) || part.content_id().is_some();
                !inline || part.content_disposition().is_some_and(|d| d.is_attachment())
            })
    }

    /// When it says that it was sent: seconds since 1970, and the writer's offset from UTC in seconds.
    pub fn sent_at(&self) -> Option<(i64, i32)> {
        let date = self.0.date().filter(|date| date.is_valid())?;
        let offset = i32::from(date.tz_hour) * 3_600 + i32::from(date.tz_minute) * 60;
        Some((date.to_timestamp(), if date.tz_before_gmt { -offset } else { offset }))
    }

    /// Its own id, without angle brackets.
    pub fn message_id(&self) -> Option<String> {
        header::message_ids(self.last("Message-ID")?).into_iter().next()
    }

    /// The ids of what it answers and refers to.
    pub fn related_ids(&self) -> Vec<String> {
        let of = |name: &str| self.last(name).map(header::message_ids).unwrap_or_default();
        [of("In-Reply-To"), of("References")].concat()
    }

    /// Its subject without `Re:` and the like (RFC 5256 section 2.1).
    pub fn base_subject(&self) -> String {
        subject::base_subject(&self.subject().unwrap_or_default())
    }

    fn root(&self) -> &MessagePart<'static> {
        // There is one: that was looked at when it was parsed.
        self.0.root_part()
    }

    fn at(&self, id: usize) -> Option<&MessagePart<'static>> {
        self.0.parts.get(id)
    }

    /// A field's bytes, from after its colon to its line's end.
    fn bytes(&self, header: &Header<'_>) -> &[u8] {
        let bytes = self
            .0
            .raw_message
            .get(header.offset_start as usize..header.offset_end as usize)
            .unwrap_or_default();
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        bytes.strip_suffix(b"\r").unwrap_or(bytes)
    }

    fn named<'a>(&'a self, headers: &'a [Header<'static>], name: &'a str) -> impl DoubleEndedIterator<Item = &'a [u8]> {
        let same = move |header: &&Header<'static>| header.name().eq_ignore_ascii_case(name);
        headers.iter().filter(same).map(|header| self.bytes(header))
    }

    /// The last field of a name (RFC 8621 section 4.1.2).
    fn last<'a>(&'a self, name: &'a str) -> Option<&'a [u8]> {
        self.named(&self.root().headers, name).next_back()
    }

    fn people(&self, name: &str) -> Vec<String> {
        let people = self.last(name).map(header::addresses_of).unwrap_or_default();
        let shown = |(name, email): (Option<String>, String)| match name {
            Some(name) => format!("{name} <{email}>"),
            None => format!("<{email}>"),
        };
        people.into_iter().map(shown).collect()
    }

    fn short(&self, field: &str, form: Form) -> Value {
        match (self.last(field), form) {
            (None, _) => Value::Null,
            (Some(bytes), Form::Addresses) => Value::Array(header::addresses_of(bytes).iter().map(address).collect()),
            (Some(bytes), form) => form.of_bytes(bytes),
        }
    }

    fn field(&self, headers: &[Header<'static>], field: &Field) -> Value {
        let mut values = self.named(headers, &field.name).map(|bytes| field.form.of_bytes(bytes));
        match field.all {
            true => Value::Array(values.collect()),
            false => values.next_back().unwrap_or(Value::Null),
        }
    }

    fn headers(&self, headers: &[Header<'static>]) -> Value {
        let shown = |header: &Header<'static>| {
            let name = self
                .0
                .raw_message
                .get(header.offset_field as usize..header.offset_start as usize);
            let name = String::from_utf8_lossy(name.unwrap_or_default());
            let name = name.trim_end_matches(':').trim();
            let name = if name.is_empty() { header.name() } else { name };
            json!({"name": name, "value": Form::Raw.of_bytes(self.bytes(header))})
        };
        headers.iter().map(shown).collect()
    }

    fn body_parts(&self, ids: &[u32], wanted: &Wanted<'_>) -> Value {
        ids.iter()
            .map(|id| self.body_part(*id as usize, wanted, false))
            .collect()
    }

    /// An `EmailBodyPart` (RFC 8621 section 4.1.4).
    fn body_part(&self, id: usize, wanted: &Wanted<'_>, whole: bool) -> Value {
        let Some(part) = self.at(id) else { return Value::Null };
        let parts = match &part.body {
            PartType::Multipart(parts) => Some(parts),
            _ => None,
        };
        let mut members = Map::new();
        for BodyProperty(kind) in wanted.body_properties {
            let (name, value) = match kind {
                BodyKind::Field(field) => (field.asked.as_str(), self.field(&part.headers, field)),
                BodyKind::Named(name) => {
                    let leaf = |value: &dyn Fn() -> Value| if parts.is_some() { Value::Null } else { value() };
                    let value = match *name {
                        "partId" => leaf(&|| Value::from(id.to_string())),
                        "blobId" => leaf(&|| Value::from((wanted.blob)(&id.to_string()))),
                        "size" => Value::from(if parts.is_some() { 0 } else { self.decoded(part).len() }),
                        "headers" => self.headers(&part.headers),
                        "name" => Value::from(part.attachment_name()),
                        "type" => Value::from(media_type(part)),
                        "charset" => charset(part),
                        "disposition" => Value::from(part.content_disposition().map(|d| d.ctype().to_lowercase())),
                        "cid" => Value::from(part.content_id().map(|id| id.trim_matches(['<', '>']))),
                        "language" => language(part),
                        "location" => Value::from(part.content_location()),
                        // In the list of a body, the parts are the list.
                        _ if !whole => continue,
                        _ => match parts {
                            Some(parts) => parts
                                .iter()
                                .map(|id| self.body_part(*id as usize, wanted, true))
                                .collect(),
                            None => Value::Null,
                        },
                    };
                    (*name, value)
                }
            };
            members.insert(name.to_owned(), value);
        }
        // The tree is nothing without its branches, asked for or not.
        if let (true, Some(parts)) = (whole, parts) {
            let branches = parts
                .iter()
                .map(|id| self.body_part(*id as usize, wanted, true))
                .collect();
            members.insert("subParts".to_owned(), branches);
        }
        Value::Object(members)
    }

    fn body_values(&self, wanted: &Wanted<'_>) -> Value {
        let mut ids: Vec<u32> = Vec::new();
        if wanted.text_values || wanted.all_values {
            ids.extend(&self.0.text_body);
        }
        if wanted.html_values || wanted.all_values {
            ids.extend(&self.0.html_body);
        }
        if wanted.all_values {
            ids.extend((0..).zip(&self.0.parts).map(|(id, _)| id));
        }
        let mut values = Map::new();
        for id in ids {
            let Some(part) = self.at(id as usize) else { continue };
            let text = match &part.body {
                PartType::Text(text) | PartType::Html(text) => text,
                _ => continue,
            };
            let mut text = text.replace("\r\n", "\n");
            let is_html = matches!(part.body, PartType::Html(_));
            let is_truncated = cut(&mut text, wanted.max_bytes, is_html);
            let value = json!({
                "value": text,
                "isEncodingProblem": part.is_encoding_problem || !is_known(part),
                "isTruncated": is_truncated,
            });
            values.insert(id.to_string(), value);
        }
        Value::Object(values)
    }

    fn preview(&self) -> String {
        let text = self
            .0
            .text_body
            .iter()
            .find_map(|id| match &self.at(*id as usize)?.body {
                PartType::Text(text) => Some(start(text).to_owned()),
                PartType::Html(html) => Some(html_to_text(start(html))),
                _ => None,
            });
        let text = text.unwrap_or_default();
        let words: Vec<&str> = text.split_whitespace().collect();
        words
            .join(" ")
            .chars()
            .filter(|c| !c.is_control())
            .take(PREVIEW)
            .collect()
    }

    /// A part's bytes without their transfer encoding.
    fn decoded(&self, part: &MessagePart<'_>) -> Vec<u8> {
        let raw = self
            .0
            .raw_message
            .get(part.offset_body as usize..part.offset_end as usize)
            .unwrap_or_default();
        match (&part.body, part.encoding) {
            (PartType::Binary(bytes) | PartType::InlineBinary(bytes), _) => bytes.to_vec(),
            (_, Encoding::Base64) => base64_decode(raw).unwrap_or_else(|| raw.to_vec()),
            (_, Encoding::QuotedPrintable) => quoted_printable_decode(raw).unwrap_or_else(|| raw.to_vec()),
            (_, Encoding::None) => raw.to_vec(),
        }
    }
}

fn depth(message: &Message<'_>) -> usize {
    // Parts come before what is in them, so each depth is known when it is looked up.
    let mut depths: Vec<usize> = vec![0; message.parts.len()];
    for (id, part) in message.parts.iter().enumerate() {
        let here = depths.get(id).copied().unwrap_or(0);
        if let PartType::Multipart(parts) = &part.body {
            for inner in parts {
                if let Some(depth) = depths.get_mut(*inner as usize) {
                    *depth = here + 1;
                }
            }
        }
    }
    depths.into_iter().max().unwrap_or(0)
}

fn start(text: &str) -> &str {
    let mut end = PREVIEW_OF.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}

/// Cuts a text at a character; HTML before a tag, not within. Returns whether anything was cut.
fn cut(text: &mut String, max_bytes: u64, is_html: bool) -> bool {
    let most = usize::try_from(max_bytes).unwrap_or(usize::MAX);
    if most == 0 || text.len() <= most {
        return false;
    }
    let mut end = most;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    if is_html
        && let Some(open) = text
            .rfind('<')
            .filter(|open| text.rfind('>').is_none_or(|close| close < *open))
    {
        text.truncate(open);
    }
    true
}

fn media_type(part: &MessagePart<'_>) -> String {
    match part.content_type() {
        Some(kind) => format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or("plain")).to_lowercase(),
        None if matches!(part.body, PartType::Message(_)) => "message/rfc822".to_owned(),
        None => "text/plain".to_owned(),
    }
}

/// RFC 8621 section 4.1.4: the parameter; what MIME implies for text without one; `null` for all else.
fn charset(part: &MessagePart<'_>) -> Value {
    match part.content_type() {
        Some(kind) => match kind.attribute("charset") {
            Some(charset) => Value::from(charset),
            None if kind.ctype().eq_ignore_ascii_case("text") => Value::from("us-ascii"),
            None => Value::Null,
        },
        None if matches!(part.body, PartType::Text(_)) => Value::from("us-ascii"),
        None => Value::Null,
    }
}

/// Whether the charset of a text is one that can be read.
fn is_known(part: &MessagePart<'_>) -> bool {
    let named = part.content_type().and_then(|kind| kind.attribute("charset"));
    named.is_none_or(|charset| {
        charset.eq_ignore_ascii_case("us-ascii")
            || mail_parser::decoders::charsets::map::charset_decoder(charset.as_bytes()).is_some()
    })
}

fn language(part: &MessagePart<'_>) -> Value {
    match part.content_language() {
        HeaderValue::Text(tag) => json!([tag]),
        HeaderValue::TextList(tags) => json!(tags),
        _ => Value::Null,
    }
}
