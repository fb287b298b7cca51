//! What links and anchors a Markdown text has, as GitHub shows it. Code, in fences or backticks, has none.

use std::collections::{BTreeMap, BTreeSet};

/// A link, an image, or a reference's target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// From 1.
    pub line: usize,
    /// What is shown, as written; empty where it is not on the same line.
    pub text: String,
    /// Where it leads, without title and angle brackets.
    pub target: String,
}

/// Every link, in order.
pub fn links(markdown: &str) -> Vec<Link> {
    let mut links = Vec::new();
    for (number, line) in prose(markdown) {
        let shown: Vec<char> = line.chars().collect();
        let masked = without_code(&shown);
        links.extend(inline_links(number, &shown, &masked));
        links.extend(reference_target(&shown, &masked).map(|target| link(number, "", &target)));
        for attribute in ["href=\"", "src=\""] {
            let targets = attribute_values(&masked, attribute).into_iter();
            links.extend(targets.map(|target| link(number, "", &target)));
        }
    }
    links
}

/// Every anchor: headings by GitHub's rule, and `id` and `name` of HTML tags.
pub fn anchors(markdown: &str) -> BTreeSet<String> {
    let lines = prose(markdown);
    let mut anchors = BTreeSet::new();
    let mut times_seen: BTreeMap<String, usize> = BTreeMap::new();
    for (at, (_, line)) in lines.iter().enumerate() {
        let under = lines.get(at + 1).map_or("", |(_, line)| line.trim());
        if let Some(heading) = heading(line, under) {
            let slug = slug(heading);
            let seen = times_seen.entry(slug.clone()).or_default();
            anchors.insert(match *seen {
                0 => slug,
                n => format!("{slug}-{n}"),
            });
            *seen += 1;
        }
        let masked = without_code(&line.chars().collect::<Vec<_>>());
        for attribute in ["id=\"", "name=\""] {
            anchors.extend(attribute_values(&masked, attribute));
        }
    }
    anchors
}

/// The lines outside of fenced code, with their numbers.
fn prose(markdown: &str) -> Vec<(usize, &str)> {
    let mut lines = Vec::new();
    let mut fence: Option<(char, usize)> = None;
    for (number, line) in (1..).zip(markdown.lines()) {
        let start = line.trim_start();
        let mark = start.chars().next().filter(|c| matches!(c, '`' | '~'));
        let length = mark.map_or(0, |mark| start.chars().take_while(|c| *c == mark).count());
        match (fence, mark) {
            (None, Some(mark)) if length >= 3 => fence = Some((mark, length)),
            (None, _) => lines.push((number, line)),
            (Some((open, least)), Some(mark))
                if mark == open && length >= least && start.trim_end().len() == length =>
            {
                fence = None;
            }
            (Some(_), _) => {}
        }
    }
    lines
}

/// The same line with blanks for what stands in backticks.
fn without_code(line: &[char]) -> Vec<char> {
    let mut masked = line.to_vec();
    let ticks = |from: usize| line.iter().skip(from).take_while(|c| **c == '`').count();
    let mut at = 0;
    while at < line.len() {
        let open = ticks(at);
        if open == 0 {
            at += 1;
            continue;
        }
        let inside = at + open;
        let mut end = inside;
        while end < line.len() && ticks(end) != open {
            end += ticks(end).max(1);
        }
        if end < line.len() {
            for c in masked.iter_mut().take(end + open).skip(at) {
                *c = ' ';
            }
            at = end + open;
        } else {
            at = inside; // never closed: these backticks are plain characters
        }
    }
    masked
}

fn inline_links(number: usize, shown: &[char], masked: &[char]) -> Vec<Link> {
    let meets = |at: usize| masked.get(at) == Some(&']') && masked.get(at + 1) == Some(&'(');
    (0..masked.len())
        .filter(|at| meets(*at))
        .filter_map(|at| {
            let inside: String = parenthesised(masked.get(at + 2..)?)?;
            let text_start = opening_bracket(masked.get(..at)?);
            let text: String = text_start
                .and_then(|start| shown.get(start + 1..at))
                .unwrap_or_default()
                .iter()
                .collect();
            Some(link(number, &text, &inside))
        })
        .collect()
}

/// What stands before the parenthesis that closes the one already open.
fn parenthesised(rest: &[char]) -> Option<String> {
    let mut depth = 0;
    for (at, c) in rest.iter().enumerate() {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => return Some(rest.iter().take(at).collect()),
            ')' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Where the bracket stands that is open at the end.
fn opening_bracket(before: &[char]) -> Option<usize> {
    let mut depth = 0;
    before.iter().enumerate().rev().find_map(|(at, c)| match c {
        '[' if depth == 0 => Some(at),
        '[' => {
            depth -= 1;
            None
        }
        ']' => {
            depth += 1;
            None
        }
        _ => None,
    })
}

/// The target of a line such as `[label]: target "title"`; footnotes have none.
fn reference_target(shown: &[char], masked: &[char]) -> Option<String> {
    let line: String = masked.iter().collect();
    let label = line
        .trim_start()
        .strip_prefix('[')
        .filter(|rest| !rest.starts_with('^'))?;
    let (_, target) = label.split_once("]: ")?;
    let length = target.chars().count();
    Some(shown.iter().skip(shown.len().saturating_sub(length)).collect())
}

fn attribute_values(masked: &[char], attribute: &str) -> Vec<String> {
    let line: String = masked.iter().collect();
    let parts = line.split(attribute).skip(1);
    parts
        .filter_map(|rest| rest.split_once('"'))
        .map(|(value, _)| value.to_owned())
        .collect()
}

fn link(line: usize, text: &str, inside: &str) -> Link {
    let inside = inside.trim();
    let target = match inside.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
        Some((target, _)) => target,
        None => inside.split_whitespace().next().unwrap_or_default(),
    };
    Link {
        line,
        text: text.to_owned(),
        target: target.to_owned(),
    }
}

/// The text of a heading: `# so`, or with a line of `=` or `-` under it.
fn heading<'a>(line: &'a str, under: &str) -> Option<&'a str> {
    let line = line.trim();
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    if (1..=6).contains(&level) && (text.is_empty() || text.starts_with([' ', '\t'])) {
        return Some(text.trim().trim_end_matches('#').trim_end());
    }
    let ruled = !under.is_empty() && (under.bytes().all(|b| b == b'=') || under.bytes().all(|b| b == b'-'));
    (ruled && !line.is_empty() && !line.starts_with(['|', '>', '-', '*'])).then_some(line)
}

/// GitHub's anchor of a heading: lower case; letters, digits, `_` and `-` stay; blanks become `-`; all else goes.
fn slug(heading: &str) -> String {
    let mut shown = String::new();
    let mut in_tag = false;
    let mut rest = heading.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '<' => in_tag = true,
            '>' if in_tag => in_tag = false,
            _ if in_tag => {}
            // Of a link only the text is shown.
            ']' if rest.peek() == Some(&'(') => {
                for skipped in rest.by_ref() {
                    if skipped == ')' {
                        break;
                    }
                }
            }
            _ => shown.push(c),
        }
    }
    let stays = |c: char| match c {
        ' ' => Some('-'),
        c if c.is_alphanumeric() || c == '_' || c == '-' => Some(c),
        _ => None,
    };
    shown.to_lowercase().chars().filter_map(stays).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(markdown: &str) -> Vec<String> {
        links(markdown).into_iter().map(|l| l.target).collect()
    }

    #[test]
    fn every_form_of_link_is_found() {
        let markdown = "[a](x.md) and ![b](y.png \"title\") and [c](<z z.md>)\n\
                        [`fn`](f.rs#L1) [![i](inner.svg)](outer.md) [p](a_(b).md)\n\
                        [label]: ref.md \"title\"\n<a href=\"h.md\">h</a> <img src=\"i.png\">\n";
        assert_eq!(
            targets(markdown),
            [
                "x.md",
                "y.png",
                "z z.md",
                "f.rs#L1",
                "inner.svg",
                "outer.md",
                "a_(b).md",
                "ref.md",
                "h.md",
                "i.png"
            ]
        );
    }

    #[test]
    fn a_link_knows_its_text_and_line() {
        let all = links("x\n\nsee [the [inner] `text`](t.md)");
        assert_eq!(
            all,
            [Link {
                line: 3,
                text: "the [inner] `text`".into(),
                target: "t.md".into()
            }]
        );
    }

    #[test]
    fn code_holds_no_links() {
        let markdown = "`[a](b.md)` ``[c] ` (d)`` [^1]: note\n```md\n[e](f.md)\n~~~\n[g](h.md)\n````\n[i](j.md)\n~~~~\n[k](l.md)\n~~~~\n";
        assert_eq!(targets(markdown), ["j.md"]);
        assert_eq!(targets("a lone ` and [a](b.md)"), ["b.md"]);
    }

    #[test]
    fn anchors_follow_githubs_rules() {
        let markdown = "# The one door\n## What's *new*, in `app::release()`?\n## Say\n## Say\n## [Linked](x.md) text\n\
                        Ruled\n=====\n```\n# not one\n```\n<a id=\"by-hand\"></a>\n## ★ Änderung 2.0\n### a_b - c\n\nrule\n\n---\n";
        let expected = [
            "the-one-door",
            "whats-new-in-apprelease",
            "say",
            "say-1",
            "linked-text",
            "ruled",
            "by-hand",
            "-änderung-20",
            "a_b---c",
        ];
        assert_eq!(anchors(markdown), expected.into_iter().map(str::to_owned).collect());
    }
}
