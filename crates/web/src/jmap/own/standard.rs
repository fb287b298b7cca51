//! What the standard methods have in common (RFC 8620 section 5).

use super::{Arguments, Own};
use app::Error;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use wire::jmap::{MethodError, MethodErrorType};
use wire::limits::{MAX_JSON_DEPTH, MAX_OBJECTS_IN_SET, MAX_QUERY_LIMIT};

/// Why one object of a `/set` was not made, changed or destroyed (RFC 8620 section 5.3).
#[derive(Debug, Clone, PartialEq)]
pub struct SetError(Map<String, Value>);

impl SetError {
    /// An error of a type.
    pub fn new(kind: &str, description: &str) -> Self {
        let mut members = Map::from_iter([("type".to_owned(), Value::from(kind))]);
        if !description.is_empty() {
            members.insert("description".to_owned(), Value::from(description));
        }
        Self(members)
    }

    /// `invalidProperties`, and which.
    pub fn properties(names: &[&str], description: &str) -> Self {
        Self::new("invalidProperties", description).with("properties", json!(names))
    }

    /// `notFound`.
    pub fn not_found() -> Self {
        Self::new("notFound", "")
    }

    /// With one more member.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    fn into_value(self) -> Value {
        Value::Object(self.0)
    }
}

/// Arguments of a `/set`.
#[derive(Debug, Default)]
pub struct SetArguments {
    /// Only if this is the state.
    pub if_in_state: Option<String>,
    /// By the client's name for each.
    pub create: Vec<(String, Map<String, Value>)>,
    /// By id.
    pub update: Vec<(String, Map<String, Value>)>,
    /// Ids.
    pub destroy: Vec<String>,
    /// Those of this method alone.
    pub rest: Map<String, Value>,
}

impl SetArguments {
    /// Reads and bounds them; members besides the standard ones and `extra` are `invalidArguments`.
    pub fn parse(mut arguments: Arguments, extra: &[&str]) -> Result<Self, MethodError> {
        let invalid = |name: &str| MethodError::invalid_arguments(format!("`{name}` is of another type"));
        arguments.remove("accountId");
        let if_in_state = match arguments.remove("ifInState") {
            None | Some(Value::Null) => None,
            Some(Value::String(state)) => Some(state),
            Some(_) => return Err(invalid("ifInState")),
        };
        let mut objects = |name: &str| match arguments.remove(name) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Object(objects)) => objects
                .into_iter()
                .map(|(id, object)| match object {
                    Value::Object(members) => Ok((id, members)),
                    _ => Err(invalid(name)),
                })
                .collect(),
            Some(_) => Err(invalid(name)),
        };
        let (create, update) = (objects("create")?, objects("update")?);
        let destroy: Vec<String> = match arguments.remove("destroy") {
            None | Some(Value::Null) => Vec::new(),
            Some(ids) => serde_json::from_value(ids).map_err(|_| invalid("destroy"))?,
        };
        if let Some(unknown) = arguments.keys().find(|name| !extra.contains(&name.as_str())) {
            let unknown: String = unknown.chars().take(80).collect();
            return Err(MethodError::invalid_arguments(format!("unknown argument `{unknown}`")));
        }
        if create.len() + update.len() + destroy.len() > MAX_OBJECTS_IN_SET {
            let why = format!("more objects than the limit `maxObjectsInSet` of {MAX_OBJECTS_IN_SET}");
            return Err(MethodError::new(MethodErrorType::RequestTooLarge, why));
        }
        Ok(Self {
            if_in_state,
            create,
            update,
            destroy,
            rest: arguments,
        })
    }

    /// `stateMismatch` unless the state is the one the client goes by.
    pub fn in_state(&self, state: &str) -> Result<(), MethodError> {
        match &self.if_in_state {
            Some(expected) if expected != state => Err(MethodErrorType::StateMismatch.into()),
            _ => Ok(()),
        }
    }
}

/// What a `/set` has done.
#[derive(Debug, Default)]
pub struct SetResult {
    created: Map<String, Value>,
    updated: Map<String, Value>,
    destroyed: Vec<String>,
    not_created: Map<String, Value>,
    not_updated: Map<String, Value>,
    not_destroyed: Map<String, Value>,
}

impl SetResult {
    /// One was made: what the server has set in it, or why not.
    pub fn create(&mut self, name: String, result: Result<Value, SetError>) {
        match result {
            Ok(object) => self.created.insert(name, object),
            Err(error) => self.not_created.insert(name, error.into_value()),
        };
    }

    /// One was changed, to something else than the client said (`Some`) or not.
    pub fn update(&mut self, id: String, result: Result<Value, SetError>) {
        match result {
            Ok(object) => self.updated.insert(id, object),
            Err(error) => self.not_updated.insert(id, error.into_value()),
        };
    }

    /// One was destroyed.
    pub fn destroy(&mut self, id: String, result: Result<(), SetError>) {
        match result {
            Ok(()) => self.destroyed.push(id),
            Err(error) => _ = self.not_destroyed.insert(id, error.into_value()),
        }
    }

    /// The answer: what is empty is `null`.
    pub fn into_value(self, account: &str, old_state: &str, new_state: &str) -> Value {
        let map = |map: Map<String, Value>| {
            if map.is_empty() {
                Value::Null
            } else {
                Value::Object(map)
            }
        };
        let destroyed = if self.destroyed.is_empty() {
            Value::Null
        } else {
            json!(self.destroyed)
        };
        json!({
            "accountId": account,
            "oldState": old_state,
            "newState": new_state,
            "created": map(self.created),
            "updated": map(self.updated),
            "destroyed": destroyed,
            "notCreated": map(self.not_created),
            "notUpdated": map(self.not_updated),
            "notDestroyed": map(self.not_destroyed),
        })
    }
}

/// Applies a `PatchObject` (RFC 8620 section 5.3) to an object. A name without `/` replaces a member, `null` takes it away.
pub fn patched(object: &Map<String, Value>, patch: &Map<String, Value>) -> Result<Map<String, Value>, SetError> {
    let invalid = |path: &str| SetError::new("invalidPatch", &format!("`{path}` names nothing that can be changed"));
    let mut patched = object.clone();
    let paths: Vec<Vec<String>> = patch
        .keys()
        .map(|path| path.split('/').map(unescaped).collect())
        .collect();
    for (at, path) in paths.iter().enumerate() {
        let others = paths.iter().enumerate().filter(|(other, _)| *other != at);
        if others.map(|(_, other)| other).any(|other| other.starts_with(path)) || path.len() > MAX_JSON_DEPTH {
            return Err(invalid(&path.join("/")));
        }
    }
    for (path, value) in paths.iter().zip(patch.values()) {
        let Some((last, parents)) = path.split_last() else {
            continue;
        };
        let mut place = &mut patched;
        for parent in parents {
            place = match place.get_mut(parent) {
                Some(Value::Object(inner)) => inner,
                _ => return Err(invalid(&path.join("/"))),
            };
        }
        // At the top, `null` is the default, which each type knows; below, it takes away.
        match value {
            Value::Null if !parents.is_empty() => _ = place.remove(last),
            value => _ = place.insert(last.clone(), value.clone()),
        }
    }
    Ok(patched)
}

/// A part of a path as it is meant (RFC 6901 section 3).
pub fn unescaped(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

/// Where a page of results starts, and how long it is (RFC 8620 section 5.5).
#[derive(Debug, Clone, Default)]
pub struct Window {
    /// Index; negative: from the end.
    pub position: i64,
    /// A result to start from.
    pub anchor: Option<String>,
    /// Added to its index.
    pub anchor_offset: i64,
    /// At most.
    pub limit: Option<u64>,
}

impl Window {
    /// The page of these results: its first index and its ids; `anchorNotFound`.
    pub fn of<T: ToString>(&self, ids: &[T]) -> Result<(usize, Vec<String>), MethodError> {
        let start = match &self.anchor {
            Some(anchor) => {
                let at = ids
                    .iter()
                    .position(|id| id.to_string() == *anchor)
                    .ok_or(MethodErrorType::AnchorNotFound)?;
                i64::try_from(at)
                    .unwrap_or(i64::MAX)
                    .saturating_add(self.anchor_offset)
                    .max(0)
            }
            None => self.position,
        };
        let start = usize::try_from(start).unwrap_or_else(|_| {
            let back = usize::try_from(start.unsigned_abs()).unwrap_or(usize::MAX);
            ids.len().saturating_sub(back)
        });
        let most = usize::try_from(self.limit.unwrap_or(MAX_QUERY_LIMIT).min(MAX_QUERY_LIMIT)).unwrap_or(usize::MAX);
        Ok((start, ids.iter().skip(start).take(most).map(T::to_string).collect()))
    }

    /// How many results the page needs from the first on; `None`: all of them.
    pub fn enough(&self) -> Option<usize> {
        let start = usize::try_from(self.position).ok().filter(|_| self.anchor.is_none())?;
        let most = self.limit.unwrap_or(MAX_QUERY_LIMIT).min(MAX_QUERY_LIMIT);
        Some(start.saturating_add(usize::try_from(most).unwrap_or(usize::MAX)))
    }

    /// The limit the server went by, if it is not the client's.
    pub fn server_limit(&self) -> Option<u64> {
        self.limit
            .is_none_or(|limit| limit > MAX_QUERY_LIMIT)
            .then_some(MAX_QUERY_LIMIT)
    }
}

/// The answer of a `/query`.
pub fn query_response<T: ToString>(
    account: &str,
    state: &str,
    window: &Window,
    ids: &[T],
    total: bool,
) -> Result<Value, MethodError> {
    let (position, page) = window.of(ids)?;
    let mut response = json!({
        "accountId": account,
        "queryState": state,
        "canCalculateChanges": true,
        "position": position,
        "ids": page,
    });
    if let Value::Object(members) = &mut response {
        if total {
            members.insert("total".to_owned(), json!(ids.len()));
        }
        if let Some(limit) = window.server_limit() {
            members.insert("limit".to_owned(), json!(limit));
        }
    }
    Ok(response)
}

/// The answer of a `/queryChanges`, told as simply as RFC 8620 section 5.6 allows: what may have changed is taken out, and
/// what of it is among the results now is put in again. `changed` must name everything that may have come, gone or moved.
pub fn query_changes(
    account: &str,
    states: (&str, &str),
    changed: &[String],
    results: &[impl ToString],
    up_to: Option<&str>,
    most: Option<usize>,
    total: bool,
) -> Result<Value, MethodError> {
    // What comes after the last the client knows may be left out.
    let results: Vec<String> = results.iter().map(ToString::to_string).collect();
    let end = up_to.and_then(|id| {
        results
            .iter()
            .position(|r| r == id)
            .filter(|_| !changed.iter().any(|c| c == id))
    });
    let named: std::collections::HashSet<&String> = changed.iter().collect();
    let added: Vec<Value> = results
        .iter()
        .enumerate()
        .filter(|(at, id)| named.contains(id) && end.is_none_or(|end| *at <= end))
        .map(|(at, id)| json!({"id": id, "index": at}))
        .collect();
    if most.is_some_and(|most| added.len() + changed.len() > most) {
        return Err(MethodErrorType::TooManyChanges.into());
    }
    let mut response = json!({
        "accountId": account,
        "oldQueryState": states.0,
        "newQueryState": states.1,
        "removed": changed,
        "added": added,
    });
    if let (true, Value::Object(members)) = (total, &mut response) {
        members.insert("total".to_owned(), json!(results.len()));
    }
    Ok(response)
}

/// What happened, id by id: whether it was made since, and whether it is there now.
pub type Happened = BTreeMap<String, (bool, bool)>;

/// The answer of a `/changes`.
pub fn changes_response(account: &str, old: &str, new: &str, more: bool, happened: &Happened) -> Value {
    let of = |made: bool, there: bool| -> Vec<&String> {
        happened
            .iter()
            .filter(|(_, how)| **how == (made, there))
            .map(|(id, _)| id)
            .collect()
    };
    json!({
        "accountId": account,
        "oldState": old,
        "newState": new,
        "hasMoreChanges": more,
        "created": of(true, true),
        "updated": of(false, true),
        "destroyed": of(false, false),
    })
}

/// A state made of numbers, as clients hold it.
pub fn state_of(numbers: &[u64]) -> String {
    let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
    numbers.join(".")
}

/// The numbers of a state; `cannotCalculateChanges` if it was never given out.
pub fn numbers_of<const N: usize>(state: &str) -> Result<[u64; N], MethodError> {
    let numbers: Vec<u64> = state.split('.').map_while(|part| part.parse().ok()).collect();
    let whole = state_of(&numbers) == state;
    match <[u64; N]>::try_from(numbers) {
        Ok(numbers) if whole => Ok(numbers),
        _ => Err(MethodErrorType::CannotCalculateChanges.into()),
    }
}

/// Keeps the asked-for members of an object, and its `id`.
pub fn selected(object: Value, properties: Option<&[String]>) -> Value {
    match (object, properties) {
        (Value::Object(mut members), Some(asked)) => {
            members.retain(|name, _| name == "id" || asked.contains(name));
            Value::Object(members)
        }
        (object, _) => object,
    }
}

/// The answer of a `/get`.
pub fn get_response(account: &str, state: &str, list: Vec<Value>, not_found: Vec<String>) -> Value {
    json!({"accountId": account, "state": state, "list": list, "notFound": not_found})
}

/// What was asked for, each once, in the order asked: found or not.
pub fn found<'a, T>(all: &'a [T], ids: Option<&[String]>, id_of: impl Fn(&T) -> &str) -> (Vec<&'a T>, Vec<String>) {
    let Some(ids) = ids else {
        return (all.iter().collect(), Vec::new());
    };
    let (mut list, mut not_found) = (Vec::new(), Vec::new());
    let mut answered = std::collections::HashSet::new();
    for id in ids.iter().filter(|id| answered.insert(*id)) {
        match all.iter().find(|object| id_of(object) == id) {
            Some(object) => list.push(object),
            None => not_found.push(id.clone()),
        }
    }
    (list, not_found)
}

impl Own<'_> {
    /// Remembers what was made under the client's name for it.
    pub(super) fn made(&mut self, name: &str, id: &str) {
        self.created.insert(name.to_owned(), id.to_owned());
    }
}

/// A failure of one object, or of the whole request.
pub type Each<T> = Result<Result<T, SetError>, Error>;
