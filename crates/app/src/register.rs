//! The register: agreements signed by both sides, published for everyone to read.
//!
//! What is not in here cannot be enforced: `decide` asks the register. Each version is a public ledger entry before it is in force.
//!
//! A stored row is not believed: whenever the register is read, both signatures are checked again, and that the ledger has the
//! very same note where the row says. A version whose row fails is **not in force**: nothing is disclosed under it, an error is
//! logged that names it, and everything else goes on. Publishing can be repeated after a crash at any point: what the ledger
//! has already is not entered again.

use crate::ledger::inclusion;
use crate::{App, Error, Kind};
use model::{Agreement, AgreementId, AgreementRef, Register, Standing, Time};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, PoisonError};
use store::{AgreementRow, Cas};
use tlog::checkpoint::Checkpoint;
use tlog::leaf::{Leaf, WINDOW_SECONDS};
use tlog::note::{self, VerifyingKey};
use tlog::tree;

/// Entries of the ledger that are looked through at once.
const PAGE: usize = 1_000;

/// A published version with what proves it.
#[derive(Debug, Clone)]
pub struct Published {
    /// The document.
    pub agreement: Arc<Agreement>,
    /// The document as both sides signed it: a C2SP signed note.
    pub note: String,
    /// Its index in the ledger.
    pub index: u64,
    /// When it was published.
    pub published_at: Time,
}

#[derive(Serialize, Deserialize)]
struct PublishedBody {
    note: String,
    index: u64,
    published_at: Time,
}

impl App {
    /// Turns a draft into the text that both sides sign: the canonical document, with a line end.
    pub fn agreement_text(agreement: &Agreement) -> Result<String, Error> {
        agreement.check().map_err(|e| Error::Invalid(e.to_string()))?;
        Ok(agreement.canonical().map_err(|e| Error::Invalid(e.to_string()))? + "\n")
    }

    /// Signs an agreement for the platform. Refused if the document names another platform key.
    pub fn agreement_sign(&self, document: &str) -> Result<String, Error> {
        let (agreement, text, signed) = read_note(document)?;
        if agreement.platform.key != self.agreement_key.verifying_key().to_string() {
            return Err(Error::Invalid(
                "`platform.key` is not this platform's agreement key".into(),
            ));
        }
        let invalid = |e: note::NoteError| Error::Invalid(e.to_string());
        match signed {
            true => note::add_signature(document, &self.agreement_key).map_err(invalid),
            false => note::sign(&text, &[&self.agreement_key]).map_err(invalid),
        }
    }

    /// The platform's key for agreements, to be named in drafts.
    pub fn agreement_verifying_key(&self) -> String {
        self.agreement_key.verifying_key().to_string()
    }

    /// Publishes an agreement that both sides signed. Refused with the reason if it is unsigned, signed by other keys, expired, not the
    /// next version, or another partner's. Publishing again what is published changes nothing and gives the same answer. To be
    /// driven to its end: a caller that gives up in the middle must not try again in the same process.
    pub async fn agreement_publish(&self, document: &str) -> Result<Published, Error> {
        let now = self.clock.now();
        let (agreement, text, signed) = read_note(document)?;
        if !signed {
            return Err(Error::Invalid("the agreement is not signed by anyone".into()));
        }
        let partner = self
            .partner(&agreement.partner_id)
            .ok_or_else(|| Error::Invalid(format!("there is no partner `{}`", agreement.partner_id)))?;
        if agreement.partner.key != partner.agreement_key {
            return Err(Error::Invalid(
                "`partner.key` is not the key the partner registered".into(),
            ));
        }
        self.agreement_check_signed(&agreement, document)?;
        if agreement.ends <= now {
            return Err(Error::Invalid(format!(
                "the agreement ended on {}",
                agreement.ends.date()
            )));
        }
        let reference = agreement.reference();
        let _one_at_a_time = self.publishing.lock().await;
        // An earlier try may have come further than its caller was told.
        self.register_load().await?;
        if let Some(published) = self.published(&reference) {
            return match Self::agreement_text(&published.agreement)? == text {
                true => Ok(published),
                false => Err(Error::Conflict(format!("`{reference}` is published with another text"))),
            };
        }
        self.agreement_check_next(&agreement)?;
        let body = match self.agreement_entered(&agreement, &text).await? {
            Some(entered) => entered,
            None => PublishedBody {
                note: document.to_owned(),
                index: self
                    .sequencer
                    .append_public(Kind::Public, document.as_bytes().to_vec(), now)
                    .await?
                    .index,
                published_at: now,
            },
        };
        let row = AgreementRow {
            id: agreement.id.to_string(),
            version: agreement.version,
            body: crate::to_json(&body)?,
        };
        if self.store.agreement_publish(row).await? == Cas::Conflict {
            return Err(Error::Conflict(format!(
                "`{reference}` was published elsewhere, or its stored row is damaged"
            )));
        }
        tracing::info!(agreement = %reference, index = body.index, bytes = text.len(), "agreement published");
        self.register_load().await?;
        self.published(&reference).ok_or(Error::NotFound)
    }

    /// That the platform's own key and the partner's key that the document names signed it.
    fn agreement_check_signed(&self, agreement: &Agreement, document: &str) -> Result<(), Error> {
        if agreement.platform.key != self.agreement_verifying_key() {
            return Err(Error::Invalid(
                "`platform.key` is not this platform's agreement key".into(),
            ));
        }
        for (side, key) in [
            ("platform", &agreement.platform.key),
            ("partner", &agreement.partner.key),
        ] {
            let key: VerifyingKey = key
                .parse()
                .map_err(|_| Error::Invalid(format!("`{side}.key` is not a signed-note key")))?;
            note::verify(document, &[key])
                .map_err(|_| Error::Invalid(format!("the agreement is not signed by the {side}")))?;
        }
        Ok(())
    }

    /// The entry of this version, if an earlier try came so far. It can only stand after the version before. The ledger itself is
    /// searched: nothing else is as durable as the entry is.
    async fn agreement_entered(&self, agreement: &Agreement, text: &str) -> Result<Option<PublishedBody>, Error> {
        let reference = agreement.reference();
        let mut from = match self.agreement_versions(&agreement.id).last() {
            Some(before) => before.index.saturating_add(1),
            None => 0,
        };
        // Reading the head settles a commit whose outcome was unknown.
        let size = self.store.ledger_head().await?.size;
        while from < size {
            let page = self.log_entries(from, PAGE).await?;
            from = match page.last() {
                Some((last, ..)) => last.saturating_add(1),
                None => return Err(Error::Corrupt(format!("entry {from} is missing"))),
            };
            for (index, leaf, public) in page.into_iter().filter(|(_, leaf, _)| leaf.kind == Kind::Public) {
                let Some((entered, note)) = self.agreement_read(public) else {
                    continue;
                };
                if entered.reference() != reference {
                    continue;
                }
                if Self::agreement_text(&entered)? != text {
                    return Err(Error::Conflict(format!(
                        "entry {index} of the ledger is `{reference}` with another text: publish that one, then the next version"
                    )));
                }
                let at = i64::try_from(leaf.window.saturating_mul(WINDOW_SECONDS)).unwrap_or(i64::MAX);
                return Ok(Some(PublishedBody {
                    note,
                    index,
                    published_at: Time::from_unix_seconds(at),
                }));
            }
        }
        Ok(None)
    }

    /// The agreement in public bytes, if both sides signed it.
    fn agreement_read(&self, public: Vec<u8>) -> Option<(Agreement, String)> {
        let note = String::from_utf8(public).ok()?;
        let (agreement, _, _) = read_note(&note).ok().filter(|(_, _, signed)| *signed)?;
        self.agreement_check_signed(&agreement, &note).ok()?;
        Some((agreement, note))
    }

    fn agreement_check_next(&self, agreement: &Agreement) -> Result<(), Error> {
        let earlier = self.agreement_versions(&agreement.id);
        let next = earlier.last().map_or(1, |p| p.agreement.version.saturating_add(1));
        if agreement.version != next {
            return Err(Error::Conflict(format!(
                "the next version of `{}` is {next}",
                agreement.id
            )));
        }
        if let Some(last) = earlier.last()
            && last.agreement.partner_id != agreement.partner_id
        {
            return Err(Error::Conflict(format!(
                "the agreement `{}` is another partner's",
                agreement.id
            )));
        }
        Ok(())
    }

    /// Reads the register from the store, and leaves out what does not verify.
    pub(crate) async fn register_load(&self) -> Result<(), Error> {
        let suspended = self.suspensions().await?;
        let mut register = Register::default();
        let mut all = Vec::new();
        for row in self.store.agreements_list().await? {
            match self.agreement_verify(&row).await {
                Ok(published) => {
                    let standing = match suspended.contains(&published.agreement.id) {
                        true => Standing::Suspended,
                        false => Standing::Good,
                    };
                    register.insert(Arc::clone(&published.agreement), standing);
                    all.push(published);
                }
                Err(error @ (Error::Invalid(_) | Error::Corrupt(_) | Error::TooLarge(_))) => {
                    tracing::error!(agreement = %row.id, version = row.version, %error, "a stored agreement does not verify; it is not in force");
                }
                Err(error) => return Err(error),
            }
        }
        all.sort_by_key(|entry| entry.agreement.reference());
        *self.register.write().unwrap_or_else(PoisonError::into_inner) = (Arc::new(register), Arc::new(all));
        Ok(())
    }

    /// What a row says, if it was signed by both sides and stands in the ledger.
    async fn agreement_verify(&self, row: &AgreementRow) -> Result<Published, Error> {
        let body: PublishedBody = crate::json_body(&row.body)?;
        let (agreement, _, signed) = read_note(&body.note)?;
        if !signed || agreement.id.to_string() != row.id || agreement.version != row.version {
            return Err(Error::Corrupt("the row holds something else".into()));
        }
        self.agreement_check_signed(&agreement, &body.note)?;
        let head = self.log_head();
        let missing = || Error::Corrupt(format!("entry {} of the ledger is not this agreement", body.index));
        let entry = match self.store.ledger_leaves(body.index, 1).await?.pop() {
            Some(entry) if body.index < head.size => entry,
            _ => return Err(missing()),
        };
        let (leaf, public) = Leaf::decode(&entry).map_err(|_| missing())?;
        if leaf.kind != Kind::Public || public != body.note.as_bytes() {
            return Err(missing());
        }
        let root = Checkpoint::verify(&head.checkpoint, &self.log_key)
            .map_err(|e| Error::Corrupt(e.to_string()))?
            .root;
        let proof = inclusion(&self.store, head.size, body.index).await?;
        tree::verify_inclusion(tree::leaf_hash(&entry), body.index, head.size, root, &proof).map_err(|_| missing())?;
        Ok(Published {
            agreement: Arc::new(agreement),
            note: body.note,
            index: body.index,
            published_at: body.published_at,
        })
    }

    /// The register as `decide` sees it.
    pub fn register(&self) -> Arc<Register> {
        Arc::clone(&self.register.read().unwrap_or_else(PoisonError::into_inner).0)
    }

    /// Every published version, by id and version.
    pub fn agreements(&self) -> Arc<Vec<Published>> {
        Arc::clone(&self.register.read().unwrap_or_else(PoisonError::into_inner).1)
    }

    /// The published versions of one agreement, oldest first.
    pub fn agreement_versions(&self, id: &AgreementId) -> Vec<Published> {
        self.agreements()
            .iter()
            .filter(|p| p.agreement.id == *id)
            .cloned()
            .collect()
    }

    /// One published version.
    pub fn published(&self, reference: &AgreementRef) -> Option<Published> {
        self.agreements()
            .iter()
            .find(|p| p.agreement.reference() == *reference)
            .cloned()
    }
}

/// Reads a document that may be a plain JSON draft or a signed note: the agreement, its canonical text, whether anyone signed.
fn read_note(document: &str) -> Result<(Agreement, String, bool), Error> {
    if document.len() > 60_000 {
        return Err(Error::TooLarge("an agreement has at most 60,000 bytes".into()));
    }
    let (json, signed) = match document.split_once("\n\n") {
        Some((text, signatures)) if signatures.starts_with('\u{2014}') => (text, true),
        _ => (document.trim(), false),
    };
    let agreement = Agreement::parse(json).map_err(|e| Error::Invalid(e.to_string()))?;
    let text = App::agreement_text(&agreement)?;
    if signed && text.trim_end() != json {
        return Err(Error::Invalid(
            "the signed text is not in canonical form (RFC 8785)".into(),
        ));
    }
    Ok((agreement, text, signed))
}
