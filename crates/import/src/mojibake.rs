//! Text whose UTF-8 bytes were each written as a character of its own.
//!
//! Some exports write `é` (UTF-8 `C3 A9`) as `\u00c3\u00a9`. Repairing whole strings, as is often done, destroys strings
//! that also hold a correct character; here only *runs* are decoded: as many characters U+0080 to U+00FF as stand
//! together, if their numbers are well-formed UTF-8. A run that only ends too early keeps its last, cut character.
//!
//! Two cases cannot be told: someone who really typed `Ã©` in a file that was right already, and text that was broken
//! twice (one layer is taken off). So a file is repaired or not by its schema, and what could not be decoded is counted.

use std::borrow::Cow;

/// A string after [`repair`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repaired<'a> {
    /// The string, repaired where it could be.
    pub text: Cow<'a, str>,
    /// A run was decoded.
    pub repaired: bool,
    /// A run was left as it is, wholly or its last character: correct, or broken beyond repair.
    pub undecidable: bool,
}

/// Decodes every run of U+0080 to U+00FF that is well-formed UTF-8. Costs one look at each byte of an ASCII string.
pub fn repair(text: Cow<'_, str>) -> Repaired<'_> {
    if text.is_ascii() {
        return Repaired {
            text,
            repaired: false,
            undecidable: false,
        };
    }
    let mut repair = Repair {
        out: String::with_capacity(text.len()),
        run: Vec::new(),
        repaired: false,
        undecidable: false,
    };
    for c in text.chars() {
        match u8::try_from(u32::from(c)) {
            Ok(byte) if byte >= 0x80 => repair.run.push(byte),
            _ => {
                repair.end_run();
                repair.out.push(c);
            }
        }
    }
    repair.end_run();
    Repaired {
        text: if repair.repaired { Cow::Owned(repair.out) } else { text },
        repaired: repair.repaired,
        undecidable: repair.undecidable,
    }
}

struct Repair {
    out: String,
    run: Vec<u8>,
    repaired: bool,
    undecidable: bool,
}

impl Repair {
    fn end_run(&mut self) {
        if self.run.is_empty() {
            return;
        }
        let (decoded, rest): (&str, &[u8]) = match std::str::from_utf8(&self.run) {
            Ok(all) => (all, &[]),
            // `error_len` is none when the run ends inside a character, and only then.
            Err(e) if e.error_len().is_none() => {
                let (good, cut) = self.run.split_at(e.valid_up_to());
                (std::str::from_utf8(good).unwrap_or_default(), cut)
            }
            Err(_) => ("", &self.run),
        };
        self.out.push_str(decoded);
        self.out.extend(rest.iter().copied().map(char::from));
        self.repaired |= !decoded.is_empty();
        self.undecidable |= !rest.is_empty();
        self.run.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What the exports do: each byte of the UTF-8 becomes the character of that number.
    fn broken(text: &str) -> String {
        text.bytes().map(char::from).collect()
    }

    fn repaired(text: &str) -> String {
        repair(Cow::Borrowed(text)).text.into_owned()
    }

    #[test]
    fn the_measured_table() {
        let mixed = format!("\u{201c}{}\u{201d}", broken("zażółć"));
        let rows = [
            // Polish and emoji, broken
            (broken("Zażółć gęślą jaźń 👍"), "Zażółć gęślą jaźń 👍", (true, false)),
            // broken, mixed with real U+201C
            (mixed, "\u{201c}zażółć\u{201d}", (true, false)),
            // already correct
            ("café".to_owned(), "café", (false, true)),
            ("ok 👍".to_owned(), "ok 👍", (false, false)),
            // a cut sequence
            ("Ãx".to_owned(), "Ãx", (false, true)),
            // really typed in a correct file: cannot be told, by design
            ("Ã©".to_owned(), "é", (true, false)),
            // broken twice: one layer comes off, by design
            (broken(&broken("é")), "Ã©", (true, false)),
            // ASCII and NUL
            ("plain\0text".to_owned(), "plain\0text", (false, false)),
            // cut at the very end of a run: all but the cut character is saved
            (broken("żółw").replace('w', "\u{c5}"), "żół\u{c5}", (true, true)),
            (String::new(), "", (false, false)),
        ];
        for (from, to, flags) in rows {
            let got = repair(Cow::Borrowed(&from));
            assert_eq!(got.text, to, "{from:?}");
            assert_eq!((got.repaired, got.undecidable), flags, "{from:?}");
        }
    }

    proptest! {
        #[test]
        fn ascii_is_never_changed(text in "[\\x00-\\x7f]*") {
            let got = repair(Cow::Borrowed(&text));
            prop_assert!(matches!(got.text, Cow::Borrowed(_)));
            prop_assert_eq!((got.text.as_ref(), got.repaired, got.undecidable), (text.as_str(), false, false));
        }

        #[test]
        fn whatever_was_broken_once_comes_back(text in any::<String>()) {
            prop_assert_eq!(repaired(&broken(&text)), text);
        }

        #[test]
        fn a_repaired_text_stays_unless_it_was_broken_twice(text in "[a-z\u{80}-\u{ff}ąż👍\u{201c}]{0,20}") {
            let once = repaired(&text);
            let again = repair(Cow::Borrowed(&once));
            if !again.repaired {
                prop_assert_eq!(again.text.as_ref(), once.as_str());
            } else {
                // There was a second layer: what came out of the first is broken text itself.
                let lead = once.chars().any(|c| ('\u{c2}'..='\u{f4}').contains(&c));
                prop_assert!(lead, "nothing in {once:?} was broken twice");
            }
        }

        #[test]
        fn no_byte_is_lost(text in "[a-z\u{80}-\u{ff}ąż👍\u{201c}]{0,20}") {
            let from: Vec<char> = text.chars().collect();
            let to: Vec<char> = repaired(&text).chars().collect();
            prop_assert!(accounts_for(&from, &to), "{text:?} became {to:?}");
        }
    }

    /// Whether each character of `to` is one of `from`, or the decoded form of some of them, in order and without a rest.
    fn accounts_for(from: &[char], to: &[char]) -> bool {
        let Some((c, to)) = to.split_first() else {
            return from.is_empty();
        };
        let as_it_was = std::slice::from_ref(c);
        let in_bytes: Vec<char> = broken(&c.to_string()).chars().collect();
        [as_it_was, &in_bytes]
            .iter()
            .any(|start| from.strip_prefix(*start).is_some_and(|from| accounts_for(from, to)))
    }
}
