//! App tokens: what a person's own mail or chat app signs in with. Named, scoped, revocable, with the day of last use.
//! Partners never get one.

use super::{Kind, Mail, parse_id, show_id};
use crate::accounts::hash_of;
use crate::{App, Error};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use model::{AccountId, Time};
use serde::{Deserialize, Serialize};
use store::{Id, Read, TokenRow};

/// What every app token begins with, so that one that leaks is recognised.
const PREFIX: &str = "privity_app_";
/// Tokens a person has at most.
const MOST: usize = 100;
/// Characters of a name.
const NAME: usize = 100;
/// Days a token works.
const DAYS: i64 = 5 * 365;
/// How exactly the last use is known, in milliseconds: an hour.
const USE: i64 = 3_600_000;

/// What an app may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppAccess {
    /// Read.
    Read,
    /// Read, change, send.
    Full,
}

/// A token as its owner sees it: not its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppToken {
    /// Its id.
    pub id: String,
    /// What she called it.
    pub name: String,
    /// What it may do.
    pub access: AppAccess,
    /// When it was made.
    pub made_at: Time,
    /// When it was last used, to the hour; `None`: never.
    pub used_at: Option<Time>,
}

#[derive(Debug, Serialize, Deserialize)]
struct TokenDoc {
    name: String,
    access: AppAccess,
    made_at: i64,
    used_at: Option<i64>,
    hash: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TokenBody {
    pub(super) account: AccountId,
    id: String,
    access: AppAccess,
}

impl Mail<'_> {
    /// Makes a token; its secret is told this once.
    pub async fn token_add(&self, name: &str, access: AppAccess) -> Result<(String, AppToken), Error> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > NAME || name.chars().any(char::is_control) {
            return Err(Error::Invalid(format!("a name has 1 to {NAME} characters")));
        }
        if self.docs::<TokenDoc>(Kind::Token).await?.len() >= MOST {
            return Err(Error::Conflict(format!(
                "there are {MOST} tokens already: revoke one first"
            )));
        }
        let secret = format!(
            "{PREFIX}{}",
            BASE64_URL_SAFE_NO_PAD.encode(self.app.vault.random::<32>())
        );
        let (id, hash, now) = (self.new_id(), hash_of("app token", &secret), self.now());
        let doc = TokenDoc {
            name: name.to_owned(),
            access,
            made_at: now.0,
            used_at: None,
            hash: hex::encode(hash),
        };
        // First where she can revoke it, then where it works.
        self.change::<TokenDoc, _>(Kind::Token, id, |_| {
            let doc = TokenDoc {
                name: doc.name.clone(),
                hash: doc.hash.clone(),
                ..doc
            };
            Ok((Some(doc), ()))
        })
        .await?;
        let body = crate::to_json(&TokenBody {
            account: self.owner,
            id: show_id(id),
            access,
        })?;
        let expires_at = now.plus_days(DAYS).0;
        self.app.store.token_put(hash, TokenRow { body, expires_at }).await?;
        Ok((secret, shown(id, doc)))
    }

    /// Her tokens, the oldest first.
    pub async fn tokens(&self) -> Result<Vec<AppToken>, Error> {
        let docs = self.docs::<TokenDoc>(Kind::Token).await?;
        let mut tokens: Vec<AppToken> = docs.into_iter().map(|(id, doc)| shown(id, doc.body)).collect();
        tokens.sort_by_key(|token| token.made_at);
        Ok(tokens)
    }

    /// Takes a token back: it works no more when this returns.
    pub async fn token_revoke(&self, id: &str) -> Result<(), Error> {
        let id = parse_id(id).ok_or(Error::NotFound)?;
        let doc = self.doc::<TokenDoc>(Kind::Token, id).await?.ok_or(Error::NotFound)?;
        let mut hash = [0; 32];
        hex::decode_to_slice(&doc.body.hash, &mut hash).map_err(|_| Error::Corrupt("a stored token".into()))?;
        self.app.store.token_delete(hash).await?;
        self.change::<TokenDoc, _>(Kind::Token, id, |_| Ok((None, ()))).await
    }
}

fn shown(id: Id, doc: TokenDoc) -> AppToken {
    AppToken {
        id: show_id(id),
        name: doc.name,
        access: doc.access,
        made_at: Time(doc.made_at),
        used_at: doc.used_at.map(Time),
    }
}

impl App {
    /// Whether a secret looks like an app token. A partner's never does.
    pub fn is_app_token(secret: &str) -> bool {
        secret.starts_with(PREFIX)
    }

    /// Whose app this is, and what it may do; `None` if the token is unknown or revoked.
    pub async fn app_session(&self, secret: &str) -> Result<Option<(AccountId, AppAccess)>, Error> {
        if !Self::is_app_token(secret) {
            return Ok(None);
        }
        let hash = hash_of("app token", secret);
        let Some(row) = self.store.token_get(hash, Read::Acknowledged).await? else {
            return Ok(None);
        };
        let body: TokenBody = crate::json_body(&row.body)?;
        let now = self.clock.now().0;
        if row.expires_at <= now {
            return Ok(None);
        }
        if self.app_uses.is_new(hash, now / USE) {
            let mail = match self.mail(body.account).await {
                Ok(mail) => mail,
                // Erased meanwhile.
                Err(Error::NotFound) => return Ok(None),
                Err(other) => return Err(other),
            };
            if let Some(id) = parse_id(&body.id) {
                mail.change::<TokenDoc, _>(Kind::Token, id, |there| {
                    let used = there.map(|doc| TokenDoc {
                        used_at: Some(now),
                        ..doc
                    });
                    Ok((used, ()))
                })
                .await?;
            }
        }
        Ok(Some((body.account, body.access)))
    }
}

/// Uses that were noted lately, so that not every request writes.
#[derive(Debug, Default)]
pub(crate) struct Uses(std::sync::Mutex<std::collections::HashMap<[u8; 32], i64>>);

impl Uses {
    const KEPT: usize = 10_000;

    fn is_new(&self, hash: [u8; 32], hour: i64) -> bool {
        let mut uses = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if uses.len() >= Self::KEPT {
            uses.clear();
        }
        uses.insert(hash, hour) != Some(hour)
    }
}
