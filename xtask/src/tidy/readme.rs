//! The README stays short.

use super::fault::Fault;
use super::tree::Tree;

const FILE: &str = "README.md";
const LIMIT: usize = 150;

/// A fault if the README is too long.
pub fn check(tree: &Tree) -> anyhow::Result<Vec<Fault>> {
    if !tree.has_file(FILE) {
        return Ok(Vec::new());
    }
    let lines = tree.text(FILE)?.unwrap_or_default().lines().count();
    Ok(match lines > LIMIT {
        true => vec![Fault::new(
            FILE,
            LIMIT + 1,
            format!("{lines} lines; the README has at most {LIMIT}"),
        )],
        false => Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tree::planted::plant;
    use super::*;

    #[test]
    fn a_long_readme_is_a_fault() {
        let check_lines = |n: usize| check(&plant(&[(FILE, &"x\n".repeat(n))]).tree).unwrap().len();
        assert_eq!((check_lines(LIMIT), check_lines(LIMIT + 1)), (0, 1));
        assert_eq!(check(&plant(&[("a.md", "")]).tree).unwrap(), []);
    }
}
