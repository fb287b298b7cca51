//! `privity demo`: platform and partner on this machine, with real conversations; in a browser, or as a checked script.

pub mod draft;
mod script;
mod stage;

use crate::cli::say;
use crate::cluster::ClusterArgs;
use anyhow::Context;
use stage::Stage;
use std::path::PathBuf;

/// How to show it.
#[derive(Debug, Clone, clap::Args)]
pub struct Demo {
    /// Play the story over HTTP, print a line for each step with what was checked, and fail if any guarantee does.
    #[arg(long)]
    script: bool,
    /// Where the platform listens.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: String,
    /// Where Marquee, the partner, listens.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081")]
    marquee: String,
    /// Keep the data in this new folder; without it, a temporary one that is removed at the end.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// A cluster, whose keyspace is made for the purpose.
    #[command(flatten)]
    cluster: ClusterArgs,
}

impl Demo {
    /// Sets the stage and plays.
    pub async fn run(self) -> anyhow::Result<()> {
        crate::cli::log_to_stderr("warn");
        let temporary = tempfile::tempdir()?;
        let folder = match &self.data {
            Some(folder) => {
                anyhow::ensure!(
                    !folder.exists(),
                    "`{}` exists; the demonstration wants a new folder",
                    folder.display()
                );
                folder.clone()
            }
            None => temporary.path().join("data"),
        };
        // The script runs beside anything else: it takes ports nobody uses.
        let (listen, marquee) = match self.script {
            true => ("127.0.0.1:0".to_owned(), "127.0.0.1:0".to_owned()),
            false => (self.listen.clone(), self.marquee.clone()),
        };
        if self.cluster.is_named() {
            let migrated = self.cluster.migrate(3).await?;
            anyhow::ensure!(
                !migrated.applied.is_empty(),
                "the keyspace `{}` exists; the demonstration wants a new one",
                self.cluster.keyspace
            );
        }
        let stage = Stage::set(&folder, self.cluster.clone(), &listen, &marquee, !self.script).await?;
        if self.script {
            let stage = stage.clone();
            return tokio::task::spawn_blocking(move || script::play(&stage))
                .await
                .context("the script broke off")?;
        }
        say(&format!(
            "\n  The platform   {}\n  The partner    {}\n\n  Sign in as ana, ben, carla … (password: {})\n  \
             Then open Marquee and press “Connect your inbox”.\n\n  Ctrl-C ends it.",
            stage.platform,
            stage.marquee,
            stage::PASSWORD
        ))?;
        crate::serve::stop().await;
        Ok(())
    }
}
