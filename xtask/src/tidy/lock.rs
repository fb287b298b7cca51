//! How many packages a build takes: a number to watch, not a rule.

use super::tree::Tree;

/// Packages in `Cargo.lock`, ours included.
pub fn packages(tree: &Tree) -> anyhow::Result<usize> {
    let lock = tree.text("Cargo.lock")?.unwrap_or_default();
    Ok(lock.lines().filter(|line| *line == "[[package]]").count())
}

#[cfg(test)]
mod tests {
    use super::super::tree::planted::plant;
    use super::*;

    #[test]
    fn each_locked_package_counts_once() {
        let planted = plant(&[(
            "Cargo.lock",
            "version = 4\n\n[[package]]\nname = \"a\"\n\n[[package]]\nname = \"b\"\n",
        )]);
        assert_eq!(packages(&planted.tree).unwrap(), 2);
    }
}
