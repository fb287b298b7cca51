//! Partners' reports: taking them, what became of them, who owes one, and what follows if none comes.
//!
//! What is kept is the platform's own and stands on the shelf of the account that nobody has, sealed like everything else.
//! Each act is written down first, with the text of its entry, then entered in the ledger, then in force: whoever comes after
//! a crash finds what is to be entered, and looks whether it was.
//!
//! **Architecture invariant:** no person is in here. A report is counts.

mod duty;
mod filing;
mod row;
mod seeds;

pub use duty::{Owed, Owes};
pub use filing::{About, Answer, Ruled};
pub use row::{Filing, Notice, NoticeKind, PeriodRow};

use crate::mail::Mail;
use crate::{App, Error};
use async_trait::async_trait;
use model::{AccountId, Agreement};
use report::{Counts, Period};
use std::sync::{Arc, Weak};

/// The account that nobody has: what is kept under it is the platform's.
const NOBODY: AccountId = AccountId([0; 16]);

/// Who counts what people's apps sent and their friends clicked, for comparison.
#[async_trait]
pub trait Counted: Send + Sync {
    /// The platform's own counts of a period; `None` if it kept none.
    async fn counts(&self, agreement: &Agreement, period: &Period) -> Result<Option<Counts>, Error>;
}

/// What went through the platform itself, as it counted it.
struct Own(Weak<App>);

#[async_trait]
impl Counted for Own {
    async fn counts(&self, agreement: &Agreement, period: &Period) -> Result<Option<Counts>, Error> {
        match self.0.upgrade() {
            None => Ok(None),
            Some(app) => app.platform_counts(&agreement.reference(), period).await.map(Some),
        }
    }
}

impl App {
    /// Reports are compared with what went through the platform itself.
    pub fn count_by_itself(self: &Arc<Self>) {
        self.count_with(Arc::new(Own(Arc::downgrade(self))));
    }

    /// Names who counts. Once: later calls change nothing.
    pub fn count_with(&self, counted: Arc<dyn Counted>) {
        _ = self.counted.set(counted);
    }

    async fn counted_by_us(&self, agreement: &Agreement, period: &Period) -> Result<Option<Counts>, Error> {
        match self.counted.get() {
            None => Ok(None),
            Some(counted) => counted.counts(agreement, period).await,
        }
    }

    async fn platform_shelf(&self) -> Result<Mail<'_>, Error> {
        self.mail(NOBODY).await
    }
}
