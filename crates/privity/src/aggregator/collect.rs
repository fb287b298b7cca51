//! `privity aggregator collect`

use super::far::{Far, FarFault};
use super::{read, task_of, text_of};
use crate::cli::say;
use aggregate::{CollectRequest, PrivateKey, Rho, collector};
use anyhow::{Context, bail};
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// How often a busy leader is asked again, a second apart.
const TRIES: u32 = 60;

/// The counts of a period.
#[derive(Args)]
pub struct Collect {
    /// The task.
    #[arg(long, value_name = "FILE")]
    task: PathBuf,
    /// The period's number, from 1.
    #[arg(long, value_name = "N")]
    period: u32,
    /// The collection's number: the same number is the same answer. A new one costs more of the budget.
    #[arg(long, value_name = "N", default_value_t = 1)]
    number: u32,
    /// What it may cost, in millionths of rho; without it, all of the task's budget.
    #[arg(long, value_name = "RHO")]
    rho_millionths: Option<u32>,
    /// The collector's key.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The file with the token for collecting.
    #[arg(long, value_name = "FILE")]
    token: PathBuf,
    /// The leader's address.
    #[arg(long, value_name = "URL")]
    leader: String,
    /// Where to write the counts; `-` prints them.
    #[arg(long, value_name = "CSV")]
    out: PathBuf,
}

impl Collect {
    /// Asks, opens, writes.
    pub fn run(self) -> anyhow::Result<()> {
        let task = task_of(&self.task)?;
        let key: PrivateKey = read(&self.key)?;
        let asked = CollectRequest {
            task: task.id().as_ref().try_into()?,
            period: self.period,
            number: self.number,
            rho: self.rho_millionths.map_or(task.terms().rho_millionths, Rho),
        };
        let leader = Far::new(&self.leader, text_of(&self.token)?);
        let mut tries = 0;
        let collected = loop {
            match leader.ask("/collect", &asked) {
                Ok(collected) => break collected,
                Err(FarFault::Silent(_, _)) if tries < TRIES => {
                    tries += 1;
                    std::thread::sleep(Duration::from_secs(1));
                }
                Err(error) => bail!("{error}"),
            }
        };
        let counted = collector::open(&task, &key, &collected)?;
        let csv = counted.csv(&task);
        if self.out.as_os_str() == "-" {
            return say(csv.trim_end());
        }
        std::fs::write(&self.out, csv).with_context(|| format!("`{}`", self.out.display()))?;
        let [sends, clicks] = counted.totals();
        let sigma = counted.sigma;
        #[expect(clippy::cast_precision_loss, reason = "for showing")]
        let of_sums = sigma * (counted.cells.len() as f64).sqrt();
        say(&format!(
            "Period {}: {} reports. Each number has noise of sigma {sigma:.2}; this cost rho {}.\n\
             Over all cells: {sends} sends and {clicks} clicks, each with noise of sigma {of_sums:.2}.\n\
             The cells are in `{}`.",
            counted.period,
            counted.reports,
            counted.rho,
            self.out.display(),
        ))
    }
}
