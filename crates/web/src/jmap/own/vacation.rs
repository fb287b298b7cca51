//! `VacationResponse/get` and `/set` (RFC 8621 section 8): her away reply.

use super::standard::{SetArguments, SetError, SetResult, found, get_response, patched, selected, state_of};
use super::{Arguments, Outcome, Own, checked};
use app::Error;
use app::mail::ObjectKind;
use serde_json::{Map, Value, json};
use wire::jmap::{GetArguments, require_known};

const PROPERTIES: [&str; 7] = [
    "id",
    "isEnabled",
    "fromDate",
    "toDate",
    "subject",
    "textBody",
    "htmlBody",
];
/// There is one.
const ID: &str = "singleton";
const KEY: [u8; 16] = [0; 16];
/// Bytes of each text.
const TEXT_LIMIT: usize = 100_000;

impl Own<'_> {
    async fn vacation(&self) -> Result<Map<String, Value>, Error> {
        vacation_of(&self.mail).await
    }

    async fn vacation_state(&self) -> Result<String, Error> {
        Ok(state_of(&[self.mail.objects_state(ObjectKind::Vacation).await?]))
    }

    pub(super) async fn vacation_get(&mut self, arguments: Arguments) -> Outcome {
        let asked = checked!(GetArguments::parse(arguments));
        let properties = asked.properties.as_deref();
        checked!(properties.map_or(Ok(()), |p| require_known(p, &PROPERTIES)));
        let state = self.vacation_state().await?;
        let all = [self.vacation().await?];
        let (list, not_found) = found(&all, asked.ids.as_deref(), |_| ID);
        let list = list
            .into_iter()
            .map(|o| selected(Value::Object(o.clone()), properties))
            .collect();
        Ok(Ok(vec![(
            "VacationResponse/get",
            get_response(&self.account, &state, list, not_found),
        )]))
    }

    pub(super) async fn vacation_set(&mut self, arguments: Arguments) -> Outcome {
        let asked = checked!(SetArguments::parse(arguments, &[]));
        let old_state = self.vacation_state().await?;
        checked!(asked.in_state(&old_state));
        let mut result = SetResult::default();
        for (name, _) in asked.create {
            result.create(name, Err(SetError::new("singleton", "there is one, and it stays")));
        }
        for (id, patch) in asked.update {
            let changed = match id == ID {
                true => self.vacation_update(&patch).await?,
                false => Err(SetError::not_found()),
            };
            result.update(id, changed);
        }
        for id in asked.destroy {
            let error = match id == ID {
                true => SetError::new("singleton", "there is one, and it stays"),
                false => SetError::not_found(),
            };
            result.destroy(id, Err(error));
        }
        let new_state = self.vacation_state().await?;
        Ok(Ok(vec![(
            "VacationResponse/set",
            result.into_value(&self.account, &old_state, &new_state),
        )]))
    }

    async fn vacation_update(&self, patch: &Map<String, Value>) -> super::standard::Each<Value> {
        let before = self.vacation().await?;
        let after = match patched(&before, patch) {
            Ok(after) => after,
            Err(error) => return Ok(Err(error)),
        };
        for (name, value) in &after {
            let is_text = value.is_null() || value.as_str().is_some_and(|text| text.len() <= TEXT_LIMIT);
            let right = match name.as_str() {
                "id" => value == ID,
                "isEnabled" => value.is_boolean(),
                "fromDate" | "toDate" => value.is_null() || value.as_str().is_some_and(wire::is_utc_date),
                "subject" => is_text && !value.as_str().is_some_and(|text| text.chars().any(char::is_control)),
                "textBody" | "htmlBody" => is_text,
                _ => return Ok(Err(SetError::properties(&[name], "there is no such property"))),
            };
            if !right {
                return Ok(Err(SetError::properties(
                    &[name],
                    "this is of another type, or too long",
                )));
            }
        }
        self.mail.object_put(ObjectKind::Vacation, KEY, Some(&after)).await?;
        Ok(Ok(Value::Null))
    }
}

/// A person's away reply.
pub(super) async fn vacation_of(mail: &app::mail::Mail<'_>) -> Result<Map<String, Value>, Error> {
    let none = json!({
        "id": ID, "isEnabled": false, "fromDate": null, "toDate": null, "subject": null, "textBody": null, "htmlBody": null,
    });
    let there = mail.object(ObjectKind::Vacation, KEY).await?;
    Ok(match (there, none) {
        (Some(there), _) => there,
        (None, Value::Object(none)) => none,
        (None, _) => Map::new(),
    })
}
