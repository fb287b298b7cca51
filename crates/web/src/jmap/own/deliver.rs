//! Delivering a letter to people of this platform.
//!
//! An answer to a message, to everyone in the conversation, becomes a message of it. Anything else stays a letter, which is
//! its reader's alone. Safe to repeat: what was delivered is there already.

use super::email_set::new_letter;
use super::submission::address_in;
use super::vacation::vacation_of;
use crate::Web;
use app::mail::{Entry, Mail, NewLetter, ObjectKind, show_id};
use app::{Error, TEXT_LIMIT};
use letter::{Defaults, Letter};
use model::{AccountId, ConversationId, MessageId};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Days until the same person gets her away reply again.
const DAYS: i64 = 3;

/// Delivers a letter; returns for each address whether someone has it here.
pub(super) async fn deliver(
    web: &Web,
    mail: &Mail<'_>,
    submission: [u8; 16],
    entry: &Entry,
    raw: &[u8],
    from: &str,
    recipients: &[String],
) -> Result<Vec<(String, bool)>, Error> {
    let mut people: Vec<Option<AccountId>> = Vec::new();
    for address in recipients {
        people.push(web.app.person_at(address).await?);
    }
    let all: BTreeSet<AccountId> = people.iter().flatten().copied().collect();
    let Ok(letter) = Letter::parse(raw) else {
        return Err(Error::Corrupt("a letter that was read before".into()));
    };
    if !answered_in_conversation(web, mail, submission, entry, &letter, &all).await? {
        let sent = without_bcc(raw);
        for reader in &all {
            let theirs = match web.app.mail(*reader).await {
                Ok(theirs) => theirs,
                // Erased meanwhile.
                Err(Error::NotFound) => continue,
                Err(other) => return Err(other),
            };
            let new = NewLetter {
                id: Some(MessageId(theirs.derived_id(&["delivered", &show_id(submission)]))),
                received_at: mail.now(),
                folders: BTreeSet::from(["inbox".to_owned()]),
                ..new_letter(&letter, sent.clone())
            };
            theirs.letter_add(new).await?;
            if *reader != mail.owner() {
                away_reply(web, mail, &theirs, &letter, submission, from).await?;
            }
        }
    }
    Ok(recipients
        .iter()
        .cloned()
        .zip(people.into_iter().map(|person| person.is_some()))
        .collect())
}

/// Whether the letter was an answer to a message, and is now a message itself. It is if it goes to exactly those who are in
/// the conversation, and is nothing but text.
async fn answered_in_conversation(
    web: &Web,
    mail: &Mail<'_>,
    submission: [u8; 16],
    entry: &Entry,
    letter: &Letter,
    recipients: &BTreeSet<AccountId>,
) -> Result<bool, Error> {
    let text = letter.body_text();
    let text = text.trim();
    if entry.letter().is_none() || letter.has_attachment() || text.is_empty() || text.len() > TEXT_LIMIT {
        return Ok(false);
    }
    let talk = match web.app.talk(mail.owner(), ConversationId(entry.thread)).await {
        Ok(talk) => talk.conversation,
        Err(Error::NotFound) => return Ok(false),
        Err(other) => return Err(other),
    };
    let others = talk
        .participants
        .iter()
        .map(|p| p.account)
        .filter(|a| *a != mail.owner());
    if others.collect::<BTreeSet<_>>() != *recipients {
        return Ok(false);
    }
    let sent = web.app.send(mail.owner(), talk.id, text, &show_id(submission)).await?;
    // The letter stands for it among her own.
    mail.hide(sent.id).await?;
    Ok(true)
}

/// Answers for someone who is away: once in a few days to each, and never to what was itself sent by a machine (RFC 3834).
async fn away_reply(
    web: &Web,
    sender: &Mail<'_>,
    reader: &Mail<'_>,
    letter: &Letter,
    submission: [u8; 16],
    to: &str,
) -> Result<(), Error> {
    let away = vacation_of(reader).await?;
    let text = |name: &str| away.get(name).and_then(Value::as_str);
    let now = reader.now();
    let is_away = away.get("isEnabled") == Some(&Value::Bool(true))
        && text("fromDate").is_none_or(|from| from <= now.to_string().as_str())
        && text("toDate").is_none_or(|to| now.to_string().as_str() < to);
    let automatic = letter
        .header("auto-submitted")
        .iter()
        .any(|value| !value.trim().eq_ignore_ascii_case("no"))
        || ["list-id", "precedence"].iter().any(|name| letter.has_header(name));
    if !is_away || automatic {
        return Ok(());
    }
    let known = reader.object(ObjectKind::Answered, sender.owner().0).await?;
    let last = known.as_ref().and_then(|known| known.get("at")).and_then(Value::as_i64);
    if last.is_some_and(|last| now.0 < last.saturating_add(DAYS * 86_400_000)) {
        return Ok(());
    }
    let Some(person) = web.app.person(reader.owner()).await? else {
        return Ok(());
    };
    let host = web.app.host();
    let subject = letter.subject().unwrap_or_default();
    let subject = text("subject").map_or_else(|| format!("Auto: {subject}"), str::to_owned);
    let mut create = Map::new();
    create.insert(
        "from".to_owned(),
        json!([{"name": person.name, "email": format!("{}@{host}", person.handle)}]),
    );
    create.insert("to".to_owned(), json!([{"email": address_in(to)}]));
    create.insert("subject".to_owned(), Value::from(subject));
    create.insert("header:Auto-Submitted".to_owned(), Value::from(" auto-replied"));
    if let Some(id) = letter.message_id() {
        create.insert("inReplyTo".to_owned(), json!([id]));
        create.insert("references".to_owned(), json!([id]));
    }
    let mut values = Map::new();
    for (part, body, media_type) in [("t", "textBody", "text/plain"), ("h", "htmlBody", "text/html")] {
        if let Some(body_text) = text(body) {
            create.insert(body.to_owned(), json!([{"partId": part, "type": media_type}]));
            values.insert(part.to_owned(), json!({"value": body_text}));
        }
    }
    if values.is_empty() {
        create.insert("textBody".to_owned(), json!([{"partId": "t", "type": "text/plain"}]));
        values.insert("t".to_owned(), json!({"value": "I am away."}));
    }
    create.insert("bodyValues".to_owned(), Value::Object(values));
    let id = sender.derived_id(&["away", &show_id(submission), &reader.owner().to_string()]);
    let defaults = Defaults {
        date: now.unix_seconds(),
        message_id: format!("{}@{host}", MessageId(id)),
    };
    let raw = letter::build(&create, &mut |_| None, &defaults).map_err(|e| Error::Invalid(format!("{e:?}")))?;
    let Ok(reply) = Letter::parse(&raw) else {
        return Ok(());
    };
    let new = NewLetter {
        id: Some(MessageId(id)),
        received_at: now,
        folders: BTreeSet::from(["inbox".to_owned()]),
        ..new_letter(&reply, raw)
    };
    sender.letter_add(new).await?;
    let at = Map::from_iter([("at".to_owned(), Value::from(now.0))]);
    reader
        .object_put(ObjectKind::Answered, sender.owner().0, Some(&at))
        .await
}

/// The letter as its readers get it: who else got it in secret stays secret (RFC 5322 section 3.6.3).
fn without_bcc(raw: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(raw.len());
    let (mut rest, mut in_header, mut dropping) = (raw, true, false);
    while !rest.is_empty() {
        let end = rest.iter().position(|b| *b == b'\n').map_or(rest.len(), |at| at + 1);
        let (line, after) = rest.split_at(end);
        rest = after;
        if in_header {
            if line == b"\r\n" || line == b"\n" {
                (in_header, dropping) = (false, false);
            } else if !line.starts_with(b" ") && !line.starts_with(b"\t") {
                let name = line.split(|b| *b == b':').next().unwrap_or_default();
                dropping = name.trim_ascii().eq_ignore_ascii_case(b"bcc");
            }
        }
        if !dropping {
            kept.extend_from_slice(line);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_got_it_in_secret_stays_secret() {
        let raw = b"From: a@x\r\nbcc : b@x,\r\n c@x\r\nTo: d@x\r\n\r\nBcc: in the text\r\n";
        assert_eq!(without_bcc(raw), b"From: a@x\r\nTo: d@x\r\n\r\nBcc: in the text\r\n");
        assert_eq!(without_bcc(b"Bcc: x\n"), b"");
        assert_eq!(without_bcc(b"no end"), b"no end");
    }
}
