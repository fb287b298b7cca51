//! `cargo xtask`: checks and measurements of this repository. Nothing of the product depends on it.

mod bench;
mod cassandra;
mod conformance;
mod crash;
mod fortnights;
mod fuzz;
mod jmap;
mod made_up;
#[allow(
    dead_code,
    unused_imports,
    reason = "the linker's examples use the same file, and more of it"
)]
mod mentions;
mod private;
mod server;
mod spine;
mod stores;
mod tailor;
mod tidy;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Checks and measurements of this repository.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check the house: arrows between rooms, file sizes, documents and their links.
    Tidy,
    /// Kill the server in the middle of its work, again and again, and look for anything lost.
    Crash(crash::Crash),
    /// Run three Apache Cassandra nodes on this machine, and the tests that need them.
    Cassandra {
        #[command(subcommand)]
        what: cassandra::Cassandra,
    },
    /// Hold formats to what others and we ourselves promise of them.
    Conformance {
        #[command(subcommand)]
        what: conformance::Conformance,
    },
    /// Feed changed copies of the committed inputs to every parser of what strangers send.
    Fuzz(fuzz::Fuzz),
    /// Measure something.
    Bench {
        #[command(subcommand)]
        what: bench::Bench,
    },
}

fn main() -> anyhow::Result<ExitCode> {
    match Arguments::parse().command {
        Command::Tidy => tidy::run(),
        Command::Crash(crash) => crash.run(),
        Command::Cassandra { what } => what.run().map(|()| ExitCode::SUCCESS),
        Command::Conformance { what } => what.run().map(|()| ExitCode::SUCCESS),
        Command::Fuzz(fuzz) => fuzz.run().map(|()| ExitCode::SUCCESS),
        Command::Bench { what } => what.run().map(|()| ExitCode::SUCCESS),
    }
}
