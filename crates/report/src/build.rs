//! From counts to a report.

use crate::archive::Files;
use crate::descriptor::Said;
use crate::manifest::Manifest;
use crate::{Counts, Explanation, Previous, archive, descriptor, readme, table};
use model::AgreementRef;
use tlog::note::{NoteError, SigningKey};

/// What a report says besides its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Under which version of which agreement.
    pub agreement: AgreementRef,
    /// The revision that this one replaces, if it is not the first.
    pub replaces: Option<Previous>,
    /// Reasons for differences that the platform found.
    pub explanations: Vec<Explanation>,
}

/// Why no report was made.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum BuildError {
    #[error("explanation {0}: {1}")]
    Explanation(usize, &'static str),
    #[error("the report has {0} bytes, more than {limit}", limit = crate::ZIP_LIMIT)]
    TooLarge(usize),
    #[error("the manifest cannot be signed: {0}")]
    Sign(#[from] NoteError),
    #[error("the table cannot be written: {0}")]
    Table(#[from] csv::Error),
    #[error("the description cannot be written: {0}")]
    Descriptor(#[from] serde_json::Error),
    #[error("the zip cannot be written: {0}")]
    Zip(#[from] zip::result::ZipError),
}

/// Makes the zip, signed. The same counts, head and key make the same bytes.
pub fn build(counts: &Counts, head: &Head, key: &SigningKey) -> Result<Vec<u8>, BuildError> {
    for (at, explanation) in (1..).zip(&head.explanations) {
        explanation.check().map_err(|said| BuildError::Explanation(at, said))?;
    }
    let revision = head.replaces.map_or(1, |previous| previous.revision.saturating_add(1));
    let previous = head.replaces.map(|previous| previous.hash);
    let said = Said {
        agreement: &head.agreement,
        revision,
        previous,
        explanations: &head.explanations,
    };
    let mut files = Files::default();
    files.counts = table::write(counts)?;
    files.descriptor = descriptor::write(&said, counts, &files.counts)?;
    files.readme = readme::write(&said, counts).into_bytes();
    let manifest = Manifest::new(head.agreement.clone(), *counts.period(), revision, previous, &files);
    files.manifest = tlog::note::sign(&manifest.to_string(), &[key])?.into_bytes();
    let zip = archive::write(&files)?;
    match zip.len() {
        bytes if bytes > crate::ZIP_LIMIT => Err(BuildError::TooLarge(bytes)),
        _ => Ok(zip),
    }
}
