//! Fortnights of made-up events, as the platform saw them and as several partners report them.

use super::{Partner, Random, partner};
use report::{Counts, Key, Measure, Outcome, RecipientKind, Tolerance, Verdict, reconcile};
use std::collections::HashSet;
use std::io::Write;

#[derive(Clone, Copy)]
struct Event {
    key: Key,
    hour: u8,
    click: bool,
    person: u32,
}

/// What a partner does with its events before it counts them. Each of them also loses 1 % as everyone does.
#[derive(Clone, Copy)]
enum Habit {
    Honest,
    DropsSends,
    InventsClicks,
    ShiftsADay,
    CountsLocalDays,
    SwapsVariants,
}

impl Habit {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Honest, "honest, loses 1 %"),
        (Self::DropsSends, "drops 3 % of sends"),
        (Self::InventsClicks, "invents 5 % more clicks"),
        (Self::ShiftsADay, "counts one day's events on the next"),
        (Self::CountsLocalDays, "counts days two hours late"),
        (Self::SwapsVariants, "calls 10 % of variant `a` `b`"),
    ];

    fn events(self, truth: &[Event], random: &mut Random) -> Vec<Event> {
        let day = u16::try_from(random.below(13)).unwrap_or(0);
        let mut told = Vec::with_capacity(truth.len() + truth.len() / 50);
        for event in truth {
            if random.chance(100) {
                continue;
            }
            let mut event = *event;
            match self {
                Self::DropsSends if !event.click && random.chance(300) => continue,
                Self::InventsClicks if event.click && random.chance(500) => told.push(Event {
                    person: event.person + 1_000_000,
                    ..event
                }),
                Self::ShiftsADay if event.key.day == day => event.key.day += 1,
                Self::CountsLocalDays if event.hour < 2 => match event.key.day.checked_sub(1) {
                    Some(day) => event.key.day = day,
                    None => continue,
                },
                Self::SwapsVariants if event.key.variant == 0 && random.chance(1_000) => event.key.variant = 1,
                _ => {}
            }
            told.push(event);
        }
        told
    }
}

/// The rules that are set beside each other.
const RULES: [&str; 3] = ["cells, plain bounds", "and sums", "and chance (the rule)"];

/// Simulates, and prints how often each partner's report was not simply accepted.
pub fn run(fortnights: u32, sends: usize, out: &mut impl Write) -> anyhow::Result<()> {
    let partner = partner()?;
    let plain = Tolerance {
        sigmas: 0.0,
        ..Tolerance::default()
    };
    let mut caught = [[0u32; RULES.len()]; Habit::ALL.len()];
    for fortnight in 0..fortnights {
        let mut random = Random(u64::from(fortnight) + 1);
        let truth = truth(&partner, sends, &mut random);
        let platform = counts(&partner, &truth);
        for (row, (habit, _)) in caught.iter_mut().zip(Habit::ALL) {
            let told = counts(&partner, &habit.events(&truth, &mut random));
            let verdict = reconcile(&told, &platform, &[], &plain);
            let by_rule = [
                in_cells(&verdict),
                verdict.outcome != Outcome::Accepted,
                reconcile(&told, &platform, &[], &Tolerance::default()).outcome != Outcome::Accepted,
            ];
            for (count, caught) in row.iter_mut().zip(by_rule) {
                *count += u32::from(caught);
            }
        }
    }
    writeln!(
        out,
        "\n{fortnights} simulated fortnights of about {sends} sends and {} clicks: reports not simply accepted\n  {:<36} {}",
        sends * 2 / 5,
        "partner",
        RULES.map(|rule| format!("{rule:>22}")).join("")
    )?;
    for (row, (_, name)) in caught.iter().zip(Habit::ALL) {
        let rates = row.map(|n| format!("{:>20.1} %", 100.0 * f64::from(n) / f64::from(fortnights)));
        writeln!(out, "  {name:<36} {}", rates.join(""))?;
    }
    Ok(())
}

/// Whether a single cell differs, sums left aside.
fn in_cells(verdict: &Verdict) -> bool {
    verdict
        .differences
        .iter()
        .any(|d| d.place.date.is_some() && d.place.variant.is_some())
}

/// Events of a fortnight: some surfaces and hours are busier, some people send more.
fn truth(partner: &Partner, sends: usize, random: &mut Random) -> Vec<Event> {
    let domain = &partner.domain;
    let mut events = Vec::with_capacity(sends * 7 / 5);
    for _ in 0..sends {
        let key = Key {
            day: u16::try_from(random.below(usize::from(partner.period.days))).unwrap_or(0),
            interface: random.skewed(domain.interfaces().len()),
            surface: random.skewed(domain.surfaces().len()),
            variant: random.below(domain.variants().len()),
            recipient_kind: match random.chance(6_000) {
                true => RecipientKind::Platform,
                false => RecipientKind::NonPlatform,
            },
        };
        let mut event = |click| Event {
            key,
            hour: u8::try_from(random.below(24)).unwrap_or(0),
            click,
            person: u32::try_from(random.skewed(sends)).unwrap_or(0),
        };
        events.push(event(false));
        let click = event(true);
        if random.chance(4_000) {
            events.push(click);
        }
    }
    events
}

fn counts(partner: &Partner, events: &[Event]) -> Counts {
    let mut counts = Counts::new(partner.domain.clone(), partner.period);
    let mut people = HashSet::with_capacity(events.len());
    for event in events {
        let new = people.insert((event.key, event.click, event.person));
        let (acts, who) = match event.click {
            true => (Measure::Clicks, Measure::UniqueClickers),
            false => (Measure::Sends, Measure::UniqueSenders),
        };
        if let Some(cell) = counts.get_mut(&event.key) {
            *cell.get_mut(acts) += 1;
            *cell.get_mut(who) += u64::from(new);
        }
    }
    counts
}
