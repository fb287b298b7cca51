//! As much of HTML and CSS as it takes to check our own pages, and no more: anything unexpected is a failure.

use std::collections::{BTreeMap, BTreeSet};

const VOID: [&str; 4] = ["meta", "link", "input", "br"];
const INLINE: [&str; 19] = [
    "a",
    "span",
    "bdi",
    "strong",
    "em",
    "code",
    "mark",
    "time",
    "button",
    "ins",
    "del",
    "svg",
    "input",
    "label",
    "path",
    "circle",
    "rect",
    "g",
    "svg:title",
];
const BLOCK: [&str; 45] = [
    "html",
    "head",
    "title",
    "body",
    "header",
    "nav",
    "main",
    "footer",
    "section",
    "div",
    "h1",
    "h2",
    "h3",
    "p",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
    "form",
    "fieldset",
    "legend",
    "select",
    "option",
    "textarea",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "pre",
    "details",
    "summary",
    "blockquote",
    "meta",
    "link",
    "desc",
    "text",
    "polygon",
    "line",
    "polyline",
    "figure",
    "caption",
];
const ATTRIBUTES: &[&str] = &[
    "lang",
    "charset",
    "name",
    "content",
    "rel",
    "href",
    "type",
    "class",
    "id",
    "viewBox",
    "aria-hidden",
    "cx",
    "cy",
    "r",
    "d",
    "x",
    "y",
    "width",
    "height",
    "rx",
    "method",
    "action",
    "formaction",
    "value",
    "aria-label",
    "aria-current",
    "tabindex",
    "for",
    "autocomplete",
    "autocapitalize",
    "spellcheck",
    "required",
    "maxlength",
    "aria-describedby",
    "role",
    "datetime",
    "dir",
    "title",
    "rows",
    "placeholder",
    "checked",
    "selected",
    "open",
    "scope",
    "aria-labelledby",
    "xmlns",
    "opacity",
    "fill",
    "stroke",
    "stroke-width",
    "points",
    "text-anchor",
    "font-family",
    "font-size",
    "dy",
    "download",
    "enctype",
    "accept",
    "x1",
    "x2",
    "y1",
    "y2",
    "font-weight",
];

/// An opening tag.
#[derive(Debug, Clone)]
pub struct Tag {
    pub name: String,
    pub depth: usize,
    attributes: BTreeMap<String, String>,
}

impl Tag {
    pub fn get(&self, attribute: &str) -> Option<&str> {
        self.attributes.get(attribute).map(String::as_str)
    }
}

/// Every opening tag, in order. Panics on whatever is not well-formed or not expected on our pages.
pub fn parse(page: &str, html: &str) -> Vec<Tag> {
    let mut rest = html
        .strip_prefix("<!doctype html>")
        .unwrap_or_else(|| panic!("{page}: no doctype"));
    let mut open: Vec<String> = Vec::new();
    let mut tags = Vec::new();
    while let Some(at) = rest.find('<') {
        assert!(!rest[..at].contains('>'), "{page}: a stray `>` in {:?}", &rest[..at]);
        check_entities(page, &rest[..at]);
        let end = rest[at..]
            .find('>')
            .unwrap_or_else(|| panic!("{page}: a tag without end"))
            + at;
        let inside = &rest[at + 1..end];
        rest = &rest[end + 1..];
        let in_svg = open.iter().any(|t| t == "svg");
        let named = |name: &str| {
            if in_svg && name == "title" {
                "svg:title".to_owned()
            } else {
                name.to_owned()
            }
        };
        if let Some(name) = inside.strip_prefix('/') {
            assert_eq!(
                open.pop(),
                Some(named(name)),
                "{page}: closed out of turn, before {:.60}",
                rest
            );
            continue;
        }
        let closed = inside.ends_with('/');
        let inside = inside.trim_end_matches('/');
        let (name, attributes) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
        let name = named(name);
        assert!(
            INLINE.contains(&name.as_str()) || BLOCK.contains(&name.as_str()),
            "{page}: the element `{name}`"
        );
        assert!(
            INLINE.contains(&name.as_str()) || in_svg || !open.iter().any(|t| t == "p" || t == "span" || t == "button"),
            "{page}: `{name}` in {open:?}"
        );
        assert!(
            name != "form" || !open.iter().any(|t| t == "form"),
            "{page}: a form in a form"
        );
        assert!(
            !(name == "a" && open.iter().any(|t| t == "a")),
            "{page}: a link in a link"
        );
        tags.push(Tag {
            attributes: attributes_of(page, attributes),
            depth: open.len(),
            name: name.clone(),
        });
        if closed {
            assert!(in_svg, "{page}: `{name}` closes itself");
        } else if !VOID.contains(&name.as_str()) {
            open.push(name);
        }
    }
    assert!(
        open.is_empty() && rest.trim().is_empty(),
        "{page}: left open {open:?}, left over {rest:?}"
    );
    tags
}

fn attributes_of(page: &str, mut text: &str) -> BTreeMap<String, String> {
    let mut attributes = BTreeMap::new();
    loop {
        text = text.trim_start();
        if text.is_empty() {
            return attributes;
        }
        let end = text.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(text.len());
        let name = text[..end].to_owned();
        assert!(ATTRIBUTES.contains(&name.as_str()), "{page}: the attribute `{name}`");
        text = &text[end..];
        let mut value = "";
        if let Some(quoted) = text.strip_prefix("=\"") {
            let close = quoted
                .find('"')
                .unwrap_or_else(|| panic!("{page}: `{name}` is not closed"));
            value = &quoted[..close];
            check_entities(page, value);
            text = &quoted[close + 1..];
            assert!(
                text.is_empty() || text.starts_with(char::is_whitespace),
                "{page}: {name} runs into {text:?}"
            );
        }
        assert!(
            attributes.insert(name.clone(), value.to_owned()).is_none(),
            "{page}: `{name}` twice"
        );
    }
}

fn check_entities(page: &str, text: &str) {
    for after in text.split('&').skip(1) {
        assert!(
            ["amp;", "lt;", "gt;", "quot;", "apos;", "nbsp;", "#39;"]
                .iter()
                .any(|e| after.starts_with(e)),
            "{page}: a bare `&` before {after:.20}"
        );
    }
}

/// What a person reads: the text of `main`, spaces made one.
pub fn text(html: &str) -> String {
    let main = &html[html.find("<main").unwrap()..html.find("</main>").unwrap()];
    let mut out = String::new();
    for part in main.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap();
        let name = tag.trim_start_matches('/').split(char::is_whitespace).next().unwrap();
        if !["bdi", "strong", "em", "span", "a", "mark", "time"].contains(&name) {
            out.push(' ');
        }
        out.push_str(text);
    }
    out.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace("&amp;", "&")
        .replace("&#39;", "'")
}

/// The classes a sheet has rules for.
pub fn classes(css: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for selectors in css.split(['{', '}', ';']) {
        let mut rest = selectors;
        while let Some(at) = rest.find('.') {
            rest = &rest[at + 1..];
            let end = rest
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '-')
                .unwrap_or(rest.len());
            if rest.starts_with(|c: char| c.is_ascii_lowercase()) {
                found.insert(rest[..end].to_owned());
            }
        }
    }
    found
}

/// The colour that a custom property holds, as it is first defined in a sheet.
pub fn color(css: &str, name: &str) -> [f64; 3] {
    let rest = css
        .split_once(&format!("--{name}: #"))
        .unwrap_or_else(|| panic!("no --{name}"))
        .1;
    let digits: String = rest.chars().take_while(char::is_ascii_hexdigit).collect();
    let wide: String = if digits.len() == 3 {
        digits.chars().flat_map(|c| [c, c]).collect()
    } else {
        digits
    };
    [0, 2, 4].map(|at| f64::from(u8::from_str_radix(&wide[at..at + 2], 16).unwrap()) / 255.0)
}

/// WCAG 2.2's contrast ratio.
pub fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
    let luminance = |c: [f64; 3]| {
        let [r, g, b] = c.map(|v| {
            if v <= 0.04045 {
                v / 12.92
            } else {
                ((v + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    };
    let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
    a.max(b) / a.min(b)
}
