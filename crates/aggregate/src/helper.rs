//! The helper: checks the reports that the leader brings, adds up its shares, and answers for its sum. A request that comes
//! again, because its answer was lost or a process was killed, gets the answer that was kept.

use crate::book::Book;
use crate::keys::{PrivateKey, Secret};
use crate::leader::JOB;
use crate::side::{Serving, Side, rows};
use crate::wire::{JobAnswer, JobRequest, Outcome, Prepare, Role, ShareAnswer, ShareRequest};
use crate::{Batch, Budget, Error, Refusal, Sealed, Standing, Task, encode};
use minicbor::{Decode, Encode};
use model::{Entropy, Time};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::sync::Arc;

/// The helper's state machine.
pub struct Helper(Side);

/// The last job of a task, as it was answered.
#[derive(Encode, Decode)]
struct Answered {
    #[n(0)]
    number: u64,
    #[cbor(n(1), with = "minicbor::bytes")]
    request: [u8; 32],
    #[n(2)]
    answer: JobAnswer,
}

/// A sum that was given away.
#[derive(Encode, Decode)]
struct Given {
    #[n(0)]
    request: ShareRequest,
    #[n(1)]
    sealed: Sealed,
}

impl Helper {
    /// Serves tasks from a data folder. `secret` is the one that leader and helper share.
    pub fn open(
        book: Book,
        tasks: Vec<Task>,
        key: PrivateKey,
        secret: &Secret,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, Error> {
        Side::open(Role::Helper, book, tasks, key, secret, entropy).map(Self)
    }

    /// Its tasks.
    pub fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.0.tasks()
    }

    /// How a batch stands, and what was spent.
    pub fn standing(&self, task: &[u8; 32], period: u32) -> Result<(Standing, Budget), Error> {
        self.0.standing(task, period)
    }

    /// Checks a job's reports. On return those that verify are counted, on disk.
    pub fn job(&mut self, request: &JobRequest, now: Time) -> Result<JobAnswer, Error> {
        let serving = self.0.serving(&request.task).ok_or(Error::NoTask)?;
        if request.reports.len() > JOB {
            return Err(Error::TooMany {
                limit: JOB,
                found: request.reports.len(),
            });
        }
        let hash: [u8; 32] = Sha256::digest(encode(request)).into();
        let row = rows::last_job(&request.task);
        let last: Option<Answered> = self.0.book.get(&row)?;
        let number = last.as_ref().map_or(0, |last| last.number);
        if let Some(last) = last.filter(|last| last.number == request.number) {
            return match last.request == hash {
                true => Ok(last.answer),
                false => Err(Error::OtherJob(request.number)),
            };
        }
        if number.checked_add(1) != Some(request.number) {
            return Err(Error::OutOfOrder {
                last: number,
                found: request.number,
            });
        }
        let mut batch = self.0.batch(&serving.task, request.period)?;
        let mut changes = self.0.book.changes();
        let mut here = HashSet::new();
        let mut outcomes = Vec::with_capacity(request.reports.len());
        for report in &request.reports {
            let seen = rows::seen(&request.task, request.period, &report.head.id);
            let outcome = match here.insert(report.head.id) && !self.0.book.has(&seen)? {
                false => Err(Refusal::Replayed),
                true => self.check(&serving, request, report, &mut batch, now),
            };
            outcomes.push(match outcome {
                Ok(message) => {
                    changes.put_bytes(seen, Vec::new());
                    Outcome::Counted(message)
                }
                Err(why) => {
                    batch.refuse(why);
                    Outcome::Refused(why)
                }
            });
        }
        let answer = JobAnswer {
            number: request.number,
            outcomes,
        };
        let answered = Answered {
            number: request.number,
            request: hash,
            answer,
        };
        changes.put(row, &answered);
        Side::put_batch(&mut changes, &serving.task, request.period, &batch)?;
        self.0.book.commit(changes)?;
        Ok(answered.answer)
    }

    fn check(
        &self,
        serving: &Serving,
        request: &JobRequest,
        report: &Prepare,
        batch: &mut Batch,
        now: Time,
    ) -> Result<Vec<u8>, Refusal> {
        let head = &report.head;
        if head.task != request.task {
            return Err(Refusal::Task);
        }
        if head.period != request.period {
            return Err(Refusal::Period);
        }
        serving.task.admits(head, now)?;
        let begun = self.0.begin(serving, head, &report.public_share, &report.helper)?;
        let shares = [report.verifier_share.as_slice(), begun.share.as_slice()];
        let message = serving.party.join(&begun.state, &shares)?;
        let share = serving.party.finish(begun.state, &message)?;
        batch.count(&head.id, &share)?;
        Ok(message)
    }

    /// The sum with its noise, if both counted the same reports. Asked again, the same bytes.
    pub fn share(&mut self, request: &ShareRequest, now: Time) -> Result<ShareAnswer, Error> {
        let serving = self.0.serving(&request.asked.task).ok_or(Error::NoTask)?;
        let row = rows::collection(&request.asked);
        if let Some(given) = self.0.book.get::<Given>(&row)? {
            return match given.request == *request {
                true => Ok(ShareAnswer { sealed: given.sealed }),
                false => Err(Error::Conflict(request.asked.number)),
            };
        }
        let (batch, budget) = self.0.may_answer(&serving.task, request, now)?;
        let standing = batch.standing();
        if (standing.count, standing.checksum) != (request.count, request.checksum) {
            return Err(Error::Disagree {
                leader: request.count,
                helper: standing.count,
            });
        }
        let mut changes = self.0.book.changes();
        let sealed = self.0.answer(&serving.task, request, &batch, &budget, &mut changes)?;
        let given = Given {
            request: request.clone(),
            sealed,
        };
        changes.put(row, &given);
        self.0.book.commit(changes)?;
        Ok(ShareAnswer { sealed: given.sealed })
    }
}
