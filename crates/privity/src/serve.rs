//! `privity serve`: the platform until it is told to stop.

use crate::site::Site;
use anyhow::Context;
use app::App;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// How to serve.
#[derive(Debug, Clone, clap::Args)]
pub struct Serve {
    /// The installation.
    #[command(flatten)]
    pub site: Site,
    /// The address to listen on. Put a reverse proxy with TLS before it (docs/operators/run.md).
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: String,
    /// The address people and partners reach it at, as in https://inbox.example; needed the first time.
    #[arg(long, value_name = "URL")]
    pub issuer: Option<String>,
    /// What people call this platform.
    #[arg(long, value_name = "NAME", default_value = "Privity")]
    pub platform: String,
    /// A reverse proxy whose `X-Forwarded-For` counts: sign-in tries are limited by where they come from. Repeatable.
    #[arg(long = "trusted-proxy", value_name = "ADDR")]
    pub trusted_proxies: Vec<IpAddr>,
    /// Adds entries about nothing to the ledger every ten minutes, up to the next multiple of N since the last time, so
    /// that their number tells outsiders less.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub pad_to: Option<u64>,
}

impl Serve {
    /// Serves until SIGINT or SIGTERM, then lets requests under way finish.
    pub async fn run(self) -> anyhow::Result<()> {
        let app = self.site.open(self.issuer.as_deref()).await?;
        crate::admin::listen(Arc::clone(&app), &self.site.socket())?;
        let listener = TcpListener::bind(&self.listen)
            .await
            .with_context(|| format!("listening on {}", self.listen))?;
        tracing::info!(address = %listener.local_addr()?, issuer = %app.issuer, "serving");
        tokio::spawn(sweep(Arc::clone(&app)));
        tokio::spawn(deliver(Arc::clone(&app)));
        tokio::spawn(remind(Arc::clone(&app)));
        if self.site.cluster.is_named() {
            tokio::spawn(catch_up(Arc::clone(&app)));
        }
        if let Some(to) = self.pad_to {
            tokio::spawn(pad(Arc::clone(&app), to));
        }
        let options = web::Options {
            platform: self.platform,
            sign_in_hint: None,
            trusted_proxies: self.trusted_proxies,
            post: Arc::new(crate::post::Internet::new()),
        };
        web::serve(app, options, listener, stop()).await?;
        Ok(())
    }
}

/// Learns what other processes have changed, every two seconds.
pub async fn catch_up(app: Arc<App>) {
    loop {
        tokio::time::sleep(Duration::from_secs(2)).await;
        if let Err(error) = app.catch_up().await {
            tracing::warn!(%error, "reading what other processes have changed");
        }
    }
}

/// Delivers what partners have submitted, once its time has come.
pub async fn deliver(app: Arc<App>) {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if let Err(error) = app.deliver_due().await {
            tracing::warn!(%error, "delivering");
        }
    }
}

/// Drops what has expired, once a minute.
pub async fn sweep(app: Arc<App>) {
    loop {
        tokio::time::sleep(Duration::from_secs(60)).await;
        if let Err(error) = app.sweep().await {
            tracing::warn!(%error, "sweep");
        }
    }
}

/// Looks once a minute whose report is due or overdue.
pub async fn remind(app: Arc<App>) {
    loop {
        if let Err(error) = app.reports_remind().await {
            tracing::warn!(%error, "looking whose report is due");
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
}

/// Pads the ledger shortly before each of its windows ends.
async fn pad(app: Arc<App>, to: u64) {
    const WINDOW: u64 = tlog::leaf::WINDOW_SECONDS;
    const MARGIN: u64 = 10;
    let mut since = app.log_head().size;
    loop {
        let into_window = app.now().unix_seconds().unsigned_abs() % WINDOW;
        let rest = (2 * WINDOW - MARGIN - into_window - 1) % WINDOW + 1;
        tokio::time::sleep(Duration::from_secs(rest)).await;
        match app.pad_up(since, to).await {
            Ok(_) => since = app.log_head().size,
            Err(error) => tracing::warn!(%error, "padding"),
        }
    }
}

/// Until someone says stop.
pub async fn stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
