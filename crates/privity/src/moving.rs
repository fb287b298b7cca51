//! `privity copy`: from a data folder to a cluster.

use crate::cli::say;
use crate::cluster::{self, ClusterArgs};
use crate::site::Site;
use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::PathBuf;
use store::copy::{Step, copy};
use store::{EmbeddedOptions, EmbeddedStore, StoreError};

/// What to copy, and where to.
#[derive(Debug, Clone, clap::Args)]
pub struct Copy {
    /// The data folder, as in `embedded:/var/lib/privity`. Its server must be stopped.
    #[arg(long, value_name = "embedded:DIR")]
    from: String,
    /// Some of the cluster's nodes, as in `cassandra:10.0.0.1,10.0.0.2`. `privity migrate` has made the keyspace.
    #[arg(long, value_name = "cassandra:HOST,...")]
    to: String,
    /// The keyspace.
    #[arg(long, value_name = "NAME", default_value = "privity")]
    keyspace: String,
    /// The data centre this process stands in.
    #[arg(long, value_name = "NAME")]
    datacenter: Option<String>,
    /// Who we are to the cluster; the password is in the environment variable `PRIVITY_CASSANDRA_PASSWORD`.
    #[arg(long, value_name = "NAME")]
    cassandra_user: Option<String>,
}

impl Copy {
    /// Copies, compares, and says what there is. Goes on where it was interrupted.
    pub async fn run(self) -> anyhow::Result<()> {
        let Some(data) = self.from.strip_prefix("embedded:").map(PathBuf::from) else {
            bail!(
                "`--from {}`: only data folders can be copied, as in `embedded:DIR`",
                self.from
            );
        };
        let Some(hosts) = self.to.strip_prefix("cassandra:") else {
            bail!(
                "`--to {}`: only to clusters can be copied, as in `cassandra:HOST`",
                self.to
            );
        };
        let site = Site {
            data: data.clone(),
            master_key: None,
            cluster: ClusterArgs::default(),
        };
        let Some(issuer) = site.issuer()? else {
            bail!("`{}` is no data folder of an installation", data.display());
        };
        let from = EmbeddedStore::open(&data, EmbeddedOptions::default()).map_err(|error| match error {
            StoreError::Rejected(why) => anyhow::anyhow!("{why}: stop the server first"),
            other => anyhow::Error::from(other).context(format!("the data folder `{}`", data.display())),
        })?;
        let cluster = ClusterArgs {
            cassandra: hosts.split(',').map(str::to_owned).collect(),
            keyspace: self.keyspace,
            datacenter: self.datacenter,
            cassandra_user: self.cassandra_user,
        };
        let to = cluster.connect().await?;
        if let Some(known) = cluster::settle_issuer(&to, Some(&issuer)).await?
            && known != issuer
        {
            bail!(
                "the keyspace `{}` belongs to `{known}`, the data folder to `{issuer}`",
                cluster.keyspace
            );
        }
        cluster::copying(&to, true).await?;
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len} {elapsed}") {
            bar.set_style(style);
        }
        let copied = copy(&from, &*to, &mut |step| {
            let (what, done, all) = match step {
                Step::Platform => ("keys, partners, agreements", 0, 1),
                Step::Person(done, all) => ("people", done, all),
                Step::Ledger(done, all) => ("ledger", done, all),
                Step::Compare(done, all) => ("comparing", done, all),
            };
            bar.set_message(what);
            bar.set_length(all);
            bar.set_position(done);
        })
        .await
        .context("the copy is not finished; run the same command again to go on")?;
        cluster::copying(&to, false).await?;
        bar.finish_and_clear();
        say(&format!(
            "Copied, and found the same on both sides: {} people, {} conversations, {} messages, {} consents, {} entries of \
             the ledger.\nStart the servers with `--cassandra`, and keep the folder until you trust them.",
            copied.people, copied.conversations, copied.messages, copied.grants, copied.entries
        ))
    }
}
