//! `EmailSubmission/*` (RFC 8621 section 7) for a partner.

use super::{Arguments, IDENTITY, Outcome, Partner, refused, stage, unchanged};
use crate::jmap::methods::check;
use crate::jmap::own::{
    QueryArguments, SetArguments, SetError, SetResult, Window, found, query_response, results, selected,
};
use app::Error;
use app::sends::{Outgoing, Stage};
use app::view::View;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use wire::jmap::{ChangesArguments, GetArguments, MethodError, MethodErrorType, parse_arguments};

type Object = Map<String, Value>;

impl Partner<'_, '_> {
    /// All submissions, by id.
    async fn submissions(&self) -> Result<Vec<(String, Object)>, Error> {
        let all = self.sending.all().await?;
        let submitted = all.into_iter().filter(|(_, o)| o.stage != Stage::Draft);
        Ok(submitted
            .map(|(id, outgoing)| (self.sending.show_submission(id), self.submission(id, &outgoing)))
            .collect())
    }

    /// What can be told of recipients is what the partner gave, and how many the person chose. Whether anything came to
    /// anyone is nobody's to know.
    fn submission(&self, id: [u8; 16], outgoing: &Outgoing) -> Object {
        let email = |local: &str| match local.contains('@') {
            true => local.to_owned(),
            false => format!("{local}@{}", self.host()),
        };
        let recipients: Vec<String> = match outgoing.addressed.is_empty() {
            true => vec![email("someone"); outgoing.recipients()],
            false => outgoing.addressed.iter().map(|a| email(a)).collect(),
        };
        let accepted = json!({"smtpReply": "250 2.0.0 accepted", "delivered": "unknown", "displayed": "unknown"});
        let status: Option<BTreeMap<&String, &Value>> =
            matches!(outgoing.stage, Stage::Sent { .. }).then(|| recipients.iter().map(|r| (r, &accepted)).collect());
        let address = |email: &String| json!({"email": email, "parameters": null});
        Object::from_iter([
            ("id".to_owned(), Value::from(self.sending.show_submission(id))),
            ("identityId".to_owned(), Value::from(IDENTITY)),
            ("emailId".to_owned(), Value::from(self.sending.show(id))),
            ("threadId".to_owned(), Value::from(self.sending.thread(id))),
            (
                "envelope".to_owned(),
                json!({"mailFrom": address(&email(IDENTITY)), "rcptTo": recipients.iter().map(address).collect::<Vec<_>>()}),
            ),
            ("sendAt".to_owned(), json!(outgoing.send_at().map(|at| at.to_string()))),
            ("undoStatus".to_owned(), Value::from(stage(outgoing))),
            ("deliveryStatus".to_owned(), json!(status)),
            ("dsnBlobIds".to_owned(), json!([])),
            ("mdnBlobIds".to_owned(), json!([])),
        ])
    }

    pub(super) async fn submission_get(&self, arguments: Arguments) -> Outcome {
        let asked = check!(GetArguments::parse(arguments));
        let properties = asked.properties.as_deref();
        let all = self.submissions().await?;
        let ids: Option<Vec<String>> = asked
            .ids
            .map(|ids| ids.into_iter().map(|id| self.real_id(&id).unwrap_or(id)).collect());
        let (list, not_found) = found(&all, ids.as_deref(), |(id, _)| id);
        let list: Vec<Value> = list
            .into_iter()
            .map(|(_, o)| selected(Value::Object(o.clone()), properties))
            .collect();
        let state = super::state(&self.sending).await?;
        let response = json!({"accountId": self.account, "state": state, "list": list, "notFound": not_found});
        Ok(Ok(vec![("EmailSubmission/get", response)]))
    }

    /// The state is a digest: what led to it is not kept.
    pub(super) async fn submission_changes(&self, arguments: Arguments) -> Outcome {
        let asked: ChangesArguments = check!(parse_arguments(arguments));
        let state = super::state(&self.sending).await?;
        Ok(match asked.since_state == state {
            true => Ok(vec![("EmailSubmission/changes", unchanged(&self.account, &state))]),
            false => Err(MethodErrorType::CannotCalculateChanges.into()),
        })
    }

    pub(super) async fn submission_query(&self, arguments: Arguments) -> Outcome {
        let asked: QueryArguments = check!(parse_arguments(arguments));
        let state = super::state(&self.sending).await?;
        let ids = check!(results(self.submissions().await?, &asked));
        let window = Window {
            position: asked.position,
            anchor: asked.anchor,
            anchor_offset: asked.anchor_offset,
            limit: asked.limit,
        };
        let response = check!(query_response(
            &self.account,
            &state,
            &window,
            &ids,
            asked.calculate_total
        ));
        Ok(Ok(vec![("EmailSubmission/query", response)]))
    }

    pub(super) async fn submission_query_changes(&self, arguments: Arguments) -> Outcome {
        let asked: QueryArguments = check!(parse_arguments(arguments));
        let state = super::state(&self.sending).await?;
        if asked.since_query_state.as_deref() != Some(&state) {
            return Ok(Err(MethodErrorType::CannotCalculateChanges.into()));
        }
        let mut response = json!({
            "accountId": self.account, "oldQueryState": state, "newQueryState": state, "removed": [], "added": [],
        });
        if asked.calculate_total
            && let Value::Object(members) = &mut response
        {
            let ids = check!(results(self.submissions().await?, &asked));
            members.insert("total".to_owned(), json!(ids.len()));
        }
        Ok(Ok(vec![("EmailSubmission/queryChanges", response)]))
    }

    pub(super) async fn submission_set(&mut self, view: &mut View<'_>, arguments: Arguments) -> Outcome {
        let asked = check!(SetArguments::parse(
            arguments,
            &["onSuccessUpdateEmail", "onSuccessDestroyEmail"]
        ));
        let updates: BTreeMap<String, Object> = check!(extra(&asked, "onSuccessUpdateEmail"));
        let destroys: Vec<String> = check!(extra(&asked, "onSuccessDestroyEmail"));
        let old_state = super::state(&self.sending).await?;
        check!(asked.in_state(&old_state));
        let mut result = SetResult::default();
        // The message of each submission that went well, by what the client may call the submission.
        let mut done: BTreeMap<String, String> = BTreeMap::new();
        for (name, object) in asked.create {
            let sent = self.submit(&object).await?;
            let sent = sent.map(|(id, outgoing)| {
                let (shown, email) = (self.sending.show_submission(id), self.sending.show(id));
                self.context.created.insert(name.clone(), shown.clone());
                done.insert(format!("#{name}"), email.clone());
                done.insert(shown, email);
                let mut told = self.submission(id, &outgoing);
                told.remove("identityId");
                told.remove("emailId");
                Value::Object(told)
            });
            result.create(name, sent);
        }
        for (shown, patch) in asked.update {
            let changed = self.undo(&shown, &patch).await?;
            if let (Ok(()), Some(id)) = (&changed, self.sending.read_submission(&shown)) {
                done.insert(shown.clone(), self.sending.show(id));
            }
            result.update(shown, changed.map(|()| Value::Null));
        }
        for shown in asked.destroy {
            let known = self.submissions().await?.iter().any(|(id, _)| *id == shown);
            result.destroy(
                shown,
                Err(match known {
                    true => SetError::new("forbidden", "what was sent in someone's name is kept for her to see"),
                    false => SetError::not_found(),
                }),
            );
        }
        let new_state = super::state(&self.sending).await?;
        let mut responses = vec![(
            "EmailSubmission/set",
            result.into_value(&self.account, &old_state, &new_state),
        )];
        let implied = SetArguments {
            update: updates
                .into_iter()
                .filter_map(|(name, patch)| Some((done.get(&name)?.clone(), patch)))
                .collect(),
            destroy: destroys.iter().filter_map(|name| done.get(name).cloned()).collect(),
            ..SetArguments::default()
        };
        if !implied.update.is_empty() || !implied.destroy.is_empty() {
            let before = self.email_state(view).await?;
            let result = self.email_set_all(implied).await?;
            let after = self.email_state(view).await?;
            responses.push(("Email/set", result.into_value(&self.account, &before, &after)));
        }
        Ok(Ok(responses))
    }

    async fn submit(&self, object: &Object) -> Result<Result<([u8; 16], Outgoing), SetError>, Error> {
        let known = ["identityId", "emailId", "envelope"];
        if let Some(unknown) = object.keys().find(|name| !known.contains(&name.as_str())) {
            return Ok(Err(SetError::properties(
                &[unknown],
                "the server sets this, or there is no such property",
            )));
        }
        let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
        if text("identityId") != IDENTITY {
            return Ok(Err(SetError::properties(&["identityId"], "no such identity")));
        }
        let email = self.real_id(text("emailId"));
        let id = email.and_then(|email| self.sending.read(&email));
        let draft = match id {
            Some(id) => self.sending.one(id).await?.map(|draft| (id, draft)),
            None => None,
        };
        let Some((id, draft)) = draft else {
            return Ok(Err(SetError::properties(
                &["emailId"],
                "this partner wrote no such message",
            )));
        };
        let hold = match object.get("envelope").filter(|e| !e.is_null()) {
            None => 0,
            Some(envelope) => match self.envelope(envelope, &draft) {
                Ok(hold) => hold,
                Err(error) => return Ok(Err(error)),
            },
        };
        let submitted = self.sending.submit(id, hold).await?;
        Ok(submitted.map(|outgoing| (id, outgoing)).map_err(refused::submission))
    }

    /// An envelope says what the message says; and perhaps for how long it waits (RFC 4865).
    fn envelope(&self, envelope: &Value, draft: &Outgoing) -> Result<i64, SetError> {
        let wrong = |why: &str| SetError::properties(&["envelope"], why);
        let local = |address: &Value| {
            let email = address.get("email").and_then(Value::as_str).unwrap_or_default();
            let (local, host) = email.rsplit_once('@').unwrap_or((email, ""));
            match host.eq_ignore_ascii_case(self.host()) {
                true => local.to_owned(),
                false => email.to_owned(),
            }
        };
        let from = envelope.get("mailFrom").unwrap_or(&Value::Null);
        if local(from) != IDENTITY {
            return Err(SetError::new("forbiddenMailFrom", "a partner writes as the person"));
        }
        let to = envelope.get("rcptTo").and_then(Value::as_array);
        let to: Vec<String> = to.map(|to| to.iter().map(local).collect()).unwrap_or_default();
        let same = |a: &[String], b: &[String]| {
            let sorted = |list: &[String]| {
                let mut list = list.to_vec();
                list.sort();
                list.dedup();
                list
            };
            sorted(a) == sorted(b)
        };
        if !draft.addressed.is_empty() && !same(&to, &draft.addressed) {
            return Err(wrong("it is to others than the message"));
        }
        let parameters = from.get("parameters").filter(|p| !p.is_null());
        let Some(parameters) = parameters
            .map(|p| p.as_object().ok_or_else(|| wrong("`parameters` is no object")))
            .transpose()?
        else {
            return Ok(0);
        };
        let mut hold = 0;
        for (name, value) in parameters {
            let seconds = value.as_str().and_then(|v| v.parse::<i64>().ok());
            match (name.to_ascii_uppercase().as_str(), seconds) {
                ("HOLDFOR", Some(seconds)) if (0..=app::sends::HOLD_LIMIT).contains(&seconds) => hold = seconds,
                ("HOLDFOR", _) => return Err(wrong("`HOLDFOR` is a number of seconds up to `maxDelayedSend`")),
                _ => return Err(wrong("`HOLDFOR` is the only parameter there is")),
            }
        }
        Ok(hold)
    }

    async fn undo(&self, shown: &str, patch: &Object) -> Result<Result<(), SetError>, Error> {
        let there = self.submissions().await?.into_iter().find(|(id, _)| id == shown);
        let (Some((_, object)), Some(id)) = (there, self.sending.read_submission(shown)) else {
            return Ok(Err(SetError::not_found()));
        };
        if patch.iter().all(|(name, value)| object.get(name) == Some(value)) {
            return Ok(Ok(()));
        }
        if patch.len() == 1 && patch.get("undoStatus") == Some(&Value::from("canceled")) {
            let canceled = self.sending.cancel(id).await?;
            return Ok(canceled
                .map(|_| ())
                .map_err(|_| SetError::new("cannotUnsend", "it has left")));
        }
        let names: Vec<&str> = patch.keys().map(String::as_str).collect();
        Ok(Err(SetError::properties(
            &names,
            "only `undoStatus` can change, to `canceled`",
        )))
    }
}

fn extra<T: serde::de::DeserializeOwned + Default>(asked: &SetArguments, name: &str) -> Result<T, MethodError> {
    match asked.rest.get(name).filter(|value| !value.is_null()) {
        None => Ok(T::default()),
        Some(value) => serde_json::from_value(value.clone())
            .map_err(|_| MethodError::invalid_arguments(format!("`{name}` is of another type"))),
    }
}
