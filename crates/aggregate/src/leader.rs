//! The leader: takes reports in, has them checked together with the helper, and answers the collector.
//!
//! Each step that reaches the helper is on disk before it is asked: a job with its reports, a collection with its count. After
//! a crash the same step is asked again, and the helper answers what it answered.

use crate::book::Book;
use crate::keys::{PrivateKey, Secret};
use crate::party::Begun;
use crate::side::{Proof, Serving, Side, rows};
use crate::wire::{
    CollectRequest, Collected, Head, JobAnswer, JobRequest, Outcome, Prepare, Report, ReportId, Role, ShareAnswer,
    ShareRequest,
};
use crate::{Budget, Error, Refusal, Standing, Task, decode};
use minicbor::{Decode, Encode};
use model::{Entropy, Time};
use std::collections::HashSet;
use std::sync::Arc;

/// Reports of a job at most.
pub const JOB: usize = 256;

/// The leader's state machine.
pub struct Leader {
    side: Side,
    under_way: Option<UnderWay>,
}

/// A job as it is kept: what it asks follows from its reports.
#[derive(Debug, Encode, Decode)]
struct Job {
    #[cbor(n(0), with = "minicbor::bytes")]
    task: [u8; 32],
    #[n(1)]
    period: u32,
    #[n(2)]
    number: u64,
    #[n(3)]
    ids: Vec<Id>,
}

#[derive(Debug, Clone, Copy, Encode, Decode)]
#[cbor(transparent)]
struct Id(#[cbor(n(0), with = "minicbor::bytes")] ReportId);

/// A job that waits for its answer.
struct UnderWay {
    serving: Arc<Serving>,
    job: Job,
    /// In the order of the request.
    begun: Vec<(ReportId, Begun<Proof>)>,
    /// What the leader itself refuses.
    refused: Vec<(ReportId, Refusal)>,
}

/// What comes of asking for counts.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// They were collected before: this is the answer.
    Done(Box<Collected>),
    /// The helper must be asked, and its answer brought to [`Leader::collected`].
    Ask(ShareRequest),
}

impl Leader {
    /// Serves tasks from a data folder. `secret` is the one that leader and helper share.
    pub fn open(
        book: Book,
        tasks: Vec<Task>,
        key: PrivateKey,
        secret: &Secret,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, Error> {
        Ok(Self {
            side: Side::open(Role::Leader, book, tasks, key, secret, entropy)?,
            under_way: None,
        })
    }

    /// Its tasks.
    pub fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.side.tasks()
    }

    /// How a batch stands, and what was spent.
    pub fn standing(&self, task: &[u8; 32], period: u32) -> Result<(Standing, Budget), Error> {
        self.side.standing(task, period)
    }

    /// Takes reports in: each is on disk on return, or refused with the reason. One that came before is `Replayed`, so a client
    /// that heard no answer may send again.
    pub fn accept(&mut self, reports: &[Report], now: Time) -> Result<Vec<Result<(), Refusal>>, Error> {
        let mut changes = self.side.book.changes();
        let mut here = HashSet::new();
        let mut answers = Vec::with_capacity(reports.len());
        for report in reports {
            let head = &report.head;
            let seen = rows::seen(&head.task, head.period, &head.id);
            let key = (head.task, head.period, head.id);
            let answer = match here.contains(&key) || self.side.book.has(&seen)? {
                true => Err(Refusal::Replayed),
                false => self.look(report, now),
            };
            if answer.is_ok() {
                here.insert(key);
                changes.put_bytes(seen, Vec::new());
                changes.put(rows::waiting(head), report);
            }
            answers.push(answer);
        }
        self.side.book.commit(changes)?;
        Ok(answers)
    }

    fn look(&self, report: &Report, now: Time) -> Result<(), Refusal> {
        let serving = self.side.serving(&report.head.task).ok_or(Refusal::Task)?;
        serving.task.admits(&report.head, now)?;
        self.side
            .unseal(&serving.task, &report.head, &report.public_share, &report.leader)?;
        Ok(())
    }

    /// The next reports to check, if any wait. The same until [`Self::job_done`], also after a crash.
    pub fn next_job(&mut self) -> Result<Option<JobRequest>, Error> {
        loop {
            let job = match self.side.book.get::<Job>(&rows::job())? {
                Some(job) => job,
                None => match self.choose()? {
                    None => return Ok(None),
                    Some(job) => {
                        let mut changes = self.side.book.changes();
                        changes.put(rows::job(), &job);
                        self.side.book.commit(changes)?;
                        job
                    }
                },
            };
            let (under_way, request) = self.begin(job)?;
            if !request.reports.is_empty() {
                self.under_way = Some(under_way);
                return Ok(Some(request));
            }
            // The leader refuses all of them: there is nothing to ask.
            self.commit_job(under_way, &[])?;
        }
    }

    /// Reports of one period that wait, of a batch that is not being collected.
    fn choose(&self) -> Result<Option<Job>, Error> {
        for task in self.side.tasks() {
            let task = task.id().0;
            let mut from = rows::waiting_in(&task, 0);
            let all = [&[b'w'][..], &task].concat();
            while let Some(key) = self.side.book.keys(&all, from, 1)?.pop() {
                let (period, _) = place(&key)?;
                let within = rows::waiting_in(&task, period);
                if !self.side.book.has(&rows::open(&task, period))? {
                    let keys = self.side.book.keys(&within, within.clone(), JOB)?;
                    let ids = keys.iter().map(|key| place(key).map(|(_, id)| Id(id)));
                    let last: Option<u64> = self.side.book.get(&rows::last_job(&task))?;
                    return Ok(Some(Job {
                        task,
                        period,
                        number: last.unwrap_or(0).saturating_add(1),
                        ids: ids.collect::<Result<_, _>>()?,
                    }));
                }
                let Some(next) = period.checked_add(1) else { break };
                from = rows::waiting_in(&task, next);
            }
        }
        Ok(None)
    }

    /// Opens a job's reports. The same job begins the same way, however often.
    fn begin(&self, job: Job) -> Result<(UnderWay, JobRequest), Error> {
        let serving = self.side.serving(&job.task).ok_or(Error::NoTask)?;
        let mut request = JobRequest {
            task: job.task,
            number: job.number,
            period: job.period,
            reports: Vec::with_capacity(job.ids.len()),
        };
        let (mut begun, mut refused) = (Vec::with_capacity(job.ids.len()), Vec::new());
        for Id(id) in &job.ids {
            let row = rows::waiting(&Head {
                task: job.task,
                period: job.period,
                id: *id,
                hour: 0,
            });
            let lost = || Error::Storage("a report of the job under way is missing".to_owned());
            let report: Report = decode(&self.side.book.bytes(&row)?.ok_or_else(lost)?)?;
            match self
                .side
                .begin(&serving, &report.head, &report.public_share, &report.leader)
            {
                Err(why) => refused.push((*id, why)),
                Ok(mut one) => {
                    request.reports.push(Prepare {
                        head: report.head,
                        public_share: report.public_share,
                        helper: report.helper,
                        verifier_share: std::mem::take(&mut one.share),
                    });
                    begun.push((*id, one));
                }
            }
        }
        let under_way = UnderWay {
            serving,
            job,
            begun,
            refused,
        };
        Ok((under_way, request))
    }

    /// Takes the helper's answer. On return what it counted is counted here too, on disk, and the job is over.
    pub fn job_done(&mut self, answer: &JobAnswer) -> Result<(), Error> {
        let under_way = self.under_way.take().ok_or(Error::NoJob)?;
        if answer.number != under_way.job.number || answer.outcomes.len() != under_way.begun.len() {
            return Err(Error::Malformed("the helper answered another job".to_owned()));
        }
        self.commit_job(under_way, &answer.outcomes)
    }

    fn commit_job(&mut self, under_way: UnderWay, outcomes: &[Outcome]) -> Result<(), Error> {
        let UnderWay {
            serving,
            job,
            begun,
            refused,
        } = under_way;
        let asked = !begun.is_empty();
        let mut batch = self.side.batch(&serving.task, job.period)?;
        for (_, why) in refused {
            batch.refuse(why);
        }
        for ((id, one), outcome) in begun.into_iter().zip(outcomes) {
            let counted = match outcome {
                Outcome::Refused(why) => Err(*why),
                Outcome::Counted(message) => serving
                    .party
                    .finish(one.state, message)
                    .and_then(|share| batch.count(&id, &share)),
            };
            if let Err(why) = counted {
                batch.refuse(why);
                // Counted there and not here: the checksums will differ, and nothing of this batch is ever told.
                if let Outcome::Counted(_) = outcome {
                    tracing::error!(%why, "the helper counted a report that the leader refuses");
                }
            }
        }
        let mut changes = self.side.book.changes();
        for Id(id) in &job.ids {
            let head = Head {
                task: job.task,
                period: job.period,
                id: *id,
                hour: 0,
            };
            changes.remove(rows::waiting(&head));
        }
        changes.remove(rows::job());
        if asked {
            changes.put(rows::last_job(&job.task), &job.number);
        }
        Side::put_batch(&mut changes, &serving.task, job.period, &batch)?;
        self.side.book.commit(changes)
    }

    /// Asks for counts. Until the helper's answer is in, no report of that period is checked.
    pub fn collect(&mut self, asked: &CollectRequest, now: Time) -> Result<Step, Error> {
        let serving = self.side.serving(&asked.task).ok_or(Error::NoTask)?;
        if let Some(collected) = self.side.book.get::<Collected>(&rows::collection(asked))? {
            return match collected.about.asked == *asked {
                true => Ok(Step::Done(Box::new(collected))),
                false => Err(Error::Conflict(asked.number)),
            };
        }
        let open = rows::open(&asked.task, asked.period);
        if let Some(request) = self.side.book.get::<ShareRequest>(&open)? {
            return match request.asked == *asked {
                true => Ok(Step::Ask(request)),
                false => Err(Error::Working),
            };
        }
        let job = self.side.book.get::<Job>(&rows::job())?;
        if job.is_some_and(|job| job.task == asked.task && job.period == asked.period) {
            return Err(Error::Working);
        }
        let standing = self.side.batch(&serving.task, asked.period)?.standing().clone();
        let request = ShareRequest {
            asked: asked.clone(),
            count: standing.count,
            checksum: standing.checksum,
        };
        self.side.may_answer(&serving.task, &request, now)?;
        let mut changes = self.side.book.changes();
        changes.put(open, &request);
        self.side.book.commit(changes)?;
        Ok(Step::Ask(request))
    }

    /// Takes the helper's sum, adds the leader's own, and keeps both: from here on this collection has this answer.
    pub fn collected(&mut self, request: &ShareRequest, answer: ShareAnswer, now: Time) -> Result<Collected, Error> {
        let serving = self.side.serving(&request.asked.task).ok_or(Error::NoTask)?;
        let row = rows::collection(&request.asked);
        if let Some(collected) = self.side.book.get::<Collected>(&row)? {
            return Ok(collected);
        }
        let open = rows::open(&request.asked.task, request.asked.period);
        if self.side.book.get::<ShareRequest>(&open)?.as_ref() != Some(request) {
            return Err(Error::Conflict(request.asked.number));
        }
        let (batch, budget) = self.side.may_answer(&serving.task, request, now)?;
        let mut changes = self.side.book.changes();
        let leader = self
            .side
            .answer(&serving.task, request, &batch, &budget, &mut changes)?;
        let collected = Collected {
            about: request.clone(),
            leader,
            helper: answer.sealed,
        };
        changes.put(row, &collected);
        changes.remove(open);
        self.side.book.commit(changes)?;
        Ok(collected)
    }

    /// The helper refused: the collection is as if it had not been asked for. Never after a mere failure to reach it, since
    /// it may have given its sum.
    pub fn refused(&mut self, request: &ShareRequest) -> Result<(), Error> {
        let open = rows::open(&request.asked.task, request.asked.period);
        if self.side.book.get::<ShareRequest>(&open)?.as_ref() == Some(request) {
            let mut changes = self.side.book.changes();
            changes.remove(open);
            self.side.book.commit(changes)?;
        }
        Ok(())
    }
}

/// The period and the id in the key of a waiting report.
fn place(key: &[u8]) -> Result<(u32, ReportId), Error> {
    let read = || {
        let rest = key.get(33..)?;
        let (period, id) = rest.split_first_chunk::<4>()?;
        Some((u32::from_be_bytes(*period), id.try_into().ok()?))
    };
    read().ok_or_else(|| Error::Storage("the key of a report has another length".to_owned()))
}
