//! A document that names a test names one that there is.
//!
//! The convention: a link whose text is a lower-case Rust name in backticks, and whose target is a `.rs` file, names a
//! test in that file. A link to other code has a path as its text (`app::release`, `release.rs`).

use super::fault::Fault;
use super::links::resolve;
use super::markdown;
use super::tree::Tree;

/// Faults of links to tests that are not there, or are no tests.
pub fn check(tree: &Tree) -> anyhow::Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for file in tree.files().filter(|file| file.ends_with(".md")) {
        for link in markdown::links(&tree.text(file)?.unwrap_or_default()) {
            let path = link.target.split('#').next().unwrap_or_default();
            let (Some(name), true) = (test_name(&link.text), path.ends_with(".rs")) else {
                continue;
            };
            // A file that is not there is a fault of `links`.
            let Some(target) = resolve(file, path).filter(|target| tree.has_file(target)) else {
                continue;
            };
            if !has_test(&tree.text(&target)?.unwrap_or_default(), name) {
                faults.push(Fault::new(
                    file,
                    link.line,
                    format!("there is no test `{name}` in `{target}`"),
                ));
            }
        }
    }
    Ok(faults)
}

fn test_name(text: &str) -> Option<&str> {
    let name = text.strip_prefix('`')?.strip_suffix('`')?;
    let of_a_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    (!name.is_empty() && name.chars().all(of_a_name)).then_some(name)
}

/// Whether there is a function of that name with an attribute such as `#[test]` or `#[tokio::test(…)]` above it.
fn has_test(source: &str, name: &str) -> bool {
    let starts = [format!("fn {name}("), format!("async fn {name}(")];
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    lines.iter().enumerate().any(|(at, line)| {
        let named = starts.iter().any(|start| line.starts_with(start));
        let mut above = lines
            .iter()
            .take(at)
            .rev()
            .take_while(|l| l.starts_with("#[") || l.starts_with("///"));
        named && above.any(|l| l.starts_with("#[test]") || l.contains("::test]") || l.contains("::test("))
    })
}

#[cfg(test)]
mod tests {
    use super::super::tree::planted::plant;
    use super::*;

    const SOURCE: &str = "#[test]\nfn plain() {}\n\n#[tokio::test(start_paused = true)]\n/// Doc.\nasync fn waits() {}\n\
                          fn no_test() {}\nproptest! {\n    #[test]\n    fn property(x in 0..3) {}\n}\n";

    fn faults(markdown: &str) -> Vec<String> {
        let planted = plant(&[("docs/a.md", markdown), ("tests/t.rs", SOURCE)]);
        check(&planted.tree).unwrap().iter().map(Fault::to_string).collect()
    }

    #[test]
    fn tests_that_there_are_pass() {
        let markdown = "[`plain`](../tests/t.rs) [`waits`](../tests/t.rs#L6) [`property`](../tests/t.rs)\n\
                        [`app::release`](../tests/t.rs) [no_test](../tests/t.rs) [`t.rs`](../tests/t.rs)\n";
        assert_eq!(faults(markdown), Vec::<String>::new());
    }

    #[test]
    fn a_name_that_is_no_test_is_a_fault() {
        assert_eq!(
            faults("[`gone`](../tests/t.rs)"),
            ["docs/a.md:1: there is no test `gone` in `tests/t.rs`"]
        );
        assert_eq!(
            faults("[`no_test`](../tests/t.rs)"),
            ["docs/a.md:1: there is no test `no_test` in `tests/t.rs`"]
        );
        assert_eq!(
            faults("[`prop`](../tests/t.rs)"),
            ["docs/a.md:1: there is no test `prop` in `tests/t.rs`"]
        );
    }
}
