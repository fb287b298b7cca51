//! The private mode's leader and helper beside the bare calls of `prio`, on the same reports, in one run.
//!
//! Measured is time on a processor, of all threads of this process: other programs on the machine and waiting for the disk do
//! not count, background work of the store does.

use aggregate::{
    Act, Book, Contribution, Helper, Leader, PrivateKey, Report, Rho, Role, Secret, Task, Terms, TokenHash, report_id,
};
use anyhow::{Context, ensure};
use model::{Agreement, Entropy, Time};
use prio::vdaf::prio3::{Prio3InputShare, Prio3L1BoundSum, Prio3PublicShare};
use prio::vdaf::{Aggregatable, Aggregator, Client, VerifyTransition};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What the issue of a slow wrapper is measured by: ours may take a quarter more than the bare calls.
const TARGET: f64 = 0.8;
/// Alternating rounds: what the machine does in between meets both alike.
const ROUNDS: u32 = 4;

/// Measures, and prints.
pub fn run(reports: usize, out: &mut impl Write) -> anyhow::Result<()> {
    let task = task()?;
    let contributions = contributions(&task, reports)?;
    writeln!(
        out,
        "Private mode: {reports} reports of {} numbers, cap {}, {ROUNDS} rounds. Reports per second of processor time, one core.\n",
        task.length(),
        task.terms().cap,
    )?;
    let now: Time = "2026-11-17T00:00:00Z".parse().map_err(anyhow::Error::msg)?;
    let entropy: Arc<dyn Entropy> = Arc::new(Counting(AtomicU64::new(0)));
    let secret = Secret::new([9; 32]);
    let mut made = Vec::with_capacity(reports);
    let client = processor()?;
    for (person, contribution) in contributions.iter().enumerate() {
        let id = report_id(&secret, &task, 1, &person.to_string());
        let report = task.report(contribution, 1, id, now, entropy.as_ref());
        made.push(report.map_err(|why| anyhow::anyhow!("{why}"))?);
    }
    let client = processor()?.saturating_sub(client);

    let bare_reports = shards(&task, reports)?;
    let (mut bare, mut ours) = ([Duration::ZERO; 2], [Duration::ZERO; 3]);
    for _ in 0..ROUNDS {
        for (sum, time) in bare.iter_mut().zip(bare_round(&task, &bare_reports)?) {
            *sum += time;
        }
        for (sum, time) in ours.iter_mut().zip(our_round(&task, &made, now, &entropy)?) {
            *sum += time;
        }
    }
    let per_second = |time: Duration, rounds: u32| {
        let all = u32::try_from(reports).unwrap_or(u32::MAX).saturating_mul(rounds);
        f64::from(all) / time.as_secs_f64()
    };
    let [bare_leader, bare_helper] = bare.map(|time| per_second(time, ROUNDS));
    let [taking_in, checking, helper] = ours;
    let leader = per_second(taking_in + checking, ROUNDS);
    let helper = per_second(helper, ROUNDS);
    writeln!(out, "{:<10} {:>12} {:>12} {:>8}", "", "bare prio", "ours", "ratio")?;
    let mut worst = f64::INFINITY;
    for (name, bare, ours) in [("leader", bare_leader, leader), ("helper", bare_helper, helper)] {
        let ratio = ours / bare;
        worst = worst.min(ratio);
        writeln!(out, "{name:<10} {bare:>12.0} {ours:>12.0} {ratio:>8.2}")?;
    }
    writeln!(
        out,
        "\nBare: shares that are in memory already, `verify_init`, `verifier_shares_to_message` (helper), `verify_next`, `accumulate`.\n\
         Ours: all that the processes do but the network: opening seals, decoding, replay set, every write on disk; at the leader\n\
         taking reports in too ({:.0} a second) before they are checked ({:.0} a second). A client makes {:.0} reports a second.\n\
         The smaller ratio is {worst:.2}; {TARGET} or more was wanted: {}.",
        per_second(taking_in, ROUNDS),
        per_second(checking, ROUNDS),
        per_second(client, 1),
        if worst >= TARGET { "reached" } else { "missed" },
    )?;
    Ok(())
}

/// Different bytes each time; a measurement needs no more of them.
struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let number = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed).to_le_bytes();
            for (to, from) in chunk.iter_mut().zip(number) {
                *to = from;
            }
        }
    }
}

const KEYS: [[u8; 32]; 3] = [[1; 32], [2; 32], [3; 32]];

/// Of the draft agreement: fourteen days of 48 cells.
fn task() -> anyhow::Result<Task> {
    let starts: Time = "2026-11-02T00:00:00Z".parse().map_err(anyhow::Error::msg)?;
    let draft: serde_json::Value = toml::from_str(&privity::draft::agreement_toml("k", starts))?;
    let agreement = Agreement::parse(&draft.to_string())?;
    let lists = agreement.report.dimensions.clone();
    let [leader_key, helper_key, collector_key] = KEYS.map(|seed| PrivateKey::from_seed(&seed).public());
    Ok(Task::new(Terms {
        partner: agreement.partner_id.to_string(),
        starts: agreement.starts,
        ends: agreement.ends,
        period_days: agreement.report.period_days,
        late_days: 14,
        interface: lists.interface,
        initiation_surface: lists.initiation_surface,
        variant: lists.variant,
        cap: 8,
        least_reports: 100,
        rho_millionths: Rho(50_000),
        leader_key,
        helper_key,
        collector_key,
        upload_token: TokenHash::of("upload"),
        collect_token: TokenHash::of("collect"),
    })?)
}

/// Six acts each, spread over the cells.
fn contributions(task: &Task, people: usize) -> anyhow::Result<Vec<Contribution>> {
    let period = task.period(1).context("no first period")?;
    let keys: Vec<_> = task.domain().keys(&period).collect();
    let one = |person: usize| {
        let mut contribution = Contribution::new(task);
        for act in 0..6 {
            let key = keys.get((person * 7 + act * 131) % keys.len()).context("no cell")?;
            let kind = if act % 3 == 2 { Act::Click } else { Act::Send };
            ensure!(contribution.add(task, key, kind)?, "no such cell");
        }
        Ok(contribution)
    };
    (0..people).map(one).collect()
}

/// A report as the bare calls want it.
struct Bare {
    nonce: [u8; 16],
    public: Prio3PublicShare<32>,
    shares: Vec<Prio3InputShare<prio::field::Field128, 32>>,
}

fn shards(task: &Task, people: usize) -> anyhow::Result<Vec<Bare>> {
    let one = |person: usize| {
        let mut numbers = vec![0; task.length()];
        for act in 0..6 {
            let at = (person * 7 + act * 131) * 2 % task.length();
            if let Some(number) = numbers.get_mut(at) {
                *number += 1;
            }
        }
        let nonce = u128::try_from(person)?.to_be_bytes();
        let (public, shares) = task.proof().shard(&task.context(), &numbers, &nonce)?;
        Ok(Bare { nonce, public, shares })
    };
    (0..people).map(one).collect()
}

type State = <Prio3L1BoundSum as Aggregator<32, 16>>::VerifyState;
type Share = <Prio3L1BoundSum as Aggregator<32, 16>>::VerifierShare;

fn init(task: &Task, number: usize, bare: &Bare) -> anyhow::Result<(State, Share)> {
    let share = bare.shares.get(number).context("no share")?;
    let context = task.context();
    Ok(task
        .proof()
        .verify_init(&[7; 32], &context, number, &(), &bare.nonce, &bare.public, share)?)
}

/// Processor time of leader and helper.
fn bare_round(task: &Task, reports: &[Bare]) -> anyhow::Result<[Duration; 2]> {
    let (proof, context) = (task.proof(), task.context());
    let next = |state, message| match proof.verify_next(&context, state, message)? {
        VerifyTransition::Finish(share) => Ok(share),
        VerifyTransition::Continue(..) => anyhow::bail!("there is a second round"),
    };
    let mut sums = [proof.aggregate_init(&()), proof.aggregate_init(&())];
    let [sum, other] = &mut sums;
    let start = processor()?;
    let mut begun = Vec::with_capacity(reports.len());
    for report in reports {
        begun.push(init(task, 0, report)?);
    }
    let between = processor()?;
    let mut waiting = Vec::with_capacity(reports.len());
    for (report, (state, leaders)) in reports.iter().zip(begun) {
        let (own, share) = init(task, 1, report)?;
        let message = proof.verifier_shares_to_message(&context, &(), [leaders, share])?;
        other.accumulate(&next(own, message.clone())?)?;
        waiting.push((state, message));
    }
    let after = processor()?;
    for (state, message) in waiting {
        sum.accumulate(&next(state, message)?)?;
    }
    let leader = between.saturating_sub(start) + processor()?.saturating_sub(after);
    // Both sums together are the contributions, or something else was measured.
    let [mut sum, other] = sums;
    sum.merge(&other)?;
    let total = sum
        .as_ref()
        .iter()
        .fold(0_u128, |all, number| all.saturating_add(u128::from(*number)));
    ensure!(
        total == 6 * u128::try_from(reports.len())?,
        "the bare calls counted {total}"
    );
    Ok([leader, after.saturating_sub(between)])
}

/// Processor time of the leader's taking in and checking, and of the helper's checking.
fn our_round(task: &Task, reports: &[Report], now: Time, entropy: &Arc<dyn Entropy>) -> anyhow::Result<[Duration; 3]> {
    let folder = tempfile::tempdir()?;
    let secret = Secret::new([7; 32]);
    let [leader_key, helper_key, _] = KEYS.map(|seed| PrivateKey::from_seed(&seed));
    let book = Book::open(&folder.path().join("leader"), Role::Leader)?;
    let mut leader = Leader::open(book, vec![task.clone()], leader_key, &secret, Arc::clone(entropy))?;
    let book = Book::open(&folder.path().join("helper"), Role::Helper)?;
    let mut helper = Helper::open(book, vec![task.clone()], helper_key, &secret, Arc::clone(entropy))?;
    let start = processor()?;
    for some in reports.chunks(48) {
        ensure!(
            leader.accept(some, now)?.iter().all(Result::is_ok),
            "a report was refused"
        );
    }
    let taking_in = processor()?.saturating_sub(start);
    let (mut checking, mut helping) = (Duration::ZERO, Duration::ZERO);
    loop {
        let start = processor()?;
        let request = leader.next_job()?;
        checking += processor()?.saturating_sub(start);
        let Some(request) = request else { break };
        let start = processor()?;
        let answer = helper.job(&request, now)?;
        helping += processor()?.saturating_sub(start);
        let start = processor()?;
        leader.job_done(&answer)?;
        checking += processor()?.saturating_sub(start);
    }
    let id = task.id().as_ref().try_into()?;
    for (standing, _) in [leader.standing(&id, 1)?, helper.standing(&id, 1)?] {
        ensure!(
            standing.count == u64::try_from(reports.len())?,
            "{} were counted",
            standing.count
        );
    }
    Ok([taking_in, checking, helping])
}

/// Time on a processor so far, of all threads of this process that there are.
fn processor() -> anyhow::Result<Duration> {
    let mut sum = 0_u64;
    for thread in std::fs::read_dir("/proc/self/task").context("this needs Linux")? {
        // A thread may end while the list is read.
        let Ok(text) = std::fs::read_to_string(thread?.path().join("schedstat")) else {
            continue;
        };
        let nanoseconds: u64 = text
            .split_whitespace()
            .next()
            .context("`schedstat` is empty")?
            .parse()?;
        sum = sum.saturating_add(nanoseconds);
    }
    Ok(Duration::from_nanos(sum))
}
