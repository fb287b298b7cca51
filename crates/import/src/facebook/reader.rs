//! The reader of a whole export.

use super::head::{Head, Schema};
use super::line::AnyLine;
use super::message::{Ids, fixed, read};
use super::people::{People, Told};
use super::thread::{self, Thread};
use crate::export::{Export, Member};
use crate::json::{self, Document, Fault};
use crate::{ImportError, Limits, Position, Reader, Sink, SinkError, Summary};
use model::{Message, Participant};
use std::borrow::Cow;
use std::io::Read;
use std::path::Path;

/// How many bytes may go by without a word on progress.
const PROGRESS: u64 = 1 << 20;

/// An opened export.
pub struct Facebook {
    export: Export,
    files: Vec<(Thread, Member)>,
    total: u64,
    owner: Participant,
    limits: Limits,
}

impl Facebook {
    /// Opens a zip file or an unpacked folder and lists its message files. `owner` is whose inbox it goes to, under the
    /// name she has in the export (see [`super::guess_owner`]).
    pub fn open(path: &Path, owner: Participant, limits: Limits) -> Result<Self, ImportError> {
        let mut export = Export::open(path, &limits, |path| thread::of(path).is_some())?;
        let total = export.total_bytes();
        let members = std::mem::take(&mut export.members);
        let files = members.into_iter().filter_map(|m| Some((thread::of(&m.path)?, m)));
        let mut files: Vec<_> = files.collect();
        // Together what belongs together; the paths are in order already.
        files.sort_by(|(a, _), (b, _)| a.cmp(b));
        if files.is_empty() {
            return Err(ImportError::NothingFound {
                path: path.display().to_string(),
                format: "Facebook export in JSON",
            });
        }
        Ok(Self {
            export,
            files,
            total,
            owner,
            limits,
        })
    }
}

impl Reader for Facebook {
    fn read(&mut self, sink: &mut dyn Sink) -> Result<Summary, ImportError> {
        let mut run = Run {
            owner: &self.owner,
            limits: &self.limits,
            summary: self.export.summary(),
            sink,
            last: None,
        };
        let mut whole = Vec::new();
        let mut before = 0_u64;
        for (thread, member) in &self.files {
            run.summary.bytes = before;
            run.file(&mut self.export, thread, member, &mut whole)?;
            before = before.saturating_add(member.size);
            run.sink.progress(before);
        }
        run.summary.bytes = before;
        Ok(run.summary)
    }

    fn total_bytes(&self) -> Option<u64> {
        Some(self.total)
    }
}

/// One reading of an export.
struct Run<'a> {
    owner: &'a Participant,
    limits: &'a Limits,
    summary: Summary,
    sink: &'a mut dyn Sink,
    /// The thread that was read last: the next file may belong to it too.
    last: Option<People>,
}

/// Why a file's messages are not read any further.
enum Stop {
    Fault(Fault),
    Sink(SinkError),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<SinkError> for Stop {
    fn from(e: SinkError) -> Self {
        Self::Sink(e)
    }
}

impl Run<'_> {
    fn file(
        &mut self,
        export: &mut Export,
        thread: &Thread,
        member: &Member,
        whole: &mut Vec<u8>,
    ) -> Result<(), SinkError> {
        if self.sink.is_done(&member.path) {
            self.summary.parts_done_before += 1;
            return Ok(());
        }
        let read = if member.size <= self.limits.whole_bytes {
            self.small_file(export, thread, member, whole)
        } else {
            self.large_file(export, thread, member)
        };
        match read {
            Ok(()) => self.sink.part_done(&member.path),
            Err(Stop::Sink(e)) => Err(e),
            Err(Stop::Fault(fault)) => {
                let position = Position::Byte(fault.at);
                self.summary.unreadable(&member.path, position, fault.reason);
                Ok(())
            }
        }
    }

    /// Reads the file once, and its memory twice.
    fn small_file(
        &mut self,
        export: &mut Export,
        thread: &Thread,
        member: &Member,
        whole: &mut Vec<u8>,
    ) -> Result<(), Stop> {
        let mut bytes = std::mem::take(whole);
        bytes.clear();
        let failure = open(export, member)?.read_to_end(&mut bytes).err();
        let failure = failure.map(|e| e.to_string());
        let mut document = Document::at_hand(bytes, failure, self.limits.value_bytes);
        let head = Head::read(&mut document, self.limits);
        document.rewind();
        let read = self.thread(&mut document, head, thread, member);
        *whole = document.into_bytes();
        read
    }

    /// Reads the file twice, and never holds more than a message of it.
    fn large_file(&mut self, export: &mut Export, thread: &Thread, member: &Member) -> Result<(), Stop> {
        let head = Head::read(&mut self.document(open(export, member)?), self.limits);
        let mut document = self.document(open(export, member)?);
        self.thread(&mut document, head, thread, member)
    }

    fn document<R: Read>(&self, input: R) -> Document<R> {
        Document::new(input, self.limits.value_bytes)
    }

    fn thread(
        &mut self,
        document: &mut Document<impl Read>,
        mut head: Head,
        thread: &Thread,
        member: &Member,
    ) -> Result<(), Stop> {
        let end_to_end = head.schema == Some(Schema::EndToEnd);
        if thread.flat && !(end_to_end && head.has_messages) {
            return Ok(());
        }
        let schema = head.schema.unwrap_or(Schema::Plain);
        if schema == Schema::Plain {
            let names = head.participants.iter_mut().chain(&mut head.title);
            for name in names {
                *name = fixed(Cow::Owned(std::mem::take(name)), &mut self.summary).into_owned();
            }
        }
        for _ in 0..head.bad_participants {
            self.summary
                .skip(&member.path, Position::File, "a participant without a name");
        }
        let new = People::new(self.owner, &thread.name, end_to_end || thread.cut_over);
        let last = self
            .last
            .take()
            .filter(|last| last.conversation.id == new.conversation.id);
        let mut people = last.unwrap_or(new);
        let read = self.messages(document, &head, schema, member, &mut people);
        self.last = Some(people);
        read
    }

    fn messages(
        &mut self,
        document: &mut Document<impl Read>,
        head: &Head,
        schema: Schema,
        member: &Member,
        people: &mut People,
    ) -> Result<(), Stop> {
        let whole_file = |reason| Fault { at: 0, reason };
        people.meet(head, self.limits).map_err(whole_file)?;
        let mut has_messages = false;
        while let Some(key) = document.next_key()? {
            if key != "messages" || !document.enter_array()? {
                document.skip()?;
                continue;
            }
            has_messages = true;
            let mut ids = Ids::new(people.conversation.id);
            let mut told = 0;
            while document.next_element()? {
                let at = document.offset();
                let at_once = match AnyLine::parse(document.ahead(), schema) {
                    Ok((line, bytes)) => Some((bytes, self.message(line, people, &mut ids))),
                    Err(_) => None,
                };
                let message = match at_once {
                    Some((bytes, message)) => {
                        document.pass(bytes);
                        message
                    }
                    // It is damaged, or goes on beyond what has been read: its brackets tell where it ends.
                    None => match document.value()?.map(|json| AnyLine::parse(json, schema)) {
                        Some(Ok((line, _))) => self.message(line, people, &mut ids),
                        Some(Err(e)) => Err(json::reason(&e).to_owned()),
                        None => Err(format!(
                            "over the limit of {} bytes of a message",
                            self.limits.value_bytes
                        )),
                    },
                };
                match message {
                    Ok(Some(message)) => self.hand_over(message, people)?,
                    Ok(None) => self.summary.system_lines += 1,
                    Err(reason) => self.summary.skip(&member.path, Position::Byte(at), reason),
                }
                if at - told >= PROGRESS {
                    told = at;
                    self.sink.progress(self.summary.bytes.saturating_add(at));
                }
            }
        }
        if !has_messages {
            return Err(whole_file("there is no list of messages in it".to_owned()).into());
        }
        Ok(())
    }

    /// A message of the model; nothing for a line that nobody wrote.
    fn message(&mut self, line: AnyLine<'_>, people: &mut People, ids: &mut Ids) -> Result<Option<Message>, String> {
        let Some(written) = read(line, self.limits, &mut self.summary)? else {
            return Ok(None);
        };
        let author = people.author(&written.sender, self.limits)?;
        self.summary.ambiguous_authors += u64::from(people.is_ambiguous(&written.sender));
        Ok(Some(Message {
            id: ids.next(&written),
            conversation: people.conversation.id,
            author,
            sent_at: written.sent_at,
            text: written.text.into_owned(),
            attachments: written.attachments,
            via: None,
        }))
    }

    /// The conversation first, if there is anything new about it.
    fn hand_over(&mut self, message: Message, people: &mut People) -> Result<(), SinkError> {
        if people.told != Told::All {
            self.sink.conversation(&people.conversation)?;
            self.summary.conversations += u64::from(people.told == Told::Nothing);
            people.told = Told::All;
        }
        self.sink.message(message)?;
        self.summary.messages += 1;
        Ok(())
    }
}

fn open<'a>(export: &'a mut Export, member: &Member) -> Result<Box<dyn Read + 'a>, Fault> {
    export.read(member).map_err(|reason| Fault { at: 0, reason })
}
