//! Header fields as a client names them, written.

use crate::build::{BuildError, invalid};
use crate::encode;
use crate::header::{Field, Form};
use serde_json::Value;
use std::collections::BTreeSet;

/// Header fields as they are put together.
#[derive(Default)]
pub(crate) struct Fields {
    names: BTreeSet<String>,
    pub(crate) lines: String,
}

impl Fields {
    pub(crate) fn has(&self, name: &str) -> bool {
        self.names.contains(&name.to_ascii_lowercase())
    }

    /// `header:Name[:asForm][:all]`.
    pub(crate) fn asked(&mut self, asked: &str, value: &Value, is_message: bool) -> Result<(), BuildError> {
        let field = Field::parse(asked).map_err(|_| invalid(asked, "no such header property"))?;
        let lower = field.name.to_ascii_lowercase();
        if is_message && lower.starts_with("content-") {
            return Err(invalid(asked, "this belongs to a body part"));
        }
        if lower == "content-transfer-encoding" || lower == "mime-version" {
            return Err(invalid(asked, "the server sets this"));
        }
        self.add(asked, &field.name, field.form, field.all, value)
    }

    pub(crate) fn add(
        &mut self,
        asked: &str,
        name: &str,
        form: Form,
        all: bool,
        value: &Value,
    ) -> Result<(), BuildError> {
        if value.is_null() {
            return Ok(());
        }
        if !self.names.insert(name.to_ascii_lowercase()) {
            return Err(invalid(asked, "this header field is named twice"));
        }
        let one = [value.clone()];
        let values: &[Value] = match (all, value) {
            (false, _) => &one,
            (true, Value::Array(values)) => values,
            (true, _) => return Err(invalid(asked, "a list, one for each field")),
        };
        for value in values {
            let written =
                written(form, value).ok_or_else(|| invalid(asked, "this is of another type, or cannot be written"))?;
            self.lines.push_str(&format!("{name}:{written}\r\n"));
        }
        Ok(())
    }
}

/// A field's value in its form, from the space after the colon; `None` if it is of another type or would break its line.
fn written(form: Form, value: &Value) -> Option<String> {
    match form {
        Form::Raw => {
            let text = value.as_str()?;
            // Lines may be folded, and nothing else: a line that does not begin with space would be another field.
            let lines: Vec<&str> = text.split("\r\n").collect();
            let clean = |line: &&str| !line.contains(['\r', '\n', '\0']);
            let folded = lines
                .iter()
                .skip(1)
                .all(|line| line.starts_with([' ', '\t']) && !line.trim().is_empty());
            let spaced = if text.starts_with([' ', '\t']) {
                text.to_owned()
            } else {
                format!(" {text}")
            };
            (lines.iter().all(clean) && folded).then_some(spaced)
        }
        Form::Text => {
            let text = value.as_str()?;
            (!text.contains(['\r', '\n', '\0'])).then(|| encode::text(text))
        }
        Form::Addresses => {
            let list: Vec<String> = value.as_array()?.iter().map(address).collect::<Option<_>>()?;
            Some(encode::list(&list, ","))
        }
        Form::GroupedAddresses => {
            let groups = value.as_array()?.iter().map(|group| {
                let list: Vec<String> = group
                    .get("addresses")?
                    .as_array()?
                    .iter()
                    .map(address)
                    .collect::<Option<_>>()?;
                match group.get("name")? {
                    Value::Null => Some(list.join(",\r\n ")),
                    Value::String(name) if !name.contains(['\r', '\n', '\0']) => {
                        Some(format!("{}: {};", encode::phrase(name), list.join(",\r\n ")))
                    }
                    _ => None,
                }
            });
            Some(encode::list(&groups.collect::<Option<Vec<String>>>()?, ","))
        }
        Form::MessageIds => {
            let ids = value.as_array()?.iter().map(|id| {
                let id = id.as_str()?;
                let odd = |c: char| c.is_whitespace() || c.is_control() || c == '<' || c == '>';
                (!id.is_empty() && id.is_ascii() && !id.contains(odd)).then(|| format!("<{id}>"))
            });
            Some(encode::list(&ids.collect::<Option<Vec<String>>>()?, ""))
        }
        Form::Date => {
            let (seconds, offset) = rfc3339(value.as_str()?)?;
            Some(format!(" {}", encode::date(seconds, offset)))
        }
        Form::Urls => {
            let urls = value.as_array()?.iter().map(|url| {
                let url = url.as_str()?;
                let odd = |c: char| c.is_whitespace() || c.is_control() || c == '<' || c == '>';
                (!url.is_empty() && url.is_ascii() && !url.contains(odd)).then(|| format!("<{url}>"))
            });
            Some(encode::list(&urls.collect::<Option<Vec<String>>>()?, ","))
        }
    }
}

fn address(value: &Value) -> Option<String> {
    let email = value.get("email")?.as_str()?.trim();
    let odd = |c: char| c.is_whitespace() || c.is_control() || "<>,;".contains(c);
    if email.is_empty() || email.contains(odd) {
        return None;
    }
    let name = match value.get("name") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) if !name.contains(['\r', '\n', '\0']) => Some(name.as_str()),
        Some(_) => return None,
    };
    Some(encode::address(name, email))
}

/// A `Date` (RFC 3339): seconds since 1970, and the offset in minutes.
fn rfc3339(text: &str) -> Option<(i64, i64)> {
    let date = mail_parser::DateTime::parse_rfc3339(text).filter(mail_parser::DateTime::is_valid)?;
    let offset = i64::from(date.tz_hour) * 60 + i64::from(date.tz_minute);
    Some((date.to_timestamp(), if date.tz_before_gmt { -offset } else { offset }))
}
