//! `cargo xtask bench spine`: what the guarantees cost, side by side with the same work without them, in one run.

mod appends;
mod decisions;
mod import;
mod load;
mod reads;

use std::io::Write;

/// Everything, printed as it comes. Only ratios measured side by side are worth remembering: the machine is shared.
pub fn run(seconds: u64, export_mb: u64, out: &mut impl Write) -> anyhow::Result<()> {
    decisions::run(out)?;
    appends::run(seconds, out)?;
    reads::run(seconds, out)?;
    import::run(export_mb, out)
}

/// A bar, and whether it is met.
pub fn bar(out: &mut impl Write, what: &str, value: f64, least: f64) -> anyhow::Result<()> {
    let verdict = if value >= least { "met" } else { "MISSED" };
    Ok(writeln!(out, "  {what}: {value:.2} (bar: at least {least}) {verdict}")?)
}
