//! `cargo xtask bench spine`: what the guarantees cost, side by side with the same work without them, in one run.

mod appends;
mod decisions;
mod import;
pub mod load;
mod reads;

pub use load::memory_mb;
use std::io::Write;

/// Everything, printed as it comes. Only ratios measured side by side are worth remembering: the machine is shared.
pub fn run(seconds: u64, export_mb: u64, only: Option<&str>, out: &mut impl Write) -> anyhow::Result<()> {
    let wanted = |what: &str| only.is_none_or(|only| only == what);
    if wanted("decisions") {
        decisions::run(out)?;
    }
    if wanted("appends") {
        appends::run(seconds, out)?;
    }
    if wanted("reads") {
        reads::run(seconds, out)?;
    }
    if wanted("import") {
        import::run(export_mb, out)?;
    }
    Ok(())
}

/// A bar, and whether it is met.
pub fn bar(out: &mut impl Write, what: &str, value: f64, least: f64) -> anyhow::Result<()> {
    let verdict = if value >= least { "met" } else { "MISSED" };
    Ok(writeln!(out, "  {what}: {value:.2} (bar: at least {least}) {verdict}")?)
}
