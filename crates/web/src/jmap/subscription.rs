//! `PushSubscription/get` and `/set` (RFC 8620 section 7.2): where a person's apps, and partners, want to be told that
//! something has changed.

use super::methods::{Outcome, check};
use super::own::standard::{Each, SetArguments, SetError, SetResult, patched, selected};
use crate::Web;
use crate::push::{self, Address};
use app::mail::{Mail, Object, ObjectKind, parse_id, show_id};
use app::{Error, Subscriptions};
use model::Time;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashSet};
use wire::jmap::{MethodError, MethodErrorType};

type Arguments = Map<String, Value>;

const PROPERTIES: [&str; 5] = ["id", "deviceClientId", "verificationCode", "expires", "types"];
/// Subscriptions a person has at most, and a partner under one grant.
const MOST: usize = 20;
/// Days a subscription lasts if its client does not say, and at most.
const DAYS: (i64, i64) = (7, 30);
/// Characters of a text.
const TEXT: usize = 1_000;

/// Where the subscriptions are kept.
pub enum Keep<'a, 'app> {
    /// A person's own apps'.
    Own(&'a Mail<'app>),
    /// A partner's, under one grant.
    Partner(Subscriptions<'app>),
}

impl Keep<'_, '_> {
    async fn list(&self) -> Result<Vec<([u8; 16], Object)>, Error> {
        match self {
            Self::Own(mail) => mail.objects(ObjectKind::Push).await,
            Self::Partner(subscriptions) => subscriptions.list().await,
        }
    }

    async fn get(&self, id: [u8; 16]) -> Result<Option<Object>, Error> {
        match self {
            Self::Own(mail) => mail.object(ObjectKind::Push, id).await,
            Self::Partner(subscriptions) => subscriptions.get(id).await,
        }
    }

    async fn put(&self, id: [u8; 16], object: Option<&Object>) -> Result<(), Error> {
        match self {
            Self::Own(mail) => {
                mail.object_put(ObjectKind::Push, id, object).await?;
                match object {
                    Some(_) => mail.push_listed().await,
                    None => Ok(()),
                }
            }
            Self::Partner(subscriptions) => subscriptions.put(id, object).await,
        }
    }

    fn new_id(&self) -> [u8; 16] {
        match self {
            Self::Own(mail) => mail.new_id(),
            Self::Partner(subscriptions) => subscriptions.new_id(),
        }
    }

    fn now(&self) -> Time {
        match self {
            Self::Own(mail) => mail.now(),
            Self::Partner(subscriptions) => subscriptions.now(),
        }
    }
}

/// Someone who subscribes.
pub struct Subscribing<'a, 'app> {
    /// The platform.
    pub web: &'a Web,
    /// Where the subscriptions are kept.
    pub keep: Keep<'a, 'app>,
    /// What this request has made, by the client's name for it.
    pub created: &'a mut BTreeMap<String, String>,
}

impl Subscribing<'_, '_> {
    /// `PushSubscription/get`.
    pub async fn get(&self, mut arguments: Arguments) -> Outcome<Value> {
        let ids: Option<Vec<String>> = check!(member(&mut arguments, "ids"));
        let properties: Option<Vec<String>> = check!(member(&mut arguments, "properties"));
        check!(none_left(&arguments));
        for name in properties.iter().flatten() {
            // What was told here once is nobody's to read.
            if name == "url" || name == "keys" {
                return Ok(Err(MethodErrorType::Forbidden.into()));
            }
            if !PROPERTIES.contains(&name.as_str()) {
                return Ok(Err(MethodError::invalid_arguments(format!(
                    "unknown property `{name}`"
                ))));
            }
        }
        let all = self.keep.list().await?;
        let (mut list, mut not_found, mut found) = (Vec::new(), Vec::new(), HashSet::new());
        for (id, object) in all {
            let id = show_id(id);
            if ids.as_ref().is_none_or(|ids| ids.contains(&id)) {
                found.insert(id.clone());
                list.push(selected(shown(&id, &object), properties.as_deref()));
            }
        }
        not_found.extend(ids.into_iter().flatten().filter(|id| !found.contains(id)));
        Ok(Ok(json!({"list": list, "notFound": not_found})))
    }

    /// `PushSubscription/set`.
    pub async fn set(&mut self, arguments: Arguments) -> Outcome<Value> {
        let asked = check!(SetArguments::parse(arguments, &[]));
        if asked.if_in_state.is_some() {
            return Ok(Err(MethodError::invalid_arguments("these have no state")));
        }
        let mut result = SetResult::default();
        for (name, object) in asked.create {
            let made = self.push_create(&object).await?;
            if let Ok(Value::Object(members)) = &made
                && let Some(id) = members.get("id").and_then(Value::as_str)
            {
                self.created.insert(name.clone(), id.to_owned());
            }
            result.create(name, made);
        }
        for (id, patch) in asked.update {
            let changed = self.push_update(&id, &patch).await?;
            result.update(id, changed);
        }
        for id in asked.destroy {
            let key = self.real_id(&id);
            let there = match key {
                Some(key) => self.keep.get(key).await?.map(|_| key),
                None => None,
            };
            let removed = match there {
                None => Err(SetError::not_found()),
                Some(key) => {
                    self.keep.put(key, None).await?;
                    Ok(())
                }
            };
            result.destroy(id, removed);
        }
        let mut response = result.into_value("", "", "");
        if let Value::Object(members) = &mut response {
            // Of the user, not of an account, and without a state (section 7.2.2).
            members.retain(|name, _| !["accountId", "oldState", "newState"].contains(&name.as_str()));
        }
        Ok(Ok(response))
    }

    fn real_id(&self, id: &str) -> Option<[u8; 16]> {
        match id.strip_prefix('#') {
            Some(name) => self.created.get(name).and_then(|id| parse_id(id)),
            None => parse_id(id),
        }
    }

    async fn push_create(&self, object: &Map<String, Value>) -> Each<Value> {
        let known = ["deviceClientId", "url", "keys", "verificationCode", "expires", "types"];
        if let Some(unknown) = object.keys().find(|name| !known.contains(&name.as_str())) {
            return Ok(Err(SetError::properties(
                &[unknown],
                "there is no such property, or the server sets it",
            )));
        }
        if object.get("verificationCode").is_some_and(|code| !code.is_null()) {
            return Ok(Err(SetError::properties(
                &["verificationCode"],
                "it is sent to the address first",
            )));
        }
        match object.get("deviceClientId") {
            Some(Value::String(id)) if (1..=TEXT).contains(&id.len()) => {}
            _ => return Ok(Err(SetError::properties(&["deviceClientId"], "a text"))),
        }
        let address = match Address::of(object.get("url"), object.get("keys")) {
            Ok(address) => address,
            Err(property) => return Ok(Err(SetError::properties(&[property], "this cannot be pushed to"))),
        };
        let mut stored = object.clone();
        if let Err(error) = self.terms(&mut stored, object.get("expires")) {
            return Ok(Err(error));
        }
        if self.keep.list().await?.len() >= MOST {
            return Ok(Err(SetError::new(
                "overQuota",
                "there are as many subscriptions as there may be",
            )));
        }
        let id = self.keep.new_id();
        let code = self.web.app.fresh_name();
        stored.insert("code".to_owned(), Value::from(code.as_str()));
        stored.remove("verificationCode");
        self.keep.put(id, Some(&stored)).await?;
        let verification =
            json!({"@type": "PushVerification", "pushSubscriptionId": show_id(id), "verificationCode": code});
        push::send_soon(self.web, address, verification);
        let mut told = Map::from_iter([("id".to_owned(), Value::from(show_id(id)))]);
        for name in ["expires", "types", "keys"] {
            let value = stored.get(name).cloned().unwrap_or(Value::Null);
            if object.get(name) != Some(&value) {
                told.insert(name.to_owned(), value);
            }
        }
        Ok(Ok(Value::Object(told)))
    }

    /// Checks types and sets how long it lasts.
    fn terms(&self, stored: &mut Map<String, Value>, expires: Option<&Value>) -> Result<(), SetError> {
        let is_type = |value: &Value| value.as_str().is_some_and(|name| (1..=TEXT).contains(&name.len()));
        let types = stored.entry("types").or_insert(Value::Null);
        if !(types.is_null()
            || types
                .as_array()
                .is_some_and(|list| list.len() <= 100 && list.iter().all(is_type)))
        {
            return Err(SetError::properties(&["types"], "a list of types, or null"));
        }
        let now = self.keep.now();
        let until = match expires {
            None | Some(Value::Null) => now.plus_days(DAYS.0),
            Some(Value::String(text)) if wire::is_utc_date(text) => {
                let asked: Time = text
                    .parse()
                    .map_err(|_| SetError::properties(&["expires"], "a UTC date"))?;
                asked.min(now.plus_days(DAYS.1))
            }
            Some(_) => return Err(SetError::properties(&["expires"], "a UTC date")),
        };
        if until <= now {
            return Err(SetError::properties(&["expires"], "this is over"));
        }
        stored.insert("expires".to_owned(), Value::from(until.to_string()));
        Ok(())
    }

    async fn push_update(&self, id: &str, patch: &Map<String, Value>) -> Each<Value> {
        let Some(key) = self.real_id(id) else {
            return Ok(Err(SetError::not_found()));
        };
        let Some(before) = self.keep.get(key).await? else {
            return Ok(Err(SetError::not_found()));
        };
        for name in patch.keys() {
            if !["verificationCode", "expires", "types"].contains(&name.as_str()) {
                return Ok(Err(SetError::properties(&[name], "this does not change")));
            }
        }
        let mut after = match patched(&before, patch) {
            Ok(after) => after,
            Err(error) => return Ok(Err(error)),
        };
        if let Some(code) = patch.get("verificationCode")
            && Some(code) != before.get("code")
        {
            return Ok(Err(SetError::properties(
                &["verificationCode"],
                "this is not what was sent",
            )));
        }
        let expires = patch.get("expires").or(before.get("expires")).cloned();
        if let Err(error) = self.terms(&mut after, expires.as_ref()) {
            return Ok(Err(error));
        }
        self.keep.put(key, Some(&after)).await?;
        let told = patch
            .get("expires")
            .is_some_and(|asked| Some(asked) != after.get("expires"));
        Ok(Ok(match (told, after.get("expires")) {
            (true, Some(expires)) => json!({"expires": expires}),
            _ => Value::Null,
        }))
    }
}

/// What its client may read of a subscription.
fn shown(id: &str, object: &Map<String, Value>) -> Value {
    let of = |name: &str| object.get(name).cloned().unwrap_or(Value::Null);
    json!({
        "id": id,
        "deviceClientId": of("deviceClientId"),
        "verificationCode": of("verificationCode"),
        "expires": of("expires"),
        "types": of("types"),
    })
}

fn member<T: serde::de::DeserializeOwned>(arguments: &mut Arguments, name: &str) -> Result<Option<T>, MethodError> {
    let value = arguments.remove(name).unwrap_or(Value::Null);
    serde_json::from_value(value).map_err(|_| MethodError::invalid_arguments(format!("`{name}` is of another type")))
}

fn none_left(arguments: &Arguments) -> Result<(), MethodError> {
    match arguments.keys().next() {
        None => Ok(()),
        Some(name) => Err(MethodError::invalid_arguments(format!("unknown argument `{name}`"))),
    }
}
