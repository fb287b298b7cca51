//! The register: agreements signed by both sides, published for everyone to read.
//!
//! What is not in here cannot be enforced: `decide` asks the register. Each version is a public ledger entry before it is in force.

use crate::{App, Error};
use model::{Agreement, AgreementId, AgreementRef, Register, Standing, Time};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, PoisonError};
use store::{AgreementRow, Cas};
use tlog::note::{self, VerifyingKey};

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
    /// next version, or another partner's.
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
        if agreement.ends <= now {
            return Err(Error::Invalid(format!(
                "the agreement ended on {}",
                agreement.ends.date()
            )));
        }
        let _one_at_a_time = self.publishing.lock().await;
        self.agreement_check_next(&agreement)?;

        let entry = self.sequencer.append_public(document.as_bytes().to_vec(), now).await?;
        let body = PublishedBody {
            note: document.to_owned(),
            index: entry.index,
            published_at: now,
        };
        let row = AgreementRow {
            id: agreement.id.to_string(),
            version: agreement.version,
            body: crate::to_json(&body)?,
        };
        if self.store.agreement_publish(row).await? == Cas::Conflict {
            return Err(Error::Conflict(format!(
                "`{}` was published elsewhere",
                agreement.reference()
            )));
        }
        tracing::info!(agreement = %agreement.reference(), index = entry.index, bytes = text.len(), "agreement published");
        self.register_load().await?;
        self.published(&agreement.reference()).ok_or(Error::NotFound)
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

    /// Reads the register from the store.
    pub(crate) async fn register_load(&self) -> Result<(), Error> {
        let mut register = Register::default();
        let mut all = Vec::new();
        for row in self.store.agreements_list().await? {
            let body: PublishedBody = crate::json_body(&row.body)?;
            let (agreement, _, _) = read_note(&body.note)?;
            let agreement = Arc::new(agreement);
            register.insert(Arc::clone(&agreement), Standing::Good);
            all.push(Published {
                agreement,
                note: body.note,
                index: body.index,
                published_at: body.published_at,
            });
        }
        all.sort_by_key(|entry| entry.agreement.reference());
        *self.register.write().unwrap_or_else(PoisonError::into_inner) = (Arc::new(register), Arc::new(all));
        Ok(())
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
