//! People: accounts, passwords, sessions.

use crate::vault::Place;
use crate::{App, Denied, Error};
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use model::{AccountId, Time};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::{AccountRow, Cas, Read, TokenRow};

const SESSION_DAYS: i64 = 30;
const PASSWORD_LIMIT: usize = 1024;
const PASSWORD_LEAST: usize = 8;
const HANDLE_LIMIT: usize = 64;
/// Tries with one handle in a window.
const TRIES_OF_HANDLE: u32 = 10;
/// Tries from one origin in a window.
const TRIES_OF_ORIGIN: u32 = 100;

/// A person who has an inbox here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Her inbox.
    pub account: AccountId,
    /// The name she signs in with.
    pub handle: String,
    /// The name others see.
    pub name: String,
}

#[derive(Serialize, Deserialize)]
struct AccountBody {
    name: String,
    password: String,
}

#[derive(Serialize, Deserialize)]
struct SessionBody {
    account: AccountId,
    /// When the account's password last changed would go here; for now signing out elsewhere means deleting the token.
    since: Time,
}

/// A signed-in browser.
#[derive(Debug, Clone)]
pub struct Session {
    /// Who.
    pub person: Person,
    /// Goes into every form, and must come back.
    pub csrf: String,
}

impl App {
    /// Opens an inbox. The handle is lower-case letters, digits, `.`, `-`, `_`: 1 to 64.
    pub async fn account_add(&self, handle: &str, name: &str, password: &SecretString) -> Result<Person, Error> {
        self.account_add_as(AccountId(self.vault.random()), handle, name, password)
            .await
    }

    /// Opens an inbox under a given id (an import that speaks of people by its own numbers).
    pub async fn account_add_as(
        &self,
        account: AccountId,
        handle: &str,
        name: &str,
        password: &SecretString,
    ) -> Result<Person, Error> {
        if !is_handle(handle) {
            return Err(Error::Invalid(
                "a handle is 1 to 64 of a-z, 0-9, `.`, `-` and `_`".into(),
            ));
        }
        let name = name.trim();
        if name.is_empty() || name.chars().count() > 100 {
            return Err(Error::Invalid("a name has 1 to 100 characters".into()));
        }
        let length = password.expose_secret().chars().count();
        if !(PASSWORD_LEAST..=PASSWORD_LIMIT).contains(&length) {
            return Err(Error::Invalid(format!(
                "a password has {PASSWORD_LEAST} to {PASSWORD_LIMIT} characters"
            )));
        }
        let body = AccountBody {
            name: name.to_owned(),
            password: self.hash(password).await?,
        };
        let sealed = self.seal_account(account, &body).await?;
        match self.store.account_create(account.0, handle.to_owned(), sealed).await? {
            Cas::Applied => Ok(Person {
                account,
                handle: handle.to_owned(),
                name: name.to_owned(),
            }),
            Cas::Conflict => Err(Error::Conflict(format!("the handle `{handle}` is taken"))),
        }
    }

    /// Who has this handle.
    pub async fn person_by_handle(&self, handle: &str) -> Result<Option<Person>, Error> {
        match self.store.account_by_handle(handle.to_owned()).await? {
            Some(row) => Ok(Some(self.open_account(&row).await?.0)),
            None => Ok(None),
        }
    }

    /// Who has this address on this platform: her handle or her account's id, at its host.
    pub async fn person_at(&self, address: &str) -> Result<Option<AccountId>, Error> {
        let Some((local, host)) = address.rsplit_once('@') else {
            return Ok(None);
        };
        if !host.eq_ignore_ascii_case(self.host()) {
            return Ok(None);
        }
        let local = local.to_ascii_lowercase();
        let found = match local.parse::<AccountId>() {
            Ok(account) => self.person(account).await?,
            Err(_) => self.person_by_handle(&local).await?,
        };
        Ok(found.map(|person| person.account))
    }

    /// Who has this account; `None` for a contact without an inbox.
    pub async fn person(&self, account: AccountId) -> Result<Option<Person>, Error> {
        let Some(row) = self.store.account_get(account.0).await? else {
            return Ok(None);
        };
        match self.open_account(&row).await {
            Ok((person, _)) => Ok(Some(person)),
            // Her keys are destroyed: nobody is there any more, though her row still is.
            Err(Error::NotFound) => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// Checks a password and starts a session; returns the secret of its cookie. `from` is where the request came from:
    /// tries are limited per handle and per origin.
    pub async fn sign_in(&self, handle: &str, password: &SecretString, from: &str) -> Result<(String, Person), Error> {
        if !is_handle(handle) {
            // Nobody has it, and anybody can know that: no need to count it or to take time for it.
            return Err(Denied::Credentials.into());
        }
        let (of_handle, of_origin) = (format!("handle {handle}"), format!("from {from}"));
        let limits = [
            (of_handle.as_str(), TRIES_OF_HANDLE),
            (of_origin.as_str(), TRIES_OF_ORIGIN),
        ];
        self.attempts
            .reserve(&limits, self.clock.now())
            .map_err(Denied::RateLimited)?;
        match self.password_check(handle, password).await {
            Ok(Some(person)) => {
                self.attempts.forget(&of_handle);
                self.attempts.give_back(&of_origin);
                let secret = self.session_start(&person).await?;
                Ok((secret, person))
            }
            Ok(None) => Err(Denied::Credentials.into()),
            Err(error) => {
                // It was not found out whether the password is right: that is no try.
                self.attempts.give_back(&of_handle);
                self.attempts.give_back(&of_origin);
                Err(error)
            }
        }
    }

    /// Who has this handle and password.
    async fn password_check(&self, handle: &str, password: &SecretString) -> Result<Option<Person>, Error> {
        if password.expose_secret().len() > PASSWORD_LIMIT * 4 {
            return Ok(None);
        }
        let opened = match self.store.account_by_handle(handle.to_owned()).await? {
            Some(row) => Some(self.open_account(&row).await?),
            None => None,
        };
        // An unknown handle costs as much time as a known one.
        let stored = match &opened {
            Some((_, hash)) => hash.clone(),
            None => self.dummy_hash().await?,
        };
        let right = self.verify(password, stored).await?;
        Ok(opened.filter(|_| right).map(|(person, _)| person))
    }

    /// The session behind a cookie.
    pub async fn session(&self, secret: &str) -> Result<Option<Session>, Error> {
        let Some(row) = self.store.token_get(session_hash(secret), Read::Acknowledged).await? else {
            return Ok(None);
        };
        if row.expires_at <= self.clock.now().0 {
            return Ok(None);
        }
        let body: SessionBody = crate::json_body(&row.body)?;
        let Some(person) = self.person(body.account).await? else {
            return Ok(None);
        };
        Ok(Some(Session {
            person,
            csrf: csrf_of(secret),
        }))
    }

    /// Ends a session.
    pub async fn sign_out(&self, secret: &str) -> Result<(), Error> {
        Ok(self.store.token_delete(session_hash(secret)).await?)
    }

    async fn session_start(&self, person: &Person) -> Result<String, Error> {
        let secret = BASE64_URL_SAFE_NO_PAD.encode(self.vault.random::<32>());
        let now = self.clock.now();
        let body = crate::to_json(&SessionBody {
            account: person.account,
            since: now,
        })?;
        let row = TokenRow {
            body,
            expires_at: now.plus_days(SESSION_DAYS).0,
        };
        self.store.token_put(session_hash(&secret), row).await?;
        Ok(secret)
    }

    async fn seal_account(&self, account: AccountId, body: &AccountBody) -> Result<Vec<u8>, Error> {
        let key = self.vault.inbox_key(account).await?;
        let place = Place {
            table: "account",
            account,
            row: b"",
        };
        key.seal(self.vault.entropy(), &place, &crate::to_json(body)?)
    }

    async fn open_account(&self, row: &AccountRow) -> Result<(Person, String), Error> {
        let account = AccountId(row.id);
        let key = self.vault.inbox_key(account).await?;
        let plain = key.open(
            &Place {
                table: "account",
                account,
                row: b"",
            },
            &row.body,
        )?;
        let body: AccountBody = crate::json_body(&plain)?;
        Ok((
            Person {
                account,
                handle: row.handle.clone(),
                name: body.name,
            },
            body.password,
        ))
    }

    async fn hash(&self, password: &SecretString) -> Result<String, Error> {
        let salt = self.vault.random::<16>();
        let password = password.clone();
        self.hashing(move || {
            Argon2::default()
                .hash_password_with_salt(password.expose_secret().as_bytes(), &salt)
                .map(|hash| hash.to_string())
                .map_err(|_| Error::Invalid("this password cannot be used".into()))
        })
        .await
    }

    async fn verify(&self, password: &SecretString, stored: String) -> Result<bool, Error> {
        let password = password.clone();
        self.hashing(move || {
            let hash = PasswordHash::new(&stored).map_err(|_| Error::Corrupt("a stored password hash".into()))?;
            Ok(Argon2::default()
                .verify_password(password.expose_secret().as_bytes(), &hash)
                .is_ok())
        })
        .await
    }

    async fn dummy_hash(&self) -> Result<String, Error> {
        if let Some(hash) = self.dummy_hash.get() {
            return Ok(hash.clone());
        }
        let hash = self.hash(&SecretString::from("nobody has this password")).await?;
        Ok(self.dummy_hash.get_or_init(|| hash).clone())
    }

    /// Argon2 takes 19 MiB and many milliseconds: off the executor, two at a time.
    async fn hashing<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let _turn = self
            .hashing
            .acquire()
            .await
            .map_err(|_| Error::Unavailable("shutting down".into()))?;
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| Error::Unavailable("shutting down".into()))?
    }
}

/// 1 to 64 lower-case letters, digits, `.`, `-`, `_`.
fn is_handle(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
    (1..=HANDLE_LIMIT).contains(&text.len()) && text.bytes().all(plain)
}

fn session_hash(secret: &str) -> [u8; 32] {
    hash_of("session", secret)
}

fn csrf_of(secret: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(hash_of("csrf", secret))
}

/// The hash under which a secret of some kind is stored.
pub(crate) fn hash_of(kind: &str, secret: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(kind.as_bytes());
    hash.update([0]);
    hash.update(secret.as_bytes());
    hash.finalize().into()
}
