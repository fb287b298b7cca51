//! The base subject of a message (RFC 5256 section 2.1): what is left without `Re:`, `Fwd:` and the like.

/// What answers and forwards put in front.
const PREFIXES: [&str; 3] = ["re", "fwd", "fw"];

/// The base subject, in lower case.
pub fn base_subject(subject: &str) -> String {
    let mut text = subject.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    loop {
        let before = text.len();
        while let Some(rest) = text.strip_suffix("(fwd)") {
            text = rest.trim_end().to_owned();
        }
        loop {
            let shorter = without_prefix(&text).or_else(|| without_blob(&text));
            match shorter {
                Some(rest) => text = rest.to_owned(),
                None => break,
            }
        }
        let forwarded = text.strip_prefix("[fwd:").and_then(|rest| rest.strip_suffix(']'));
        if let Some(inner) = forwarded {
            text = inner.trim().to_owned();
        }
        if text.len() == before {
            return text;
        }
    }
}

/// Without `re:`, `re[2]:` and the like.
fn without_prefix(text: &str) -> Option<&str> {
    PREFIXES.iter().find_map(|prefix| {
        let rest = text.strip_prefix(prefix)?.trim_start();
        let rest = match rest.strip_prefix('[') {
            Some(inner) => inner.split_once(']')?.1.trim_start(),
            None => rest,
        };
        Some(rest.strip_prefix(':')?.trim_start())
    })
}

/// Without `[list]` in front, unless nothing else is there.
fn without_blob(text: &str) -> Option<&str> {
    let (_, rest) = text
        .strip_prefix('[')?
        .split_once(']')
        .filter(|(inner, _)| !inner.contains('['))?;
    let rest = rest.trim_start();
    (!text.starts_with("[fwd:") && !rest.is_empty()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_and_forwards_have_the_subject_of_what_they_answer() {
        for (subject, base) in [
            ("Lunch", "lunch"),
            ("Re: Lunch", "lunch"),
            ("RE: re[2]:  Fwd: Lunch  today (fwd)", "lunch today"),
            ("[friends] Re: Lunch", "lunch"),
            ("Re: [friends] Lunch", "lunch"),
            ("[Fwd: Re: Lunch]", "lunch"),
            ("[only]", "[only]"),
            ("Regarding: Lunch", "regarding: lunch"),
            ("Re:", ""),
            ("", ""),
        ] {
            assert_eq!(base_subject(subject), base, "{subject}");
        }
    }
}
