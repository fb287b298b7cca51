//! One message as the two schemas write it.

use super::head::Schema;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

/// A string that is borrowed from the file unless it has escapes. (`Option<Cow<str>>` would always be copied.)
#[derive(Debug, Clone, Default)]
pub(crate) struct Text<'a>(pub Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Borrow;
        impl<'de> Visitor<'de> for Borrow {
            type Value = Cow<'de, str>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
            fn visit_string<E: Error>(self, text: String) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text))
            }
        }
        d.deserialize_str(Borrow).map(Text)
    }
}

/// A message of either schema.
pub(crate) enum AnyLine<'a> {
    Plain(Line<'a>),
    EndToEnd(SealedLine<'a>),
}

impl<'a> AnyLine<'a> {
    /// Reads the message that `json` begins with, and how many bytes it has. What follows it does not matter.
    pub fn parse(json: &'a [u8], schema: Schema) -> serde_json::Result<(Self, usize)> {
        match schema {
            Schema::Plain => first(json).map(|(line, bytes)| (Self::Plain(line), bytes)),
            Schema::EndToEnd => first(json).map(|(line, bytes)| (Self::EndToEnd(line), bytes)),
        }
    }
}

fn first<'a, T: serde::Deserialize<'a>>(json: &'a [u8]) -> serde_json::Result<(T, usize)> {
    let mut values = serde_json::Deserializer::from_slice(json).into_iter();
    let nothing = || serde_json::Error::custom("nothing there");
    let value = values.next().ok_or_else(nothing)??;
    Ok((value, values.byte_offset()))
}

/// A message of "Download your information".
#[derive(Debug, serde::Deserialize)]
pub(crate) struct Line<'a> {
    #[serde(borrow)]
    pub sender_name: Text<'a>,
    pub timestamp_ms: i64,
    #[serde(borrow)]
    pub content: Option<Text<'a>>,
    #[serde(borrow, rename = "type")]
    pub kind: Option<Text<'a>>,
    #[serde(default)]
    pub is_unsent: Option<bool>,
    #[serde(borrow)]
    pub share: Option<Share<'a>>,
    #[serde(borrow)]
    pub photos: Option<Vec<Uri<'a>>>,
    #[serde(borrow)]
    pub videos: Option<Vec<Uri<'a>>>,
    #[serde(borrow)]
    pub audio_files: Option<Vec<Uri<'a>>>,
    #[serde(borrow)]
    pub files: Option<Vec<Uri<'a>>>,
    #[serde(borrow)]
    pub gifs: Option<Vec<Uri<'a>>>,
    #[serde(borrow)]
    pub sticker: Option<Uri<'a>>,
    pub call_duration: Option<IgnoredAny>,
    /// Who joined or left.
    pub users: Option<Vec<IgnoredAny>>,
}

/// A shared link or place.
#[derive(Debug, serde::Deserialize)]
pub(crate) struct Share<'a> {
    #[serde(borrow)]
    pub link: Option<Text<'a>>,
    #[serde(borrow)]
    pub share_text: Option<Text<'a>>,
}

/// A file of the export.
#[derive(Debug, serde::Deserialize)]
pub(crate) struct Uri<'a> {
    #[serde(borrow)]
    pub uri: Option<Text<'a>>,
}

/// A message of the end-to-end export.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SealedLine<'a> {
    #[serde(borrow)]
    pub sender_name: Text<'a>,
    pub timestamp: i64,
    #[serde(borrow)]
    pub text: Option<Text<'a>>,
    #[serde(borrow, rename = "type")]
    pub kind: Option<Text<'a>>,
    #[serde(default)]
    pub is_unsent: Option<bool>,
    #[serde(borrow)]
    pub media: Option<Vec<Uri<'a>>>,
}
