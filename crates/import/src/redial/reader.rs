//! The reader of a file of dialogues.

use super::dialogue::{Dialogue, Said, Stretch, stretches, worker_account};
use crate::{ImportError, Limits, Position, Reader, Sink, SinkError, Summary};
use model::{Conversation, Message, Participant};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// Lines in a part.
const PART: u64 = 500;

/// Who a worker is, for those the import is about.
pub type People = Box<dyn Fn(i64) -> Option<Participant> + Send>;

/// An opened file of dialogues.
pub struct Redial {
    file: BufReader<File>,
    name: String,
    bytes: u64,
    people: People,
    limits: Limits,
}

impl Redial {
    /// Opens a JSONL file of the raw format. `people` tells the account and name of a worker.
    ///
    /// A dialogue in which `people` knows nobody is passed over; someone it does not know in another's dialogue becomes a
    /// contact that nobody can sign in as. So to import one worker's dialogues into one account, know only that worker;
    /// to fill an inbox for each worker, know them all, and store each conversation for each of its participants.
    pub fn open(path: &Path, people: People, limits: Limits) -> Result<Self, ImportError> {
        let io = |source| ImportError::Io {
            path: path.display().to_string(),
            source,
        };
        let file = File::open(path).map_err(io)?;
        let bytes = file.metadata().map_err(io)?.len();
        if bytes > limits.file_bytes {
            return Err(ImportError::Limit {
                limit: "bytes of one file",
                allowed: limits.file_bytes,
            });
        }
        Ok(Self {
            file: BufReader::new(file),
            name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            bytes,
            people,
            limits,
        })
    }
}

impl Reader for Redial {
    fn read(&mut self, sink: &mut dyn Sink) -> Result<Summary, ImportError> {
        let mut run = Run {
            name: &self.name,
            people: &self.people,
            limits: &self.limits,
            summary: Summary::new(self.limits.listed),
            sink,
        };
        let mut line = Vec::new();
        let mut number = 0;
        let mut open_part: Option<String> = None;
        loop {
            let bytes = match next_line(&mut self.file, &mut line, self.limits.value_bytes) {
                Ok(bytes) => bytes,
                Err(e) => {
                    run.summary
                        .unreadable(&self.name, Position::Line(number + 1), e.to_string());
                    return Ok(run.summary);
                }
            };
            if number % PART == 0 || bytes == 0 {
                if let Some(part) = open_part.take() {
                    run.sink.part_done(&part)?;
                }
                run.sink.progress(run.summary.bytes);
            }
            if bytes == 0 {
                return Ok(run.summary);
            }
            if number % PART == 0 {
                let part = format!("{} from line {}", self.name, number + 1);
                if run.sink.is_done(&part) {
                    run.summary.parts_done_before += 1;
                } else {
                    open_part = Some(part);
                }
            }
            number += 1;
            run.summary.bytes += bytes;
            if open_part.is_some() {
                run.line(&line, bytes, number)?;
            }
        }
    }

    fn total_bytes(&self) -> Option<u64> {
        Some(self.bytes)
    }
}

/// Reads up to `limit` bytes of a line and passes over the rest; how many bytes that were, 0 at the end of the file.
fn next_line(file: &mut BufReader<File>, line: &mut Vec<u8>, limit: usize) -> std::io::Result<u64> {
    line.clear();
    let kept = file.by_ref().take(limit as u64).read_until(b'\n', line)? as u64;
    let whole = kept < limit as u64 || line.ends_with(b"\n");
    Ok(if whole {
        kept
    } else {
        kept + file.skip_until(b'\n')? as u64
    })
}

/// One reading of a file.
struct Run<'a> {
    name: &'a str,
    people: &'a People,
    limits: &'a Limits,
    summary: Summary,
    sink: &'a mut dyn Sink,
}

impl Run<'_> {
    fn line(&mut self, line: &[u8], bytes: u64, number: u64) -> Result<(), SinkError> {
        let at = Position::Line(number);
        if bytes > line.len() as u64 {
            let limit = self.limits.value_bytes;
            self.summary
                .skip(self.name, at, format!("over the limit of {limit} bytes of a line"));
        } else if !line.trim_ascii().is_empty() {
            match Dialogue::parse(line) {
                Ok(dialogue) => self.dialogue(&dialogue, at)?,
                Err(reason) => self.summary.skip(self.name, at, reason),
            }
        }
        Ok(())
    }

    fn dialogue(&mut self, dialogue: &Dialogue<'_>, at: Position) -> Result<(), SinkError> {
        let mut workers = vec![dialogue.initiator_worker_id, dialogue.respondent_worker_id];
        workers.dedup();
        let known: Vec<_> = workers.iter().map(|worker| (self.people)(*worker)).collect();
        if known.iter().all(Option::is_none) {
            return Ok(());
        }
        let participants = workers.iter().zip(known).map(|(worker, person)| {
            person.unwrap_or_else(|| Participant {
                account: worker_account(*worker),
                name: format!("Worker {worker}"),
            })
        });
        let conversation = Conversation {
            id: dialogue.id(),
            name: None,
            participants: participants.collect(),
            end_to_end: false,
        };
        self.sink.conversation(&conversation)?;
        self.summary.conversations += 1;
        for index in 0..dialogue.messages.len() {
            match message(dialogue, index, &conversation, &workers, self.limits) {
                Ok(message) => {
                    self.sink.message(message)?;
                    self.summary.messages += 1;
                }
                Err(reason) => self.summary.skip(self.name, at, reason),
            }
        }
        Ok(())
    }
}

fn message(
    dialogue: &Dialogue<'_>,
    index: usize,
    conversation: &Conversation,
    workers: &[i64],
    limits: &Limits,
) -> Result<Message, String> {
    let said = dialogue.message(index)?;
    let mut both = workers.iter().zip(&conversation.participants);
    let author = both.find(|(worker, _)| **worker == said.sender_worker_id);
    let (_, author) = author.ok_or("its author is not in the dialogue")?;
    let text = text(dialogue, &said);
    if text.len() > limits.text_bytes {
        return Err(format!("over the limit of {} bytes of text", limits.text_bytes));
    }
    Ok(Message {
        id: dialogue.message_id(index, &said),
        conversation: conversation.id,
        author: author.account,
        sent_at: dialogue.sent_at(index, &said)?,
        text,
        attachments: Vec::new(),
        via: None,
    })
}

/// The text as people would have written it.
fn text(dialogue: &Dialogue<'_>, said: &Said) -> String {
    let mut text = String::with_capacity(said.text.len());
    for stretch in stretches(&said.text) {
        match stretch {
            Stretch::Plain(plain) => text.push_str(&unescaped(plain)),
            Stretch::Mark(movie) => match dialogue.title(movie) {
                Some(title) => text.push_str(title),
                None => {
                    text.push('@');
                    text.push_str(movie);
                }
            },
        }
    }
    text
}

/// The texts went through a web form: `&amp;` and its like are left in them.
fn unescaped(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.contains('&') {
        return text.into();
    }
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    text.replace("&#39;", "'").replace("&amp;", "&").into()
}
