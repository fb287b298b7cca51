//! What a partner has written itself, as it reads it.

use super::super::email;
use app::Error;
use app::view::View;
use wire::jmap::IdSet;

/// What a partner wrote itself, as an `Email`.
pub(in crate::jmap) async fn own_email(
    view: &View<'_>,
    id: &str,
    wanted: &email::Wanted<'_>,
) -> Result<Option<wire::jmap::Email>, Error> {
    let Some(sending) = view.sending().await? else {
        return Ok(None);
    };
    let Some(key) = sending.read(id) else {
        return Ok(None);
    };
    let Some(outgoing) = sending.one(key).await? else {
        return Ok(None);
    };
    let mut email = email::render(sending.item(key, &outgoing), wanted);
    email.mailbox_ids = email
        .mailbox_ids
        .map(|_| IdSet(vec![super::folder(&outgoing).to_owned()]));
    email.keywords = email.keywords.map(|_| IdSet(super::keywords(&outgoing)));
    Ok(Some(email))
}

/// The conversation of its own in which it is shown.
pub(in crate::jmap) async fn own_thread(view: &View<'_>, id: &str) -> Result<Option<Vec<String>>, Error> {
    let Some(sending) = view.sending().await? else {
        return Ok(None);
    };
    let Some(key) = sending.read_thread(id) else {
        return Ok(None);
    };
    Ok(sending.one(key).await?.map(|_| vec![sending.show(key)]))
}
