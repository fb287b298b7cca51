//! `cargo xtask conformance …`: what others' tools, and our own command line, say of what we write.

mod desk;
#[path = "../../crates/report/tests/report/made.rs"]
#[allow(
    clippy::unwrap_used,
    dead_code,
    missing_docs,
    reason = "the report's tests use the same file, and more of it"
)]
mod made;
#[path = "../../crates/report/tests/report/mutations.rs"]
#[allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs,
    reason = "a list for tests"
)]
mod mutations;
mod report;

use clap::Subcommand;

/// What is held to it.
#[derive(Subcommand)]
pub enum Conformance {
    /// The fortnightly report: tampered ones are refused by the command line and over HTTP alike with rule, row and column, and a sound one is
    /// accepted by `frictionless validate`.
    Report,
}

impl Conformance {
    /// Checks, and prints what came out.
    pub fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Report => report::run(&mut std::io::stdout().lock()),
        }
    }
}
