//! `cargo xtask conformance …`: what others' tools, and our own command line, say of what we write.

mod desk;
mod jmap;
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

use anyhow::bail;
use clap::Subcommand;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is held to it.
#[derive(Subcommand)]
pub enum Conformance {
    /// The fortnightly report: tampered ones are refused by the command line and over HTTP alike with rule, row and column, and a sound one is
    /// accepted by `frictionless validate`.
    Report,
    /// JMAP: RFC 8620 and RFC 8621 read by ourselves, and existing clients, against the real server. Prints a table.
    Jmap {
        /// Only our own checks whose method or description has this text.
        #[arg(long, value_name = "TEXT")]
        only: Option<String>,
        /// Leave existing clients out: nothing is fetched.
        #[arg(long)]
        no_clients: bool,
    },
}

impl Conformance {
    /// Checks, and prints what came out.
    pub fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Report => report::run(&mut std::io::stdout().lock()),
            Self::Jmap { only, no_clients } => jmap::run(only.as_deref(), !no_clients, &mut std::io::stdout().lock()),
        }
    }
}

/// The program, built.
fn built() -> anyhow::Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // The profile that this program was built with: what it was built of is there already.
    let (profile, folder) = match cfg!(debug_assertions) {
        true => ("dev", "debug"),
        false => ("release", "release"),
    };
    let mut build = Command::new(cargo);
    // What cargo told this program of itself would make build scripts run again, and half the tree with them.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_") && !matches!(&*name, "CARGO_HOME" | "CARGO_TARGET_DIR" | "CARGO_BUILD_JOBS") {
            build.env_remove(&*name);
        }
    }
    let status = build
        // Both, so that the features of what they share are those it was built with for this program.
        .args([
            "build",
            "--quiet",
            "--locked",
            "-p",
            "privity",
            "-p",
            "xtask",
            "--profile",
            profile,
        ])
        .status()?;
    if !status.success() {
        bail!("`cargo build -p privity` failed");
    }
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned());
    Ok(std::fs::canonicalize(Path::new(&target).join(folder).join("privity"))?)
}
