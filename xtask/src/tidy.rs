//! `cargo xtask tidy`: the rules of docs/style.md that no compiler checks.
//!
//! Each rule is one file and returns its faults; a rule's tests show that it can fail.

mod adr;
mod crate_docs;
mod fault;
mod links;
mod lock;
mod markdown;
mod marks;
mod readme;
mod rooms;
mod size;
mod test_links;
mod tree;

use std::io::Write;
use std::process::ExitCode;
use tree::Tree;

/// How many of the largest product files are named.
const LARGEST: usize = 5;

/// Checks the repository of the present folder. Prints each fault as `file:line: message`; fails if there is one.
pub fn run() -> anyhow::Result<ExitCode> {
    let workspace = rooms::Workspace::read(None)?;
    let tree = Tree::of_repository(&workspace.root)?;
    let mut out = std::io::stdout().lock();

    let mut faults = rooms::check(&tree, &workspace.arrows, rooms::ROOMS)?;
    for rule in [
        size::check,
        links::check,
        test_links::check,
        crate_docs::check,
        marks::check,
        readme::check,
        adr::check,
    ] {
        faults.extend(rule(&tree)?);
    }
    faults.sort();
    for fault in &faults {
        writeln!(out, "{fault}")?;
    }

    writeln!(out, "largest product files:")?;
    for (lines, file) in size::product_files(&tree)?.into_iter().take(LARGEST) {
        writeln!(out, "  {lines:4} {file}")?;
    }
    writeln!(out, "locked packages: {}", lock::packages(&tree)?)?;
    match faults.len() {
        0 => writeln!(out, "tidy: {} files, no faults", tree.files().count())?,
        n => writeln!(out, "tidy: {n} faults")?,
    }
    Ok(if faults.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
