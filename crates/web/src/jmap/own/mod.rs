//! A person's own JMAP: her whole mail, to read and to write, for her browser and for apps she has given a token. Nothing
//! here is ever asked on behalf of a partner.

mod deliver;
mod email;
mod email_query;
mod email_set;
mod filter;
mod identity;
mod import;
mod mailbox;
mod mailbox_set;
mod push;
pub(super) mod standard;
mod states;
mod submission;
mod submission_query;
mod sync;
mod thread;
mod vacation;

pub use email::{part_of, raw_of};
pub use email_query::SORTS;
pub use email_set::{FOLDERS_LIMIT, LETTER_LIMIT};
pub use standard::{SetArguments, SetError, SetResult, Window, found, patched, query_response, selected};
pub use states::{States, TYPES, Types, changed, state_change, states};
pub use submission::results;
pub use submission_query::QueryArguments;

use super::methods::{check, echo, no_room};
use crate::Web;
use app::Error;
use app::mail::{AppAccess, Mail};
use model::AccountId;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use wire::jmap::{
    MethodCall, MethodError, MethodErrorType, MethodResponse, References, Request, Response, resolve_arguments,
};
use wire::limits::MAX_SIZE_RESPONSES;

/// What a method comes to: its results (most have one), an error of the method, or a failure of the whole request.
type Outcome = Result<Result<Vec<(&'static str, Value)>, MethodError>, Error>;

/// Arguments of a method.
type Arguments = Map<String, Value>;

/// Who asks, and for what.
pub struct Own<'app> {
    mail: Mail<'app>,
    web: &'app Web,
    account: String,
    host: String,
    access: AppAccess,
    /// What this request has made, by the client's name for it.
    created: BTreeMap<String, String>,
    /// The client's name for this request: the same again makes nothing twice.
    idempotency_key: Option<String>,
}

/// Answers a person's request.
pub async fn answer(
    web: &Web,
    account: AccountId,
    access: AppAccess,
    idempotency_key: Option<String>,
    mut request: Request,
) -> Result<Vec<u8>, Error> {
    let calls = std::mem::take(&mut request.method_calls);
    let mut own = Own {
        mail: web.app.mail(account).await?,
        web,
        account: account.to_string(),
        host: web.app.host().to_owned(),
        access,
        created: request.created_ids.clone().unwrap_or_default(),
        idempotency_key,
    };
    let mut responses: Vec<MethodResponse> = Vec::with_capacity(calls.len());
    let mut references = References::default();
    let mut results: usize = 0;
    for mut call in calls {
        let arguments = std::mem::take(&mut call.arguments);
        let room = MAX_SIZE_RESPONSES.saturating_sub(results);
        let answered = match resolve_arguments(arguments, &responses, &mut references) {
            Err(error) => Err(error),
            Ok(_) if !request.offers(&call.name) => Err(MethodErrorType::UnknownMethod.into()),
            Ok(arguments) if call.name == "Core/echo" => echo(&call, &arguments, room).map(|response| vec![response]),
            Ok(arguments) => own.run(&call, arguments).await?,
        };
        let answered = match answered {
            Ok(answered) if answered.iter().map(|r| r.arguments.get().len()).sum::<usize>() > room => Err(no_room()),
            answered => answered,
        };
        let answered = answered.unwrap_or_else(|error| vec![MethodResponse::error(&error, &call.call_id)]);
        results += answered.iter().map(|r| r.arguments.get().len()).sum::<usize>();
        responses.extend(answered);
    }
    let response = Response {
        method_responses: responses,
        created_ids: request.created_ids.map(|_| own.created),
        session_state: super::session::own_state(&web.app),
        disclosure_proof: None,
    };
    let mut body = Vec::with_capacity(results + 1_024);
    serde_json::to_writer(&mut body, &response).map_err(|e| Error::Corrupt(e.to_string()))?;
    Ok(body)
}

impl Own<'_> {
    async fn run(
        &mut self,
        call: &MethodCall,
        arguments: Arguments,
    ) -> Result<Result<Vec<MethodResponse>, MethodError>, Error> {
        let name = call.name.as_str();
        if !name.starts_with("PushSubscription/")
            && let Err(error) = self.own_account(&arguments)
        {
            return Ok(Err(error));
        }
        if !self.may(name) {
            return Ok(Err(MethodErrorType::AccountReadOnly.into()));
        }
        let outcome = match name {
            "Mailbox/get" => self.mailbox_get(arguments).await?,
            "Mailbox/changes" => self.mailbox_changes(arguments).await?,
            "Mailbox/query" => self.mailbox_query(arguments).await?,
            "Mailbox/queryChanges" => self.mailbox_query_changes(arguments).await?,
            "Mailbox/set" => self.mailbox_set(arguments).await?,
            "Thread/get" => self.thread_get(arguments).await?,
            "Thread/changes" => self.thread_changes(arguments).await?,
            "Email/get" => self.email_get(arguments).await?,
            "Email/changes" => self.email_changes(arguments).await?,
            "Email/query" => self.email_query(arguments).await?,
            "Email/queryChanges" => self.email_query_changes(arguments).await?,
            "Email/set" => self.email_set(arguments).await?,
            "Email/copy" | "Blob/copy" => self.copy(&arguments),
            "Email/import" => self.email_import(arguments).await?,
            "Email/parse" => self.email_parse(arguments).await?,
            "SearchSnippet/get" => self.search_snippet_get(arguments).await?,
            "Identity/get" => self.identity_get(arguments).await?,
            "Identity/changes" => self.identity_changes(arguments).await?,
            "Identity/set" => self.identity_set(arguments).await?,
            "EmailSubmission/get" => self.submission_get(arguments).await?,
            "EmailSubmission/changes" => self.submission_changes(arguments).await?,
            "EmailSubmission/query" => self.submission_query(arguments).await?,
            "EmailSubmission/queryChanges" => self.submission_query_changes(arguments).await?,
            "EmailSubmission/set" => self.submission_set(arguments).await?,
            "PushSubscription/get" => self.push_get(arguments).await?,
            "PushSubscription/set" => self.push_set(arguments).await?,
            "VacationResponse/get" => self.vacation_get(arguments).await?,
            "VacationResponse/set" => self.vacation_set(arguments).await?,
            _ => Err(MethodErrorType::UnknownMethod.into()),
        };
        Ok(outcome.map(|results| {
            let response = |(name, result): (&str, Value)| MethodResponse::new(name, &result, &call.call_id);
            results.into_iter().map(response).collect()
        }))
    }

    /// Whether this app may call a method: one that only reads changes nothing.
    fn may(&self, method: &str) -> bool {
        let writes = ["/set", "/import", "/copy"].iter().any(|end| method.ends_with(end));
        self.access == AppAccess::Full || !writes
    }

    fn own_account(&self, arguments: &Arguments) -> Result<(), MethodError> {
        match arguments.get("accountId") {
            Some(Value::String(id)) if *id == self.account => Ok(()),
            Some(Value::String(_)) => Err(MethodErrorType::AccountNotFound.into()),
            _ => Err(MethodError::invalid_arguments("`accountId` is missing or no text")),
        }
    }

    /// What a client calls `#name` if it made it earlier in this request, and an id otherwise.
    fn real_id(&self, id: &str) -> Option<String> {
        match id.strip_prefix('#') {
            Some(name) => self.created.get(name).cloned(),
            None => Some(id.to_owned()),
        }
    }

    /// An id for something new: the same for the same request of the same client, so that a request that is sent again,
    /// because its answer was lost, makes nothing twice.
    fn new_id(&self, method: &str, creation_id: &str) -> store_id::Id {
        match &self.idempotency_key {
            None => self.mail.new_id(),
            Some(key) => self.mail.derived_id(&[key, method, creation_id]),
        }
    }
}

/// Ids as the store has them.
mod store_id {
    pub type Id = [u8; 16];
}

use check as checked;
