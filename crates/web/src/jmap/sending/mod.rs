//! What a partner may do besides reading: `Email/set`, `EmailSubmission/*` and `Identity/*` over [`app::sends::Sending`].
//!
//! Nothing of the inbox is in any of these answers: a partner gets back what it wrote, under names of its own.

mod draft;
mod refused;
mod shown;
mod submission;

pub(super) use shown::{own_email, own_thread};

use super::mailbox;
use super::methods::{Context, check, own_account};
use super::own::{SetArguments, SetError, SetResult, found, patched, selected};
use app::Error;
use app::sends::{Outgoing, Sending, Stage};
use app::view::View;
use model::Action;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use wire::jmap::{
    ChangesArguments, GetArguments, MethodCall, MethodError, MethodErrorType, MethodResponse, parse_arguments,
};

/// The one identity there is: the person, whom a partner need not know by name.
const IDENTITY: &str = "you";

/// Arguments of a method.
type Arguments = Map<String, Value>;

/// Results of a method, or its error, or a failure of the whole request.
pub(super) type Outcome = Result<Result<Vec<(&'static str, Value)>, MethodError>, Error>;

/// Whether a method is answered here.
pub(super) fn is_ours(method: &str) -> bool {
    method == "Email/set" || method.starts_with("EmailSubmission/") || method.starts_with("Identity/")
}

/// Answers a call.
pub(super) async fn run(
    context: &mut Context,
    view: &mut View<'_>,
    call: &MethodCall,
    arguments: Arguments,
) -> Result<Vec<MethodResponse>, Error> {
    let outcome = answer(context, view, call, arguments).await?;
    Ok(match outcome {
        Ok(results) => results
            .into_iter()
            .map(|(name, result)| MethodResponse::new(name, &result, &call.call_id))
            .collect(),
        Err(error) => vec![MethodResponse::error(&error, &call.call_id)],
    })
}

async fn answer(context: &mut Context, view: &mut View<'_>, call: &MethodCall, arguments: Arguments) -> Outcome {
    let account = arguments.get("accountId").and_then(Value::as_str).unwrap_or_default();
    check!(own_account(view, account));
    let (sends, deletes) = (view.may(Action::Send), view.may(Action::Delete));
    let Some(sending) = view.sending().await?.filter(|_| sends || deletes) else {
        return Ok(Err(MethodErrorType::UnknownMethod.into()));
    };
    let mut partner = Partner {
        context,
        account: view.account(),
        sending,
    };
    match call.name.as_str() {
        "Email/set" => {
            let state = partner.email_state(view).await?;
            partner.email_set(view, arguments, &state).await
        }
        "EmailSubmission/get" => partner.submission_get(arguments).await,
        "EmailSubmission/changes" => partner.submission_changes(arguments).await,
        "EmailSubmission/query" => partner.submission_query(arguments).await,
        "EmailSubmission/queryChanges" => partner.submission_query_changes(arguments).await,
        "EmailSubmission/set" => partner.submission_set(view, arguments).await,
        "Identity/get" => Ok(partner.identity_get(arguments)),
        "Identity/changes" => Ok(partner.identity_changes(arguments)),
        "Identity/set" => Ok(partner.identity_set(arguments)),
        _ => Ok(Err(MethodErrorType::UnknownMethod.into())),
    }
}

/// A partner's request at work.
struct Partner<'a, 'app> {
    context: &'a mut Context,
    account: String,
    sending: Sending<'app>,
}

/// The state of what a partner wrote: a digest, so that it tells nothing of what others did.
pub(super) async fn state(sending: &Sending<'_>) -> Result<String, Error> {
    let mut hash = Sha256::new();
    for (id, outgoing) in sending.all().await? {
        hash.update(id);
        hash.update(stage(&outgoing));
    }
    let digest: [u8; 32] = hash.finalize().into();
    Ok(hex::encode(digest.get(..16).unwrap_or_default()))
}

/// How far something is, as `undoStatus` says it; a draft was not submitted.
fn stage(outgoing: &Outgoing) -> &'static str {
    match outgoing.stage {
        Stage::Draft => "draft",
        Stage::Waiting { .. } => "pending",
        Stage::Sent { .. } => "final",
        Stage::Canceled { .. } => "canceled",
    }
}

/// The folder something is shown in.
pub(super) fn folder(outgoing: &Outgoing) -> &'static str {
    match outgoing.stage {
        Stage::Draft | Stage::Canceled { .. } => mailbox::DRAFTS,
        Stage::Waiting { .. } | Stage::Sent { .. } => mailbox::SENT,
    }
}

/// The marks it is shown with.
pub(super) fn keywords(outgoing: &Outgoing) -> Vec<String> {
    match folder(outgoing) {
        mailbox::DRAFTS => vec!["$draft".to_owned(), "$seen".to_owned()],
        _ => vec!["$seen".to_owned()],
    }
}

impl Partner<'_, '_> {
    fn host(&self) -> &str {
        &self.context.host
    }

    /// What a client calls `#name` if it made it earlier in this request, and an id otherwise.
    fn real_id(&self, id: &str) -> Option<String> {
        match id.strip_prefix('#') {
            Some(name) => self.context.created.get(name).cloned(),
            None => Some(id.to_owned()),
        }
    }

    /// The state of all that is an `Email` to it.
    async fn email_state(&self, view: &mut View<'_>) -> Result<String, Error> {
        match view.may(Action::Read) {
            true => view.state().await,
            false => state(&self.sending).await,
        }
    }

    async fn email_set(&mut self, view: &mut View<'_>, arguments: Arguments, old_state: &str) -> Outcome {
        let asked = check!(SetArguments::parse(arguments, &[]));
        check!(asked.in_state(old_state));
        let result = self.email_set_all(asked).await?;
        let new_state = self.email_state(view).await?;
        let response = result.into_value(&self.account, old_state, &new_state);
        Ok(Ok(vec![("Email/set", response)]))
    }

    async fn email_set_all(&mut self, asked: SetArguments) -> Result<SetResult, Error> {
        let mut result = SetResult::default();
        for (name, object) in asked.create {
            let made = self.draft_create(&name, &object).await?;
            if let Ok(members) = &made
                && let Some(id) = members.get("id").and_then(Value::as_str)
            {
                self.context.created.insert(name.clone(), id.to_owned());
            }
            result.create(name, made);
        }
        for (id, patch) in asked.update {
            let done = match asked.destroy.contains(&id) {
                true => Err(SetError::new("willDestroy", "")),
                false => self.email_update(&id, &patch).await?,
            };
            result.update(id, done.map(|()| Value::Null));
        }
        for id in asked.destroy {
            let gone = self.email_destroy(&id).await?;
            result.destroy(id, gone);
        }
        Ok(result)
    }

    /// The server files what a partner writes; a client that files it the same way may say so.
    async fn email_update(&self, id: &str, patch: &Map<String, Value>) -> Result<Result<(), SetError>, Error> {
        let found = match self.sending.read(id) {
            Some(key) => self.sending.one(key).await?,
            None => None,
        };
        let Some(outgoing) = found else {
            let hers = self.sending.pairwise_message(id);
            return Ok(Err(match hers {
                true => SetError::new("forbidden", "only what this partner wrote"),
                false => SetError::not_found(),
            }));
        };
        let marks: BTreeMap<String, bool> = keywords(&outgoing).into_iter().map(|k| (k, true)).collect();
        let now = json!({"mailboxIds": {folder(&outgoing): true}, "keywords": marks});
        let Value::Object(now) = now else {
            return Ok(Err(SetError::not_found()));
        };
        Ok(match patched(&now, patch) {
            Err(error) => Err(error),
            Ok(after) if after == now => Ok(()),
            Ok(_) => {
                let names: Vec<&str> = patch.keys().map(String::as_str).collect();
                Err(SetError::properties(
                    &names,
                    "the server files what a partner writes; what it says cannot change",
                ))
            }
        })
    }

    async fn email_destroy(&self, id: &str) -> Result<Result<(), SetError>, Error> {
        let key = match self.sending.read(id) {
            Some(key) => Some(key),
            None => self.sending.sent_as(id).await?,
        };
        let found = match key {
            Some(key) => self.sending.one(key).await?.map(|outgoing| (key, outgoing)),
            None => None,
        };
        Ok(match found {
            None if self.sending.pairwise_message(id) => {
                Err(SetError::new("forbidden", "only what this partner has sent"))
            }
            None => Err(SetError::not_found()),
            Some((key, outgoing)) => match outgoing.stage {
                Stage::Draft => self.sending.discard(key).await?.map_err(refused::email),
                _ => self.sending.remove(key).await?.map_err(refused::email),
            },
        })
    }

    fn identity_get(&self, arguments: Arguments) -> Result<Vec<(&'static str, Value)>, MethodError> {
        let asked = GetArguments::parse(arguments)?;
        let identity = json!({
            "id": IDENTITY, "name": "", "email": format!("{IDENTITY}@{}", self.host()), "replyTo": null, "bcc": null,
            "textSignature": "", "htmlSignature": "", "mayDelete": false,
        });
        let all = [(IDENTITY.to_owned(), identity)];
        let (list, not_found) = found(&all, asked.ids.as_deref(), |(id, _)| id);
        let list: Vec<Value> = list
            .into_iter()
            .map(|(_, identity)| selected(identity.clone(), asked.properties.as_deref()))
            .collect();
        Ok(vec![(
            "Identity/get",
            json!({"accountId": self.account, "state": "0", "list": list, "notFound": not_found}),
        )])
    }

    fn identity_changes(&self, arguments: Arguments) -> Result<Vec<(&'static str, Value)>, MethodError> {
        let asked: ChangesArguments = parse_arguments(arguments)?;
        match asked.since_state.as_str() {
            "0" => Ok(vec![("Identity/changes", unchanged(&self.account, "0"))]),
            _ => Err(MethodErrorType::CannotCalculateChanges.into()),
        }
    }

    fn identity_set(&self, arguments: Arguments) -> Result<Vec<(&'static str, Value)>, MethodError> {
        let asked = SetArguments::parse(arguments, &[])?;
        asked.in_state("0")?;
        let forbidden = || SetError::new("forbidden", "a partner writes as the person and as nobody else");
        let mut result = SetResult::default();
        for (name, _) in asked.create {
            result.create(name, Err(forbidden()));
        }
        for (id, _) in asked.update {
            result.update(id, Err(forbidden()));
        }
        for id in asked.destroy {
            result.destroy(id, Err(forbidden()));
        }
        Ok(vec![("Identity/set", result.into_value(&self.account, "0", "0"))])
    }
}

/// The answer of a `/changes` after which nothing happened.
fn unchanged(account: &str, state: &str) -> Value {
    json!({"accountId": account, "oldState": state, "newState": state, "hasMoreChanges": false,
           "created": [], "updated": [], "destroyed": []})
}
