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
    /// The store's operations on each engine, side by side.
    Store {
        /// Engines: embedded, cassandra.
        #[arg(long, value_name = "ENGINE,...", value_delimiter = ',', default_value = "embedded")]
        on: Vec<String>,
        /// How often each operation is done.
        #[arg(long, default_value_t = 300)]
        times: u64,
    },
    /// The fortnightly report: building, checking and comparing a large one, and which simulated partners are caught.
    Report {
        /// Fortnights of each partner.
        #[arg(long, default_value_t = 1_000)]
        fortnights: u32,
        /// Sends in the large report; there are two clicks to five of them.
        #[arg(long, default_value_t = 1_000_000)]
        sends: u32,
    },
    /// The Inbox API: the newest messages, a deep page, a long conversation, no news, for a partner and for the person.
    Jmap {
        /// Seconds for each load.
        #[arg(long, default_value_t = 5)]
        seconds: u64,
    },
    /// The private mode: leader and helper, reports per second and core, beside the bare calls of `prio`.
    Private {
        /// Reports in each round.
        #[arg(long, default_value_t = 512)]
        reports: usize,
    },
    /// Tailoring without reading: how well titles are ranked from mentions, on ReDial's test conversations, and what it costs.
    Tailor {
        /// A folder that holds `redial/`.
        #[arg(long, value_name = "FOLDER")]
        data: PathBuf,
        /// Measure the validation conversations instead: for choosing.
        #[arg(long)]
        validation: bool,
        /// Only the table of field sets.
        #[arg(long)]
        quick: bool,
        /// Seconds for each timing.
        #[arg(long, default_value_t = 3.0)]
        seconds: f64,
    },
    /// The spine: disclosing reads beside undisclosed ones, decisions, ledger appends, import, memory.
    Spine {
        /// Seconds for each load.
        #[arg(long, default_value_t = 8)]
        seconds: u64,
        /// Megabytes of the export that is imported.
        #[arg(long, default_value_t = 200)]
        export_mb: u64,
        /// Only one of them: decisions, appends, reads or import.
        #[arg(long)]
        only: Option<String>,
    },
}

impl Bench {
    /// Measures, and prints what came out.
    pub fn run(self) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        match self {
            Self::Mentions { data } => crate::mentions::run(&data, &mut out),
            Self::Tailor {
                data,
                validation,
                quick,
                seconds,
            } => {
                let options = crate::tailor::Options {
                    data: &data,
                    validation,
                    quick,
                    seconds,
                };
                crate::tailor::run(&options, &mut out)
            }
            Self::Store { on, times } => crate::stores::run(&on, times, &mut out),
            Self::Report { fortnights, sends } => crate::fortnights::run(fortnights, sends, &mut out),
            Self::Jmap { seconds } => crate::jmap::run(seconds, &mut out),
            Self::Private { reports } => crate::private::run(reports, &mut out),
            Self::Spine {
                seconds,
                export_mb,
                only,
            } => crate::spine::run(seconds, export_mb, only.as_deref(), &mut out),
        }
    }
}
