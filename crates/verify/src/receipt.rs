//! A receipt, in plain words.

use crate::{Finding, Source, VerifyError, head};
use model::{FieldSet, Time};
use std::fmt::Write;
use tlog::body::{Body, Event, Private};
use tlog::note::VerifyingKey;
use tlog::receipt::{self, Opened};

/// Checks a receipt's file (called `name` in findings) against the log's key and, with a source, that its checkpoint
/// belongs to the log as it is now.
pub fn receipt(name: &str, file: &[u8], key: &VerifyingKey, log: Option<&dyn Source>) -> Result<Opened, VerifyError> {
    let wrong = |what: String| VerifyError::Wrong(Finding::new(name, None, what));
    let text = std::str::from_utf8(file).map_err(|_| wrong("not UTF-8 text".to_owned()))?;
    let opened = receipt::verify(text, key).map_err(|error| wrong(error.to_string()))?;
    if let Some(log) = log {
        head::consistency(&opened.checkpoint, log, key)?;
    }
    Ok(opened)
}

/// What a checked receipt says: who, when, what, which fields, how much.
pub fn describe(opened: &Opened) -> String {
    let Opened {
        body,
        private,
        index,
        checkpoint,
        ..
    } = opened;
    let mut text = String::new();
    let mut line = |words: std::fmt::Arguments<'_>| {
        // Writing to a string cannot fail.
        _ = text.write_fmt(words);
        text.push('\n');
    };
    line(format_args!(
        "entry {index} of the log `{}` ({} entries)",
        checkpoint.origin, checkpoint.size
    ));
    line(format_args!("{}", what_happened(body)));
    let rows = [
        ("client", body.client.clone()),
        ("grant", body.grant.clone()),
        ("agreement", body.agreement.clone()),
        ("purpose", body.purpose.clone()),
        ("fields", fields(body.fields)),
        (
            "messages",
            if body.messages > 0 {
                body.messages.to_string()
            } else {
                String::new()
            },
        ),
        (
            "message ids",
            if body.messages > 0 {
                hex::encode(body.ids_root)
            } else {
                String::new()
            },
        ),
        (
            "bytes sent",
            if body.answer_bytes > 0 {
                body.answer_bytes.to_string()
            } else {
                String::new()
            },
        ),
        ("request", body.request_id.clone()),
    ];
    for (name, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        line(format_args!("  {name:<12} {}", plain(value)));
    }
    if let Some(private) = private {
        line(format_args!("{}", for_the_person(private)));
    }
    text
}

fn what_happened(body: &Body) -> String {
    let when = Time(body.at_ms);
    let partner = if body.partner.is_empty() {
        "no partner".to_owned()
    } else {
        format!("`{}`", plain(&body.partner))
    };
    match body.event {
        Event::Disclosure => format!("{when}: partner {partner} was given data of this inbox"),
        Event::Grant => format!("{when}: a grant was given to partner {partner}"),
        Event::Say => format!("{when}: the person had her say about partner {partner}"),
        Event::Revocation => format!("{when}: a grant of partner {partner} was revoked"),
        Event::Erasure => format!("{when}: the inbox was erased"),
        Event::Narrowing => format!("{when}: a grant of partner {partner} was narrowed"),
        Event::Padding => format!("{when}: nothing happened; the entry only hides how much does"),
        Event::Sent => format!("{when}: partner {partner} sent something on this person's behalf"),
        Event::Removal => format!("{when}: partner {partner} removed from this inbox what it had sent"),
    }
}

fn for_the_person(private: &Private) -> String {
    let mut text = format!("for the person only: number {} of her entries", private.seq);
    if private.withheld.is_empty() {
        text.push_str(", nothing withheld");
    }
    for (reason, count) in &private.withheld {
        let messages = if *count == 1 { "message" } else { "messages" };
        _ = write!(text, "\n  withheld     {count} {messages}: {}", reason_words(*reason));
    }
    if !private.note.is_empty() {
        _ = write!(text, "\n  note         {}", plain(&private.note));
    }
    text
}

/// The reasons' numbers, as the ledger has them. Never reused.
fn reason_words(code: u8) -> String {
    match code {
        1 => "the grant is not live".to_owned(),
        2 => "the agreement is not in force".to_owned(),
        3 => "the grant does not have the action `read`".to_owned(),
        4 => "the grant does not cover the conversation".to_owned(),
        5 => "its author has not agreed".to_owned(),
        6 => "its author wants to be asked".to_owned(),
        7 => "agreement, grant and author allow no level in common".to_owned(),
        other => format!("reason {other}"),
    }
}

fn fields(bits: u8) -> String {
    match FieldSet::from_bits(bits) {
        Some(set) => set.iter().map(|field| field.name()).collect::<Vec<_>>().join(", "),
        None => format!("unknown ({bits:#010b})"),
    }
}

/// A text from a file, so that it cannot steer a terminal.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}
