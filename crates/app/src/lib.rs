//! The use cases: what the platform does, told without HTTP.
//!
//! **Architecture invariant:** [`App::release`] is the only way from a person's inbox to a partner. It is the only place
//! that makes a partner's [`view::View`], and the only one that makes a [`Released`].
//!
//! Time and randomness come in as [`model::Clock`] and [`model::Entropy`].

mod accounts;
mod attempts;
mod authorization;
mod ceilings;
mod content;
mod erase;
mod error;
mod foresight;
mod gate;
mod grants;
mod import;
mod inbox;
mod intake;
mod ledger;
mod lens;
pub mod mail;
mod padding;
mod pairwise;
mod partners;
mod preview;
mod readings;
mod receipts;
mod record;
mod register;
mod release;
pub mod reports;
mod says;
pub mod sends;
mod sequencer;
mod subscriptions;
mod vault;
pub mod view;
mod watching;

pub use accounts::{Person, Session};
pub use authorization::{Answer, AuthorizationRequest, REQUEST_SECONDS, Tokens};
pub use error::{Denied, Error};
pub use gate::Permit;
pub use import::{Imported, Intake, Progress};
pub use inbox::{TEXT_LIMIT, Talk};
pub use partners::{Catalogue, Client, Partner};
pub use preview::{Example, Friends};
pub use readings::Reading;
pub use receipts::Receipts;
pub use register::Published;
pub use release::{Computing, PartnerSession, Released};
pub use says::{About, OpenAsk};
pub use sequencer::{Entered, LogHead};
pub use subscriptions::Subscriptions;
pub use vault::MasterKey;
pub use watching::{Moved, Watch};

use model::{Clock, Entropy, PartnerId, Register};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock, RwLock};
pub use store::Cursor;
use store::{Anchor, Store};
pub use tlog::body::Event;
pub use tlog::leaf::Kind;
use tlog::note::{SigningKey, VerifyingKey};
use zeroize::Zeroizing;

/// Labels of the platform's own secrets. Never reused.
const PAIRWISE_SECRET: u32 = 1;
const LOG_SECRET: u32 = 2;
const AGREEMENT_SECRET: u32 = 3;

/// What the outside gives the product.
pub struct Outside {
    /// Whether other processes serve the same store.
    pub processes: Processes,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where randomness comes from.
    pub entropy: Arc<dyn Entropy>,
}

/// How many processes serve one store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Processes {
    /// This one. One that comes later takes the ledger's pen for good.
    One,
    /// This one and perhaps others: they pass the pen on, and a withdrawal waits for all of them.
    Several,
}

/// Catalogues, ready to search, and the digest of the upload; `None` for a partner known to have none.
type Catalogues = HashMap<PartnerId, ([u8; 32], Option<Arc<Catalogue>>)>;

/// The platform.
pub struct App {
    /// The URL it is reached at, without a slash at the end; its OAuth issuer.
    pub issuer: String,
    store: Store,
    clock: Arc<dyn Clock>,
    vault: Arc<vault::Vault>,
    gate: Arc<gate::Gate>,
    sequencer: sequencer::Sequencer,
    log_key: VerifyingKey,
    agreement_key: SigningKey,
    pairwise_secret: Zeroizing<[u8; 32]>,
    register: RwLock<(Arc<Register>, Arc<Vec<Published>>)>,
    publishing: tokio::sync::Mutex<()>,
    filing: tokio::sync::Mutex<()>,
    counted: OnceLock<Arc<dyn reports::Counted>>,
    partners: RwLock<partners::Partners>,
    catalogues: RwLock<Catalogues>,
    attempts: attempts::Attempts,
    ceilings: ceilings::Ceilings,
    foresight: foresight::Foresight,
    indexes: mail::Indexes,
    standings: view::Standings,
    app_uses: mail::Uses,
    consent_pens: [tokio::sync::Mutex<()>; 256],
    hashing: tokio::sync::Semaphore,
    dummy_hash: OnceLock<String>,
}

impl App {
    /// Opens the platform over a store. Takes the ledger's pen and refuses to start if the ledger contradicts itself or
    /// the anchor.
    pub async fn open(
        issuer: String,
        store: Store,
        anchor: Option<Anchor>,
        master: MasterKey,
        outside: Outside,
    ) -> Result<Arc<Self>, Error> {
        let several = outside.processes == Processes::Several;
        let vault = Arc::new(vault::Vault::new(Arc::clone(&store), outside.entropy, master));
        let host = issuer
            .split_once("://")
            .map_or(issuer.as_str(), |(_, host)| host)
            .to_owned();
        let corrupt = |e: tlog::note::KeyError| Error::Invalid(e.to_string());
        let log_secret = vault.platform_secret(LOG_SECRET).await?;
        let signing = SigningKey::generate(&format!("{host}/ledger"), &log_secret).map_err(corrupt)?;
        let agreement_secret = vault.platform_secret(AGREEMENT_SECRET).await?;
        let agreement_key = SigningKey::generate(&format!("{host}/agreements"), &agreement_secret).map_err(corrupt)?;
        let log_key = signing.verifying_key();
        let sequencer = sequencer::Sequencer::start(Arc::clone(&store), signing, anchor, several).await?;
        let app = Arc::new(Self {
            issuer,
            pairwise_secret: vault.platform_secret(PAIRWISE_SECRET).await?,
            store,
            clock: outside.clock,
            vault,
            gate: Arc::new(gate::Gate::new(several.then_some(gate::HORIZON))),
            sequencer,
            log_key,
            agreement_key,
            register: RwLock::default(),
            foresight: foresight::Foresight::default(),
            publishing: tokio::sync::Mutex::new(()),
            filing: tokio::sync::Mutex::new(()),
            counted: OnceLock::new(),
            partners: RwLock::default(),
            catalogues: RwLock::default(),
            attempts: attempts::Attempts::default(),
            ceilings: ceilings::Ceilings::default(),
            indexes: mail::Indexes::default(),
            standings: view::Standings::default(),
            app_uses: mail::Uses::default(),
            consent_pens: std::array::from_fn(|_| tokio::sync::Mutex::default()),
            hashing: tokio::sync::Semaphore::new(2),
            dummy_hash: OnceLock::new(),
        });
        app.partners_load().await?;
        app.register_load().await?;
        Ok(app)
    }

    /// The host people's addresses end in: the issuer's, without its port.
    pub fn host(&self) -> &str {
        let host = self.issuer.split_once("://").map_or("", |(_, rest)| rest);
        host.split(':').next().unwrap_or(host)
    }

    /// Now, as the platform sees it.
    pub fn now(&self) -> model::Time {
        self.clock.now()
    }

    /// A fresh name that nobody can guess: for a request, a form, a file.
    pub fn fresh_name(&self) -> String {
        hex::encode(self.vault.random::<16>())
    }

    /// One at a time changes what the ledger says of a person's consent. Shared by a few people each: a turn is short.
    pub(crate) async fn consent_pen(&self, account: model::AccountId) -> tokio::sync::MutexGuard<'_, ()> {
        let [first, ..] = account.0;
        // There is one for each byte.
        #[allow(clippy::indexing_slicing)]
        self.consent_pens[usize::from(first)].lock().await
    }

    /// Reads again what other processes may have changed: partners, agreements, catalogues, keys. Call it every few seconds
    /// if there are several.
    pub async fn catch_up(&self) -> Result<(), Error> {
        self.vault.forget();
        self.partners_load().await?;
        self.register_load().await?;
        self.catalogues_check().await
    }

    /// Drops what has expired. Call it now and then.
    pub async fn sweep(&self) -> Result<u64, Error> {
        Ok(self.store.sweep(self.now().0).await?)
    }

    /// Uses a name up: `false` if it was used before. For client assertions (`jti`, RFC 7523 section 3).
    pub async fn use_once(&self, kind: &str, name: &str, until: model::Time) -> Result<bool, Error> {
        let key = accounts::hash_of(kind, name).to_vec();
        let row = store::TokenRow {
            body: Vec::new(),
            expires_at: until.0,
        };
        Ok(self.store.once_put(key, row).await? == store::Cas::Applied)
    }
}

/// Runs to its end even if whoever asked goes away (a browser that was clicked twice gives its first request up): what is
/// half done must not look done to whoever asks next.
async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    let stopped = |_| Error::Unavailable("this was stopped in the middle; ask again".into());
    tokio::spawn(work).await.map_err(stopped)?
}

fn to_json<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).map_err(|e| Error::Invalid(e.to_string()))
}

fn json_body<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|e| Error::Corrupt(format!("a stored row does not read: {e}")))
}
