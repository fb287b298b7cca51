//! A made-up task, its keys, people and data folders.

use aggregate::{
    Act, Book, Collected, Contribution, Error, Helper, JobRequest, Leader, PrivateKey, Report, Rho, Role, Secret, Step,
    Task, Terms, TokenHash, collector, decode, encode, report_id,
};
use model::{Entropy, Time};
use report::Key;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub const LEADER: [u8; 32] = [1; 32];
pub const HELPER: [u8; 32] = [2; 32];
pub const COLLECTOR: [u8; 32] = [3; 32];

/// Bytes that follow from a number: the same in every run, and never the same twice in one.
pub struct Counting(AtomicU64);

impl Counting {
    pub fn from(seed: u64) -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(seed << 32)))
    }
}

impl Entropy for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(32) {
            let block = Sha256::digest(self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes());
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}

pub fn secret() -> Secret {
    Secret::new([7; 32])
}

pub fn time(text: &str) -> Time {
    text.parse().unwrap()
}

/// Two days a period, eight cells a day: 32 numbers. The noise is as small as the terms allow.
pub fn terms() -> Terms {
    let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
    Terms {
        partner: "marquee".to_owned(),
        starts: time("2027-11-01T15:30:00Z"),
        ends: time("2028-11-01T00:00:00Z"),
        period_days: 2,
        late_days: 3,
        interface: names(&["tv", "web"]),
        initiation_surface: names(&["post_play", "search"]),
        variant: names(&["a"]),
        cap: 8,
        least_reports: 10,
        rho_millionths: Rho(10_000_000),
        leader_key: PrivateKey::from_seed(&LEADER).public(),
        helper_key: PrivateKey::from_seed(&HELPER).public(),
        collector_key: PrivateKey::from_seed(&COLLECTOR).public(),
        upload_token: TokenHash::of("upload"),
        collect_token: TokenHash::of("collect"),
    }
}

pub fn task() -> Task {
    Task::new(terms()).unwrap()
}

/// A moment in period 1, and one after it.
pub fn within() -> Time {
    time("2027-11-02T20:10:00Z")
}

pub fn after() -> Time {
    time("2027-11-03T00:10:00Z")
}

pub fn key(task: &Task, at: usize) -> Key {
    task.domain().keys(&task.period(1).unwrap()).nth(at).unwrap()
}

/// A person of that number: she sent once in the cell of her number, and clicked twice in the next.
pub fn acts(task: &Task, person: usize) -> Vec<(usize, Act)> {
    let cells = task.length() / 2;
    let next = (person + 1) % cells;
    vec![(person % cells, Act::Send), (next, Act::Click), (next, Act::Click)]
}

pub fn contribution(task: &Task, acts: &[(usize, Act)]) -> Contribution {
    let mut contribution = Contribution::new(task);
    for (cell, act) in acts {
        assert!(contribution.add(task, &key(task, *cell), *act).unwrap());
    }
    contribution
}

pub fn report(task: &Task, person: usize) -> Report {
    let id = report_id(&Secret::new([9; 32]), task, 1, &format!("person {person}"));
    let entropy = Counting::from(1_000 + person as u64);
    let report = task
        .report(
            &contribution(task, &acts(task, person)),
            1,
            id,
            within(),
            entropy.as_ref(),
        )
        .unwrap();
    // As it comes over the wire.
    decode(&encode(&report)).unwrap()
}

pub fn reports(task: &Task, people: usize) -> Vec<Report> {
    (0..people).map(|person| report(task, person)).collect()
}

/// What people 0 to `people` did, by cell.
pub fn truth(task: &Task, people: usize) -> Vec<[i128; 2]> {
    let mut cells = vec![[0, 0]; task.length() / 2];
    for person in 0..people {
        for (cell, act) in acts(task, person) {
            cells[cell][usize::from(act == Act::Click)] += 1;
        }
    }
    cells
}

pub fn open_leader(folder: &Path, tasks: Vec<Task>, seed: u64) -> Result<Leader, Error> {
    let book = Book::open(&folder.join("leader"), Role::Leader)?;
    let key = PrivateKey::from_seed(&LEADER);
    Leader::open(book, tasks, key, &secret(), Counting::from(seed))
}

pub fn open_helper(folder: &Path, tasks: Vec<Task>, seed: u64) -> Result<Helper, Error> {
    let book = Book::open(&folder.join("helper"), Role::Helper)?;
    let key = PrivateKey::from_seed(&HELPER);
    Helper::open(book, tasks, key, &secret(), Counting::from(seed))
}

/// Both, in one temporary folder.
pub struct World {
    pub folder: tempfile::TempDir,
    pub task: Task,
    pub leader: Leader,
    pub helper: Helper,
}

impl World {
    pub fn of(terms: Terms) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let task = Task::new(terms).unwrap();
        Self {
            leader: open_leader(folder.path(), vec![task.clone()], 1).unwrap(),
            helper: open_helper(folder.path(), vec![task.clone()], 2).unwrap(),
            folder,
            task,
        }
    }

    pub fn id(&self) -> [u8; 32] {
        self.task.id().as_ref().try_into().unwrap()
    }

    /// All jobs there are, each message as bytes.
    pub fn work(&mut self) {
        while let Some(request) = self.leader.next_job().unwrap() {
            let request: JobRequest = decode(&encode(&request)).unwrap();
            let answer = self.helper.job(&request, after()).unwrap();
            self.leader.job_done(&decode(&encode(&answer)).unwrap()).unwrap();
        }
    }

    /// A collection of period 1, as the processes do it.
    pub fn collect(&mut self, number: u32, rho: u32) -> Result<Collected, Error> {
        let asked = self.asked(number, rho);
        match self.leader.collect(&asked, after())? {
            Step::Done(collected) => Ok(*collected),
            Step::Ask(request) => match self.helper.share(&request, after()) {
                Ok(answer) => self.leader.collected(&request, answer, after()),
                Err(error) => {
                    self.leader.refused(&request)?;
                    Err(error)
                }
            },
        }
    }

    pub fn asked(&self, number: u32, rho: u32) -> aggregate::CollectRequest {
        aggregate::CollectRequest {
            task: self.id(),
            period: 1,
            number,
            rho: Rho(rho),
        }
    }

    pub fn open(&self, collected: &Collected) -> collector::Counted {
        collector::open(&self.task, &PrivateKey::from_seed(&COLLECTOR), collected).unwrap()
    }

    /// Counts are the truth give or take the noise: less than six sigmas each, where counting one job twice would be more.
    pub fn holds_the_truth(&mut self, people: usize) {
        let (leader, _) = self.leader.standing(&self.id(), 1).unwrap();
        let (helper, _) = self.helper.standing(&self.id(), 1).unwrap();
        assert_eq!(leader.count, people as u64);
        assert_eq!((leader.count, leader.checksum), (helper.count, helper.checksum));
        let collected = self.collect(1, 10_000_000).unwrap();
        let counted = self.open(&collected);
        let truth = truth(&self.task, people);
        assert_eq!(counted.cells.len(), truth.len());
        for ((key, found), truth) in counted.cells.iter().zip(&truth) {
            for (found, truth) in found.iter().zip(truth) {
                let away = (found - truth).unsigned_abs() as f64;
                assert!(away < 6.0 * counted.sigma, "{key:?}: {found}, truly {truth}");
            }
        }
    }
}
