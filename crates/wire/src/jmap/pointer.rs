//! A JSON Pointer (RFC 6901) in which `*` maps over an array (RFC 8620 section 3.7), followed through JSON text in one pass:
//! what it does not point at is skipped, never held.

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::cell::Cell;
use std::fmt;

/// What a value takes in memory besides its text. A short answer can be many small values.
const NODE: usize = size_of::<Value>();
/// What an object takes that has any member: the map keeps them in nodes of eleven.
const OBJECT: usize = 11 * (size_of::<String>() + NODE);

/// Why there is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PointerFault {
    /// It points nowhere.
    Nowhere,
    /// What it points at takes more than is left.
    TooLarge,
}

/// The reference tokens of a JSON Pointer, unescaped; `None` if it is not one.
pub fn tokens(pointer: &str) -> Option<Vec<String>> {
    let mut parts = pointer.split('/');
    if parts.next() != Some("") {
        return None;
    }
    parts.map(unescape).collect()
}

/// `~1` is `/` and `~0` is `~`; `~` before anything else is an error (RFC 6901 section 3).
fn unescape(token: &str) -> Option<String> {
    let mut plain = String::with_capacity(token.len());
    let mut chars = token.chars();
    while let Some(c) = chars.next() {
        plain.push(match c {
            '~' => match chars.next() {
                Some('0') => '~',
                Some('1') => '/',
                _ => return None,
            },
            c => c,
        });
    }
    Some(plain)
}

/// What `tokens` point at in `text`, if it takes no more memory than `left`, which is lessened by it.
pub fn follow(text: &str, tokens: &[String], left: &mut usize) -> Result<Value, PointerFault> {
    let (rest, over) = (Cell::new(*left), Cell::new(false));
    let walk = Walk {
        tokens,
        left: &rest,
        over: &over,
    };
    let found = walk.deserialize(&mut serde_json::Deserializer::from_str(text));
    *left = rest.get();
    found.map_err(|_| match over.get() {
        true => PointerFault::TooLarge,
        false => PointerFault::Nowhere,
    })
}

/// A step on the way.
#[derive(Clone, Copy)]
struct Walk<'a> {
    tokens: &'a [String],
    left: &'a Cell<usize>,
    /// Whether `left` did not suffice: an error of serde carries text only.
    over: &'a Cell<bool>,
}

impl Walk<'_> {
    fn take<E: Error>(&self, bytes: usize) -> Result<(), E> {
        match self.left.get().checked_sub(bytes) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => {
                self.over.set(true);
                Err(E::custom("too large"))
            }
        }
    }

    /// A value that has no parts.
    fn scalar<E: Error>(self, bytes: usize, value: impl FnOnce() -> Value) -> Result<Value, E> {
        if !self.tokens.is_empty() {
            return Err(nowhere());
        }
        self.take(NODE + bytes)?;
        Ok(value())
    }
}

fn nowhere<E: Error>() -> E {
    E::custom("nowhere")
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Value, D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("json")
    }
    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        self.scalar(0, || Value::Null)
    }
    fn visit_bool<E: Error>(self, v: bool) -> Result<Value, E> {
        self.scalar(0, || v.into())
    }
    fn visit_i64<E: Error>(self, v: i64) -> Result<Value, E> {
        self.scalar(0, || v.into())
    }
    fn visit_u64<E: Error>(self, v: u64) -> Result<Value, E> {
        self.scalar(0, || v.into())
    }
    fn visit_f64<E: Error>(self, v: f64) -> Result<Value, E> {
        self.scalar(0, || Number::from_f64(v).map_or(Value::Null, Value::Number))
    }
    fn visit_str<E: Error>(self, v: &str) -> Result<Value, E> {
        self.scalar(v.len(), || v.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        let Some((token, rest)) = self.tokens.split_first() else {
            self.take(NODE)?;
            while let Some(item) = seq.next_element_seed(self)? {
                items.push(item);
            }
            return Ok(Value::Array(items));
        };
        let next = Walk { tokens: rest, ..self };
        if token == "*" {
            self.take(NODE)?;
            while let Some(item) = seq.next_element_seed(next)? {
                match item {
                    // One level is flattened, so that ids of ids are ids.
                    Value::Array(inner) => items.extend(inner),
                    one => items.push(one),
                }
            }
            return Ok(Value::Array(items));
        }
        for _ in 0..index(token).ok_or_else(nowhere)? {
            seq.next_element::<IgnoredAny>()?.ok_or_else(nowhere)?;
        }
        let found = seq.next_element_seed(next)?.ok_or_else(nowhere)?;
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(found)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let Some((token, rest)) = self.tokens.split_first() else {
            self.take(NODE)?;
            let mut members = Map::new();
            while let Some(name) = map.next_key::<String>()? {
                self.take(
                    name.len()
                        + if members.is_empty() {
                            OBJECT
                        } else {
                            size_of::<String>()
                        },
                )?;
                members.insert(name, map.next_value_seed(self)?);
            }
            return Ok(Value::Object(members));
        };
        let mut found = None;
        while let Some(name) = map.next_key::<String>()? {
            match name == *token {
                true => found = Some(map.next_value_seed(Walk { tokens: rest, ..self })?),
                false => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        found.ok_or_else(nowhere)
    }
}

/// An array index: digits without a leading zero. `-`, the element after the last, never exists in an answer.
fn index(token: &str) -> Option<usize> {
    let digits = !token.is_empty() && token.bytes().all(|b| b.is_ascii_digit());
    (digits && (token == "0" || !token.starts_with('0'))).then(|| token.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_is_paid_for_and_what_is_passed_by_is_not() {
        let text = format!(r#"{{"big": "{}", "small": ["a", "bc"]}}"#, "x".repeat(100_000));
        let small = tokens("/small").unwrap();
        let mut left = 1_000;
        assert_eq!(follow(&text, &small, &mut left), Ok(serde_json::json!(["a", "bc"])));
        assert_eq!(left, 1_000 - 3 * NODE - 3);
        assert_eq!(
            follow(&text, &tokens("/big").unwrap(), &mut left),
            Err(PointerFault::TooLarge)
        );
        assert_eq!(
            follow(&text, &tokens("/none").unwrap(), &mut left),
            Err(PointerFault::Nowhere)
        );
    }

    #[test]
    fn many_small_values_are_not_cheap() {
        let text = format!("[{}]", vec![r#"{"a":0}"#; 1_000].join(","));
        assert_eq!(follow(&text, &[], &mut 500_000), Err(PointerFault::TooLarge));
        assert!(follow(&text, &[], &mut 1_000_000).is_ok());
    }
}
