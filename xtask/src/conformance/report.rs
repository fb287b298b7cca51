//! The report, through the command line, over HTTP, and through the Frictionless Framework.

use super::desk::Desk;
use super::{made, mutations};
use anyhow::{Context, bail};
use serde_json::Value;
use std::io::{Cursor, Read, Write};
use std::path::Path;
use std::process::Command;

/// Runs all of it; an error if anything came out otherwise.
pub fn run(out: &mut impl Write) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let privity = super::built()?;
    let agreement = folder.path().join("agreement.json");
    std::fs::write(&agreement, serde_json::to_vec(&made::agreement())?)?;

    let mut wrong = 0;
    let all = mutations::all();
    for mutation in &all {
        let zip = folder.path().join("tampered.zip");
        std::fs::write(&zip, &mutation.zip)?;
        let (accepted, said) = checked(&privity, &agreement, &zip)?;
        wrong += usize::from(!is_refused(mutation, accepted, &said, out)?);
    }
    tell("by the command line", all.len() - wrong, all.len(), out)?;
    let desk = Desk::open()?;
    let mut wrong_there = 0;
    for mutation in &all {
        let (status, said) = desk.file(&mutation.zip)?;
        wrong_there += usize::from(!is_refused(mutation, status < 300, &said, out)?);
    }
    tell("over HTTP", all.len() - wrong_there, all.len(), out)?;
    wrong += wrong_there;

    let sound = report::build(&made::counts(), &made::head(None), &made::key(1))?;
    let zip = folder.path().join("sound.zip");
    std::fs::write(&zip, &sound)?;
    let (accepted, said) = checked(&privity, &agreement, &zip)?;
    if !accepted {
        bail!("a sound report is refused: {said}");
    }
    // Its period is over in November 2027. Until then that is all that is wrong with it.
    let (status, said) = desk.file(&sound)?;
    let rules: Vec<_> = said
        .pointer("/faults")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .collect();
    let only_early = matches!(rules.as_slice(), [one] if one.get("rule").and_then(Value::as_str) == Some("too-early"));
    if status != 201 && !only_early {
        bail!("a sound report is refused over HTTP: {said}");
    }
    writeln!(out, "a sound report: accepted")?;
    frictionless(folder.path(), &sound, out)?;
    if wrong > 0 {
        bail!("{wrong} tampered reports were not refused as they should be");
    }
    Ok(())
}

/// Whether what is said is what must be said of it.
fn is_refused(
    mutation: &mutations::Mutation,
    accepted: bool,
    said: &Value,
    out: &mut impl Write,
) -> anyhow::Result<bool> {
    let fault = said.pointer("/faults/0").cloned().unwrap_or_default();
    let text = |name: &str| fault.get(name).and_then(Value::as_str);
    let right = &mutation.fault;
    let as_wanted = !accepted
        && text("rule") == Some(right.rule.as_str())
        && text("file") == right.file.map(report::File::name)
        && fault.get("row").and_then(Value::as_u64) == right.row
        && text("column") == right.column;
    if !as_wanted {
        writeln!(out, "{}: {fault}, not {}", mutation.name, right.rule)?;
    }
    Ok(as_wanted)
}

fn tell(how: &str, right: usize, all: usize, out: &mut impl Write) -> anyhow::Result<()> {
    writeln!(
        out,
        "tampered reports {how}: {right} of {all} refused with rule, row and column"
    )?;
    Ok(())
}

fn checked(privity: &Path, agreement: &Path, zip: &Path) -> anyhow::Result<(bool, Value)> {
    let run = Command::new(privity)
        .args([
            "report",
            "check",
            "--json",
            "--period",
            "2",
            "--as-of",
            "2027-11-29T00:00:00Z",
            "--agreement",
        ])
        .args([agreement, zip])
        .output()?;
    let said = serde_json::from_slice(&run.stdout)
        .with_context(|| format!("no JSON, but: {}", String::from_utf8_lossy(&run.stderr)))?;
    Ok((run.status.success(), said))
}

/// Unpacks the report and has it validated, as a package and with its hash. Says so where the tool is not installed.
fn frictionless(folder: &Path, zip: &[u8], out: &mut impl Write) -> anyhow::Result<()> {
    let package = folder.join("package");
    std::fs::create_dir(&package)?;
    let mut archive = zip::ZipArchive::new(Cursor::new(zip))?;
    for file in report::File::ALL {
        let mut bytes = Vec::new();
        archive.by_name(file.name())?.read_to_end(&mut bytes)?;
        std::fs::write(package.join(file.name()), bytes)?;
    }
    let tool = std::env::var("PRIVITY_FRICTIONLESS").unwrap_or_else(|_| "frictionless".to_owned());
    let validate = || {
        Command::new(&tool)
            .args(["validate", "datapackage.json", "--json"])
            .current_dir(&package)
            .output()
    };
    let Ok(run) = validate() else {
        writeln!(
            out,
            "skipped: `frictionless` is not installed (`pip install frictionless`; PRIVITY_FRICTIONLESS names it)"
        )?;
        return Ok(());
    };
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    if !run.status.success() {
        bail!("`frictionless validate` refuses a built report: {said}");
    }
    // A check that cannot fail proves nothing: the same package with one number changed is refused.
    let table = package.join("counts.csv");
    let text = std::fs::read_to_string(&table)?;
    std::fs::write(&table, text.replacen(",platform,", ",platform,x", 1))?;
    if validate()?.status.success() {
        bail!("`frictionless validate` accepts a table with a letter in a number");
    }
    writeln!(
        out,
        "frictionless validate: accepted, and refused with a letter in a number"
    )?;
    Ok(())
}
