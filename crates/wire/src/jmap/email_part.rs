//! What an `Email` is made of (RFC 8621 sections 4.1.1, 4.1.2.3 and 4.1.4).

use super::{MethodError, require_known};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

/// A set written as an object whose values are all `true`, as `mailboxIds` and `keywords` are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdSet(pub Vec<String>);

impl Serialize for IdSet {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut map = s.serialize_map(Some(self.0.len()))?;
        for id in &self.0 {
            map.serialize_entry(id, &true)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for IdSet {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let map = BTreeMap::<String, bool>::deserialize(d)?;
        match map.values().all(|&v| v) {
            true => Ok(Self(map.into_keys().collect())),
            false => Err(serde::de::Error::custom("a value of the set is not `true`")),
        }
    }
}

/// A participant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailAddress {
    /// When it may be known.
    pub name: Option<String>,
    /// A pairwise pseudonym that means nothing elsewhere.
    pub email: String,
}

/// The text of a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EmailBodyValue {
    /// The text.
    pub value: String,
    /// Whether it could not be decoded in full.
    pub is_encoding_problem: bool,
    /// Whether `maxBodyValueBytes` cut it.
    pub is_truncated: bool,
}

impl EmailBodyValue {
    /// Text, cut to at most `max_bytes` bytes at a character boundary; 0: whole.
    pub fn cut(mut value: String, max_bytes: u64) -> Self {
        let max = usize::try_from(max_bytes).unwrap_or(usize::MAX);
        let is_truncated = max > 0 && value.len() > max;
        if is_truncated {
            let end = (0..=max).rev().find(|&at| value.is_char_boundary(at)).unwrap_or(0);
            value.truncate(end);
        }
        Self {
            value,
            is_encoding_problem: false,
            is_truncated,
        }
    }
}

/// A body part. A member that is `None` was not asked for; `Some(None)` is `null`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs)]
pub struct EmailBodyPart {
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    pub part_id: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    pub blob_id: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    pub name: Option<Option<String>>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    pub charset: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    pub disposition: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    pub cid: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    pub language: Option<Option<Vec<String>>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    pub location: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    pub sub_parts: Option<Option<Vec<EmailBodyPart>>>,
}

/// A member that is there, be it `null`, is `Some`.
pub(super) fn nullable<'de, T: Deserialize<'de>, D: Deserializer<'de>>(d: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(d).map(Some)
}

/// The properties of body parts that were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyProperties(Vec<String>);

impl BodyProperties {
    const KNOWN: [&'static str; 11] = [
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

    /// As asked, or the ten of RFC 8621 section 4.2 (all but `subParts`). An unknown one is `invalidArguments`.
    pub fn parse(asked: Option<Vec<String>>) -> Result<Self, MethodError> {
        match asked {
            Some(asked) => require_known(&asked, &Self::KNOWN).map(|()| Self(asked)),
            None => Ok(Self(Self::KNOWN.iter().take(10).map(|&p| p.to_owned()).collect())),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|p| p == name)
    }

    /// The part with only these. In a `bodyStructure` the tree is kept whatever was asked for (`whole_tree`).
    #[must_use]
    pub fn select(&self, part: EmailBodyPart, whole_tree: bool) -> EmailBodyPart {
        let tree = whole_tree || self.has("subParts");
        EmailBodyPart {
            part_id: part.part_id.filter(|_| self.has("partId")),
            blob_id: part.blob_id.filter(|_| self.has("blobId")),
            size: part.size.filter(|_| self.has("size")),
            name: part.name.filter(|_| self.has("name")),
            media_type: part.media_type.filter(|_| self.has("type")),
            charset: part.charset.filter(|_| self.has("charset")),
            disposition: part.disposition.filter(|_| self.has("disposition")),
            cid: part.cid.filter(|_| self.has("cid")),
            language: part.language.filter(|_| self.has("language")),
            location: part.location.filter(|_| self.has("location")),
            sub_parts: part
                .sub_parts
                .filter(|parts| tree && (parts.is_some() || self.has("subParts")))
                .map(|parts| parts.map(|parts| parts.into_iter().map(|p| self.select(p, whole_tree)).collect())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_set_is_an_object_of_true() {
        let set: IdSet = serde_json::from_value(json!({"$seen": true, "$flagged": true})).unwrap();
        assert_eq!(
            serde_json::to_value(&set).unwrap(),
            json!({"$seen": true, "$flagged": true})
        );
        assert!(serde_json::from_value::<IdSet>(json!({"$seen": false})).is_err());
        assert!(serde_json::from_value::<IdSet>(json!({"$seen": null})).is_err());
    }

    #[test]
    fn a_value_is_cut_at_a_character() {
        let cut = EmailBodyValue::cut("aéz".into(), 2);
        assert_eq!((cut.value.as_str(), cut.is_truncated), ("a", true));
        let whole = EmailBodyValue::cut("aéz".into(), 4);
        assert_eq!((whole.value.as_str(), whole.is_truncated), ("aéz", false));
        assert!(!EmailBodyValue::cut("aéz".into(), 0).is_truncated);
    }

    #[test]
    fn a_part_shows_what_was_asked_for_and_null_stays_null() {
        let part: EmailBodyPart = serde_json::from_value(json!({
            "partId": null, "size": 4, "type": "multipart/mixed",
            "subParts": [{"partId": "1", "size": 4, "type": "text/plain", "charset": "utf-8", "subParts": null}]
        }))
        .unwrap();
        let two = BodyProperties::parse(Some(vec!["partId".into(), "type".into()])).unwrap();
        assert_eq!(
            serde_json::to_value(two.select(part.clone(), true)).unwrap(),
            json!({"partId": null, "type": "multipart/mixed", "subParts": [{"partId": "1", "type": "text/plain"}]})
        );
        assert_eq!(
            serde_json::to_value(two.select(part.clone(), false)).unwrap(),
            json!({"partId": null, "type": "multipart/mixed"})
        );
        let usual = BodyProperties::parse(None).unwrap();
        assert_eq!(usual.select(part.clone(), false).sub_parts, None);
        assert!(BodyProperties::parse(Some(vec!["header:X".into()])).is_err());
    }
}
