//! `EmailSubmission/get`, `/changes`, `/query`, `/queryChanges` and `/set` (RFC 8621 section 7): sending.

use super::email::email_state;
use super::identity::is_address;
use super::standard::{
    Each, SetArguments, SetError, SetResult, Window, changes_response, found, get_response, numbers_of, query_changes,
    query_response, selected, state_of,
};
use super::submission_query::{Condition, QueryArguments, text};
use super::{Arguments, Outcome, Own, checked, deliver};
use app::Error;
use app::mail::{ObjectKind, parse_id, parse_message_id, show_id, show_thread};
use letter::Letter;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use wire::jmap::{
    ChangesArguments, Comparator, Filter, GetArguments, MethodError, MethodErrorType, parse_arguments, require_known,
};

const PROPERTIES: [&str; 10] = [
    "id",
    "identityId",
    "emailId",
    "threadId",
    "envelope",
    "sendAt",
    "undoStatus",
    "deliveryStatus",
    "dsnBlobIds",
    "mdnBlobIds",
];
/// Recipients of one submission at most.
const RECIPIENTS: usize = 100;
/// Recipients a person's submissions have in a day, at most.
const RECIPIENTS_A_DAY: u64 = 500;

impl Own<'_> {
    async fn submission_state(&self) -> Result<String, Error> {
        Ok(state_of(&[self.mail.objects_state(ObjectKind::Submission).await?]))
    }

    async fn submissions(&self) -> Result<Vec<(String, Map<String, Value>)>, Error> {
        let objects = self.mail.objects(ObjectKind::Submission).await?;
        Ok(objects
            .into_iter()
            .map(|(id, mut object)| {
                let id = show_id(id);
                object.insert("id".to_owned(), Value::from(id.as_str()));
                (id, object)
            })
            .collect())
    }

    pub(super) async fn submission_get(&mut self, arguments: Arguments) -> Outcome {
        let asked = checked!(GetArguments::parse(arguments));
        let properties = asked.properties.as_deref();
        checked!(properties.map_or(Ok(()), |p| require_known(p, &PROPERTIES)));
        let state = self.submission_state().await?;
        let all = self.submissions().await?;
        let ids: Option<Vec<String>> = asked
            .ids
            .map(|ids| ids.into_iter().map(|id| self.real_id(&id).unwrap_or(id)).collect());
        let (list, not_found) = found(&all, ids.as_deref(), |(id, _)| id);
        let list = list
            .into_iter()
            .map(|(_, o)| selected(Value::Object(o.clone()), properties))
            .collect();
        Ok(Ok(vec![(
            "EmailSubmission/get",
            get_response(&self.account, &state, list, not_found),
        )]))
    }

    pub(super) async fn submission_changes(&mut self, arguments: Arguments) -> Outcome {
        let asked: ChangesArguments = checked!(parse_arguments(arguments));
        let [since] = checked!(numbers_of::<1>(&asked.since_state));
        let Some(changes) = self.mail.object_changes(ObjectKind::Submission, since).await? else {
            return Ok(Err(MethodErrorType::CannotCalculateChanges.into()));
        };
        let happened = changes
            .changed
            .into_iter()
            .filter(|(_, (is_new, is_there))| *is_there || !is_new)
            .map(|(id, how)| (show_id(id), how))
            .collect();
        let new = state_of(&[changes.new_state]);
        let response = changes_response(&self.account, &asked.since_state, &new, changes.more, &happened);
        Ok(Ok(vec![("EmailSubmission/changes", response)]))
    }

    pub(super) async fn submission_query(&mut self, arguments: Arguments) -> Outcome {
        let asked: QueryArguments = checked!(parse_arguments(arguments));
        let state = self.submission_state().await?;
        let ids = checked!(self.submission_results(&asked).await?);
        let window = Window {
            position: asked.position,
            anchor: asked.anchor,
            anchor_offset: asked.anchor_offset,
            limit: asked.limit,
        };
        let response = checked!(query_response(
            &self.account,
            &state,
            &window,
            &ids,
            asked.calculate_total
        ));
        Ok(Ok(vec![("EmailSubmission/query", response)]))
    }

    pub(super) async fn submission_query_changes(&mut self, arguments: Arguments) -> Outcome {
        let asked: QueryArguments = checked!(parse_arguments(arguments));
        let since_state = asked.since_query_state.clone().unwrap_or_default();
        let [since] = checked!(numbers_of::<1>(&since_state));
        let state = self.submission_state().await?;
        let Some(changes) = self.mail.object_changes(ObjectKind::Submission, since).await? else {
            return Ok(Err(MethodErrorType::CannotCalculateChanges.into()));
        };
        let results = checked!(self.submission_results(&asked).await?);
        let changed: Vec<String> = changes.changed.into_keys().map(show_id).collect();
        let most = asked.max_changes.map(|n| usize::try_from(n).unwrap_or(usize::MAX));
        let response = checked!(query_changes(
            &self.account,
            (&since_state, &state),
            &changed,
            &results,
            asked.up_to_id.as_deref(),
            most,
            asked.calculate_total,
        ));
        Ok(Ok(vec![("EmailSubmission/queryChanges", response)]))
    }

    async fn submission_results(&self, asked: &QueryArguments) -> Result<Result<Vec<String>, MethodError>, Error> {
        Ok(results(self.submissions().await?, asked))
    }

    pub(super) async fn submission_set(&mut self, arguments: Arguments) -> Outcome {
        let asked = checked!(SetArguments::parse(
            arguments,
            &["onSuccessUpdateEmail", "onSuccessDestroyEmail"]
        ));
        let on_success = |name: &str| asked.rest.get(name).filter(|value| !value.is_null());
        let updates: BTreeMap<String, Map<String, Value>> = match on_success("onSuccessUpdateEmail") {
            None => BTreeMap::new(),
            Some(updates) => checked!(
                serde_json::from_value(updates.clone())
                    .map_err(|_| MethodError::invalid_arguments("`onSuccessUpdateEmail` is of another type"))
            ),
        };
        let destroys: Vec<String> = match on_success("onSuccessDestroyEmail") {
            None => Vec::new(),
            Some(ids) => checked!(
                serde_json::from_value(ids.clone())
                    .map_err(|_| MethodError::invalid_arguments("`onSuccessDestroyEmail` is of another type"))
            ),
        };
        let old_state = self.submission_state().await?;
        checked!(asked.in_state(&old_state));
        let mut result = SetResult::default();
        // The letter of each submission that went well, by what the client may call the submission.
        let mut done: BTreeMap<String, String> = BTreeMap::new();
        for (name, object) in asked.create {
            let sent = self.submit(&name, &object).await?;
            let sent = sent.map(|(id, email, told)| {
                self.made(&name, &id);
                done.insert(format!("#{name}"), email.clone());
                done.insert(id, email);
                told
            });
            result.create(name, sent);
        }
        for (id, patch) in asked.update {
            let there = self.submissions().await?.into_iter().find(|(there, _)| *there == id);
            let changed = match there {
                None => Err(SetError::not_found()),
                Some(_) if patch.get("undoStatus") == Some(&Value::from("canceled")) => {
                    Err(SetError::new("cannotUnsend", "it has been delivered"))
                }
                Some((_, object)) => {
                    let same = patch.iter().all(|(name, value)| object.get(name) == Some(value));
                    if same {
                        done.insert(id.clone(), text(&object, "emailId").to_owned());
                        Ok(Value::Null)
                    } else {
                        let names: Vec<&str> = patch.keys().map(String::as_str).collect();
                        Err(SetError::properties(&names, "only `undoStatus` can change"))
                    }
                }
            };
            result.update(id, changed);
        }
        for id in asked.destroy {
            let there = self.submissions().await?.into_iter().find(|(there, _)| *there == id);
            let removed = match (there, parse_id(&id)) {
                (Some((_, object)), Some(key)) => {
                    self.mail.object_put(ObjectKind::Submission, key, None).await?;
                    done.insert(id.clone(), text(&object, "emailId").to_owned());
                    Ok(())
                }
                _ => Err(SetError::not_found()),
            };
            result.destroy(id, removed);
        }
        let new_state = self.submission_state().await?;
        let mut responses = vec![(
            "EmailSubmission/set",
            result.into_value(&self.account, &old_state, &new_state),
        )];
        let of_done = |name: &String| done.get(name).cloned();
        let implied = SetArguments {
            update: updates
                .into_iter()
                .filter_map(|(name, patch)| Some((of_done(&name)?, patch)))
                .collect(),
            destroy: destroys.iter().filter_map(of_done).collect(),
            ..SetArguments::default()
        };
        if !implied.update.is_empty() || !implied.destroy.is_empty() {
            let state = email_state(self.mail.states().await?);
            responses.push(("Email/set", self.email_set_all(implied, &state).await?));
        }
        Ok(Ok(responses))
    }

    /// Sends a letter; returns the submission's id, the letter's, and what the client is told.
    async fn submit(&self, name: &str, object: &Map<String, Value>) -> Each<(String, String, Value)> {
        let known = ["identityId", "emailId", "envelope", "sendAt", "undoStatus"];
        if let Some(unknown) = object.keys().find(|name| !known.contains(&name.as_str())) {
            return Ok(Err(SetError::properties(
                &[unknown],
                "the server sets this, or there is no such property",
            )));
        }
        let identity = self.real_id(text(object, "identityId")).unwrap_or_default();
        let identities = self.identities().await?;
        let Some(identity) = identities.iter().find(|i| text(i, "id") == identity) else {
            return Ok(Err(SetError::properties(&["identityId"], "no such identity")));
        };
        let email = self
            .real_id(text(object, "emailId"))
            .as_deref()
            .and_then(parse_message_id);
        let index = self.mail.index().await?;
        let Some(entry) = email.and_then(|id| index.get(id)).cloned() else {
            return Ok(Err(SetError::properties(&["emailId"], "no such message")));
        };
        drop(index);
        let id = self.new_id("EmailSubmission/set", name);
        if let Some(before) = self.mail.object(ObjectKind::Submission, id).await? {
            // Sent before, by the same request.
            return Ok(Ok((show_id(id), entry.id.to_string(), told(id, &before))));
        }
        let content = self.mail.contents(std::slice::from_ref(&entry)).await?.pop().flatten();
        let Some(content) = content else {
            return Ok(Err(SetError::properties(&["emailId"], "no such message")));
        };
        let raw = self.raw(content)?;
        let Ok(letter) = Letter::parse(&raw) else {
            return Ok(Err(
                SetError::new("invalidEmail", "this is no message").with("properties", json!([]))
            ));
        };
        let own = text(identity, "email").to_owned();
        let names_her = |from: &String| address_in(from).eq_ignore_ascii_case(&own);
        if letter.from().is_empty() {
            let error = SetError::new("invalidEmail", "it does not say who it is from");
            return Ok(Err(error.with("properties", json!(["from"]))));
        }
        if !letter.from().iter().all(names_her) {
            return Ok(Err(SetError::new(
                "forbiddenFrom",
                "it says that it is from someone else",
            )));
        }
        let (from, recipients) = match envelope(object.get("envelope"), &letter, &own) {
            Ok(envelope) => envelope,
            Err(error) => return Ok(Err(error)),
        };
        if !from.eq_ignore_ascii_case(&own) {
            return Ok(Err(SetError::new(
                "forbiddenMailFrom",
                "this is someone else's address",
            )));
        }
        let day = self.mail.now().unix_seconds().div_euclid(86_400);
        if !self
            .mail
            .count_sent(day, recipients.len() as u64, RECIPIENTS_A_DAY)
            .await?
        {
            return Ok(Err(SetError::new(
                "rateLimit",
                &format!("at most {RECIPIENTS_A_DAY} recipients a day"),
            )));
        }
        let delivered = deliver::deliver(self.web, &self.mail, id, &entry, &raw, &own, &recipients).await?;
        let status: Map<String, Value> = delivered
            .into_iter()
            .map(|(address, is_there)| {
                let (reply, delivered) = match is_there {
                    true => ("250 2.1.5 delivered", "yes"),
                    false => ("550 5.1.1 nobody has this address here", "no"),
                };
                (
                    address,
                    json!({"smtpReply": reply, "delivered": delivered, "displayed": "unknown"}),
                )
            })
            .collect();
        let address = |email: &String| json!({"email": email, "parameters": null});
        let recipients: Vec<Value> = recipients.iter().map(address).collect();
        let submission = Map::from_iter([
            ("identityId".to_owned(), Value::from(text(identity, "id"))),
            ("emailId".to_owned(), Value::from(entry.id.to_string())),
            ("threadId".to_owned(), Value::from(show_thread(entry.thread))),
            (
                "envelope".to_owned(),
                json!({"mailFrom": address(&from), "rcptTo": recipients}),
            ),
            ("sendAt".to_owned(), Value::from(self.mail.now().to_string())),
            ("undoStatus".to_owned(), Value::from("final")),
            ("deliveryStatus".to_owned(), Value::Object(status)),
            ("dsnBlobIds".to_owned(), json!([])),
            ("mdnBlobIds".to_owned(), json!([])),
        ]);
        self.mail
            .object_put(ObjectKind::Submission, id, Some(&submission))
            .await?;
        Ok(Ok((show_id(id), entry.id.to_string(), told(id, &submission))))
    }
}

/// The ids of those submissions that match, in order.
pub fn results(mut all: Vec<(String, Map<String, Value>)>, asked: &QueryArguments) -> Result<Vec<String>, MethodError> {
    let conditions = asked.filter.as_ref().map(Filter::conditions).unwrap_or_default();
    if !conditions.into_iter().all(Condition::is_right) {
        return Err(MethodError::invalid_arguments("`before` and `after` are UTC dates"));
    }
    all.retain(|(_, object)| {
        asked
            .filter
            .as_ref()
            .is_none_or(|f| f.matches(&|c: &Condition| c.matches(object)))
    });
    let sort = asked.sort.as_deref().unwrap_or_default();
    if sort
        .iter()
        .any(|c| !["emailId", "threadId", "sentAt"].contains(&c.property.as_str()))
    {
        return Err(MethodErrorType::UnsupportedSort.into());
    }
    all.sort_by(|(a_id, a), (b_id, b)| {
        let by = |c: &Comparator| {
            let name = if c.property == "sentAt" {
                "sendAt"
            } else {
                c.property.as_str()
            };
            let ordering = text(a, name).cmp(text(b, name));
            if c.is_ascending { ordering } else { ordering.reverse() }
        };
        sort.iter()
            .map(by)
            .find(|o| o.is_ne())
            .unwrap_or_else(|| a_id.cmp(b_id))
    });
    Ok(all.into_iter().map(|(id, _)| id).collect())
}

/// What a client is told of a submission it made: all that it did not say itself.
fn told(id: [u8; 16], submission: &Map<String, Value>) -> Value {
    let mut told = submission.clone();
    told.remove("identityId");
    told.remove("emailId");
    told.insert("id".to_owned(), Value::from(show_id(id)));
    Value::Object(told)
}

/// The address of `Name <address>`.
pub(super) fn address_in(shown: &str) -> &str {
    match shown.rsplit_once('<') {
        Some((_, rest)) => rest.trim_end().trim_end_matches('>'),
        None => shown.trim(),
    }
}

/// Who a letter is from and to: as the client says, or as the letter does (RFC 8621 section 7).
fn envelope(asked: Option<&Value>, letter: &Letter, own: &str) -> Result<(String, Vec<String>), SetError> {
    let wrong = || SetError::properties(&["envelope"], "this is of another type");
    let (from, recipients): (String, Vec<String>) = match asked {
        None | Some(Value::Null) => {
            let all = [letter.to(), letter.cc(), letter.bcc()].concat();
            (
                own.to_owned(),
                all.iter().map(|shown| address_in(shown).to_owned()).collect(),
            )
        }
        Some(envelope) => {
            let from = envelope
                .get("mailFrom")
                .filter(|from| is_address(from))
                .ok_or_else(wrong)?;
            let to = envelope.get("rcptTo").and_then(Value::as_array).ok_or_else(wrong)?;
            if !to.iter().all(is_address) {
                return Err(wrong());
            }
            let email = |a: &Value| a.get("email").and_then(Value::as_str).unwrap_or_default().to_owned();
            (email(from), to.iter().map(email).collect())
        }
    };
    let mut each: Vec<String> = Vec::new();
    for address in recipients {
        if !each.iter().any(|there| there.eq_ignore_ascii_case(&address)) {
            each.push(address);
        }
    }
    let invalid: Vec<&String> = each.iter().filter(|address| !could_be(address)).collect();
    match each.len() {
        0 => Err(SetError::new("noRecipients", "it is to nobody")),
        n if n > RECIPIENTS => Err(SetError::new("tooManyRecipients", "").with("maxRecipients", json!(RECIPIENTS))),
        _ if !invalid.is_empty() => {
            Err(SetError::new("invalidRecipients", "").with("invalidRecipients", json!(invalid)))
        }
        _ => Ok((from, each)),
    }
}

/// Whether this could be an address at all.
fn could_be(address: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control() || "<>()[],;:\\".contains(c);
    address
        .rsplit_once('@')
        .is_some_and(|(local, host)| !local.is_empty() && !host.is_empty() && !address.contains(odd))
}
