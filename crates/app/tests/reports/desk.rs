//! A world in which Marquee owes reports, and what it files.

use crate::world::{World, agreement, signed};
use app::reports::{About, Answer, Counted, Owed, Ruled};
use app::{App, Error, Kind, Tokens};
use async_trait::async_trait;
use model::{Agreement, AgreementRef, ReportDimensions};
use report::{Calendar, Counts, Domain, Entry, Explanation, Head, Period, Previous};
use std::sync::{Arc, Mutex};
use tlog::note::{SigningKey, VerifyingKey};

/// What the platform counted, if anything.
#[derive(Default)]
pub struct Platform(pub Mutex<Option<Counts>>);

#[async_trait]
impl Counted for Platform {
    async fn counts(&self, _: &Agreement, period: &Period) -> Result<Option<Counts>, Error> {
        let counts = self.0.lock().unwrap().clone();
        Ok(counts.filter(|counts| counts.period() == period))
    }
}

pub struct Desk {
    pub world: World,
    pub platform: Arc<Platform>,
    pub agreement: Agreement,
}

pub fn key() -> SigningKey {
    SigningKey::generate("marquee.example/agreements", &[5; 32]).unwrap()
}

/// `films@2`, whose lists make a report.
pub fn reporting(app: &App, version: u32) -> Agreement {
    let first = &app.published(&"films@1".parse().unwrap()).unwrap().agreement;
    let mut reporting = agreement(&first.platform.key, &first.partner.key);
    reporting.version = version;
    reporting.report.dimensions = ReportDimensions {
        interface: vec!["tv".into(), "web".into()],
        initiation_surface: vec!["search".into()],
        variant: vec!["a".into()],
    };
    reporting
}

impl Desk {
    pub async fn new() -> Self {
        let world = World::without_reports().await;
        let agreement = reporting(&world.app, 2);
        world
            .app
            .agreement_publish(&signed(&world.app, &agreement))
            .await
            .unwrap();
        let platform = Arc::new(Platform::default());
        world.app.count_with(platform.clone());
        Self {
            world,
            platform,
            agreement,
        }
    }

    pub fn reference(&self) -> AgreementRef {
        self.agreement.reference()
    }

    pub fn period(&self, number: u32) -> Period {
        Calendar::of(&self.agreement).unwrap().period(number).unwrap()
    }

    /// So many sends in each cell.
    pub fn counts(&self, number: u32, sends: u64) -> Counts {
        counts(&self.agreement, number, sends)
    }

    pub fn platform_counted(&self, counts: Option<Counts>) {
        *self.platform.0.lock().unwrap() = counts;
    }

    pub fn report(&self, counts: &Counts, replaces: Option<Previous>, explanations: Vec<Explanation>) -> Vec<u8> {
        let head = Head {
            agreement: self.reference(),
            replaces,
            explanations,
        };
        report::build(counts, &head, &key()).unwrap()
    }

    pub async fn file(&self, zip: &[u8]) -> Result<Answer, Error> {
        file(&self.world.app, zip).await
    }

    pub async fn filed(&self, zip: &[u8]) -> Ruled {
        match self.file(zip).await.unwrap() {
            Answer::Ruled(ruled) => *ruled,
            Answer::Faulty(faults) => panic!("{faults:?}"),
        }
    }

    pub async fn owed(&self, number: u32) -> Owed {
        owed(&self.world.app, &self.reference(), number).await
    }

    /// A fresh access token: one lasts an hour.
    pub async fn access(&self, tokens: &Tokens) -> String {
        let refresh = tokens.refresh.as_deref().unwrap();
        let fresh = self.world.app.refresh(&self.world.client(), refresh).await;
        fresh.unwrap().access
    }

    pub async fn entries(&self) -> Vec<Entry> {
        entries(&self.world.app).await
    }
}

pub fn counts(agreement: &Agreement, number: u32, sends: u64) -> Counts {
    let period = Calendar::of(agreement).unwrap().period(number).unwrap();
    let domain = Domain::of(agreement).unwrap();
    let mut counts = Counts::new(domain.clone(), period);
    for key in domain.keys(&period) {
        let cell = counts.get_mut(&key).unwrap();
        (cell.sends, cell.unique_senders) = (sends, sends.min(1));
    }
    counts
}

pub async fn file(app: &Arc<App>, zip: &[u8]) -> Result<Answer, Error> {
    let partner = "marquee".parse().unwrap();
    app.report_file(&partner, About::default(), zip.to_vec()).await
}

pub async fn owed(app: &App, reference: &AgreementRef, number: u32) -> Owed {
    let published = app.published(reference).unwrap();
    let owes = app.reports_owed(&published).await.unwrap();
    owes.periods
        .into_iter()
        .find(|owed| owed.period.number == number)
        .unwrap()
}

/// What the log says of reports, each read as an auditor would.
pub async fn entries(app: &App) -> Vec<Entry> {
    let platform: VerifyingKey = app.agreement_verifying_key().parse().unwrap();
    let entries = app.log_entries(0, 10_000).await.unwrap().into_iter();
    entries
        .filter(|(_, leaf, _)| leaf.kind == Kind::Report)
        .map(|(_, _, public)| report::receipt::read(&public, &platform).unwrap())
        .collect()
}
