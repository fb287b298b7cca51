//! The methods, over a view.

use super::room::is_longer;
pub(super) use super::room::no_room;
use super::subscription::{Keep, Subscribing};
use super::{email, filter, mailbox, sending};
use crate::Web;
use app::Error;
use app::view::{Found, Selection, Since, Start, View};
use model::{Action, Grant};
use serde::Serialize;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use wire::jmap::{
    BodyProperties, ChangesArguments, ChangesResponse, DISCLOSURE, EmailGetArguments, EmailProperties,
    EmailQueryArguments, GetArguments, GetResponse, Mailbox, MethodCall, MethodError, MethodErrorType, MethodResponse,
    QueryResponse, References, Request, Response, Thread, parse_arguments, require_known, resolve_arguments, select,
};
use wire::limits::{MAX_OBJECTS_IN_GET, MAX_QUERY_LIMIT, MAX_SIZE_RESPONSES};

/// A request, and what of the platform its answer depends on.
pub struct Context {
    request: Request,
    web: Arc<Web>,
    grant: Arc<Grant>,
    pub(super) host: String,
    /// The client's name for this request: the same again makes nothing twice.
    pub(super) key: Option<String>,
    /// What this request has made, by the client's name for it.
    pub(super) created: BTreeMap<String, String>,
    /// Bytes that the answer to the present call may have.
    room: usize,
}

/// Bytes of an answer besides its results: brackets, names, call ids, and a disclosure's proof.
const ROOM: usize = 2 * 1024;

/// What a method comes to: an error of the method, or a failure of the whole request.
pub(super) type Outcome<T> = Result<Result<T, MethodError>, Error>;

/// Leaves with the method's error.
macro_rules! check {
    ($checked:expr) => {
        match $checked {
            Ok(value) => value,
            Err(error) => return Ok(Err(error)),
        }
    };
}

pub(super) use check;

impl Context {
    /// A partner's request to this platform, under a grant.
    pub fn of(web: &Arc<Web>, grant: Arc<Grant>, request: Request, key: Option<String>) -> Self {
        Self {
            created: request.created_ids.clone().unwrap_or_default(),
            request,
            web: Arc::clone(web),
            grant,
            key,
            host: web.app.host().to_owned(),
            room: MAX_SIZE_RESPONSES,
        }
    }

    /// Whether the client wants a capability.
    pub fn uses(&self, urn: &str) -> bool {
        self.request.uses(urn)
    }

    /// Runs the calls in order and writes the answer.
    pub async fn answer(mut self, view: &mut View<'_>) -> Result<Vec<u8>, Error> {
        let calls = std::mem::take(&mut self.request.method_calls);
        let mut responses: Vec<MethodResponse> = Vec::with_capacity(calls.len());
        let mut references = References::default();
        let mut results = 0;
        for mut call in calls {
            let arguments = std::mem::take(&mut call.arguments);
            self.room = MAX_SIZE_RESPONSES.saturating_sub(results);
            let length = |of: &[MethodResponse]| of.iter().map(|r| r.arguments.get().len()).sum::<usize>();
            let mut answered = match resolve_arguments(arguments, &responses, &mut references) {
                Err(error) => vec![MethodResponse::error(&error, &call.call_id)],
                Ok(_) if !self.request.offers(&call.name) => {
                    vec![MethodResponse::error(
                        &MethodErrorType::UnknownMethod.into(),
                        &call.call_id,
                    )]
                }
                Ok(arguments) if sending::is_ours(&call.name) => {
                    view.look_again();
                    sending::run(&mut self, view, &call, arguments).await?
                }
                Ok(arguments) => vec![self.run(view, &call, arguments).await?],
            };
            if length(&answered) > self.room {
                answered = vec![MethodResponse::error(&no_room(), &call.call_id)];
            }
            results += length(&answered);
            responses.extend(answered);
        }
        let response = Response {
            method_responses: responses,
            created_ids: self.request.created_ids.as_ref().map(|_| self.created.clone()),
            session_state: view.session_state(),
            disclosure_proof: None,
        };
        let mut body = Vec::with_capacity(results + ROOM);
        serde_json::to_writer(&mut body, &response).map_err(|e| Error::Corrupt(e.to_string()))?;
        Ok(body)
    }

    async fn run(
        &mut self,
        view: &mut View<'_>,
        call: &MethodCall,
        arguments: Map<String, Value>,
    ) -> Result<MethodResponse, Error> {
        let outcome = match call.name.as_str() {
            // Who may only send has folders for what it writes, and sees nothing else.
            name if !view.may(Action::Read) && !["Core/echo", "Mailbox/get", "Mailbox/query"].contains(&name) => Err(
                MethodError::new(MethodErrorType::Forbidden, "this grant does not have the action `read`"),
            ),
            "Core/echo" => echo(call, &arguments, self.room),
            "Mailbox/get" => self.mailbox_get(view, call, arguments).await?,
            "Mailbox/changes" => self.mailbox_changes(view, call, arguments).await?,
            "Mailbox/query" => self.mailbox_query(view, call, arguments).await?,
            "Mailbox/queryChanges" => self.mailbox_query_changes(view, call, arguments).await?,
            "Thread/changes" => self.thread_changes(view, call, arguments).await?,
            "Thread/get" => self.thread_get(view, call, arguments).await?,
            "Email/query" => self.email_query(view, call, arguments).await?,
            "Email/get" => self.email_get(view, call, arguments).await?,
            "Email/changes" => self.email_changes(view, call, arguments).await?,
            "Email/queryChanges" => self.email_query_changes(view, call, arguments).await?,
            "SearchSnippet/get" => self.search_snippet_get(view, call, arguments).await?,
            "PushSubscription/get" | "PushSubscription/set" => self.push_subscription(call, arguments).await?,
            _ => Err(MethodErrorType::UnknownMethod.into()),
        };
        Ok(outcome.unwrap_or_else(|error| MethodResponse::error(&error, &call.call_id)))
    }

    /// Where this partner wants to be told that its view has moved. Looks at nothing of the inbox.
    async fn push_subscription(&mut self, call: &MethodCall, arguments: Map<String, Value>) -> Outcome<MethodResponse> {
        let web = Arc::clone(&self.web);
        let mut subscribing = Subscribing {
            web: &web,
            keep: Keep::Partner(web.app.subscriptions(&self.grant).await?),
            created: &mut self.created,
        };
        let result = match call.name.as_str() {
            "PushSubscription/get" => subscribing.get(arguments).await?,
            _ => subscribing.set(arguments).await?,
        };
        Ok(result.map(|result| respond(call, &result)))
    }

    async fn mailbox_get(
        &self,
        view: &mut View<'_>,
        call: &MethodCall,
        arguments: Map<String, Value>,
    ) -> Outcome<MethodResponse> {
        let asked = check!(GetArguments::parse(arguments));
        check!(own_account(view, &asked.account_id));
        let properties = asked.properties.as_deref();
        check!(properties.map_or(Ok(()), |p| require_known(p, &Mailbox::PROPERTIES)));
        let counts = properties.is_none_or(|names| names.iter().any(|n| n == "totalEmails" || n == "totalThreads"));
        let inbox_wanted = asked
            .ids
            .as_ref()
            .is_none_or(|ids| ids.iter().any(|id| id == mailbox::INBOX));
        let there = mailbox::all(view, counts && inbox_wanted).await?;
        let ids = asked
            .ids
            .unwrap_or_else(|| there.iter().map(|mailbox| mailbox.id.clone()).collect());
        let (mut list, mut not_found, mut answered) = (Vec::new(), Vec::new(), std::collections::HashSet::new());
        for id in ids {
            if !answered.insert(id.clone()) {
                continue;
            }
            match there.iter().find(|mailbox| mailbox.id == id) {
                Some(mailbox) => list.push(check!(select(mailbox, properties))),
                None => not_found.push(id),
            }
        }
        let response = GetResponse {
            account_id: asked.account_id,
            state: mailbox::state(view).await?,
            list,
            not_found,
        };
        Ok(Ok(respond(call, &response)))
    }

    async fn thread_get(
        &self,
        view: &mut View<'_>,
        call: &MethodCall,
        arguments: Map<String, Value>,
    ) -> Outcome<MethodResponse> {
        let asked = check!(GetArguments::parse(arguments));
        check!(own_account(view, &asked.account_id));
        let properties = asked.properties.as_deref();
        check!(properties.map_or(Ok(()), |p| require_known(p, &Thread::PROPERTIES)));
        let Some(mut ids) = asked.ids else {
            return Ok(Err(too_many()));
        };
        ids.sort_unstable();
        ids.dedup();
        let (mut list, mut not_found) = (Vec::new(), Vec::new());
        for id in ids {
            match view.thread(&id).await? {
                Some(email_ids) => list.push(check!(select(&Thread { id, email_ids }, properties))),
                None => match sending::own_thread(view, &id).await? {
                    Some(email_ids) => list.push(check!(select(&Thread { id, email_ids }, properties))),
                    None => not_found.push(id),
                },
            }
        }
        let response = GetResponse {
            account_id: asked.account_id,
            state: view.state().await?,
            list,
            not_found,
        };
        Ok(Ok(respond(call, &response)))
    }

    async fn email_query(
        &self,
        view: &mut View<'_>,
        call: &MethodCall,
        arguments: Map<String, Value>,
    ) -> Outcome<MethodResponse> {
        let asked = check!(EmailQueryArguments::parse(arguments));
        check!(own_account(view, &asked.account_id));
        if let Some(folder) = mailbox::asked_for(asked.filter.as_ref()) {
            return Ok(Ok(respond(call, &check!(own_query(view, &asked, folder).await?))));
        }
        check!(filter::supported(asked.filter.as_ref(), view));
        let order = check!(filter::Order::of(asked.sort.as_deref(), view));
        let limit = asked.limit.unwrap_or(MAX_QUERY_LIMIT).min(MAX_QUERY_LIMIT);
        let filtered = filter::selects(asked.filter.as_ref());
        let wanted = asked.filter.map(|tree| tree.map(&filter::Condition::of));
        let accept = |item: &app::view::Item| filter::matches(wanted.as_ref(), item);
        let compare = order.compare();
        let selection = Selection {
            accept: &accept,
            filtered,
            oldest_first: order.oldest_first(),
            by: compare.as_deref(),
            one_per_thread: asked.collapse_threads,
            start: match &asked.anchor {
                Some(id) => Start::Anchor(id.clone(), asked.anchor_offset),
                None => Start::At(asked.position),
            },
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
        };
        let query_state = view.state().await?;
        let Some(Found { ids, position }) = view.query(&selection).await? else {
            return Ok(Err(MethodErrorType::AnchorNotFound.into()));
        };
        let (mut total, mut withheld) = (None, None);
        if asked.calculate_total {
            let (count, by_reason) = view.count(&selection).await?;
            total = Some(count);
            if view.is_partner() && self.request.uses(DISCLOSURE) {
                withheld = Some(
                    by_reason
                        .into_iter()
                        .map(|(r, n)| (Cow::Borrowed(reason(r)), n))
                        .collect::<BTreeMap<_, _>>(),
                );
            }
        }
        let response = QueryResponse {
            account_id: asked.account_id,
            query_state,
            can_calculate_changes: true,
            position: position as u64,
            ids,
            total,
            limit: asked
                .limit
                .is_none_or(|l| l > MAX_QUERY_LIMIT)
                .then_some(MAX_QUERY_LIMIT),
            withheld,
        };
        Ok(Ok(respond(call, &response)))
    }

    async fn email_get(
        &self,
        view: &mut View<'_>,
        call: &MethodCall,
        arguments: Map<String, Value>,
    ) -> Outcome<MethodResponse> {
        let asked = check!(EmailGetArguments::parse(arguments));
        check!(own_account(view, &asked.account_id));
        let wanted = email::Wanted {
            properties: check!(EmailProperties::parse(asked.properties.as_deref())),
            body_properties: check!(BodyProperties::parse(asked.body_properties)),
            // A plain-text message is its own text body and its own HTML body (RFC 8621 section 4.1.4).
            values: asked.fetch_text_body_values || asked.fetch_html_body_values || asked.fetch_all_body_values,
            max_bytes: asked.max_body_value_bytes,
            host: &self.host,
        };
        let ids = match asked.ids {
            Some(ids) => ids,
            None => {
                let all = Selection {
                    accept: &|_| true,
                    filtered: false,
                    oldest_first: false,
                    by: None,
                    one_per_thread: false,
                    start: Start::At(0),
                    limit: MAX_OBJECTS_IN_GET + 1,
                };
                let ids = view.query(&all).await?.map_or_else(Vec::new, |found| found.ids);
                if ids.len() > MAX_OBJECTS_IN_GET {
                    return Ok(Err(too_many()));
                }
                ids
            }
        };
        let state = view.state().await?;
        let (mut list, mut not_found) = (Vec::with_capacity(ids.len()), Vec::new());
        let items = view.items(&ids).await?;
        let mut answered = std::collections::HashSet::with_capacity(ids.len());
        let mut texts: usize = 0;
        for (id, item) in ids.iter().zip(items) {
            if !answered.insert(id) {
                continue; // asked for twice, answered once (RFC 8620 section 5.1)
            }
            match item {
                Some(item) => {
                    // What cannot be sent in the end is not written first.
                    texts = texts.saturating_add(item.text.as_ref().filter(|_| wanted.values).map_or(0, String::len));
                    if texts > self.room {
                        return Ok(Err(no_room()));
                    }
                    list.push(email::render(item, &wanted));
                }
                None => match sending::own_email(view, id, &wanted).await? {
                    Some(email) => list.push(email),
                    None => not_found.push(id.clone()),
                },
            }
        }
        Ok(Ok(respond(
            call,
            &GetResponse {
                account_id: asked.account_id,
                state,
                list,
                not_found,
            },
        )))
    }

    async fn email_changes(
        &self,
        view: &mut View<'_>,
        call: &MethodCall,
        arguments: Map<String, Value>,
    ) -> Outcome<MethodResponse> {
        let asked: ChangesArguments = check!(parse_arguments(arguments));
        check!(own_account(view, &asked.account_id));
        let most = asked
            .max_changes
            .map_or(MAX_OBJECTS_IN_GET, |n| usize::try_from(n.get()).unwrap_or(usize::MAX));
        match view.changes(&asked.since_state, most.min(MAX_OBJECTS_IN_GET)).await? {
            Since::CannotCalculate => Ok(Err(MethodErrorType::CannotCalculateChanges.into())),
            Since::Changes {
                created,
                destroyed,
                new_state,
                more,
            } => Ok(Ok(respond(
                call,
                &ChangesResponse {
                    account_id: asked.account_id,
                    old_state: asked.since_state,
                    new_state,
                    has_more_changes: more,
                    created,
                    updated: Vec::new(),
                    destroyed,
                    updated_properties: None,
                },
            ))),
        }
    }
}

/// `Email/query` in a folder of what the partner wrote itself, newest first.
async fn own_query(
    view: &mut View<'_>,
    asked: &EmailQueryArguments,
    folder: &str,
) -> Result<Result<QueryResponse, MethodError>, Error> {
    let query_state = view.state().await?;
    let ids: Vec<String> = match view.sending().await? {
        None => Vec::new(),
        Some(sending) => {
            let all = sending.all().await?;
            let mut of = all
                .iter()
                .filter(|(_, o)| sending::folder(o) == folder)
                .collect::<Vec<_>>();
            let is_ascending = asked
                .sort
                .as_ref()
                .and_then(|s| s.first())
                .is_some_and(|c| c.is_ascending);
            of.sort_by_key(|(id, o)| std::cmp::Reverse((o.send_at().unwrap_or(o.made_at), *id)));
            if is_ascending {
                of.reverse();
            }
            of.into_iter().map(|(id, _)| sending.show(*id)).collect()
        }
    };
    let window = super::own::Window {
        position: asked.position,
        anchor: asked.anchor.clone(),
        anchor_offset: asked.anchor_offset,
        limit: asked.limit,
    };
    Ok(window.of(&ids).map(|(position, page)| QueryResponse {
        account_id: asked.account_id.clone(),
        query_state,
        can_calculate_changes: false,
        position: position as u64,
        ids: page,
        total: asked.calculate_total.then_some(ids.len() as u64),
        limit: window.server_limit(),
        withheld: None,
    }))
}

pub(super) fn respond(call: &MethodCall, result: &impl Serialize) -> MethodResponse {
    MethodResponse::new(&call.name, result, &call.call_id)
}

pub(super) fn own_account(view: &View<'_>, asked: &str) -> Result<(), MethodError> {
    match view.account() == asked {
        true => Ok(()),
        false => Err(MethodErrorType::AccountNotFound.into()),
    }
}

/// Text grows up to six times when it is written, so it is measured before.
pub(super) fn echo(
    call: &MethodCall,
    arguments: &Map<String, Value>,
    room: usize,
) -> Result<MethodResponse, MethodError> {
    match is_longer(arguments, room) {
        true => Err(no_room()),
        false => Ok(respond(call, arguments)),
    }
}

fn too_many() -> MethodError {
    MethodError::new(
        MethodErrorType::RequestTooLarge,
        "name the ids: there may be more than `maxObjectsInGet`",
    )
}

/// The word for a reason in answers to partners.
fn reason(reason: model::Reason) -> &'static str {
    use model::Reason;
    match reason {
        Reason::Grant => "grant",
        Reason::Agreement | Reason::Suspended => "agreement",
        Reason::Action => "action",
        Reason::Conversation => "conversation",
        // Whether a counterparty refuses or has not answered yet is hers to tell.
        Reason::Counterparty | Reason::Asked => "counterparty",
        Reason::Fields => "fields",
    }
}
