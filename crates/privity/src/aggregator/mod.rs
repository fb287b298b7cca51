//! `privity aggregator`: the processes of the private mode, and the tools of whoever takes part.

mod collect;
mod contribute;
mod far;
mod listen;
mod serve;

use crate::cli::{log_to_stderr, say};
use crate::{keys, outside, report};
use aggregate::{PrivateKey, PublicKey, Rho, Secret, Task, Terms, TokenHash};
use anyhow::Context;
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The private mode.
#[derive(Subcommand)]
pub enum AggregatorCommand {
    /// Run the leader: it takes reports in, has the helper check them too, and is asked for counts.
    Leader(serve::LeaderArgs),
    /// Run the helper, on another party's machine: the auditor's.
    Helper(serve::HelperArgs),
    /// Send people's contributions of a period from a list of events, as for `privity report build`.
    Contribute(contribute::Contribute),
    /// Ask for the counts of a period, and write them as a CSV. Asked again, the same numbers come.
    Collect(collect::Collect),
    /// Write a task from an agreement: what is counted, and under which rules. All take part with the same file.
    Task(TaskArgs),
    /// Make a key for the leader, the helper or the collector, and print its public half.
    Key {
        /// Where to.
        out: PathBuf,
    },
    /// Make a secret: one that leader and helper share, or one that a partner keeps for its report ids.
    Secret {
        /// Where to.
        out: PathBuf,
    },
    /// Make a token for uploading or collecting, and print its hash for the task.
    Token {
        /// Where to.
        out: PathBuf,
    },
}

/// `privity aggregator task`
#[derive(Args)]
pub struct TaskArgs {
    /// The agreement: the signed note, or a draft in TOML or JSON.
    #[arg(long, value_name = "FILE")]
    agreement: PathBuf,
    /// Acts of one person in one period at most.
    #[arg(long, default_value_t = 8)]
    cap: u16,
    /// Reports in a batch at least.
    #[arg(long, value_name = "N", default_value_t = 100)]
    least_reports: u64,
    /// What all answers about a period may cost together, in millionths of rho.
    #[arg(long, value_name = "RHO", default_value_t = 50_000)]
    rho_millionths: u32,
    /// Days after a period that reports of it may still be made.
    #[arg(long, value_name = "DAYS", default_value_t = 14)]
    late_days: u16,
    /// The leader's public key.
    #[arg(long, value_name = "KEY")]
    leader_key: PublicKey,
    /// The helper's public key.
    #[arg(long, value_name = "KEY")]
    helper_key: PublicKey,
    /// The collector's public key.
    #[arg(long, value_name = "KEY")]
    collector_key: PublicKey,
    /// The hash of the token for uploading.
    #[arg(long, value_name = "HASH")]
    upload_token: TokenHash,
    /// The hash of the token for collecting.
    #[arg(long, value_name = "HASH")]
    collect_token: TokenHash,
    /// Where to.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl AggregatorCommand {
    /// Does what was asked.
    pub async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Leader(leader) => {
                log_to_stderr("info");
                leader.run().await
            }
            Self::Helper(helper) => {
                log_to_stderr("info");
                helper.run().await
            }
            Self::Contribute(contribute) => contribute.run(),
            Self::Collect(collect) => collect.run(),
            Self::Task(task) => task.run(),
            Self::Key { out } => {
                let text = hex::encode(outside::random::<32>());
                keys::write_new(&out, &format!("{text}\n"))?;
                say(&text.parse::<PrivateKey>()?.public().to_string())
            }
            Self::Secret { out } => {
                let secret = Secret::generate(outside::entropy().as_ref());
                keys::write_new(&out, &format!("{}\n", secret.text().as_str()))
            }
            Self::Token { out } => {
                let token = hex::encode(outside::random::<32>());
                keys::write_new(&out, &format!("{token}\n"))?;
                say(&TokenHash::of(&token).to_string())
            }
        }
    }
}

impl TaskArgs {
    fn run(self) -> anyhow::Result<()> {
        let agreement = report::agreement(&self.agreement)?;
        let lists = agreement.report.dimensions.clone();
        let terms = Terms {
            partner: agreement.partner_id.to_string(),
            starts: agreement.starts,
            ends: agreement.ends,
            period_days: agreement.report.period_days,
            late_days: self.late_days,
            interface: lists.interface,
            initiation_surface: lists.initiation_surface,
            variant: lists.variant,
            cap: self.cap,
            least_reports: self.least_reports,
            rho_millionths: Rho(self.rho_millionths),
            leader_key: self.leader_key,
            helper_key: self.helper_key,
            collector_key: self.collector_key,
            upload_token: self.upload_token,
            collect_token: self.collect_token,
        };
        let text = toml::to_string(&terms)?;
        let task = Task::new(terms)?;
        keys::write_new(&self.out, &text)?;
        let lengths = task.lengths();
        say(&format!(
            "Task {}\n{} numbers a contribution, {} bytes; an answer that spends all of the budget has noise of sigma {:.2} on each number.",
            task.id(),
            task.length(),
            lengths.leader + lengths.helper + lengths.public_share,
            task.sigma(task.terms().rho_millionths).get() * std::f64::consts::SQRT_2,
        ))
    }
}

/// A file's text, without the line's end.
fn text_of(path: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(path).with_context(|| format!("`{}`", path.display()))?;
    Ok(text.trim().to_owned())
}

/// What a file of one line holds.
fn read<T: FromStr>(path: &Path) -> anyhow::Result<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    text_of(path)?.parse().with_context(|| format!("`{}`", path.display()))
}

fn task_of(path: &Path) -> anyhow::Result<Task> {
    let text = text_of(path)?;
    let terms: Terms = toml::from_str(&text).with_context(|| format!("`{}` is not a task", path.display()))?;
    Task::new(terms).with_context(|| format!("`{}`", path.display()))
}
