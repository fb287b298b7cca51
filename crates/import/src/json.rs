//! Cuts a large JSON document into values, in constant memory.
//!
//! The document is an object. Its arrays of interest are handed out element by element, each as the bytes of one whole
//! JSON value for `serde_json` to judge. So a value of the wrong type, and even one that is not JSON, costs only itself;
//! and no more than one element (of limited size) is ever held. Nesting costs one counter.

mod scanner;

use scanner::Scanner;
use std::io::{Empty, Read};

/// How much is read at once.
const CHUNK: u64 = 256 << 10;

/// The document cannot be cut any further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Bytes before it.
    pub at: u64,
    /// In plain words.
    pub reason: String,
}

/// The bytes of one value of the document, or nothing if they are more than the limit.
pub(crate) type Value<'a> = Option<&'a [u8]>;

/// A JSON object that is being read. Call in the order of the grammar: [`Document::next_key`], then one of
/// [`Document::value`], [`Document::skip`] or [`Document::enter_array`], the last followed by [`Document::element`]
/// (or [`Document::next_element`]) until there is none or by [`Document::leave_array`].
pub(crate) struct Document<R> {
    input: R,
    buffer: Vec<u8>,
    /// Index in `buffer` of the first byte not yet looked at.
    next: usize,
    /// Bytes of the document before `buffer`.
    base: u64,
    /// The input has no more, and why if that is not its end.
    ended: Option<Option<String>>,
    /// Nothing of the object, or of the array that was entered, has been read yet.
    first: bool,
    value_bytes: usize,
}

impl Document<Empty> {
    /// A document that is at hand; `failure` is what kept it from being whole.
    pub fn at_hand(bytes: Vec<u8>, failure: Option<String>, value_bytes: usize) -> Self {
        Self {
            buffer: bytes,
            ended: Some(failure),
            ..Self::new(std::io::empty(), value_bytes)
        }
    }

    /// Goes back to the beginning.
    pub fn rewind(&mut self) {
        (self.next, self.first) = (0, true);
    }

    /// The bytes it was made of.
    pub fn into_bytes(self) -> Vec<u8> {
        self.buffer
    }
}

impl<R: Read> Document<R> {
    /// `value_bytes` is the most that a value handed out may have.
    pub fn new(input: R, value_bytes: usize) -> Self {
        Self {
            input,
            buffer: Vec::new(),
            next: 0,
            base: 0,
            ended: None,
            first: true,
            value_bytes,
        }
    }

    /// Bytes looked at so far.
    pub fn offset(&self) -> u64 {
        self.base + self.next as u64
    }

    /// The next key of the object; `None` at its end.
    pub fn next_key(&mut self) -> Result<Option<String>, Fault> {
        if self.offset() == 0 {
            self.pass_byte_order_mark()?;
            self.expect(b'{', "the file is not a JSON object")?;
        }
        if !self.next_of(b'}')? {
            return match self.peek()? {
                None => Ok(None),
                Some(_) => Err(self.fault("there is more after the end of the JSON object")),
            };
        }
        if self.peek()? != Some(b'"') {
            return Err(self.fault("not JSON: a key is missing"));
        }
        let at = self.offset();
        let key = self.value()?.and_then(|json| serde_json::from_slice(json).ok());
        let Some(key) = key else {
            return Err(Fault {
                at,
                reason: "not JSON: a key is not a string".to_owned(),
            });
        };
        self.expect(b':', "not JSON: `:` is missing")?;
        self.first = false;
        Ok(Some(key))
    }

    /// The value of the key.
    pub fn value(&mut self) -> Result<Value<'_>, Fault> {
        self.peek()?;
        self.scan(Scanner::default(), true)
    }

    /// Passes over the value of the key, however long.
    pub fn skip(&mut self) -> Result<(), Fault> {
        self.peek()?;
        self.scan(Scanner::default(), false).map(|_| ())
    }

    /// Whether the value of the key is an array, which is then entered.
    pub fn enter_array(&mut self) -> Result<bool, Fault> {
        let is_array = self.peek()? == Some(b'[');
        if is_array {
            self.next += 1;
            self.first = true;
        }
        Ok(is_array)
    }

    /// The next element of the array; `None` at its end.
    pub fn element(&mut self) -> Result<Option<Value<'_>>, Fault> {
        match self.next_element()? {
            true => self.value().map(Some),
            false => Ok(None),
        }
    }

    /// Whether the array has another element; then one of [`Document::value`], [`Document::skip`] and
    /// [`Document::pass`] takes it.
    pub fn next_element(&mut self) -> Result<bool, Fault> {
        let more = self.next_of(b']')?;
        if more {
            self.peek()?;
        }
        Ok(more)
    }

    /// The next element and what has been read beyond it; or, at times, only the element's beginning. Whoever can read it
    /// from this saves looking for its end: [`Document::pass`] the bytes it took.
    pub fn ahead(&self) -> &[u8] {
        let ahead = self.buffer.get(self.next..).unwrap_or_default();
        ahead.get(..self.value_bytes).unwrap_or(ahead)
    }

    /// Takes so many of the bytes that are ahead.
    pub fn pass(&mut self, bytes: usize) {
        self.next = self.buffer.len().min(self.next + bytes);
    }

    /// Passes over the rest of the array.
    pub fn leave_array(&mut self) -> Result<(), Fault> {
        self.first = false;
        self.scan(Scanner::inside_array(), false).map(|_| ())
    }

    /// Passes `end`, or the comma before another item; whether there is another.
    fn next_of(&mut self, end: u8) -> Result<bool, Fault> {
        let first = std::mem::take(&mut self.first);
        match self.peek()? {
            Some(byte) if byte == end => {
                self.next += 1;
                Ok(false)
            }
            Some(b',') if !first => {
                self.next += 1;
                Ok(true)
            }
            Some(_) if first => Ok(true),
            Some(_) => Err(self.fault("not JSON: `,` is missing")),
            None => Err(self.end_fault()),
        }
    }

    fn expect(&mut self, byte: u8, else_say: &str) -> Result<(), Fault> {
        match self.peek()? {
            Some(b) if b == byte => {
                self.next += 1;
                Ok(())
            }
            Some(_) => Err(self.fault(else_say)),
            None => Err(self.end_fault()),
        }
    }

    /// Some editors put one before the document.
    fn pass_byte_order_mark(&mut self) -> Result<(), Fault> {
        while self.buffer.len() < 3 && self.more(0)? {}
        if self.buffer.starts_with(b"\xef\xbb\xbf") {
            self.next = 3;
        }
        Ok(())
    }

    /// The next byte that is not white space, without passing it.
    fn peek(&mut self) -> Result<Option<u8>, Fault> {
        loop {
            let rest = self.buffer.get(self.next..).unwrap_or_default();
            let mut bytes = rest.iter().enumerate();
            if let Some((n, byte)) = bytes.find(|(_, b)| !matches!(b, b' ' | b'\n' | b'\r' | b'\t')) {
                let byte = *byte;
                self.next += n;
                return Ok(Some(byte));
            }
            self.next = self.buffer.len();
            if !self.more(self.next)? {
                return Ok(None);
            }
        }
    }

    /// Passes a value whose first byte is the next, and keeps it if asked to.
    fn scan(&mut self, mut scanner: Scanner, mut keep: bool) -> Result<Value<'_>, Fault> {
        let at = self.offset();
        let mut start = self.next;
        loop {
            let fresh = self.buffer.get(self.next..).unwrap_or_default();
            if let Some(n) = scanner.feed(fresh) {
                self.next += n;
                break;
            }
            self.next = self.buffer.len();
            // `start` is only kept up while the value is.
            keep = keep && self.next - start <= self.value_bytes;
            if !self.more(if keep { start } else { self.next })? {
                let mut fault = self.end_fault();
                // What matters is where the damaged value begins; a failed read is reported where it happened.
                if matches!(self.ended, Some(None)) {
                    fault.at = at;
                }
                return Err(fault);
            }
            if keep {
                start = 0;
            }
        }
        let json = self.buffer.get(start..self.next);
        Ok(json.filter(|json| keep && json.len() <= self.value_bytes))
    }

    /// Gives up the bytes before `from` and reads some more behind the rest; false at the end.
    fn more(&mut self, from: usize) -> Result<bool, Fault> {
        if self.ended.is_some() {
            return match &self.ended {
                Some(Some(_)) => Err(self.end_fault()),
                _ => Ok(false),
            };
        }
        self.buffer.drain(..from);
        self.base += from as u64;
        self.next -= from;
        match (&mut self.input).take(CHUNK).read_to_end(&mut self.buffer) {
            Ok(0) => self.ended = Some(None),
            Ok(_) => return Ok(true),
            // What came before the failure is in the buffer: the failure waits until it has been looked at.
            Err(e) => self.ended = Some(Some(e.to_string())),
        }
        match &self.ended {
            Some(Some(_)) if self.next == self.buffer.len() => Err(self.end_fault()),
            Some(Some(_)) => Ok(true),
            _ => Ok(false),
        }
    }

    fn fault(&self, reason: &str) -> Fault {
        Fault {
            at: self.offset(),
            reason: reason.to_owned(),
        }
    }

    fn end_fault(&self) -> Fault {
        self.fault(match &self.ended {
            Some(Some(failure)) => failure,
            _ => "the file ends too early",
        })
    }
}

/// What `serde_json` found wrong with a value, without the value.
pub(crate) fn reason(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Data => "a field is missing or of the wrong type",
        _ => "not JSON",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Gives out its bytes a few at a time.
    struct Drops<'a>(&'a [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let n = self.1.min(into.len()).min(self.0.len());
            let (now, later) = self.0.split_at(n);
            into[..n].copy_from_slice(now);
            self.0 = later;
            Ok(n)
        }
    }

    /// However it comes, the same is in it.
    fn items(json: &[u8], limit: usize) -> (Vec<Option<String>>, Option<Fault>) {
        let found = items_of(&mut Document::new(json, limit));
        let mut at_hand = Document::at_hand(json.to_vec(), None, limit);
        assert_eq!(items_of(&mut at_hand), found);
        at_hand.rewind();
        assert_eq!(items_of(&mut at_hand), found);
        assert_eq!(at_hand.into_bytes(), json);
        found
    }

    fn items_of(document: &mut Document<impl Read>) -> (Vec<Option<String>>, Option<Fault>) {
        let mut found = Vec::new();
        let fault = (|| {
            while let Some(key) = document.next_key()? {
                if key == "m" && document.enter_array()? {
                    while let Some(value) = document.element()? {
                        found.push(value.map(|json| String::from_utf8_lossy(json).into_owned()));
                    }
                } else {
                    document.skip()?;
                }
            }
            Ok(())
        })()
        .err();
        (found, fault)
    }

    #[test]
    fn elements_are_cut_and_the_rest_is_passed() {
        let (found, fault) = items(
            br#" {"a": {"m": [1, "]"]}, "m": [ {"x": "}\"" }, 7 , "s\\", [], null], "z": -1e3 } "#,
            100,
        );
        let found: Vec<String> = found.into_iter().flatten().collect();
        assert_eq!(found, [r#"{"x": "}\"" }"#, "7", r#""s\\""#, "[]", "null"]);
        assert_eq!(fault, None);
        assert_eq!(items(b"\xef\xbb\xbf{}", 9), (vec![], None));
    }

    #[test]
    fn an_element_over_the_limit_is_passed_over_and_named_by_its_place() {
        let big = format!(r#"{{"m": [1, "{}", 2]}}"#, "x".repeat(1 << 20));
        let (found, fault) = items(big.as_bytes(), 1000);
        assert_eq!(found, [Some("1".to_owned()), None, Some("2".to_owned())]);
        assert_eq!(fault, None);
    }

    #[test]
    fn damage_is_located_and_what_stood_before_is_kept() {
        for (json, count, at) in [
            (&br#"{"m": [1, 2"#[..], 1, 10),
            (br#"{"m": [1, {"a": "b"#, 1, 10),
            (br#"{"m": [1 2]}"#, 1, 9),
            (br#"{"m": [1, 2]} x"#, 2, 14),
            (br#"{"m": [1,]}"#, 2, 0),
            (br#"{"m" [1]}"#, 0, 5),
            (br#"{m: [1]}"#, 0, 1),
            (b"\0\0\0\0", 0, 0),
            (b"", 0, 0),
            (b"[1]", 0, 0),
        ] {
            let (found, fault) = items(json, 100);
            assert_eq!(found.len(), count, "{json:?}");
            match fault {
                Some(fault) => assert_eq!(fault.at, at, "{json:?}: {}", fault.reason),
                None => assert_eq!(json, br#"{"m": [1,]}"#),
            }
        }
    }

    #[test]
    fn a_missing_quote_costs_one_element() {
        let (found, fault) = items(b"{\"m\": [{\"a\": \"b\n}, {\"c\": 1}]}", 100);
        assert_eq!(found.len(), 2);
        assert_eq!(fault, None);
    }

    #[test]
    fn deep_nesting_costs_nothing() {
        let mut json = b"{\"m\": [1], \"x\": ".to_vec();
        json.extend(std::iter::repeat_n(b'[', 1 << 20));
        json.extend(std::iter::repeat_n(b']', 1 << 20));
        json.extend(b"}");
        assert_eq!(items(&json, 100), (vec![Some("1".to_owned())], None));
    }

    #[test]
    fn a_failing_read_is_told_after_what_came_before_it() {
        struct Breaks;
        impl Read for Breaks {
            fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
                Err(std::io::Error::other("the disk is gone"))
            }
        }
        fn reads(document: &mut Document<impl Read>) {
            assert_eq!(document.next_key().unwrap().as_deref(), Some("m"));
            assert!(document.enter_array().unwrap());
            assert!(document.element().unwrap().is_some());
            assert!(document.element().unwrap().is_some());
            let fault = document.element().map(|_| ()).unwrap_err();
            assert_eq!(fault.reason, "the disk is gone");
        }
        let json = br#"{"m": [1, 2, 3"#;
        reads(&mut Document::new(json.chain(Breaks), 100));
        reads(&mut Document::at_hand(
            json.to_vec(),
            Some("the disk is gone".to_owned()),
            100,
        ));
    }

    proptest! {
        #[test]
        fn chunks_do_not_matter(texts in prop::collection::vec(any::<String>(), 0..8), drop in 1usize..7) {
            let json = serde_json::to_string(&serde_json::json!({"k": texts, "m": texts})).unwrap();
            let mut document = Document::new(Drops(json.as_bytes(), drop), 1 << 20);
            let mut found: Vec<String> = Vec::new();
            while let Some(key) = document.next_key().unwrap() {
                if key == "m" {
                    prop_assert!(document.enter_array().unwrap());
                    while let Some(value) = document.element().unwrap() {
                        found.push(serde_json::from_slice(value.unwrap()).unwrap());
                    }
                } else {
                    document.skip().unwrap();
                }
            }
            prop_assert_eq!(found, texts);
        }

        #[test]
        fn any_bytes_end(bytes in prop::collection::vec(prop::sample::select(b"{}[]\",:\\\n 1m".to_vec()), 0..60)) {
            items(&bytes, 20);
            let mut json = br#"{"m":["#.to_vec();
            json.extend(bytes);
            items(&json, 20);
        }
    }
}
