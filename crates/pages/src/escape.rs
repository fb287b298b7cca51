//! What makes foreign text inert on a page.

use askama::filters::Escaper;
use std::fmt::{self, Write};

/// Escapes for HTML text and quoted attributes, and drops the characters with which a text could rearrange or hide what
/// stands around it: controls (but line breaks and tabs), and Unicode's bidirectional embeddings, overrides and isolates (UAX #9).
/// Names and messages are isolated besides, by `<bdi>` and `dir="auto"`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Inert;

impl Escaper for Inert {
    fn write_escaped_str<W: Write>(&self, mut to: W, text: &str) -> fmt::Result {
        // Clean stretches are written whole: most text has nothing to escape.
        for part in text.split_inclusive(|c| !is_plain(c)) {
            let mut rest = part.chars();
            match rest.next_back() {
                Some(last) if !is_plain(last) => {
                    to.write_str(rest.as_str())?;
                    self.write_escaped_char(&mut to, last)?;
                }
                _ => to.write_str(part)?,
            }
        }
        Ok(())
    }

    fn write_escaped_char<W: Write>(&self, mut to: W, c: char) -> fmt::Result {
        match c {
            '<' => to.write_str("&lt;"),
            '>' => to.write_str("&gt;"),
            '&' => to.write_str("&amp;"),
            '"' => to.write_str("&quot;"),
            '\'' => to.write_str("&#39;"),
            c if is_dangerous(c) => Ok(()),
            c => to.write_char(c),
        }
    }
}

/// A text without the characters that [`Inert`] drops, for where markup cannot isolate it: charts.
pub(crate) fn tame(text: &str) -> String {
    text.chars().filter(|c| !is_dangerous(*c)).collect()
}

fn is_plain(c: char) -> bool {
    !matches!(c, '<' | '>' | '&' | '"' | '\'') && !is_dangerous(c)
}

fn is_dangerous(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped_and_overrides_are_dropped() {
        let mut page = String::new();
        Inert
            .write_escaped_str(&mut page, "a<b>\"c\"&'d'\u{202e}e\u{2066}\0f\ng")
            .unwrap();
        assert_eq!(page, "a&lt;b&gt;&quot;c&quot;&amp;&#39;d&#39;ef\ng");
        let mut page = String::new();
        Inert.write_escaped_str(&mut page, "עברית, 日本, ok").unwrap();
        assert_eq!(page, "עברית, 日本, ok");
    }
}
