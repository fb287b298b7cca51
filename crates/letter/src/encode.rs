//! Writing header fields and bodies in the characters mail is carried in (RFC 2045, 2047, 2231, 5322).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// Characters of a line before it is folded.
const LINE: usize = 76;
/// Bytes of text in one encoded word: with its frame it stays under 75 characters.
const WORD: usize = 45;
/// Characters that a line may have at most (RFC 5322 section 2.1.1).
const LONGEST: usize = 998;

/// Unstructured text as a field's value, with the space in front of it.
pub(crate) fn text(text: &str) -> String {
    let plain = text.bytes().all(|b| (b' '..=b'~').contains(&b)) && !text.contains("=?");
    match plain {
        true => folded(&format!(" {text}")),
        false => words(text),
    }
}

/// Encoded words, one to a line.
fn words(text: &str) -> String {
    let mut lines = vec![String::new()];
    for c in text.chars() {
        if lines.last().is_some_and(|line| line.len() + c.len_utf8() > WORD) {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            line.push(c);
        }
    }
    let word = |line: String| format!(" =?utf-8?b?{}?=", BASE64_STANDARD.encode(line));
    lines.into_iter().map(word).collect::<Vec<_>>().join("\r\n")
}

/// Broken at spaces into lines of a good length, where that is possible.
fn folded(text: &str) -> String {
    let mut out = String::new();
    let mut length = 20;
    for (at, word) in text.split(' ').enumerate() {
        if at > 0 {
            // Only before a word: a line of nothing but space would end the header for some readers.
            if length + 1 + word.len() > LINE && !word.is_empty() && at > 1 {
                out.push_str("\r\n");
                length = 0;
            }
            out.push(' ');
            length += 1;
        }
        out.push_str(word);
        length += word.len();
    }
    out
}

/// An address, with or without a name.
pub(crate) fn address(name: Option<&str>, email: &str) -> String {
    match name.filter(|name| !name.trim().is_empty()) {
        None => email.to_owned(),
        Some(name) => format!("{} <{email}>", phrase(name)),
    }
}

/// A name as it may stand in front of an address.
pub(crate) fn phrase(name: &str) -> String {
    let is_atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~ ".contains(c);
    if name.chars().all(is_atom) && !name.contains("=?") && name.trim() == name {
        return name.to_owned();
    }
    if name.bytes().all(|b| (b' '..=b'~').contains(&b)) && !name.contains("=?") {
        return format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""));
    }
    words(name).trim_start().to_owned()
}

/// Several things, one to a line.
pub(crate) fn list(items: &[String], between: &str) -> String {
    let mut out = String::new();
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push_str(between);
            out.push_str("\r\n");
        }
        out.push(' ');
        out.push_str(item);
    }
    out
}

/// A parameter of a field, in front of which there is already something.
pub(crate) fn parameter(name: &str, value: &str) -> String {
    if value.bytes().all(|b| (b' '..=b'~').contains(&b)) && value.len() < 60 {
        return format!(";\r\n {name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
    }
    // RFC 2231: in numbered sections, so that no line is too long.
    let mut sections = vec![String::new()];
    for c in value.chars() {
        let mut bytes = [0; 4];
        let encoded: String = c
            .encode_utf8(&mut bytes)
            .bytes()
            .map(|b| match b {
                b if b.is_ascii_alphanumeric() || b"-._".contains(&b) => char::from(b).to_string(),
                b => format!("%{b:02X}"),
            })
            .collect();
        if sections
            .last()
            .is_some_and(|section| section.len() + encoded.len() > 50)
        {
            sections.push(String::new());
        }
        if let Some(section) = sections.last_mut() {
            section.push_str(&encoded);
        }
    }
    let one = sections.len() == 1;
    let section = |(at, section): (usize, &String)| match (one, at) {
        (true, _) => format!(";\r\n {name}*=utf-8''{section}"),
        (false, 0) => format!(";\r\n {name}*0*=utf-8''{section}"),
        (false, at) => format!(";\r\n {name}*{at}*={section}"),
    };
    sections.iter().enumerate().map(section).collect()
}

/// A body and its transfer encoding. Text gets the line ends of mail; a message within a message is never encoded.
pub(crate) fn body(bytes: &[u8], is_text: bool, is_message: bool) -> (&'static str, Vec<u8>) {
    if is_message {
        let plain = bytes.is_ascii();
        return (if plain { "7bit" } else { "8bit" }, bytes.to_vec());
    }
    if is_text {
        let mut lines = Vec::with_capacity(bytes.len() + bytes.len() / 32);
        for (at, byte) in bytes.iter().enumerate() {
            let after_return = at.checked_sub(1).and_then(|before| bytes.get(before)) == Some(&b'\r');
            if *byte == b'\n' && !after_return {
                lines.push(b'\r');
            }
            lines.push(*byte);
        }
        let short = lines.split(|b| *b == b'\n').all(|line| line.len() < LONGEST);
        let lone_return = lines
            .windows(2)
            .any(|pair| matches!(pair, [b'\r', next] if *next != b'\n'))
            || lines.ends_with(b"\r");
        if lines.is_ascii() && short && !lone_return && !lines.contains(&0) {
            return ("7bit", lines);
        }
        return ("base64", base64(&lines));
    }
    ("base64", base64(bytes))
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    let encoded = BASE64_STANDARD.encode(bytes);
    let mut out = Vec::with_capacity(encoded.len() + encoded.len() / 36);
    for line in encoded.as_bytes().chunks(LINE) {
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
    }
    out
}

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// A date as mail writes it: seconds since 1970, and the writer's offset from UTC in minutes.
pub(crate) fn date(seconds: i64, offset: i64) -> String {
    let local = seconds.saturating_add(offset.saturating_mul(60));
    let (days, second) = (local.div_euclid(86_400), local.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let of = |names: &[&'static str], at: i64| {
        usize::try_from(at)
            .ok()
            .and_then(|at| names.get(at))
            .copied()
            .unwrap_or_default()
    };
    let (sign, minutes) = if offset < 0 { ('-', -offset) } else { ('+', offset) };
    format!(
        "{}, {day:02} {} {year:04} {:02}:{:02}:{:02} {sign}{:02}{:02}",
        of(&DAYS, days.rem_euclid(7)),
        of(&MONTHS, month - 1),
        second / 3_600,
        second / 60 % 60,
        second % 60,
        minutes / 60,
        minutes % 60,
    )
}

/// Year, month and day of a day since 1970-01-01, in the Gregorian calendar. Years are counted from March on here, so that the
/// day a leap year has more is its last.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_as_rfc_5322_says() {
        assert_eq!(date(0, 0), "Thu, 01 Jan 1970 00:00:00 +0000");
        assert_eq!(date(1_637_446_921, -480), "Sat, 20 Nov 2021 14:22:01 -0800");
        assert_eq!(date(951_782_400, 0), "Tue, 29 Feb 2000 00:00:00 +0000");
        assert_eq!(date(1_709_164_800, 330), "Thu, 29 Feb 2024 05:30:00 +0530");
    }

    #[test]
    fn names_are_quoted_or_encoded_as_they_need() {
        assert_eq!(address(None, "a@b"), "a@b");
        assert_eq!(address(Some("Ana B"), "a@b"), "Ana B <a@b>");
        assert_eq!(address(Some("B, \"Ana\""), "a@b"), "\"B, \\\"Ana\\\"\" <a@b>");
        assert_eq!(address(Some("Åsa"), "a@b"), "=?utf-8?b?w4VzYQ==?= <a@b>");
        assert_eq!(text(" two  spaces"), "  two  spaces");
        assert!(text(&"é".repeat(200)).lines().all(|line| line.len() <= 76));
        assert!(text(&"word ".repeat(50)).lines().all(|line| line.len() <= 78));
    }

    #[test]
    fn text_is_carried_as_it_can_be() {
        assert_eq!(body(b"a\nb\r\nc", true, false), ("7bit", b"a\r\nb\r\nc".to_vec()));
        assert_eq!(body("é".as_bytes(), true, false).0, "base64");
        assert_eq!(body(&[b'x'; 2_000], true, false).0, "base64");
        assert_eq!(body(b"a\rb", true, false).0, "base64");
        assert_eq!(body(b"plain", false, false).0, "base64");
    }
}
