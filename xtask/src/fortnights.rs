//! The fortnightly report at size, and simulated partners: which of them the comparison catches, and how often it troubles an
//! honest one.

mod large;
mod simulated;

use model::{Agreement, Time};
use report::{Calendar, Domain, Period};
use std::io::Write;
use tlog::note::SigningKey;

/// Measures, and prints.
pub fn run(fortnights: u32, sends: u32, out: &mut impl Write) -> anyhow::Result<()> {
    // First, or what the simulation held would count as the report's memory.
    large::run(sends, out)?;
    for sends in [2_000, 20_000] {
        simulated::run(fortnights, sends, out)?;
    }
    Ok(())
}

/// A partner's side.
struct Partner {
    agreement: Agreement,
    domain: Domain,
    period: Period,
    key: SigningKey,
}

fn partner() -> anyhow::Result<Partner> {
    let key = SigningKey::generate("marquee.example/agreements", &[1; 32])?;
    let starts: Time = "2026-11-02T00:00:00Z".parse().map_err(anyhow::Error::msg)?;
    let mut draft: serde_json::Value = toml::from_str(&privity::draft::agreement_toml("k", starts))?;
    if let Some(place) = draft.pointer_mut("/partner/key") {
        *place = key.verifying_key().to_string().into();
    }
    let agreement = Agreement::parse(&draft.to_string())?;
    let domain = Domain::of(&agreement)?;
    let period = Calendar::of(&agreement)?
        .period(1)
        .ok_or_else(|| anyhow::anyhow!("no first period"))?;
    Ok(Partner {
        agreement,
        domain,
        period,
        key,
    })
}

/// SplitMix64: the same numbers every time, on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below a bound.
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 11).unwrap_or(0) % bound.max(1)
    }

    /// True so many times in ten thousand.
    fn chance(&mut self, of_10_000: u64) -> bool {
        self.next() >> 11 <= (u64::MAX >> 11) / 10_000 * of_10_000
    }

    /// Below a bound, small numbers far more often: people and titles are not all alike.
    fn skewed(&mut self, bound: usize) -> usize {
        let a = self.below(bound);
        let b = self.below(bound);
        a * b / bound.max(1)
    }
}
