//! A message of either schema, repaired and checked.

use super::attachment::{self, Kind};
use super::line::{AnyLine, Line, SealedLine, Text, Uri};
use crate::id::derive;
use crate::mojibake::repair;
use crate::{Limits, Summary};
use model::{Attachment, ConversationId, MessageId, Time};
use std::borrow::Cow;
use std::collections::HashMap;

/// 2000-01-01 and 2100-01-01: a time outside is damage, not history.
const TIMES: std::ops::Range<i64> = 946_684_800_000..4_102_444_800_000;
/// Messages of one moment that are told apart; a person's thread has a handful.
const SAME_MOMENT: usize = 10_000;

/// A message whose author is still a name.
pub(crate) struct Written<'a> {
    pub sender: Cow<'a, str>,
    pub sent_at: Time,
    pub text: Cow<'a, str>,
    pub attachments: Vec<Attachment>,
}

/// Makes sense of one element of `messages`, or says why there is none in it. A call, or people joining or leaving, is
/// nothing that anybody wrote.
pub(crate) fn read<'a>(
    line: AnyLine<'a>,
    limits: &Limits,
    summary: &mut Summary,
) -> Result<Option<Written<'a>>, String> {
    let written = match line {
        AnyLine::Plain(line) => plain(line, limits, summary)?,
        AnyLine::EndToEnd(line) => end_to_end(line, limits)?,
    };
    if let Some(written) = &written {
        check(written, limits)?;
    }
    Ok(written)
}

fn plain<'a>(line: Line<'a>, limits: &Limits, summary: &mut Summary) -> Result<Option<Written<'a>>, String> {
    let users = line.users.is_some_and(|users| !users.is_empty());
    let system = match line.kind.as_deref() {
        Some("Call" | "Subscribe" | "Unsubscribe") => true,
        // Newer exports have no type.
        _ => line.call_duration.is_some() || users,
    };
    if system {
        return Ok(None);
    }
    let mut fix = |text: Text<'a>| fixed(text.0, summary);
    let sender = fix(line.sender_name);
    let unsent = line.is_unsent == Some(true);
    let mut text = line.content.filter(|_| !unsent).map(&mut fix).unwrap_or_default();
    let mut attachments = Vec::new();
    if let Some(share) = line.share.filter(|_| !unsent) {
        attachments.extend(share.link.map(&mut fix).and_then(|link| attachment::link(&link)));
        let shared = share.share_text.map(&mut fix).unwrap_or_default();
        if text.is_empty() {
            text = shared;
        } else if !text.contains(shared.as_ref()) {
            text = Cow::Owned(format!("{text}\n{shared}"));
        }
    }
    let lists = [
        (line.photos, Kind::Photo),
        (line.videos, Kind::Video),
        (line.audio_files, Kind::Audio),
        (line.files, Kind::File),
        (line.gifs, Kind::Gif),
        (line.sticker.map(|sticker| vec![sticker]), Kind::Sticker),
    ];
    for (list, kind) in lists {
        for uri in list.into_iter().flatten() {
            let uri = Uri {
                uri: uri.uri.map(|uri| Text(fix(uri))),
            };
            attachments.push(attachment::file(&uri, kind));
            at_most(attachments.len(), limits.attachments, "attachments")?;
        }
    }
    Ok(Some(Written {
        sender,
        sent_at: Time(line.timestamp_ms),
        text,
        attachments,
    }))
}

fn end_to_end<'a>(line: SealedLine<'a>, limits: &Limits) -> Result<Option<Written<'a>>, String> {
    if matches!(line.kind.as_deref(), Some("call" | "Call")) {
        return Ok(None);
    }
    let media = line.media.unwrap_or_default();
    at_most(media.len(), limits.attachments, "attachments")?;
    let unsent = line.is_unsent == Some(true);
    Ok(Some(Written {
        sender: line.sender_name.0,
        sent_at: Time(line.timestamp),
        text: line.text.filter(|_| !unsent).unwrap_or_default().0,
        attachments: media.iter().map(|uri| attachment::file(uri, Kind::File)).collect(),
    }))
}

/// Repairs a string of a plain file, and counts.
pub(crate) fn fixed<'a>(text: Cow<'a, str>, summary: &mut Summary) -> Cow<'a, str> {
    let text = repair(text);
    summary.repaired_strings += u64::from(text.repaired);
    summary.undecidable_strings += u64::from(text.undecidable);
    text.text
}

fn check(written: &Written<'_>, limits: &Limits) -> Result<(), String> {
    at_most(written.text.len(), limits.text_bytes, "bytes of text")?;
    if !TIMES.contains(&written.sent_at.0) {
        return Err("its time is not between 2000 and 2100".to_owned());
    }
    for attachment in &written.attachments {
        at_most(attachment.name.len(), limits.text_bytes, "bytes of a file name")?;
    }
    Ok(())
}

fn at_most(size: usize, limit: usize, what: &str) -> Result<(), String> {
    if size > limit {
        return Err(format!("over the limit of {limit} {what}"));
    }
    Ok(())
}

/// Gives messages their ids, in one file.
///
/// Two messages of one file that are the same in all that an id is made of are two messages: they are told apart by
/// counting. Files are in order of time, so only those of one moment are remembered. The count starts again with each
/// file, so that a second copy of a file gives the same ids.
pub(crate) struct Ids {
    conversation: ConversationId,
    moment: Time,
    seen: HashMap<[u8; 16], u64>,
}

impl Ids {
    pub fn new(conversation: ConversationId) -> Self {
        Self {
            conversation,
            moment: Time(i64::MIN),
            seen: HashMap::new(),
        }
    }

    pub fn next(&mut self, written: &Written<'_>) -> MessageId {
        if self.moment != written.sent_at || self.seen.len() >= SAME_MOMENT {
            self.moment = written.sent_at;
            self.seen.clear();
        }
        let time = written.sent_at.0.to_le_bytes();
        let mut parts: Vec<&[u8]> = vec![
            &self.conversation.0,
            &time,
            written.sender.as_bytes(),
            written.text.as_bytes(),
        ];
        parts.extend(written.attachments.iter().map(|a| a.name.as_bytes()));
        let content = derive("privity facebook message 1", &parts);
        let before = self.seen.entry(content).or_insert(0);
        let id = match *before {
            0 => content,
            n => derive("privity facebook message again 1", &[&content, &n.to_le_bytes()]),
        };
        *before += 1;
        MessageId::timed(written.sent_at, id)
    }
}
