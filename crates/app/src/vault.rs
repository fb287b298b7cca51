//! Sealing and opening: everything private is encrypted before it reaches a store.
//!
//! AES-256-GCM, one data key per account, wrapped by the master key. The AAD names the place of a sealed value, so a row
//! moved elsewhere does not open. Erasing an account destroys its keys; what they sealed is noise from then on.

use crate::Error;
use model::{AccountId, Entropy, Time};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use secrecy::{ExposeSecret, SecretString};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use store::{Cas, KeyState, Store};
use zeroize::Zeroizing;

/// Opened keys kept at hand. At this size half of them are dropped.
const CACHE_LIMIT: usize = 20_000;
const SEALED_VERSION: u8 = 1;
const INBOX_LABEL: u32 = 0;
/// The platform's own secrets are keys of the account nobody has.
const PLATFORM: AccountId = AccountId([0; 16]);

/// The key that wraps all others. Lives in a file or the environment, outside the data folder.
pub struct MasterKey(SealingKey);

impl MasterKey {
    /// From 64 hexadecimal digits.
    pub fn from_hex(text: &SecretString) -> Result<Self, Error> {
        let mut bytes = Zeroizing::new([0u8; 32]);
        hex::decode_to_slice(text.expose_secret().trim(), bytes.as_mut_slice())
            .map_err(|_| Error::Invalid("the master key is not 64 hexadecimal digits".to_owned()))?;
        Ok(Self(SealingKey::new(&bytes)?))
    }
}

/// A key that seals. Its bytes cannot be read back.
pub struct SealingKey(LessSafeKey);

impl SealingKey {
    pub(crate) fn new(bytes: &[u8; 32]) -> Result<Self, Error> {
        let key =
            UnboundKey::new(&AES_256_GCM, bytes).map_err(|_| Error::Corrupt("a key of the wrong length".into()))?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Seals `plain`: version, nonce, ciphertext and tag.
    pub fn seal(&self, entropy: &dyn Entropy, place: &Place<'_>, plain: &[u8]) -> Result<Vec<u8>, Error> {
        let mut nonce = [0u8; NONCE_LEN];
        entropy.fill(&mut nonce);
        let mut sealed = Vec::with_capacity(1 + NONCE_LEN + plain.len() + 16);
        sealed.push(SEALED_VERSION);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let (_, body) = sealed.split_at_mut(1 + NONCE_LEN);
        let tag = self
            .0
            .seal_in_place_separate_tag(nonce, Aad::from(place.aad()), body)
            .map_err(|_| Error::TooLarge("too long to seal".into()))?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// Opens what was sealed at the same place.
    pub fn open(&self, place: &Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let damaged = || Error::Corrupt(format!("a sealed {} does not open", place.table));
        let (&version, rest) = sealed.split_first().ok_or_else(damaged)?;
        let (nonce, body) = rest.split_at_checked(NONCE_LEN).ok_or_else(damaged)?;
        if version != SEALED_VERSION {
            return Err(damaged());
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| damaged())?;
        let mut body = body.to_vec();
        let length = self
            .0
            .open_in_place(nonce, Aad::from(place.aad()), &mut body)
            .map_err(|_| damaged())?
            .len();
        body.truncate(length);
        Ok(body)
    }
}

/// Where a sealed value belongs.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Which kind of row.
    pub table: &'static str,
    /// Whose.
    pub account: AccountId,
    /// Which one.
    pub row: &'a [u8],
}

impl Place<'_> {
    fn aad(&self) -> Vec<u8> {
        let mut aad = Vec::with_capacity(self.table.len() + 18 + self.row.len());
        aad.extend_from_slice(self.table.as_bytes());
        aad.push(0);
        aad.push(SEALED_VERSION);
        aad.extend_from_slice(&self.account.0);
        aad.extend_from_slice(self.row);
        aad
    }
}

/// The two ledger keys of one account and quarter. Random, never derived from the master key: destroying them leaves
/// leaves that nobody can link.
pub struct LedgerKeys {
    /// Predicts the person's tags.
    pub tag: Zeroizing<[u8; 32]>,
    /// Opens her commitments.
    pub open: Zeroizing<[u8; 32]>,
}

#[derive(Default)]
struct Cache {
    /// How many people's keys were destroyed. A key that was read before must not come back into the cache after.
    destroyed: u64,
    inbox: HashMap<AccountId, Arc<SealingKey>>,
    ledger: HashMap<(AccountId, u32), Arc<LedgerKeys>>,
}

/// Finds, makes and destroys keys.
pub struct Vault {
    store: Store,
    entropy: Arc<dyn Entropy>,
    master: MasterKey,
    cache: Mutex<Cache>,
}

impl Vault {
    /// A vault over a store.
    pub fn new(store: Store, entropy: Arc<dyn Entropy>, master: MasterKey) -> Self {
        Self {
            store,
            entropy,
            master,
            cache: Mutex::default(),
        }
    }

    /// Fills a buffer with randomness.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0u8; N];
        self.entropy.fill(&mut bytes);
        bytes
    }

    /// The source of randomness, for sealing.
    pub fn entropy(&self) -> &dyn Entropy {
        self.entropy.as_ref()
    }

    /// The key of a person's inbox; made if there is none, `NotFound` if it was destroyed.
    pub async fn inbox_key(&self, account: AccountId) -> Result<Arc<SealingKey>, Error> {
        if let Some(key) = self.cached(|c| c.inbox.get(&account).cloned()) {
            return Ok(key);
        }
        let destroyed = self.cached(|c| c.destroyed);
        let bytes = self.key_bytes::<32>(account, INBOX_LABEL).await?;
        let key = Arc::new(SealingKey::new(&bytes)?);
        self.cached(|c| {
            if c.destroyed != destroyed {
                return;
            }
            if c.inbox.len() >= CACHE_LIMIT {
                let mut keep = false;
                c.inbox.retain(|_, _| {
                    keep = !keep;
                    keep
                });
            }
            c.inbox.insert(account, Arc::clone(&key));
        });
        Ok(key)
    }

    /// The ledger keys of a person for the quarter of `at`.
    pub async fn ledger_keys(&self, account: AccountId, at: Time) -> Result<(u32, Arc<LedgerKeys>), Error> {
        let quarter = tlog::secret::period(at.unix_seconds());
        Ok((quarter, self.ledger_keys_of(account, quarter).await?))
    }

    /// The ledger keys of a person for a quarter.
    pub async fn ledger_keys_of(&self, account: AccountId, quarter: u32) -> Result<Arc<LedgerKeys>, Error> {
        if let Some(keys) = self.cached(|c| c.ledger.get(&(account, quarter)).cloned()) {
            return Ok(keys);
        }
        let destroyed = self.cached(|c| c.destroyed);
        let bytes = self.key_bytes::<64>(account, quarter).await?;
        let (tag, open) = bytes.split_at(32);
        let damaged = |_| Error::Corrupt("a ledger key of the wrong length".into());
        let keys = Arc::new(LedgerKeys {
            tag: Zeroizing::new(tag.try_into().map_err(damaged)?),
            open: Zeroizing::new(open.try_into().map_err(damaged)?),
        });
        self.cached(|c| {
            if c.destroyed != destroyed {
                return;
            }
            if c.ledger.len() >= CACHE_LIMIT {
                c.ledger.clear();
            }
            c.ledger.insert((account, quarter), Arc::clone(&keys));
        });
        Ok(keys)
    }

    /// A secret of the platform itself, by label; made on first use.
    pub async fn platform_secret(&self, label: u32) -> Result<Zeroizing<[u8; 32]>, Error> {
        self.key_bytes::<32>(PLATFORM, label).await
    }

    /// Destroys all keys of a person, here and in the store.
    pub async fn destroy(&self, account: AccountId) -> Result<(), Error> {
        self.store.keys_destroy(account.0).await?;
        self.cached(|c| {
            c.destroyed += 1;
            c.inbox.remove(&account);
            c.ledger.retain(|(owner, _), _| *owner != account);
        });
        Ok(())
    }

    /// Forgets all keys it has read: another process may have destroyed some.
    pub fn forget(&self) {
        self.cached(|c| {
            c.destroyed += 1;
            c.inbox.clear();
            c.ledger.clear();
        });
    }

    /// Whether a person's keys were destroyed.
    pub async fn is_destroyed(&self, account: AccountId) -> Result<bool, Error> {
        Ok(matches!(
            self.store.key_get(account.0, INBOX_LABEL).await?,
            KeyState::Destroyed
        ))
    }

    async fn key_bytes<const N: usize>(&self, account: AccountId, label: u32) -> Result<Zeroizing<[u8; N]>, Error> {
        let row = label.to_be_bytes();
        let place = Place {
            table: "key",
            account,
            row: &row,
        };
        // Two callers may both find none: the loser of the conditional write reads the winner's.
        for _ in 0..2 {
            match self.store.key_get(account.0, label).await? {
                KeyState::Live(wrapped) => {
                    let opened = Zeroizing::new(self.master.0.open(&place, &wrapped).map_err(|_| {
                        Error::Corrupt("a data key does not open: is this the master key of this data folder?".into())
                    })?);
                    let mut bytes = Zeroizing::new([0u8; N]);
                    if opened.len() != N {
                        return Err(Error::Corrupt("a data key of the wrong length".into()));
                    }
                    bytes.copy_from_slice(&opened);
                    return Ok(bytes);
                }
                KeyState::Destroyed => return Err(Error::NotFound),
                KeyState::Absent => {
                    let fresh = Zeroizing::new(self.random::<N>());
                    let wrapped = self.master.0.seal(self.entropy.as_ref(), &place, fresh.as_slice())?;
                    if self.store.key_create(account.0, label, wrapped).await? == Cas::Applied {
                        return Ok(fresh);
                    }
                }
            }
        }
        Err(Error::Unavailable("a data key is being made elsewhere".into()))
    }

    fn cached<T>(&self, use_cache: impl FnOnce(&mut Cache) -> T) -> T {
        use_cache(&mut self.cache.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
