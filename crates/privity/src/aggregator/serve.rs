//! The two processes.

use super::far::{Far, FarFault};
use super::listen::{BODY, Problem, cbor, message, token, with};
use super::{read, task_of};
use crate::outside;
use crate::serve::stop;
use aggregate::{
    Book, CollectRequest, Collected, Error, Helper, JobRequest, Leader, PrivateKey, Refusal, Report, Role, Secret,
    ShareAnswer, ShareRequest, Step, Task, TokenHash,
};
use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use clap::Args;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// How long the leader waits before it asks again for what failed, or looks for reports without being told.
const AGAIN: Duration = Duration::from_secs(1);

/// What both need.
#[derive(Args)]
struct Site {
    /// The data folder: of this aggregator alone.
    #[arg(long, value_name = "FOLDER")]
    data: PathBuf,
    /// The file with this aggregator's key. Keep it outside the data folder.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The file with the secret that leader and helper share.
    #[arg(long, value_name = "FILE")]
    secret: PathBuf,
    /// A task to serve. Repeatable, one for each partner.
    #[arg(long = "task", value_name = "FILE", required = true)]
    tasks: Vec<PathBuf>,
    /// The address to listen on. Put a reverse proxy with TLS before it.
    #[arg(long, value_name = "ADDR")]
    listen: String,
}

/// What a site comes to.
struct Opened {
    book: Book,
    tasks: Vec<Task>,
    key: PrivateKey,
    secret: Secret,
    listener: TcpListener,
}

impl Site {
    async fn open(&self, role: Role) -> anyhow::Result<Opened> {
        let tasks = self.tasks.iter().map(|path| task_of(path));
        let tasks = tasks.collect::<anyhow::Result<Vec<_>>>()?;
        let opened = Opened {
            book: Book::open(&self.data, role)?,
            key: read(&self.key)?,
            secret: read(&self.secret)?,
            listener: TcpListener::bind(&self.listen)
                .await
                .with_context(|| format!("listening on {}", self.listen))?,
            tasks,
        };
        for task in &opened.tasks {
            tracing::info!(role = role.as_str(), task = %task.id(), partner = task.terms().partner, "serving");
        }
        Ok(opened)
    }
}

/// `privity aggregator helper`
#[derive(Args)]
pub struct HelperArgs {
    #[command(flatten)]
    site: Site,
}

struct Helping {
    helper: Arc<Mutex<Helper>>,
    leader: TokenHash,
}

impl HelperArgs {
    /// Serves until it is told to stop.
    pub async fn run(self) -> anyhow::Result<()> {
        let site = self.site.open(Role::Helper).await?;
        let leader = TokenHash::of(&site.secret.leaders_token());
        let helper = Helper::open(site.book, site.tasks, site.key, &site.secret, outside::entropy())?;
        let helping = Helping {
            helper: Arc::new(Mutex::new(helper)),
            leader,
        };
        let router = Router::new()
            .route("/jobs", post(job))
            .route("/sums", post(sum))
            .layer(DefaultBodyLimit::max(BODY))
            .with_state(Arc::new(helping));
        axum::serve(site.listener, router)
            .with_graceful_shutdown(stop())
            .await?;
        Ok(())
    }
}

impl Helping {
    fn known(&self, headers: &HeaderMap) -> Result<(), Problem> {
        match token(headers) == Some(self.leader) {
            true => Ok(()),
            false => Err(Problem::token()),
        }
    }
}

async fn job(State(helping): State<Arc<Helping>>, headers: HeaderMap, body: Bytes) -> Result<Response, Problem> {
    helping.known(&headers)?;
    let request: JobRequest = message(&body)?;
    let now = outside::now();
    let answer = with(&helping.helper, move |helper| Ok(helper.job(&request, now)?)).await?;
    Ok(cbor(&answer))
}

async fn sum(State(helping): State<Arc<Helping>>, headers: HeaderMap, body: Bytes) -> Result<Response, Problem> {
    helping.known(&headers)?;
    let request: ShareRequest = message(&body)?;
    let now = outside::now();
    let answer = with(&helping.helper, move |helper| Ok(helper.share(&request, now)?)).await?;
    tracing::info!("a sum was given away");
    Ok(cbor(&answer))
}

/// `privity aggregator leader`
#[derive(Args)]
pub struct LeaderArgs {
    #[command(flatten)]
    site: Site,
    /// The helper's address, as in https://helper.auditor.example
    #[arg(long, value_name = "URL")]
    helper: String,
}

struct Leading {
    leader: Arc<Mutex<Leader>>,
    helper: Arc<Far>,
    tasks: Vec<Task>,
    /// Says that there is work.
    work: SyncSender<()>,
}

impl LeaderArgs {
    /// Serves until it is told to stop, or its data folder must be opened again.
    pub async fn run(self) -> anyhow::Result<()> {
        let site = self.site.open(Role::Leader).await?;
        let helper = Arc::new(Far::new(&self.helper, site.secret.leaders_token().to_string()));
        let leader = Leader::open(
            site.book,
            site.tasks.clone(),
            site.key,
            &site.secret,
            outside::entropy(),
        )?;
        let leader = Arc::new(Mutex::new(leader));
        let (work, told) = sync_channel(1);
        let (broken, ended) = oneshot::channel();
        let leading = Leading {
            leader: Arc::clone(&leader),
            helper: Arc::clone(&helper),
            tasks: site.tasks,
            work,
        };
        // It may be cut off anywhere: what it was at is on disk.
        std::thread::spawn(move || _ = broken.send(check_forever(&leader, &helper, &told)));
        let router = Router::new()
            .route("/reports", post(reports))
            .route("/collect", post(collect))
            .layer(DefaultBodyLimit::max(BODY))
            .with_state(Arc::new(leading));
        let served = axum::serve(site.listener, router).with_graceful_shutdown(stop());
        tokio::select! {
            served = served => Ok(served?),
            ended = ended => match ended {
                Ok(Err(error)) => Err(error).context("the data folder must be opened again"),
                _ => Ok(()),
            },
        }
    }
}

/// Brings reports that wait to the helper, one job after the other, until the data folder fails or nobody is there to tell.
fn check_forever(leader: &Mutex<Leader>, helper: &Far, told: &Receiver<()>) -> Result<(), Error> {
    use std::sync::mpsc::RecvTimeoutError::Disconnected;
    loop {
        while check_some(leader, helper)? {}
        if told.recv_timeout(AGAIN) == Err(Disconnected) {
            return Ok(());
        }
    }
}

/// One job. False if there is none, or the helper cannot be asked now.
fn check_some(leader: &Mutex<Leader>, helper: &Far) -> Result<bool, Error> {
    let hold = || leader.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(request) = hold().next_job()? else {
        return Ok(false);
    };
    match helper.ask("/jobs", &request) {
        Ok(answer) => match hold().job_done(&answer) {
            Ok(()) => {
                tracing::info!(job = request.number, reports = request.reports.len(), "checked");
                Ok(true)
            }
            Err(error @ Error::Storage(_)) => Err(error),
            Err(error) => {
                tracing::error!(job = request.number, %error, "the helper's answer is of no use");
                Ok(false)
            }
        },
        Err(FarFault::Silent(_, error)) => {
            tracing::warn!(job = request.number, error, "the helper cannot be asked now");
            Ok(false)
        }
        Err(error) => {
            tracing::error!(job = request.number, %error, "the helper refuses the job");
            Ok(false)
        }
    }
}

async fn reports(State(leading): State<Arc<Leading>>, headers: HeaderMap, body: Bytes) -> Result<Response, Problem> {
    let shown = token(&headers);
    // Only who may upload to one of the tasks gets as far as having something read.
    let mine = |task: &&Task| Some(task.terms().upload_token) == shown;
    let tasks: Vec<Vec<u8>> = leading
        .tasks
        .iter()
        .filter(mine)
        .map(|t| t.id().as_ref().to_vec())
        .collect();
    if tasks.is_empty() {
        return Err(Problem::token());
    }
    let reports: Vec<Report> = message(&body)?;
    let now = outside::now();
    let answers = with(&leading.leader, move |leader| {
        let theirs = |report: &&Report| tasks.iter().any(|task| *task == report.head.task);
        let all: Vec<Report> = reports.iter().filter(theirs).cloned().collect();
        let mut accepted = leader.accept(&all, now)?.into_iter();
        let answers = reports.iter().map(|report| match theirs(&report) {
            true => accepted.next().and_then(Result::err),
            false => Some(Refusal::Task),
        });
        Ok(answers.collect::<Vec<Option<Refusal>>>())
    })
    .await?;
    // Full means that it was told already.
    _ = leading.work.try_send(());
    Ok(cbor(&answers))
}

async fn collect(State(leading): State<Arc<Leading>>, headers: HeaderMap, body: Bytes) -> Result<Response, Problem> {
    let asked: CollectRequest = message(&body)?;
    let task = leading.tasks.iter().find(|task| task.id().as_ref() == asked.task);
    let expected = task.map(|task| task.terms().collect_token);
    if expected.is_none() || token(&headers) != expected {
        return Err(Problem::token());
    }
    let now = outside::now();
    let request = match with(&leading.leader, move |leader| Ok(leader.collect(&asked, now)?)).await? {
        Step::Done(collected) => return Ok(cbor(collected.as_ref())),
        Step::Ask(request) => request,
    };
    let (helper, sent) = (Arc::clone(&leading.helper), request.clone());
    let answer = tokio::task::spawn_blocking(move || helper.ask::<_, ShareAnswer>("/sums", &sent)).await;
    let answer = answer.map_err(|e| Problem::silent(e.to_string()))?;
    let collected: Collected = with(&leading.leader, move |leader| match answer {
        Ok(answer) => Ok(leader.collected(&request, answer, now)?),
        Err(FarFault::Refused(said)) => {
            leader.refused(&request)?;
            Err(Problem::refused(&said))
        }
        Err(error) => Err(Problem::silent(error.to_string())),
    })
    .await?;
    tracing::info!(
        period = collected.about.asked.period,
        number = collected.about.asked.number,
        "collected"
    );
    // Reports of this period waited.
    _ = leading.work.try_send(());
    Ok(cbor(&collected))
}
