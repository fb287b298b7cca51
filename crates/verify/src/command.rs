//! The command line: one exit code each for right, wrong, misused and unreadable.

use crate::{
    Agreements, Chain, FINDINGS_LIMIT, Finding, Fortnight, Pins, VerifyError, agreements, chain, fortnight, head, open,
    receipt,
};
use clap::{Args, Parser, Subcommand};
use model::{Agreement, PartnerId, Time};
use report::Measure;
use std::ffi::OsString;
use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tlog::checkpoint::Checkpoint;
use tlog::leaf::Kind;
use tlog::note::VerifyingKey;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything checked is right.
    Right = 0,
    /// Something is wrong; the output says what.
    Wrong = 1,
    /// The command line was not understood.
    Usage = 2,
    /// Something could not be read.
    Unreadable = 3,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Checks a Privity ledger without trusting whoever runs it.
///
/// SOURCE is a folder or an http(s) URL with `checkpoint` and `tile/…` in it.
/// Exit codes: 0 right, 1 wrong, 2 misused, 3 unreadable.
#[derive(Parser)]
#[command(name = "privity-verify", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check the newest checkpoint's signature
    Checkpoint {
        /// Folder or URL of the log
        source: String,
        #[command(flatten)]
        key: Key,
    },
    /// Check that the log has only grown since an older checkpoint
    Consistency {
        /// File with the older checkpoint
        old: PathBuf,
        /// Folder or URL of the log
        source: String,
        #[command(flatten)]
        key: Key,
    },
    /// Check a person's or a partner's receipt and say what it is about
    Receipt {
        /// File with the receipt (.tlog-proof)
        file: PathBuf,
        #[command(flatten)]
        key: Key,
        /// Also check that the receipt belongs to the log at this folder or URL
        #[arg(long, value_name = "SOURCE")]
        log: Option<String>,
    },
    /// Check all of a person's receipts: that none is missing, and that the log has no other entry of hers
    Chain {
        /// The file that she downloaded from "Who has read my messages"
        file: PathBuf,
        /// Folder or URL of the log
        source: String,
        #[command(flatten)]
        key: Key,
        /// A file that she downloaded earlier: what it says must still hold
        #[arg(long, value_name = "FILE")]
        older: Option<PathBuf>,
    },
    /// Check the whole log: every entry, every hash, up to the signed root, and every agreement
    Fsck {
        /// Folder or URL of the log
        source: String,
        #[command(flatten)]
        key: Key,
        #[command(flatten)]
        sides: Sides,
    },
    /// Check a partner's report against its agreement in the log: signature, hashes, table, totals
    Report {
        /// The report (.zip)
        file: PathBuf,
        /// Folder or URL of the log
        source: String,
        #[command(flatten)]
        key: Key,
        #[command(flatten)]
        sides: Sides,
        /// The report that it replaces, to check that it names it
        #[arg(long, value_name = "ZIP")]
        replaces: Option<PathBuf>,
    },
    /// List the agreements in the log with the keys that signed them, and check both signatures of each
    Agreement {
        /// Folder or URL of the log
        source: String,
        #[command(flatten)]
        key: Key,
        #[command(flatten)]
        sides: Sides,
    },
}

/// A signature tells which key signed, not whose key that is. Ask each side for its key.
#[derive(Args)]
struct Sides {
    /// The platform's key for agreements, as the platform tells it; may be given several times
    #[arg(long, value_name = "VKEY")]
    platform_key: Vec<VerifyingKey>,
    /// The partner's key for agreements, as the partner tells it; may be given several times
    #[arg(long, value_name = "VKEY")]
    partner_key: Vec<VerifyingKey>,
    /// Hold only this partner's agreements to --partner-key
    #[arg(long, value_name = "ID", requires = "partner_key")]
    partner: Option<PartnerId>,
}

impl Sides {
    fn pins(&self) -> Pins {
        Pins {
            platform: self.platform_key.clone(),
            partner: self.partner_key.clone(),
            partner_id: self.partner.clone(),
        }
    }
}

#[derive(Args)]
struct Key {
    /// The log's public key, as `name+hash+base64`
    #[arg(long, value_name = "VKEY")]
    key: VerifyingKey,
}

/// Runs one command. `args` begin with the program's name. Results go to `out`; progress of what takes more than a second,
/// and what is wrong with the command line, to `err`. Fails only if these cannot be written.
pub fn run<I, T>(args: I, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit>
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            write!(err, "{error}")?;
            return Ok(Exit::Usage);
        }
        Err(help) => {
            write!(out, "{help}")?;
            return Ok(Exit::Right);
        }
    };
    match check(&cli.command, out, err) {
        Ok(exit) => Ok(exit),
        Err(Stop::Check(VerifyError::Wrong(finding))) => {
            writeln!(out, "wrong: {finding}")?;
            Ok(Exit::Wrong)
        }
        Err(Stop::Check(VerifyError::Unreadable(error))) => {
            writeln!(out, "could not be read: {error}")?;
            Ok(Exit::Unreadable)
        }
        Err(Stop::Output(error)) => Err(error),
    }
}

/// What ends a command early.
enum Stop {
    Check(VerifyError),
    Output(io::Error),
}

impl<E: Into<VerifyError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Check(error.into())
    }
}

fn check(command: &Command, out: &mut dyn Write, err: &mut dyn Write) -> Result<Exit, Stop> {
    match command {
        Command::Checkpoint { source, key } => {
            let checkpoint = head::checkpoint(open(source)?.as_ref(), &key.key)?;
            say(
                out,
                format_args!("right: the checkpoint is signed by `{}`", key.key.name()),
            )?;
            say(out, format_args!("  entries      {}", checkpoint.size))?;
            say(out, format_args!("  root         {}", hex::encode(checkpoint.root)))?;
        }
        Command::Consistency { old, source, key } => {
            let old = old_checkpoint(old, &key.key)?;
            let new = head::consistency(&old, open(source)?.as_ref(), &key.key)?;
            say(
                out,
                format_args!(
                    "right: the log of {} entries is that of {} with more added",
                    new.size, old.size
                ),
            )?;
        }
        Command::Receipt { file, key, log } => {
            let log = log.as_deref().map(open).transpose()?;
            let bytes = crate::source::read_file(file)?;
            let name = file.display().to_string();
            let opened = receipt::receipt(&name, &bytes, &key.key, log.as_deref())?;
            let against = if log.is_some() {
                ", which belongs to the log as it is now"
            } else {
                ""
            };
            say(
                out,
                format_args!("right: the receipt is proved by the log's signed checkpoint{against}"),
            )?;
            write!(out, "{}", receipt::describe(&opened)).map_err(Stop::Output)?;
        }
        Command::Chain {
            file,
            source,
            key,
            older,
        } => {
            let (mut progress, source) = (Progress::new(err), open(source)?);
            let named =
                |file: &PathBuf| Ok::<_, VerifyError>((file.display().to_string(), crate::source::open_file(file)?));
            let (name, mut bytes) = named(file)?;
            let mut older = older.as_ref().map(named).transpose()?;
            let older = older
                .as_mut()
                .map(|(name, bytes)| (name.as_str(), bytes as &mut dyn BufRead));
            let found = chain(
                &name,
                &mut bytes,
                older,
                source.as_ref(),
                &key.key,
                &mut |done, total| {
                    progress.tell(done, total);
                },
            )?;
            return tell_chain(&found, out);
        }
        Command::Fsck { source, key, sides } => {
            let found = read_all(source, key, &sides.pins(), err)?;
            return tell(&found, out);
        }
        Command::Report {
            file,
            source,
            key,
            sides,
            replaces,
        } => {
            let zip = crate::source::read_file(file)?;
            let replaced = replaces.as_deref().map(crate::source::read_file).transpose()?;
            let found = read_all(source, key, &sides.pins(), err)?;
            let name = file.display().to_string();
            let fortnight = fortnight(&name, &zip, replaced.as_deref(), &found)?;
            tell_fortnight(&fortnight, out)?;
        }
        Command::Agreement { source, key, sides } => {
            let pins = sides.pins();
            let found = read_all(source, key, &pins, err)?;
            list(&found, &pins, out)?;
            return tell(&found, out);
        }
    }
    Ok(Exit::Right)
}

fn old_checkpoint(file: &std::path::Path, key: &VerifyingKey) -> Result<Checkpoint, VerifyError> {
    let bytes = crate::source::read_file(file)?;
    let wrong = |what: String| VerifyError::Wrong(Finding::new(file.display(), None, what));
    let note = String::from_utf8(bytes).map_err(|_| wrong("not UTF-8 text".to_owned()))?;
    Checkpoint::verify(&note, key).map_err(|error| wrong(error.to_string()))
}

fn read_all(source: &str, key: &Key, pins: &Pins, err: &mut dyn Write) -> Result<Agreements, VerifyError> {
    let mut progress = Progress::new(err);
    agreements(open(source)?.as_ref(), &key.key, pins, &mut |done, total| {
        progress.tell(done, total);
    })
}

fn list(found: &Agreements, pins: &Pins, out: &mut dyn Write) -> Result<(), Stop> {
    for entry in &found.entries {
        let at = i64::try_from(entry.unix_seconds)
            .map(Time::from_unix_seconds)
            .map_or_else(|_| "at no possible time".to_owned(), |time| time.to_string());
        let (index, bytes) = (entry.index, entry.bytes);
        let Some(agreement) = &entry.agreement else {
            say(
                out,
                format_args!("index {index}: {at}: {bytes} public bytes, not an agreement"),
            )?;
            continue;
        };
        say(
            out,
            format_args!(
                "index {index}: {at}: agreement {} between {:?} and {:?}, {} to {}: {}",
                agreement.reference(),
                agreement.platform.name,
                agreement.partner.name,
                agreement.starts.date(),
                agreement.ends.date(),
                match entry.faults.is_empty() {
                    true => "signed by both keys",
                    false => "wrong, see below",
                }
            ),
        )?;
        keys(agreement, pins, out)?;
        for remark in &entry.remarks {
            say(out, format_args!("  note         {remark}"))?;
        }
    }
    if pins.partner.is_empty() && found.entries.iter().any(|entry| entry.agreement.is_some()) {
        say(
            out,
            format_args!(
                "note: the log cannot tell whose keys these are: ask each partner for its own, and give it with --partner-key"
            ),
        )?;
    }
    Ok(())
}

fn keys(agreement: &Agreement, pins: &Pins, out: &mut dyn Write) -> Result<(), Stop> {
    say(out, format_args!("  partner id   {}", agreement.partner_id))?;
    for (side, key, pins) in [
        ("platform key", &agreement.platform.key, &pins.platform),
        ("partner key", &agreement.partner.key, &pins.partner),
    ] {
        match key.parse::<VerifyingKey>() {
            Ok(key) if pins.contains(&key) => say(out, format_args!("  {side:<12} {key} (one you gave)"))?,
            Ok(key) => say(out, format_args!("  {side:<12} {key}"))?,
            Err(_) => say(out, format_args!("  {side:<12} {key:?}, which is not a key"))?,
        }
    }
    Ok(())
}

fn tell(found: &Agreements, out: &mut dyn Write) -> Result<Exit, Stop> {
    let report = &found.report;
    for finding in &report.findings {
        say(out, format_args!("wrong: {finding}"))?;
    }
    if report.stopped {
        say(out, format_args!("stopped after {} wrong files", report.findings.len()))?;
    }
    let findings = found.findings();
    for finding in findings.iter().take(FINDINGS_LIMIT) {
        say(out, format_args!("wrong: {finding}"))?;
    }
    if let Some(more) = findings.len().checked_sub(FINDINGS_LIMIT).filter(|more| *more > 0) {
        say(out, format_args!("and {more} more like these"))?;
    }
    let (size, files) = (report.checkpoint.size, report.files);
    if report.is_sound() {
        let root = hex::encode(report.checkpoint.root);
        say(
            out,
            format_args!("right: {size} entries in {files} files lead to the signed root {root}"),
        )?;
    }
    for kind in Kind::ALL {
        let count = report.kinds.get(&kind).copied().unwrap_or(0);
        say(out, format_args!("  {:<14} {count}", kind.name()))?;
    }
    Ok(if found.is_sound() { Exit::Right } else { Exit::Wrong })
}

fn tell_fortnight(found: &Fortnight, out: &mut dyn Write) -> Result<(), Stop> {
    let (checked, agreement) = (&found.checked, &found.agreement);
    say(
        out,
        format_args!(
            "right: the report of period {} under {} is in order, and signed by `{}`",
            found.period,
            agreement.reference(),
            agreement.partner.key
        ),
    )?;
    say(out, format_args!("  revision     {}", checked.revision))?;
    say(out, format_args!("  SHA-256      {}", hex::encode(checked.hash)))?;
    let totals = checked.counts.totals();
    for measure in Measure::ALL {
        say(out, format_args!("  {:<15} {}", measure.as_str(), totals.get(measure)))?;
    }
    for e in &checked.explanations {
        say(
            out,
            format_args!("  explained    {}, {}: {}", e.place, e.measure, e.reason),
        )?;
    }
    match &found.entered {
        Some((index, filed)) => {
            let verdict = filed.outcome.map_or("not_compared", report::Outcome::as_str);
            say(
                out,
                format_args!("  filed        {}, entry {index}: {verdict}", filed.at),
            )?;
        }
        None => say(out, format_args!("note: the log does not say that it was filed"))?,
    }
    if found.previous_unseen {
        say(
            out,
            format_args!("note: the revision before was not given: whether it is that one, --replaces checks"),
        )?;
    }
    Ok(())
}

fn tell_chain(found: &Chain, out: &mut dyn Write) -> Result<Exit, Stop> {
    for finding in found.report.findings.iter().chain(&found.findings) {
        say(out, format_args!("wrong: {finding}"))?;
    }
    let (receipts, size) = (found.receipts, found.size);
    if found.is_sound() {
        let numbers = match receipts.checked_sub(1) {
            Some(last) => format!("{receipts} receipts, numbers 0 to {last}: none is missing, each is in the log"),
            None => "no receipts".to_owned(),
        };
        say(
            out,
            format_args!("right: {numbers}, and no other entry up to then has a tag of hers"),
        )?;
    }
    let made = found.made;
    say(
        out,
        format_args!("  file made    {made}, the log having {size} entries: is that when you fetched it?"),
    )?;
    say(
        out,
        format_args!("  log now      {} entries", found.report.checkpoint.size),
    )?;
    let periods: Vec<_> = found.periods.iter().map(u32::to_string).collect();
    say(out, format_args!("  tag keys     of periods {}", periods.join(", ")))?;
    for (index, number) in found.later.iter().take(FINDINGS_LIMIT) {
        say(
            out,
            format_args!("  since then   entry {index} is number {number} of hers: fetch the file again to see it"),
        )?;
    }
    Ok(if found.is_sound() { Exit::Right } else { Exit::Wrong })
}

fn say(out: &mut dyn Write, words: std::fmt::Arguments<'_>) -> Result<(), Stop> {
    writeln!(out, "{words}").map_err(Stop::Output)
}

/// Says how far it is, once a second after the first.
struct Progress<'a> {
    err: &'a mut dyn Write,
    told: Instant,
}

impl<'a> Progress<'a> {
    fn new(err: &'a mut dyn Write) -> Self {
        Self {
            err,
            told: Instant::now(),
        }
    }

    fn tell(&mut self, done: u64, total: u64) {
        if self.told.elapsed() >= Duration::from_secs(1) {
            self.told = Instant::now();
            // Progress that cannot be shown is no reason to stop checking.
            _ = writeln!(self.err, "{done} of {total} entries");
        }
    }
}
