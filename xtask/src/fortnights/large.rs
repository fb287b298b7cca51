//! A large list of events through the whole way: counted, built, checked, compared.

use super::{Random, partner};
use report::{Expected, Head, Outcome, RecipientKind, Tolerance};
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;
use std::time::Instant;

/// Measures, and prints.
pub fn run(sends: u32, out: &mut impl Write) -> anyhow::Result<()> {
    let partner = partner()?;
    let folder = tempfile::tempdir()?;
    let events = folder.path().join("events.csv");
    let rows = write(&events, sends)?;

    let clock = Instant::now();
    let (counts, summary) =
        report::events::read(BufReader::new(File::open(&events)?), &partner.domain, &partner.period)?;
    let counted = clock.elapsed();
    let head = Head {
        agreement: partner.agreement.reference(),
        replaces: None,
        explanations: Vec::new(),
    };
    let clock = Instant::now();
    let zip = report::build(&counts, &head, &partner.key)?;
    let built = clock.elapsed();
    let expected = Expected {
        agreement: partner.agreement.reference(),
        domain: partner.domain,
        key: partner.key.verifying_key(),
        period: partner.period,
        previous: None,
        now: partner.period.ends(),
    };
    let clock = Instant::now();
    let checked = report::check(&zip, &expected).map_err(|faults| anyhow::anyhow!("{faults:?}"))?;
    let checked_in = clock.elapsed();
    let clock = Instant::now();
    let verdict = report::reconcile(&checked.counts, &counts, &[], &Tolerance::default());
    let compared = clock.elapsed();
    anyhow::ensure!(verdict.outcome == Outcome::Accepted && checked.counts == counts && summary.rows == rows);
    let totals = counts.totals();
    anyhow::ensure!(totals.sends == u64::from(sends), "{} sends were counted", totals.sends);

    let (_, peak) = crate::spine::memory_mb(std::process::id())?;
    let profile = if cfg!(debug_assertions) {
        "development"
    } else {
        "release"
    };
    writeln!(
        out,
        "a report of {} sends and {} clicks ({profile} build, one core):\n  \
         {:.0} events/s counted ({:.2} s), built in {:.0} ms ({} KB), checked in {:.0} ms, compared in {:.0} ms\n  \
         peak memory of the whole process: {peak:.0} MB",
        totals.sends,
        totals.clicks,
        f64::from(u32::try_from(rows)?) / counted.as_secs_f64(),
        counted.as_secs_f64(),
        built.as_secs_f64() * 1e3,
        zip.len() / 1_000,
        checked_in.as_secs_f64() * 1e3,
        compared.as_secs_f64() * 1e3,
    )?;
    Ok(())
}

/// Writes events in the order of time. Two in five sends are clicked, once, by someone.
fn write(file: &Path, sends: u32) -> anyhow::Result<u64> {
    let partner = partner()?;
    let (domain, first) = (&partner.domain, partner.period.first);
    let mut out = BufWriter::new(File::create(file)?);
    writeln!(out, "{}", report::events::COLUMNS.join(","))?;
    let mut random = Random(7);
    let mut rows = 0;
    for send in 0..sends {
        let millis = u64::from(send) * u64::from(partner.period.days) * 86_400_000 / u64::from(sends);
        let at = model::Time(first.start().0 + i64::try_from(millis)?);
        let pick =
            |random: &mut Random, list: &[String]| list.get(random.below(list.len())).cloned().unwrap_or_default();
        let interface = pick(&mut random, domain.interfaces());
        let surface = pick(&mut random, domain.surfaces());
        let variant = pick(&mut random, domain.variants());
        let kind = match random.chance(5_000) {
            true => RecipientKind::Platform,
            false => RecipientKind::NonPlatform,
        };
        let place = format!("{interface},{surface},{variant},{kind}");
        writeln!(
            out,
            "{at},send,rec-{send:09},person-{:09},{place}",
            random.skewed(500_000)
        )?;
        rows += 1;
        if send % 5 < 2 {
            writeln!(
                out,
                "{at},click,rec-{send:09},friend-{:09},{place}",
                random.skewed(500_000)
            )?;
            rows += 1;
        }
    }
    out.flush()?;
    Ok(rows)
}
