//! Checkpoints (tlog-checkpoint): a log's size and root, signed.

use crate::note::{self, NoteError, SigningKey, VerifyingKey};
use crate::tree::MAX_SIZE;
use crate::{Hash, proof};

/// What a log says of itself at one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log; the name of its key.
    pub origin: String,
    /// Entries.
    pub size: u64,
    /// The RFC 6962 root over them.
    pub root: Hash,
}

/// Why a checkpoint is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Of the note.
    #[error("{0}")]
    Note(#[from] NoteError),
    /// Not origin, size, root and extension lines.
    #[error("not the text of a checkpoint")]
    Syntax,
    /// Over the limit of a log.
    #[error("a log has at most 2^48 entries, not {0}")]
    TooLarge(u64),
    /// A signing key of another name than the log.
    #[error("the checkpoint of `{origin}` must be signed by a key of that name, not by `{key}`")]
    Origin {
        /// As the checkpoint says.
        origin: String,
        /// The key's name.
        key: String,
    },
}

impl Checkpoint {
    /// Of a log of this origin.
    pub fn new(origin: &str, size: u64, root: Hash) -> Self {
        Self {
            origin: origin.to_owned(),
            size,
            root,
        }
    }

    /// The text that is signed: three lines.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, proof::to_base64(&self.root))
    }

    /// The signed note. The key must have the log's name.
    pub fn sign(&self, key: &SigningKey) -> Result<String, CheckpointError> {
        self.check_origin(key.name())?;
        Ok(note::sign(&self.text(), &[key])?)
    }

    /// Reads a checkpoint whose signatures are **not** checked: for showing it, never for relying on it.
    pub fn parse(note: &str) -> Result<Self, CheckpointError> {
        Self::from_text(&note::unverified_text(note)?)
    }

    /// Reads a checkpoint signed by the log's key. Signatures by other keys (witnesses) are ignored.
    pub fn verify(note: &str, key: &VerifyingKey) -> Result<Self, CheckpointError> {
        let verified = note::verify(note, std::slice::from_ref(key))?;
        let checkpoint = Self::from_text(&verified.text)?;
        checkpoint.check_origin(key.name())?;
        Ok(checkpoint)
    }

    fn check_origin(&self, key: &str) -> Result<(), CheckpointError> {
        if self.origin == key {
            return Ok(());
        }
        Err(CheckpointError::Origin {
            origin: self.origin.clone(),
            key: key.to_owned(),
        })
    }

    fn from_text(text: &str) -> Result<Self, CheckpointError> {
        let text = text.strip_suffix('\n').ok_or(CheckpointError::Syntax)?;
        let mut lines = text.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(CheckpointError::Syntax);
        };
        // Extension lines are allowed, and not ours.
        if origin.is_empty() || lines.any(str::is_empty) {
            return Err(CheckpointError::Syntax);
        }
        let size = proof::parse_decimal(size).ok_or(CheckpointError::Syntax)?;
        if size > MAX_SIZE {
            return Err(CheckpointError::TooLarge(size));
        }
        let root = proof::from_base64(root).ok_or(CheckpointError::Syntax)?;
        Ok(Self::new(origin, size, root))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example of tlog-checkpoint; its key is not published, so that only the text can be checked.
    const EXAMPLE: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
        — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";

    #[test]
    fn the_published_example_is_read() {
        let checkpoint = Checkpoint::parse(EXAMPLE).unwrap();
        assert_eq!(
            (checkpoint.origin.as_str(), checkpoint.size),
            ("example.com/behind-the-sofa", 20_852_163)
        );
        assert!(EXAMPLE.starts_with(&checkpoint.text()));
    }

    #[test]
    fn witnesses_do_not_disturb_and_strangers_do_not_count() {
        let key = |name: &str, seed| SigningKey::generate(name, &[seed; 32]).unwrap();
        let (log, witness, stranger) = (key("log.example", 1), key("witness.example", 2), key("log.example", 3));
        let checkpoint = Checkpoint::new("log.example", 3, [7; 32]);
        let signed = checkpoint.sign(&log).unwrap();
        let cosigned = note::add_signature(&signed, &witness).unwrap();
        assert_eq!(Checkpoint::verify(&cosigned, &log.verifying_key()).unwrap(), checkpoint);
        let unsigned = Err(CheckpointError::Note(NoteError::Unsigned));
        assert_eq!(Checkpoint::verify(&signed, &stranger.verifying_key()), unsigned);
        assert!(matches!(checkpoint.sign(&witness), Err(CheckpointError::Origin { .. })));
        let foreign = note::sign(&checkpoint.text(), &[&witness]).unwrap();
        assert!(matches!(
            Checkpoint::verify(&foreign, &witness.verifying_key()),
            Err(CheckpointError::Origin { .. })
        ));
    }

    #[test]
    fn only_the_exact_text_is_a_checkpoint() {
        let root = proof::to_base64(&[7; 32]);
        let parse = |text: String| Checkpoint::from_text(&text);
        assert!(parse(format!("o\n0\n{root}\n")).is_ok());
        assert!(parse(format!("o\n12\n{root}\nextension\n")).is_ok());
        for bad in [
            String::new(),
            "o\n1\n".into(),
            format!("\n1\n{root}\n"),
            format!("o\n01\n{root}\n"),
            format!("o\n+1\n{root}\n"),
            format!("o\n-1\n{root}\n"),
            format!("o\n 1\n{root}\n"),
            format!("o\n18446744073709551616\n{root}\n"),
            format!("o\n1\n{root}"),
            format!("o\n1\n{root}=\n"),
            format!("o\n1\n{root}\n\nx\n"),
            format!("o\n1\n{}\n", root.replace('=', "")),
        ] {
            assert_eq!(parse(bad.clone()), Err(CheckpointError::Syntax), "{bad:?}");
        }
        assert_eq!(
            parse(format!("o\n{}\n{root}\n", MAX_SIZE + 1)),
            Err(CheckpointError::TooLarge(MAX_SIZE + 1))
        );
    }
}
