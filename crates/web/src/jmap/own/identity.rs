//! `Identity/get`, `/changes` and `/set` (RFC 8621 section 6): the names she writes under, all with her own address.

use super::standard::{
    Each, SetArguments, SetError, SetResult, changes_response, found, get_response, numbers_of, patched, selected,
    state_of,
};
use super::{Arguments, Outcome, Own, checked};
use app::Error;
use app::mail::{ObjectKind, parse_id, show_id};
use serde_json::{Map, Value, json};
use wire::jmap::{ChangesArguments, GetArguments, MethodErrorType, parse_arguments, require_known};

const PROPERTIES: [&str; 8] = [
    "id",
    "name",
    "email",
    "replyTo",
    "bcc",
    "textSignature",
    "htmlSignature",
    "mayDelete",
];
/// The one that everyone has.
const FIRST: [u8; 16] = [0; 16];
/// Characters of a name or signature.
const TEXT_LIMIT: usize = 10_000;

impl Own<'_> {
    /// Her address on this platform.
    pub(super) async fn address(&self) -> Result<String, Error> {
        let person = self.web.app.person(self.mail.owner()).await?.ok_or(Error::NotFound)?;
        Ok(format!("{}@{}", person.handle, self.host))
    }

    /// All identities; the first is always there.
    pub(super) async fn identities(&self) -> Result<Vec<Map<String, Value>>, Error> {
        let person = self.web.app.person(self.mail.owner()).await?.ok_or(Error::NotFound)?;
        let first = json!({
            "id": show_id(FIRST),
            "name": person.name,
            "email": format!("{}@{}", person.handle, self.host),
            "replyTo": null,
            "bcc": null,
            "textSignature": "",
            "htmlSignature": "",
            "mayDelete": false,
        });
        let mut all: Vec<Map<String, Value>> = Vec::new();
        for (id, mut object) in self.mail.objects(ObjectKind::Identity).await? {
            object.insert("id".to_owned(), Value::from(show_id(id)));
            object.insert("mayDelete".to_owned(), Value::from(id != FIRST));
            all.push(object);
        }
        let has_first = all
            .iter()
            .any(|o| o.get("id").and_then(Value::as_str) == Some(show_id(FIRST).as_str()));
        if let (false, Value::Object(first)) = (has_first, first) {
            all.insert(0, first);
        }
        Ok(all)
    }

    async fn identity_state(&self) -> Result<String, Error> {
        Ok(state_of(&[self.mail.objects_state(ObjectKind::Identity).await?]))
    }

    pub(super) async fn identity_get(&mut self, arguments: Arguments) -> Outcome {
        let asked = checked!(GetArguments::parse(arguments));
        let properties = asked.properties.as_deref();
        checked!(properties.map_or(Ok(()), |p| require_known(p, &PROPERTIES)));
        let state = self.identity_state().await?;
        let all = self.identities().await?;
        let id = |object: &Map<String, Value>| object.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let with_ids: Vec<(String, Map<String, Value>)> = all.into_iter().map(|o| (id(&o), o)).collect();
        let (list, not_found) = found(&with_ids, asked.ids.as_deref(), |(id, _)| id);
        let list = list
            .into_iter()
            .map(|(_, o)| selected(Value::Object(o.clone()), properties))
            .collect();
        Ok(Ok(vec![(
            "Identity/get",
            get_response(&self.account, &state, list, not_found),
        )]))
    }

    pub(super) async fn identity_changes(&mut self, arguments: Arguments) -> Outcome {
        let asked: ChangesArguments = checked!(parse_arguments(arguments));
        let [since] = checked!(numbers_of::<1>(&asked.since_state));
        let Some(changes) = self.mail.object_changes(ObjectKind::Identity, since).await? else {
            return Ok(Err(MethodErrorType::CannotCalculateChanges.into()));
        };
        let happened = changes
            .changed
            .into_iter()
            .map(|(id, (is_new, is_there))| (show_id(id), (is_new && id != FIRST, is_there || id == FIRST)))
            .filter(|(_, (is_new, is_there))| *is_there || !is_new)
            .collect();
        let new = state_of(&[changes.new_state]);
        let response = changes_response(&self.account, &asked.since_state, &new, changes.more, &happened);
        Ok(Ok(vec![("Identity/changes", response)]))
    }

    pub(super) async fn identity_set(&mut self, arguments: Arguments) -> Outcome {
        let asked = checked!(SetArguments::parse(arguments, &[]));
        let old_state = self.identity_state().await?;
        checked!(asked.in_state(&old_state));
        let mut result = SetResult::default();
        for (name, object) in asked.create {
            let made = self.identity_create(&name, &object).await?;
            if let Ok(members) = &made
                && let Some(id) = members.get("id").and_then(Value::as_str)
            {
                self.made(&name, id);
            }
            result.create(name, made);
        }
        for (id, patch) in asked.update {
            let changed = self.identity_update(&id, &patch).await?;
            result.update(id, changed);
        }
        for id in asked.destroy {
            let removed = self.identity_destroy(&id).await?;
            result.destroy(id, removed);
        }
        let new_state = self.identity_state().await?;
        Ok(Ok(vec![(
            "Identity/set",
            result.into_value(&self.account, &old_state, &new_state),
        )]))
    }

    async fn identity_create(&self, name: &str, object: &Map<String, Value>) -> Each<Value> {
        let defaults = json!({"name": "", "replyTo": null, "bcc": null, "textSignature": "", "htmlSignature": ""});
        let Value::Object(mut whole) = defaults else {
            return Ok(Err(SetError::properties(&[], "")));
        };
        whole.extend(object.clone());
        if let Some(server) = ["id", "mayDelete"].iter().find(|name| object.contains_key(**name)) {
            return Ok(Err(SetError::properties(&[server], "the server sets this")));
        }
        let address = self.address().await?;
        match whole.get("email") {
            Some(Value::String(email)) if email.eq_ignore_ascii_case(&address) => {}
            Some(Value::String(_)) => return Ok(Err(SetError::new("forbiddenFrom", "this address is not hers"))),
            _ => return Ok(Err(SetError::properties(&["email"], "her address"))),
        }
        if let Err(error) = check(&whole) {
            return Ok(Err(error));
        }
        let id = self.new_id("Identity/set", name);
        self.mail.object_put(ObjectKind::Identity, id, Some(&whole)).await?;
        let mut told = Map::from_iter([
            ("id".to_owned(), Value::from(show_id(id))),
            ("mayDelete".to_owned(), Value::Bool(true)),
        ]);
        told.extend(whole.into_iter().filter(|(name, _)| !object.contains_key(name)));
        Ok(Ok(Value::Object(told)))
    }

    async fn identity_update(&self, id: &str, patch: &Map<String, Value>) -> Each<Value> {
        let real = self.real_id(id).unwrap_or_default();
        let all = self.identities().await?;
        let of = |o: &&Map<String, Value>| o.get("id").and_then(Value::as_str) == Some(real.as_str());
        let (Some(before), Some(key)) = (all.iter().find(of), parse_id(&real)) else {
            return Ok(Err(SetError::not_found()));
        };
        let mut after = match patched(before, patch) {
            Ok(after) => after,
            Err(error) => return Ok(Err(error)),
        };
        for server in ["id", "email", "mayDelete"] {
            if after.get(server) != before.get(server) {
                return Ok(Err(SetError::properties(&[server], "this does not change")));
            }
        }
        for text in ["name", "textSignature", "htmlSignature"] {
            if after.get(text).is_none_or(Value::is_null) {
                after.insert(text.to_owned(), Value::from(""));
            }
        }
        if let Err(error) = check(&after) {
            return Ok(Err(error));
        }
        self.mail.object_put(ObjectKind::Identity, key, Some(&after)).await?;
        Ok(Ok(Value::Null))
    }

    async fn identity_destroy(&self, id: &str) -> Each<()> {
        let real = self.real_id(id).unwrap_or_default();
        let Some(key) = parse_id(&real) else {
            return Ok(Err(SetError::not_found()));
        };
        if key == FIRST {
            return Ok(Err(SetError::new("forbidden", "this one stays")));
        }
        if self.mail.object(ObjectKind::Identity, key).await?.is_none() {
            return Ok(Err(SetError::not_found()));
        }
        self.mail.object_put(ObjectKind::Identity, key, None).await?;
        Ok(Ok(()))
    }
}

/// Whether each member is of its type, and there are no others.
fn check(identity: &Map<String, Value>) -> Result<(), SetError> {
    for (name, value) in identity {
        let is_text = |value: &Value| value.as_str().is_some_and(|text| text.chars().count() <= TEXT_LIMIT);
        let right = match name.as_str() {
            "id" | "email" | "mayDelete" => true,
            "name" => is_text(value) && !value.as_str().is_some_and(|text| text.chars().any(char::is_control)),
            "textSignature" | "htmlSignature" => is_text(value),
            "replyTo" | "bcc" => value.is_null() || value.as_array().is_some_and(|list| list.iter().all(is_address)),
            _ => return Err(SetError::properties(&[name], "an identity has no such property")),
        };
        if !right {
            return Err(SetError::properties(&[name], "this is of another type, or too long"));
        }
    }
    Ok(())
}

/// An `EmailAddress` object.
pub(super) fn is_address(value: &Value) -> bool {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    text("email").is_some_and(|email| email.len() <= 320)
        && value.get("name").is_none_or(|n| n.is_null() || n.is_string())
}
