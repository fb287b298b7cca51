//! Keeping in sync: `/changes` of mailboxes and conversations, `/queryChanges`, and `Mailbox/query`.

use super::methods::{Context, Outcome, check, own_account, respond};
use super::{filter, mailbox};
use app::Error;
use app::view::{Selection, Since, SinceQuery, SinceThreads, Start, View};
use serde_json::{Map, Value};
use std::num::NonZeroU64;
use wire::jmap::{
    AddedItem, ChangesArguments, ChangesResponse, EmailQueryChangesArguments, Mailbox, MailboxQueryArguments,
    MailboxQueryChangesArguments, MethodCall, MethodErrorType, MethodResponse, QueryChangesResponse, QueryResponse,
    parse_arguments,
};
use wire::limits::MAX_OBJECTS_IN_GET;

impl Context {
    /// There are three at most, in the order of their `sortOrder`; none is in another, so a tree is a list.
    pub(super) async fn mailbox_query(
        &self,
        view: &mut View<'_>,
        call: &MethodCall,
        arguments: Map<String, Value>,
    ) -> Outcome<MethodResponse> {
        let asked = check!(MailboxQueryArguments::parse(arguments));
        check!(own_account(view, &asked.account_id));
        let mut matching = mailbox::all(view, false).await?;
        matching.retain(|mailbox| asked.filter.as_ref().is_none_or(|f| f.matches(&|c| c.matches(mailbox))));
        for comparator in asked.sort.iter().flatten().rev() {
            matching.sort_by(|a, b| {
                let order = match comparator.property.as_str() {
                    "name" => a.name.cmp(&b.name),
                    _ => a.sort_order.cmp(&b.sort_order),
                };
                if comparator.is_ascending {
                    order
                } else {
                    order.reverse()
                }
            });
        }
        let ids: Vec<String> = matching.into_iter().map(|mailbox| mailbox.id).collect();
        let window = super::own::Window {
            position: asked.position,
            anchor: asked.anchor.clone(),
            anchor_offset: asked.anchor_offset,
            limit: asked.limit,
        };
        let (position, page) = check!(window.of(&ids));
        let response = QueryResponse {
            account_id: asked.account_id,
            query_state: mailbox::state(view).await?,
            can_calculate_changes: true,
            position: position as u64,
            ids: page,
            total: asked.calculate_total.then_some(ids.len() as u64),
            limit: None,
            withheld: None,
        };
        Ok(Ok(respond(call, &response)))
    }

    /// The inbox has changed if messages came or went: its counts have, nothing else does.
    pub(super) async fn mailbox_changes(
        &self,
        view: &mut View<'_>,
        call: &MethodCall,
        arguments: Map<String, Value>,
    ) -> Outcome<MethodResponse> {
        let asked: ChangesArguments = check!(parse_arguments(arguments));
        check!(own_account(view, &asked.account_id));
        let Some((new_state, moved)) = moved(view, &asked.since_state).await? else {
            return Ok(Err(MethodErrorType::CannotCalculateChanges.into()));
        };
        let counts = || Some(vec!["totalEmails".to_owned(), "totalThreads".to_owned()]);
        let response = ChangesResponse {
            account_id: asked.account_id,
            old_state: asked.since_state,
            new_state,
            has_more_changes: false,
            created: Vec::new(),
            updated: moved.then(|| mailbox::INBOX.to_owned()).into_iter().collect(),
            destroyed: Vec::new(),
            updated_properties: Some(if moved { counts() } else { None }),
        };
        Ok(Ok(respond(call, &response)))
    }

    /// No mailbox is ever in other results than before.
    pub(super) async fn mailbox_query_changes(
        &self,
        view: &mut View<'_>,
        call: &MethodCall,
        arguments: Map<String, Value>,
    ) -> Outcome<MethodResponse> {
        let asked = check!(MailboxQueryChangesArguments::parse(arguments));
        check!(own_account(view, &asked.account_id));
        let Some((new_query_state, _)) = moved(view, &asked.since_query_state).await? else {
            return Ok(Err(MethodErrorType::CannotCalculateChanges.into()));
        };
        let all = mailbox::all(view, false).await?;
        let matches = |mailbox: &&Mailbox| asked.filter.as_ref().is_none_or(|f| f.matches(&|c| c.matches(mailbox)));
        let total = all.iter().filter(matches).count() as u64;
        let response = QueryChangesResponse {
            account_id: asked.account_id,
            old_query_state: asked.since_query_state,
            new_query_state,
            total: asked.calculate_total.then_some(total),
            removed: Vec::new(),
            added: Vec::new(),
        };
        Ok(Ok(respond(call, &response)))
    }

    pub(super) async fn thread_changes(
        &self,
        view: &mut View<'_>,
        call: &MethodCall,
        arguments: Map<String, Value>,
    ) -> Outcome<MethodResponse> {
        let asked: ChangesArguments = check!(parse_arguments(arguments));
        check!(own_account(view, &asked.account_id));
        match view.thread_changes(&asked.since_state, most(asked.max_changes)).await? {
            SinceThreads::CannotCalculate => Ok(Err(MethodErrorType::CannotCalculateChanges.into())),
            SinceThreads::Changes {
                created,
                updated,
                new_state,
            } => Ok(Ok(respond(
                call,
                &ChangesResponse {
                    account_id: asked.account_id,
                    old_state: asked.since_state,
                    new_state,
                    has_more_changes: false,
                    created,
                    updated,
                    destroyed: Vec::new(),
                    updated_properties: None,
                },
            ))),
        }
    }

    /// `upToId` is read and not used: what comes after it is told as well (RFC 8620 section 5.6 lets a server leave it out).
    pub(super) async fn email_query_changes(
        &self,
        view: &mut View<'_>,
        call: &MethodCall,
        arguments: Map<String, Value>,
    ) -> Outcome<MethodResponse> {
        let asked = check!(EmailQueryChangesArguments::parse(arguments));
        check!(own_account(view, &asked.account_id));
        check!(filter::supported(asked.filter.as_ref(), view));
        let order = check!(filter::Order::of(asked.sort.as_deref(), view));
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
            start: Start::At(0),
            limit: MAX_OBJECTS_IN_GET,
        };
        let most = most(asked.max_changes);
        match view.query_changes(&asked.since_query_state, &selection, most).await? {
            SinceQuery::CannotCalculate => Ok(Err(MethodErrorType::CannotCalculateChanges.into())),
            SinceQuery::TooMany => Ok(Err(MethodErrorType::TooManyChanges.into())),
            SinceQuery::Changes {
                removed,
                added,
                new_state,
            } => {
                let total = match asked.calculate_total {
                    true => Some(view.count(&selection).await?.0),
                    false => None,
                };
                let added = added.into_iter().map(|(index, id)| AddedItem {
                    id,
                    index: index as u64,
                });
                let response = QueryChangesResponse {
                    account_id: asked.account_id,
                    old_query_state: asked.since_query_state,
                    new_query_state: new_state,
                    total,
                    removed,
                    added: added.collect(),
                };
                Ok(Ok(respond(call, &response)))
            }
        }
    }
}

fn most(asked: Option<NonZeroU64>) -> usize {
    asked
        .map_or(MAX_OBJECTS_IN_GET, |n| usize::try_from(n.get()).unwrap_or(usize::MAX))
        .min(MAX_OBJECTS_IN_GET)
}

/// The state now, and whether anything in the view came or went since then; `None` if that cannot be told. The state is read
/// first: what comes in between is told twice rather than never.
async fn moved(view: &mut View<'_>, since: &str) -> Result<Option<(String, bool)>, Error> {
    let now = view.state().await?;
    Ok(match view.changes(since, MAX_OBJECTS_IN_GET).await? {
        Since::Changes {
            created,
            destroyed,
            more,
            ..
        } => Some((now, more || !created.is_empty() || !destroyed.is_empty())),
        Since::CannotCalculate => None,
    })
}
