//! Which properties a client asked for (RFC 8620 section 5.1).

use super::MethodError;
use crate::limits::MAX_PROPERTIES;
use serde::Serialize;
use serde_json::Value;

/// Whether every asked-for property is one of these; else `invalidArguments` that names the first that is not.
pub fn require_known(asked: &[String], known: &[&str]) -> Result<(), MethodError> {
    if asked.len() > MAX_PROPERTIES {
        return Err(MethodError::invalid_arguments(format!(
            "more than {MAX_PROPERTIES} properties"
        )));
    }
    match asked.iter().find(|name| !known.contains(&name.as_str())) {
        Some(unknown) => {
            let unknown: String = unknown.chars().take(80).collect();
            Err(MethodError::invalid_arguments(format!("unknown property `{unknown}`")))
        }
        None => Ok(()),
    }
}

/// An object with only the asked-for properties, and its `id` always. `None`: all of them.
/// For small objects in small numbers; an `Email` has its own way.
pub fn select(object: &impl Serialize, asked: Option<&[String]>) -> Result<Value, MethodError> {
    let mut value = serde_json::to_value(object).map_err(|_| MethodError::server_fail())?;
    if let (Some(asked), Value::Object(members)) = (asked, &mut value) {
        members.retain(|name, _| name == "id" || asked.contains(name));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_id_always_stays() {
        let object = json!({"id": "x", "name": "Inbox", "role": "inbox"});
        assert_eq!(
            select(&object, Some(&["name".into()])).unwrap(),
            json!({"id": "x", "name": "Inbox"})
        );
        assert_eq!(select(&object, Some(&[])).unwrap(), json!({"id": "x"}));
        assert_eq!(select(&object, None).unwrap(), object);
    }

    #[test]
    fn an_unknown_property_is_named() {
        let error = require_known(&["id".into(), "nam".into()], &["id", "name"]).unwrap_err();
        assert_eq!(error.description.as_deref(), Some("unknown property `nam`"));
        assert!(require_known(&vec!["id".into(); 65], &["id"]).is_err());
    }
}
