//! Every crate says in its first lines what it is.

use super::fault::Fault;
use super::tree::Tree;

/// Faults of crates without a `//!` at the top of `lib.rs` or `main.rs`.
pub fn check(tree: &Tree) -> anyhow::Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for file in tree.files().filter(|file| is_crate_root(tree, file)) {
        let text = tree.text(file)?.unwrap_or_default();
        let first = text
            .lines()
            .map(str::trim)
            .find(|line| !line.is_empty() && !line.starts_with("#!["));
        let doc = first.and_then(|line| line.strip_prefix("//!")).unwrap_or_default();
        if doc.trim().is_empty() {
            faults.push(Fault::new(
                file,
                1,
                "a crate starts with a `//!` line that says what it is",
            ));
        }
    }
    Ok(faults)
}

fn is_crate_root(tree: &Tree, file: &str) -> bool {
    ["src/lib.rs", "src/main.rs"]
        .into_iter()
        .filter_map(|root| file.strip_suffix(root))
        .any(|folder| tree.has_file(&format!("{folder}Cargo.toml")))
}

#[cfg(test)]
mod tests {
    use super::super::tree::planted::plant;
    use super::*;

    #[test]
    fn a_crate_without_a_doc_is_a_fault() {
        let planted = plant(&[
            ("crates/a/Cargo.toml", ""),
            ("crates/a/src/lib.rs", "#![allow(missing_docs)]\n\n//! What it is.\n"),
            ("crates/a/src/main.rs", "fn main() {}\n"),
            ("crates/b/Cargo.toml", ""),
            ("crates/b/src/lib.rs", "//!\n"),
            ("crates/b/src/deep/main.rs", "mod x;\n"),
        ]);
        let faults = check(&planted.tree).unwrap();
        let files: Vec<&str> = faults.iter().map(|f| f.file.as_str()).collect();
        assert_eq!(files, ["crates/a/src/main.rs", "crates/b/src/lib.rs"]);
    }
}
