//! `cargo xtask bench …`: measurements that print their own tables.

use clap::Subcommand;
use std::path::PathBuf;

/// What is measured.
#[derive(Subcommand)]
pub enum Bench {
    /// How well titles are found in messages: precision and recall on ReDial's test conversations.
    Mentions {
        /// A folder that holds `redial/`.
        #[arg(long, value_name = "FOLDER")]
        data: PathBuf,
    },
}

impl Bench {
    /// Measures, and prints what came out.
    pub fn run(self) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        match self {
            Self::Mentions { data } => crate::mentions::run(&data, &mut out),
        }
    }
}
