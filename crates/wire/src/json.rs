//! JSON from strangers: no duplicate names (I-JSON, RFC 7493 section 2.3), no deep nesting, no endless text.

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::cell::RefCell;
use std::fmt;

/// Why text is not acceptable JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonFault {
    /// Longer than so many bytes.
    TooLong(usize),
    /// Nested deeper than so many levels.
    TooDeep(usize),
    /// An object names this member twice.
    Duplicate(String),
    /// Not JSON, at this line and column.
    Malformed(usize, usize),
}

impl fmt::Display for JsonFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(max) => write!(f, "more than {max} bytes of json"),
            Self::TooDeep(max) => write!(f, "json nested deeper than {max} levels"),
            Self::Duplicate(name) => write!(f, "the member `{name}` is there twice"),
            Self::Malformed(line, column) => write!(f, "not json at line {line}, column {column}"),
        }
    }
}

impl std::error::Error for JsonFault {}

/// Reads one JSON value of at most `max_bytes` bytes and `max_depth` levels.
pub fn parse(text: &[u8], max_bytes: usize, max_depth: usize) -> Result<Value, JsonFault> {
    if text.len() > max_bytes {
        return Err(JsonFault::TooLong(max_bytes));
    }
    let fault = RefCell::new(None);
    let mut reader = serde_json::Deserializer::from_slice(text);
    let strict = Strict {
        left: max_depth,
        max: max_depth,
        fault: &fault,
    };
    let value = strict
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value));
    value.map_err(|e| fault.take().unwrap_or(JsonFault::Malformed(e.line(), e.column())))
}

#[derive(Clone, Copy)]
struct Strict<'a> {
    left: usize,
    max: usize,
    /// Where the typed reason waits: serde's own error carries text only.
    fault: &'a RefCell<Option<JsonFault>>,
}

impl Strict<'_> {
    fn refuse<E: serde::de::Error>(&self, fault: JsonFault) -> E {
        *self.fault.borrow_mut() = Some(fault);
        E::custom("refused")
    }

    fn inner<E: serde::de::Error>(self) -> Result<Self, E> {
        match self.left.checked_sub(1) {
            Some(left) => Ok(Self { left, ..self }),
            None => Err(self.refuse(JsonFault::TooDeep(self.max))),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Value, D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("json")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(Value::Bool(v))
    }
    fn visit_i64<E>(self, v: i64) -> Result<Value, E> {
        Ok(Value::Number(v.into()))
    }
    fn visit_u64<E>(self, v: u64) -> Result<Value, E> {
        Ok(Value::Number(v.into()))
    }
    fn visit_f64<E: serde::de::Error>(self, v: f64) -> Result<Value, E> {
        Number::from_f64(v)
            .map(Value::Number)
            .ok_or_else(|| E::custom("not a finite number"))
    }
    fn visit_str<E>(self, v: &str) -> Result<Value, E> {
        Ok(Value::String(v.to_owned()))
    }
    fn visit_string<E>(self, v: String) -> Result<Value, E> {
        Ok(Value::String(v))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            if members.contains_key(&name) {
                return Err(self.refuse::<A::Error>(JsonFault::Duplicate(name.chars().take(80).collect())));
            }
            members.insert(name, map.next_value_seed(inner)?);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Value, JsonFault> {
        parse(text.as_bytes(), 1000, 4)
    }

    #[test]
    fn what_is_json_reads_as_serde_json_reads_it() {
        for text in [
            "null",
            "-5",
            "18446744073709551615",
            "1.5e3",
            r#""é\n""#,
            r#"{"a":[1,{"b":[]}],"c":true}"#,
        ] {
            assert_eq!(read(text), Ok(serde_json::from_str(text).unwrap()), "{text}");
        }
    }

    #[test]
    fn a_name_given_twice_is_refused() {
        assert_eq!(read(r#"{"x":{"a":1,"a":2}}"#), Err(JsonFault::Duplicate("a".into())));
    }

    #[test]
    fn depth_and_length_are_bounded() {
        assert!(read("[[[[]]]]").is_ok());
        assert_eq!(read("[[[[[]]]]]"), Err(JsonFault::TooDeep(4)));
        assert_eq!(read(&" ".repeat(1001)), Err(JsonFault::TooLong(1000)));
        let deep = "[".repeat(900);
        assert_eq!(read(&deep), Err(JsonFault::TooDeep(4)));
    }

    #[test]
    fn what_is_not_json_says_where() {
        assert_eq!(read("{\n\"a\":}"), Err(JsonFault::Malformed(2, 5)));
        assert!(matches!(read("1 2"), Err(JsonFault::Malformed(1, _))));
        assert!(matches!(read("\u{feff}1"), Err(JsonFault::Malformed(..))));
        assert!(matches!(parse(b"\"\xff\"", 10, 4), Err(JsonFault::Malformed(..))));
    }
}
