//! No product file over 500 lines: a longer one holds two nouns.

use super::fault::Fault;
use super::tree::Tree;

const LIMIT: usize = 500;

/// Faults of product files that are too long.
pub fn check(tree: &Tree) -> anyhow::Result<Vec<Fault>> {
    let too_long = product_files(tree)?.into_iter().filter(|(lines, _)| *lines > LIMIT);
    Ok(too_long
        .map(|(lines, file)| {
            Fault::new(
                &file,
                LIMIT + 1,
                format!("{lines} lines; a product file has at most {LIMIT}"),
            )
        })
        .collect())
}

/// Lines and name of every product file, longest first.
pub fn product_files(tree: &Tree) -> anyhow::Result<Vec<(usize, String)>> {
    let mut files = Vec::new();
    for file in tree.files().filter(|file| is_product(file)) {
        files.push((tree.text(file)?.unwrap_or_default().lines().count(), file.to_owned()));
    }
    files.sort_by(|a, b| b.cmp(a));
    Ok(files)
}

fn is_product(file: &str) -> bool {
    let in_a_room = match file.split_once('/') {
        Some(("crates", rest)) => rest.split_once('/').is_some_and(|(_, rest)| rest.starts_with("src/")),
        _ => file.starts_with("examples/marquee/src/"),
    };
    let test = file.ends_with("/tests.rs") || file.contains("/tests/");
    in_a_room && file.ends_with(".rs") && !test
}

#[cfg(test)]
mod tests {
    use super::super::tree::planted::plant;
    use super::*;

    #[test]
    fn a_product_file_over_the_limit_is_a_fault_and_a_test_is_not() {
        let (most, over) = ("x\n".repeat(LIMIT), "x\n".repeat(LIMIT + 1));
        let planted = plant(&[
            ("crates/model/src/good.rs", &most),
            ("crates/model/src/deep/bad.rs", &over),
            ("examples/marquee/src/main.rs", &over),
            ("crates/model/tests/decide.rs", &over),
            ("crates/model/src/deep/tests.rs", &over),
            ("crates/model/src/words.txt", &over),
        ]);
        let faults: Vec<String> = check(&planted.tree).unwrap().iter().map(Fault::to_string).collect();
        assert_eq!(
            faults,
            [
                "examples/marquee/src/main.rs:501: 501 lines; a product file has at most 500",
                "crates/model/src/deep/bad.rs:501: 501 lines; a product file has at most 500",
            ]
        );
        assert_eq!(product_files(&planted.tree).unwrap().len(), 3);
    }
}
