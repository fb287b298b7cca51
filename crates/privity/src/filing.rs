//! `privity report file`: hands a report in, and keeps the receipt once it is checked.

use crate::cli::say;
use anyhow::{Context, bail};
use clap::Args;
use marquee::SigningKey;
use marquee::client::PartnerClient;
use model::Agreement;
use report::receipt::Receipt;
use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use tlog::note::VerifyingKey;

/// `privity report file`
#[derive(Args)]
pub struct FileArgs {
    /// The report.
    report: PathBuf,
    /// The agreement: the signed note, or a draft in TOML or JSON.
    #[arg(long, value_name = "FILE")]
    agreement: PathBuf,
    /// The period's number; without it, the one that the report names.
    #[arg(long, value_name = "N")]
    period: Option<u32>,
    /// The platform's address, as in https://inbox.example.
    #[arg(long, value_name = "URL")]
    platform: String,
    /// The id of your OAuth client there.
    #[arg(long, value_name = "ID")]
    client: String,
    /// The client's private key (PKCS#8, PEM).
    #[arg(long, value_name = "FILE")]
    client_key: PathBuf,
    /// The ledger's public key as you know it; without it, as the platform tells it now.
    #[arg(long, value_name = "VKEY")]
    ledger_key: Option<VerifyingKey>,
    /// Where to keep the receipt; without it, beside the report.
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
}

impl FileArgs {
    /// Files the report. Filing it again is answered the same. An error if it is not taken; its receipt is kept all the same.
    pub fn run(self, zip: &[u8], agreement: &Agreement) -> anyhow::Result<()> {
        let claim = report::claim(zip).map_err(|faults| {
            let faults: Vec<String> = faults.iter().map(report::Fault::to_string).collect();
            anyhow::anyhow!("`{}`: {}", self.report.display(), faults.join("; "))
        })?;
        let pem = std::fs::read_to_string(&self.client_key)
            .with_context(|| format!("the client's key `{}`", self.client_key.display()))?;
        let key = SigningKey::from_pem(&pem).with_context(|| format!("`{}`", self.client_key.display()))?;
        let client = PartnerClient::discover(self.platform.trim_end_matches('/'), &self.client, key)?;
        let period = self.period.unwrap_or(claim.period);
        let (status, answer) = client.file_report(zip, &agreement.reference().to_string(), period)?;

        let faults = answer.get("faults").and_then(Value::as_array);
        for fault in faults.into_iter().flatten() {
            say(&fault_line(fault))?;
        }
        let Some(receipt) = answer.get("receipt").and_then(Value::as_str) else {
            bail!("the platform does not take the report ({status})");
        };
        let ledger_key = match self.ledger_key {
            Some(key) => key,
            None => {
                let told = client.ledger_key()?;
                told.parse().context("the ledger's key, as the platform tells it")?
            }
        };
        let platform: VerifyingKey = agreement
            .platform
            .key
            .parse()
            .context("`platform.key` of the agreement")?;
        let checked = report::receipt::verify(receipt, &ledger_key, &platform, &report::hash(zip))
            .context("the platform's receipt")?;
        let out = self.receipt.unwrap_or_else(|| self.report.with_extension("tlog-proof"));
        keep(&out, receipt)?;
        tell(&checked, &answer, &out)
    }

    /// The report's file.
    pub fn report(&self) -> &Path {
        &self.report
    }

    /// The agreement's file.
    pub fn agreement(&self) -> &Path {
        &self.agreement
    }
}

fn tell(checked: &Receipt, answer: &Value, out: &Path) -> anyhow::Result<()> {
    let filed = &checked.filed;
    for difference in answer
        .get("differences")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        say(&difference_line(difference))?;
    }
    say(&format!(
        "The report of period {}, revision {}, is entry {} of the ledger; the receipt is checked, in `{}`.",
        filed.period,
        filed.revision,
        checked.index,
        out.display()
    ))?;
    match filed.outcome {
        Some(report::Outcome::Accepted) => say("It is accepted."),
        Some(report::Outcome::Explained) => say("It is filed. The operator has still to look at the explanations."),
        Some(report::Outcome::ToExplain) => {
            say("It is filed, and must be explained: file the next revision with --explanations.")
        }
        None => say("It is filed. The platform has no counts of its own to compare it with, so it is not accepted."),
        Some(report::Outcome::Refused) => bail!("the report is refused: its counts are too far from the platform's"),
    }
}

/// As `privity report check` prints a fault.
fn fault_line(fault: &Value) -> String {
    let text = |name: &str| fault.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut line = match text("file") {
        "" => "report.zip".to_owned(),
        file => file.to_owned(),
    };
    if let Some(row) = fault.get("row").and_then(Value::as_u64) {
        line.push_str(&format!(":{row}"));
    }
    if !text("column").is_empty() {
        line.push_str(&format!(":{}", text("column")));
    }
    format!("{line}: {}: {}", text("rule"), text("said"))
}

fn difference_line(difference: &Value) -> String {
    match serde_json::from_value::<report::Difference>(difference.clone()) {
        Err(_) => difference.to_string(),
        Ok(d) => {
            let how = match (d.fails, &d.reason) {
                (true, _) => "too far apart",
                (false, None) => "needs an explanation",
                (false, Some(_)) => "explained",
            };
            format!(
                "{}, {}: you say {}, the platform counted {}: {how}",
                d.place, d.measure, d.partner, d.platform
            )
        }
    }
}

/// Writes the receipt. One that is there is replaced: it is of the same report, under an older checkpoint, or not checked.
fn keep(file: &Path, receipt: &str) -> anyhow::Result<()> {
    let mut out = std::fs::File::create(file).with_context(|| format!("the receipt `{}`", file.display()))?;
    out.write_all(receipt.as_bytes())?;
    out.sync_all()?;
    Ok(())
}
