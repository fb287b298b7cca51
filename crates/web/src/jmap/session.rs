//! The session object (RFC 8620 section 2).

use super::own::{FOLDERS_LIMIT, LETTER_LIMIT, SORTS};
use crate::Web;
use crate::problem::Failure;
use crate::signed_in::bearer;
use app::mail::{AppAccess, DEEPEST};
use app::{App, Denied, Error};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use model::{Action, FieldSet};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use wire::jmap::{
    Account, CORE, CoreCapability, DISCLOSURE, MAIL, MailCapability, SUBMISSION, Session, VACATION, WEBSOCKET,
};

/// The state of a person's session object: what it says never changes, but for the ticket, which is another each hour.
pub(super) fn own_state(app: &App) -> String {
    format!("1.{}", app.ticket_hour())
}

/// `GET /.well-known/jmap` (RFC 8620 section 2.2). An absolute address: existing clients need that.
pub async fn well_known(State(web): State<Arc<Web>>) -> Redirect {
    Redirect::temporary(&format!("{}/jmap/session", web.app.issuer))
}

/// `GET /jmap/session`.
pub async fn session(State(web): State<Arc<Web>>, headers: HeaderMap) -> Response {
    match who(&web, &headers).await {
        Ok(who) => Json(object(&web, who)).into_response(),
        Err(error) => Failure::from(error).into_bearer(),
    }
}

struct Who {
    account: String,
    name: String,
    is_person: bool,
    is_read_only: bool,
    /// Whether there is something to submit.
    sends: bool,
    fields: FieldSet,
    state: String,
    /// For listening to events without a header.
    ticket: Option<String>,
}

async fn who(web: &Web, headers: &HeaderMap) -> Result<Who, Error> {
    if let Some(token) = bearer(headers).filter(|token| !App::is_app_token(token)) {
        let session = web.app.partner_session(token).await?;
        return Ok(Who {
            account: session.account,
            // A partner may know no name before it reads, and perhaps not then.
            name: "An inbox".to_owned(),
            is_person: false,
            is_read_only: !session.actions.iter().any(|a| *a != Action::Read),
            sends: session.actions.contains(&Action::Send) || session.actions.contains(&Action::Delete),
            fields: session.grant.terms.fields,
            state: session.grant.updated_at.0.to_string(),
            ticket: None,
        });
    }
    let (account, access) = super::person(web, headers).await?;
    let person = web.app.person(account).await?.ok_or(Error::Denied(Denied::Token))?;
    // A browser that is signed in has its cookie.
    let ticket = match super::app_secret(headers) {
        Some(secret) => Some(web.app.events_ticket(account, &secret).await?),
        None => None,
    };
    Ok(Who {
        account: person.account.to_string(),
        name: format!("{}@{}", person.handle, web.app.host()),
        is_person: true,
        is_read_only: access == AppAccess::Read,
        sends: true,
        fields: FieldSet::ALL,
        state: own_state(&web.app),
        ticket,
    })
}

fn object(web: &Web, who: Who) -> Session {
    let issuer = &web.app.issuer;
    let mail = match who.is_person {
        true => MailCapability {
            max_mailboxes_per_email: Some(FOLDERS_LIMIT as u64),
            max_mailbox_depth: Some(DEEPEST as u64),
            max_size_mailbox_name: 255,
            max_size_attachments_per_email: LETTER_LIMIT as u64,
            email_query_sort_options: SORTS.map(str::to_owned).to_vec(),
            may_create_top_level_mailbox: true,
        },
        false => MailCapability {
            max_mailboxes_per_email: Some(1),
            max_mailbox_depth: Some(1),
            max_size_mailbox_name: 100,
            max_size_attachments_per_email: 0,
            email_query_sort_options: super::filter::sorts(who.fields),
            may_create_top_level_mailbox: false,
        },
    };
    let mut account_capabilities = BTreeMap::from([(CORE.to_owned(), json!({})), (MAIL.to_owned(), value(&mail))]);
    let mut capabilities = BTreeMap::from([
        (CORE.to_owned(), value(&CoreCapability::default())),
        (MAIL.to_owned(), json!({})),
        (
            WEBSOCKET.to_owned(),
            json!({"url": socket_url(issuer), "supportsPush": true}),
        ),
    ]);
    let mut primary_accounts = BTreeMap::from([
        (CORE.to_owned(), who.account.clone()),
        (MAIL.to_owned(), who.account.clone()),
    ]);
    if who.is_person {
        let submission = json!({"maxDelayedSend": 0, "submissionExtensions": {}});
        for (urn, capability) in [(SUBMISSION, submission), (VACATION, json!({}))] {
            account_capabilities.insert(urn.to_owned(), capability);
            capabilities.insert(urn.to_owned(), json!({}));
            primary_accounts.insert(urn.to_owned(), who.account.clone());
        }
    } else {
        let fields: Vec<&str> = who.fields.iter().map(model::Field::name).collect();
        account_capabilities.insert(DISCLOSURE.to_owned(), json!({ "fields": fields }));
        capabilities.insert(DISCLOSURE.to_owned(), json!({ "ledger": format!("{issuer}/ledger") }));
        primary_accounts.insert(DISCLOSURE.to_owned(), who.account.clone());
        if who.sends {
            let most = app::sends::HOLD_LIMIT;
            let submission = json!({
                "maxDelayedSend": most,
                "submissionExtensions": {"FUTURERELEASE": [most.to_string()]},
            });
            account_capabilities.insert(SUBMISSION.to_owned(), submission);
            capabilities.insert(SUBMISSION.to_owned(), json!({}));
            primary_accounts.insert(SUBMISSION.to_owned(), who.account.clone());
        }
    }
    let account = Account {
        name: who.name.clone(),
        is_personal: who.is_person,
        is_read_only: who.is_read_only,
        account_capabilities,
    };
    Session {
        capabilities,
        accounts: BTreeMap::from([(who.account, account)]),
        primary_accounts,
        username: if who.is_person { who.name } else { String::new() },
        api_url: format!("{issuer}/jmap"),
        download_url: format!("{issuer}/jmap/download/{{accountId}}/{{blobId}}/{{name}}?type={{type}}"),
        upload_url: format!("{issuer}/jmap/upload/{{accountId}}/"),
        event_source_url: format!(
            "{issuer}/jmap/events?types={{types}}&closeafter={{closeafter}}&ping={{ping}}{}",
            who.ticket.map(|ticket| format!("&ticket={ticket}")).unwrap_or_default()
        ),
        state: who.state,
    }
}

/// RFC 8887 section 3: `wss`, or on one's own machine `ws`.
fn socket_url(issuer: &str) -> String {
    let rest = issuer.strip_prefix("http").unwrap_or(issuer);
    format!("ws{rest}/jmap/ws")
}

fn value(capability: &impl serde::Serialize) -> Value {
    serde_json::to_value(capability).unwrap_or_default()
}
