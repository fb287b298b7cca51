//! The command line.

use crate::admin::{self, Command, Format, Import, Secret};
use crate::aggregator::AggregatorCommand;
use crate::cluster::ClusterArgs;
use crate::duty::DutyCommand;
use crate::moving::Copy;
use crate::report::ReportCommand;
use crate::serve::Serve;
use crate::site::{InUse, Site};
use crate::{demo, keys, outside};
use anyhow::{Context, bail};
use app::App;
use clap::{Args, Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use tokio::sync::mpsc;

/// The Inbox API a messaging platform can offer in the open.
#[derive(Parser)]
#[command(name = "privity", version, about, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Show everything on this machine: platform, partner, people, real conversations.
    Demo(demo::Demo),
    /// Run the platform.
    Serve(Serve),
    /// Make a cluster's keyspace, or bring it up to date. Safe to repeat, also from several machines at once.
    Migrate(Migrate),
    /// Copy a data folder into a cluster, and compare both. Safe to repeat; goes on where it stopped.
    Copy(Copy),
    /// Take a real conversation export into an inbox. Safe to repeat; goes on where it stopped.
    Import(ImportArgs),
    /// People.
    #[command(subcommand)]
    Account(AccountCommand),
    /// Partner organisations.
    #[command(subcommand)]
    Partner(PartnerCommand),
    /// Agreements between platform and partner.
    #[command(subcommand)]
    Agreement(AgreementCommand),
    /// Make key files.
    #[command(subcommand)]
    Key(KeyCommand),
    /// The fortnightly report, for partners.
    #[command(subcommand)]
    Report(ReportCommand),
    /// Partners' reports, for the operator: who owes one, and what is done about it.
    #[command(subcommand)]
    Duty(DutyCommand),
    /// The private mode of the report: two aggregators that count without seeing what anybody did (docs/private-mode.md).
    #[command(subcommand)]
    Aggregator(AggregatorCommand),
}

#[derive(Args)]
struct Migrate {
    /// Copies of each row, if the keyspace is new.
    #[arg(long, value_name = "N", default_value_t = 3)]
    copies: u8,
    #[command(flatten)]
    cluster: ClusterArgs,
}

impl Migrate {
    async fn run(self) -> anyhow::Result<()> {
        if !self.cluster.is_named() {
            bail!("a data folder needs no migration: name a cluster with --cassandra");
        }
        let migrated = self.cluster.migrate(self.copies).await?;
        let (keyspace, version) = (&self.cluster.keyspace, migrated.version);
        match migrated.applied.len() {
            0 => say(&format!("The keyspace `{keyspace}` is at version {version} already.")),
            _ => say(&format!("The keyspace `{keyspace}` is at version {version} now.")),
        }
    }
}

#[derive(Args)]
struct ImportArgs {
    /// What kind of export it is.
    format: Format,
    /// The export: a file, a zip or a folder.
    path: PathBuf,
    /// Whose inbox takes it in (a handle).
    #[arg(long, required_unless_present = "everyone")]
    account: Option<String>,
    /// Who of the people in the export that is: a name (Facebook) or a worker number (ReDial). Guessed if it is plain.
    #[arg(long)]
    owner: Option<String>,
    /// ReDial: open an inbox for everyone in this CSV of `worker,handle,name`; the password is read from standard input.
    #[arg(long, value_name = "CSV", conflicts_with = "account")]
    everyone: Option<PathBuf>,
    #[command(flatten)]
    site: Site,
}

#[derive(Subcommand)]
enum AccountCommand {
    /// Open an inbox. The password is read from standard input.
    Add {
        /// The name to sign in with.
        handle: String,
        /// The name others see.
        #[arg(long)]
        name: String,
        #[command(flatten)]
        site: Site,
    },
    /// Make a token for a person's own mail or chat app, and print it: this once. She can revoke it.
    Token {
        /// The name she signs in with.
        handle: String,
        /// What the token is called in her list.
        #[arg(long, default_value = "made on the command line")]
        name: String,
        /// The app may read, and change nothing.
        #[arg(long)]
        read_only: bool,
        #[command(flatten)]
        site: Site,
    },
    /// Erase a person: her keys are destroyed, and nothing brings her messages back.
    Erase {
        /// The name she signs in with.
        handle: String,
        /// Really.
        #[arg(long, required = true)]
        yes: bool,
        #[command(flatten)]
        site: Site,
    },
}

#[derive(Subcommand)]
enum PartnerCommand {
    /// Add a partner from a TOML or JSON file, or replace it (docs/partner/README.md shows one).
    Add {
        /// The file.
        file: PathBuf,
        #[command(flatten)]
        site: Site,
    },
    /// Replace a partner's catalogue by a CSV of `id,title,year,aliases`.
    Catalogue {
        /// The partner's id.
        partner: String,
        /// The CSV file.
        file: PathBuf,
        #[command(flatten)]
        site: Site,
    },
}

#[derive(Subcommand)]
enum AgreementCommand {
    /// Write a draft to fill in.
    New {
        /// Where to.
        file: PathBuf,
        #[command(flatten)]
        site: Site,
    },
    /// Sign a draft or a half-signed agreement: as the platform, or with a key file as the partner.
    Sign {
        /// The TOML or JSON draft, or the note the other side signed.
        file: PathBuf,
        /// Where to write the signed note.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// The partner's key; without it, the platform signs.
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
        #[command(flatten)]
        site: Site,
    },
    /// Publish an agreement that both sides signed: in the register and on the ledger.
    Publish {
        /// The signed note.
        file: PathBuf,
        #[command(flatten)]
        site: Site,
    },
}

#[derive(Subcommand)]
enum KeyCommand {
    /// Make a master key. Keep it outside the data folder, and keep a copy.
    Master {
        /// Where to.
        out: PathBuf,
    },
    /// Make a key for signing agreements (the partner's side), and print its public half.
    Agreement {
        /// The name in signatures, as in `marquee.example/agreements`.
        name: String,
        /// Where to.
        out: PathBuf,
    },
    /// Print the ledger's public key, for privity-verify.
    Ledger {
        #[command(flatten)]
        site: Site,
    },
}

impl Cli {
    /// Does what was asked.
    pub async fn run(self) -> anyhow::Result<()> {
        match self.what {
            What::Demo(demo) => demo.run().await,
            What::Migrate(migrate) => migrate.run().await,
            What::Copy(copy) => copy.run().await,
            What::Serve(serve) => {
                log_to_stderr("info");
                serve.run().await
            }
            What::Import(import) => import.run().await,
            What::Account(command) => command.run().await,
            What::Partner(command) => command.run().await,
            What::Agreement(command) => command.run().await,
            What::Key(command) => command.run().await,
            // A partner's tools block: they read files and talk to a platform.
            What::Report(command) => tokio::task::spawn_blocking(|| command.run()).await?,
            What::Duty(command) => {
                let (site, command) = command.into_command();
                carry_out(&site, command).await
            }
            What::Aggregator(command) => command.run().await,
        }
    }
}

impl ImportArgs {
    async fn run(self) -> anyhow::Result<()> {
        let password = match &self.everyone {
            Some(_) => Some(Secret(password_from_stdin()?)),
            None => None,
        };
        let import = Import {
            format: self.format,
            path: absolute(&self.path)?,
            account: self.account,
            owner: self.owner,
            people: self.everyone.as_deref().map(absolute).transpose()?,
            password,
        };
        carry_out(&self.site, Command::Import(import)).await
    }
}

impl AccountCommand {
    async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Add { handle, name, site } => {
                let password = Secret(password_from_stdin()?);
                carry_out(&site, Command::AccountAdd { handle, name, password }).await
            }
            Self::Token {
                handle,
                name,
                read_only,
                site,
            } => {
                let command = Command::AccountToken {
                    handle,
                    name,
                    read_only,
                };
                carry_out(&site, command).await
            }
            Self::Erase { handle, yes: _, site } => carry_out(&site, Command::AccountErase { handle }).await,
        }
    }
}

impl PartnerCommand {
    async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Add { file, site } => {
                let partner = read_document(&file)?;
                carry_out(&site, Command::PartnerAdd { partner }).await
            }
            Self::Catalogue { partner, file, site } => {
                let csv = std::fs::read(&file).with_context(|| format!("`{}`", file.display()))?;
                let titles = web::catalogue::parse(&csv).map_err(|e| anyhow::anyhow!("`{}`: {e}", file.display()))?;
                carry_out(
                    &site,
                    Command::CataloguePut {
                        partner: partner.parse()?,
                        titles,
                    },
                )
                .await
            }
        }
    }
}

impl AgreementCommand {
    async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::New { file, site } => {
                let key = answer_to(&site, Command::AgreementKey).await?;
                let starts = outside::now();
                let draft = crate::demo::draft::agreement_toml(&key, starts);
                let mut out = std::fs::OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .open(&file)
                    .with_context(|| format!("the new draft `{}`", file.display()))?;
                out.write_all(draft.as_bytes())?;
                say(&format!(
                    "A draft is in `{}`. Fill it in, then `privity agreement sign`.",
                    file.display()
                ))
            }
            Self::Sign { file, out, key, site } => {
                let document = agreement_document(&file)?;
                let signed = match key {
                    Some(key) => sign_as_partner(&document, &key)?,
                    None => answer_to(&site, Command::AgreementSign { document }).await?,
                };
                std::fs::write(&out, signed).with_context(|| format!("`{}`", out.display()))?;
                say(&format!("The signed agreement is in `{}`.", out.display()))
            }
            Self::Publish { file, site } => {
                let document = std::fs::read_to_string(&file).with_context(|| format!("`{}`", file.display()))?;
                carry_out(&site, Command::AgreementPublish { document }).await
            }
        }
    }
}

impl KeyCommand {
    async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Master { out } => {
                keys::master_make(&out)?;
                say(&format!(
                    "The master key is in `{}`. Without it the data folder cannot be read: keep a copy elsewhere.",
                    out.display()
                ))
            }
            Self::Agreement { name, out } => say(&keys::agreement_make(&name, &out)?),
            Self::Ledger { site } => carry_out(&site, Command::LedgerKey).await,
        }
    }
}

/// Carries a command out, here or in the running server, and prints its answer.
async fn carry_out(site: &Site, command: Command) -> anyhow::Result<()> {
    say(&answer_to(site, command).await?)
}

async fn answer_to(site: &Site, command: Command) -> anyhow::Result<String> {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {bytes}/{total_bytes} {elapsed}") {
        bar.set_style(style);
    }
    let show = |done: u64, all: u64, messages: u64| {
        bar.set_length(all.max(done));
        bar.set_position(done);
        bar.set_message(format!("{messages} messages"));
    };
    let answer = match admin::send(&site.socket(), &command, show).await? {
        Some(answer) => answer,
        None => {
            let app = site
                .open(None)
                .await
                .map_err(|error| match error.downcast_ref::<InUse>() {
                    Some(_) => error.context("another process has the data folder, and takes no commands"),
                    None => error,
                })?;
            here(&app, command, show).await?
        }
    };
    bar.finish_and_clear();
    Ok(answer)
}

async fn here(app: &std::sync::Arc<App>, command: Command, show: impl Fn(u64, u64, u64)) -> anyhow::Result<String> {
    let (tell, mut told) = mpsc::channel(64);
    let work = admin::run(app, command, tell);
    tokio::pin!(work);
    loop {
        tokio::select! {
            answer = &mut work => return answer,
            Some(line) = told.recv() => {
                if let admin::Line::Progress(done, all, messages) = line {
                    show(done, all, messages);
                }
            }
        }
    }
}

/// A draft in TOML or JSON as JSON text; a signed note as it is.
fn agreement_document(file: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| format!("`{}`", file.display()))?;
    if text.contains("\n\n\u{2014}") {
        return Ok(text);
    }
    Ok(serde_json::to_string(&read_document(file)?)?)
}

fn sign_as_partner(document: &str, key: &Path) -> anyhow::Result<String> {
    let key = keys::agreement_read(key)?;
    if document.contains("\n\n\u{2014}") {
        return Ok(tlog::note::add_signature(document, &key)?);
    }
    let agreement = model::Agreement::parse(document)?;
    if agreement.partner.key != key.verifying_key().to_string() {
        bail!("`partner.key` of the agreement is not this key's public half");
    }
    Ok(tlog::note::sign(&App::agreement_text(&agreement)?, &[&key])?)
}

fn read_document(file: &Path) -> anyhow::Result<serde_json::Value> {
    let text = std::fs::read_to_string(file).with_context(|| format!("`{}`", file.display()))?;
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(&text).with_context(|| format!("`{}` is not JSON", file.display()));
    }
    toml::from_str(&text).with_context(|| format!("`{}` is not TOML", file.display()))
}

fn password_from_stdin() -> anyhow::Result<String> {
    let mut text = String::new();
    std::io::stdin().take(8_192).read_to_string(&mut text)?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    std::fs::canonicalize(path).with_context(|| format!("`{}`", path.display()))
}

/// Prints a line for whoever typed the command.
pub fn say(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{text}")?;
    Ok(())
}

/// Logs go to standard error; `RUST_LOG` overrides the level.
pub fn log_to_stderr(level: &str) {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}
