//! The session with the cluster: what a request asks for, and how its answer is read.

use crate::attempt::{Attempt, Attempts};
use crate::config::Config;
use crate::pens::Pens;
use crate::traffic::Traffic;
use crate::trouble::{Trouble, corrupt, unread, unwritten};
use futures_util::{StreamExt, TryStreamExt, stream};
use scylla::client::PoolSize;
use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::deserialize::row::DeserializeRow;
use scylla::policies::load_balancing::DefaultPolicy;
use scylla::policies::retry::FallthroughRetryPolicy;
use scylla::response::PagingState;
use scylla::response::query_result::QueryResult;
use scylla::serialize::row::SerializeRow;
use scylla::statement::batch::{Batch, BatchType};
use scylla::statement::bound::BoundStatement;
use scylla::statement::prepared::PreparedStatement;
use scylla::statement::{Consistency, SerialConsistency, Statement};
use scylla::value::{CqlValue, Row};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Arc;
use store::{Read, StoreError};

/// Requests of one operation under way at once.
pub(crate) const AT_ONCE: usize = 16;
/// Rows that come with one answer, unless fewer are wanted.
pub(crate) const ROWS: i32 = 500;
/// How often a read is sent before its failure is told.
const TRIES: usize = 3;

/// What a statement does, from which its consistency and its repetition follow.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// Reads at a quorum, so that it sees what was acknowledged.
    Read,
    /// Writes to a quorum. Doing it twice is doing it once, so the driver may go on to another node.
    Write,
    /// Writes if a condition holds, through Paxos. Sent once; `decide` finds out what became of it.
    If,
}

/// Values of a statement in a group.
pub(crate) type Values = Box<dyn SerializeRow + Send + Sync>;

/// The session with the cluster.
#[derive(Debug)]
pub(crate) struct Cluster {
    session: Session,
    keyspace: String,
    attempts: Attempts,
    pens: Pens,
    traffic: Arc<Traffic>,
}

impl Cluster {
    /// Connects.
    pub(crate) async fn connect(config: &Config) -> Result<Self, StoreError> {
        config.check()?;
        let mut nodes = DefaultPolicy::builder().token_aware(true);
        if let Some(datacenter) = &config.datacenter {
            nodes = nodes.prefer_datacenter(datacenter.clone());
        }
        let profile = ExecutionProfile::builder()
            .consistency(Consistency::LocalQuorum)
            .serial_consistency(Some(SerialConsistency::LocalSerial))
            .request_timeout(Some(config.timeout))
            .load_balancing_policy(nodes.build())
            .build();
        let builder = config
            .builder()
            .keyspaces_to_fetch([&config.keyspace])
            .pool_size(PoolSize::PerHost(NonZeroUsize::MIN))
            .schema_agreement_interval(std::time::Duration::from_millis(20))
            .default_execution_profile_handle(profile.into_handle());
        let session = builder.build().await.map_err(unread)?;
        let attempts = Attempts::of(&session);
        Ok(Self {
            session,
            keyspace: config.keyspace.clone(),
            attempts,
            pens: Pens::new(),
            traffic: Arc::default(),
        })
    }

    /// A new name for what is about to be written.
    pub(crate) fn attempt(&self) -> Attempt {
        self.attempts.next()
    }

    /// What is asked of the nodes.
    pub(crate) fn traffic(&self) -> &Arc<Traffic> {
        &self.traffic
    }

    /// The queues in front of rows that change by compare-and-set.
    pub(crate) fn pens(&self) -> &Pens {
        &self.pens
    }

    /// A statement as it reads in our keyspace: it is written for one that is called `privity`.
    fn in_keyspace(&self, text: &str) -> String {
        text.replace("privity.", &format!("{}.", self.keyspace))
    }

    /// Prepares a statement for its kind of use.
    pub(crate) async fn prepare(&self, kind: Kind, text: &str) -> Result<PreparedStatement, StoreError> {
        let text = self.in_keyspace(text);
        let prepared = self.session.prepare(Statement::new(&text).with_page_size(ROWS)).await;
        let mut prepared = prepared.map_err(|error| StoreError::Unavailable(format!("`{text}`: {error}")))?;
        prepared.set_is_idempotent(matches!(kind, Kind::Read | Kind::Write));
        if matches!(kind, Kind::If) {
            prepared.set_retry_policy(Some(Arc::new(FallthroughRetryPolicy::new())));
        }
        Ok(prepared)
    }

    /// Carries out a statement that changes the schema, or one of a migration's own, as it is.
    pub(crate) async fn run(&self, text: &str) -> Result<(), StoreError> {
        self.session
            .query_unpaged(self.in_keyspace(text), ())
            .await
            .map(drop)
            .map_err(unwritten)
    }

    /// Waits until all nodes that can be reached have the same schema.
    pub(crate) async fn agree(&self) -> Result<(), StoreError> {
        self.session.await_schema_agreement().await.map(drop).map_err(unread)
    }

    /// All rows of an answer.
    pub(crate) async fn rows<R>(
        &self,
        statement: &PreparedStatement,
        values: impl SerializeRow,
    ) -> Result<Vec<R>, StoreError>
    where
        R: for<'a> DeserializeRow<'a, 'a>,
    {
        let mut pages = self.pages(statement, ROWS, values)?;
        let mut rows = Vec::new();
        while let Some(page) = pages.next().await? {
            rows.extend(page);
        }
        Ok(rows)
    }

    /// The first row of an answer.
    pub(crate) async fn row<R>(
        &self,
        statement: &PreparedStatement,
        values: impl SerializeRow,
    ) -> Result<Option<R>, StoreError>
    where
        R: for<'a> DeserializeRow<'a, 'a>,
    {
        Ok(self.rows(statement, values).await?.into_iter().next())
    }

    /// An answer, `size` rows at a time.
    pub(crate) fn pages<R>(
        &self,
        statement: &PreparedStatement,
        size: i32,
        values: impl SerializeRow,
    ) -> Result<Pages<'_, R>, StoreError> {
        let mut statement = statement.clone();
        statement.set_page_size(size.clamp(1, ROWS));
        let bound = statement.bind(&values).map_err(corrupt)?;
        Ok(Pages {
            cluster: self,
            bound,
            next: Some(PagingState::start()),
            row: std::marker::PhantomData,
        })
    }

    /// Writes a row.
    pub(crate) async fn write(
        &self,
        statement: &PreparedStatement,
        values: impl SerializeRow,
    ) -> Result<(), StoreError> {
        let _under_way = self.traffic.request();
        self.session
            .execute_unpaged(statement, values)
            .await
            .map(drop)
            .map_err(unwritten)
    }

    /// Writes groups of rows, each group in one go: its rows are of one partition. What is written here counts only once
    /// something else refers to it, so a failure has changed nothing: `Unavailable`.
    pub(crate) async fn stage(&self, groups: Vec<Group>) -> Result<(), StoreError> {
        each(groups, |group| self.send(group)).await.map(drop)
    }

    async fn send(&self, group: Group) -> Result<(), StoreError> {
        let mut tried = 1;
        loop {
            let _under_way = self.traffic.request();
            match self.session.batch(&group.batch, &group.values).await {
                Ok(_) => return Ok(()),
                Err(error) if tried >= TRIES => return Err(unread(error)),
                Err(_) => tried += 1,
            }
        }
    }

    /// Takes away what nothing refers to any more. A failure costs space, no more.
    pub(crate) async fn discard(&self, groups: Vec<Group>) {
        if let Err(error) = self.stage(groups).await {
            tracing::warn!(%error, "rows that nothing refers to stay behind");
        }
    }

    /// Asks for a conditional write, once.
    pub(crate) async fn ask(&self, statement: &PreparedStatement, values: impl SerializeRow) -> Result<bool, Trouble> {
        let _under_way = self.traffic.request();
        let answer = self.session.execute_unpaged(statement, values).await;
        applied(answer.map_err(|error| Trouble::of(&error))?)
    }

    /// Asks for a group of writes to one partition of which one has a condition, once.
    pub(crate) async fn ask_group(&self, group: &Group) -> Result<bool, Trouble> {
        let _under_way = self.traffic.request();
        let answer = self.session.batch(&group.batch, &group.values).await;
        applied(answer.map_err(|error| Trouble::of(&error))?)
    }
}

/// Whether a conditional write took place: what the first column of its answer says.
fn applied(answer: QueryResult) -> Result<bool, Trouble> {
    let shape = |told: String| Trouble::Perhaps(told);
    let rows = answer.into_rows_result().map_err(|e| shape(e.to_string()))?;
    let row = rows.maybe_first_row::<Row>().map_err(|e| shape(e.to_string()))?;
    match row.and_then(|row| row.columns.into_iter().next().flatten()) {
        Some(CqlValue::Boolean(applied)) => Ok(applied),
        _ => Err(shape("a conditional write was answered with something else".to_owned())),
    }
}

/// The rows of an answer, a page at a time.
pub(crate) struct Pages<'a, R> {
    cluster: &'a Cluster,
    bound: BoundStatement,
    next: Option<PagingState>,
    row: std::marker::PhantomData<fn() -> R>,
}

impl<R> Pages<'_, R>
where
    R: for<'a> DeserializeRow<'a, 'a>,
{
    /// Whether there is no other page.
    pub(crate) fn are_over(&self) -> bool {
        self.next.is_none()
    }

    /// The next page; `None` after the last. A page may be empty and yet not the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<R>>, StoreError> {
        let Some(place) = self.next.take() else { return Ok(None) };
        let mut tried = 1;
        let (answer, following) = loop {
            let _under_way = self.cluster.traffic.request();
            match self
                .cluster
                .session
                .execute_bound_single_page(&self.bound, place.clone())
                .await
            {
                Ok(answer) => break answer,
                Err(error) if tried >= TRIES => return Err(unread(error)),
                Err(_) => tried += 1,
            }
        };
        if let ControlFlow::Continue(place) = following.into_paging_control_flow() {
            self.next = Some(place);
        }
        let rows = answer.into_rows_result().map_err(corrupt)?;
        let rows = rows.rows::<R>().map_err(corrupt)?;
        rows.map(|row| row.map_err(corrupt))
            .collect::<Result<Vec<R>, _>>()
            .map(Some)
    }
}

/// Writes that go together.
pub(crate) struct Group {
    batch: Batch,
    values: Vec<Values>,
    bytes: usize,
}

impl Group {
    /// An empty group of plain writes; doing them twice is doing them once.
    pub(crate) fn plain() -> Self {
        let mut batch = Batch::new(BatchType::Unlogged);
        batch.set_is_idempotent(true);
        Self {
            batch,
            values: Vec::new(),
            bytes: 0,
        }
    }

    /// An empty group of which one write will have a condition.
    pub(crate) fn conditional() -> Self {
        let mut batch = Batch::new(BatchType::Unlogged);
        batch.set_retry_policy(Some(Arc::new(FallthroughRetryPolicy::new())));
        Self {
            batch,
            values: Vec::new(),
            bytes: 0,
        }
    }

    /// Adds a write of about so many bytes.
    pub(crate) fn add(
        &mut self,
        statement: &PreparedStatement,
        bytes: usize,
        values: impl SerializeRow + Send + Sync + 'static,
    ) {
        self.batch.append_statement(statement.clone());
        self.values.push(Box::new(values));
        self.bytes += bytes;
    }

    /// Adds all of another's.
    pub(crate) fn append(&mut self, other: Self) {
        for statement in other.batch.statements {
            self.batch.append_statement(statement);
        }
        self.values.extend(other.values);
        self.bytes += other.bytes;
    }

    /// Whether there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Whether it is large enough to be sent: 100 writes, or 128 KiB.
    pub(crate) fn is_full(&self) -> bool {
        self.values.len() >= 100 || self.bytes >= 128 << 10
    }
}

/// Writes to one partition, in groups of a good size.
#[derive(Default)]
pub(crate) struct Groups(Vec<Group>);

impl Groups {
    /// Adds a write to the group that is being filled.
    pub(crate) fn add(
        &mut self,
        statement: &PreparedStatement,
        bytes: usize,
        values: impl SerializeRow + Send + Sync + 'static,
    ) {
        match self.0.last_mut().filter(|group| !group.is_full()) {
            Some(group) => group.add(statement, bytes, values),
            None => {
                let mut group = Group::plain();
                group.add(statement, bytes, values);
                self.0.push(group);
            }
        }
    }

    /// Writes from here on go to another group: they are of another partition.
    pub(crate) fn turn(&mut self) {
        if self.0.last().is_some_and(|group| !group.is_empty()) {
            self.0.push(Group::plain());
        }
    }

    /// The groups that have something in them.
    pub(crate) fn into_vec(self) -> Vec<Group> {
        self.0.into_iter().filter(|group| !group.is_empty()).collect()
    }
}

/// A read at the freshness that is asked for. A relaxed one goes to a quorum too: a single copy may lag behind for as long
/// as its node was away, and no caller has asked for that.
pub(crate) fn at(statement: &PreparedStatement, read: Read) -> PreparedStatement {
    let mut statement = statement.clone();
    statement.set_consistency(match read {
        Read::Relaxed | Read::Acknowledged => Consistency::LocalQuorum,
        Read::Serial => Consistency::LocalSerial,
    });
    statement
}

/// Does the same to each, a few at once, and keeps their order.
pub(crate) fn each<I, T, F>(items: I, task: impl Fn(I::Item) -> F) -> impl Future<Output = Result<Vec<T>, StoreError>>
where
    I: IntoIterator,
    F: Future<Output = Result<T, StoreError>>,
{
    // Futures do nothing until they are asked to, so all can be there at once.
    let tasks: Vec<F> = items.into_iter().map(task).collect();
    stream::iter(tasks).buffered(AT_ONCE).try_collect()
}
