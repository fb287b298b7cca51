//! Every decision is in the index, has its number, and says all it has to.

use super::fault::Fault;
use super::markdown;
use super::tree::Tree;

const FOLDER: &str = "docs/adr/";
const INDEX: &str = "docs/adr/README.md";
const PARTS: [&str; 4] = ["context", "decision", "consequences", "alternatives"];

/// Faults of decisions that the index does not link, of numbers that are missing or used twice, and of missing parts.
pub fn check(tree: &Tree) -> anyhow::Result<Vec<Fault>> {
    let decisions: Vec<(&str, &str)> = tree
        .files()
        .filter_map(|file| file.strip_prefix(FOLDER))
        .filter_map(|name| Some((number(name)?, name)))
        .collect();
    if decisions.is_empty() {
        return Ok(Vec::new());
    }
    let index = match tree.has_file(INDEX) {
        true => tree.text(INDEX)?.unwrap_or_default(),
        false => String::new(),
    };
    let linked: Vec<String> = markdown::links(&index).into_iter().map(|link| link.target).collect();
    let mut faults = Vec::new();
    for (expected, (number, name)) in (1..).zip(&decisions) {
        let file = format!("{FOLDER}{name}");
        if number.parse() != Ok(expected) {
            faults.push(Fault::new(
                &file,
                1,
                format!("decisions are numbered without gaps: {expected:04} comes here"),
            ));
        }
        if !linked.iter().any(|target| target == name) {
            faults.push(Fault::new(INDEX, 1, format!("`{name}` is not in the index")));
        }
        let text = tree.text(&file)?.unwrap_or_default();
        if !text.starts_with(&format!("# {number}. ")) {
            faults.push(Fault::new(&file, 1, format!("the title starts with `# {number}. `")));
        }
        let anchors = markdown::anchors(&text);
        for part in PARTS.into_iter().filter(|part| !anchors.contains(*part)) {
            faults.push(Fault::new(&file, 1, format!("there is no heading `{part}`")));
        }
    }
    Ok(faults)
}

/// The four digits that a decision's file name starts with.
fn number(name: &str) -> Option<&str> {
    let (number, _) = name.strip_suffix(".md")?.split_once('-')?;
    (number.len() == 4 && number.bytes().all(|b| b.is_ascii_digit())).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::super::tree::planted::plant;
    use super::*;

    const GOOD: &str = "## Context\n## Decision\n## Consequences\n## Alternatives\n";

    fn faults(index: &str, second: (&str, &str)) -> Vec<String> {
        let first = format!("# 0001. One\n{GOOD}");
        let planted = plant(&[
            ("docs/adr/README.md", index),
            ("docs/adr/0001-one.md", &first),
            second,
            ("docs/adr/template.md", ""),
        ]);
        check(&planted.tree).unwrap().iter().map(Fault::to_string).collect()
    }

    #[test]
    fn a_complete_index_passes() {
        let second = format!("# 0002. Two\n{GOOD}");
        let index = "[1](0001-one.md) [2](0002-two.md)";
        assert_eq!(faults(index, ("docs/adr/0002-two.md", &second)), Vec::<String>::new());
        assert_eq!(check(&plant(&[("a.md", "")]).tree).unwrap(), []);
    }

    #[test]
    fn what_is_missing_is_a_fault() {
        let second = format!("# 0002. Two\n{GOOD}");
        assert_eq!(
            faults("[1](0001-one.md)", ("docs/adr/0002-two.md", &second)),
            ["docs/adr/README.md:1: `0002-two.md` is not in the index"]
        );
        assert_eq!(
            faults(
                "[1](0001-one.md) [3](0003-three.md)",
                ("docs/adr/0003-three.md", "# 0002. Two\n## Context\n")
            ),
            [
                "docs/adr/0003-three.md:1: decisions are numbered without gaps: 0002 comes here",
                "docs/adr/0003-three.md:1: the title starts with `# 0003. `",
                "docs/adr/0003-three.md:1: there is no heading `decision`",
                "docs/adr/0003-three.md:1: there is no heading `consequences`",
                "docs/adr/0003-three.md:1: there is no heading `alternatives`",
            ]
        );
    }
}
