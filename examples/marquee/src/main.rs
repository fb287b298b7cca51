//! `marquee`: the site as a program, and the keys it needs.

use anyhow::Context;
use clap::{Parser, Subcommand};
use marquee::{Config, SigningKey};
use std::io::Write;
use std::path::PathBuf;

/// Marquee, a small fictional streaming site: the reference partner.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the site.
    Serve {
        /// The platform's issuer, as in https://inbox.example
        #[arg(long)]
        platform: String,
        /// Address to listen on.
        #[arg(long, default_value = "127.0.0.1:8100")]
        listen: String,
        /// Where people reach the site; by default http and the address listened on.
        #[arg(long)]
        url: Option<String>,
        /// The private key, in PEM form.
        #[arg(long)]
        key: PathBuf,
        /// The catalogue, a CSV of id,title,year.
        #[arg(long)]
        catalogue: PathBuf,
        /// The client id the platform registered.
        #[arg(long, default_value = "marquee-web")]
        client_id: String,
        /// The agreement to ask under, and its version.
        #[arg(long, default_value = "films@1")]
        agreement: String,
    },
    /// Make a private key, and print its public half as a JWK set for the platform to register.
    Key {
        /// Where to write the private key; must not exist.
        #[arg(long)]
        out: PathBuf,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    match Arguments::parse().command {
        Command::Serve {
            platform,
            listen,
            url,
            key,
            catalogue,
            client_id,
            agreement,
        } => {
            let pem = std::fs::read_to_string(&key).with_context(|| format!("the key `{}`", key.display()))?;
            let signing_key = SigningKey::from_pem(&pem).with_context(|| format!("the key `{}`", key.display()))?;
            let listener = tokio::net::TcpListener::bind(&listen)
                .await
                .with_context(|| format!("`{listen}`"))?;
            let own_url = match url {
                Some(url) => url.trim_end_matches('/').to_owned(),
                None => format!("http://{}", listener.local_addr()?),
            };
            writeln!(out, "marquee is at {own_url}")?;
            let config = Config {
                own_url,
                platform_issuer: platform,
                client_id,
                signing_key,
                agreement,
                catalogue,
            };
            marquee::serve(config, listener).await
        }
        Command::Key { out: path } => {
            let key = SigningKey::generate()?;
            write_secret(&path, &key.to_pem()).with_context(|| format!("`{}`", path.display()))?;
            writeln!(out, "{:#}", key.public_jwks())?;
            Ok(())
        }
    }
}

/// Writes a new file that only its owner can read.
fn write_secret(path: &std::path::Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}
