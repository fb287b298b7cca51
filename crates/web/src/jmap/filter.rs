//! Filters and sorts of `Email/query`. For a partner they look only at what it may see: a filter is no oracle.

use super::mailbox::INBOX;
use app::view::{Address, Author, Item, View};
use model::{Field, FieldSet, Time};
use std::cell::OnceCell;
use std::cmp::Ordering;
use wire::jmap::{Comparator, EmailFilterCondition, Filter, MethodError, MethodErrorType};

/// Refuses what is not known, and what would ask about a level the viewer may not see.
pub fn supported(filter: Option<&Filter<EmailFilterCondition>>, view: &View<'_>) -> Result<(), MethodError> {
    let Some(filter) = filter else { return Ok(()) };
    let fields = view.fields();
    for condition in filter.conditions() {
        let c = condition;
        if c.header.is_some() {
            return Err(unsupported("header fields are not kept"));
        }
        let asks_text = c.text.is_some() || c.body.is_some() || c.subject.is_some();
        if asks_text && !fields.contains(Field::Text) {
            return Err(unsupported("this grant does not cover `text`"));
        }
        let asks_envelope = c.from.is_some()
            || c.to.is_some()
            || c.cc.is_some()
            || c.bcc.is_some()
            || c.min_size.is_some()
            || c.max_size.is_some()
            || c.has_attachment.is_some();
        if asks_envelope && !fields.contains(Field::Envelope) {
            return Err(unsupported("this grant does not cover `envelope`"));
        }
    }
    Ok(())
}

fn unsupported(why: &str) -> MethodError {
    MethodError::new(MethodErrorType::UnsupportedFilter, why)
}

/// What can be sorted by under these levels.
pub fn sorts(fields: FieldSet) -> Vec<String> {
    let all = Key::ALL.into_iter().filter(|key| fields.contains(key.needs()));
    let times = ["receivedAt", "sentAt"].into_iter();
    times.chain(all.map(Key::name)).map(str::to_owned).collect()
}

/// What an order looks at besides the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Size,
    From,
    To,
    Subject,
    /// All messages have the same keywords.
    HasKeyword,
    AllInThreadHaveKeyword,
    SomeInThreadHaveKeyword,
}

impl Key {
    const ALL: [Self; 7] = [
        Self::Size,
        Self::From,
        Self::To,
        Self::Subject,
        Self::HasKeyword,
        Self::AllInThreadHaveKeyword,
        Self::SomeInThreadHaveKeyword,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Size => "size",
            Self::From => "from",
            Self::To => "to",
            Self::Subject => "subject",
            Self::HasKeyword => "hasKeyword",
            Self::AllInThreadHaveKeyword => "allInThreadHaveKeyword",
            Self::SomeInThreadHaveKeyword => "someInThreadHaveKeyword",
        }
    }

    /// The level that a viewer needs.
    const fn needs(self) -> Field {
        match self {
            Self::Subject => Field::Text,
            _ => Field::Envelope,
        }
    }

    fn compare(self, a: &Item, b: &Item) -> Ordering {
        let from = |item: &Item| match &item.author {
            Author::Person(address) => names(std::slice::from_ref(address)).into_iter().next(),
            Author::You | Author::Someone => None,
        };
        let to = |item: &Item| {
            item.to
                .first()
                .and_then(|a| names(std::slice::from_ref(a)).into_iter().next())
        };
        let subject = |item: &Item| item.subject.as_ref().map(|s| s.to_lowercase());
        match self {
            Self::Size => a.size.cmp(&b.size),
            Self::From => from(a).cmp(&from(b)),
            Self::To => to(a).cmp(&to(b)),
            Self::Subject => subject(a).cmp(&subject(b)),
            Self::HasKeyword | Self::AllInThreadHaveKeyword | Self::SomeInThreadHaveKeyword => Ordering::Equal,
        }
    }
}

/// One step of an order: by time (`None`) or by a key, and whether ascending.
type Step = (Option<Key>, bool);

/// How results are ordered (RFC 8621 section 4.4.2).
pub struct Order(Vec<Step>);

/// A comparison of two messages.
type Comparison<'a> = Box<dyn Fn(&Item, &Item) -> Ordering + Send + Sync + 'a>;

impl Order {
    /// Refuses what is not known, and what would ask about a level the viewer may not see. Texts compare without regard to
    /// case, the rest of the order is the newest first.
    pub fn of(sort: Option<&[Comparator]>, view: &View<'_>) -> Result<Self, MethodError> {
        let unsupported = |why: &str| Err(MethodError::new(MethodErrorType::UnsupportedSort, why));
        let mut steps = Vec::new();
        for comparator in sort.unwrap_or_default() {
            if comparator.collation.as_deref().is_some_and(|c| c != "i;ascii-casemap") {
                return unsupported("no such collation");
            }
            let name = comparator.property.as_str();
            let key = Key::ALL.into_iter().find(|key| key.name() == name);
            if key.is_none() && !matches!(name, "receivedAt" | "sentAt") {
                return unsupported("no such property to sort by");
            }
            if key.is_some_and(|key| !view.fields().contains(key.needs())) {
                return unsupported("this grant does not cover what this would sort by");
            }
            steps.push((key, comparator.is_ascending));
            // Nothing is equal in time but what came in the same millisecond.
            if key.is_none() {
                break;
            }
        }
        Ok(Self(steps))
    }

    /// Whether only time counts, oldest first.
    pub fn oldest_first(&self) -> bool {
        matches!(self.0.as_slice(), [(None, true)])
    }

    /// The comparison, if not only time counts.
    pub fn compare(&self) -> Option<Comparison<'_>> {
        self.0.iter().any(|(key, _)| key.is_some()).then(|| {
            let by_all = |a: &Item, b: &Item| {
                let each = self.0.iter().map(|(key, is_ascending)| {
                    let ordering = key.map_or_else(|| a.at.cmp(&b.at), |key| key.compare(a, b));
                    if *is_ascending { ordering } else { ordering.reverse() }
                });
                each.fold(Ordering::Equal, Ordering::then)
            };
            Box::new(by_all) as Comparison<'_>
        })
    }
}

/// Whether a filter tells messages apart at all: all are in the one mailbox.
pub fn selects(filter: Option<&Filter<EmailFilterCondition>>) -> bool {
    let all = |c: &EmailFilterCondition| {
        let rest = EmailFilterCondition {
            in_mailbox: None,
            ..c.clone()
        };
        c.in_mailbox.as_deref().is_none_or(|id| id == INBOX) && rest == EmailFilterCondition::default()
    };
    filter.is_some_and(|filter| !matches!(filter, Filter::Condition(c) if all(c)))
}

/// A condition made ready once for all messages: texts in lower case, times read.
pub struct Condition {
    asked: EmailFilterCondition,
    before: Option<Time>,
    after: Option<Time>,
}

impl Condition {
    /// Makes a condition ready.
    pub fn of(mut asked: EmailFilterCondition) -> Self {
        let texts = [
            &mut asked.text,
            &mut asked.from,
            &mut asked.to,
            &mut asked.subject,
            &mut asked.body,
        ];
        for text in texts.into_iter().flatten() {
            *text = text.to_lowercase();
        }
        let time = |text: &Option<String>| text.as_deref().and_then(|t| t.parse().ok());
        Self {
            before: time(&asked.before),
            after: time(&asked.after),
            asked,
        }
    }
}

/// Whether a message matches.
pub fn matches(filter: Option<&Filter<Condition>>, item: &Item) -> bool {
    filter.is_none_or(|filter| {
        let lower = Lower::of(item);
        filter.matches(&|condition| holds(condition, &lower))
    })
}

/// A message in lower case: each part at most once, however many conditions look at it.
struct Lower<'a> {
    item: &'a Item,
    text: OnceCell<String>,
    subject: OnceCell<String>,
    from: OnceCell<Vec<String>>,
    to: OnceCell<Vec<String>>,
}

impl<'a> Lower<'a> {
    fn of(item: &'a Item) -> Self {
        Self {
            item,
            text: OnceCell::new(),
            subject: OnceCell::new(),
            from: OnceCell::new(),
            to: OnceCell::new(),
        }
    }

    fn has_in_text(&self, needle: &str) -> bool {
        let text = self.item.text.as_deref();
        text.is_some_and(|text| self.text.get_or_init(|| text.to_lowercase()).contains(needle))
    }

    fn has_in_subject(&self, needle: &str) -> bool {
        let subject = self.item.subject.as_deref();
        subject.is_some_and(|s| self.subject.get_or_init(|| s.to_lowercase()).contains(needle))
    }

    fn has_in_from(&self, needle: &str) -> bool {
        let names = self.from.get_or_init(|| match &self.item.author {
            Author::Person(address) => names(std::slice::from_ref(address)),
            Author::You | Author::Someone => Vec::new(),
        });
        names.iter().any(|name| name.contains(needle))
    }

    fn has_in_to(&self, needle: &str) -> bool {
        let names = self.to.get_or_init(|| names(&self.item.to));
        names.iter().any(|name| name.contains(needle))
    }
}

fn names(addresses: &[Address]) -> Vec<String> {
    let parts = addresses.iter().flat_map(|a| a.name.iter().chain([&a.id]));
    parts.map(|part| part.to_lowercase()).collect()
}

fn holds(condition: &Condition, lower: &Lower<'_>) -> bool {
    let (c, item) = (&condition.asked, lower.item);
    let exact = item.fields.contains(Field::Envelope);
    // Every message is in the inbox and has been seen.
    let seen = |keyword: &Option<String>| keyword.as_deref().is_none_or(|k| k.eq_ignore_ascii_case("$seen"));
    let unseen = |keyword: &Option<String>| keyword.as_deref().is_none_or(|k| !k.eq_ignore_ascii_case("$seen"));
    c.in_mailbox.as_deref().is_none_or(|id| id == INBOX)
        && c.in_mailbox_other_than
            .as_ref()
            .is_none_or(|ids| !ids.iter().any(|id| id == INBOX))
        && condition.before.is_none_or(|t| item.at < t)
        && condition.after.is_none_or(|t| item.at >= t)
        && c.min_size.is_none_or(|n| exact && item.size as u64 >= n)
        && c.max_size.is_none_or(|n| exact && (item.size as u64) < n)
        && seen(&c.has_keyword)
        && seen(&c.all_in_thread_have_keyword)
        && seen(&c.some_in_thread_have_keyword)
        && unseen(&c.not_keyword)
        && unseen(&c.none_in_thread_have_keyword)
        && c.has_attachment
            .is_none_or(|has| exact && has != item.attachments.is_empty())
        && c.from.as_deref().is_none_or(|t| lower.has_in_from(t))
        && c.to.as_deref().is_none_or(|t| lower.has_in_to(t))
        && c.cc.is_none()
        && c.bcc.is_none()
        && c.subject.as_deref().is_none_or(|t| lower.has_in_subject(t))
        && c.body.as_deref().is_none_or(|t| lower.has_in_text(t))
        && c.text.as_deref().is_none_or(|t| {
            lower.has_in_text(t) || lower.has_in_subject(t) || lower.has_in_from(t) || lower.has_in_to(t)
        })
}
