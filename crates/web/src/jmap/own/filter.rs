//! Which messages and letters a filter asks for (RFC 8621 section 4.4.1).

use app::mail::{Content, Entry, Index};
use app::view::{Author, Item};
use letter::Letter;
use model::Time;
use wire::jmap::{EmailFilterCondition, Filter, MethodError, MethodErrorType};

/// A condition, ready to be asked of many.
pub(super) struct Condition {
    asked: EmailFilterCondition,
    before: Option<Time>,
    after: Option<Time>,
}

impl Condition {
    /// Reads it once. Dates were checked when the arguments were read.
    pub(super) fn of(asked: EmailFilterCondition) -> Self {
        let time = |text: &Option<String>| text.as_deref().and_then(|t| t.parse().ok());
        let lower = |text: Option<String>| text.map(|t| t.to_lowercase());
        Self {
            before: time(&asked.before),
            after: time(&asked.after),
            asked: EmailFilterCondition {
                text: lower(asked.text),
                from: lower(asked.from),
                to: lower(asked.to),
                cc: lower(asked.cc),
                bcc: lower(asked.bcc),
                subject: lower(asked.subject),
                body: lower(asked.body),
                header: asked.header.map(|h| h.into_iter().map(|t| t.to_lowercase()).collect()),
                ..asked
            },
        }
    }

    /// Whether the content has to be looked at.
    pub(super) fn reads(&self) -> bool {
        let asked = &self.asked;
        let texts = [
            &asked.text,
            &asked.from,
            &asked.to,
            &asked.cc,
            &asked.bcc,
            &asked.subject,
            &asked.body,
        ];
        texts.into_iter().any(Option::is_some) || asked.header.is_some()
    }

    /// Whether it looks at other messages of the conversation.
    pub(super) fn looks_at_threads(&self) -> bool {
        let asked = &self.asked;
        asked.all_in_thread_have_keyword.is_some()
            || asked.some_in_thread_have_keyword.is_some()
            || asked.none_in_thread_have_keyword.is_some()
    }

    fn matches(&self, entry: &Entry, index: &Index, texts: Option<&Texts>) -> bool {
        let asked = &self.asked;
        let thread = || index.thread(entry.thread);
        asked.in_mailbox.as_ref().is_none_or(|folder| entry.is_in(folder))
            && asked
                .in_mailbox_other_than
                .as_ref()
                .is_none_or(|folders| entry.folders().any(|f| !folders.iter().any(|other| other == f)))
            && self.before.is_none_or(|before| entry.at < before)
            && self.after.is_none_or(|after| entry.at >= after)
            && asked.min_size.is_none_or(|size| entry.size >= size)
            && asked.max_size.is_none_or(|size| entry.size < size)
            && asked.has_keyword.as_ref().is_none_or(|k| entry.has_keyword(k))
            && asked.not_keyword.as_ref().is_none_or(|k| !entry.has_keyword(k))
            && asked
                .all_in_thread_have_keyword
                .as_ref()
                .is_none_or(|k| thread().all(|e| e.has_keyword(k)))
            && asked
                .some_in_thread_have_keyword
                .as_ref()
                .is_none_or(|k| thread().any(|e| e.has_keyword(k)))
            && asked
                .none_in_thread_have_keyword
                .as_ref()
                .is_none_or(|k| !thread().any(|e| e.has_keyword(k)))
            && asked.has_attachment.is_none_or(|has| entry.has_attachment == has)
            && (!self.reads() || texts.is_some_and(|texts| self.is_in(texts)))
    }

    fn is_in(&self, texts: &Texts) -> bool {
        let asked = &self.asked;
        let has = |asked: &Option<String>, text: &str| asked.as_ref().is_none_or(|words| holds(text, words));
        has(&asked.from, &texts.from)
            && has(&asked.to, &texts.to)
            && has(&asked.cc, &texts.cc)
            && has(&asked.bcc, &texts.bcc)
            && has(&asked.subject, &texts.subject)
            && has(&asked.body, &texts.body)
            && asked.text.as_ref().is_none_or(|words| {
                let everywhere = [
                    &texts.from,
                    &texts.to,
                    &texts.cc,
                    &texts.bcc,
                    &texts.subject,
                    &texts.body,
                ];
                // Each word may stand elsewhere; what is in quotes stands together.
                parts(words)
                    .iter()
                    .all(|part| everywhere.iter().any(|text| text.contains(part.as_str())))
            })
            && asked.header.as_ref().is_none_or(|header| texts.has_header(header))
    }
}

/// Whether a text holds all the words, in any order; what is in quotes as it stands.
fn holds(text: &str, words: &str) -> bool {
    parts(words).iter().all(|part| text.contains(part.as_str()))
}

/// The words of a search, and what is in quotes as one (RFC 8621 section 4.4.1).
fn parts(words: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quote = None;
    let mut escaped = false;
    for c in words.chars() {
        let Some(last) = parts.last_mut() else { break };
        match c {
            _ if escaped => {
                last.push(c);
                escaped = false;
            }
            '\\' if quote.is_some() => escaped = true,
            '"' | '\'' if quote == Some(c) => quote = None,
            '"' | '\'' if quote.is_none() && last.is_empty() => quote = Some(c),
            c if c.is_whitespace() && quote.is_none() => parts.push(String::new()),
            c => last.push(c),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// The texts of a message or letter, in lower case.
pub(super) struct Texts {
    from: String,
    to: String,
    cc: String,
    bcc: String,
    subject: String,
    body: String,
    letter: Option<Letter>,
}

impl Texts {
    pub(super) fn of(content: &Content, host: &str) -> Self {
        match content {
            Content::Chat(item) => Self::of_chat(item, host),
            Content::Letter(raw) => match Letter::parse(raw) {
                Ok(letter) => Self {
                    from: letter.from().join(" ").to_lowercase(),
                    to: letter.to().join(" ").to_lowercase(),
                    cc: letter.cc().join(" ").to_lowercase(),
                    bcc: letter.bcc().join(" ").to_lowercase(),
                    subject: letter.subject().unwrap_or_default().to_lowercase(),
                    body: letter.body_text().to_lowercase(),
                    letter: Some(letter),
                },
                Err(_) => Self {
                    from: String::new(),
                    to: String::new(),
                    cc: String::new(),
                    bcc: String::new(),
                    subject: String::new(),
                    body: String::new(),
                    letter: None,
                },
            },
        }
    }

    fn of_chat(item: &Item, host: &str) -> Self {
        let shown = |a: &app::view::Address| format!("{} <{}@{host}>", a.name.as_deref().unwrap_or_default(), a.id);
        let from = match &item.author {
            Author::Person(person) => shown(person),
            Author::You | Author::Someone => String::new(),
        };
        let to: Vec<String> = item.to.iter().map(shown).collect();
        Self {
            from: from.to_lowercase(),
            to: to.join(" ").to_lowercase(),
            cc: String::new(),
            bcc: String::new(),
            subject: item.subject.clone().unwrap_or_default().to_lowercase(),
            body: item.text.clone().unwrap_or_default().to_lowercase(),
            letter: None,
        }
    }

    /// The text an order by this property compares.
    pub(super) fn key(&self, property: &str) -> &str {
        match property {
            "from" => &self.from,
            "to" => &self.to,
            _ => &self.subject,
        }
    }

    /// When it says it was sent, in seconds.
    pub(super) fn sent_at(&self) -> Option<i64> {
        self.letter
            .as_ref()
            .and_then(|letter| letter.sent_at())
            .map(|(seconds, _)| seconds)
    }

    fn has_header(&self, asked: &[String]) -> bool {
        let name = asked.first().map(String::as_str).unwrap_or_default();
        let words = asked.get(1);
        let values = match &self.letter {
            Some(letter) => letter.header(name),
            // A message has what it is written with.
            None => match name {
                "from" => vec![self.from.clone()],
                "to" if !self.to.is_empty() => vec![self.to.clone()],
                "subject" => vec![self.subject.clone()],
                "date" | "message-id" | "mime-version" | "content-type" => vec![String::new()],
                _ => Vec::new(),
            },
        };
        match words {
            None => !values.is_empty(),
            Some(words) => values.iter().any(|value| value.to_lowercase().contains(words.as_str())),
        }
    }
}

/// A filter, ready to be asked of many.
pub(super) type Wanted = Filter<Condition>;

/// Whether a filter asks for this one. `texts` may be left out if nothing in it reads.
pub(super) fn matches(filter: Option<&Wanted>, entry: &Entry, index: &Index, texts: Option<&Texts>) -> bool {
    filter.is_none_or(|tree| tree.matches(&|condition: &Condition| condition.matches(entry, index, texts)))
}

/// Whether any condition has to look at the content.
pub(super) fn reads(filter: Option<&Wanted>) -> bool {
    filter.is_some_and(|tree| tree.conditions().into_iter().any(Condition::reads))
}

/// Refuses a header condition that names no header.
pub(super) fn supported(filter: Option<&Filter<EmailFilterCondition>>) -> Result<(), MethodError> {
    for condition in filter.map(Filter::conditions).unwrap_or_default() {
        if condition
            .header
            .as_ref()
            .is_some_and(|header| !(1..=2).contains(&header.len()))
        {
            return Err(MethodError::new(
                MethodErrorType::InvalidArguments,
                "`header` is a name, and perhaps a text",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_may_stand_anywhere_and_quotes_keep_them_together() {
        assert_eq!(parts("blue  moon"), ["blue", "moon"]);
        assert_eq!(parts(r#""blue moon" it's"#), ["blue moon", "it's"]);
        assert_eq!(parts(r#""say \"hi\"""#), [r#"say "hi""#]);
        assert!(holds("a moon so blue", "blue moon") && !holds("a moon so blue", r#""blue moon""#));
    }
}
