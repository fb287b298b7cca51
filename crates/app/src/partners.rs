//! Partners: organisations, their OAuth clients and keys, and their catalogues.

use crate::accounts::hash_of;
use crate::{App, Error};
use linker::Linker;
use model::{Card, ClientId, Mention, PartnerId, Sentiment, Title, TitleId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError};
use store::Cas;

/// An OAuth client of a partner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// Where a person may be sent back to, exactly.
    pub redirect_uris: Vec<String>,
    /// Its public keys (RFC 7517 section 5). Private members are refused when it is registered.
    pub jwks: serde_json::Value,
}

/// A partner organisation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partner {
    /// Its id here.
    pub id: PartnerId,
    /// The name a person reads.
    pub name: String,
    /// Where to read about it.
    pub website: String,
    /// The key it signs agreements with, as a C2SP signed-note verifier key.
    pub agreement_key: String,
    /// Its clients.
    pub clients: BTreeMap<ClientId, Client>,
    /// Where a title of its catalogue is, with `{title}` where its id goes: the only place that a link in a recommendation
    /// leads to. Without it the partner recommends nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title_link: Option<String>,
}

/// All partners, as last read.
#[derive(Default)]
pub(crate) struct Partners {
    by_id: HashMap<PartnerId, Arc<Partner>>,
    by_client: HashMap<ClientId, PartnerId>,
}

/// A partner's catalogue, ready to be looked for in messages.
pub struct Catalogue {
    linker: Linker,
    names: HashMap<TitleId, String>,
    years: HashMap<TitleId, u16>,
}

impl Catalogue {
    fn build(titles: &[Title]) -> Result<Self, linker::CatalogueError> {
        let linker = Linker::build(titles)?;
        let names = titles.iter().map(|t| (t.id.clone(), t.title.clone())).collect();
        let years = titles.iter().filter_map(|t| Some((t.id.clone(), t.year?))).collect();
        Ok(Self { linker, names, years })
    }

    /// A title, as a message that recommends it shows it.
    pub fn card(&self, title: &TitleId) -> Option<Card> {
        Some(Card {
            title: title.clone(),
            name: self.names.get(title)?.clone(),
            year: self.years.get(title).copied(),
        })
    }

    /// Which titles a message mentions: what a partner may learn.
    pub fn mentions(&self, text: &str) -> Vec<Mention> {
        self.linker.mentions(text)
    }

    /// The same with the titles' names, for the person herself.
    pub fn named(&self, text: &str) -> Vec<(String, Sentiment)> {
        let name = |id: &TitleId| self.names.get(id).cloned().unwrap_or_else(|| id.to_string());
        self.mentions(text)
            .into_iter()
            .map(|m| (name(&m.title), m.sentiment))
            .collect()
    }

    /// A text in pieces, with the name of the title that a piece mentions: for the person herself.
    pub fn pieces(&self, text: &str) -> Vec<(String, Option<String>)> {
        let mut pieces = Vec::new();
        let mut done = 0;
        for span in self.linker.spans(text) {
            let (Some(before), Some(inside)) = (text.get(done..span.start), text.get(span.start..span.end)) else {
                continue;
            };
            if !before.is_empty() {
                pieces.push((before.to_owned(), None));
            }
            pieces.push((inside.to_owned(), self.names.get(&span.title).cloned()));
            done = span.end;
        }
        if let Some(rest) = text.get(done..)
            && !rest.is_empty()
        {
            pieces.push((rest.to_owned(), None));
        }
        pieces
    }
}

/// Stands for a title's id in [`Partner::title_link`].
const TITLE: &str = "{title}";

impl Partner {
    /// Where a title is. Made of nothing but what the partner registered and the title's id: it can carry no sign of who
    /// followed it.
    pub fn link_to(&self, title: &TitleId) -> Option<String> {
        let id: String = title
            .0
            .bytes()
            .map(|b| match b {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' => char::from(b).to_string(),
                // A dot too: `..` would lead to another path.
                _ => format!("%{b:02X}"),
            })
            .collect();
        self.title_link.as_ref().map(|link| link.replace(TITLE, &id))
    }

    fn check(&self) -> Result<(), Error> {
        let invalid = |text: String| Err(Error::Invalid(text));
        if self.name.trim().is_empty() || self.name.chars().count() > 100 {
            return invalid("a partner's name has 1 to 100 characters".into());
        }
        if !is_web_address(&self.website) {
            return invalid("`website` is not an https address".into());
        }
        if let Some(link) = &self.title_link {
            // What comes before the id is fixed, so that an id can only ever be a part of a path or query.
            let parts = link.split_once(TITLE).filter(|(before, after)| {
                let path = before.split_once("://").is_some_and(|(_, rest)| rest.contains('/'));
                path && is_web_address(before) && !after.contains(['{', '}', '\\', '#']) && link.len() <= 500
            });
            if parts.is_none() {
                return invalid(format!(
                    "`title_link` is not an https address with `{TITLE}` once in its path or query"
                ));
            }
        }
        if self.clients.is_empty() || self.clients.len() > 16 {
            return invalid("a partner has 1 to 16 clients".into());
        }
        for (id, client) in &self.clients {
            if client.redirect_uris.is_empty() || client.redirect_uris.len() > 16 {
                return invalid(format!("client `{id}` has no redirect address, or more than 16"));
            }
            if let Some(bad) = client
                .redirect_uris
                .iter()
                .find(|uri| !is_web_address(uri) || uri.contains('#'))
            {
                return invalid(format!(
                    "client `{id}`: `{bad}` is not an https address without fragment"
                ));
            }
            let keys = client
                .jwks
                .get("keys")
                .and_then(|k| k.as_array())
                .map(Vec::as_slice)
                .unwrap_or_default();
            if keys.is_empty() || keys.len() > 16 {
                return invalid(format!("client `{id}`: `jwks` holds no key, or more than 16"));
            }
            // A private key that was sent by mistake must not be stored (RFC 7517 section 9.3).
            for member in ["d", "p", "q", "dp", "dq", "qi", "k"] {
                if keys.iter().any(|k| k.get(member).is_some()) {
                    return invalid(format!(
                        "client `{id}`: `jwks` holds a private key (`{member}`); send the public one"
                    ));
                }
            }
        }
        Ok(())
    }
}

/// https, or http on this machine only.
fn is_web_address(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // The whole host is compared: anybody can have `localhost.example`.
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    };
    let is_safe = match scheme {
        "https" => !host.is_empty(),
        "http" => matches!(host, "127.0.0.1" | "localhost" | "[::1]"),
        _ => false,
    };
    // Browsers read a backslash as a slash.
    is_safe && !authority.contains(['@', '\\']) && text.len() <= 500 && text.bytes().all(|b| b.is_ascii_graphic())
}

impl App {
    /// Adds a partner, or replaces it.
    pub async fn partner_put(&self, partner: Partner) -> Result<(), Error> {
        partner.check()?;
        for client in partner.clients.keys() {
            if let Some(other) = self.partner_of_client(client)
                && other.id != partner.id
            {
                return Err(Error::Conflict(format!(
                    "the client id `{client}` is another partner's"
                )));
            }
        }
        let known = self.store.partners_list().await?;
        let version = known
            .iter()
            .find(|(id, _)| id == partner.id.as_str())
            .map_or(0, |(_, row)| row.version);
        let put = self
            .store
            .partner_put(partner.id.as_str().to_owned(), version, crate::to_json(&partner)?)
            .await?;
        if put == Cas::Conflict {
            return Err(Error::Conflict(format!(
                "the partner `{}` is being changed elsewhere",
                partner.id
            )));
        }
        self.partners_load().await
    }

    /// Reads the partners from the store.
    pub(crate) async fn partners_load(&self) -> Result<(), Error> {
        let mut partners = Partners::default();
        for (_, row) in self.store.partners_list().await? {
            let partner: Partner = crate::json_body(&row.body)?;
            for client in partner.clients.keys() {
                partners.by_client.insert(client.clone(), partner.id.clone());
            }
            partners.by_id.insert(partner.id.clone(), Arc::new(partner));
        }
        *self.partners.write().unwrap_or_else(PoisonError::into_inner) = partners;
        Ok(())
    }

    /// A partner by id.
    pub fn partner(&self, id: &PartnerId) -> Option<Arc<Partner>> {
        self.partners
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .by_id
            .get(id)
            .cloned()
    }

    /// All partners, by id.
    pub fn partners(&self) -> Vec<Arc<Partner>> {
        let mut all: Vec<_> = self
            .partners
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .by_id
            .values()
            .cloned()
            .collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all
    }

    /// The partner that a client belongs to.
    pub fn partner_of_client(&self, client: &ClientId) -> Option<Arc<Partner>> {
        let partners = self.partners.read().unwrap_or_else(PoisonError::into_inner);
        partners
            .by_client
            .get(client)
            .and_then(|id| partners.by_id.get(id))
            .cloned()
    }

    /// Forgets catalogues that another process has replaced.
    pub(crate) async fn catalogues_check(&self) -> Result<(), Error> {
        let known: Vec<(PartnerId, [u8; 32])> = {
            let catalogues = self.catalogues.read().unwrap_or_else(PoisonError::into_inner);
            catalogues
                .iter()
                .map(|(id, (upload, _))| (id.clone(), *upload))
                .collect()
        };
        for (partner, upload) in known {
            if self.catalogue_upload(&partner).await? != upload {
                self.catalogues
                    .write()
                    .unwrap_or_else(PoisonError::into_inner)
                    .remove(&partner);
            }
        }
        Ok(())
    }

    /// The digest of what a partner last uploaded; zeros if nothing.
    async fn catalogue_upload(&self, partner: &PartnerId) -> Result<[u8; 32], Error> {
        let mark = self.store.mark_get(upload_key(partner)).await?;
        Ok(mark.and_then(|digest| digest.try_into().ok()).unwrap_or_default())
    }

    /// Replaces a partner's catalogue. All or nothing: one bad title refuses the upload and names it.
    pub async fn catalogue_put(&self, partner: &PartnerId, titles: Vec<Title>) -> Result<usize, Error> {
        let body = crate::to_json(&titles)?;
        let count = titles.len();
        let upload: [u8; 32] = Sha256::digest(&body).into();
        let catalogue = tokio::task::spawn_blocking(move || Catalogue::build(&titles))
            .await
            .map_err(|_| Error::Unavailable("shutting down".into()))?
            .map_err(|e| Error::Invalid(e.to_string()))?;
        self.store.catalogue_put(partner.as_str().to_owned(), body).await?;
        self.store.mark_put(upload_key(partner), upload.to_vec()).await?;
        self.catalogues
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(partner.clone(), (upload, Some(Arc::new(catalogue))));
        Ok(count)
    }

    /// A partner's catalogue; `None` if it uploaded none.
    pub async fn catalogue(&self, partner: &PartnerId) -> Result<Option<Arc<Catalogue>>, Error> {
        if let Some(known) = self
            .catalogues
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(partner)
        {
            return Ok(known.1.clone());
        }
        let upload = self.catalogue_upload(partner).await?;
        let built = match self.store.catalogue_get(partner.as_str().to_owned()).await? {
            None => None,
            Some(body) => {
                let catalogue = tokio::task::spawn_blocking(move || {
                    let titles: Vec<Title> = crate::json_body(&body)?;
                    Catalogue::build(&titles).map_err(|e| Error::Corrupt(e.to_string()))
                })
                .await
                .map_err(|_| Error::Unavailable("shutting down".into()))??;
                Some(Arc::new(catalogue))
            }
        };
        self.catalogues
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(partner.clone(), (upload, built.clone()));
        Ok(built)
    }
}

fn upload_key(partner: &PartnerId) -> Vec<u8> {
    hash_of("catalogue upload", partner.as_str()).to_vec()
}

#[cfg(test)]
mod tests {
    use super::is_web_address;

    #[test]
    fn http_is_for_this_machine_alone() {
        for good in [
            "https://marquee.example/callback?x=1",
            "https://marquee.example:8443",
            "http://127.0.0.1:8100/callback",
            "http://localhost",
            "http://[::1]:1/",
        ] {
            assert!(is_web_address(good), "{good}");
        }
        for bad in [
            "http://marquee.example",
            "http://localhost.evil.example",
            "http://127.0.0.1.evil.example/callback",
            "http://127.0.0.1:80.evil.example",
            "http://localhost@evil.example",
            "http://[::1].evil.example",
            "https://marquee.example\\@evil.example",
            "https://",
            "https://:443",
            "ftp://localhost",
            "localhost",
        ] {
            assert!(!is_web_address(bad), "{bad}");
        }
    }
}
