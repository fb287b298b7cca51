//! `privity aggregator contribute`: from a partner's list of events to people's sealed reports.

use super::far::{Far, FarFault};
use super::{read, task_of, text_of};
use crate::cli::say;
use crate::outside;
use aggregate::{Act, Contribution, Refusal, Report, Secret, Task, report_id};
use anyhow::{Context, bail, ensure};
use clap::Args;
use model::Time;
use report::Key;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::time::Duration;

/// Bytes of reports in one request, about.
const AT_ONCE: usize = 4 << 20;
/// How often the leader is asked again, a second apart.
const TRIES: u32 = 60;

/// People's contributions of a period.
#[derive(Args)]
pub struct Contribute {
    /// The list of events, a CSV as for `privity report build`.
    events: PathBuf,
    /// The task.
    #[arg(long, value_name = "FILE")]
    task: PathBuf,
    /// The period's number, from 1.
    #[arg(long, value_name = "N")]
    period: u32,
    /// A list of everyone who could have done something, a name a line: who did nothing reports that, so that whether a person
    /// reports tells nothing.
    #[arg(long, value_name = "FILE")]
    people: Option<PathBuf>,
    /// The partner's secret for report ids. With the same one, sending again counts nobody twice.
    #[arg(long, value_name = "FILE")]
    secret: PathBuf,
    /// The file with the token for uploading.
    #[arg(long, value_name = "FILE")]
    token: PathBuf,
    /// The leader's address.
    #[arg(long, value_name = "URL")]
    leader: String,
    /// As if it were this time (RFC 3339).
    #[arg(long, value_name = "TIME")]
    as_of: Option<Time>,
}

/// What became of the reports.
#[derive(Default)]
struct Sent {
    taken: u64,
    before: u64,
    refused: BTreeMap<Refusal, u64>,
}

impl Contribute {
    /// Reads, makes the reports, sends them.
    pub fn run(self) -> anyhow::Result<()> {
        let task = task_of(&self.task)?;
        let secret: Secret = read(&self.secret)?;
        let leader = Far::new(&self.leader, text_of(&self.token)?);
        let Some(period) = task.period(self.period) else {
            bail!("the task has no period {}", self.period);
        };
        let now = self.as_of.unwrap_or_else(outside::now);
        ensure!(period.ends() <= now, "period {period} is not over");
        let mut people: BTreeMap<String, Vec<(Key, Act)>> = BTreeMap::new();
        if let Some(list) = &self.people {
            let list = File::open(list).with_context(|| format!("`{}`", list.display()))?;
            for name in BufReader::new(list).lines() {
                let name = name?;
                if !name.trim().is_empty() {
                    people.entry(name.trim().to_owned()).or_default();
                }
            }
        }
        let events = File::open(&self.events).with_context(|| format!("`{}`", self.events.display()))?;
        report::events::each(BufReader::new(events), task.domain(), &period, |act| {
            let kind = if act.click { Act::Click } else { Act::Send };
            people.entry(act.person.to_owned()).or_default().push((act.key, kind));
        })
        .with_context(|| format!("`{}`", self.events.display()))?;

        let (mut sent, mut left_out, mut over) = (Sent::default(), 0, 0);
        let one = task.lengths().leader + task.lengths().helper + 512;
        let at_once = (AT_ONCE / one).max(1);
        let mut reports = Vec::with_capacity(at_once);
        let entropy = outside::entropy();
        for (person, acts) in people {
            let (contribution, beyond) = capped(&task, &secret, &person, acts)?;
            left_out += beyond;
            over += u64::from(beyond > 0);
            let id = report_id(&secret, &task, self.period, &person);
            let report = task.report(&contribution, self.period, id, now, entropy.as_ref());
            reports.push(report.map_err(|why| anyhow::anyhow!("a report cannot be made: {why}"))?);
            if reports.len() >= at_once {
                send(&leader, &mut reports, &mut sent)?;
            }
        }
        send(&leader, &mut reports, &mut sent)?;
        say(&format!(
            "{} reports sent; {} had been sent before. {left_out} acts of {over} people were over the cap of {} and left out.",
            sent.taken,
            sent.before,
            task.terms().cap,
        ))?;
        for (why, number) in &sent.refused {
            say(&format!("{number} refused: {why}"))?;
        }
        ensure!(sent.refused.is_empty(), "some reports were refused");
        Ok(())
    }
}

/// Up to the cap, chosen by a keyed order: no day or cell is favoured, and the same again next time.
fn capped(task: &Task, secret: &Secret, person: &str, acts: Vec<(Key, Act)>) -> anyhow::Result<(Contribution, u64)> {
    let cap = usize::from(task.terms().cap);
    let beyond = acts.len().saturating_sub(cap);
    let mut ordered: Vec<_> = acts
        .into_iter()
        .enumerate()
        .map(|(at, act)| (report_id(secret, task, 0, &format!("{person}\n{at}")), act))
        .collect();
    if beyond > 0 {
        ordered.sort_by_key(|(order, _)| *order);
    }
    let mut contribution = Contribution::new(task);
    for (_, (key, act)) in ordered.into_iter().take(cap) {
        ensure!(contribution.add(task, &key, act)?, "an event is not of the period");
    }
    Ok((contribution, u64::try_from(beyond)?))
}

fn send(leader: &Far, reports: &mut Vec<Report>, sent: &mut Sent) -> anyhow::Result<()> {
    if reports.is_empty() {
        return Ok(());
    }
    let mut tries = 0;
    let answers: Vec<Option<Refusal>> = loop {
        match leader.ask("/reports", reports) {
            Ok(answers) => break answers,
            // They may have been taken in; sent again, they are known.
            Err(FarFault::Silent(_, _)) if tries < TRIES => {
                tries += 1;
                std::thread::sleep(Duration::from_secs(1));
            }
            Err(error) => bail!("{error}"),
        }
    };
    ensure!(
        answers.len() == reports.len(),
        "the leader answered for another number of reports"
    );
    for answer in answers {
        match answer {
            None => sent.taken += 1,
            Some(Refusal::Replayed) => sent.before += 1,
            Some(why) => *sent.refused.entry(why).or_default() += 1,
        }
    }
    reports.clear();
    Ok(())
}
