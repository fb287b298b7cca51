//! `privity report`: a partner's own tools for the fortnightly report. Only `file` talks to a platform.

use crate::cli::say;
use crate::filing::FileArgs;
use crate::{keys, outside};
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use model::{Agreement, Time};
use report::{Calendar, Domain, Expected, Explanation, Fault, Head, Period, Previous};
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};

/// A report with explanations is not larger than this; longer files are not explanations.
const EXPLANATIONS_BYTES: u64 = 4 << 20;
/// An agreement is not larger than this.
const AGREEMENT_BYTES: u64 = 1 << 20;

/// The fortnightly report.
#[derive(Subcommand)]
pub enum ReportCommand {
    /// Make a report of a period from a list of events (docs/partner/report.md says how it looks).
    Build(Build),
    /// Check a report as the platform does, except for its comparison with the platform's counts.
    Check(Check),
    /// File a report with the platform, and keep the receipt.
    File(Box<FileArgs>),
    /// Show when each report is due.
    Calendar(CalendarArgs),
}

/// What a report is of.
#[derive(Args)]
struct About {
    /// The agreement: the signed note, or a draft in TOML or JSON.
    #[arg(long, value_name = "FILE")]
    agreement: PathBuf,
    /// The period's number, from 1; without it, the last one that is over.
    #[arg(long, value_name = "N")]
    period: Option<u32>,
    /// The filed report that this one replaces.
    #[arg(long, value_name = "ZIP")]
    replaces: Option<PathBuf>,
    /// As if it were this time (RFC 3339).
    #[arg(long, value_name = "TIME")]
    as_of: Option<Time>,
}

/// `privity report build`
#[derive(Args)]
pub struct Build {
    /// The list of events, a CSV; `-` reads standard input.
    events: PathBuf,
    #[command(flatten)]
    about: About,
    /// The key that signed the agreement for the partner.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Reasons for differences that the platform found: a JSON list of `{place, measure, reason}`.
    #[arg(long, value_name = "FILE")]
    explanations: Option<PathBuf>,
    /// Where to write the report.
    #[arg(long, value_name = "ZIP")]
    out: PathBuf,
}

/// `privity report check`
#[derive(Args)]
pub struct Check {
    /// The report.
    report: PathBuf,
    #[command(flatten)]
    about: About,
    /// Print the faults as JSON.
    #[arg(long)]
    json: bool,
}

/// `privity report calendar`
#[derive(Args)]
pub struct CalendarArgs {
    /// The agreement: the signed note, or a draft in TOML or JSON.
    #[arg(long, value_name = "FILE")]
    agreement: PathBuf,
    /// Print an iCalendar file (RFC 5545) with ids of this host.
    #[arg(long, value_name = "HOST")]
    ical: Option<String>,
}

impl ReportCommand {
    /// Does what was asked. A report with faults is an error, after they were printed.
    pub fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Build(build) => build.run(),
            Self::Check(check) => check.run(),
            Self::File(file) => {
                // One byte over the limit is enough for the platform to see that it is over.
                let zip = bytes(file.report(), report::ZIP_LIMIT.saturating_add(1))?;
                let agreement = agreement(file.agreement())?;
                file.run(&zip, &agreement)
            }
            Self::Calendar(calendar) => calendar.run(),
        }
    }
}

/// What `About` comes to.
struct Subject {
    agreement: Agreement,
    domain: Domain,
    period: Period,
    previous: Option<Previous>,
    now: Time,
}

impl About {
    fn read(&self) -> anyhow::Result<Subject> {
        let agreement = agreement(&self.agreement)?;
        let calendar = Calendar::of(&agreement)?;
        let now = self.as_of.unwrap_or_else(outside::now);
        let number = match self.period {
            Some(number) => number,
            None => calendar
                .periods()
                .take_while(|p| p.ends() <= now)
                .last()
                .map_or(1, |p| p.number),
        };
        let Some(period) = calendar.period(number) else {
            bail!("the agreement has no period {number}");
        };
        let previous = match &self.replaces {
            None => None,
            Some(file) => Some(replaced(file)?),
        };
        Ok(Subject {
            domain: Domain::of(&agreement)?,
            agreement,
            period,
            previous,
            now,
        })
    }
}

fn replaced(file: &Path) -> anyhow::Result<Previous> {
    let zip = bytes(file, report::ZIP_LIMIT)?;
    let claim = report::claim(&zip).map_err(|faults| {
        let faults: Vec<String> = faults.iter().map(Fault::to_string).collect();
        anyhow::anyhow!("`{}`: {}", file.display(), faults.join("; "))
    })?;
    Ok(Previous {
        revision: claim.revision,
        hash: report::hash(&zip),
    })
}

impl Build {
    fn run(self) -> anyhow::Result<()> {
        let subject = self.about.read()?;
        let period = subject.period;
        if subject.now < period.ends() {
            bail!("period {period} is not over");
        }
        let key = keys::agreement_read(&self.key)?;
        if subject.agreement.partner.key != key.verifying_key().to_string() {
            bail!("`partner.key` of the agreement is not this key's public half");
        }
        let explanations = match &self.explanations {
            None => Vec::new(),
            Some(file) => {
                let mut text = String::new();
                open(file)?.take(EXPLANATIONS_BYTES).read_to_string(&mut text)?;
                serde_json::from_str::<Vec<Explanation>>(&text).with_context(|| format!("`{}`", file.display()))?
            }
        };
        let events: Box<dyn Read> = match self.events.as_os_str() == "-" {
            true => Box::new(std::io::stdin().lock()),
            false => Box::new(open(&self.events)?),
        };
        let (counts, read) = report::events::read(events, &subject.domain, &period)
            .with_context(|| format!("`{}`", self.events.display()))?;
        let head = Head {
            agreement: subject.agreement.reference(),
            replaces: subject.previous,
            explanations,
        };
        let zip = report::build(&counts, &head, &key)?;
        let mut out = File::options()
            .write(true)
            .create_new(true)
            .open(&self.out)
            .with_context(|| format!("the new report `{}`", self.out.display()))?;
        out.write_all(&zip)?;
        out.sync_all()?;
        let totals = counts.totals();
        say(&format!(
            "{} events; {} outside the period, {} repeated sends and {} repeated clicks were not counted.\n\
             The report of period {period} is in `{}`: {} sends, {} clicks.",
            read.rows,
            read.outside,
            read.repeated_sends,
            read.repeated_clicks,
            self.out.display(),
            totals.sends,
            totals.clicks,
        ))
    }
}

impl Check {
    fn run(self) -> anyhow::Result<()> {
        let subject = self.about.read()?;
        let expected = Expected {
            agreement: subject.agreement.reference(),
            domain: subject.domain,
            key: subject
                .agreement
                .partner
                .key
                .parse()
                .context("`partner.key` of the agreement")?,
            period: subject.period,
            previous: subject.previous,
            now: subject.now,
        };
        // One byte over the limit is enough to see that it is over.
        let zip = bytes(&self.report, report::ZIP_LIMIT.saturating_add(1))?;
        let faults = match report::check(&zip, &expected) {
            Ok(checked) => {
                let totals = checked.counts.totals();
                if self.json {
                    return say(&serde_json::json!({ "faults": [], "totals": totals }).to_string());
                }
                return say(&format!(
                    "The report of period {} is in order: revision {}, {} sends, {} clicks.\nSHA-256 {}",
                    subject.period,
                    checked.revision,
                    totals.sends,
                    totals.clicks,
                    hex::encode(checked.hash),
                ));
            }
            Err(faults) => faults,
        };
        match self.json {
            true => say(&serde_json::json!({ "faults": faults }).to_string())?,
            false => faults.iter().try_for_each(|fault: &Fault| say(&fault.to_string()))?,
        }
        bail!("the report has faults")
    }
}

impl CalendarArgs {
    fn run(self) -> anyhow::Result<()> {
        let agreement = agreement(&self.agreement)?;
        let calendar = Calendar::of(&agreement)?;
        if let Some(host) = &self.ical {
            let text = report::ical::write(&agreement.reference(), &calendar, host, outside::now());
            std::io::stdout().lock().write_all(text.as_bytes())?;
            return Ok(());
        }
        for period in calendar.periods() {
            let (from, over) = (period.ends().date(), calendar.overdue_from(&period).date());
            say(&format!(
                "{:>4}  {} to {}  due {from}, overdue from {over}",
                period.number,
                period.first,
                period.last()
            ))?;
        }
        Ok(())
    }
}

/// A signed note's text is taken as it is: whether both sides signed is the register's matter.
pub(crate) fn agreement(file: &Path) -> anyhow::Result<Agreement> {
    let bytes = bytes(file, usize::try_from(AGREEMENT_BYTES)?)?;
    let text = String::from_utf8(bytes).with_context(|| format!("`{}`", file.display()))?;
    let json = if text.contains("\n\n\u{2014}") {
        tlog::note::unverified_text(&text)?
    } else if text.trim_start().starts_with('{') {
        text
    } else {
        let value: serde_json::Value =
            toml::from_str(&text).with_context(|| format!("`{}` is not TOML", file.display()))?;
        value.to_string()
    };
    Agreement::parse(&json).with_context(|| format!("`{}`", file.display()))
}

fn open(file: &Path) -> anyhow::Result<BufReader<File>> {
    Ok(BufReader::new(
        File::open(file).with_context(|| format!("`{}`", file.display()))?,
    ))
}

/// At most so many bytes of a file.
fn bytes(file: &Path, limit: usize) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(file)?.take(u64::try_from(limit)?).read_to_end(&mut bytes)?;
    Ok(bytes)
}
