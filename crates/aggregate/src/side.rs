//! What leader and helper both do: serve tasks, open shares, keep batches and budgets, and give their sum away once.

use crate::book::{Book, Changes};
use crate::keys::{PrivateKey, Secret};
use crate::party::{Begun, Party};
use crate::wire::{Head, INPUT_SHARE, Role, SUM_SHARE, ShareRequest, about_report, about_sum};
use crate::{Batch, Budget, Error, Refusal, Sealed, Standing, Task, collector, encode, seal};
use model::{Entropy, Time};
use prio::vdaf::prio3::Prio3L1BoundSum;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The proof system of all tasks.
pub(crate) type Proof = Prio3L1BoundSum;

/// A task and this side of its proofs.
pub(crate) struct Serving {
    pub(crate) task: Task,
    pub(crate) party: Party<Proof>,
}

/// One aggregator.
pub(crate) struct Side {
    pub(crate) role: Role,
    pub(crate) book: Book,
    tasks: BTreeMap<[u8; 32], Arc<Serving>>,
    key: PrivateKey,
    entropy: Arc<dyn Entropy>,
}

/// Rows: a letter, then what they are of.
pub(crate) mod rows {
    use super::Head;
    use crate::wire::{CollectRequest, ReportId};

    fn of(letter: u8, parts: &[&[u8]]) -> Vec<u8> {
        let mut key = vec![letter];
        parts.iter().for_each(|part| key.extend_from_slice(part));
        key
    }
    /// A partner's task in this folder.
    pub(crate) fn task(partner: &str) -> Vec<u8> {
        of(b't', &[partner.as_bytes()])
    }
    /// A batch.
    pub(crate) fn batch(task: &[u8; 32], period: u32) -> Vec<u8> {
        of(b'b', &[task, &period.to_be_bytes()])
    }
    /// What was spent of a partner's period.
    pub(crate) fn budget(partner: &str, period: u32) -> Vec<u8> {
        of(b'm', &[&period.to_be_bytes(), partner.as_bytes()])
    }
    /// A report that came before.
    pub(crate) fn seen(task: &[u8; 32], period: u32, id: &ReportId) -> Vec<u8> {
        of(b's', &[task, &period.to_be_bytes(), id])
    }
    /// A report that waits at the leader.
    pub(crate) fn waiting(head: &Head) -> Vec<u8> {
        of(b'w', &[&head.task, &head.period.to_be_bytes(), &head.id])
    }
    /// All that wait, of a task's period.
    pub(crate) fn waiting_in(task: &[u8; 32], period: u32) -> Vec<u8> {
        of(b'w', &[task, &period.to_be_bytes()])
    }
    /// A collection that was answered.
    pub(crate) fn collection(asked: &CollectRequest) -> Vec<u8> {
        of(
            b'c',
            &[&asked.task, &asked.period.to_be_bytes(), &asked.number.to_be_bytes()],
        )
    }
    /// A collection that waits for the helper's sum.
    pub(crate) fn open(task: &[u8; 32], period: u32) -> Vec<u8> {
        of(b'o', &[task, &period.to_be_bytes()])
    }
    /// The number of a task's last job, with the helper's answer there.
    pub(crate) fn last_job(task: &[u8; 32]) -> Vec<u8> {
        of(b'n', &[task])
    }
    /// The leader's job under way.
    pub(crate) fn job() -> Vec<u8> {
        of(b'j', &[])
    }
}

impl Side {
    pub(crate) fn open(
        role: Role,
        mut book: Book,
        tasks: Vec<Task>,
        key: PrivateKey,
        secret: &Secret,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, Error> {
        let mut serving = BTreeMap::new();
        let mut changes = book.changes();
        for task in tasks {
            if task.key_of(role) != key.public() {
                return Err(Error::WrongKey(role.as_str()));
            }
            // A partner has one budget. Other terms would bring another one, so they do not come in.
            let partner = task.terms().partner.clone();
            let row = rows::task(&partner);
            let known = book.bytes(&row)?;
            let twice = serving
                .values()
                .any(|s: &Arc<Serving>| s.task.terms().partner == partner);
            if twice || known.is_some_and(|known| known != task.id().as_ref()) {
                return Err(Error::OtherTask(partner));
            }
            changes.put_bytes(row, task.id().as_ref().to_vec());
            let verify_key = secret.derive(b"privity aggregate v1 verify key", &[task.id().as_ref()]);
            let party = Party::new(task.proof().clone(), role.number(), verify_key, task.context());
            serving.insert(task.id().0, Arc::new(Serving { task, party }));
        }
        book.commit(changes)?;
        Ok(Self {
            role,
            book,
            tasks: serving,
            key,
            entropy,
        })
    }

    pub(crate) fn serving(&self, task: &[u8; 32]) -> Option<Arc<Serving>> {
        self.tasks.get(task).cloned()
    }

    pub(crate) fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.tasks.values().map(|serving| &serving.task)
    }

    /// Opens this side's share of a report.
    pub(crate) fn unseal(
        &self,
        task: &Task,
        head: &Head,
        public_share: &[u8],
        sealed: &Sealed,
    ) -> Result<Vec<u8>, Refusal> {
        let about = about_report(task, self.role, head, public_share);
        let share = seal::open(&self.key, INPUT_SHARE, &about, sealed).map_err(|_| Refusal::Sealed)?;
        let lengths = task.lengths();
        let length = match self.role {
            Role::Leader => lengths.leader,
            Role::Helper => lengths.helper,
        };
        match share.len() == length && public_share.len() == lengths.public_share {
            true => Ok(share),
            false => Err(Refusal::Share),
        }
    }

    /// Opens this side's share and begins the check of its proof.
    pub(crate) fn begin(
        &self,
        serving: &Serving,
        head: &Head,
        public_share: &[u8],
        sealed: &Sealed,
    ) -> Result<Begun<Proof>, Refusal> {
        let share = self.unseal(&serving.task, head, public_share, sealed)?;
        serving.party.begin(&head.id, public_share, &share)
    }

    pub(crate) fn batch(&self, task: &Task, period: u32) -> Result<Batch, Error> {
        match self.book.bytes(&rows::batch(&task.id().0, period))? {
            Some(row) => Batch::of_row(task, &row),
            None => Ok(Batch::new(task)),
        }
    }

    pub(crate) fn put_batch(changes: &mut Changes, task: &Task, period: u32, batch: &Batch) -> Result<(), Error> {
        changes.put_bytes(rows::batch(&task.id().0, period), batch.row()?);
        Ok(())
    }

    pub(crate) fn budget(&self, task: &Task, period: u32) -> Result<Budget, Error> {
        let terms = task.terms();
        let spent = self.book.get(&rows::budget(&terms.partner, period))?;
        Ok(spent.unwrap_or_else(|| Budget::new(terms.rho_millionths)))
    }

    pub(crate) fn standing(&self, task: &[u8; 32], period: u32) -> Result<(Standing, Budget), Error> {
        let serving = self.serving(task).ok_or(Error::NoTask)?;
        let batch = self.batch(&serving.task, period)?;
        Ok((batch.standing().clone(), self.budget(&serving.task, period)?))
    }

    /// Whether a new answer may be given: the period is over, the batch large enough, the budget not spent.
    pub(crate) fn may_answer(&self, task: &Task, request: &ShareRequest, now: Time) -> Result<(Batch, Budget), Error> {
        let number = request.asked.period;
        let period = task.period(number).ok_or(Error::NoPeriod(number))?;
        if now < period.ends() {
            return Err(Error::NotOver(number));
        }
        let batch = self.batch(task, number)?;
        let (found, least) = (batch.standing().count, task.terms().least_reports);
        if found < least {
            return Err(Error::TooFew { found, least });
        }
        let budget = self.budget(task, number)?.spend(request.asked.rho)?;
        Ok((batch, budget))
    }

    /// This side's sum with noise, sealed to the collector, and the spent budget: to be kept before it is told.
    pub(crate) fn answer(
        &self,
        task: &Task,
        request: &ShareRequest,
        batch: &Batch,
        budget: &Budget,
        changes: &mut Changes,
    ) -> Result<Sealed, Error> {
        let mut seed = [0; 32];
        self.entropy.fill(&mut seed);
        let sigma = task.sigma(request.asked.rho);
        let share = collector::Share {
            sigma,
            sum: batch.noisy(sigma, seed)?,
        };
        let about = about_sum(self.role, request);
        let to = task.terms().collector_key;
        let sealed = seal::seal(&to, SUM_SHARE, &about, &encode(&share), self.entropy.as_ref())
            .map_err(|_| Error::Sealed(self.role.as_str()))?;
        changes.put(rows::budget(&task.terms().partner, request.asked.period), budget);
        Ok(sealed)
    }
}
