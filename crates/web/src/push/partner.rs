//! Pushes to partners: the state of their view, when it has moved. Each goes through the door, is entered before it leaves,
//! and is over, or given up, before a revocation is acknowledged.

use super::{Address, send, types_of};
use crate::Web;
use crate::jmap::{partners_pause, view_change, view_types};
use app::mail::Object;
use app::{Denied, Error, Released};
use model::{AccountId, GrantId, Reason};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long carrying one may take: less than a revocation waits.
const WITHIN: Duration = Duration::from_secs(4);
/// How long it is remembered when a subscription was to be looked at.
const KEPT: Duration = Duration::from_secs(60);

/// When each subscription is looked at next.
#[derive(Default)]
pub struct Waits(HashMap<[u8; 16], Instant>);

/// Looks at an inbox for those who have subscribed to it. One that fails waits for the next time.
pub async fn look(web: &Web, account: AccountId, subscriptions: Vec<(GrantId, [u8; 16], Object)>, waits: &mut Waits) {
    waits.0.retain(|_, due| due.elapsed() < KEPT);
    for (grant, id, object) in subscriptions {
        if let Err(error) = one(web, account, grant, (id, object), waits).await {
            tracing::debug!(%error, "a partner's push waits");
        }
    }
}

async fn one(
    web: &Web,
    account: AccountId,
    grant: GrantId,
    (id, object): ([u8; 16], Object),
    waits: &mut Waits,
) -> Result<(), Error> {
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    let forget = web.app.subscription_replace(account, id, &object, None);
    if text("expires").is_none_or(|expires| expires <= web.app.now().to_string().as_str()) {
        return forget.await.map(|_| ());
    }
    if text("verificationCode").is_none() || waits.0.get(&id).is_some_and(|due| Instant::now() < *due) {
        return Ok(());
    }
    let told = text("told");
    let mut watch = match web.app.watch_subscribed(account, grant, told).await {
        Ok(watch) => watch,
        Err(Error::Denied(Denied::Grant(Reason::Grant) | Denied::Token)) => return forget.await.map(|_| ()),
        Err(other) => return Err(other),
    };
    drop(forget);
    waits.0.insert(id, Instant::now() + partners_pause(web, &watch));
    let mut after = object.clone();
    if told.is_none() {
        after.insert("told".to_owned(), Value::from(watch.known()));
        return web
            .app
            .subscription_replace(account, id, &object, Some(&after))
            .await
            .map(|_| ());
    }
    let types = view_types(&types_of(&object));
    let Some(address) = Address::stored(&object).filter(|_| !types.is_empty()) else {
        return Ok(());
    };
    let write = |account: &str, state: &str| view_change(account, state, &types).to_string().into_bytes();
    let Some(moved) = web.app.watch_look(&mut watch, web.app.fresh_name(), write).await? else {
        return Ok(());
    };
    after.insert("told".to_owned(), Value::from(moved.state));
    // Whoever writes this down first pushes it.
    if web.app.subscription_replace(account, id, &object, Some(&after)).await? {
        send_under(web, address, moved.released);
    }
    Ok(())
}

/// Posts what was released in the background, as long as its permit stands.
fn send_under(web: &Web, address: Address, released: Released) {
    let post = Arc::clone(&web.post);
    let (bytes, _, permit) = released.into_parts();
    tokio::task::spawn_blocking(move || {
        if permit.is_cut() {
            return;
        }
        if let Err(why) = send(post.as_ref(), &address, bytes, permit.left(WITHIN)) {
            tracing::info!(%why, "a push to a partner did not arrive");
        }
    });
}
