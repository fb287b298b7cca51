//! Rich authorization requests (RFC 9396) of the one type `inbox`.

use super::{ErrorCode, OAuthError};
use crate::limits::{MAX_AUTHORIZATION_DETAIL_ITEMS, MAX_AUTHORIZATION_DETAILS, MAX_ID, MAX_JSON_DEPTH};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident: $($(#[$case:meta])* $variant:ident = $word:literal),+ $(,)?) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum $name {
            $($(#[$case])* $variant,)+
        }

        impl $name {
            /// Every one of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word of the wire.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            fn of(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|w| w.name() == word)
            }
        }
    };
}

words!(
    /// What for. Exactly one per request element: purposes are never bundled.
    Purpose:
    /// Tailoring the partner's own catalogue.
    Recommendations = "recommendations",
    /// Reading and writing as the person's client.
    Messaging = "messaging",
    /// Features for ordering content.
    Ranking = "ranking",
    /// Features for choosing advertisements.
    Advertising = "advertising",
    /// Taking one's data elsewhere.
    Portability = "portability",
);
words!(
    /// What may be done.
    Action:
    /// Read messages.
    Read = "read",
    /// Send messages.
    Send = "send",
    /// Delete messages.
    Delete = "delete",
);
words!(
    /// How much of a message may leave.
    Field:
    /// A ranked list of titles.
    Ranking = "ranking",
    /// Titles mentioned, with sentiment and week.
    Mentions = "mentions",
    /// Ids, conversation, authors, times, sizes, flags.
    Envelope = "envelope",
    /// The message itself.
    Text = "text",
);

/// Which conversations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conversations {
    /// `"all"`.
    All,
    /// A list of ids.
    Only(Vec<String>),
}

impl Serialize for Conversations {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => s.serialize_str("all"),
            Self::Only(ids) => ids.serialize(s),
        }
    }
}

/// One element of `authorization_details`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "inbox", try_from = "Map<String, Value>")]
pub struct AuthorizationDetail {
    /// Agreement and version, as `films@1`.
    pub agreement: String,
    /// What for.
    pub purpose: Purpose,
    /// What may be done; at least one.
    pub actions: Vec<Action>,
    /// How much of a message may leave; at least one.
    pub fields: Vec<Field>,
    /// Which conversations.
    pub conversations: Conversations,
    /// Until when: an RFC 3339 date-time.
    pub until: String,
}

/// Reads the `authorization_details` parameter. Whatever is not exactly as RFC 9396 and our type say is
/// `invalid_authorization_details` with a description that names the member: an unknown type, an unknown member, a wrong
/// JSON type, a word not in its list, a missing member, more than 4096 bytes, more than 16 elements.
pub fn parse_authorization_details(text: &str) -> Result<Vec<AuthorizationDetail>, OAuthError> {
    let value = crate::parse_json(text.as_bytes(), MAX_AUTHORIZATION_DETAILS, MAX_JSON_DEPTH)
        .map_err(|e| invalid(format!("`authorization_details`: {e}")))?;
    let Value::Array(elements) = value else {
        return Err(invalid("`authorization_details` is not an array"));
    };
    if elements.is_empty() || elements.len() > MAX_AUTHORIZATION_DETAIL_ITEMS {
        return Err(invalid(format!(
            "`authorization_details` has {} elements, not 1 to {MAX_AUTHORIZATION_DETAIL_ITEMS}",
            elements.len()
        )));
    }
    elements.into_iter().map(element).collect()
}

fn element(value: Value) -> Result<AuthorizationDetail, OAuthError> {
    match value {
        Value::Object(members) => AuthorizationDetail::try_from(members),
        _ => Err(invalid("an element of `authorization_details` is not an object")),
    }
}

impl TryFrom<Map<String, Value>> for AuthorizationDetail {
    type Error = OAuthError;

    fn try_from(mut members: Map<String, Value>) -> Result<Self, OAuthError> {
        match members.remove("type") {
            Some(Value::String(kind)) if kind == "inbox" => {}
            Some(Value::String(kind)) => return Err(invalid(format!("unknown type `{}`", short(&kind)))),
            Some(_) => return Err(invalid("`type` is not a string")),
            None => return Err(invalid("`type` is missing")),
        }
        let detail = Self {
            agreement: agreement(string(&mut members, "agreement")?)?,
            purpose: word("purpose", &string(&mut members, "purpose")?, Purpose::of)?,
            actions: words(&mut members, "actions", Action::of)?,
            fields: words(&mut members, "fields", Field::of)?,
            conversations: conversations(&mut members)?,
            until: until(string(&mut members, "until")?)?,
        };
        match members.keys().next() {
            Some(unknown) => Err(invalid(format!("unknown field `{}`", short(unknown)))),
            None => Ok(detail),
        }
    }
}

fn invalid(description: impl AsRef<str>) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidAuthorizationDetails, description)
}

fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

fn take(members: &mut Map<String, Value>, name: &str) -> Result<Value, OAuthError> {
    members
        .remove(name)
        .ok_or_else(|| invalid(format!("`{name}` is missing")))
}

fn string(members: &mut Map<String, Value>, name: &str) -> Result<String, OAuthError> {
    match take(members, name)? {
        Value::String(text) => Ok(text),
        _ => Err(invalid(format!("`{name}` is not a string"))),
    }
}

fn strings(value: Value, name: &str) -> Result<Vec<String>, OAuthError> {
    let Value::Array(items) = value else {
        return Err(invalid(format!("`{name}` is not an array")));
    };
    if items.is_empty() || items.len() > MAX_AUTHORIZATION_DETAIL_ITEMS {
        return Err(invalid(format!(
            "`{name}` has {} elements, not 1 to {MAX_AUTHORIZATION_DETAIL_ITEMS}",
            items.len()
        )));
    }
    let text = |item| match item {
        Value::String(text) => Ok(text),
        _ => Err(invalid(format!("an element of `{name}` is not a string"))),
    };
    items.into_iter().map(text).collect()
}

/// `id@version`: lower-case letters, digits and inner hyphens; a version from 1 without a leading zero.
fn agreement(text: String) -> Result<String, OAuthError> {
    let well_formed = |text: &str| {
        let (id, version) = text.split_once('@')?;
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let id = (1..=64).contains(&id.len()) && id.bytes().all(plain) && !id.starts_with('-') && !id.ends_with('-');
        let digits = version.bytes().all(|b| b.is_ascii_digit()) && !version.starts_with('0');
        (id && digits).then_some(())?;
        version.parse::<u32>().ok()
    };
    match well_formed(&text) {
        Some(_) => Ok(text),
        None => Err(invalid(format!(
            "`agreement` is `{}`, not of the form `films@1`",
            short(&text)
        ))),
    }
}

fn word<T>(name: &str, text: &str, of: fn(&str) -> Option<T>) -> Result<T, OAuthError> {
    of(text).ok_or_else(|| invalid(format!("`{name}` has the unknown value `{}`", short(text))))
}

fn words<T: PartialEq>(
    members: &mut Map<String, Value>,
    name: &str,
    of: fn(&str) -> Option<T>,
) -> Result<Vec<T>, OAuthError> {
    let mut found = Vec::new();
    for text in strings(take(members, name)?, name)? {
        let item = word(name, &text, of)?;
        if found.contains(&item) {
            return Err(invalid(format!("`{name}` has `{text}` twice")));
        }
        found.push(item);
    }
    Ok(found)
}

fn conversations(members: &mut Map<String, Value>) -> Result<Conversations, OAuthError> {
    match take(members, "conversations")? {
        Value::String(text) if text == "all" => Ok(Conversations::All),
        list @ Value::Array(_) => {
            let ids = strings(list, "conversations")?;
            match ids.iter().find(|id| id.is_empty() || id.len() > MAX_ID) {
                Some(id) => Err(invalid(format!("`conversations` has the unusable id `{}`", short(id)))),
                None => Ok(Conversations::Only(ids)),
            }
        }
        _ => Err(invalid("`conversations` is neither `all` nor an array of ids")),
    }
}

fn until(text: String) -> Result<String, OAuthError> {
    if crate::is_date(&text) {
        Ok(text)
    } else {
        Err(invalid(format!(
            "`until` is `{}`, not a date-time of RFC 3339",
            short(&text)
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn good() -> Value {
        json!({"type":"inbox","agreement":"films@3","purpose":"recommendations","actions":["read"],"fields":["mentions"],
               "conversations":"all","until":"2027-02-01T00:00:00Z"})
    }

    fn fault(element: Value) -> String {
        let error = parse_authorization_details(&json!([element]).to_string()).unwrap_err();
        assert_eq!(error.error, ErrorCode::InvalidAuthorizationDetails);
        error.error_description.unwrap()
    }

    #[test]
    fn the_example_of_the_design_reads_and_writes_the_same() {
        let read = parse_authorization_details(&json!([good()]).to_string()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), json!([good()]));
        assert_eq!(read[0].conversations, Conversations::All);
        let mut some = good();
        some["conversations"] = json!(["cnv_1", "cnv_2"]);
        let read: AuthorizationDetail = serde_json::from_value(some.clone()).unwrap();
        assert_eq!(
            read.conversations,
            Conversations::Only(vec!["cnv_1".into(), "cnv_2".into()])
        );
        assert_eq!(serde_json::to_value(&read).unwrap(), some);
    }

    #[test]
    fn each_member_is_required_and_named() {
        for name in [
            "type",
            "agreement",
            "purpose",
            "actions",
            "fields",
            "conversations",
            "until",
        ] {
            let mut element = good();
            element.as_object_mut().unwrap().remove(name);
            assert_eq!(fault(element), format!("`{name}` is missing"));
        }
    }

    #[test]
    fn a_wrong_json_type_is_named() {
        for name in [
            "type",
            "agreement",
            "purpose",
            "actions",
            "fields",
            "conversations",
            "until",
        ] {
            for wrong in [json!(5), json!(null), json!({}), json!([[]])] {
                let mut element = good();
                element[name] = wrong;
                assert!(fault(element).contains(&format!("`{name}`")), "{name}");
            }
        }
    }

    #[test]
    fn unknown_words_and_fields_are_named() {
        let with = |name: &str, value: Value| {
            let mut element = good();
            element[name] = value;
            fault(element)
        };
        assert_eq!(with("type", json!("outbox")), "unknown type `outbox`");
        assert_eq!(with("extra", json!(1)), "unknown field `extra`");
        assert_eq!(with("purpose", json!("fun")), "`purpose` has the unknown value `fun`");
        assert_eq!(
            with("actions", json!(["read", "peek"])),
            "`actions` has the unknown value `peek`"
        );
        assert_eq!(with("actions", json!([])), "`actions` has 0 elements, not 1 to 16");
        assert_eq!(with("fields", json!(["text", "text"])), "`fields` has `text` twice");
        assert_eq!(
            with("conversations", json!("some")),
            "`conversations` is neither `all` nor an array of ids"
        );
        assert!(with("until", json!("tomorrow")).starts_with("`until` is `tomorrow`"));
        for bad in [
            "films",
            "films@0",
            "films@01",
            "Films@1",
            "-f@1",
            "films@99999999999",
            "films@1@2",
            "films@+1",
        ] {
            assert!(with("agreement", json!(bad)).starts_with("`agreement` is"), "{bad}");
        }
    }

    #[test]
    fn a_member_given_twice_is_refused() {
        let text = json!([good()])
            .to_string()
            .replace(r#""type":"#, r#""type":"inbox","type":"#);
        let error = parse_authorization_details(&text).unwrap_err();
        assert!(error.error_description.unwrap().contains("`type` is there twice"));
    }

    #[test]
    fn size_and_count_are_bounded() {
        let many: Vec<Value> = (0..17).map(|_| json!({})).collect();
        assert!(
            parse_authorization_details(&json!(many).to_string())
                .unwrap_err()
                .to_string()
                .contains("17 elements")
        );
        assert!(parse_authorization_details("[]").is_err());
        assert!(
            parse_authorization_details("{}")
                .unwrap_err()
                .to_string()
                .contains("not an array")
        );
        let long = format!("[{}]", " ".repeat(4096));
        assert!(
            parse_authorization_details(&long)
                .unwrap_err()
                .to_string()
                .contains("4096 bytes")
        );
        let mut element = good();
        element["fields"] = json!((0..17).map(|_| "text").collect::<Vec<_>>());
        assert!(fault(element).contains("17 elements"));
    }
}
